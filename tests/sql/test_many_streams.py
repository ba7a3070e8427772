"""What many small streams ask of the warehouse: statements, and calls that a run waits for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import record, state
from tests.sql.runs import Driver, told
from tests.sql.scenarios import TEXT, keyed

# Load method -> statements and calls that each stream adds: in steady state, and in the run that makes its tables.
STREAM: dict[tuple[str, str], tuple[float, float, float, float]] = {
    ("redshift", "append-only"): (2, 1, 3, 1),
    ("redshift", "upsert"): (3, 2, 5, 2),
    ("redshift", "overwrite"): (4, 3, 6, 3),  # one of them counts what the full load may not lose
    ("snowflake", "append-only"): (1, 1, 2, 1),
    ("snowflake", "upsert"): (4, 3, 7, 3),
    ("snowflake", "overwrite"): (3, 3, 6, 3),
}
# What a run asks beside that in steady state, at most: statements, and calls.
RUN = {"redshift": (20, 15), "snowflake": (12, 13)}


def messages(streams: int) -> list[dict[str, Any]]:
    """A record and a STATE for each of the streams."""
    return [
        one
        for number in range(streams)
        for name in [f"s{number:03}"]
        for one in (
            {**keyed(note=TEXT), "stream": name},
            record(name, id=1, note="x"),
            state({"bookmarks": {name: 1}}),
        )
    ]


def asked(warehouse: str, method: str, streams: int) -> list[tuple[int, int]]:
    """Return the statements and calls of a first run and of one that finds its tables."""
    driver, found = Driver(warehouse), []
    for _ in range(2):
        driver.sent.clear()
        driver.calls = 0
        told(driver, messages(streams), {"load_method": method})
        found.append((len([sql for sql in driver.sent if not sql.startswith("--")]), driver.calls))
    return found


@pytest.mark.parametrize(("warehouse", "method"), STREAM)
def test_statements_of_a_stream_and_of_a_run(warehouse: str, method: str) -> None:
    """Ten streams more cost what the list says for each; what a run asks beside that does not grow with them."""
    (first_few, few), (first_many, many) = asked(warehouse, method, 2), asked(warehouse, method, 12)
    each = tuple((more - less) / 10 for more, less in zip((*many, *first_many), (*few, *first_few), strict=True))
    assert each == STREAM[warehouse, method]
    statements, calls = RUN[warehouse]
    assert few[0] - 2 * each[0] <= statements
    assert few[1] - 2 * each[1] <= calls
