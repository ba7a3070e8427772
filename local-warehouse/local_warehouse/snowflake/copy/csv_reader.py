"""CSV bytes to rows, by Snowflake's documented options.

One pass, character by character, exact about every option; `csv_quick` is a faster road for the common shape.
https://docs.snowflake.com/en/sql-reference/sql/copy-into-table (format type options)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local_warehouse.snowflake.errors import SqlError


@dataclass
class RowError:
    """A record that cannot be read: its record number, line, character and byte offset, all of the record's start."""

    row: int
    line: int
    character: int
    message: str
    code: int = 100016
    column: str | None = None


@dataclass
class Parsed:
    """The rows of a file; `lines[i]` is the line at which record i begins."""

    rows: list[list[str | None]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    parsed: int = 0


@dataclass
class _Field:
    text: str
    enclosed: bool
    raw: str = ""  # before escapes were taken out


class _Reader:
    def __init__(self, text: str, options: dict[str, Any]) -> None:
        self.text = text
        self.size = len(text)
        self.fields: str | None = options["FIELD_DELIMITER"]
        self.record: str | None = options["RECORD_DELIMITER"]
        self.quote: str | None = options["FIELD_OPTIONALLY_ENCLOSED_BY"]
        self.escape: str | None = options["ESCAPE"]
        self.escape_plain: str | None = options["ESCAPE_UNENCLOSED_FIELD"]
        self.trim: bool = options["TRIM_SPACE"]
        self.nulls = set(options["NULL_IF"])
        self.empty_null: bool = options["EMPTY_FIELD_AS_NULL"]
        self.skip_blank: bool = options["SKIP_BLANK_LINES"]
        self.multi_line: bool = options["MULTI_LINE"]
        self.at = 0

    def record_end(self, at: int) -> int:
        """Length of the record delimiter at this place, 0 if none. A newline is logical: CR LF is one too."""
        if self.record is None:
            return 0
        if self.record == "\n":
            if self.text.startswith("\r\n", at):
                return 2
            return 1 if self.text[at] == "\n" else 0
        return len(self.record) if self.text.startswith(self.record, at) else 0

    def plain_field(self) -> str:
        out: list[str] = []
        text, size = self.text, self.size
        while self.at < size:
            here = text[self.at]
            if here == self.escape_plain and self.at + 1 < size:
                out.append(_unescape(text[self.at + 1]))
                self.at += 2
                continue
            if (self.fields and text.startswith(self.fields, self.at)) or self.record_end(self.at):
                break
            out.append(here)
            self.at += 1
        return "".join(out)

    def enclosed_field(self) -> str:
        """After the opening quote; ValueError(message) for what may not stand there."""
        out: list[str] = []
        text, size, quote = self.text, self.size, self.quote
        while self.at < size:
            here = text[self.at]
            if here == self.escape and self.escape != quote and self.at + 1 < size:
                out.append(_unescape(text[self.at + 1]))
                self.at += 2
            elif here == quote:
                if text.startswith(quote, self.at + 1):
                    out.append(here)
                    self.at += 2
                    continue
                self.at += 1
                return "".join(out)
            elif not self.multi_line and self.record_end(self.at):
                raise ValueError("End of record reached inside an enclosed field; MULTI_LINE is FALSE")
            else:
                out.append(here)
                self.at += 1
        raise ValueError("End of file reached while looking for the closing enclosure")

    def one_field(self) -> _Field:
        start = self.at
        if self.quote and self.trim:
            while self.at < self.size and self.text[self.at] in " \t":
                self.at += 1
        if self.quote and self.text.startswith(self.quote, self.at):
            self.at += 1
            value = self.enclosed_field()
            if self.trim:
                while self.at < self.size and self.text[self.at] in " \t":
                    self.at += 1
            if self.at < self.size and not (
                (self.fields and self.text.startswith(self.fields, self.at)) or self.record_end(self.at)
            ):
                expected = "field delimiter" if self.fields else "record delimiter"
                raise ValueError(
                    f"Found character '{self.text[self.at]}' instead of {expected} "
                    f"'{_shown(self.fields or self.record)}'"
                )
            return _Field(value, True)
        self.at = start
        value = self.plain_field()
        raw = self.text[start : self.at]
        if self.trim:
            value, raw = value.strip(" \t"), raw.strip(" \t")
        return _Field(value, False, raw)

    def value(self, one: _Field) -> str | None:
        # The default \N is meant as it stands in the file, backslash and all.
        if one.text in self.nulls or (one.raw and one.raw in self.nulls):
            return None
        if one.text == "" and not one.enclosed and self.empty_null:
            return None
        return one.text


def _shown(text: str | None) -> str:
    return (text or "").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


def _unescape(character: str) -> str:
    return _SIMPLE.get(character, character)


def parse(text: str, options: dict[str, Any], stop_at_error: bool = True) -> Parsed:
    """All records of a decoded file. The first unreadable one ends the reading if `stop_at_error`."""
    reader = _Reader(text, options)
    found = Parsed()
    line = 1 + skip_header(reader, options["SKIP_HEADER"])
    while reader.at < reader.size:
        start, start_line = reader.at, line
        if (width := reader.record_end(reader.at)) and not (reader.fields is None and not reader.skip_blank):
            if not reader.skip_blank:
                found.parsed += 1
                found.errors.append(
                    RowError(found.parsed, start_line, 0, "End of record reached while expected to parse column")
                )
                if stop_at_error:
                    return found
            reader.at += width
            line += 1
            continue
        found.parsed += 1
        row: list[str | None] = []
        try:
            _record(reader, row)
        except ValueError as error:
            found.errors.append(RowError(found.parsed, start_line, reader.at - start + 1, str(error)))
            if stop_at_error:
                return found
            _resynchronise(reader)
        else:
            found.rows.append(row)
            found.numbers.append(found.parsed)
            found.lines.append(start_line)
        line += max(1, text.count("\n", start, reader.at)) if reader.record == "\n" else 1
    return found


def _record(reader: _Reader, row: list[str | None]) -> None:
    while True:
        row.append(reader.value(reader.one_field()))
        if reader.at >= reader.size:
            return
        if reader.fields and reader.text.startswith(reader.fields, reader.at):
            reader.at += len(reader.fields)
            if reader.at >= reader.size:
                row.append(reader.value(_Field("", False)))
                return
            continue
        reader.at += reader.record_end(reader.at)
        return


def _resynchronise(reader: _Reader) -> None:
    while reader.at < reader.size:
        if width := reader.record_end(reader.at):
            reader.at += width
            return
        reader.at += 1


def skip_header(reader: _Reader, count: int) -> int:
    """Skip `count` lines, whatever the quoting and the record delimiter; returns how many were there."""
    skipped = 0
    while skipped < count and reader.at < reader.size:
        end = reader.text.find("\n", reader.at)
        reader.at = reader.size if end < 0 else end + 1
        skipped += 1
    return skipped


def decode(data: bytes, options: dict[str, Any]) -> str:
    """Bytes to text; SqlError for bytes that are not text in the encoding."""
    from local_warehouse.snowflake.grammar.file_format import ENCODINGS

    codec = ENCODINGS[options["ENCODING"]]
    errors = "replace" if options["REPLACE_INVALID_CHARACTERS"] else "strict"
    try:
        text = data.decode(codec, errors)
    except UnicodeDecodeError as error:
        bad = data[error.start : error.start + 8].hex().upper()
        what = "UTF8" if codec == "utf-8" else options["ENCODING"]
        raise SqlError(f"Invalid {what} detected in string '0x{bad}'", 100144, "22000") from None
    if text.startswith("\ufeff") and options["SKIP_BYTE_ORDER_MARK"]:
        return text[1:]
    return text
