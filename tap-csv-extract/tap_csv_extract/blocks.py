"""A file's text -> blocks of whole rows.

Where a block is plain (`plain.py`) the fast engine reads it. Everything else (text behind a closing quote, comments,
delimiters of several characters) goes to the exact reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tap_csv_extract.decode import TextStream
from tap_csv_extract.dialect import Dialect
from tap_csv_extract.errors import RowRejected
from tap_csv_extract.plain import Plain, plain
from tap_csv_extract.tokens import LINE_END, Row, Tokenizer, last_lines, line_ends

# 1 MiB of text at a time: large enough that the cost per block does not count, small enough for a cache.
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Block:
    """Whole rows: their bytes, the physical line of the first, and the offset in the text where they end."""

    data: bytes
    first_line: int
    lines: int
    start: int
    end: int
    plain: Plain | None
    rows: list[Row] | None = None  # if they had to be read to find where the last one ends


class BlockReader:
    """Cuts a text stream into blocks of at most `max_rows` rows."""

    def __init__(
        self,
        stream: TextStream,
        dialect: Dialect,
        tokenizer: Tokenizer,
        first_line: int,
        max_rows: int,
        block_bytes: int = BLOCK_BYTES,
    ):
        self._stream = stream
        self._dialect = dialect
        self._tokenizer = tokenizer
        self._line = first_line
        self._max_rows = max_rows
        self._block_bytes = min(block_bytes, dialect.max_row_bytes)
        self._max_row_bytes = dialect.max_row_bytes
        self._buffer = b""
        self._footer_lines = dialect.skip_footer_lines
        self._held = b""
        self._offset = stream.offset
        self._ended = False
        self.taken = b""  # what take_lines and take_row have taken

    def take_lines(self, count: int) -> list[bytes]:
        """Take physical lines from the front: those that are skipped."""
        lines: list[bytes] = []
        while len(lines) < count:
            match = LINE_END.search(self._buffer)
            if match and (match.group() != b"\r" or match.end() < len(self._buffer) or self._ended):
                lines.append(self._advance(match.end(), 1))
            elif len(self._buffer) > self._max_row_bytes:
                raise self._overlong_line()
            elif not self._fill():
                lines.append(self._advance(len(self._buffer), 1))
                break
        self.taken += b"".join(lines)
        return lines

    @property
    def start(self) -> tuple[int, int]:
        """Offset and physical line of what comes next."""
        return self._offset, self._line

    def use(self, tokenizer: Tokenizer) -> None:
        """Read on with another tokenizer: the one that knows the number of columns."""
        self._tokenizer = tokenizer

    def peek_row(self) -> list[bytes | None] | None:
        """Look at the first row without taking it. None if the file has no row."""
        row = self._first_row()
        return row.fields if row else None

    def peek(self, size: int) -> bytes:
        """Look at the first bytes without taking them."""
        while len(self._buffer) < size and self._fill():
            pass
        return self._buffer[:size]

    def take_row(self, whole: bool) -> list[bytes | None] | None:
        """Take one row from the front: the header. None if the file has none, or no line end behind it yet.

        `whole` says that a last row without line end is complete.
        """
        row = self._first_row()
        if row is None or not (whole or self._buffer[row.end - 1 : row.end] in (b"\n", b"\r")):
            return None
        self.taken += self._advance(row.end, row.line - self._line + row.lines)
        return row.fields

    def _first_row(self) -> Row | None:
        while True:
            row = next(self._tokenizer.rows(self._buffer, self._line, self._ended), None)
            if row is not None and row.fault:
                reason = f"the first row, which tells the columns, cannot be read: {row.fault}"
                raise RowRejected(self._stream.name, row.line, None, reason, code="CSV-HDR-ROW")
            if row is None and len(self._buffer) > self._max_row_bytes:
                reason = (
                    f"the first row, which tells the columns, has more than {self._max_row_bytes} bytes; correct "
                    "'quote', or set 'max_row_bytes'"
                )
                raise RowRejected(self._stream.name, self._line, None, reason, code="CSV-HDR-ROW")
            if row is not None or not self._fill():
                return row

    def blocks(self) -> Iterator[Block]:
        """Yield the rest of the file."""
        while self._fill() or self._buffer:
            while True:
                cut, found, rows = self._cut()
                if cut == 0:
                    break
                start, first_line = self._offset, self._line
                lines = self._count_lines(cut)
                data = self._advance(cut, lines)
                yield Block(data, first_line, lines, start, self._offset, found, rows)
            if self._ended:
                return

    def _fill(self) -> bool:
        """Read on; False if the end of the file was known before."""
        if self._ended:
            return False
        # What is there holds no whole row: as much again, else a long row is looked at once for each block.
        held = len(self._buffer)
        data = self._stream.read(max(self._block_bytes, min(held, self._max_row_bytes + 1 - held)))
        self._ended = not data
        if self._footer_lines:
            data = self._hold_back(data)
        self._buffer = self._buffer + data if self._buffer else data
        return True

    def _hold_back(self, data: bytes) -> bytes:
        """Keep the last lines back: they are the footer if the file ends behind them."""
        data = self._held + data
        # Until the file ends one line more, because a line without its end, or with half of CR LF, may go on.
        count = self._footer_lines + (0 if data.endswith(b"\n") or self._ended else 1)
        place = last_lines(data, count)
        self._held = b"" if self._ended else data[place:]
        if len(self._held) > self._max_row_bytes * count:
            raise self._overlong_line()
        return data[:place]

    def _advance(self, size: int, lines: int) -> bytes:
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        self._offset += size
        self._line += lines
        return data

    def _count_lines(self, size: int) -> int:
        count = line_ends(self._buffer, 0, size)
        ended = self._buffer[size - 1 : size] in (b"\n", b"\r")
        return count if ended else count + 1

    def _cut(self) -> tuple[int, Plain | None, list[Row] | None]:
        """How many bytes of the buffer are whole rows, how they are plain, and the rows if they were read.

        No more than a window of the buffer is looked at. Where it holds no whole row the next one is long: it is read
        alone and exactly, for the fast engine would take many times its size of memory.
        """
        size, length = self._block_bytes, len(self._buffer)
        cut, found, rows = self._cut_from(self._buffer[:size], self._ended and size >= length)
        if cut or size >= length:
            return cut, found, rows
        row = next(self._tokenizer.rows(self._buffer, self._line, self._ended), None)
        if (row.end if row else length) > self._max_row_bytes:
            row = self._overlong_row()
        if row:
            return row.end, None, [row]
        return length if self._ended else 0, None, []

    def _cut_from(self, data: bytes, final: bool) -> tuple[int, Plain | None, list[Row] | None]:
        if not data:
            return 0, None, None
        found = plain(data, self._dialect, final)
        if found is not None:
            found = found.first(self._max_rows)
            return len(found.text), found, None
        rows: list[Row] = []
        end = 0
        for row in self._tokenizer.rows_and_blanks(data, self._line, final):
            end = row.end
            rows += [] if row.blank else [row]
            if len(rows) == self._max_rows:
                break
        return end, None, rows

    def _overlong_row(self) -> Row:
        """The first line of a row that has grown too large: its quote is never closed."""
        match = LINE_END.search(self._buffer)
        if match is None or match.end() > self._max_row_bytes:
            raise self._overlong_line()
        fault = f"a quote is opened and not closed within {self._max_row_bytes} bytes ('max_row_bytes')"
        return Row([], 0, match.end(), self._line, 1, fault)

    def _overlong_line(self) -> RowRejected:
        reason = (
            f"a line of more than {self._max_row_bytes} bytes; correct 'path' if it is no text, or set 'max_row_bytes'"
        )
        return RowRejected(self._stream.name, self._line, None, reason, code="CSV-ROW-LONG")
