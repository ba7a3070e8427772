"""What can the user do about what Snowflake answers? A right that is missing is named with what grants it.

The statements come from the table of rights. Snowflake does not tell an object that is not there from one that the role
may not see, so both ways are named.
https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from singer_bulk.model.rights import OWNERSHIP, Feature, Object, statements, table_kind, told
from singer_bulk.stage.rights import s3_grant

from target_snowflake_stage.rights import READER, RIGHTS

# Kind of object, as an error names it -> what it is, and the setting that names it, if there is one.
_KINDS = {
    "database": (Object.DATABASE, "database"),
    "schema": (Object.SCHEMA, "default_target_schema"),
    "table": (Object.TABLE, None),
    "view": (Object.VIEW, None),
    "stage": (Object.STAGE, "stage"),
    "file format": (Object.FILE_FORMAT, "file_format"),
    "warehouse": (Object.WAREHOUSE, "warehouse"),
    "integration": (Object.INTEGRATION, "storage_integration"),
}
# What a statement makes -> for which feature, and what it is.
_MADE = {
    "TABLE": (Feature.MAKE_TABLES, Object.TABLE),
    "VIEW": (Feature.VIEWS, Object.VIEW),
    "STAGE": (Feature.MAKE_STAGE, Object.STAGE),
    "FILE FORMAT": (Feature.MAKE_FORMAT, Object.FILE_FORMAT),
    "SCHEMA": (Feature.CREATE_SCHEMA, Object.SCHEMA),
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
_CREATES = re.compile(
    r"CREATE (?:OR REPLACE )?(?:TEMPORARY )?(TABLE|VIEW|STAGE|FILE FORMAT|SCHEMA) (?:IF NOT EXISTS )?"
    r'((?:"(?:[^"]|"")+"\.)*"(?:[^"]|"")+")'
)
# The second line of such an error has the right and the whole name.
_GRANTED_ON = re.compile(r"must have (.+?) granted on (?:FILE FORMAT|\w+) (.+?)\.?(?: \(query |$)", re.IGNORECASE)

READ_REMEDY = (
    s3_grant(
        READER.wanted([Feature.FILES]),
        "the AWS role of the storage integration (or to aws_role, or to the stage's keys)",
    )
    + f", and {' and '.join(right.name for right in READER.wanted([Feature.ENCRYPTION]))} where the objects are under "
    "a KMS key"
)


@dataclass(frozen=True)
class Remedies:
    """Whose rights they are, and for what; role and warehouse as the settings have them."""

    role: str | None
    warehouse: str | None
    user: str = ""
    database: str = ""
    features: frozenset[Feature] = frozenset(Feature)
    ledger: str = ""

    def remedy(self, text: str, sql: str) -> str | None:
        """Return what to do about a statement that was refused, None where Snowflake's own words have to do."""
        for pattern, make in _REMEDIES:
            if found := pattern.search(text):
                return make(self, found, sql)
        return None

    def seen(self, schema: str) -> str:
        """Return what lets the role see a schema that is there; quoted, as statements have it."""
        return told(self._grants([Feature.EVERY_RUN], Object.SCHEMA, schema))

    def of_role(self) -> str:
        """Return what lets the user take the role."""
        rights = RIGHTS.wanted([Feature.EVERY_RUN], Object.USER)
        return told(statements(rights, str(self.role), self.user))

    def not_there(self, found: re.Match[str], sql: str) -> str:
        """Of an object that is not there, or that the role does not see."""
        on, setting = _KINDS[found[1].lower()]
        correct = f"correct the setting {setting!r}, or " if setting else ""
        grants = self._of_table(found[2]) if on is Object.TABLE else self._of(on, found[2], sql)
        there, of_there = self._unseen(on, sql)
        return f"{correct}create it and {told(grants, there, of_there)}" if grants else f"{correct}create it"

    def no_right(self, found: re.Match[str], sql: str) -> str | None:
        """Of an object that the role sees, and may not use so."""
        on, _ = _KINDS[found[1].lower()]
        written = _full_name(found, sql)
        if on in (Object.TABLE, Object.VIEW):
            owning = on is Object.VIEW or _ALTERS.match(sql) is not None
            grants = (
                self._grants(Feature, on, written, owning=True) if owning else self._of_table(written, _named(found))
            )
            freeze = (
                ", or let the table be as it is by schema_evolution: freeze" if owning and on is Object.TABLE else ""
            )
            return told(grants) + freeze if grants else None
        grants = self._of(on, written, sql)
        return told(grants, *self._unseen(on, sql)) if grants else None

    def hidden(self, found: re.Match[str], sql: str) -> str:
        """Of an object that is there, on which the role has no right."""
        made = _CREATES.match(sql)
        return told(self._of_there(made) if made else self._of_table(found[1]))

    def no_warehouse(self, found: re.Match[str], sql: str) -> str:
        """Of a statement without a virtual warehouse."""
        return self.without_warehouse()

    def without_warehouse(self) -> str:
        """Return what gives the session a virtual warehouse."""
        if self.warehouse is None:
            return "set 'warehouse' to a virtual warehouse that the role may use"
        grants = self._grants([Feature.EVERY_RUN], Object.WAREHOUSE, self.warehouse)
        return f"correct the setting 'warehouse', or create it and {told(grants)}"

    def _unseen(self, on: Object, sql: str) -> tuple[str, list[str]]:
        """Return what a refused statement was to make, and what lets the role use it if it is there, unseen."""
        made = _CREATES.match(sql)
        if made is None or on not in (Object.SCHEMA, Object.INTEGRATION):
            return "", []
        return made[2], self._of_there(made)

    def _of_there(self, made: re.Match[str]) -> list[str]:
        """Return what lets the role use the object that a statement would have made, if it is there already."""
        _, on = _MADE[made[1]]
        if on is Object.TABLE:
            return self._of_table(made[2])
        return self._grants(Feature, on, made[2], owning=on is Object.VIEW)

    def _of(self, on: Object, written: str, sql: str) -> list[str]:
        """Return what every run needs of an object, and what the statement was to make in it."""
        made = _CREATES.match(sql)
        features = [Feature.EVERY_RUN, *([_MADE[made[1]][0]] if made else [])]
        return self._grants(features, on, written) or self._grants(Feature, on, written)

    def _of_table(self, written: str, named: str = "") -> list[str]:
        """Return what grants all that the configuration needs of a table, and the right that the error names."""
        kind = table_kind(written.rpartition(".")[2].strip('"'), self.ledger)
        rights = [right for right in RIGHTS.wanted(Feature, kind) if right.name != OWNERSHIP]
        asked = [right for right in rights if right.features & self.features or right.name == named]
        return statements(asked or rights, written, self._to)

    def _grants(self, features: Iterable[Feature], on: Object, written: str, *, owning: bool = False) -> list[str]:
        rights = [right for right in RIGHTS.wanted(features, on) if (right.name == OWNERSHIP) == owning]
        return statements(rights, written, self._to)

    @property
    def _to(self) -> str:
        return self.role or "<the role of this user>"


