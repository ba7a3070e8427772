"""A row that COPY refuses, told by the record that it came from: stream, line of the input, property, value, remedy.

The warehouse names file, line and column. A text in a row may have line ends of its own, so the row is found by reading
the file again, where that is allowed; what is in the file is then what is told. Which line of the input it was, is kept
with the file (`model/input_lines.py`).
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from singer_bulk.errors import BulkError, CommitError, WarehouseError, shown
from singer_bulk.errors.places import places
from singer_bulk.model.columns import Column
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, StagedFile, TableLoad
from singer_bulk.warehouse.dialect import Read

logger = logging.getLogger(__name__)

GZIP = 31  # zlib's window bits for one gzip member

# Kind of a column -> the setting that lets values of it in, where the table is made anew.
_HELP = {
    Kind.TEXT: "give it more room by 'columns': {{{property}: \"varchar(n)\"}}, or by maxLength in the SCHEMA",
    Kind.JSON: "json_as_text keeps documents as they were sent, in text columns",
    Kind.DATE: "invalid_datetime: text keeps dates as they were sent",
    Kind.TIME: "invalid_datetime: text keeps times as they were sent",
    Kind.TIMESTAMP: "invalid_datetime: text keeps date-times as they were sent",
    Kind.TIMESTAMPTZ: "invalid_datetime: text keeps date-times as they were sent",
    Kind.DECIMAL: "'columns': {{{property}: \"text\"}} keeps the digits that were sent",
    Kind.DOUBLE: "'columns': {{{property}: \"text\"}} keeps the digits that were sent",
}


@dataclass(frozen=True)
class CopyFault:
    """What the warehouse says. line: of the file, from 1; row: the same, where it counts rows; limit: the column's type
    in its words."""

    key: str
    line: int
    reason: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    limit: str = ""


def fault_error(
    fault: CopyFault, error: WarehouseError, table: TableLoad, batch: ClosedBatch, read: Read, *, code: str
) -> CommitError:
    """Return the error that tells the record."""
    file = next((one for one in batch.files if one.key == fault.key), None)
    row, fields = _found(fault, file, read)
    at = next((place for place, one in enumerate(batch.columns) if one.name == fault.column), None)
    column = batch.columns[at] if at is not None else None
    value = fields[at] if fields is not None and at is not None and at < len(fields) else fault.value
    lines = file.lines.of(row - 1) if file is not None and file.lines is not None and row is not None else None
    got = "" if value is None else f", got {_value(value, batch)}"
    return CommitError(
        f"stream {table.stream!r}{_lines(lines)}: COPY into {table.table} refuses{_column(column, fault)}: "
        f"{fault.reason}{got}; {_help(column)}; it is line {fault.line} of {fault.key}",
        code=code,
        sql_code=error.sql_code,
    )


def _lines(lines: tuple[int, int] | None) -> str:
    if lines is None:
        return ""
    return f", {places.text(lines[0])}" if lines[0] == lines[1] else f", one of {places.span(*lines)}"


def _column(column: Column | None, fault: CopyFault) -> str:
    if fault.column is None:
        return " a row"
    limit = f" ({fault.limit})" if fault.limit else ""
    of = "" if column is None or column.property is None else f" of property {column.property!r}"
    return f" column {fault.column!r}{limit}{of}"


def _value(value: str, batch: ClosedBatch) -> str:
    return "NULL" if value in (_NULL, batch.null.decode()) and value else shown(value)


def _help(column: Column | None) -> str:
    text = None if column is None or column.property is None else _HELP.get(column.type.kind)
    remedy = "" if text is None or column is None else f"{text.format(property=shown(column.property))}; "
    return f"{remedy}the value was checked before, so compare the column's type with docs/types.md, and report it"


def _found(fault: CopyFault, file: StagedFile | None, read: Read) -> tuple[int | None, list[str] | None]:
    """Return the number of the row, from 1, and its fields; None where the file cannot be read."""
    if file is None:
        return fault.row, None
    try:
        return _row_at(read(file.key), fault.line)
    except (BulkError, OSError, zlib.error) as problem:
        logger.debug("%s cannot be read again: %s", file.key, problem)
        return fault.row, None


def _row_at(parts: Iterable[bytes], line: int) -> tuple[int | None, list[str] | None]:
    """Return the row that a line of the file belongs to; one row is in memory at a time."""
    number, quotes, row = 1, 0, bytearray()
    for at, text in enumerate(_file_lines(parts), start=1):
        row += text
        quotes += text.count(b'"')
        if quotes % 2:
            continue  # the line ends inside of a text
        if at >= line:
            return number, fields_of(bytes(row[:-1]).decode("utf-8", "replace"))
        number, quotes, row = number + 1, 0, bytearray()
    return None, None


def _file_lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a gzip file, each with its end."""
    unpack, rest = zlib.decompressobj(GZIP), b""
    for part in parts:
        *whole, rest = (rest + unpack.decompress(part)).split(b"\n")
        for line in whole:
            yield line + b"\n"


_NULL = "\0null"


def fields_of(row: str) -> list[str]:
    """Return the fields of a row as their texts; an empty one without quotes is NULL (docs/file-format.md)."""
    fields, at = [], 0
    while at <= len(row):
        if row.startswith('"', at):
            end = at + 1
            while row.startswith('""', end := row.index('"', end)):
                end += 2
            fields.append(row[at + 1 : end].replace('""', '"'))
            at = end + 2
        else:
            end = row.find("|", at)
            end = len(row) if end < 0 else end
            fields.append(row[at:end] or _NULL)
            at = end + 1
    return fields
