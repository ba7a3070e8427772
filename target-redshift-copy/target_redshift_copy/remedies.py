"""What can the user do about what Redshift answers? A right that is missing is named with the statement that grants it.

The statements come from the table of rights; Redshift names the object, so the rights on it are those that the
configuration needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from singer_bulk.model.rights import OWNERSHIP, Feature, Object, statements, table_kind, told
from singer_bulk.stage.rights import READER, s3_grant
from singer_bulk.warehouse.words import name

from target_redshift_copy.rights import RIGHTS

INSUFFICIENT_PRIVILEGE = "42501"

ROLE_REFUSED = "not authorized to assume IAM Role"
ROLE_REMEDY = (
    "check the ARN in iam_role, attach the role to the cluster or workgroup, and let its trust policy name "
    "redshift.amazonaws.com"
)
READ_REMEDY = (
    f"{s3_grant(READER.wanted([Feature.FILES]), 'the role that COPY names (iam_role)')}, "
    f"{' and '.join(right.name for right in READER.wanted([Feature.ENCRYPTION]))} where the objects are under a KMS "
    "key, and check s3_region"
)

_SCHEMA = re.compile(r"permission denied for schema (\S+)")
_TEMPORARY = re.compile(r"permission denied to create temporary tables in database")
_DATABASE = re.compile(r"permission denied for database")
_TABLE = re.compile(r"permission denied for (?:table|relation|view) (\S+)")
_OWNER = re.compile(r"must be (?:the )?owner of (?:table|relation|view) (\S+)")
_CREATES = re.compile(r'CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) ((?:"(?:[^"]|"")+"\.)?"(?:[^"]|"")+")')


@dataclass(frozen=True)
class Remedies:
    """Whose rights they are, where, and for what."""

    user: str
    database: str
    features: frozenset[Feature] = frozenset(Feature)
    ledger: str = ""

    def of(self, user: str, database: str) -> Remedies:
        """Return the same for the user that a connection has turned out to be."""
        return replace(self, user=user, database=database)

    def remedy(self, text: str, sql: str) -> str | None:
        """Return what to do about a statement that was refused for want of a right, None if it is nothing like it."""
        if found := _SCHEMA.search(text):
            return self._of_schema(_bare(found[1]), sql)
        if _TEMPORARY.search(text):
            return told(self._grants([Feature.UPSERT], Object.DATABASE, name(self.database)))
        if _DATABASE.search(text):
            return told(self._grants([Feature.CREATE_SCHEMA], Object.DATABASE, name(self.database)))
        if found := _TABLE.search(text):
            return told(self._of_table(_full_name(found[1], sql)))
        if found := _OWNER.search(text):
            grants = self._grants(Feature, Object.TABLE, _full_name(found[1], sql), owning=True)
            return (
                f"{told(grants)}, because only its owner may alter a table or replace a view, or let the table be as "
                "it is by schema_evolution: freeze"
            )
        return None

    def seen(self, schema: str) -> str:
        """Return what lets the user see a schema that is there."""
        return told(self._grants([Feature.EVERY_RUN], Object.SCHEMA, name(schema)))

    def recovery(self) -> str:
        """Return what lets the user see the transactions of its lost sessions."""
        return told(self._grants([Feature.RECOVERY], Object.SYSTEM_VIEW, "svv_transactions"))

    def _of_schema(self, schema: str, sql: str) -> str:
        made = _CREATES.match(sql)
        if made is None:
            return self.seen(schema)
        grants = self._grants([Feature.EVERY_RUN, Feature.MAKE_TABLES], Object.SCHEMA, name(schema))
        return told(grants, made[1], self._of_table(made[1]) if " TABLE " in made[0] else ())

    def _of_table(self, written: str) -> list[str]:
        """Return what grants all that the configuration needs of a table, by its quoted name."""
        kind = table_kind(written.rpartition('."')[2].strip('"'), self.ledger)
        return self._grants(self.features, kind, written) or self._grants(Feature, kind, written)

    def _grants(self, features: Iterable[Feature], on: Object, written: str, *, owning: bool = False) -> list[str]:
        rights = [right for right in RIGHTS.wanted(features, on) if (right.name == OWNERSHIP) == owning]
        return statements(rights, written, name(self.user))


def _bare(written: str) -> str:
    return written.strip('".,;')


def _full_name(written: str, sql: str) -> str:
    """Return schema and table as the statement has them; the error has the table alone."""
    table = name(_bare(written))
    found = re.search(r'"(?:[^"]|"")+"\.' + re.escape(table), sql)
    return found[0] if found else table
