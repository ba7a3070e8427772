"""The Redshift stand-in reads a block the quick way only where the exact way gives the same."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_warehouse.redshift.copy.delimited import DelimitedReader
from local_warehouse.redshift.copy.load import FIELD, ROW, staged_text
from local_warehouse.redshift.copy.records import BadRecord
from local_warehouse.redshift.grammar.copy_statement import Copy

OPTIONS = {
    "csv": {"csv": True, "delimiter": "|"},
    "text": {},
    "escape": {"escape": True},
    "removequotes": {"removequotes": True},
    "blank lines": {"csv": True, "delimiter": "|", "ignore_blank_lines": True},
    "fill": {"fill_record": True},
}


def exactly(reader: DelimitedReader, data: bytes) -> tuple[list[list[str]], list[BadRecord]]:
    """Rows and bad records by the exact rules alone."""
    records = [record for block in reader.blocks(io.BytesIO(data)) for record in reader.records(block)]
    rows = [record.fields for record in records if record.fields is not None]
    return rows, [record.error for record in records if record.fields is None and record.error is not None]


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet='a|"\n\r\\\0é ', max_size=24), columns=st.integers(1, 3))
@example(text='"a"|"b|c"\n', columns=2)
@example(text='a""b|c\n', columns=2)
@example(text='"a"b|c\n', columns=2)
@example(text='"a\r\nb"|c\r\n', columns=2)
@example(text="a|b|\n", columns=2)
@example(text='""|\n', columns=2)
def test_the_quick_way_agrees_with_the_exact_way(name, text, columns):
    """Whatever the text: the same rows and the same bad records."""
    reader = DelimitedReader(Copy(None, "t", None, "s3://b/k", **OPTIONS[name]), columns)
    batches = list(reader.batches(io.BytesIO(text.encode())))
    rows, bad = exactly(reader, text.encode())
    assert [row for batch in batches for row in batch.rows] == rows
    assert [one for batch in batches for one in batch.bad] == bad


_ESCAPES = {"n": "\n", "r": "\r", "\\": "\\", "x1f": FIELD, "x1e": ROW}


def read_back(line: str) -> list[str]:
    """The fields of one line of PostgreSQL's COPY text format, as its page describes it.

    https://www.postgresql.org/docs/18/sql-copy.html
    """
    fields = [""]
    while line:
        if line[0] == "\\":
            escape = next(one for one in _ESCAPES if line[1:].startswith(one))
            fields[-1] += _ESCAPES[escape]
            line = line[1 + len(escape) :]
            continue
        if line[0] == FIELD:
            fields.append("")
        else:
            fields[-1] += line[0]
        line = line[1:]
    return fields


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(
            st.lists(st.text(alphabet=f"ax1\\\n\r{FIELD}{ROW}", max_size=6), min_size=n, max_size=n),
            min_size=1,
            max_size=4,
        )
    )
)
def test_rows_come_back_from_the_text_for_postgresql(rows):
    """Also rows that hold the separators themselves, which are not escaped all at once."""
    lines = staged_text(rows).split("\n")
    assert lines.pop() == ""
    assert [read_back(line) for line in lines] == rows
