"""The views of INFORMATION_SCHEMA that the stand-in has, filled from its catalog."""

from __future__ import annotations

from typing import Any

from local_warehouse.snowflake.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.errors import no_object
from local_warehouse.snowflake.file_format import DEFAULTS
from local_warehouse.snowflake.types import LTZ, MAX_VARCHAR, STAMPS, TEXT, T

_N = T("NUMBER", 9, 0)
COLUMNS: dict[str, T] = {
    "TABLE_CATALOG": TEXT, "TABLE_SCHEMA": TEXT, "TABLE_NAME": TEXT, "COLUMN_NAME": TEXT, "ORDINAL_POSITION": _N,
    "COLUMN_DEFAULT": TEXT, "IS_NULLABLE": TEXT, "DATA_TYPE": TEXT, "CHARACTER_MAXIMUM_LENGTH": _N,
    "CHARACTER_OCTET_LENGTH": _N, "NUMERIC_PRECISION": _N, "NUMERIC_PRECISION_RADIX": _N, "NUMERIC_SCALE": _N,
    "DATETIME_PRECISION": _N, "COLLATION_NAME": TEXT, "IS_IDENTITY": TEXT, "COMMENT": TEXT,
}  # fmt: skip
TABLES: dict[str, T] = {
    "TABLE_CATALOG": TEXT, "TABLE_SCHEMA": TEXT, "TABLE_NAME": TEXT, "TABLE_OWNER": TEXT, "TABLE_TYPE": TEXT,
    "IS_TRANSIENT": TEXT, "ROW_COUNT": T("NUMBER", 38, 0), "CREATED": LTZ, "COMMENT": TEXT,
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
    return [
        entry.database, entry.schema, entry.name, column.name, place, column.default,
        "YES" if column.nullable else "NO", shown(type_), length, octets,
        type_.size if number else None, 10 if number else None, type_.scale if number else None,
        type_.size if type_.kind in STAMPS or type_.kind == "TIME" else None, None, "NO", column.comment,
    ]  # fmt: skip


def nanoseconds(seconds: float) -> int:
    return int(seconds * 1000) * 1_000_000


def view_rows(session: Any, database: str, view: str) -> tuple[dict[str, T], list[list[Any]]]:
    """Column types and rows of an INFORMATION_SCHEMA view; SqlError if the stand-in does not have it."""
    catalog = session.catalog
    if catalog.find("database", "", "", database) is None:
        raise no_object("Database", quote(database))
    tables = [
        entry for kind in ("table", "view") for entry in catalog.all(kind, session.id) if entry.database == database
    ]
    if view == "COLUMNS":
        return COLUMNS, [_column(e, i + 1, c) for e in tables for i, c in enumerate(e.columns)]
    if view == "TABLES":
        return TABLES, [
            [
                e.database, e.schema, e.name, e.owner, _table_type(e), "YES" if e.body.get("transient") else "NO",
                session.row_count(e) if e.kind == "table" else None, nanoseconds(e.created), e.comment,
            ]
            for e in tables
        ]  # fmt: skip
    if view == "SCHEMATA":
        return SCHEMATA, [
            [e.database, e.name, e.owner, nanoseconds(e.created), e.comment]
            for e in catalog.all("schema")
            if e.database == database
        ]
    if view == "LOAD_HISTORY":
        from local_warehouse.snowflake.table_functions import LOAD_HISTORY, load_history

        return LOAD_HISTORY, load_history(session, database)
    if view == "VIEWS":
        return VIEWS, [
            [e.database, e.schema, e.name, e.owner, e.body["text"], nanoseconds(e.created), e.comment]
            for e in tables
            if e.kind == "view"
        ]
    if view in ("STAGES", "FILE_FORMATS"):
        return _objects(catalog, database, view)
    raise no_object("Object", f"{quote(database)}.INFORMATION_SCHEMA.{quote(view)}")


def _objects(catalog: Any, database: str, view: str) -> tuple[dict[str, T], list[list[Any]]]:
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
            for e in catalog.all("stage")
            if e.database == database
        ]
    rows = []
    for e in catalog.all("format"):
        if e.database == database:
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
    return "BASE TABLE" if entry.session is None else "LOCAL TEMPORARY"
