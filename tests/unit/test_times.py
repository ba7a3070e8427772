"""What the warehouse took is measured for each kind of statement and each stream."""

from __future__ import annotations

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.times import Taken, TimedSession, Times


class Slow:
    """A session whose every statement takes a second; one that fails too."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def execute(self, sql: str) -> Rows:
        self.seconds += 1
        if "refused" in sql:
            raise WarehouseError("no", code="RS-SQL")
        return []

    def execute_all(self, statements: list[str]) -> None:
        self.seconds += 1


def test_time_is_that_of_the_stream_and_the_kind() -> None:
    """Calls and seconds are told by kind, in all and for the streams that took longest; a call that fails counts."""
    slow = Slow()
    times = Times(lambda: slow.seconds)
    session = TimedSession(slow, times)  # type: ignore[arg-type]
    session.execute("SHOW COLUMNS IN SCHEMA s")
    session.execute_all(["CREATE TABLE a", "CREATE TABLE b"])
    for stream, count in (("orders", 3), ("lines", 1)):
        with times.of_stream(stream):
            for _ in range(count):
                session.execute("COPY t FROM x; SELECT pg_last_copy_count()")
            with pytest.raises(WarehouseError):
                session.execute("MERGE INTO refused")
    run, load = Taken(), times.take()
    run.add(load)
    assert str(load) == (
        "8 calls of the warehouse took 8.0 s: COPY 4.0 s in 4, MERGE 2.0 s in 2, questions 1.0 s in 1, "
        "tables 1.0 s in 1"
    )
    assert load.of("orders") == " (COPY 3.0 s in 3, MERGE 1.0 s in 1)"
    assert load.of("other") == ""
    with times.of_stream("lines"):
        for _ in range(4):
            session.execute("COPY t")
    run.add(times.take())
    assert run.longest() == (
        "; longest: lines 6.0 s (COPY 5.0 s in 5, MERGE 1.0 s in 1); orders 4.0 s (COPY 3.0 s in 3, MERGE 1.0 s in 1)"
    )
    assert times.take().longest() == ""
