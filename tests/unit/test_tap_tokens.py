"""Reading rows: the exact reader against Python's csv module, the fast one against the exact one."""

from __future__ import annotations

import csv
import io
import sys
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tap_csv_extract.blocks import BlockReader
from tap_csv_extract.decode import TextStream
from tap_csv_extract.dialect import Dialect
from tap_csv_extract.engine import PlainReader, columns_of_rows, exact_rows
from tap_csv_extract.errors import RowRejected
from tap_csv_extract.tokens import Row, Tokenizer


class Bytes:
    """A file in memory."""

    name = path = "memory"
    tracked = True

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stamp(self) -> dict[str, int | str]:
        return {"size": len(self._data)}

    def open(self) -> BinaryIO:
        return io.BufferedReader(io.BytesIO(self._data))  # type: ignore[arg-type]


def rows_of(data: bytes, dialect: Dialect) -> list[Row]:
    return list(Tokenizer(dialect).rows(data, 1, final=True))


def texts(rows: list[Row]) -> list[list[str]]:
    return [[(field or b"").decode() for field in row.fields] for row in rows]


# Few letters and many marks, so that every transition between states comes up.
MARKED_TEXT = st.text(st.sampled_from('ab|",\n\r\\# é'), max_size=60)
# Before 3.11 the csv module neither reads nor writes NUL.
NUL = "\x00" if sys.version_info >= (3, 11) else ""
CELLS = st.text(st.sampled_from('ab|",\n\r\\ é\t' + NUL), max_size=6)
DIALECTS = [
    Dialect(),
    Dialect(delimiter=","),
    Dialect(quote=None),
    Dialect(escape="\\", double_quote=False),
    Dialect(delimiter=",", quote="'"),
]


@settings(deadline=None)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_module_writes(table: list[list[str]], line_end: str) -> None:
    """Every table that csv.writer writes comes back as it was, with the physical line of each row."""
    text = io.StringIO()
    csv.writer(text, delimiter="|", lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    rows = rows_of(text.getvalue().encode(), Dialect())
    assert texts(rows) == table
    before = [text.getvalue().encode()[: row.start].decode() for row in rows]
    assert [row.line for row in rows] == [len(io.StringIO(part, newline="").readlines()) + 1 for part in before]


@given(MARKED_TEXT, st.sampled_from(DIALECTS))
@settings(max_examples=300, deadline=None)
def test_what_the_csv_module_reads(text: str, dialect: Dialect) -> None:
    """Any text is read as csv.reader reads it, except where it is refused."""
    rows = rows_of(text.encode(), dialect)
    if any(row.fault for row in rows) or text.endswith("\\"):
        return
    expected = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or '"',
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape,
        doublequote=dialect.double_quote,
    )
    assert texts(rows) == [row for row in expected if row]


LONG_MARKS = [Dialect(delimiter="||"), Dialect(delimiter="||", quote=None, escape="\\", comment="#")]


@given(MARKED_TEXT, st.integers(1, 30), st.integers(1, 4), st.sampled_from(DIALECTS + LONG_MARKS))
@example('"b"a\n"a""\nb"\n', 10, 4, Dialect())
@example('"a""||\nb"||c\n', 7, 4, LONG_MARKS[0])
@settings(max_examples=300, deadline=None)
def test_blocks_are_whole_rows(text: str, block_bytes: int, max_rows: int, dialect: Dialect) -> None:
    """However a file is cut into blocks, its rows, lines and offsets are the same."""
    data = text.encode()
    tokenizer = Tokenizer(dialect)
    stream = TextStream(Bytes(data), "utf-8")
    reader = BlockReader(stream, dialect, tokenizer, 1, max_rows, block_bytes)
    found = []
    end = 0
    for block in reader.blocks():
        assert block.start == end
        end = block.end
        assert data[block.start : block.end] == block.data
        found += [
            (row.fields, row.line, row.fault, row.start + block.start, row.end + block.start)
            for row in exact_rows(tokenizer, block)
        ]
    assert end == len(data)
    expected = [(row.fields, row.line, row.fault, row.start, row.end) for row in rows_of(data, dialect)]
    assert found == expected
    stream.close()


BOUND = 1 << 16
LONG_ROWS = {
    "a quote that is never closed": (b'"' + b"a line\n" * BOUND, Dialect()),
    "doubled quotes": (b'"' + b'""\n' * BOUND, Dialect()),
    "escape characters": (b'"' + b"\\x" * BOUND, Dialect(escape="\\")),
    "a long delimiter": (b"a|" * BOUND, Dialect(delimiter="||", quote=None)),
    "comments": (b"#\n" * BOUND, Dialect(comment="#")),
    "a footer": (b"a\n" * BOUND, Dialect(skip_footer_lines=1)),
    "a footer that is one line": (b"a" * 4 * BOUND, Dialect(skip_footer_lines=1)),
}


