"""Whose turn is it? Loads that merge into one table run one after the other, and say so while they wait."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from singer_bulk.errors import BulkError, Interrupted, WarehouseError
from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.retries import Waiting
from singer_bulk.warehouse.turn import Lock, Turn, turn_table

from tests.fakes import Bench, MemoryDialect, lines, record, schema, state
from tests.fidelity.encoding import DIALECTS

ORDERS, LEDGER = "analytics.orders", "analytics._singer_loads"
ROWS = lines(schema(), record(id=1), state(1))
TURN = f"LOCK {turn_table(MemoryDialect(), Table('analytics', 'orders'))}"  # type: ignore[arg-type]
HELD = WarehouseError("statement timeout", code="RS-SQL", sql_code="57014", waited=True)


class Waited:
    """A lock that another load has for some looks, a minute each."""

    def __init__(self, bench: Bench, looks: int) -> None:
        self.looks, self._bench, self._lock = looks, bench, bench.warehouse.lock

    def __call__(self, sql: str, max_seconds: int) -> Rows:
        rows = self._lock(sql, max_seconds)
        if self.looks:
            self.looks -= 1
            self._bench.clock.pass_seconds(max_seconds)
            raise HELD
        return rows


def held(looks: int) -> Bench:
    """Return a bench whose locks are held for some looks."""
    bench = Bench()
    bench.warehouse.lock = Waited(bench, looks)  # type: ignore[method-assign]
    return bench


def test_turn_is_waited_for_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A load that waits says whose turn it is and for how long it has waited, goes on with what it has, and commits."""
    bench = held(3)
    caplog.set_level("INFO")
    bench.run(ROWS, load_method="overwrite")
    assert bench.warehouse.rows(ORDERS) == ["1"]
    waits = [text for text in caplog.messages if "waits for its turn" in text]
    assert len(waits) == 3
    assert "at analytics.orders (held by a test), since 60 s, 3600 s at most" in waits[0]
    assert "has its turn after 18" in caplog.text
    assert bench.warehouse.statements.count("ROLLBACK") == 3


def test_turn_that_does_not_come_ends_the_run() -> None:
    """The wait is bounded by time: then nothing is loaded, and the error names who has it and the setting."""
    bench = held(1000)
    told = r"waited \d+ s for its turn at analytics.orders \(held by a test\).*lock_wait_seconds"
    with pytest.raises(BulkError, match=told) as late:
        bench.run(ROWS, load_method="overwrite", lock_wait_seconds=300)
    assert late.value.code == "LOAD-TURN"
    assert 300 <= bench.clock.seconds < 400
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_signal_ends_a_wait() -> None:
    """Whoever stops a pipeline that waits does not wait as well."""
    bench = held(1000)
    with pytest.raises(Interrupted):
        bench.run(ROWS, load_method="overwrite", stop_signal=lambda: 15 if bench.clock.seconds > 100 else None)
    assert bench.clock.seconds < 200
    assert bench.warehouse.rows(ORDERS) == []


@pytest.mark.parametrize(
    ("age_days", "locks"), [(1, [f"LOCK {LEDGER}", TURN]), (8, [TURN])], ids=["of yesterday", "long ago"]
)
def test_older_programs_lock_the_ledger_and_so_do_loads_beside_them(age_days: int, locks: list[str]) -> None:
    """While a program of the version before has loaded lately, a load locks the ledger as that program does, too."""
    bench = Bench()
    bench.run(ROWS)
    older = json.loads(bench.warehouse.committed[LEDGER][0])
    older[12], older[14] = f"{bench.clock.moment - timedelta(days=age_days):%Y-%m-%d %H:%M:%S+00:00}", 2
    bench.warehouse.committed[LEDGER] = [json.dumps(older)]
    begun = len(bench.warehouse.statements)
    bench.run(ROWS, load_method="overwrite")
    assert [sql for sql in bench.warehouse.statements[begun:] if sql.startswith("LOCK")] == locks


def test_loads_that_only_append_take_no_turn() -> None:
    """Rows that are added disturb nobody; with a pipeline_id its fence is locked, and nothing else."""
    bench = Bench()
    bench.run(ROWS)
    assert [sql for sql in bench.warehouse.statements if sql.startswith("LOCK")] == []
    bench.run(ROWS, pipeline_id="p")
    (lock,) = [sql for sql in bench.warehouse.statements if sql.startswith("LOCK")]
    assert lock.startswith(f"LOCK {LEDGER}__")


class Rowless:
    """A session of Snowflake whose turn has no row yet."""

    def __init__(self, answer: Callable[[int], Rows]) -> None:
        self.sent: list[str] = []
        self._answer = answer

    def lock(self, sql: str, max_seconds: int) -> Rows:
        self.sent.append(sql)
        return self._answer(len(self.sent))

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        return []


def test_row_that_a_dead_run_did_not_write_is_written() -> None:
    """An UPDATE of no row locks nothing on Snowflake: the row is written, then the turn is taken again."""
    dialect = DIALECTS["snowflake"]
    table = turn_table(dialect, Table("SALES", "ORDERS"))
    session: Any = Rowless(lambda count: [(0, 0)] if count == 1 else [(1, 0)])
    turn = Turn(dialect, "load 1", [Lock(table, "TABLE_NAME", "SALES.ORDERS")], Waiting(lambda s: None, lambda: 0.0, 1))
    with pytest.raises(WarehouseError) as missing:
        turn.take(session)
    turn.again(session, missing.value)
    turn.take(session)
    assert session.sent[1] == f"INSERT INTO {dialect.table(table)} (\"TABLE_NAME\") VALUES ('SALES.ORDERS')"
    assert session.sent[0] == session.sent[2]
    with pytest.raises(WarehouseError, match="refused"):
        turn.again(session, WarehouseError("refused", code="SF-SQL"))
