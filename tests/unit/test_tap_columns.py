"""What is told of a column without a pattern is what its kind's definition says of each value."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from tap_csv_extract.columns import converter, escape, speller
from tap_csv_extract.kinds import Kind

ODD = {
    "timestamp": [
        "2020-06-01T12:00:00", "2020-06-01 12:00:00", "0001-01-01 00:00:00", "0000-01-01T00:00:00",
        "2021-02-29 00:00:00",
        "2020-06-01 24:00:00", "2020-06-01T12:00:60", "2020-06-01T12:00+02", "2020-06-01T120000+02",
        "2020-06-01T120000.12",
        "2020-06-01t12:00:00", "2020-06-01T12:00:0Z", "9999-12-31T23:59:59", "2020-06-01T12:00:00.5",
    ],
    "date": [
        "2020-06-01", "0001-01-01", "0000-01-01", "2021-02-29", "20200601  ", "2020/06/01", "2020-6-001", " 2020-6-01",
    ],
    "integer": [
        "0", "-0", "7", "-15", "007", "+5", " 5", "5 ", "0x1F", "1e3", "5.", "999999999999999", "1000000000000000",
        "999999999999999999", "1000000000000000000", "9223372036854775808", "-9223372036854775808",
    ],
}  # fmt: skip


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_one_value_alone_is_judged_by_its_definition(name: str, declared: bool) -> None:
    """Alone in its column, with NULL or without, a value is what `speller` makes of it, or refused as there."""
    kind = Kind(name, declared=declared)
    convert, spell = converter(kind), speller(kind)
    for text in ODD[name]:
        for column in ([text], [text, None]):
            made = convert(pa.array(column, pa.string()))
            assert (made.values[0].as_py(), bool(made.bad)) == (spell(text), spell(text) is None), text


def test_text_is_escaped_only_where_it_needs_to_be() -> None:
    """Every text comes back from its JSON; a part of a column is not judged by the rest of it."""
    texts = ["plain", None, 'say "x"', "back\\slash", "tab\t", "two\nlines\r", "\x00\x1f", "Zürich 🙂", ""]
    for start in range(len(texts)):
        part = pa.array(texts, pa.string()).slice(start)
        made = escape(part).to_pylist()
        assert [None if text is None else json.loads(f'"{text}"') for text in made] == part.to_pylist()
