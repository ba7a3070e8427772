"""The views of INFORMATION_SCHEMA that the stand-in has, filled from its catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_warehouse.snowflake.bind.session import Names
from local_warehouse.snowflake.bind.table_functions import LOAD_HISTORY, load_history
from local_warehouse.snowflake.errors import no_object
from local_warehouse.snowflake.grammar.file_format import DEFAULTS
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.values.types import LTZ, MAX_VARCHAR, STAMPS, TEXT, T

_N = T("NUMBER", 9, 0)
# In the order of the pages; what is "not applicable for Snowflake", or for tables of this kind, is NULL.
COLUMNS: dict[str, T] = {
    **dict.fromkeys(("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME"), TEXT), "ORDINAL_POSITION": _N,
    "COLUMN_DEFAULT": TEXT, "IS_NULLABLE": TEXT, "DATA_TYPE": TEXT, "CHARACTER_MAXIMUM_LENGTH": _N,
    "CHARACTER_OCTET_LENGTH": _N, "NUMERIC_PRECISION": _N, "NUMERIC_PRECISION_RADIX": _N, "NUMERIC_SCALE": _N,
    "DATETIME_PRECISION": _N, "INTERVAL_TYPE": TEXT, "INTERVAL_PRECISION": _N,
    **dict.fromkeys(
        (
            "CHARACTER_SET_CATALOG", "CHARACTER_SET_SCHEMA", "CHARACTER_SET_NAME", "COLLATION_CATALOG",
            "COLLATION_SCHEMA", "COLLATION_NAME", "DOMAIN_CATALOG", "DOMAIN_SCHEMA", "DOMAIN_NAME", "UDT_CATALOG",
            "UDT_SCHEMA", "UDT_NAME", "SCOPE_CATALOG", "SCOPE_SCHEMA", "SCOPE_NAME",
        ),
        TEXT,
    ),
    "MAXIMUM_CARDINALITY": _N,
    **dict.fromkeys(
        (
            "DTD_IDENTIFIER", "IS_SELF_REFERENCING", "IS_IDENTITY", "IDENTITY_GENERATION", "IDENTITY_START",
            "IDENTITY_INCREMENT", "IDENTITY_MAXIMUM", "IDENTITY_MINIMUM", "IDENTITY_CYCLE", "IDENTITY_ORDERED",
            "SCHEMA_EVOLUTION_RECORD", "COMMENT", "DATA_TYPE_ALIAS", "EXPRESSION", "KIND",
        ),
        TEXT,
    ),
}  # fmt: skip
TABLES: dict[str, T] = {
    **dict.fromkeys(
        ("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_OWNER", "TABLE_TYPE", "IS_TRANSIENT", "CLUSTERING_KEY"),
        TEXT,
    ),
    "ROW_COUNT": T("NUMBER", 38, 0), "BYTES": T("NUMBER", 38, 0), "RETENTION_TIME": _N,
    **dict.fromkeys(
        (
            "SELF_REFERENCING_COLUMN_NAME", "REFERENCE_GENERATION", "USER_DEFINED_TYPE_CATALOG",
            "USER_DEFINED_TYPE_SCHEMA", "USER_DEFINED_TYPE_NAME", "IS_INSERTABLE_INTO", "IS_TYPED", "COMMIT_ACTION",
        ),
        TEXT,
    ),
    "CREATED": LTZ, "COMMENT": TEXT, "IS_TEMPORARY": TEXT, "IS_ICEBERG": TEXT, "IS_DYNAMIC": TEXT, "IS_HYBRID": TEXT,
}  # fmt: skip
SCHEMATA: dict[str, T] = {
    "CATALOG_NAME": TEXT, "SCHEMA_NAME": TEXT, "SCHEMA_OWNER": TEXT, "CREATED": LTZ, "COMMENT": TEXT,
}  # fmt: skip


VIEWS: dict[str, T] = {
    "TABLE_CATALOG": TEXT, "TABLE_SCHEMA": TEXT, "TABLE_NAME": TEXT, "TABLE_OWNER": TEXT, "VIEW_DEFINITION": TEXT,
    "CREATED": LTZ, "COMMENT": TEXT,
}  # fmt: skip
STAGES: dict[str, T] = {
    "STAGE_CATALOG": TEXT, "STAGE_SCHEMA": TEXT, "STAGE_NAME": TEXT, "STAGE_URL": TEXT, "STAGE_REGION": TEXT,
    "STAGE_TYPE": TEXT, "STAGE_OWNER": TEXT, "COMMENT": TEXT, "CREATED": LTZ,
}  # fmt: skip
_OPTIONS = (
    "RECORD_DELIMITER", "FIELD_DELIMITER", "SKIP_HEADER", "DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT",
    "BINARY_FORMAT", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD", "TRIM_SPACE", "FIELD_OPTIONALLY_ENCLOSED_BY", "NULL_IF",
    "COMPRESSION", "ERROR_ON_COLUMN_COUNT_MISMATCH",
)  # fmt: skip
FILE_FORMATS: dict[str, T] = {
    "FILE_FORMAT_CATALOG": TEXT, "FILE_FORMAT_SCHEMA": TEXT, "FILE_FORMAT_NAME": TEXT, "FILE_FORMAT_OWNER": TEXT,
    "FILE_FORMAT_TYPE": TEXT, **dict.fromkeys(_OPTIONS, TEXT), "COMMENT": TEXT,
}  # fmt: skip


def shown(type_: T) -> str:
    """DATA_TYPE of INFORMATION_SCHEMA.COLUMNS."""
    return "TEXT" if type_.kind == "VARCHAR" else type_.kind


def _column(entry: Entry, place: int, column: ColumnDef) -> list[Any]:
    type_ = column.type
    sized = type_.kind in ("VARCHAR", "BINARY")
    length = type_.size if sized else None
    octets = (min(type_.size * 4, MAX_VARCHAR) if type_.kind == "VARCHAR" else type_.size) if sized else None
    number = type_.kind == "NUMBER"
    return _filled(
        COLUMNS,
        TABLE_CATALOG=entry.database, TABLE_SCHEMA=entry.schema, TABLE_NAME=entry.name, COLUMN_NAME=column.name,
        ORDINAL_POSITION=place, COLUMN_DEFAULT=column.default, IS_NULLABLE=_yes(column.nullable),
        DATA_TYPE=shown(type_), CHARACTER_MAXIMUM_LENGTH=length, CHARACTER_OCTET_LENGTH=octets,
        NUMERIC_PRECISION=type_.size if number else None, NUMERIC_PRECISION_RADIX=10 if number else None,
        NUMERIC_SCALE=type_.scale if number else None,
        DATETIME_PRECISION=type_.size if type_.kind in STAMPS or type_.kind == "TIME" else None,
        IS_IDENTITY="NO", COMMENT=column.comment, KIND="COLUMN",
    )  # fmt: skip


def _filled(types: dict[str, T], **values: Any) -> list[Any]:
    """A row of a view; columns without a value are NULL."""
    return [values.get(name) for name in types]


def _yes(value: object) -> str:
    return "YES" if value else "NO"


def _table(session: Names, entry: Entry) -> list[Any]:
    is_table = entry.kind == "table"
    return _filled(
        TABLES,
        TABLE_CATALOG=entry.database, TABLE_SCHEMA=entry.schema, TABLE_NAME=entry.name, TABLE_OWNER=entry.owner,
        TABLE_TYPE=_table_type(entry), IS_TRANSIENT=_yes(entry.body.get("transient")),
        ROW_COUNT=session.row_count(entry) if is_table else None, RETENTION_TIME=1 if is_table else None,
        CREATED=nanoseconds(entry.created), COMMENT=entry.comment, IS_TEMPORARY=_yes(entry.session is not None),
        IS_ICEBERG="NO", IS_DYNAMIC="NO", IS_HYBRID="NO",
    )  # fmt: skip


def nanoseconds(seconds: float) -> int:
    return int(seconds * 1000) * 1_000_000


def view_rows(
    session: Names, database: str, view: str, demanded: Mapping[str, str]
) -> tuple[dict[str, T], list[list[Any]]]:
    """Column types and rows of an INFORMATION_SCHEMA view; SqlError if the stand-in does not have it.

    Rows of tables that `demanded` (column -> text) rules out may be left out: each row costs a line of SQL.
    """
    catalog = session.catalog
    around = catalog.find("database", "", "", database)
    if around is None or not session.sees(around):
        raise no_object("Database", quote(database))
    tables = [
        entry
        for kind in ("table", "view")
        for entry in catalog.all(kind, session.id)
        if entry.database == database
        and session.sees(entry)
        and demanded.get("TABLE_SCHEMA", entry.schema) == entry.schema
        and demanded.get("TABLE_NAME", entry.name) == entry.name
    ]
    if view == "COLUMNS":
        return COLUMNS, [_column(e, i + 1, c) for e in tables for i, c in enumerate(e.columns)]
    if view == "TABLES":
        return TABLES, [_table(session, entry) for entry in tables]
    if view == "SCHEMATA":
        return SCHEMATA, [
            [e.database, e.name, e.owner, nanoseconds(e.created), e.comment]
            for e in catalog.all("schema")
            if e.database == database and session.sees(e)
        ]
    if view == "LOAD_HISTORY":
        return LOAD_HISTORY, load_history(session, database)
    if view == "VIEWS":
        return VIEWS, [
            [e.database, e.schema, e.name, e.owner, e.body["text"], nanoseconds(e.created), e.comment]
            for e in tables
            if e.kind == "view"
        ]
    if view in ("STAGES", "FILE_FORMATS"):
        return _objects(session, database, view)
    raise no_object("Object", f"{quote(database)}.INFORMATION_SCHEMA.{quote(view)}")


def _objects(session: Names, database: str, view: str) -> tuple[dict[str, T], list[list[Any]]]:
    if view == "STAGES":
        return STAGES, [
            [
                e.database,
                e.schema,
                e.name,
                e.body["url"],
                "AWS",
                "External Named",
                e.owner,
                e.comment,
                nanoseconds(e.created),
            ]
            for e in session.catalog.all("stage")
            if e.database == database and session.sees(e)
        ]
    rows = []
    for e in session.catalog.all("format"):
        if e.database == database and session.sees(e):
            full = {**DEFAULTS, **e.body["options"]}
            rows.append(
                [
                    e.database,
                    e.schema,
                    e.name,
                    e.owner,
                    "CSV",
                    *(shown_option(full[name]) for name in _OPTIONS),
                    e.comment,
                ]
            )
    return FILE_FORMATS, rows


def shown_option(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _table_type(entry: Entry) -> str:
    if entry.kind == "view":
        return "VIEW"
    return "BASE TABLE" if entry.session is None else "TEMPORARY TABLE"
