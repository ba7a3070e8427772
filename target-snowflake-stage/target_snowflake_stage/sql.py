"""The SQL of Snowflake: pure functions from what we mean to its words.

Pages are those of https://docs.snowflake.com/en/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules
from singer_bulk.warehouse.dialect import Read, Rows, Session, TypeTable, Url
from singer_bulk.warehouse.words import MAX_CATALOG_ROWS, among, literal, name

from target_snowflake_stage.copy_errors import explain_copy
from target_snowflake_stage.copy_into import copies_into
from target_snowflake_stage.table_layout import clustered_by
from target_snowflake_stage.types import TYPES

# identifiers-syntax: 255 characters; names without quotes are stored in upper case, and so are all of ours.
# reserved-keywords: what "cannot be used as column name (reserved by ANSI)", which quotes do not change (error 002318,
# https://github.com/airbytehq/airbyte/issues/76262); the other words of that page need quotes, which all names have.
NAMES = NameRules(
    upper_case=True,
    max_characters=255,
    kept_columns=frozenset(
        ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP")
    ),
)

# What stands behind these words is a key, whatever is in it; one that is cut off has no end.
_SECRETS = re.compile(
    r"((?:AWS_KEY_ID|AWS_SECRET_KEY|AWS_TOKEN|PASSWORD|TOKEN)\s*=\s*)'(?:[^'\\]|\\.|'')*(?:'|\\?$)",
    re.IGNORECASE | re.DOTALL,
)


def masked(text: str) -> str:
    """Return the text of a statement or an error without the keys in it."""
    return _SECRETS.sub(r"\1'***'", text)


# Objects that are missing or may not be seen answer alike.
DOES_NOT_EXIST = "2003"
# https://docs.snowflake.com/en/sql-reference/sql/show-columns
MAX_SHOWN = 10_000
_COLUMNS = (
    "column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default, "
    "comment"
)
_SHOWN = {
    "timestamp": "YYYY-MM-DD HH24:MI:SS.FF9",
    "instant": "YYYY-MM-DD HH24:MI:SS.FF9TZH:TZM",
    "time": "HH24:MI:SS.FF9",
}
QUERIED = 8  # columns of the query for a table's columns; DESC TABLE has more
# A text with a collation shows it behind its length, which INFORMATION_SCHEMA does not.
# https://docs.snowflake.com/en/sql-reference/collation
_SHOWN_TYPE = re.compile(r"([A-Z_0-9 ]+?)(?:\((\d+)(?:, ?(\d+))?\))?(?: COLLATE .*)?")


def _catalog_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what DESC TABLE says of a column in the order of `Dialect.describe_table`."""
    column, shown, _, null, default = row[:5]
    match = _SHOWN_TYPE.fullmatch(str(shown))
    kind, size, scale = match.groups() if match else (str(shown), None, None)
    length, precision = (None, int(size)) if size and kind == "NUMBER" else (int(size) if size else None, None)
    return column, kind, length, precision, int(scale or 0), "YES" if null == "Y" else "NO", default, row[9]


# The types that SHOW COLUMNS calls otherwise than DESC does; a text's length is that in characters (sql/show-columns).
_SHOWN_KINDS = {"FIXED": "NUMBER", "REAL": "FLOAT"}


