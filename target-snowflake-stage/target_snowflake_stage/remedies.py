"""What can the user do about what Snowflake answers? A right that is missing is named with its GRANT.

Snowflake does not tell an object that is not there from one that the role may not see.
https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

# Kind of object, as an error names it -> the setting that names it, if there is one, and the rights that loads need.
_RIGHTS = {
    "database": ("database", "USAGE, CREATE SCHEMA"),
    "schema": ("default_target_schema", "USAGE, CREATE TABLE, CREATE VIEW, CREATE STAGE, CREATE FILE FORMAT"),
    "table": (None, "SELECT, INSERT, UPDATE, DELETE"),
    "view": (None, "SELECT"),
    "stage": ("stage", "USAGE"),
    "file format": ("file_format", "USAGE"),
    "warehouse": ("warehouse", "USAGE"),
    "integration": ("storage_integration", "USAGE"),
}
_KIND = r"(database|schema|table|view|stage|file format|warehouse|integration)"
_NOT_THERE = re.compile(_KIND + r" '([^']+)' does not exist or not authorized", re.IGNORECASE)
_NO_RIGHT = re.compile(r"insufficient privileges to operate on (?:account )?" + _KIND + r" '([^']+)'", re.IGNORECASE)
_HIDDEN = re.compile(r"object '([^']+)' already exists, but current role has no privileges on it", re.IGNORECASE)
_NO_WAREHOUSE = re.compile(r"no active warehouse", re.IGNORECASE)
_STAGE_ROLE = re.compile(r"error assuming aws_role", re.IGNORECASE)
_STAGE_AREA = re.compile(r"failure using stage area.*access ?denied", re.IGNORECASE)
_LOCATION = re.compile(r"is not allowed by integration", re.IGNORECASE)
_ALTERS = re.compile(r"\s*(?:ALTER|DROP|COMMENT)\b", re.IGNORECASE)


def remedy(text: str, sql: str, role: str | None, warehouse: str | None) -> str | None:
    """Return what to do about a statement that was refused, None where Snowflake's own words have to do."""
    to = f"TO ROLE {role}" if role else "to the role of this user"
    for pattern, make in _REMEDIES:
        if found := pattern.search(text):
            return make(found, sql, to, warehouse)
    return None


def _not_there(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    kind = found[1].lower()
    setting, rights = _RIGHTS[kind]
    correct = f"correct the setting {setting!r}, or " if setting else ""
    return f"{correct}create it and run GRANT {rights} ON {kind.upper()} {found[2]} {to}"


def _no_right(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    kind = found[1].lower()
    rights = "OWNERSHIP" if kind == "table" and _ALTERS.match(sql) else _RIGHTS[kind][1]
    return f"run GRANT {rights} ON {kind.upper()} {found[2]} {to}"


def _hidden(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    return f"run GRANT {_RIGHTS['table'][1]} ON TABLE {found[1]} {to}"


def _no_warehouse(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    if warehouse is None:
        return "set 'warehouse' to a virtual warehouse that the role may use"
    return f"correct the setting 'warehouse', or create it and run GRANT USAGE ON WAREHOUSE {warehouse} {to}"


def _location(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    return "add it to STORAGE_ALLOWED_LOCATIONS of the integration, or correct s3_bucket and s3_key_prefix"


def _stage_role(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    return (
        "let the trust policy of the AWS role name STORAGE_AWS_IAM_USER_ARN and STORAGE_AWS_EXTERNAL_ID, which DESC "
        "INTEGRATION shows"
    )


def _stage_area(found: Any, sql: str, to: str, warehouse: str | None) -> str:
    return (
        "grant s3:GetObject and s3:GetObjectVersion on the prefix, s3:ListBucket and s3:GetBucketLocation on the "
        "bucket to the AWS role of the storage integration (or to aws_role, or to the stage's keys)"
    )


_REMEDIES: Sequence[tuple[re.Pattern[str], Callable[[Any, str, str, str | None], str]]] = (
    (_NO_WAREHOUSE, _no_warehouse),
    (_NOT_THERE, _not_there),
    (_NO_RIGHT, _no_right),
    (_HIDDEN, _hidden),
    (_LOCATION, _location),
    (_STAGE_ROLE, _stage_role),
    (_STAGE_AREA, _stage_area),
)
