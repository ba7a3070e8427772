"""A load is committed while the input is read on; a warehouse in memory answers when it is told to."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from singer_bulk.errors import Interrupted, MessageError, WarehouseError
from singer_bulk.warehouse.dialect import Rows

from tests.fakes import Bench, MemoryWarehouse, lines, record, schema, state

ORDERS = "analytics.orders"
SECONDS = 120  # after which something has waited for what could not come
EACH_STATE = {"batch_size_rows": 1}  # a load for each STATE
FIRST = lines(schema(), record(id=1), state(1))
SECOND = lines(record(id=2), state(2))


class Chunks(io.StringIO):
    """An input that comes in chunks; `before` is called with the number of each before it is handed out."""

    def __init__(self, chunks: list[str], before: Callable[[int], Any] = lambda number: None) -> None:
        super().__init__()
        self._chunks, self._before, self._number = chunks, before, 0

    def read(self, size: int | None = -1) -> str:
        self._number += 1
        self._before(self._number)
        return self._chunks.pop(0) if self._chunks else ""


class Waiting(MemoryWarehouse):
    """Waits before each COMMIT until `go` is set, and then refuses it if it is told to."""

    go: threading.Event
    under_way: threading.Event
    refuses: bool

    def execute(self, sql: str) -> Rows:
        if sql == "COMMIT":
            self.under_way.set()
            assert self.go.wait(SECONDS), "nothing was read while the load was under way"
            if self.refuses:
                raise WarehouseError("the disk is full", code="RS-SQL")
        return super().execute(sql)


def waiting(*, refuses: bool = False) -> tuple[Bench, Waiting]:
    bench = Bench()
    warehouse = Waiting(bench.stage)
    warehouse.go, warehouse.under_way, warehouse.refuses = threading.Event(), threading.Event(), refuses
    bench.warehouse = warehouse
    return bench, warehouse


def test_input_is_read_while_a_load_is_committed() -> None:
    """The second chunk is asked for before the load of the first is committed; its STATE is out before the end."""
    bench, warehouse = waiting()

    def before(number: int) -> None:
        if number == 2:
            assert warehouse.under_way.wait(SECONDS)
            assert bench.emitted == []
            warehouse.go.set()

    bench.run(Chunks([FIRST, SECOND], before), **EACH_STATE)
    assert bench.warehouse.rows(ORDERS) == ["1", "2"]
    assert bench.emitted == ["1", "2"]


def test_one_load_is_under_way_at_a_time() -> None:
    """The next load waits for the one before it, so that loads and STATEs come in the order of the input."""
    bench = Bench()
    bench.run(FIRST + SECOND + lines(record(id=3), state(3)), **EACH_STATE)
    told = [sql.partition(" ")[0] for sql in bench.warehouse.statements]
    assert [verb for verb in told if verb in ("BEGIN", "COMMIT")] == ["BEGIN", "COMMIT"] * 3
    assert bench.emitted == ["1", "2", "3"]
    assert bench.warehouse.ledger_states() == ["1", "2", "3"]


def test_failed_load_ends_the_run_at_the_next_chunk() -> None:
    """What is read after a load that fails is not loaded, no STATE comes out, no file stays."""
    bench, warehouse = waiting(refuses=True)

    def before(number: int) -> None:
        if number == 2:
            warehouse.go.set()

    endless = Chunks([FIRST, *[SECOND] * 1000], before)
    with pytest.raises(WarehouseError, match="the disk is full"):
        bench.run(endless, **EACH_STATE, keep_staged_files=False)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []
    assert bench.stage.files == {}


class RefusesOnce(MemoryWarehouse):
    """Refuses its first COMMIT, whatever is committed after it."""

    refused: bool = False

    def execute(self, sql: str) -> Rows:
        if sql == "COMMIT" and not self.refused:
            self.refused = True
            raise WarehouseError("the disk is full", code="RS-SQL", conflict=False)
        return super().execute(sql)


def test_load_behind_one_that_failed_is_not_begun() -> None:
    """What is read behind a load that fails is not committed in its stead: its STATE would cover the lost records."""
    bench = Bench()
    bench.warehouse = RefusesOnce(bench.stage)
    with pytest.raises(WarehouseError, match="the disk is full"):
        bench.run(FIRST + SECOND, **EACH_STATE)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_bad_record_lets_the_load_under_way_end() -> None:
    """An error in what is read behind a load takes nothing from it: it is committed and its STATE comes out."""
    bench, warehouse = waiting()

    def before(number: int) -> None:
        if number == 2:
            assert warehouse.under_way.wait(SECONDS)
        if number == 3:
            warehouse.go.set()

    with pytest.raises(MessageError):
        bench.run(Chunks([FIRST, lines(record(id=2)), "no message\n"], before), **EACH_STATE)
    assert bench.warehouse.rows(ORDERS) == ["1"]
    assert bench.emitted == ["1"]


def test_signal_lets_the_load_under_way_end() -> None:
    """A signal while a load is committed: its STATE comes out, and nothing of what is read behind it is loaded."""
    bench, warehouse = waiting()

    def stop_signal() -> int | None:
        if not warehouse.under_way.is_set():
            return None
        warehouse.go.set()
        return 15

    def before(number: int) -> None:
        if number == 2:
            assert warehouse.under_way.wait(SECONDS)

    with pytest.raises(Interrupted):
        bench.run(Chunks([FIRST, SECOND], before), **EACH_STATE, stop_signal=stop_signal)
    assert bench.warehouse.rows(ORDERS) == ["1"]
    assert bench.emitted == ["1"]


def test_signal_drops_what_has_not_been_committed() -> None:
    """Rows that no load holds yet are not loaded after a signal, also where a STATE covers them."""
    bench = Bench()
    signals = iter([None])
    with pytest.raises(Interrupted):
        bench.run(Chunks([FIRST, SECOND]), stop_signal=lambda: next(signals, 15))
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []
    assert bench.stage.files == {}


def test_repeated_state_waits_for_its_records() -> None:
    """A STATE behind a load that is under way comes out behind that of the load."""
    bench, warehouse = waiting()
    warehouse.go.set()
    bench.run(FIRST + lines(state(1), state({"later": 2})), **EACH_STATE)
    assert bench.emitted == ["1", '{"later": 2}']


def test_files_are_closed_early_where_memory_is_full() -> None:
    """More open files than memory has room for: the largest is closed and staged; the load still ends at a STATE."""
    bench = Bench()
    bench.stage.max_files = 2
    streams = [f"s{number}" for number in range(5)]
    text = lines(*(schema(one) for one in streams))
    for number in range(3):
        text += lines(*(record(one, id=number) for one in streams))
    bench.run(text + lines(state(1)))
    for one in streams:
        assert sorted(bench.warehouse.rows(f"analytics.{one}")) == ["0", "1", "2"]
    assert bench.emitted == ["1"]
    assert bench.warehouse.statements.count("COMMIT") == 1
    assert bench.stage.opened == 0
    assert len(bench.stage.files) > len(streams)


class Losing(MemoryWarehouse):
    """Takes a COMMIT outside of a transaction, as warehouses do; loses the connection where it is told to."""

    conflicts: int
    losses: list[tuple[str, bool]]  # statement, in a transaction?

    def execute(self, sql: str) -> Rows:
        if sql.startswith("COPY") and self.conflicts:
            self.conflicts -= 1
            raise WarehouseError("in the way", code="RS-CONFLICT", conflict=True)
        if (sql, self._open is not None) in self.losses and not self.conflicts:
            self.losses.remove((sql, self._open is not None))
            self._open = None
            raise WarehouseError("gone", code="RS-LOST", connection_lost=True)
        if sql == "COMMIT" and self._open is None:
            return []
        return super().execute(sql)


def test_commit_on_another_session_is_no_commit() -> None:
    """Connections that are lost while the tables are looked at, before and in the transaction: every row is there."""
    bench = Bench()
    warehouse = Losing(bench.stage)
    warehouse.conflicts = 1
    warehouse.losses = [("DESCRIBE analytics.b", False), ("DESCRIBE analytics.a", True)]
    bench.warehouse = warehouse
    bench.run(lines(schema("a"), schema("b"), record("a", id=1), record("b", id=2), state(1)))
    assert (warehouse.rows("analytics.a"), warehouse.rows("analytics.b")) == (["1"], ["2"])
    assert bench.emitted == ["1"]


class Broken(Waiting):
    """Fails at COMMIT as no warehouse should."""

    def execute(self, sql: str) -> Rows:
        if sql == "COMMIT":
            self.under_way.set()
            assert self.go.wait(SECONDS)
            raise RuntimeError("a driver's own")
        return super().execute(sql)


def test_error_of_any_kind_leaves_no_file(caplog: pytest.LogCaptureFixture) -> None:
    """What is no error of ours ends a load while reading fails too: both are told, and what was staged is removed."""
    bench = Bench()
    warehouse = Broken(bench.stage)
    warehouse.go, warehouse.under_way, warehouse.refuses = threading.Event(), threading.Event(), False
    bench.warehouse = warehouse

    def before(number: int) -> None:
        if number == 2:
            assert warehouse.under_way.wait(SECONDS)
            threading.Timer(0.05, warehouse.go.set).start()  # the input is read meanwhile

    with pytest.raises(MessageError):
        bench.run(Chunks([FIRST, lines(record(id=2)) + "no message\n"], before), **EACH_STATE, keep_staged_files=False)
    assert bench.stage.files == {}
    assert bench.stage.opened == 0
    assert bench.emitted == []
    assert "a driver's own" in caplog.text
