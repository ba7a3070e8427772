"""What can the user do about what Redshift answers? A right that is missing is named with the statement that grants it.

https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from singer_bulk.warehouse.words import name

INSUFFICIENT_PRIVILEGE = "42501"

ROLE_REFUSED = "not authorized to assume IAM Role"
ROLE_REMEDY = (
    "check the ARN in iam_role, attach the role to the cluster or workgroup, and let its trust policy name "
    "redshift.amazonaws.com"
)

_SCHEMA = re.compile(r"permission denied for schema (\S+)")
_TEMPORARY = re.compile(r"permission denied to create temporary tables in database")
_DATABASE = re.compile(r"permission denied for database")
_TABLE = re.compile(r"permission denied for (?:table|relation) (\S+)")
_OWNER = re.compile(r"must be (?:the )?owner of (?:table|relation|view) (\S+)")


@dataclass(frozen=True)
class Rights:
    """Whose rights they are, and where."""

    user: str
    database: str

    def remedy(self, text: str, sql: str) -> str | None:
        """Return what to do about a statement that was refused for want of a right, None if it is nothing like it."""
        to = f"TO {name(self.user)}"
        if found := _SCHEMA.search(text):
            return f"run GRANT USAGE, CREATE ON SCHEMA {name(_bare(found[1]))} {to}"
        if _TEMPORARY.search(text):
            return f"run GRANT TEMPORARY ON DATABASE {name(self.database)} {to}"
        if _DATABASE.search(text):
            return f"run GRANT CREATE ON DATABASE {name(self.database)} {to}"
        if found := _TABLE.search(text):
            return f"run GRANT SELECT, INSERT, UPDATE, DELETE ON {_full_name(found[1], sql)} {to}"
        if found := _OWNER.search(text):
            return (
                f"run ALTER TABLE {_full_name(found[1], sql)} OWNER {to}, because only its owner may alter a table, or "
                "let the table be as it is by schema_evolution: freeze"
            )
        return None


def _bare(written: str) -> str:
    return written.strip('".,;')


def _full_name(written: str, sql: str) -> str:
    """Return schema and table as the statement has them; the error has the table alone."""
    table = name(_bare(written))
    found = re.search(r'"(?:[^"]|"")+"\.' + re.escape(table), sql)
    return found[0] if found else table