@pytest.mark.parametrize("what", LONG_ROWS)
def test_a_long_row_takes_little_memory(what: str) -> None:
    """What is no row, or longer than a row may be, takes a few times the bytes of the longest row and no more."""
    text, dialect = LONG_ROWS[what]
    stream = TextStream(Bytes(text), "utf-8")
    dialect = replace(dialect, max_row_bytes=BOUND)
    reader = BlockReader(stream, dialect, Tokenizer(dialect), 1, 1000, BOUND >> 4)
    tracemalloc.start()
    try:
        with suppress(RowRejected):
            for block in reader.blocks():
                if any(row.fault for row in block.rows or ()):
                    break
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        stream.close()
    assert peak < 5 * BOUND


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", ""])
@pytest.mark.parametrize("block_bytes", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("footer", [1, 2])
def test_footer(end: str, block_bytes: int, footer: int) -> None:
    """A footer is as many lines as the setting says, whether or not its last one has a line end."""
    line_end = end or "\n"
    data = (line_end.join(["1|x", "2|y", *["Total|2", "(end)"][:footer]]) + end).encode()
    dialect = Dialect(skip_footer_lines=footer)
    stream = TextStream(Bytes(data), "utf-8")
    blocks = BlockReader(stream, dialect, Tokenizer(dialect), 1, 100, block_bytes).blocks()
    assert b"".join(block.data for block in blocks).splitlines() == [b"1|x", b"2|y"]
    stream.close()


FAST_DIALECTS = [
    Dialect(null_values=("", "a")),
    Dialect(quote=None, comment="#"),
    Dialect(escape="\\", null_values=("\\N", "N", "")),
    Dialect(escape="\\", double_quote=False, null_values=("", "\\\\", "\\|")),
    Dialect(delimiter=",", quote="'", escape="#", comment="|"),
    Dialect(double_quote=False),
]


@given(
    st.text(st.sampled_from('aN||""\n\n\r\\#\',é\1\2'), max_size=40),
    st.sampled_from([1, 2, 3]),
    st.sampled_from(FAST_DIALECTS),
    st.sampled_from([1, 5, 1000]),
)
@settings(max_examples=600, deadline=None)
def test_the_fast_reader_reads_as_the_exact_one(text: str, width: int, dialect: Dialect, block_bytes: int) -> None:
    """A plain block ends its rows where the exact reader does; what the fast reader takes of it are its fields."""
    tokenizer = Tokenizer(dialect, blank_is_row=width == 1)
    stream = TextStream(Bytes(text.encode()), "utf-8")
    for block in BlockReader(stream, dialect, tokenizer, 1, 100, block_bytes).blocks():
        if block.plain is None:
            continue
        rows = exact_rows(tokenizer, block)
        assert len(block.plain.text) == len(block.data)
        assert {row.end for row in rows} <= set(block.plain.ends.tolist())
        assert not any(row.fault for row in rows)
        fields = PlainReader(dialect, width).read(block)
        assert (fields is None) == any(len(row.fields) != width for row in rows) or not rows
        if fields is not None:
            expected = columns_of_rows(rows, width)
            assert [column.to_pylist() for column in fields.columns] == [c.to_pylist() for c in expected.columns]
    stream.close()


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("1|a\r2|b\r", Dialect()),
        ('1|"a\r\n\rb"\r2|b\r\n3|c\n', Dialect()),
        ('"1"|5" pipe\n"2"|"x"\n', Dialect()),
        ('1|a\\|b\\\nc\n2|"d\\"|"\n\\N|\\\\\n', Dialect(escape="\\", null_values=("\\N",))),
        ("1|#a\n2|b\n", Dialect(comment="#")),
        ('1|"a"\n2|b\n', Dialect(double_quote=False)),
    ],
)
def test_what_is_plain(text: str, dialect: Dialect) -> None:
    """Line ends of every sort, quotes within fields and escape characters do not keep a block from the fast reader."""
    stream = TextStream(Bytes(text.encode()), "utf-8")
    for block in BlockReader(stream, dialect, Tokenizer(dialect), 1, 100).blocks():
        assert PlainReader(dialect, 2).read(block) is not None
    stream.close()


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('""|x', ["", "x"]),
        ("|x", [None, "x"]),
        ('a"b|c', ['a"b', "c"]),
        (' "a"|b', [' "a"', "b"]),
        ('"a\nb"|c', ["a\nb", "c"]),
        ('"a""b"|c', ['a"b', "c"]),
    ],
)
def test_fields(text: str, fields: list[str | None]) -> None:
    """Quotes count at the start of a field only."""
    row = rows_of(text.encode(), Dialect())[0]
    assert [None if field is None else field.decode() for field in row.fields] == fields


def test_a_delimiter_of_two_characters() -> None:
    """A delimiter may be longer than one character, or no ASCII."""
    assert texts(rows_of(b'a||"b||c"||d|e\n', Dialect(delimiter="||"))) == [["a", "b||c", "d|e"]]
    assert texts(rows_of("a§b\n".encode(), Dialect(delimiter="§"))) == [["a", "b"]]


def test_comments_are_left_out() -> None:
    """A line that begins with the comment mark is no row, whatever stands in it; lines are counted on."""
    rows = rows_of(b'# "not|closed\na|b\nc|#d\n', Dialect(comment="#"))
    assert texts(rows) == [["a", "b"], ["c", "#d"]]
    assert [row.line for row in rows] == [2, 3]


def test_a_bad_row_ends_at_its_line() -> None:
    """What follows a row that cannot be read is read."""
    rows = rows_of(b'"a"b|c\nd|e\n', Dialect())
    assert [row.fault is None for row in rows] == [False, True]
    assert texts(rows[1:]) == [["d", "e"]]
