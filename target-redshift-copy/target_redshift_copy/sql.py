"""The SQL of Amazon Redshift: pure functions from what we mean to its words.

Pages are those of https://docs.aws.amazon.com/redshift/latest/dg/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules
from singer_bulk.warehouse.dialect import Rows, Session, Url

from target_redshift_copy.copy_errors import explain_copy
from target_redshift_copy.words import literal, name

# r_Character_types: VARCHAR counts bytes, 65,535 at most.
MAX_VARCHAR_BYTES = 65_535

# r_STV_SLICES: a row for each slice of the cluster, visible to all users; Serverless refuses it.
COUNT_SLICES = "SELECT COUNT(*) FROM stv_slices"

_TYPE_WORDS = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.DOUBLE: "DOUBLE PRECISION",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
    Kind.JSON: "SUPER",
}

# r_names: 127 bytes, letters fold to lower case even in quotes; the columns every table has (r_names, r_ALTER_TABLE).
NAMES = NameRules(
    upper_case=False,
    max_bytes=127,
    kept_columns=frozenset(("oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")),
)

# How a value is written as text when its column becomes one: as a file has it.
_STAMP = "YYYY-MM-DD HH24:MI:SS.US"
_TO_TEXT = {
    Kind.BOOLEAN: "CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' END",
    Kind.TIMESTAMP: f"TO_CHAR({{value}}, '{_STAMP}')",
    Kind.TIMESTAMPTZ: f"TO_CHAR({{value}} AT TIME ZONE 'UTC', '{_STAMP}') || '+00:00'",
}

# SVV_COLUMNS.data_type -> kind
_KINDS = {
    "boolean": Kind.BOOLEAN,
    "bigint": Kind.INTEGER,
    "double precision": Kind.DOUBLE,
    "date": Kind.DATE,
    "time without time zone": Kind.TIME,
    "timestamp without time zone": Kind.TIMESTAMP,
    "timestamp with time zone": Kind.TIMESTAMPTZ,
    "super": Kind.JSON,
}


@dataclass(frozen=True)
class CopyAccess:
    """What COPY reads S3 with: a role, or keys; and the bucket's region."""

    iam_role: str | None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    region: str | None = None


# What stands behind these words is a key.
_SECRETS = re.compile(
    r"((?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|CREDENTIALS|PASSWORD)\s+(?:AS\s+)?)'[^']*'", re.IGNORECASE
)


def masked(text: str) -> str:
    """Return the text of a statement or an error without the keys in it."""
    return _SECRETS.sub(r"\1'***'", text)


def type_words(column_type: ColumnType) -> str:
    """Return a column's type."""
    if column_type.kind is Kind.DECIMAL:
        return f"DECIMAL({column_type.precision}, {column_type.scale})"
    if column_type.kind is Kind.TEXT:
        return f"VARCHAR({min(column_type.max_bytes or MAX_VARCHAR_BYTES, MAX_VARCHAR_BYTES)})"
    return _TYPE_WORDS[column_type.kind]