def _named(found: re.Match[str]) -> str:
    """Return the right that the error names, "" if it names none."""
    more = _GRANTED_ON.search(found.string)
    return more[1] if more else ""


def _full_name(found: re.Match[str], sql: str) -> str:
    """Return the name with database and schema, as the error or the statement has it; else as the error begins."""
    if more := _GRANTED_ON.search(found.string):
        return more[2]
    quoted = '"' + found[2].replace('"', '""') + '"'
    written = re.search(r'(?:"(?:[^"]|"")+"\.)*' + re.escape(quoted), sql)
    return written[0] if written else found[2]


def _location(remedies: Remedies, found: Any, sql: str) -> str:
    return "add it to STORAGE_ALLOWED_LOCATIONS of the integration, or correct s3_bucket and s3_key_prefix"


def _stage_role(remedies: Remedies, found: Any, sql: str) -> str:
    return (
        "let the trust policy of the AWS role name STORAGE_AWS_IAM_USER_ARN and STORAGE_AWS_EXTERNAL_ID, which DESC "
        "INTEGRATION shows"
    )


def _stage_area(remedies: Remedies, found: Any, sql: str) -> str:
    return READ_REMEDY


_REMEDIES: Sequence[tuple[re.Pattern[str], Callable[[Remedies, Any, str], str | None]]] = (
    (_NO_WAREHOUSE, Remedies.no_warehouse),
    (_NOT_THERE, Remedies.not_there),
    (_NO_RIGHT, Remedies.no_right),
    (_HIDDEN, Remedies.hidden),
    (_LOCATION, _location),
    (_STAGE_ROLE, _stage_role),
    (_STAGE_AREA, _stage_area),
)
