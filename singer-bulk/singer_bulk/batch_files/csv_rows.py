"""CSV -> rows: RFC 4180 in UTF-8, to the letter, since what is read leniently may be a file that was cut off.

A comma separates, a quote inside quotes is doubled, a line ends in LF or CRLF. A field of nothing is null, one of two
quotes an empty text. Source: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from singer_bulk.batch_files.bytes_of import refused
from singer_bulk.errors import MessageError
from singer_bulk.errors.places import places
from singer_bulk.messages import MAX_LINE_BYTES
from singer_bulk.model.messages import Records

_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n)')
# Whatever else follows, no field begins so: text behind a closing quote, a quote inside of text, a CR alone.
_NO_FIELD = re.compile(r'"[^"]*(?:""[^"]*)*"(?:[^",\r\n]|\r[^\n])|[^",\r\n]+"|[^",\r\n]*\r[^\n]')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)

ROWS = 4096  # that are Python objects at once

Row = list[str | None]


def records_of_csv(
    stream: str, address: str, parts: Iterator[bytes], around: tuple[bytes, bytes], properties: Mapping[str, Any]
) -> Iterator[Records]:
    """Yield the records of a file; `properties`: what its columns mean, by their names. Raises BulkError."""
    rows, (head, tail) = rows_of_csv(address, parts), around
    header, number = _header_of(address, rows), places.begin(address, "row")
    columns = [(msgspec.json.encode(name) + b":", _cell_of(properties.get(name))) for name in header]
    while some := [*islice(rows, ROWS)]:
        lines = list[bytes]()
        for row in some:
            number += 1
            if len(row) != len(header):
                problem = f"has {len(row)} fields, and the header has {len(header)}"
                raise MessageError(number, problem, "write each row with all of its fields", code="IN-BATCH-ROW")
            cells = zip(columns, row, strict=True)
            members = [name + (b"null" if text is None else cell(text)) for (name, cell), text in cells]
            lines.append(head + b"{" + b",".join(members) + b"}" + tail)
        yield Records.of_lines(stream, lines, range(number + 1 - len(lines), number + 1))


def rows_of_csv(address: str, parts: Iterator[bytes]) -> Iterator[Row]:
    """Yield the rows, the header first; raises BulkError for what is no CSV, and at once where it is cut off."""
    waiting, row, at, count = "", Row(), 0, 0
    for text in _texts(address, parts):
        waiting, at = waiting[at:] + text, 0
        while found := _FIELD.match(waiting, at):
            quoted, plain, end = found.groups()
            row.append(plain or None if quoted is None else quoted.replace('""', '"'))
            at = found.end()
            if end != ",":
                yield row
                row, count = [], count + 1
        if _NO_FIELD.match(waiting, at) or len(waiting) - at > MAX_LINE_BYTES:
            break
    if at < len(waiting) or row:
        problem = f"is no CSV behind its first {count} rows, the header among them, or is cut off there"
        raise refused(address, problem, "a quote inside a field is doubled, and the field in quotes")


def _texts(address: str, parts: Iterator[bytes]) -> Iterator[str]:
    """Yield the text in parts, its last line with a line end; of a long field as much at once as has come before."""
    decode, last, gathered, seen = codecs.getincrementaldecoder("utf-8-sig")().decode, "\n", "", 0
    try:
        for part in parts:
            gathered += decode(part)
            if len(gathered) >= min(seen, 1 << 20):
                seen += len(gathered)
                last = gathered[-1:] or last
                yield gathered
                gathered = ""
        gathered += decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise refused(address, f"is not in UTF-8 ({error.reason})", "write it so") from error
    last = gathered[-1:] or last
    yield gathered + ("" if last == "\n" else "\n")


def _header_of(address: str, rows: Iterator[Row]) -> list[str]:
    """Return the names of the columns; raises BulkError where there are none, or two of one name."""
    header = [name or "" for name in next(rows, [])]
    if not header or "" in header:
        raise refused(address, "has no header", "its first line must name each column")
    if len(set(header)) < len(header):
        raise refused(address, "has two columns of one name", "give each its own")
    return header


def _cell_of(declared: Any) -> Callable[[str], bytes]:
    """Return what writes a text as the JSON that a property's part of the SCHEMA means.

    What cannot be meant so stays text, and is judged as the same text in a RECORD is.
    """
    named = declared.get("type", ()) if isinstance(declared, dict) else ()
    types = {named} if isinstance(named, str) else {*named}
    if not types or "string" in types:
        return msgspec.json.encode

    def written(text: str) -> bytes:
        if types & {"integer", "number"} and _NUMBER.fullmatch(text):
            return text.encode()
        if "boolean" in types and text in ("true", "false"):
            return text.encode()
        if types & {"object", "array"} and text[:1] in ("{", "["):
            try:
                msgspec.json.decode(text, type=msgspec.Raw)
            except msgspec.DecodeError:
                return msgspec.json.encode(text)
            return text.encode().replace(b"\n", b" ").replace(b"\r", b" ")
        return msgspec.json.encode(text)

    return written
