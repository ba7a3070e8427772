"""The SQL of Amazon Redshift: pure functions from what we mean to its words.

Pages are those of https://docs.aws.amazon.com/redshift/latest/dg/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules
from singer_bulk.warehouse.dialect import Read, Rows, Session, TypeTable, Url
from singer_bulk.warehouse.words import MAX_CATALOG_ROWS, among, listed, literal, name

from target_redshift_copy.copy_access import CopyAccess, masked
from target_redshift_copy.copy_errors import explain_copy
from target_redshift_copy.shown_layout import ask_columns, ask_styles, shown_layout
from target_redshift_copy.types import TYPES

# r_STV_SLICES: a row for each slice of the cluster, visible to all users; Serverless refuses it.
COUNT_SLICES = "SELECT COUNT(*) FROM stv_slices"

# r_names: 127 bytes, letters fold to lower case even in quotes; the columns every table has (r_names, r_ALTER_TABLE).
NAMES = NameRules(
    upper_case=False,
    max_bytes=127,
    kept_columns=frozenset(("oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")),
)


_COLUMNS = (
    "column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default, "
    "remarks"
)


@dataclass(frozen=True)
class Redshift:
    """The dialect, and what COPY is allowed with."""

    access: CopyAccess
    # PG_LAST_COPY_COUNT: the rows of the last COPY of this session; COPY's own answer has no count.
    copies_at_once: int = 1  # docs/decisions/0013-copies-side-by-side.md
    copy_count: str | None = "SELECT pg_last_copy_count()"

    view_in_grant: str = "TABLE"  # r_GRANT
    json_in_expressions: bool = False  # r_COALESCE and r_NVL_function do not speak of SUPER
    locks_rows: bool = False  # r_LOCK: the table itself
    tells_written: bool = False  # r_MERGE does not say what it answers

    # r_ALTER_TABLE: all but ALTER COLUMN TYPE, which must stand alone.
    ddl_is_transactional: bool = True
    comments_inline: bool = False
    drops_not_null: bool = False  # r_ALTER_TABLE has no such clause
    temporary: str = "TEMP"
    replaces_scratch: bool = False  # r_CREATE_TABLE_NEW has no OR REPLACE
    # r_CREATE_VIEW: bound late, a view is in the way of no change of its table.
    view_clauses: tuple[str, str] = ("", " WITH NO SCHEMA BINDING")
    names: NameRules = NAMES
    types: TypeTable = TYPES
    max_columns: int | None = 1600  # r_CREATE_TABLE_usage

    def fold(self, written: str) -> str:
        """r_names: names are stored in lower case, even when they are quoted."""
        return self.names.fold(written)

    def table(self, table: Table) -> str:
        """Return schema and table, quoted."""
        return f"{name(table.schema)}.{name(table.name)}"

    def masked(self, text: str) -> str:
        """Return the text without the keys in it."""
        return masked(text)

    def schema_exists(self, schema: str) -> str:
        """Return the query for the schema."""
        return f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(schema)}"

    def create_schema(self, schema: str) -> str:
        """Return the statement; IF NOT EXISTS because another run may come first."""
        return f"CREATE SCHEMA IF NOT EXISTS {name(schema)}"

    def drop_schema(self, schema: str) -> str:
        """Return the statement (r_DROP_SCHEMA)."""
        return f"DROP SCHEMA IF EXISTS {name(schema)} CASCADE"

    # r_extra_float_digits: a double is shown with 15 digits unless it is told to show all.
    before_reading: str | None = "SET extra_float_digits TO 2"

    def read_back(self, value: str, means: str) -> str:
        """Return the value: the driver shows microseconds, as Redshift has them."""
        return value

    def describe_table(self, table: Table) -> str:
        """Return the query for the columns (SVV_COLUMNS)."""
        return f"SELECT {_COLUMNS} FROM svv_columns WHERE {among([table])} ORDER BY ordinal_position"

    def describe_schema(self, schema: str) -> Sequence[tuple[str, int]]:
        """Return the same query for all tables."""
        query = (
            f"SELECT table_name, {_COLUMNS} FROM svv_columns WHERE table_schema = {literal(schema)} "
            f"ORDER BY table_name, ordinal_position LIMIT {MAX_CATALOG_ROWS}"
        )
        return [(query, MAX_CATALOG_ROWS)]

    def schema_rows(self, rows: Rows) -> Rows:
        """Return them as they are."""
        return rows

    def describe_in_transaction(self, tables: Sequence[Table]) -> str:
        """Return the same query for some tables."""
        return (
            f"SELECT table_schema, table_name, {_COLUMNS} FROM svv_columns WHERE {among(tables)} "
            "ORDER BY table_schema, table_name, ordinal_position"
        )

    def catalog_rows(self, rows: Rows) -> Rows:
        """Return them as they are: the queries ask for them in order."""
        return rows

    def is_missing(self, error: WarehouseError) -> bool:
        """A table that is missing has no rows in SVV_COLUMNS."""
        return False

    def ask_properties(self, tables: Sequence[Table]) -> list[str]:
        """Return the queries: r_SVV_REDSHIFT_COLUMNS has keys and encodings, r_PG_CLASS_INFO the style; both show a
        user what is his own. SVV_TABLE_INFO is for superusers."""
        return [ask_columns(tables), ask_styles(tables)]

    def shown_properties(self, answers: Sequence[Rows]) -> dict[Table, dict[str, str]]:
        """Return what they show."""
        return shown_layout(*answers)

    def view_marks(self, schema: str, views: Sequence[str]) -> str | None:
        """Return the query for the comments (SVV_TABLES)."""
        names = ", ".join(map(literal, views))
        return (
            f"SELECT table_name, remarks FROM svv_tables WHERE table_schema = {literal(schema)} "
            f"AND table_name IN ({names})"
        )

    def show_view(self, view: Table) -> str:
        """r_SHOW_VIEW: late-binding views are shown, too."""
        return f"SHOW VIEW {self.table(view)}"

    def view_text(self, rows: Rows, view: Table) -> str | None:
        """Return the only field of the answer."""
        return str(rows[0][0]) if rows else None

    def type_clause(self, old_type: ColumnType, new_type: ColumnType) -> str | None:
        """r_ALTER_TABLE: only a VARCHAR grows, and outside a transaction."""
        return f"TYPE {TYPES.declared(new_type)}" if old_type.kind is new_type.kind is Kind.TEXT else None

    def contains(self, text: str, part: str) -> str:
        """Return the condition (r_POSITION)."""
        return f"POSITION({literal(part)} IN {text}) > 0"

    def lock(self, tables: Sequence[tuple[Table, str]]) -> list[str]:
        """Return the statement; the snapshot is taken at the first statement behind it (c_serial_isolation, r_LOCK)."""
        return [f"LOCK {', '.join(self.table(table) for table, _ in tables)}"] if tables else []

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Return the manifest: a prefix would also match other files (loading-data-files-using-manifest)."""
        entries = [{"url": url(file.key), "mandatory": True} for file in batch.files]
        return json.dumps({"entries": entries}).encode()

    def scratch_table(self, table: Table) -> str:
        """Return the quoted name; a temporary table has no schema of its own choosing (r_CREATE_TABLE_NEW)."""
        return name(table.name)

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return the COPY.

        CSV, DELIMITER, QUOTE: copy-parameters-data-format. NULL AS: copy-parameters-data-conversion. MANIFEST, REGION:
        copy-parameters-data-source-s3. GZIP: copy-parameters-file-compression. COMPUPDATE: copy-parameters-data-load.
        STATUPDATE is left out: then COPY needs INSERT only, and an empty table gets statistics, so that a MERGE knows
        how large the scratch table is.
        """
        assert manifest_key is not None
        columns = listed(column.name for column in batch.columns)
        region = f"REGION AS {literal(self.access.region)} " if self.access.region else ""
        return [
            f"COPY {into} ({columns}) FROM {literal(url(manifest_key))} {self.access.clause} "
            f"MANIFEST {region}FORMAT AS CSV DELIMITER AS '|' QUOTE AS '\"' NULL AS {literal(batch.null.decode())} "
            "GZIP COMPUPDATE OFF"
        ]

    def copied_rows(self, rows: Rows) -> int:
        """Return the answer of pg_last_copy_count()."""
        return int(rows[0][0])

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url, read: Read
    ) -> BulkError:
        """Return the error with what the load error tables say of the batch's files."""
        return explain_copy(session, error, table, batch, url, read)
