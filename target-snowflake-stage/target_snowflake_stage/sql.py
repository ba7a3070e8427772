"""The SQL of Snowflake: pure functions from what we mean to its words.

Pages are those of https://docs.snowflake.com/en/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules
from singer_bulk.warehouse.dialect import Rows, Session, Url

from target_snowflake_stage.copy_errors import explain_copy

# sql/copy-into-table: FILES takes at most 1,000 names.
MAX_FILES = 1000
# data-types-text: VARCHAR without a length takes 16,777,216 characters.
DEFAULT_VARCHAR_CHARACTERS = 16_777_216

_TYPE_WORDS = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "NUMBER(38, 0)",
    Kind.DOUBLE: "FLOAT",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME(9)",
    Kind.TIMESTAMP: "TIMESTAMP_NTZ(9)",
    Kind.TIMESTAMPTZ: "TIMESTAMP_TZ(9)",
    Kind.JSON: "VARIANT",
}

# identifiers-syntax: 255 characters; names without quotes are stored in upper case, and so are all of ours.
NAMES = NameRules(upper_case=True, max_characters=255)

# How a value is written as text when its column becomes one: as a file has it.
_TO_TEXT = {
    Kind.TIMESTAMP: "TO_VARCHAR({value}, 'YYYY-MM-DD HH24:MI:SS.FF9')",
    Kind.TIMESTAMPTZ: "TO_VARCHAR({value}, 'YYYY-MM-DD HH24:MI:SS.FF9TZH:TZM')",
    Kind.TIME: "TO_VARCHAR({value}, 'HH24:MI:SS.FF9')",
    Kind.DATE: "TO_VARCHAR({value}, 'YYYY-MM-DD')",
}

# INFORMATION_SCHEMA.COLUMNS.DATA_TYPE -> kind
_KINDS = {
    "BOOLEAN": Kind.BOOLEAN,
    "FLOAT": Kind.DOUBLE,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "TIMESTAMP_NTZ": Kind.TIMESTAMP,
    "TIMESTAMP_TZ": Kind.TIMESTAMPTZ,
    "VARIANT": Kind.JSON,
}

# A field of the file -> the column's value. Explicit formats, because AUTO takes all-digit text as epochs
# (date-time-input-output); only functions that COPY allows (data-load-transform). PARSE_JSON because text is
# not coerced to VARIANT (data-type-conversion).
_STAMP = "YYYY-MM-DD HH24:MI:SS.FF9"
_FIELDS = {
    Kind.DATE: "TO_DATE({field}, 'YYYY-MM-DD')",
    Kind.TIME: "TO_TIME({field}, 'HH24:MI:SS.FF9')",
    Kind.TIMESTAMP: f"TO_TIMESTAMP_NTZ({{field}}, '{_STAMP}')",
    Kind.TIMESTAMPTZ: f"TO_TIMESTAMP_TZ({{field}}, '{_STAMP}TZH:TZM')",
    Kind.JSON: "PARSE_JSON({field})",
}
# Written before the column was known to have offsets: those values are in UTC.
_UTC_STAMP = f"TO_TIMESTAMP_TZ({{field}} || '+00:00', '{_STAMP}TZH:TZM')"

# One file format for every stream (sql/create-file-format). NULL is an empty field, '' is "": both are kept apart by
# FIELD_OPTIONALLY_ENCLOSED_BY with EMPTY_FIELD_AS_NULL, and NULL_IF = () keeps every text that looks like NULL.
FILE_FORMAT_OPTIONS = {
    "TYPE": "CSV",
    "COMPRESSION": "GZIP",
    "FIELD_DELIMITER": "'|'",
    "RECORD_DELIMITER": "'\\n'",
    "SKIP_HEADER": "0",
    "FIELD_OPTIONALLY_ENCLOSED_BY": "'\"'",
    "ESCAPE": "NONE",
    "ESCAPE_UNENCLOSED_FIELD": "NONE",
    "TRIM_SPACE": "FALSE",
    "NULL_IF": "()",
    "EMPTY_FIELD_AS_NULL": "TRUE",
    "ENCODING": "'UTF8'",
}


# What stands behind these words is a key.
_SECRETS = re.compile(r"((?:AWS_KEY_ID|AWS_SECRET_KEY|AWS_TOKEN|PASSWORD|TOKEN)\s*=\s*)'[^']*'", re.IGNORECASE)


def masked(text: str) -> str:
    """Return the text of a statement or an error without the keys in it."""
    return _SECRETS.sub(r"\1'***'", text)


def literal(value: str | int | None) -> str:
    """Return the value as SQL. A backslash is an escape in Snowflake's strings (data-types-text)."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def name(stored: str) -> str:
    """Return a name in double quotes, as it is stored."""
    return '"' + stored.replace('"', '""') + '"'


