"""How many rows has COPY loaded? By what the warehouse says, or, where it refuses to say it, by the table itself."""

from __future__ import annotations

import pytest
from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.warehouse.dialect import Rows

from tests.fakes import Bench, MemoryDialect, lines, record, schema, state

QUERY, ORDERS = "SELECT pg_last_copy_count()", "analytics.orders"
TWO = lines(schema(), record(id=1), record(id=2), state(1))


class Mute:
    """A warehouse that does not answer `copy_count`, and whose COPY may leave out a row without a word."""

    def __init__(self, bench: Bench) -> None:
        self.leaves_out = False
        self._bench, self._execute = bench, bench.warehouse.execute
        bench.warehouse.execute = self  # type: ignore[method-assign, assignment]

    def __call__(self, sql: str) -> Rows:
        if sql.endswith(QUERY):
            self._bench.warehouse.statements.append(sql)
            raise WarehouseError("permission denied for function pg_last_copy_count", code="RS-SQL", sql_code="42501")
        rows = self._execute(sql)
        opened = self._bench.warehouse._open
        if self.leaves_out and sql.startswith("COPY") and opened is not None:
            opened[ORDERS].pop()
        return rows


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench whose dialect asks for the rows of a COPY."""
    monkeypatch.setattr(MemoryDialect, "copy_count", QUERY)
    return Bench()


def test_refused_count_is_made_in_the_table(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The load is tried again and counts its rows before and after COPY; a run asks what is refused once."""
    Mute(bench)
    bench.run(TWO)
    bench.run(TWO + TWO)
    assert bench.warehouse.rows(ORDERS) == ["1", "2"] * 3
    assert sum(sql.endswith(QUERY) for sql in bench.warehouse.statements) == 2
    assert "will be counted in the table" in caplog.text
    count, copy = f"SELECT COUNT(*) FROM {ORDERS}", f"COPY {ORDERS}"
    asked = [sql.partition(" [")[0] for sql in bench.warehouse.statements if sql.startswith((count, copy))]
    assert asked == [copy, count, copy, count] * 2


def test_row_that_copy_leaves_out_is_missed_in_the_table(bench: Bench) -> None:
    """However rows are counted, a load that lacks one is rolled back."""
    mute = Mute(bench)
    bench.run(TWO)
    mute.leaves_out = True
    with pytest.raises(BulkError, match="2 rows read, 2 staged, 1 loaded by the warehouse") as refused:
        bench.run(TWO)
    assert refused.value.code == "LOAD-COUNT"
    assert bench.warehouse.rows(ORDERS) == ["1", "2"]
