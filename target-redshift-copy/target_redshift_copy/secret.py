"""The JSON of a secret for Redshift, as AWS Secrets Manager's rotation and Redshift's managed passwords write it.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from singer_bulk.errors import ConfigError

from target_redshift_copy.aws_calls import RedshiftCalls

_FORM = 'a JSON object with "username" and "password", and "host", "port" and "dbname" if there are any'


@dataclass(frozen=True)
class SecretLogin:
    """What the secret says; names as in its JSON."""

    username: str
    password: str = field(repr=False)
    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    cluster: str | None = None  # "dbClusterIdentifier"


def read_secret(calls: RedshiftCalls) -> SecretLogin:
    """Return what the secret says now; raises ConfigError, which shows nothing of it."""
    text = calls.secret_text()
    if text is None:
        raise _not_so("is binary")
    try:
        found = json.loads(text)
    except ValueError:
        raise _not_so("is no JSON") from None
    if not isinstance(found, dict):
        raise _not_so("is no JSON object")
    return SecretLogin(
        _text(found, "username", needed=True) or "",
        _text(found, "password", needed=True) or "",
        _text(found, "host"),
        _port(found.get("port")),
        _text(found, "dbname"),
        _text(found, "dbClusterIdentifier"),
    )


def _text(found: dict[str, Any], name: str, *, needed: bool = False) -> str | None:
    value = found.get(name)
    if needed and not value:
        raise _not_so(f"has no {name!r}")
    if value is not None and not isinstance(value, str):
        raise _not_so(f"has a {name!r} that is no text")
    return value or None


def _port(value: Any) -> int | None:
    """Amazon writes a number; many write it as text."""
    if value in (None, ""):
        return None
    try:
        port = int(value)
    except (TypeError, ValueError):
        port = 0
    if not 1 <= port <= 65_535:
        raise _not_so("has a 'port' that is none")
    return port


def _not_so(what: str) -> ConfigError:
    return ConfigError(f"the secret of secret_arn {what}; it must be {_FORM}", code="RS-SECRET")
