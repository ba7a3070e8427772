"""The views of INFORMATION_SCHEMA that the stand-in has, filled from its catalog."""

from __future__ import annotations

from typing import Any

from local_warehouse.snowflake.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.errors import no_object
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
    raise no_object("Object", f"{quote(database)}.INFORMATION_SCHEMA.{quote(view)}")


def _table_type(entry: Entry) -> str:
    if entry.kind == "view":
        return "VIEW"
    return "BASE TABLE" if entry.session is None else "LOCAL TEMPORARY"