def type_words(column_type: ColumnType) -> str:
    """Return a column's type."""
    if column_type.kind is Kind.DECIMAL:
        return f"NUMBER({column_type.precision}, {column_type.scale})"
    if column_type.kind is Kind.TEXT:
        # A length counts characters and costs nothing; without one a longer text of a later run still fits.
        # Only a column that somebody else made shorter has one: it grows to what is needed.
        return "VARCHAR"
    return _TYPE_WORDS[column_type.kind]


@dataclass(frozen=True)
class Place:
    """A database object: database, schema and name, as stored."""

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{name(self.database)}.{name(self.schema)}.{name(self.name)}"


@dataclass(frozen=True)
class Snowflake:
    """The dialect, in one database. `prefix` is what the stage's URL already says of a file's key."""

    database: str
    stage: Place
    file_format: Place
    prefix: str

    begin: str = "BEGIN"
    copy_count: str | None = None  # COPY INTO answers with a row for each file

    ddl_is_transactional: bool = False  # sql-reference/transactions: each DDL commits
    comments_inline: bool = True
    names: NameRules = NAMES
    max_columns: int | None = None  # no page has one

    def fold(self, written: str) -> str:
        """identifiers-syntax: names without quotes are stored in upper case."""
        return self.names.fold(written)

    def name(self, stored: str) -> str:
        """Return the quoted name."""
        return name(stored)

    def table(self, table: Table) -> str:
        """Return database, schema and table, quoted."""
        return f"{name(self.database)}.{name(table.schema)}.{name(table.name)}"

    def literal(self, value: str | int | None) -> str:
        """Return the value as SQL."""
        return literal(value)

    def masked(self, text: str) -> str:
        """Return the text without the keys in it."""
        return masked(text)

    def schema_exists(self, schema: str) -> str:
        """Return the query for the schema."""
        return f"SELECT 1 FROM {name(self.database)}.information_schema.schemata WHERE schema_name = {literal(schema)}"

    def create_schema(self, schema: str) -> str:
        """Return the statement; IF NOT EXISTS because another run may come first."""
        return f"CREATE SCHEMA IF NOT EXISTS {name(self.database)}.{name(schema)}"

    def describe_table(self, table: Table) -> str:
        """Return the query for the columns."""
        return (
            "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, "
            f"is_nullable, column_default, comment FROM {name(self.database)}.information_schema.columns "
            f"WHERE table_schema = {literal(table.schema)} AND table_name = {literal(table.name)} "
            "ORDER BY ordinal_position"
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
        """Return the statement. No keys: Snowflake does not enforce them (constraints-overview)."""
        listed = ", ".join(_declared(column) for column in columns)
        return f"CREATE TABLE IF NOT EXISTS {self.table(table)} ({listed})"

    def add_column(self, table: Table, column: Column) -> str:
        """Return the statement."""
        return f"ALTER TABLE {self.table(table)} ADD COLUMN {_declared(column)}"

    def stored(self, column_type: ColumnType) -> ColumnType:
        """Return the type; data-types-numeric: every integer is NUMBER(38, 0), and text has no length of its own."""
        if column_type.kind is Kind.INTEGER:
            return ColumnType(Kind.DECIMAL, 38, 0)
        if column_type.kind is Kind.TEXT:
            return replace(column_type, max_bytes=None)
        return column_type

    def alter_type(self, table: Table, here: Column, new_type: ColumnType) -> str | None:
        """Return the statement; alter-table-column: a VARCHAR grows, and a NUMBER of the same scale."""
        grows = here.type.kind is new_type.kind is Kind.TEXT or (
            here.type.kind is new_type.kind is Kind.DECIMAL and here.type.scale == new_type.scale
        )
        if not grows:
            return None
        return f"ALTER TABLE {self.table(table)} ALTER COLUMN {name(here.name)} SET DATA TYPE {type_words(new_type)}"

    def drop_not_null(self, table: Table, column: str) -> str | None:
        """Return the statement."""
        return f"ALTER TABLE {self.table(table)} ALTER COLUMN {name(column)} DROP NOT NULL"

    def rename_column(self, table: Table, column: str, new_name: str) -> str:
        """Return the statement."""
        return f"ALTER TABLE {self.table(table)} RENAME COLUMN {name(column)} TO {name(new_name)}"

    def drop_column(self, table: Table, column: str) -> str:
        """Return the statement."""
        return f"ALTER TABLE {self.table(table)} DROP COLUMN {name(column)}"

    def comment_column(self, table: Table, column: str, comment: str) -> str:
        """Return the statement."""
        return f"COMMENT ON COLUMN {self.table(table)}.{name(column)} IS {literal(comment)}"

    def converted(self, value: str, old_type: ColumnType, new_type: ColumnType) -> str:
        """Return the expression; the session's time zone is UTC."""
        if old_type.kind is new_type.kind and old_type.kind is not Kind.DECIMAL:
            return value
        if new_type.kind is Kind.TEXT and old_type.kind in _TO_TEXT:
            return _TO_TEXT[old_type.kind].format(value=value)
        return f"CAST({value} AS {type_words(new_type)})"

    def contains(self, text: str, part: str) -> str:
        """Return the condition (functions/contains)."""
        return f"CONTAINS({text}, {literal(part)})"

    def create_view(self, view: Table, query: str) -> str:
        """Return the statement; the grants on the view that it replaces stay (sql/create-view)."""
        return f"CREATE OR REPLACE VIEW {self.table(view)} COPY GRANTS AS {query}"

    def drop_view(self, view: Table) -> str:
        """Return the statement."""
        return f"DROP VIEW IF EXISTS {self.table(view)}"

    def lock(self, table: Table, column: str) -> str:
        """Return an UPDATE that changes nothing: there is no LOCK, an UPDATE waits for another one until its COMMIT.

        sql-reference/transactions: a statement sees what was committed before it began. A MERGE that began, waited for
        another one and went on is such a statement; one that begins after this UPDATE has waited is none.
        """
        where, latest = self.table(table), name(self.fold(column))
        return f"UPDATE {where} SET {latest} = {latest} WHERE {latest} = (SELECT MAX({latest}) FROM {where})"

    def delete_rows(self, table: Table) -> str:
        """Return the statement; TRUNCATE would forget the load metadata (sql/truncate-table)."""
        return f"DELETE FROM {self.table(table)}"

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Snowflake takes the names of files in the statement."""
        return None

    def scratch_table(self, table: Table) -> str:
        """Return the quoted name."""
        return self.table(table)

    def create_scratch(self, table: Table, columns: Sequence[Column]) -> str:
        """Return the statement; the table is gone with the session (tables-temp-transient)."""
        listed = ", ".join(f"{name(column.name)} {type_words(column.type)}" for column in columns)
        return f"CREATE TEMPORARY TABLE {self.table(table)} ({listed})"

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return one COPY INTO for each 1,000 files (sql/copy-into-table)."""
        columns = ", ".join(name(column.name) for column in batch.columns)
        fields = ", ".join(
            field_expression(position, column.type, types[column.name])
            for position, column in enumerate(batch.columns, start=1)
        )
        names = [literal(file.key[len(self.prefix) :]) for file in batch.files]
        return [
            f"COPY INTO {into} ({columns}) FROM (SELECT {fields} FROM @{self.stage}/) "
            f"FILES = ({', '.join(names[start : start + MAX_FILES])}) "
            f"FILE_FORMAT = (FORMAT_NAME = {self.file_format}) ON_ERROR = ABORT_STATEMENT PURGE = FALSE"
            for start in range(0, len(names), MAX_FILES)
        ]

    def copied_rows(self, rows: Rows) -> int:
        """Return the rows of COPY's answer: a row per file, or one row that says that no file was processed."""
        return sum(int(row[3]) for row in rows if len(row) > 3)

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url
    ) -> BulkError:
        """Return the error with stream and table; Snowflake's own text has file, line and column."""
        return explain_copy(error, table)


