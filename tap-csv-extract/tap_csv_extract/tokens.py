r"""The exact reader: bytes of a file -> rows with their fields, their bytes and their physical line.

It knows every dialect, keeps the place of each row, and says what is wrong with a row that it cannot read.
The fast reader (`blocks.py`) is used where it gives the same answer; this one is the reference, and Python's
csv module is the reference for this one. It differs from csv.reader on purpose in three points: an unquoted
null marker becomes None, text after a closing quote is refused ('"ab"cd'; csv.reader joins it to 'abcd'), and
a quote that is never closed is refused where csv.reader swallows the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tap_csv_extract.dialect import Dialect

LINE_END = re.compile(rb"\r\n|\n|\r")
# A line of more bytes is read field by field, a row of more fields not to its end: each takes forty bytes and more.
LONG_LINE = 1 << 20
MOST_FIELDS = 1 << 20
LONG_TEXT = 1 << 12  # of more bytes numpy counts the line ends in a tenth of the time


@dataclass(frozen=True)
class Row:
    """One row: `fields` (None is NULL), its place in the buffer, the physical lines it covers."""

    fields: list[bytes | None]
    start: int
    end: int  # past the line end
    line: int  # of its first byte, counted from the `first_line` given
    lines: int
    fault: str | None = None  # why it cannot be read; then `fields` is empty

    @property
    def blank(self) -> bool:
        """Whether it is no row but a blank line or a comment."""
        return not self.fields and not self.fault


class Tokenizer:
    """Reads the rows of a buffer by one dialect. Holds no state between buffers."""

    def __init__(self, dialect: Dialect, blank_is_row: bool = False) -> None:
        """`blank_is_row`: in a file of one column a blank line is a row whose field is empty."""
        self._blank_is_row = blank_is_row
        self._delimiter = dialect.delimiter.encode()
        self._quote = dialect.quote.encode() if dialect.quote else None
        self._escape = dialect.escape.encode() if dialect.escape else None
        self._double_quote = dialect.double_quote
        self._comment = dialect.comment.encode() if dialect.comment else None
        self._nulls = frozenset(value.encode() for value in dialect.null_values)
        delimiter = re.escape(self._delimiter)
        # With `(?:..)*` instead of a search from mark to mark, `re` would keep a hundred bytes for each mark.
        pair = re.escape(self._escape) + rb".?|" if self._escape else b""
        self._unquoted_marks = re.compile(pair + delimiter + rb"|[\r\n]", re.DOTALL)
        self._quoted_marks = re.compile(pair + re.escape(self._quote) + rb"+", re.DOTALL) if self._quote else None
        self._unescape = re.compile(re.escape(self._escape) + rb"(.)", re.DOTALL) if self._escape else None

    def rows(self, data: bytes, first_line: int, final: bool) -> Iterator[Row]:
        """Yield the rows that are complete in `data`; blank and comment lines are left out.

        `final` says that nothing follows `data`: only then is a last row without a line end complete, and only
        then is an open quote a fault. A caller that keeps `data[row.end:]` of the last row loses nothing.
        """
        return (row for row in self.rows_and_blanks(data, first_line, final) if not row.blank)

    def rows_and_blanks(self, data: bytes, first_line: int, final: bool) -> Iterator[Row]:
        """Yield blank and comment lines as well."""
        position, line = 0, first_line
        while position < len(data):
            row = self._simple_row(data, position, line) or self._row(data, position, line, final)
            if row is None:
                return
            yield row
            position, line = row.end, line + row.lines

    def _simple_row(self, data: bytes, start: int, line: int) -> Row | None:
        """Read a line in which no mark but the delimiter counts; None if it is not known to be one. Only for speed."""
        end = data.find(b"\n", start) + 1
        if end == 0 or end - start > LONG_LINE or self._escape or self._comment:
            return None
        text = data[start : end - 1]
        if text.endswith(b"\r"):
            text = text[:-1]
        if not text or b"\r" in text:
            return None
        parts = text.split(self._delimiter)
        if self._quote and self._quote in text and any(part.startswith(self._quote) for part in parts):
            return None
        nulls = self._nulls
        return Row([None if part in nulls else part for part in parts], start, end, line, 1)

    def _row(self, data: bytes, start: int, line: int, final: bool) -> Row | None:
        if self._comment and data.startswith(self._comment, start):
            return self._to_line_end(data, start, line, final, fault=None)
        fields: list[bytes | None] = []
        position = start
        while True:
            if self._quote and data.startswith(self._quote, position):
                close = self._quoted_end(data, position + 1)
                if close is None:
                    return self._open_quote(data, start, line, final)
                fields.append(self._text(data[position + 1 : close], quoted=True))
                position = close + 1
            else:
                raw = data[position : self._unquoted_end(data, position)]
                position += len(raw)
                fields.append(None if raw in self._nulls else self._text(raw, quoted=False))
            if len(fields) > MOST_FIELDS:
                return self._to_line_end(data, start, line, final, f"has more than {MOST_FIELDS} fields", position)
            if data.startswith(self._delimiter, position):
                position += len(self._delimiter)
                continue
            end = self._line_end(data, position, final)
            if end == position and position < len(data):
                if self._undecided(data, position, final):
                    return None
                reason = f"text follows a closing quote in field {len(fields)}"
                if data[position - 2 : position - 1] == b"\\" and not self._escape:
                    reason += ", which a backslash stands before"
                return self._to_line_end(data, start, line, final, fault=reason, scan=position)
            if end < 0:
                return None
            if position == start and not self._blank_is_row:  # nothing stands in this line
                fields = []
            return Row(fields, start, end, line, _line_count(data, start, end))

    def _quoted_end(self, data: bytes, start: int) -> int | None:
        """Where the quote stands that closes a field whose text begins at `start`; None if it is not in `data`."""
        assert self._quoted_marks is not None
        for mark in self._quoted_marks.finditer(data, start):
            if not data.startswith(self._quote or b"", mark.start()):
                continue  # an escape character and what it makes literal
            if not self._double_quote:
                return mark.start()
            if (mark.end() - mark.start()) % 2:
                return mark.end() - 1
        return None

    def _unquoted_end(self, data: bytes, start: int) -> int:
        for mark in self._unquoted_marks.finditer(data, start):
            is_pair = self._escape and data.startswith(self._escape, mark.start())
            if not is_pair or mark.end() - mark.start() == 1:
                return mark.start()
        return len(data)

    def _text(self, raw: bytes, quoted: bool) -> bytes:
        if quoted and self._double_quote and self._quote and self._quote in raw:
            if self._unescape is None:
                return raw.replace(self._quote * 2, self._quote)
            escape, quote = re.escape(self._escape or b""), re.escape(self._quote)
            return re.sub(escape + rb"(.)|" + quote + rb"(" + quote + rb")", rb"\1\2", raw, flags=re.DOTALL)
        return self._unescape.sub(rb"\1", raw) if self._unescape else raw

    def _undecided(self, data: bytes, position: int, final: bool) -> bool:
        """Whether the bytes that follow could still begin a delimiter, or the field an escape pair."""
        rest = data[position : position + len(self._delimiter) + 1]
        marks = [self._delimiter] + ([self._escape] if self._escape else [])
        return not final and any(mark.startswith(rest) for mark in marks)

    def _line_end(self, data: bytes, position: int, final: bool) -> int:
        """Where the row's line end stops; -1 if that is not known yet; `position` if none is here."""
        if position >= len(data):
            return position if final else -1
        match = LINE_END.match(data, position)
        if match is None:
            return position
        # A CR at the very end may be the first half of CR LF.
        if match.end() == len(data) and match.group() == b"\r" and not final:
            return -1
        return match.end()

    def _to_line_end(
        self, data: bytes, start: int, line: int, final: bool, fault: str | None, scan: int | None = None
    ) -> Row | None:
        """Take everything up to the next line end as one unreadable row, or as a comment."""
        match = LINE_END.search(data, start if scan is None else scan)
        if match is None:
            if not final:
                return None
            end = len(data)
        else:
            end = self._line_end(data, match.start(), final)
            if end < 0:
                return None
        return Row([], start, end, line, _line_count(data, start, end), fault)

    def _open_quote(self, data: bytes, start: int, line: int, final: bool) -> Row | None:
        """Wait for the closing quote; at the end of the file the row's first line alone is at fault."""
        if not final:
            return None
        match = LINE_END.search(data, start)
        end = match.end() if match else len(data)
        return Row([], start, end, line, 1, "a quote is opened and never closed")


def line_ends(data: bytes, start: int, end: int) -> int:
    """How many line ends stand there; counted without a list of them, of which there may be millions."""
    if end - start > LONG_TEXT:
        count = int(np.count_nonzero(np.frombuffer(data, np.uint8, end - start, start) == ord(b"\n")))
    else:
        count = data.count(b"\n", start, end)
    if data.find(b"\r", start, end) < 0:
        return count
    return count + data.count(b"\r", start, end) - data.count(b"\r\n", start, end)


def last_lines(data: bytes, count: int) -> int:
    """Where the last `count` lines begin, the last one with or without its line end."""
    place = len(data)
    for _ in range(count):
        place -= 2 if data.endswith(b"\r\n", 0, place) else 1
        place = max(data.rfind(b"\n", 0, max(place, 0)), data.rfind(b"\r", 0, max(place, 0))) + 1
    return place


def _line_count(data: bytes, start: int, end: int) -> int:
    """Physical lines in a row, a missing line end at the end of the file counted as one."""
    count = line_ends(data, start, end)
    return count if end > start and data[end - 1 : end] in (b"\n", b"\r") else count + 1
