"""A block's bytes -> columns of text.

Arrow's CSV reader takes plain blocks (`plain.py` says which): it is the one fast reader that tells an unquoted null
marker from quoted text, splits rows as the csv module does, and fails on a row of another width. What it
does that we do not want is kept from it: it drops a byte order mark at the start of any block, so a block that
begins with one goes to the exact reader. A block that it refuses goes there too, to learn which row and why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
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
        self._dialect = dialect
        self._converts: dict[tuple[int, ...], pa_csv.ConvertOptions] = {}

    def read(self, block: Block) -> Fields | None:
        if block.plain is None or block.data.startswith(BYTE_ORDER_MARK):
            return None
        text = block.plain.text
        if not text.endswith(b"\n"):
            # Without it Arrow takes an empty last field for quoted if the field before it was.
            text += b"\n"
        options = pa_csv.ReadOptions(column_names=self._names, use_threads=False, block_size=max(len(text) + 1, 1024))
        try:
            convert = self._convert(block.plain.stand_ins)
            table = pa_csv.read_csv(pa.BufferReader(text), options, self._parse, convert)
        except pa.ArrowInvalid:
            # An empty block, a ragged row or bytes that are no UTF-8.
            return None
        columns = [_without(_one_chunk(column), block.plain.stand_ins) for column in table.columns]
        return Fields(columns, table.num_rows, None)

    def _convert(self, stand_ins: Mapping[int, bytes]) -> pa_csv.ConvertOptions:
        known = self._converts.get(tuple(stand_ins))
        if known is None:
            known = self._converts[tuple(stand_ins)] = pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in self._names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[self._named(value, stand_ins) for value in self._dialect.null_values],
            )
        return known

    def _named(self, marker: str, stand_ins: Mapping[int, bytes]) -> str:
        """A null marker as it stands in text with stand-ins: it is compared before escape characters are taken out."""
        if not stand_ins or self._dialect.escape is None:
            return marker
        codes = {special.decode(): chr(code) for code, special in stand_ins.items()}
        pattern = re.escape(self._dialect.escape) + "(.)"
        return re.sub(pattern, lambda match: codes[""] + codes.get(match[1], match[1]), marker, flags=re.DOTALL)


def _without(values: Any, stand_ins: Mapping[int, bytes]) -> Any:
    """Write what the stand-ins stand for."""
    codes = [chr(code) for code in stand_ins]
    if not codes or not pc.any(pc.match_substring(values, codes[0]), min_count=0).as_py():
        return values
    for code, special in zip(codes, stand_ins.values(), strict=True):
        values = pc.replace_substring(values, code, special.decode())
    return values


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