def field_expression(position: int, written: ColumnType, stored: ColumnType) -> str:
    """Return the expression for the field at the position, as it was `written` and as it is `stored`."""
    field = f"${position}"
    if stored.kind is Kind.TEXT:
        return field
    if written.kind in (Kind.DATETIME, Kind.TIMESTAMP) and stored.kind is Kind.TIMESTAMPTZ:
        return _UTC_STAMP.format(field=field)
    kind = Kind.TIMESTAMP if written.kind is Kind.DATETIME else written.kind
    return _FIELDS.get(kind, "{field}").format(field=field)


def _declared(column: Column) -> str:
    comment = f" COMMENT {literal(column.comment)}" if column.comment is not None else ""
    return f"{name(column.name)} {type_words(column.type)}{comment}"


def _described_type(data_type: str, length: int | None, precision: int | None, scale: int | None) -> ColumnType:
    if data_type == "NUMBER":
        return ColumnType(Kind.DECIMAL, precision or 38, scale or 0)
    if data_type == "TEXT":
        # Characters are at least a byte each: what fits in bytes fits in characters.
        return ColumnType(Kind.TEXT, max_bytes=length or DEFAULT_VARCHAR_CHARACTERS)
    return ColumnType(_KINDS.get(data_type, Kind.OTHER))
