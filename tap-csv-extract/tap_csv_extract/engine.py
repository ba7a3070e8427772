"""A block's bytes -> columns of text.

Arrow's CSV reader takes plain blocks (`blocks.py` says which): it is the one fast reader that tells an unquoted null
marker from quoted text, splits rows as the csv module does, and fails on a row of another width. What it
does that we do not want is kept from it: it drops a byte order mark at the start of any block, so a block that
begins with one goes to the exact reader. A block that it refuses goes there too, to learn which row and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from tap_csv_extract.blocks import Block
from tap_csv_extract.decode import BYTE_ORDER_MARK
from tap_csv_extract.dialect import Dialect
from tap_csv_extract.tokens import Row, Tokenizer


@dataclass(frozen=True)
class Fields:
    """The fields of a block by column. `rows` is there if the exact reader made them, and then holds their places."""

    columns: list[Any]  # pyarrow.StringArray each
    count: int
    rows: list[Row] | None


class PlainReader:
    """Reads plain blocks of files with `width` columns; None for a block that it does not take."""

    def __init__(self, dialect: Dialect, width: int) -> None:
        self._names = [str(number) for number in range(width)]
        self._parse = pa_csv.ParseOptions(
            delimiter=dialect.delimiter if dialect.simple else ",",
            quote_char=(dialect.quote or False) if dialect.simple else False,
            double_quote=True,
            escape_char=False,
            newlines_in_values=True,
            ignore_empty_lines=width > 1,
        )
        self._convert = pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in self._names},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=list(dialect.null_values),
        )

    def read(self, block: Block) -> Fields | None:
        if block.data.startswith(BYTE_ORDER_MARK):
            return None
        options = pa_csv.ReadOptions(
            column_names=self._names, use_threads=False, block_size=max(len(block.data) + 1, 1024)
        )
        try:
            table = pa_csv.read_csv(pa.BufferReader(block.data), options, self._parse, self._convert)
        except pa.ArrowInvalid:
            # An empty block, a ragged row or bytes that are no UTF-8.
            return None
        columns = [_one_chunk(column) for column in table.columns]
        return Fields(columns, table.num_rows, None)


def _one_chunk(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], pa.string())])


def exact_rows(tokenizer: Tokenizer, block: Block) -> list[Row]:
    """Read a block exactly, once; it holds whole rows, so nothing may follow it."""
    if block.rows is not None:
        return block.rows
    return list(tokenizer.rows(block.data, block.first_line, final=True))


def columns_of_rows(rows: Sequence[Row], width: int) -> Fields:
    """Turn rows of one width, whose bytes are UTF-8, into columns."""
    columns = [pa.array([row.fields[place] for row in rows], pa.binary()) for place in range(width)]
    return Fields([column.cast(pa.string()) for column in columns], len(rows), list(rows))
