"""The fast road through a CSV file gives what the exact reader gives, or nothing."""

from __future__ import annotations

import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_warehouse.snowflake.copy.csv_quick import quick_table
from local_warehouse.snowflake.copy.csv_reader import parse
from local_warehouse.snowflake.grammar.file_format import DEFAULTS

OPTIONS = {
    **DEFAULTS, "FIELD_DELIMITER": "|", "FIELD_OPTIONALLY_ENCLOSED_BY": '"', "ESCAPE_UNENCLOSED_FIELD": None,
    "NULL_IF": [],
}  # fmt: skip


def quickly(text: str) -> list[list[str | None]] | None:
    table = quick_table(text.encode(), OPTIONS)
    return None if table is None else [list(row) for row in zip(*table.to_pydict().values(), strict=True)]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='a|"\n\\é,', max_size=24))
@example('"a"|"b|c"\n')
@example('""abc|\n')
@example('a""b|c\n')
@example('"""a"|x\n')
@example('"a|""b"c|d"\n')
@example('""""|"x\ny"\n')
@example('|\n""|')
def test_the_fast_road_agrees_with_the_reader(text):
    """Whatever the text: the same rows, or the fast road declines."""
    rows = quickly(text)
    if rows is not None:
        parsed = parse(text, OPTIONS)
        assert parsed.errors == []
        assert rows == parsed.rows


FIELDS = st.one_of(
    st.none(), st.text(st.characters(blacklist_characters="\r\0", blacklist_categories=["Cs"]), max_size=8)
)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(FIELDS, min_size=n, max_size=n), min_size=1, max_size=8)))
def test_rows_come_back_by_both_roads(rows):
    """Quoted text, an empty field for NULL: what a writer wrote comes back, by either road."""
    if any(len(row) == 1 and row[0] is None for row in rows):
        return  # a lone NULL is a blank line
    quoted = ["|".join("" if f is None else '"' + f.replace('"', '""') + '"' for f in row) for row in rows]
    text = "\n".join(quoted) + "\n"
    assert parse(text, OPTIONS).rows == rows
    assert quickly(text) in (None, rows)


def test_the_common_shape_takes_the_fast_road():
    """Quotes, doubled quotes, delimiters and newlines inside quotes are no reason to leave it."""
    text = '1|"a ""b"" | c"|\n2|""|"x\ny"\n'
    assert quickly(text) == [["1", 'a "b" | c', None], ["2", "", "x\ny"]]


def test_python_reads_the_same_text():
    """A reader that is not ours agrees where it can: Python's csv, apart from NULL."""
    text = '1|"a ""b"" | c"|x\n2|""|"x\ny"\n'
    assert list(csv.reader(io.StringIO(text), delimiter="|")) == parse(text, OPTIONS).rows