@dataclass(frozen=True)
class Redshift:
    """The dialect, and what COPY is allowed with."""

    access: CopyAccess
    begin: str = "BEGIN"
    # PG_LAST_COPY_COUNT: the rows of the last COPY of this session; COPY's own answer has no count.
    copy_count: str | None = "SELECT pg_last_copy_count()"

    # r_ALTER_TABLE: all but ALTER COLUMN TYPE, which must stand alone.
    ddl_is_transactional: bool = True
    comments_inline: bool = False
    names: NameRules = NAMES
    max_columns: int | None = 1600  # r_CREATE_TABLE_usage

    def fold(self, written: str) -> str:
        """r_names: names are stored in lower case, even when they are quoted."""
        return self.names.fold(written)

    def name(self, stored: str) -> str:
        """Return the quoted name."""
        return name(stored)

    def table(self, table: Table) -> str:
        """Return schema and table, quoted."""
        return f"{name(table.schema)}.{name(table.name)}"

    def literal(self, value: str | int | None) -> str:
        """Return the value as SQL."""
        return literal(value)

    def masked(self, text: str) -> str:
        """Return the text without the keys in it."""
        return masked(text)

    def schema_exists(self, schema: str) -> str:
        """Return the query for the schema."""
        return f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(schema)}"

    def create_schema(self, schema: str) -> str:
        """Return the statement; IF NOT EXISTS because another run may come first."""
        return f"CREATE SCHEMA IF NOT EXISTS {name(schema)}"

    def describe_table(self, table: Table) -> str:
        """Return the query for the columns (SVV_COLUMNS)."""
        return (
            "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, "
            f"is_nullable, column_default, remarks FROM svv_columns WHERE table_schema = {literal(table.schema)} "
            f"AND table_name = {literal(table.name)} ORDER BY ordinal_position"
        )

    def described(self, rows: Rows) -> tuple[Column, ...]:
        """Return the columns that `describe_table` answered."""
        return tuple(
            Column(
                row[0],
                _described_type(*row[1:5]),
                nullable=row[5] == "YES",
                has_default=row[6] is not None,
                comment=row[7],
            )
            for row in rows
        )

    def create_table(self, table: Table, columns: Sequence[Column]) -> str:
        """Return the statement. No keys: Redshift does not enforce them, and its planner believes them."""
        listed = ", ".join(f"{name(column.name)} {type_words(column.type)}" for column in columns)
        return f"CREATE TABLE IF NOT EXISTS {self.table(table)} ({listed})"

    def add_column(self, table: Table, column: Column) -> str:
        """Return the statement; r_ALTER_TABLE takes one column at a time."""
        return f"ALTER TABLE {self.table(table)} ADD COLUMN {name(column.name)} {type_words(column.type)}"

    def stored(self, column_type: ColumnType) -> ColumnType:
        """Return the type with the sizes that a column can have.

        r_Numeric_types201: a DECIMAL of 19 digits is held in 64 bits, which not all numbers of 19 digits fit.
        """
        if column_type.kind is Kind.DECIMAL and column_type.precision == 19:
            return replace(column_type, precision=20)
        if column_type.kind is Kind.TEXT and (column_type.max_bytes or 0) > MAX_VARCHAR_BYTES:
            return replace(column_type, max_bytes=MAX_VARCHAR_BYTES)
        return column_type

    def alter_type(self, table: Table, here: Column, new_type: ColumnType) -> str | None:
        """Return the statement; r_ALTER_TABLE: only a VARCHAR grows, and outside a transaction."""
        if here.type.kind is new_type.kind is Kind.TEXT:
            return f"ALTER TABLE {self.table(table)} ALTER COLUMN {name(here.name)} TYPE {type_words(new_type)}"
        return None

    def drop_not_null(self, table: Table, column: str) -> str | None:
        """r_ALTER_TABLE has no such clause."""
        return None

    def rename_column(self, table: Table, column: str, new_name: str) -> str:
        """Return the statement."""
        return f"ALTER TABLE {self.table(table)} RENAME COLUMN {name(column)} TO {name(new_name)}"

    def drop_column(self, table: Table, column: str) -> str:
        """Return the statement; it is refused while a view uses the column, or a key is on it."""
        return f"ALTER TABLE {self.table(table)} DROP COLUMN {name(column)}"

    def comment_column(self, table: Table, column: str, comment: str) -> str:
        """Return the statement."""
        return f"COMMENT ON COLUMN {self.table(table)}.{name(column)} IS {literal(comment)}"

    def converted(self, value: str, old_type: ColumnType, new_type: ColumnType) -> str:
        """Return the expression; the session's time zone is UTC."""
        if old_type.kind is new_type.kind and old_type.kind is not Kind.DECIMAL:
            return value
        if new_type.kind is Kind.TEXT:
            text = _TO_TEXT.get(old_type.kind)
            return text.format(value=value) if text is not None else f"CAST({value} AS {type_words(new_type)})"
        if new_type.kind is Kind.BOOLEAN:
            return f"CASE {value} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
        return f"CAST({value} AS {type_words(new_type)})"

    def contains(self, text: str, part: str) -> str:
        """Return the condition (r_POSITION)."""
        return f"POSITION({literal(part)} IN {text}) > 0"

    def create_view(self, view: Table, query: str) -> str:
        """Return the statement; bound late, a view is in the way of no change of its table (r_CREATE_VIEW)."""
        return f"CREATE OR REPLACE VIEW {self.table(view)} AS {query} WITH NO SCHEMA BINDING"

    def drop_view(self, view: Table) -> str:
        """Return the statement."""
        return f"DROP VIEW IF EXISTS {self.table(view)}"

    def lock(self, table: Table, column: str) -> str:
        """Return the statement; the snapshot is taken at the first statement behind it (c_serial_isolation, r_LOCK)."""
        return f"LOCK {self.table(table)}"

    def delete_rows(self, table: Table) -> str:
        """Return the statement; r_TRUNCATE commits, DELETE does not."""
        return f"DELETE FROM {self.table(table)}"

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Return the manifest: a prefix would also match other files (loading-data-files-using-manifest)."""
        entries = [{"url": url(file.key), "mandatory": True} for file in batch.files]
        return json.dumps({"entries": entries}).encode()

    def scratch_table(self, table: Table) -> str:
        """Return the quoted name; a temporary table has no schema of its own choosing (r_CREATE_TABLE_NEW)."""
        return name(table.name)

    def create_scratch(self, table: Table, columns: Sequence[Column]) -> str:
        """Return the statement; the table is gone with the session."""
        listed = ", ".join(f"{name(column.name)} {type_words(column.type)}" for column in columns)
        return f"CREATE TEMP TABLE {name(table.name)} ({listed})"

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return the COPY.

        CSV, DELIMITER, QUOTE: copy-parameters-data-format. NULL AS: copy-parameters-data-conversion. MANIFEST, REGION:
        copy-parameters-data-source-s3. GZIP: copy-parameters-file-compression. COMPUPDATE, STATUPDATE:
        copy-parameters-data-load; STATUPDATE would ask for the ownership of the table.
        """
        assert manifest_key is not None
        columns = ", ".join(name(column.name) for column in batch.columns)
        region = f"REGION AS {literal(self.access.region)} " if self.access.region else ""
        return [
            f"COPY {into} ({columns}) FROM {literal(url(manifest_key))} {self._authorization()} "
            f"MANIFEST {region}FORMAT AS CSV DELIMITER AS '|' QUOTE AS '\"' NULL AS {literal(batch.null.decode())} "
            "GZIP COMPUPDATE OFF STATUPDATE OFF"
        ]

    def _authorization(self) -> str:
        access = self.access
        if access.iam_role == "default":
            return "IAM_ROLE default"
        if access.iam_role:
            return f"IAM_ROLE {literal(access.iam_role)}"
        keys = f"ACCESS_KEY_ID {literal(access.access_key_id)} SECRET_ACCESS_KEY {literal(access.secret_access_key)}"
        token = f" SESSION_TOKEN {literal(access.session_token)}" if access.session_token else ""
        return keys + token

    def copied_rows(self, rows: Rows) -> int:
        """Return the answer of pg_last_copy_count()."""
        return int(rows[0][0])

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url
    ) -> BulkError:
        """Return the error with what the load error tables say of the batch's files."""
        return explain_copy(session, error, table, batch, url)


def _described_type(data_type: str, length: int | None, precision: int | None, scale: int | None) -> ColumnType:
    if data_type in ("numeric", "decimal"):
        return ColumnType(Kind.DECIMAL, precision or 18, scale or 0)
    if data_type in _KINDS:
        return ColumnType(_KINDS[data_type])
    if data_type == "character varying":
        return ColumnType(Kind.TEXT, max_bytes=length or MAX_VARCHAR_BYTES)
    # A column that somebody else made; nothing of ours becomes one, so a SCHEMA that needs it is refused.
    return ColumnType(Kind.OTHER)
