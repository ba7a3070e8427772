"""One file of a stream: open it, learn its columns, read its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import pyarrow.compute as pc

from tap_csv_extract.blocks import Block, BlockReader
from tap_csv_extract.config import FULL_TABLE, FileSet
from tap_csv_extract.decode import TextStream, wrong_byte
from tap_csv_extract.engine import Fields, PlainReader, columns_of_rows, exact_rows
from tap_csv_extract.errors import HeaderError
from tap_csv_extract.header import SEPARATOR_BYTES, SEPARATOR_LINE, column_names, refuse_what_is_no_header
from tap_csv_extract.source_file import SourceFile
from tap_csv_extract.tokens import Row, Tokenizer
from tap_csv_extract.watch import Watch


@dataclass(frozen=True)
class Start:
    """Where reading of a file begins: a position in its text and the physical line there."""

    offset: int
    line: int


class Fault(NamedTuple):
    """What is wrong with a row, in which column by number (None: the whole row), and the code of such an error."""

    reason: str
    place: int | None
    code: str


class OpenFile:
    """A file whose header has been read. `names` are its columns in order; None if it has no row at all."""

    def __init__(self, file: SourceFile, file_set: FileSet, block_rows: int) -> None:
        self.name = file.name
        self.text = TextStream(file, file_set.dialect.encoding)
        whole = file_set.replication_method == FULL_TABLE
        self.watch = Watch(file, self.text, file_set.dialect.encoding, whole)
        try:
            self._read_header(file_set, block_rows)
        except BaseException:
            self.text.close()
            raise

    def _read_header(self, file_set: FileSet, block_rows: int) -> None:
        self._dialect = file_set.dialect
        self._block_rows = block_rows
        tokenizer = Tokenizer(replace(file_set.dialect, null_values=()))  # a column may be called NA
        self._reader = BlockReader(self.text, file_set.dialect, tokenizer, 1, block_rows)
        if not file_set.dialect.skip_lines:
            self._skip_separator_line()
        self._reader.take_lines(file_set.dialect.skip_lines)
        self.names = self._column_names(file_set)
        width = len(self.names or ())
        self._tokenizer = Tokenizer(file_set.dialect, blank_is_row=width == 1)
        self._reader.use(self._tokenizer)
        self._plain = PlainReader(file_set.dialect, width)
        trailing = file_set.dialect.trailing_delimiter and width > 1
        self._plain_and_one = PlainReader(file_set.dialect, width + 1) if trailing else None

    def _skip_separator_line(self) -> None:
        """Leave out Excel's first line `sep=;`; it says what the delimiter is, so another setting is wrong."""
        match = SEPARATOR_LINE.match(self._reader.peek(SEPARATOR_BYTES))
        if match is None:
            return
        named = match[1].decode(errors="replace")
        if named != self._dialect.delimiter:
            raise HeaderError(
                f"{self.name}, line 1: says that the delimiter is {named!r}, the setting is "
                f"{self._dialect.delimiter!r}; set 'delimiter', or 'skip_lines' to 1",
                code="CSV-HDR-DELIMITER",
            )
        self._reader.take_lines(1)

    def _column_names(self, file_set: FileSet) -> tuple[str, ...] | None:
        if isinstance(file_set.header, tuple):
            return file_set.header
        if file_set.header:
            # A file that is still written may have the half of its header; a full extract reads no such file.
            fields = self._reader.take_row(whole=file_set.replication_method == FULL_TABLE)
        else:
            fields = self._reader.peek_row()
            if fields is not None:
                # Without a name of its own a column is called by its place; the operation comes first.
                first = [file_set.operation.encode()] if file_set.operation else [None]
                fields = [*first, *[None] * (len(fields) - 1)]
        if fields is None:
            return None
        wrong = next(filter(None, (wrong_byte(field or b"", self._dialect.encoding) for field in fields)), None)
        if wrong:
            raise HeaderError(f"{self.name}, header: {wrong}; set 'encoding'", code="CSV-SRC-ENCODING")
        texts = [(field or b"").decode() for field in fields]
        if self._dialect.trailing_delimiter and len(texts) > 1 and not texts[-1]:
            del texts[-1]
        if file_set.header:
            refuse_what_is_no_header(self.name, self.header_bytes, texts, self._dialect.delimiter)
        return column_names(texts)

    @property
    def header_bytes(self) -> bytes:
        """What stands before the rows, without a byte order mark."""
        return self._reader.taken

    @property
    def start(self) -> Start:
        """Where the rows begin."""
        return Start(*self._reader.start)

    def skip_to(self, start: Start) -> None:
        """Continue at a place where a row begins."""
        self.text.skip_to(start.offset)
        self._reader = BlockReader(self.text, self._dialect, self._tokenizer, start.line, self._block_rows)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows that follow."""
        return self._reader.blocks()

    def fields(self, block: Block) -> Fields | None:
        """Read a block in which every row is as it should be; None if one is not."""
        fields = self._without_last(self._plain_and_one.read(block)) if self._plain_and_one else None
        fields = fields or self._plain.read(block)
        if fields is not None:
            return fields
        rows = self.rows(block)
        if any(self.fault(row) for row in rows):
            return None
        return columns_of_rows(rows, len(self.names or ()))

    def rows(self, block: Block) -> list[Row]:
        """Read a block row by row."""
        rows = exact_rows(self._tokenizer, block)
        if self._dialect.trailing_delimiter:
            width = len(self.names or ())
            for row in rows:
                if len(row.fields) == width + 1 and not row.fields[-1]:
                    del row.fields[-1]
        return rows

    @staticmethod
    def _without_last(fields: Fields | None) -> Fields | None:
        """Take away the empty column behind a last delimiter; None if it is not empty in every row."""
        if fields is None or pc.any(pc.greater(pc.binary_length(fields.columns[-1]), 0), min_count=0).as_py():
            return None
        return replace(fields, columns=fields.columns[:-1])

    def fault(self, row: Row) -> Fault | None:
        """What is wrong with a row; None if nothing is."""
        if row.fault:
            escape = "set 'escape' to a backslash, or " if row.fault.endswith("backslash stands before") else ""
            reason = f"{row.fault}; {escape}correct the file, or set 'quote' or 'on_bad_row'"
            return Fault(reason, None, code="CSV-ROW-QUOTE")
        width = len(self.names or ())
        if len(row.fields) != width:
            remedy = _remedy_of_width(row, width)
            reason = f"has {len(row.fields)} fields, expected {width}; {remedy} or set 'on_bad_row'"
            return Fault(reason, None, code="CSV-ROW-WIDTH")
        for place, field in enumerate(row.fields):
            if field is not None and not field.isascii():
                wrong = wrong_byte(field, self._dialect.encoding)
                if wrong:
                    return Fault(f"{wrong}; set 'encoding'", place, code="CSV-ROW-ENCODING")
        return None

    def close(self) -> None:
        """Close the file."""
        self.text.close()


def _remedy_of_width(row: Row, width: int) -> str:
    if len(row.fields) == width + 1 and not row.fields[-1]:
        return "set 'trailing_delimiter' if every row ends in a delimiter, correct the file"
    if len(row.fields) == 1 and width > 1:
        return "correct 'delimiter' if none is found in any row, correct the file"
    return "correct the file"
