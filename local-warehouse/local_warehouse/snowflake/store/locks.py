"""Who holds which table: UPDATE, DELETE, MERGE and INSERT OVERWRITE wait for one another until COMMIT or ROLLBACK.

INSERT and COPY only add rows and take no lock; a COPY claims its files.
https://docs.snowflake.com/en/sql-reference/transactions (resource locking)
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from local_warehouse.snowflake.errors import SqlError

# "the number of waiters for this lock exceeds the 20 statements limit": https://github.com/brooklyn-data/dbt_artifacts/
# issues/431; a newer report says 50.
MAX_WAITERS = 20
IDLE_SECONDS = 300  # a transaction that blocks others is aborted after five minutes without a statement
IDLE = "it was idle for five minutes and blocked another transaction"


class Holder(Protocol):
    """A transaction, as far as its locks are concerned."""

    @property
    def id(self) -> int | None: ...
    @property
    def cancelled(self) -> bool: ...

    def idle_seconds(self) -> float: ...
    def abort(self, why: str) -> None: ...


H = TypeVar("H", bound=Holder)


class Locks(Generic[H]):
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.held: dict[int, H] = {}
        self._waiting: Counter[int] = Counter()  # statements that wait, by table

    def acquire(self, work: H, tables: set[int], timeout_seconds: int) -> None:
        """Take all of `tables` for the transaction.

        SqlError 000625 after the timeout, or at once where too many wait already; 000604 if it is aborted.
        """
        with self._changed:
            wanted = {table for table in tables if self.held.get(table, work) is not work}
            self._check_waiters(wanted)
            self._waiting.update(wanted)
            try:
                self._acquire(work, tables, timeout_seconds)
            finally:
                self._waiting.subtract(wanted)

    def waiters(self, table: int) -> int:
        """How many statements wait for the lock of a table."""
        return self._waiting[table]

    def _check_waiters(self, tables: set[int]) -> None:
        for table in tables:
            if self._waiting[table] >= MAX_WAITERS:
                raise SqlError(
                    f"Statement has locked table in transaction {self.held[table].id} and this lock has not yet been "
                    "released.\nYour statement was aborted because the number of waiters for this lock exceeds the "
                    f"{MAX_WAITERS} statements limit.",
                    625,
                    "57014",
                )

    def _acquire(self, work: H, tables: set[int], timeout_seconds: int) -> None:
        deadline = time.monotonic() + timeout_seconds
        ended = set[H]()
        with self._changed:
            while True:
                holders = {self.held[table] for table in tables if self.held.get(table, work) is not work}
                if not holders:
                    self.held.update(dict.fromkeys(tables, work))
                    return
                if work.cancelled:
                    raise SqlError("SQL execution canceled", 604, "57014")
                for holder in holders - ended:
                    if holder.idle_seconds() > IDLE_SECONDS:
                        ended.add(holder)
                        # In a thread: it waits for a COMMIT of that session, which waits for these locks.
                        threading.Thread(target=holder.abort, args=(IDLE,), daemon=True).start()
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SqlError(
                        f"Statement has locked table in transaction {next(iter(holders)).id} that has not yet "
                        f"completed: lock timeout of {timeout_seconds} second(s) reached.",
                        625,
                        "57014",
                    )
                self._changed.wait(min(left, 0.2))

    def release(self, work: Holder) -> None:
        with self._changed:
            self.held = {table: holder for table, holder in self.held.items() if holder is not work}
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class Turn:
    """DDL alone, and DML of several sessions side by side: DuckDB minds rows that come while a table is altered."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._owner: int | None = None  # the thread that is alone
        self._depth = self._waiting = self._others = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Until every other thread is out; may be nested."""
        me = threading.get_ident()
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._owner == me or (self._owner is None and not self._others))
            self._waiting -= 1
            self._owner = me
            self._depth += 1
        try:
            yield
        finally:
            with self._changed:
                self._depth -= 1
                self._owner = me if self._depth else None
                self._changed.notify_all()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Together with others, while nobody is alone or waits to be; inside `alone` it does nothing."""
        with self._changed:
            count = int(self._owner != threading.get_ident())
            if count:
                self._changed.wait_for(lambda: self._owner is None and not self._waiting)
            self._others += count
        try:
            yield
        finally:
            with self._changed:
                self._others -= count
                self._changed.notify_all()


class Claims:
    """Files that a COPY loads: until its transaction has ended, a parallel COPY into the same table skips them.

    https://docs.snowflake.com/en/user-guide/data-load-considerations-load (parallel COPY statements)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[int, str, str], Holder] = {}  # table, file, ETag

    def take(self, work: Holder, table: int, file: str, etag: str) -> bool:
        """Claim a file; False if another transaction has it."""
        with self._lock:
            return self._held.setdefault((table, file, etag), work) is work

    def release(self, work: Holder) -> None:
        with self._lock:
            self._held = {key: holder for key, holder in self._held.items() if holder is not work}
