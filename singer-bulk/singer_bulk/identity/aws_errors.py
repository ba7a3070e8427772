"""What AWS and boto3 say, in our words: which setting, which right, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from singer_bulk.errors import ConfigError

# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, and what services call the same.
_ENDED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_UNKNOWN = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "InvalidAccessKeyId",
    "InvalidToken",
}
# What leads a request through a proxy.
PROXY = "the proxy that s3_proxy_url, or HTTPS_PROXY of the environment, names"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_CLOCK = {"RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


# What to do where AWS takes a request for one of another time.
CLOCK = "set the clock of this machine right: AWS refuses what is signed more than 15 minutes off"


@contextmanager
def aws_errors(doing: str, called: Mapping[str, str], remedies: Mapping[str, str]) -> Iterator[None]:
    """Turn boto3's exceptions into ConfigError.

    `doing`: what was asked for. `called`: how the user calls the settings of the identity. `remedies`: AWS's code ->
    what to do about it, before what is known of all calls.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        ProfileNotFound,
        SSOError,
        TokenRetrievalError,
    )
    from botocore.parsers import ResponseParserError

    try:
        yield
    except NoCredentialsError as error:
        raise ConfigError(
            f"AWS: {doing}: no credentials found; {_who(called)}, or let the environment give them (AWS_PROFILE, "
            "AWS_ACCESS_KEY_ID, SSO, a role of the container or the machine)",
            code="CFG-AWS-CREDENTIALS",
        ) from error
    except NoRegionError as error:
        raise ConfigError(
            f"AWS: {doing}: no region; set {called['region']} or AWS_DEFAULT_REGION", code="CFG-AWS"
        ) from error
    except ProfileNotFound as error:
        raise ConfigError(f"AWS: {doing}: {error}; check {called['profile']}", code="CFG-AWS") from error
    except ClientError as error:
        answer = error.response.get("Error", {})
        code, text = answer.get("Code", "unknown"), " ".join(str(answer.get("Message", "")).split())
        raise ConfigError(
            f"AWS: {doing}: {code}: {text}; {remedies.get(code) or _remedy(code, error.operation_name, called)}",
            code="CFG-AWS-CREDENTIALS" if code in _ENDED | _UNKNOWN else "CFG-AWS-REFUSED",
        ) from error
    except (SSOError, TokenRetrievalError) as error:
        raise ConfigError(
            f"AWS: {doing}: {' '.join(str(error).split())}; run aws sso login for the profile that {called['profile']} "
            "or AWS_PROFILE names",
            code="CFG-AWS-CREDENTIALS",
        ) from error
    except ResponseParserError:  # its text, and a traceback, have the whole answer, which may hold a password
        raise ConfigError(
            f"AWS: {doing}: the answer cannot be read; check {_places(called)} and the network, a proxy above all",
            code="CFG-AWS",
        ) from None
    except (BotoCoreError, ValueError) as error:
        text = " ".join(str(error).split())
        problem = f"AWS: {doing}: {text}; check {_away(text, called)} and the network"
        raise ConfigError(problem, code="CFG-AWS") from error


def _who(called: Mapping[str, str]) -> str:
    return f"set {called['access_key_id']} and {called['secret_access_key']}, or {called['profile']}"


def _away(text: str, called: Mapping[str, str]) -> str:
    """Return what to check where AWS was not reached."""
    return PROXY if "proxy" in text.lower() else _places(called)


def _places(called: Mapping[str, str]) -> str:
    return ", ".join(called[name] for name in ("profile", "region", "endpoint_url") if name in called)


def _remedy(code: str, operation: str, called: Mapping[str, str]) -> str:
    if code in _CLOCK:
        return CLOCK
    if code in _ENDED:
        return (
            f"the credentials have ended, and nothing renews them: give new ones, or {called['role_arn']} or a profile"
        )
    if code in _UNKNOWN:
        return f"check {called['access_key_id']}, {called['secret_access_key']} and {called['session_token']}"
    if code in _DENIED and operation == "AssumeRole":
        return (
            f"check the ARN in {called['role_arn']}, that the role's trust policy names this identity and asks for "
            f"no other sts:ExternalId than {called['external_id']}, and that the identity may call sts:AssumeRole on it"
        )
    if code in _DENIED:
        return "grant the action that the message names to this identity"
    if operation == "AssumeRole" and code == "ValidationError":
        return f"check {called['duration_seconds']} against the role's maximum; behind another role it is 3600 at most"
    return "see the AWS documentation for this code"
