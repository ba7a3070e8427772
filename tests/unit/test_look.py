"""What is in scratch tables is asked once for all, and each number of the answer decides something."""

from __future__ import annotations

from typing import Any

import pytest
from singer_bulk.errors import CommitError, WarehouseError
from singer_bulk.warehouse.dialect import Rows

from tests.unit.load_rows import PLAIN, Counts, Session, rows_of


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_batch_that_has_each_key_once_is_merged_as_it_came(warehouse: str) -> None:
    """A scratch table, COPY, and MERGE from it: no second table and no choice; what MERGE writes is gated."""
    rows, session = rows_of(warehouse, (0, PLAIN))
    rows.fill_scratch(session)
    assert rows.enter(session) == {"a": 3}
    assert [sql.split()[0] for sql in session.sent] == ["CREATE", "COPY", "SELECT", "MERGE"]
    assert "scratch" in session.sent[-1].partition(" USING ")[2].partition(" ON ")[0].lower()


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
@pytest.mark.parametrize(
    "counts", [(3, 2, 0, 0, 0, 0), (3, 3, 0, 0, 1, 0), (3, 3, 0, 1, 0, 0)], ids=["twice", "delete", "truncate"]
)
def test_what_is_no_plain_batch_is_chosen_from(warehouse: str, counts: Counts) -> None:
    """A key with two rows, or a row that is no row to keep, is met by the statements that choose."""
    rows, session = rows_of(warehouse, (0, counts))
    rows.fill_scratch(session)
    rows.enter(session)
    assert [sql.split()[0] for sql in session.sent][:6] == ["CREATE", "COPY", "SELECT", "CREATE", "INSERT", "MERGE"]


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(0, PLAIN), (1, (3, 3, 1, 0, 0, 0))], "LOAD-KEY-NULL"),
        ([(0, PLAIN), (1, (2, 2, 0, 0, 0, 0))], "LOAD-COUNT"),
        ([(0, PLAIN), (1, (4, 4, 0, 0, 0, 0))], "LOAD-COUNT"),
        ([(0, PLAIN), (1, (None, 0, 0, 0, 0, 0))], "LOAD-COUNT"),
        ([(0, PLAIN)], "LOAD-COUNT"),
        ([(1, PLAIN)], "LOAD-COUNT"),
    ],
    ids=["a null", "too few", "too many", "none", "no answer for the second", "no answer for the first"],
)
def test_look_refuses_what_is_not_as_it_was_staged(warehouse: str, answers: Any, code: str) -> None:
    """In an answer for several tables each counts: rows that are missing or too many, a NULL in a key, no answer."""
    rows, session = rows_of(warehouse, *answers, streams="ab")
    with pytest.raises(CommitError) as refused:
        rows.fill_scratch(session)
    assert refused.value.code == code
    assert not any(sql.startswith("MERGE") for sql in session.sent)


@pytest.mark.parametrize(("warehouse", "merged", "lacking"), [("redshift", [], 1), ("snowflake", [(1, 1)], 0)])
def test_rows_that_merge_leaves_out_are_noticed(warehouse: str, merged: Rows, lacking: int) -> None:
    """Of a batch that is merged as it came each row must be written: Snowflake's MERGE says how many it wrote; on
    Redshift, where it may say nothing, the tables are asked for all of them at the end of the load."""
    rows, session = rows_of(warehouse, (0, PLAIN), (1, PLAIN), streams="ab")
    answer = session.execute

    def execute(sql: str) -> Rows:
        found = answer(sql)
        if sql.startswith("MERGE") and '"b"' in sql.lower():
            return merged
        return [(0, lacking)] if sql.startswith("SELECT 0, lacking") else [(lacking,)] if "NOT EXISTS" in sql else found

    session.execute = execute  # type: ignore[method-assign]
    rows.fill_scratch(session)
    with pytest.raises(CommitError, match=r"table s\.b") as refused:
        rows.enter(session)
    assert refused.value.code == "LOAD-WRITTEN"


def test_scratch_tables_take_the_place_of_those_before() -> None:
    """The second load of a run has as many temporary tables as the first one: Redshift drops those before in one
    statement, Snowflake replaces them; the last load drops nothing."""
    for warehouse, dropped in (("redshift", 1), ("snowflake", 0)):
        rows, session = rows_of(warehouse, (0, PLAIN), (1, PLAIN), streams="ab")
        rows.fill_scratch(session)
        first = [sql for sql in session.sent if sql.startswith("CREATE")]
        assert not any(sql.startswith("DROP") for sql in session.sent)
        session.sent.clear()
        rows.fill_scratch(session)
        drops = [sql for sql in session.sent if sql.startswith("DROP")]
        assert len(drops) == dropped
        assert all(sql.count("scratch") == 2 for sql in drops)
        assert [sql for sql in session.sent if sql.startswith("CREATE")] == first
        assert warehouse == "redshift" or all(sql.startswith("CREATE OR REPLACE TEMPORARY") for sql in first)


@pytest.mark.parametrize("size", [3, 4, 9], ids=lambda size: f"{size} streams")
def test_copies_run_side_by_side_where_there_are_enough(size: int) -> None:
    """From four COPYs on they are dealt out to as many calls as may run side by side, each COPY once; the look counts
    the rows of each scratch table, however they came into it."""
    streams = "abcdefghi"[:size]
    rows, session = rows_of("snowflake", *((n, PLAIN) for n in range(size)), streams=streams, copies_at_once=3)
    rows.fill_scratch(session)
    copied = [sql for calls in session.together for call in calls for sql in call]
    alone = [sql for sql in session.sent if sql.startswith("COPY")]
    assert (len(copied), len(alone)) == ((size, 0) if size >= 4 else (0, size))
    assert len({*copied}) == len(copied)
    assert [len(calls) for calls in session.together] == [3] * (size >= 4)


@pytest.mark.parametrize("connection_lost", [False, True])
def test_copies_that_fail_side_by_side_follow_one_another_in_another_session(connection_lost: bool) -> None:
    """Whatever the error says, some of them may go on: nothing of this session is used any more, nor tried again."""
    rows, session = rows_of("snowflake", *((n, PLAIN) for n in range(4)), streams="abcd", copies_at_once=4)
    session.refusal = WarehouseError("refused", code="SF-SQL", connection_lost=connection_lost)
    with pytest.raises(WarehouseError, match="refused") as failed:
        rows.fill_scratch(session)
    assert failed.value.connection_lost
    assert {sql.split()[0] for sql in session.sent} == {"CREATE"}
    other = Session(session.counts)
    rows.fill_scratch(other)
    assert [sql.split()[0] for sql in other.sent] == ["CREATE"] * 4 + ["COPY"] * 4 + ["SELECT"]
    assert other.together == []