def _shown_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what SHOW COLUMNS says of a column: table, schema, name, type as JSON, null?, default, two others and
    comment.

    Whether it may be NULL is in the JSON too, where it is true or false and not words.
    """
    column, shown, default, comment = row[2], json.loads(row[3]), row[5], row[8]
    kind = _SHOWN_KINDS.get(shown["type"], shown["type"])
    precision = shown.get("precision") if kind == "NUMBER" else None
    null = "YES" if shown.get("nullable", True) else "NO"
    return column, kind, shown.get("length"), precision, shown.get("scale") or 0, null, default or None, comment or None


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

    copies_at_once: int = 1

    copy_count: str | None = None  # COPY INTO answers with a row for each file

    view_in_grant: str = "VIEW"  # sql/grant-privilege
    json_in_expressions: bool = True  # functions/coalesce: of any type
    locks_rows: bool = True
    tells_written: bool = True  # sql/insert, sql/update, sql/delete, sql/merge

    ddl_is_transactional: bool = False  # sql-reference/transactions: each DDL commits
    comments_inline: bool = True
    drops_not_null: bool = True
    temporary: str = "OR REPLACE TEMPORARY"  # tables-temp-transient, sql/create-table
    replaces_scratch: bool = True
    # sql/create-view: the grants on the view that it replaces stay.
    view_clauses: tuple[str, str] = (" COPY GRANTS", "")
    names: NameRules = NAMES
    types: TypeTable = TYPES
    max_columns: int | None = None  # no page has one

    def fold(self, written: str) -> str:
        """identifiers-syntax: names without quotes are stored in upper case."""
        return self.names.fold(written)

    def table(self, table: Table) -> str:
        """Return database, schema and table, quoted."""
        return f"{name(self.database)}.{name(table.schema)}.{name(table.name)}"

    def masked(self, text: str) -> str:
        """Return the text without the keys in it."""
        return masked(text)

    def schema_exists(self, schema: str) -> str:
        """Return the query for the schema."""
        return f"SELECT 1 FROM {name(self.database)}.information_schema.schemata WHERE schema_name = {literal(schema)}"

    def create_schema(self, schema: str) -> str:
        """Return the statement; IF NOT EXISTS because another run may come first."""
        return f"CREATE SCHEMA IF NOT EXISTS {name(self.database)}.{name(schema)}"

    def drop_schema(self, schema: str) -> str:
        """Return the statement (sql/drop-schema)."""
        return f"DROP SCHEMA IF EXISTS {name(self.database)}.{name(schema)} CASCADE"

    before_reading: str | None = None

    def read_back(self, value: str, means: str) -> str:
        """Return text for what Python's types cut: nanoseconds (functions/to_char)."""
        shown = _SHOWN.get(means)
        return value if shown is None else f"TO_VARCHAR({value}, '{shown}')"

    def describe_table(self, table: Table) -> str:
        """sql/desc-table: it needs no warehouse, INFORMATION_SCHEMA would wake one."""
        return f"DESC TABLE {self.table(table)}"

    def describe_schema(self, schema: str) -> Sequence[tuple[str, int]]:
        """sql/show-columns: it needs no warehouse, and answers with 10,000 rows at most; then that page refers to
        INFORMATION_SCHEMA."""
        query = (
            f"SELECT table_name, {_COLUMNS} FROM {name(self.database)}.information_schema.columns "
            f"WHERE table_schema = {literal(schema)} ORDER BY table_name, ordinal_position LIMIT {MAX_CATALOG_ROWS}"
        )
        return [(f"SHOW COLUMNS IN SCHEMA {name(self.database)}.{name(schema)}", MAX_SHOWN), (query, MAX_CATALOG_ROWS)]

    def schema_rows(self, rows: Rows) -> Rows:
        """Return what SHOW COLUMNS shows, or the query asks for."""
        return [row if len(row) == 1 + QUERIED else (row[0], *_shown_row(row)) for row in rows]

    def describe_in_transaction(self, tables: Sequence[Table]) -> str:
        """Return a query: DESC is listed with DDL (sql-ddl-summary), and DDL commits; the warehouse is awake anyway."""
        return (
            f"SELECT table_schema, table_name, {_COLUMNS} FROM {name(self.database)}.information_schema.columns "
            f"WHERE {among(tables)} ORDER BY table_schema, table_name, ordinal_position"
        )

    def catalog_rows(self, rows: Rows) -> Rows:
        """Return the columns that DESC TABLE shows (name, type, kind, null?, default, four others, comment)."""
        return [row if len(row) == QUERIED else _catalog_row(row) for row in rows]

    def is_missing(self, error: WarehouseError) -> bool:
        """Return whether DESC says that there is no such table, or that it may not be seen."""
        return error.sql_code == DOES_NOT_EXIST

    def ask_properties(self, tables: Sequence[Table]) -> list[str]:
        """sql/show-tables: it needs no warehouse, and shows 10,000 tables at most."""
        schemas = dict.fromkeys(table.schema for table in tables)
        return [f"SHOW TABLES IN SCHEMA {name(self.database)}.{name(schema)}" for schema in schemas]

    def shown_properties(self, answers: Sequence[Rows]) -> dict[Table, dict[str, str]]:
        """Return what SHOW TABLES shows: name, schema, kind, cluster_by and retention_time."""
        return {
            Table(row[3], row[1]): {
                "CLUSTER BY": clustered_by(str(row[6] or "")),
                "kind": str(row[4]),
                "retention_time": str(row[10]),
            }
            for rows in answers
            for row in rows
        }

    def view_marks(self, schema: str, views: Sequence[str]) -> str | None:
        """sql/create-view: a view is replaced in one step, and no page has it wait for readers."""
        return None

    def show_view(self, view: Table) -> str:
        """sql/show-views: it needs no warehouse; STARTS WITH has no wildcards."""
        return f"SHOW VIEWS IN SCHEMA {name(self.database)}.{name(view.schema)} STARTS WITH {literal(view.name)}"

    def view_text(self, rows: Rows, view: Table) -> str | None:
        """Return the text of the row with this name: the second field and the eighth."""
        return next((str(row[7] or "") for row in rows if row[1] == view.name), None)

    def type_clause(self, old_type: ColumnType, new_type: ColumnType) -> str | None:
        """alter-table-column: a VARCHAR grows, and a NUMBER of the same scale."""
        kind, same_scale = new_type.kind, old_type.scale == new_type.scale
        grows = kind is old_type.kind and (kind is Kind.TEXT or (kind is Kind.DECIMAL and same_scale))
        return f"SET DATA TYPE {TYPES.declared(new_type)}" if grows else None

    def contains(self, text: str, part: str) -> str:
        """Return the condition (functions/contains)."""
        return f"CONTAINS({text}, {literal(part)})"

    def lock(self, tables: Sequence[tuple[Table, str]]) -> list[str]:
        """Return UPDATEs that change nothing: there is no LOCK, an UPDATE waits for another one until its COMMIT.

        sql-reference/transactions: a statement sees what was committed before it began. A MERGE that began, waited for
        another one and went on is such a statement; one that begins after this UPDATE has waited is none.
        """
        return [self._lock(self.table(table), name(column)) for table, column in tables]

    def _lock(self, where: str, latest: str) -> str:
        return f"UPDATE {where} SET {latest} = {latest} WHERE {latest} = (SELECT MAX({latest}) FROM {where})"

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Snowflake takes the names of files in the statement."""
        return None

    def scratch_table(self, table: Table) -> str:
        """Return the quoted name."""
        return self.table(table)

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return one COPY INTO for each 1,000 files; all that it depends on is stated in it."""
        return copies_into(into, str(self.stage), self.prefix, batch.columns, types, batch)

    def copied_rows(self, rows: Rows) -> int:
        """Return the rows of COPY's answer: a row per file, or one row that says that no file was processed."""
        return sum(int(row[3]) for row in rows if len(row) > 3)

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url, read: Read
    ) -> BulkError:
        """Return the error, told by the record; Snowflake's own text has file, line and column."""
        return explain_copy(error, table, batch, read)
