"""One file of a COPY: bytes to rows to converted columns, and what ON_ERROR makes of the errors."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow

from local_warehouse.s3.objects import Found
from local_warehouse.snowflake.bind.casts import literal
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.copy.columns import Plan
from local_warehouse.snowflake.copy.csv_quick import quick_table
from local_warehouse.snowflake.copy.csv_reader import Parsed, RowError, decode, parse
from local_warehouse.snowflake.copy.decompress import decompress
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.store.engine import translate
from local_warehouse.snowflake.store.stages import STAGE_FAILURE, Location


@dataclass
class FileLoad:
    """What became of one file: a row of the result, a row of the load metadata, and its rows."""

    name: str
    file: Found | None
    status: str
    rows_parsed: int = 0
    rows_loaded: int = 0
    error_limit: int = 1
    errors_seen: int = 0
    first_error: str | None = None
    first_error_line: int | None = None
    first_error_character: int | None = None
    first_error_column: str | None = None
    table: Any = None

    def row(self) -> list[str | None]:
        values = [
            self.name, self.status, self.rows_parsed, self.rows_loaded, self.error_limit, self.errors_seen,
            self.first_error, self.first_error_line, self.first_error_character, self.first_error_column,
        ]  # fmt: skip
        return [None if value is None else str(value) for value in values]

    def record(self, table_id: int, location: Location) -> str:
        assert self.file is not None
        url = location.url(self.file.key)
        values = [
            table_id, url, self.file.etag, self.file.size_bytes, self.status, self.rows_parsed, self.rows_loaded,
            time.time(),
            self.file.modified, self.errors_seen, self.error_limit, self.first_error, self.first_error_line,
            self.first_error_character, self.first_error_column, location.url(location.stage_prefix),
        ]  # fmt: skip
        listed = ", ".join("NULL" if v is None else literal(v) if isinstance(v, str) else repr(v) for v in values)
        return f"INSERT INTO sf_loads VALUES ({listed})"


@dataclass
class _Rows:
    """The readable records of a file as an Arrow table, beside the unreadable ones."""

    table: Any
    parsed: int
    errors: list[RowError]
    lines: list[int] | None  # the line of each row; None if line = row


def load_file(
    session: Session,
    plan: Plan,
    location: Location,
    name: str,
    file: Found,
    options: dict[str, Any],
    on_error: str,
) -> FileLoad:
    """Read and convert a file; under ABORT_STATEMENT the first error is raised."""
    abort = on_error == "ABORT_STATEMENT"
    shown = location.url(file.key)
    try:
        data = decompress(location.read(file), options["COMPRESSION"], file.key)
        rows = read_rows(data, options, plan.width, plan.fields, stop_at_error=abort, even=plan.transformation is None)
    except SqlError as error:
        if error.code == STAGE_FAILURE:
            raise
        if abort:
            raise error_in_file(RowError(1, 1, 1, error.message, error.code), shown) from None
        return FileLoad(name, file, "LOAD_FAILED", 0, 0, 1, 1, error.message, 1, 1)
    if rows.errors and abort:
        raise error_in_file(rows.errors[0], shown)
    bad: list[RowError] = []
    try:
        converted = _Converter(session, plan, location, file, rows).quickly()
    except SqlError:
        if rows.lines is None:  # the fast road does not know where a record begins
            rows = read_rows(
                data,
                options,
                plan.width,
                plan.fields,
                stop_at_error=abort,
                quick=False,
                even=plan.transformation is None,
            )
        converted, bad = _Converter(session, plan, location, file, rows).carefully()
        if bad and abort:
            raise error_in_file(bad[0], shown) from None
    return _judge(
        FileLoad(name, file, "LOADED", rows.parsed), converted, sorted(rows.errors + bad, key=_place), on_error
    )


def convert_all(
    session: Session, plan: Plan, location: Location, file: Found, options: dict[str, Any]
) -> tuple[Any, list[RowError]]:
    """The rows of a file that convert, and every error."""
    data = decompress(location.read(file), options["COMPRESSION"], file.key)
    rows = read_rows(data, options, plan.width, plan.fields, stop_at_error=False, quick=False, even=True)
    table, bad = _Converter(session, plan, location, file, rows).carefully()
    return table, sorted(rows.errors + bad, key=_place)


def _place(error: RowError) -> tuple[int, int]:
    return error.row, error.character


def _judge(load: FileLoad, table: Any, errors: list[RowError], on_error: str) -> FileLoad:
    """Fill in the outcome by ON_ERROR."""
    load.errors_seen = len(errors)
    load.error_limit = max(1, load.rows_parsed) if on_error == "CONTINUE" else 1
    limit = re.fullmatch(r"SKIP_FILE_(\d+)(%?)", on_error)
    if limit:
        count = int(limit.group(1))
        load.error_limit = max(1, load.rows_parsed * count // 100) if limit.group(2) else count
    if errors:
        first = errors[0]
        load.first_error, load.first_error_line = first.message, first.line
        load.first_error_character, load.first_error_column = first.character, first.column
        percent = limit is not None and limit.group(2) == "%"
        if percent and limit is not None:
            skip = len(errors) * 100 > load.rows_parsed * int(limit.group(1))
        else:
            skip = on_error != "CONTINUE" and len(errors) >= load.error_limit
        if skip or table.num_rows == 0:
            load.status = "LOAD_FAILED"
            return load
        load.status = "PARTIALLY_LOADED"
    load.table, load.rows_loaded = table, table.num_rows
    return load


def error_in_file(error: RowError, file: str) -> SqlError:
    """A COPY error with its place, and the advice that Snowflake appends."""
    where = (
        f"{error.message}\n  File '{file}', line {error.line}, character {error.character}\n"
        f"  Row {error.row}, column {error.column or ''}"
    )
    return SqlError(
        f"{where}\n  If you would like to continue loading when an error is encountered, use other values such as "
        "'SKIP_FILE' or 'CONTINUE' for the ON_ERROR option. For more information on loading options, please run "
        "'info loading_data' in a SQL client.",
        error.code,
        "22000",
    )


def read_rows(
    data: bytes,
    options: dict[str, Any],
    width: int | None,
    fields: int,
    stop_at_error: bool,
    quick: bool = True,
    even: bool = False,
) -> _Rows:
    """Decode and parse; every row gets at least `fields` fields, the missing ones NULL.

    `even`: all records must have one length, "regardless of ERROR_ON_COLUMN_COUNT_MISMATCH".
    """
    table = quick_table(data, options) if quick else None
    if table is not None and (width is None or table.num_columns == width):
        for i in range(table.num_columns, fields):
            table = table.append_column(f"_{i + 1}", pyarrow.nulls(table.num_rows, pyarrow.string()))
        numbers = pyarrow.array(range(1, table.num_rows + 1), pyarrow.int64())
        return _Rows(table.append_column("sf_row", numbers), table.num_rows, [], None)
    return _table(parse(decode(data, options), options, stop_at_error), width, fields, even)


def _table(parsed: Parsed, width: int | None, fields: int, even: bool) -> _Rows:
    errors, rows, lines = list(parsed.errors), [], []
    first = len(parsed.rows[0]) if parsed.rows else 0
    for row, number, line in zip(parsed.rows, parsed.numbers, parsed.lines, strict=True):
        if width is not None and len(row) != width:
            message = (
                f"Number of columns in file ({len(row)}) does not match that of the corresponding table ({width}), "
                "use file format option error_on_column_count_mismatch=false to ignore this error"
            )
            errors.append(RowError(number, line, 1, message, 100080))
            continue
        if even and len(row) != first:
            message = f"Number of columns in record ({len(row)}) differs from that of the file's first record ({first})"
            errors.append(RowError(number, line, 1, message, 100080))
            continue
        rows.append(row)
        lines.append((number, line))
    errors.sort(key=_place)
    most = max([fields, *(len(row) for row in rows)], default=fields)
    columns = {
        f"_{i + 1}": pyarrow.array([row[i] if i < len(row) else None for row in rows], pyarrow.string())
        for i in range(most)
    }
    table = pyarrow.table(columns) if columns else pyarrow.table({"_1": pyarrow.nulls(len(rows), pyarrow.string())})
    table = table.append_column("sf_row", pyarrow.array([number for number, _ in lines], pyarrow.int64()))
    return _Rows(table, parsed.parsed, errors, [line for _, line in lines])


class _Converter:
    """Runs the plan's expressions over the rows of a file, on a cursor of its own."""

    def __init__(self, session: Session, plan: Plan, location: Location, file: Found, rows: _Rows) -> None:
        self.session, self.plan = session, plan
        self.table = rows.table
        if rows.lines is not None:
            self.table = self.table.append_column("sf_line", pyarrow.array(rows.lines, pyarrow.int64()))
        now = plan.context.facts["now"] if plan.context is not None else 0
        stamp = int(file.modified * 1000) * 1_000_000
        self.source = (
            f"(SELECT *, {literal(file.key)} AS sf_name, {literal(file.etag)} AS sf_etag, "
            f"CAST({stamp} AS HUGEINT) AS sf_modified, CAST({now} AS HUGEINT) AS sf_scan FROM sf_file) f"
        )

    def _run(self, sql: str, table: Any) -> Any:
        cursor = self.session.engine.cursor()
        try:
            cursor.register("sf_file", table)
            return cursor.execute(sql).to_arrow_table()
        except duckdb.Error as error:
            raise translate(error) from error
        finally:
            cursor.close()

    def quickly(self) -> Any:
        """All rows converted; SqlError if any value cannot be."""
        listed = ", ".join(f"{value} AS {duck}" for value, duck in zip(self.plan.values, self.plan.ducks, strict=True))
        return self._run(f"SELECT {listed} FROM {self.source}", self.table)

    def carefully(self) -> tuple[Any, list[RowError]]:
        """The rows that convert, and an error for each that does not."""
        tests = ", ".join(f"TRY({{'v': {value}}}) IS NULL AS b{i}" for i, value in enumerate(self.plan.values))
        flags = self._run(f"SELECT {tests} FROM {self.source}", self.table).to_pydict()
        count = self.table.num_rows
        bad_column = [
            next((i for i in range(len(self.plan.values)) if flags[f"b{i}"][row]), None) for row in range(count)
        ]
        good = pyarrow.array([column is None for column in bad_column], pyarrow.bool_())
        errors = [self._explain(row, column) for row, column in enumerate(bad_column) if column is not None]
        self.table = self.table.filter(good)
        return self.quickly(), errors

    def _explain(self, row: int, column: int) -> RowError:
        one = self.table.slice(row, 1)
        entry = self.plan.entry
        target = next(c for c in entry.columns if c.duck == self.plan.ducks[column])
        place = f'"{entry.name}"["{target.name}":{column + 1}]'
        message, code = "the value cannot be converted", 100038
        try:
            self._run(f"SELECT {self.plan.values[column]} AS v FROM {self.source}", one)
        except SqlError as error:
            message, code = error.message, error.code
        line, number = one.column("sf_line")[0].as_py(), one.column("sf_row")[0].as_py()
        source = self.plan.sources[column]
        character = 1
        if source is not None:
            before = [one.column(f"_{i}")[0].as_py() or "" for i in range(1, int(source[1:]))]
            character = 1 + sum(len(text) + 1 for text in before)
        return RowError(number, line, character, message, code, place)
