"""Any SCHEMA, any records that fit it, through the whole target into its stand-in and back: equal.

Each run of a target carries many streams, since the process costs more than its rows. The short form runs with the
suite; FIDELITY_EXAMPLES=n gives each warehouse n streams.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from singer_bulk.self_test.meaning import meaning, stored

from tests.fidelity.strategies import Kind, record_of, schema_of, streams
from tests.load.loaders import Loader

STREAMS_OF_A_RUN = 25
RUNS = max(1, int(os.environ.get("FIDELITY_EXAMPLES", "0")) // STREAMS_OF_A_RUN)
_SHOWN = {
    "timestamp": "TO_VARCHAR({}, 'YYYY-MM-DD HH24:MI:SS.FF9')",
    "instant": "TO_VARCHAR({}, 'YYYY-MM-DD HH24:MI:SS.FF9TZH:TZM')",
    "time": "TO_VARCHAR({}, 'HH24:MI:SS.FF9')",
}
Made = tuple[list[Kind], list[list[str | None]]]


class Streams(list[Made]):
    """The streams of a run; where one fails, the assertion tells the value, not hypothesis all of them."""

    def __repr__(self) -> str:
        return f"{len(self)} streams"


def lines_of(name: str, made: Made) -> Iterator[Any]:
    """The messages of a stream; its first property is the row's number."""
    kinds, rows = made
    properties = {"n": {"type": "integer"}, **schema_of(kinds)["properties"]}
    yield {"type": "SCHEMA", "stream": name, "schema": {"properties": properties}}
    for number, row in enumerate(rows):
        members = record_of(row)[1:]
        comma = ", " if members != "}" else ""
        yield f'{{"type": "RECORD", "stream": "{name}", "record": {{"n": {number}{comma}{members}}}'


def check(loader: Loader, name: str, made: Made) -> int:
    """Compare the table with what was sent; return the number of values."""
    kinds, rows = made
    snowflake = "snowflake" in loader.command
    shown = [
        (_SHOWN.get(kind.means, "{}") if snowflake else "{}").format(f"p{number}") for number, kind in enumerate(kinds)
    ]
    came = loader.rows(f"SELECT n, {', '.join(shown)} FROM {{schema}}.{name} ORDER BY n".replace("{}", "{{}}"))
    assert [row[0] for row in came] == list(range(len(rows)))
    for sent, row in zip(rows, came, strict=True):
        for kind, text, value in zip(kinds, sent, row[1:], strict=True):
            expected = None if text is None or text == "null" else meaning(kind.means, text)
            assert (None if value is None else stored(kind.means, value)) == expected, (kind.schema, text, value)
    return sum(len(row) for row in rows)


@pytest.mark.timeout(100_000)
def test_streams_come_back_equal(loader: Loader) -> None:
    """Every value of every stream arrives as it left, null and missing as NULL."""
    counted = [0, 0]
    if "redshift" in loader.command:
        loader.rows("SET extra_float_digits TO 2")

    @settings(
        max_examples=RUNS + 1,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        print_blob=False,
    )
    @given(made=st.builds(Streams, st.lists(streams(8), min_size=STREAMS_OF_A_RUN, max_size=STREAMS_OF_A_RUN)))
    def run(made: Streams) -> None:
        counted[0] += 1
        names = [f"s{counted[0]}_{number}" for number in range(len(made))]
        done = loader.load(*(line for name, one in zip(names, made, strict=True) for line in lines_of(name, one)))
        assert done.status == 0, done.stderr[-3000:]
        counted[1] += sum(check(loader, name, one) for name, one in zip(names, made, strict=True))

    run()
    print(f"{loader.command}: {counted[0]} runs, {counted[1]} values equal")
    assert counted[1] >= RUNS * STREAMS_OF_A_RUN
