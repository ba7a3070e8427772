"""Secrets in AWS: Secrets Manager and the Parameter Store of Systems Manager.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tap_csv_extract.held import Found, NotResolved

# What is needed, as it is granted; docs/rights.md has the same.
OF_SECRETS = "secretsmanager:GetSecretValue on it"
OF_PARAMETERS = "ssm:GetParameter on it"
KEY_RIGHT = "kms:Decrypt on its key where that is not AWS's own"
_NOT_THERE = {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"}
_DENIED = {"AccessDeniedException", "AccessDenied", "DecryptionFailure", "InvalidKeyId"}
_NAME = {"ValidationException", "InvalidParameterException", "InvalidRequestException"}


def read_secret(name: str) -> Found:
    """Return a secret of Secrets Manager, by its name or ARN."""
    answer = _ask("secretsmanager", name, OF_SECRETS, lambda client: client.get_secret_value(SecretId=name))
    if "SecretString" not in answer:
        raise NotResolved("which is binary", "keep it as text")
    return Found(answer["SecretString"])


def read_parameter(name: str) -> Found:
    """Return a parameter of the Parameter Store, decrypted."""
    answer = _ask("ssm", name, OF_PARAMETERS, lambda client: client.get_parameter(Name=name, WithDecryption=True))
    return Found(answer["Parameter"]["Value"])


def aws_client(service: str, region: str | None) -> Any:
    """Return a client with the identity that boto3 finds: the keys among the settings may be references themselves."""
    import boto3
    from botocore.config import Config

    # boto3 reads AWS_DEFAULT_REGION and the profile, not AWS_REGION, which Lambda, ECS and the other SDKs have.
    region = region or os.environ.get("AWS_REGION") or None
    config = Config(retries={"total_max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=30)
    return boto3.Session(region_name=region).client(service, config=config)


def _ask(service: str, name: str, rights: str, call: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    # arn:partition:service:region:account:...
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 5 else None
    try:
        return call(aws_client(service, region))
    except NoRegionError:
        raise NotResolved("and no region is known", "set AWS_REGION, or give its ARN") from None
    except NoCredentialsError:
        remedy = "let the environment give them (AWS_PROFILE, keys, a role)"
        raise NotResolved("and there are no AWS credentials to read it with", remedy) from None
    except ClientError as error:
        raise _refused(error.response.get("Error", {}).get("Code", "unknown"), rights) from None
    except BotoCoreError as error:
        raise NotResolved(
            f"which cannot be asked for ({type(error).__name__})",
            "check the AWS credentials and the region of the environment, and the network",
        ) from None


def _refused(code: str, rights: str) -> NotResolved:
    problem = f"which AWS does not give: {code}"
    if code in _NOT_THERE:
        return NotResolved(problem, "correct its name, or the region (AWS_REGION, or give its ARN)")
    if code in _DENIED:
        return NotResolved(problem, f"grant {rights} and {KEY_RIGHT} to the AWS identity of the environment")
    if code in _NAME:
        return NotResolved(problem, "correct its name, and see that it is not being deleted")
    return NotResolved(problem, "check the AWS credentials of the environment")
