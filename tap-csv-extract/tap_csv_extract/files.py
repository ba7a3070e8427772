"""One file of a stream: open it, learn its columns, read its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tap_csv_extract.blocks import Block, BlockReader
from tap_csv_extract.config import FULL_TABLE, FileSet
from tap_csv_extract.decode import TextStream
from tap_csv_extract.engine import Fields, PlainReader, columns_of_rows, exact_rows
from tap_csv_extract.errors import HeaderError
from tap_csv_extract.header import column_names
from tap_csv_extract.sources import SourceFile
from tap_csv_extract.tokens import Row, Tokenizer
from tap_csv_extract.watch import Watch


@dataclass(frozen=True)
class Start:
    """Where reading of a file begins: a position in its text and the physical line there."""

    offset: int
    line: int


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
        self._reader.take_lines(file_set.dialect.skip_lines)
        self.names = self._column_names(file_set)
        width = len(self.names or ())
        self._tokenizer = Tokenizer(file_set.dialect, blank_is_row=width == 1)
        self._reader.use(self._tokenizer)
        self._plain = PlainReader(file_set.dialect, width)

    def _column_names(self, file_set: FileSet) -> tuple[str, ...] | None:
        if isinstance(file_set.header, tuple):
            return file_set.header
        if file_set.header:
            fields = self._reader.take_row()
        else:
            fields = self._reader.peek_row()
            if fields is not None:
                # Without a name of its own a column is called by its place; the operation comes first.
                first = [file_set.operation.encode()] if file_set.operation else [None]
                fields = [*first, *[None] * (len(fields) - 1)]
        if fields is None:
            return None
        try:
            names = column_names([(field or b"").decode() for field in fields])
        except UnicodeDecodeError as error:
            raise HeaderError(
                f"{self.name}, header: byte {error.object[error.start]:#04x} is not {self._dialect.encoding}; "
                "set 'encoding'"
            ) from error
        return names

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
        fields = self._plain.read(block)
        if fields is not None:
            return fields
        rows = exact_rows(self._tokenizer, block)
        if any(self.fault(row) for row in rows):
            return None
        return columns_of_rows(rows, len(self.names or ()))

    def rows(self, block: Block) -> list[Row]:
        """Read a block row by row."""
        return exact_rows(self._tokenizer, block)

    def fault(self, row: Row) -> tuple[str, int | None] | None:
        """What is wrong with a row, and in which column by number; None if nothing is."""
        if row.fault:
            return f"{row.fault}; correct the file, or set 'quote' or 'on_bad_row'", None
        width = len(self.names or ())
        if len(row.fields) != width:
            return f"has {len(row.fields)} fields, expected {width}; correct the file or set 'on_bad_row'", None
        for place, field in enumerate(row.fields):
            if field is not None and not field.isascii():
                try:
                    field.decode()
                except UnicodeDecodeError as error:
                    byte = field[error.start]
                    return f"byte {byte:#04x} at {error.start} is not {self._dialect.encoding}; set 'encoding'", place
        return None

    def close(self) -> None:
        """Close the file."""
        self.text.close()
