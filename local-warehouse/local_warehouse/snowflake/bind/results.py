"""What goes back to a client: typed columns and rows in the connectors' JSON encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from local_warehouse.snowflake.bind.scope import OutColumn
from local_warehouse.snowflake.values.types import SEMI, TEXT, T, number

# Statement types as the connectors know them: they count rows of the DML ones.
SELECT, INSERT, UPDATE, DELETE, MERGE = 0x1000, 0x3100, 0x3200, 0x3300, 0x3400
TCL, DDL, SHOW, SET = 0x5000, 0x6000, 0x4800, 0x4000
COPY = SELECT  # its rows are files; what the service sends is not documented


@dataclass
class Result:
    names: list[str]
    types: list[T]
    rows: Sequence[Sequence[str | None]]
    statement_type: int = DDL
    nullable: list[bool] = field(default_factory=list)


def status(message: str, statement_type: int = DDL) -> Result:
    return Result(["status"], [TEXT], [[message]], statement_type)


def counts(names: Sequence[str], values: Sequence[int], statement_type: int) -> Result:
    """What DML returns: `number of rows inserted` and its kin."""
    columns = [f"number of {name}" for name in names]
    return Result(columns, [number(19, 0)] * len(columns), [[str(value) for value in values]], statement_type)


def listing(types: dict[str, T], rows: Sequence[Sequence[Any]], statement_type: int = SHOW) -> Result:
    """Rows the stand-in makes itself; values are in wire form or None."""
    cooked = [[None if value is None else str(value) for value in row] for row in rows]
    return Result(list(types), list(types.values()), list(cooked), statement_type)


def _seconds(x: str, digits: int) -> str:
    """Nanoseconds as decimal seconds with `digits` decimals."""
    whole = f"CASE WHEN {x} < 0 THEN '-' ELSE '' END || CAST(abs({x}) // 1000000000 AS VARCHAR)"
    if digits == 0:
        return whole
    return f"{whole} || '.' || left(lpad(CAST(abs({x}) % 1000000000 AS VARCHAR), 9, '0'), {digits})"


def wire(column: OutColumn) -> str:
    """A DuckDB expression that writes the column as the JSON protocol wants it."""
    x, kind = column.duck, column.type.kind
    if kind == "BOOLEAN":
        return f"CASE WHEN {x} THEN '1' WHEN NOT {x} THEN '0' END"
    if kind == "DATE":
        return f"CAST({x} - DATE '1970-01-01' AS VARCHAR)"
    if kind == "TIMESTAMP_TZ":
        return f"{_seconds(f'sf_floor({x}, 4096)', column.type.size)} || ' ' || CAST(sf_mod({x}, 4096) AS VARCHAR)"
    if kind in ("TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ"):
        return _seconds(x, column.type.size)
    if kind == "BINARY":
        return f"hex({x})"
    if kind in SEMI:
        return f"sf_pretty({x})"
    return f"CAST({x} AS VARCHAR)"
