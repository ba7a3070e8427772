"""What many small streams ask of the warehouse: statements, and calls that a run waits for."""

from __future__ import annotations

import pytest

from tests.sql.many_streams import asked

# Load method -> statements and calls that each stream adds: in steady state, and in the run that makes its tables.
STREAM: dict[tuple[str, str], tuple[float, float, float, float]] = {
    ("redshift", "append-only"): (2, 1, 3, 1),
    ("redshift", "upsert"): (3, 2, 5, 2),
    ("redshift", "overwrite"): (4, 3, 6, 3),  # one of them counts what the full load may not lose
    ("snowflake", "append-only"): (3, 1, 4, 1),  # INSERT .. SELECT; of less than four small streams COPY alone
    ("snowflake", "upsert"): (4, 1, 7, 1),  # MERGE; what copies and locks goes in a few calls for all
    ("snowflake", "overwrite"): (5, 2, 8, 2),
}
# What a run asks beside that in steady state, at most: statements, and calls.
RUN = {"redshift": (20, 15), "snowflake": (13, 15)}
SIDE_BY_SIDE = 16  # calls with COPYs, and looks whether they have ended


@pytest.mark.parametrize(("warehouse", "method"), STREAM)
def test_statements_of_a_stream_and_of_a_run(warehouse: str, method: str) -> None:
    """Ten streams more cost what the list says for each; what a run asks beside that does not grow with them."""
    (first_few, then_few), (first_many, then_many) = (asked(warehouse, method, streams) for streams in (12, 22))
    few, many = (*then_few.counts, *first_few.counts), (*then_many.counts, *first_many.counts)
    each = tuple((more - less) / 10 for more, less in zip(many, few, strict=True))
    assert each == STREAM[warehouse, method]
    statements, calls = RUN[warehouse]
    assert few[0] - 12 * each[0] <= statements
    assert few[1] - 12 * each[1] <= calls + (SIDE_BY_SIDE if warehouse == "snowflake" else 0)
