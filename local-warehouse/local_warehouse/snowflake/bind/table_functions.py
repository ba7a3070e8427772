"""TABLE(..) in FROM: FLATTEN, RESULT_SCAN, COPY_HISTORY, VALIDATE."""

from __future__ import annotations

import time
from typing import Any

from local_warehouse.snowflake.bind.casts import literal
from local_warehouse.snowflake.bind.results import Result
from local_warehouse.snowflake.bind.session import Names
from local_warehouse.snowflake.errors import SqlError, Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.types import LTZ, SEMI, STAMPS, TEXT, T, number

N = number(38, 0)
LOAD_HISTORY: dict[str, T] = {
    "SCHEMA_NAME": TEXT, "FILE_NAME": TEXT, "TABLE_NAME": TEXT, "LAST_LOAD_TIME": LTZ, "STATUS": TEXT, "ROW_COUNT": N,
    "ROW_PARSED": N, "FIRST_ERROR_MESSAGE": TEXT, "FIRST_ERROR_LINE_NUMBER": N, "FIRST_ERROR_CHARACTER_POSITION": N,
    "FIRST_ERROR_COL_NAME": TEXT, "ERROR_COUNT": N, "ERROR_LIMIT": N,
}  # fmt: skip
COPY_HISTORY: dict[str, T] = {
    "FILE_NAME": TEXT, "STAGE_LOCATION": TEXT, "LAST_LOAD_TIME": LTZ, "ROW_COUNT": N, "ROW_PARSED": N, "FILE_SIZE": N,
    "FIRST_ERROR_MESSAGE": TEXT, "FIRST_ERROR_LINE_NUMBER": N, "FIRST_ERROR_CHARACTER_POS": N,
    "FIRST_ERROR_COLUMN_NAME": TEXT, "ERROR_COUNT": N, "ERROR_LIMIT": N, "STATUS": TEXT, "TABLE_CATALOG_NAME": TEXT,
    "TABLE_SCHEMA_NAME": TEXT, "TABLE_NAME": TEXT, "PIPE_CATALOG_NAME": TEXT, "PIPE_SCHEMA_NAME": TEXT,
    "PIPE_NAME": TEXT,
    "PIPE_RECEIVED_TIME": LTZ, "FIRST_COMMIT_TIME": LTZ, "BYTES_BILLED": N,
}  # fmt: skip
_DAYS_14 = 14 * 86_400
_COLUMNS = (
    "table_id, file, size, status, rows_parsed, rows_loaded, loaded_at, errors_seen, error_limit, first_error, "
    "first_error_line, first_error_character, first_error_column, stage_location"
)


def _loads(session: Names, where: str) -> list[Any]:
    """Load metadata of the last 14 days, newest first."""
    since = time.time() - _DAYS_14
    return session.work.query(
        f"SELECT {_COLUMNS} FROM sf_loads WHERE loaded_at >= {since!r} AND {where} ORDER BY loaded_at DESC LIMIT 10000"
    )


def load_history(session: Names, database: str) -> list[list[Any]]:
    """Rows of INFORMATION_SCHEMA.LOAD_HISTORY."""
    tables = {e.id: e for e in session.catalog.all("table", session.id) if e.database == database and session.sees(e)}
    return [
        [
            tables[r[0]].schema, r[1], tables[r[0]].name, int(r[6] * 1000) * 1_000_000, r[3], r[5], r[4], r[9], r[10],
            r[11], r[12], r[7], r[8],
        ]
        for r in _loads(session, "TRUE")
        if r[0] in tables
    ]  # fmt: skip


def copy_history(session: Names, call: ast.Call) -> list[list[Any]]:
    """Rows of TABLE(INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => .., START_TIME => ..)); START_TIME is not looked at
    below 14 days, it must be given."""
    name = call.named.get("TABLE_NAME")
    if not isinstance(name, ast.Text) or "START_TIME" not in call.named:
        raise compilation("COPY_HISTORY needs TABLE_NAME => '..' and START_TIME => ..", 938)
    if unknown := set(call.named) - {"TABLE_NAME", "START_TIME", "END_TIME"}:
        raise Unsupported(f"COPY_HISTORY with {min(unknown)}")
    entry = session.find("table", session.parser(name.value).qualified())
    shown = {"LOADED": "Loaded", "LOAD_FAILED": "Load failed", "PARTIALLY_LOADED": "Partially loaded"}
    return [
        [
            r[1].removeprefix(r[13]).lstrip("/"), r[13].rstrip("/") + "/",
            int(r[6] * 1000) * 1_000_000, r[5], r[4], r[2], r[9], r[10], r[11], r[12],
            r[7], r[8], shown[r[3]], entry.database, entry.schema, entry.name, None, None, None, None, None, None,
        ]
        for r in _loads(session, f"table_id = {entry.id}")
    ]  # fmt: skip


def result_scan(session: Names, call: ast.Call, query_ids: list[str]) -> Result:
    """The result that TABLE(RESULT_SCAN('<id>' | LAST_QUERY_ID())) means."""
    if len(call.args) != 1:
        raise compilation("RESULT_SCAN needs a query id", 938)
    argument = call.args[0]
    if isinstance(argument, ast.Call) and argument.name == "LAST_QUERY_ID" and not argument.args:
        query_id = query_ids[-1] if query_ids else ""
    elif isinstance(argument, ast.Text):
        query_id = argument.value
    else:
        raise Unsupported("RESULT_SCAN of an expression")
    found = session.results.get(query_id)
    if found is None:
        raise SqlError(f"Result for query {query_id} has expired or does not exist", 709, "02000")
    return found


def from_wire(text: str | None, type_: T) -> str:
    """A value of a result as DuckDB SQL in stored form."""
    kind = type_.kind
    if text is None:
        return f"CAST(NULL AS {type_.stored})"
    if kind == "DATE":
        return f"(DATE '1970-01-01' + {int(text)})"
    if kind == "TIMESTAMP_TZ":
        seconds, _, offset = text.partition(" ")
        return f"CAST('{_nanoseconds(seconds) * 4096 + int(offset)}' AS HUGEINT)"
    if kind == "TIME" or kind in STAMPS:
        return f"CAST('{_nanoseconds(text)}' AS {type_.stored})"
    if kind == "BINARY":
        return f"unhex('{text}')"
    if kind in SEMI:
        return f"sf_parse_json({literal(text)})"
    return f"CAST({literal(text)} AS {type_.stored})"


def _nanoseconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    return sign * (int(whole) * 1_000_000_000 + int(fraction.ljust(9, "0") or 0))
