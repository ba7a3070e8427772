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

    def lock(self, statements: list[str], max_seconds: int) -> Rows:
        self.sent.extend(statements)
        return self._answer(len(self.sent))

    def execute_all(self, statements: list[str]) -> None:
        self.sent.extend(statements)


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


class Turned:
    """A session of Snowflake with two turns, of which the second has no row at first; `refusals` end locks in turn."""

    def __init__(self, *refusals: WarehouseError) -> None:
        self.calls: list[list[str]] = []
        self.refusals = [*refusals]
        self.has_rows = [True, False]

    def lock(self, statements: list[str], max_seconds: int) -> Rows:
        self.calls.append(statements)
        if self.refusals:
            raise self.refusals.pop(0)
        return [(1, 0)]

    def execute(self, sql: str) -> Rows:
        assert sql.startswith("SELECT 0, COUNT(*) FROM")
        return [(place, int(there)) for place, there in enumerate(self.has_rows)]

    def execute_all(self, statements: list[str]) -> None:
        assert len(statements) == self.has_rows.count(False)
        self.has_rows = [True, True]


def turns() -> Turn:
    dialect = DIALECTS["snowflake"]
    locks = [Lock(turn_table(dialect, Table("S", name)), "TABLE_NAME", f"S.{name}") for name in "AB"]
    return Turn(dialect, "load 1", locks, Waiting(lambda s: None, lambda: 0.0, 1))


def test_several_turns_are_taken_in_one_call_when_each_has_its_row() -> None:
    """No answer tells whether each was locked, so their rows are looked for before: one that is there stays."""
    turn, session = turns(), Turned()
    with pytest.raises(WarehouseError) as missing:
        turn.take(session)  # type: ignore[arg-type]
    assert session.calls == []
    turn.again(session, missing.value)  # type: ignore[arg-type]
    turn.take(session)  # type: ignore[arg-type]
    assert [len(call) for call in session.calls] == [2]


def test_turns_that_are_refused_in_one_call_are_taken_one_by_one() -> None:
    """Whatever the warehouse has against several statements in a call, it is no reason to load nothing."""
    turn, session = turns(), Turned(WarehouseError("refused", code="SF-SQL"))
    session.has_rows = [True, True]
    with pytest.raises(WarehouseError) as refused:
        turn.take(session)  # type: ignore[arg-type]
    turn.again(session, refused.value)  # type: ignore[arg-type]
    turn.take(session)  # type: ignore[arg-type]
    assert [len(call) for call in session.calls] == [2, 1, 1]
    with pytest.raises(WarehouseError, match="again"):
        turn.again(session, WarehouseError("again", code="SF-SQL"))  # type: ignore[arg-type]
