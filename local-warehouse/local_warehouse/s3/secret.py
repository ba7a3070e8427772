"""Secrets Manager: a right is asked for on the secret that a call names; moto asks for it on everything.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
"""

from __future__ import annotations

import json
from typing import Any

from local_warehouse.s3 import policies
from local_warehouse.s3.refusals import Environ, Refusal


def decide(environ: Environ, body: bytes, access_key_id: str, account_id: str, region: str) -> None:
    """Raise Refusal where no policy allows the call on its secret; moto's own question is answered by what came out."""
    action = f"secretsmanager:{environ.get('HTTP_X_AMZ_TARGET', '').rpartition('.')[2]}"
    given: dict[str, Any] = json.loads(body or b"{}")
    arn = _arn(str(given.get("SecretId") or given.get("Name") or "*"), account_id, region)
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    refused = policies.may(account_id, access_key_id, token, [action], arn)
    if refused is not None:
        text = f"{refused} because no identity-based policy allows the {action} action"
        raise Refusal("400 Bad Request", "AccessDeniedException", text)
    policies.decide(action, "*", True)


def _arn(name: str, account_id: str, region: str) -> str:
    """The ARN of a secret, by its name or ARN; of one that is not there as AWS writes it in a refusal."""
    from moto.secretsmanager.models import secretsmanager_backends

    if name.startswith("arn:"):
        return name
    found = secretsmanager_backends[account_id][region].secrets.get(name)
    return str(found.arn) if found is not None else f"arn:aws:secretsmanager:{region}:{account_id}:secret:{name}"
