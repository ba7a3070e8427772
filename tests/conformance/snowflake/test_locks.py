"""The limit of statements that wait for one lock, on the locks of the stand-in themselves."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.store.locks import MAX_WAITERS, Locks


@dataclass(eq=False)
class Holder:
    """A transaction that only holds locks."""

    id: int | None
    cancelled: bool = False

    def idle_seconds(self) -> float:
        return 0.0

    def abort(self, why: str) -> None:
        """Nobody aborts it."""


def wait_for(locks: Locks[Holder], waiters: list[Holder]) -> list[threading.Thread]:
    threads = [threading.Thread(target=locks.acquire, args=(waiter, {1}, 60), daemon=True) for waiter in waiters]
    for thread in threads:
        thread.start()
    return threads


def test_the_statement_behind_twenty_waiters_fails_at_once() -> None:
    """000625 for the 21st statement that would wait for a lock; another table's lock is free (issue threads)."""
    assert MAX_WAITERS == 20
    locks: Locks[Holder] = Locks()
    first, late = Holder(0), Holder(99)
    locks.acquire(first, {1}, 0)
    waiters = [Holder(n) for n in range(1, MAX_WAITERS + 1)]
    threads = wait_for(locks, waiters)
    begin = time.monotonic()
    while locks.waiters(1) < MAX_WAITERS:
        assert time.monotonic() - begin < 20
    with pytest.raises(
        SqlError, match="the number of waiters for this lock exceeds the 20 statements limit"
    ) as refused:
        locks.acquire(late, {1}, 1)
    assert refused.value.code == 625
    locks.acquire(late, {2}, 0)
    locks.release(first)
    while any(thread.is_alive() for thread in threads) or locks.held.get(1):
        assert time.monotonic() - begin < 20
        if (holder := locks.held.get(1)) is not None:
            locks.release(holder)
    locks.acquire(late, {1}, 0)
