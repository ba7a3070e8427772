"""VALIDATION_MODE of COPY: what would be loaded, or every error, and nothing is loaded."""

from __future__ import annotations

import re
from typing import Any

from local_warehouse.s3.objects import Found
from local_warehouse.snowflake.bind.results import COPY, Result, wire
from local_warehouse.snowflake.bind.scope import OutColumn
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.copy.columns import Plan
from local_warehouse.snowflake.copy.files import convert_all, error_in_file
from local_warehouse.snowflake.errors import compilation, invalid_parameter
from local_warehouse.snowflake.store.stages import Location
from local_warehouse.snowflake.values.types import TEXT, number

N = number(38, 0)
ERRORS = {
    "ERROR": TEXT, "FILE": TEXT, "LINE": N, "CHARACTER": N, "BYTE_OFFSET": N, "CATEGORY": TEXT, "CODE": N,
    "SQL_STATE": TEXT, "COLUMN_NAME": TEXT, "ROW_NUMBER": N, "ROW_START_LINE": N,
}  # fmt: skip


def read_mode(text: str) -> str:
    """RETURN_ERRORS, RETURN_ALL_ERRORS or RETURN_<n>_ROWS."""
    mode = text.upper()
    if mode in ("RETURN_ERRORS", "RETURN_ALL_ERRORS") or re.fullmatch(r"RETURN_[1-9]\d*_ROWS", mode):
        return mode
    raise invalid_parameter("VALIDATION_MODE", text)


def run(
    session: Session, plan: Plan, location: Location, files: list[tuple[str, Found]], options: dict[str, Any], mode: str
) -> Result:
    """The result of a COPY that only validates."""
    if plan.transformation is not None:
        raise compilation("VALIDATION_MODE does not support a COPY with a transformation", 1192, "0A000")
    if mode.endswith("ERRORS"):
        return _errors(session, plan, location, files, options)
    return _rows(session, plan, location, files, options, int(mode.split("_")[1]))


def _errors(
    session: Session, plan: Plan, location: Location, files: list[tuple[str, Found]], options: dict[str, Any]
) -> Result:
    rows: list[list[str | None]] = []
    for name, file in files:
        _, errors = convert_all(session, plan, location, file, options)
        for one in errors:
            category = "parsing" if one.column is None else "conversion"
            values = [
                one.message, name, one.line, one.character, None, category, one.code, "22000", one.column, one.row,
                one.line,
            ]  # fmt: skip
            rows.append([None if value is None else str(value) for value in values])
    return Result(list(ERRORS), list(ERRORS.values()), rows, COPY)


def _rows(
    session: Session,
    plan: Plan,
    location: Location,
    files: list[tuple[str, Found]],
    options: dict[str, Any],
    count: int,
) -> Result:
    columns = [OutColumn(c.name, c.duck, c.type) for c in plan.entry.columns]
    listed = ", ".join(f"{wire(column)}" for column in columns)
    found: list[Any] = []
    for _, file in files:
        if len(found) >= count:
            break
        table, errors = convert_all(session, plan, location, file, options)
        if errors and errors[0].row <= count - len(found):
            one = errors[0]
            raise error_in_file(one, location.url(file.key))
        restored = f"SELECT {plan.restore_as} FROM validated"
        found += session.work.query(
            f"SELECT {listed} FROM ({restored}) LIMIT {count - len(found)}", {"validated": table}
        )
    return Result([c.name for c in columns], [c.type for c in columns], found, COPY)
