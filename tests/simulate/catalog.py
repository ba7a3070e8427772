"""What the catalogs of the two warehouses say of tables."""

from __future__ import annotations

import re

from tests.simulate.engine import Row, Table
from tests.simulate.tables import Tables

NAME = re.compile(r'"([^"]+)"')
TEXTS = re.compile(r"'((?:[^']|'')*)'")
_TYPE = re.compile(r"([A-Z_ ]+)(?:\((\d+)(?:, (\d+))?\))?")
# The words of Redshift's catalog for what DDL says.
_DESCRIBED = {
    "BIGINT": "bigint", "DECIMAL": "numeric", "DOUBLE PRECISION": "double precision", "VARCHAR": "character varying",
    "BOOLEAN": "boolean", "TIMESTAMPTZ": "timestamp with time zone", "TIMESTAMP": "timestamp without time zone",
}  # fmt: skip


def catalog(tables: Tables, schema: str, sql: str) -> list[Row]:
    """Return the answer to a question for the columns of tables, or for a schema."""
    if "schemata" in sql:
        return [(1,)]
    committed = {name: table for name, table in tables.committed.items() if name[0] != "@"}
    if sql.startswith("DESC TABLE"):
        return [*_described(tables, tables.demand(NAME.findall(sql)[0]))]
    if sql.startswith("SHOW") or "LIMIT" in sql:  # all of a schema
        return [(name, *row) for name, table in sorted(committed.items()) for row in _described(tables, table)]
    texts = TEXTS.findall(sql)
    found = [
        (name, row) for name in sorted({*texts[1:]} & committed.keys()) for row in _described(tables, committed[name])
    ]
    with_names = sql.startswith("SELECT table_schema")
    return [(schema, name, *row) if with_names else row for name, row in found]


def _described(tables: Tables, table: Table) -> list[Row]:
    rows: list[Row] = []
    for name, declared in table.columns:
        match = _TYPE.fullmatch(declared)
        assert match, declared
        kind, first, second = match[1], match[2], match[3]
        words = _DESCRIBED[kind] if tables.redshift else kind
        length = int(first) if kind == "VARCHAR" and first else None
        precision = int(first) if kind in ("DECIMAL", "NUMBER") and first else None
        rows.append((name, words, length, precision, int(second or 0), "YES", None, None))
    return rows
