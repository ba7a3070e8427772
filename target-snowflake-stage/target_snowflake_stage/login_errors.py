"""What is wrong where Snowflake lets nobody in, and what to do: by the number of the refusal, else by its words."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.private_key import registration
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.sql import masked

_REGISTER = "check account and user, and {registration}"
_TOKEN = "get another token for {token}, and check 'authenticator'"  # noqa: S105 (a text)
_POLICY = (
    "have an administrator put the address of this machine into the network policy of the user (ALTER USER {user} SET "
    "NETWORK_POLICY = <policy>)"
)
# Number of a refused login -> what to do.
# https://docs.snowflake.com/en/user-guide/errors-saml https://docs.snowflake.com/en/user-guide/oauth-ext-overview
# https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting
# https://docs.snowflake.com/en/user-guide/security-mfa https://docs.snowflake.com/en/user-guide/network-policies
_OF_NUMBER = {
    "390100": "check user and password; Snowflake ends passwords alone in 2026, sign in by a key pair or a workload "
    "identity",
    "390101": "have an administrator enable the user: ALTER USER {user} SET DISABLED = FALSE",
    "390102": "wait for 15 minutes, or have an administrator run ALTER USER {user} SET MINS_TO_UNLOCK = 0",
    "390106": "change the password in Snowsight; better, sign in by a key pair: passwords alone end in 2026",
    "390120": "the second factor was refused; approve it, or sign in by a key pair, which needs nobody",
    "390123": "the second factor is locked; have an administrator unlock it, or sign in by a key pair",
    "390126": "nobody approved the second factor in time; approve it, or sign in by a key pair, which needs nobody",
    "390127": "the passcode is wrong or has been used; give the one that is shown now, as 'passcode'",
    "390139": "correct 'authenticator': the account does not accept this one for the user",
    "390144": _REGISTER,
    **{str(number): _REGISTER for number in range(394300, 394307)},
    "390191": "sign in at the identity provider as the user of the setting 'user'",
    "390195": "sign in anew: the token that was kept is no longer taken",
    "390197": "sign in by a key pair, or set 'authenticator' to username_password_mfa with 'passcode'",
    "390303": _TOKEN,
    "390309": "correct the setting 'user': the token is of another one",
    "390317": "correct the setting 'role', or have the token name it in its scope, as in session:role:<role>",
    "390318": _TOKEN,
    "390422": _POLICY,
    "390432": _POLICY + "; a programmatic access token needs one",
    "394400": _TOKEN,
}
# Those of users and networks, whatever signs in.
_OF_ANY_WAY = {"390101", "390102", "390317", "390422", "390432"}
# What the connector's own words point to, before any server has answered; the first that fits. https:
# https://docs.snowflake.com/en/user-guide/workload-identity-federation
_BEFORE_THE_SERVER = (
    (
        ("missing required parameter", "password is empty"),
        "set 'private_key_path' or 'password', or 'token' with 'authenticator'",
    ),
    (
        ("recognized snowflake host", "refusing to send a workload identity"),
        "remove the setting 'host', or correct it: the proof of a workload is given to Snowflake's own hosts alone",
    ),
    (
        ("workload identity federation attestation failed", "aws credentials", "aws region", "workload_identity"),
        "check 'workload_identity_provider', and that this machine has such an identity: a role of AWS with a region, "
        "or a token of OIDC",
    ),
    (
        ("idp", "oauth access token from", "oauth token", "invalid_client", "invalid_scope", "token endpoint"),
        "check 'oauth_client_id', 'oauth_client_secret', 'oauth_scope' and 'oauth_token_request_url'",
    ),
    (("workload",), "check WORKLOAD_IDENTITY of the user (DESC USER {user}): issuer, subject, audience or ARN"),
    (("passcode",), _OF_NUMBER["390127"]),
    (("incorrect username or password", "password"), "check user and password"),
    (("oauth", "token"), _TOKEN),
    (
        ("does not exist or not authorized",),
        "check role, warehouse and database, and that they are granted to the user",
    ),
    (("account",), "check account, as in organization-account"),
    (
        ("connect", "timed out", "timeout", "refused", "resolve", "ssl", "http", "certificate", "request", "dns"),
        "check account, or host, port and protocol, and that the network lets you through",
    ),
)
_NUMBER = re.compile(r"\b(39\d{4})\b")
_SECRETS = ("password", "token", "private_key_passphrase", "oauth_client_secret", "passcode")
# A JWT, or what AWS signed, in base64: of a file, or got by the connector.
_BEARER = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+)*")


def connect_problem(settings: SnowflakeSettings, error: Any, key: bytes | None, token: str | None = None) -> str:
    """Return what is wrong where Snowflake cannot be reached, and what to do; no secret is in it.

    token: the one that was signed in with, which may be a file's.
    """
    words = getattr(error, "raw_msg", None) or getattr(error, "msg", None) or str(error)
    reason = _BEARER.sub("***", " ".join(masked(str(words)).split()))
    for secret in (token, *(getattr(settings, name) for name in _SECRETS)):
        if secret:
            reason = reason.replace(secret, "***")
    where = f"Snowflake account {settings.account!r}, user {settings.user!r}"
    number = _NUMBER.search(f"{getattr(error, 'errno', '')} {error}")
    return f"cannot connect to {where}: {reason}; {_remedy(settings, reason.lower(), number and number[1], key)}"


def _remedy(settings: SnowflakeSettings, reason: str, number: str | None, key: bytes | None) -> str:
    if "jwt" in reason and key is not None:
        number = "390144"
    elif (settings.authenticator or "").lower() == "workload_identity" and number not in _OF_ANY_WAY:
        number, reason = None, f"{reason} workload"  # no page has the numbers of these refusals
    elif settings.role and "role" in reason and number not in _OF_NUMBER:
        return f"correct the setting 'role', or {Remedies(settings.role, settings.warehouse, settings.user).of_role()}"
    advice = _OF_NUMBER.get(number or "") or _of_words(reason)
    return advice.format(
        user=settings.user,
        token="'token'" if settings.token_file_path is None else "'token_file_path'",
        registration=registration(key, settings.user) if key is not None else "register its public key",
    )


def _of_words(reason: str) -> str:
    for words, advice in _BEFORE_THE_SERVER:
        if any(word in reason for word in words):
            return advice
    return "check account, user and credentials, role, warehouse and database"


@contextmanager
def no_news(settings: SnowflakeSettings) -> Iterator[None]:
    """Keep off what the connector says while it connects.

    5.x tells of what a later generation will do; its errors come out under our name. For a browser's login 4.x prints
    to standard output, which is for STATEs, and would read the answer from standard input, which is the tap's.
    """
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore", FutureWarning)
        if (settings.authenticator or "").lower() == "externalbrowser":
            os.environ.setdefault("SNOWFLAKE_AUTH_FORCE_SERVER", "true")
            stack.enter_context(redirect_stdout(sys.stderr))
        yield
