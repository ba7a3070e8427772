"""A transaction of the Snowflake stand-in that another session ends while a statement of it runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.store.work import Shared, Step, Work


class Cursor:
    """A cursor of DuckDB that one thread uses at a time, of which one statement runs until it is let go on."""

    def __init__(self) -> None:
        self.slow = "INSERT"
        self.used: list[str] = []
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self._free = threading.Lock()

    def execute(self, sql: str) -> Cursor:
        assert self._free.acquire(blocking=False), f"{sql} while another statement runs"
        try:
            if sql.startswith(self.slow):
                self.begun.set()
                assert self.goes_on.wait(30)
            self.used.append(sql)
        finally:
            self._free.release()
        return self

    def interrupt(self) -> None:
        """What runs ends soon."""
        threading.Timer(0.05, self.goes_on.set).start()

    def fetchall(self) -> list[Any]:
        return []


class Engine:
    """As much of the engine as a transaction asks."""

    def __init__(self) -> None:
        self.turn = self
        self.together = self.alone = self._turn
        self.made = Cursor()

    @contextmanager
    def _turn(self) -> Any:
        yield

    def cursor(self) -> Cursor:
        return self.made


def test_transaction_is_ended_behind_the_statement_that_runs() -> None:
    """What is not committed goes when the statement is over, nothing stays open behind it, and COMMIT is refused."""
    engine: Any = Engine()
    work = Work(engine, Shared())
    work.begin()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(work.run, [Step("INSERT 1")], set(), 1)
        assert engine.made.begun.wait(30)
        work.abort("somebody has ended it")
        running.result()
    inserted = engine.made.used.index("INSERT 1")
    assert engine.made.used[inserted:] == ["INSERT 1", "ROLLBACK", "BEGIN"]
    assert work.shared.open == {}
    with pytest.raises(SqlError, match="somebody has ended it"):
        work.commit()


def test_idle_transaction_that_commits_is_not_waited_for_in_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for its lock ends it after five minutes; a COMMIT that is under way ends well, and frees the lock."""
    monkeypatch.setattr("local_warehouse.snowflake.store.locks.IDLE_SECONDS", -1)
    engine: Any = Engine()
    engine.made.slow = "COMMIT"
    shared = Shared()
    holder, waiter = Work(engine, shared), Work(engine, shared)
    holder.begin()
    shared.locks.acquire(holder, {1}, 1)
    with ThreadPoolExecutor(2) as threads:
        committing = threads.submit(holder.commit)
        assert engine.made.begun.wait(30)
        waiting = threads.submit(shared.locks.acquire, waiter, {1}, 30)
        committing.result(30)
        waiting.result(30)
    assert shared.locks.held == {1: waiter}
