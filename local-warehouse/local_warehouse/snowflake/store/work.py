"""Transactions: what a session has written and not committed, and how a failed statement undoes only itself.

DuckDB gives up the whole transaction when a statement fails. Snowflake keeps it, so the statements that succeeded are
replayed in a new one. That is right only if they give the same rows again; where that is not certain the transaction
is refused from there on, and only ROLLBACK ends it.
https://docs.snowflake.com/en/sql-reference/transactions
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import duckdb

from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.store.engine import Engine, translate
from local_warehouse.snowflake.store.locks import Claims, Locks

_IDS = itertools.count(int(time.time() * 1000) * 1_000_000)


@dataclass
class Step:
    """One statement for DuckDB, and what it needs."""

    sql: str
    tables: dict[str, Any] = field(default_factory=dict)  # Arrow tables by the name the SQL uses
    reads: set[int] = field(default_factory=set)  # the tables whose rows decide what it does
    writes: set[int] = field(default_factory=set)
    repeatable: bool = True


def _met_another(error: duckdb.Error) -> bool:
    """Whether DuckDB gave up because another transaction had changed or altered the same table."""
    return any(word in str(error) for word in ("onflict", "altered", "another transaction", "concurrent transaction"))


class Versions:
    """How often each table has been committed to, by anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count: dict[int, int] = {}

    def of(self, tables: set[int]) -> dict[int, int]:
        with self._lock:
            return {table: self._count.get(table, 0) for table in tables}

    def bump(self, tables: set[int]) -> None:
        with self._lock:
            for table in tables:
                self._count[table] = self._count.get(table, 0) + 1


class Shared:
    """What the transactions of all sessions know of one another."""

    def __init__(self) -> None:
        self.versions = Versions()
        self.locks: Locks[Work] = Locks()
        self.claims = Claims()
        self.open: dict[int, Work] = {}


class Work:
    """The transaction of one session over one DuckDB cursor."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine = engine
        self.shared = shared
        self.owner: Any = None  # the session, for SHOW TRANSACTIONS
        self.versions = shared.versions
        self.last_statement = time.time()
        self.cancelled = False
        self.using = threading.RLock()  # the cursor: another session may end the transaction at any moment
        self.cursor = engine.cursor()
        self.open = False
        self.id: int | None = None
        self.name = ""
        self.started = 0.0
        self.steps: list[Step] = []
        self.broken: str | None = None
        self.seen: dict[int, int] = {}

    def begin(self, name: str = "") -> None:
        if not self.open:
            self.cursor.execute("BEGIN")
            self.open, self.id, self.started = True, next(_IDS), time.time()
            self.name = name or str(uuid.uuid4())
            self.shared.open[self.id] = self

    def commit(self) -> None:
        """SqlError if the transaction cannot be kept; it is undone then."""
        if not self.open:
            return
        with self.using:
            if self.broken:
                broken = self.broken
                self.rollback()
                raise SqlError(f"the transaction was rolled back: {broken}", 90252, "57014")
            written = set().union(*(step.writes for step in self.steps)) if self.steps else set()
            try:
                self._commit()
            except duckdb.Error as error:
                self._end()
                raise translate(error) from error
            self.versions.bump(written)
            self._end()

    def _commit(self) -> None:
        """COMMIT; the statements are repeated where DuckDB minds that a table was altered meanwhile."""
        try:
            with self.engine.turn.together():
                self.cursor.execute("COMMIT")
        except duckdb.Error as error:
            if not _met_another(error):
                raise
            with self.engine.turn.alone():
                self.recover()
                self._quietly("ROLLBACK") if self.broken else self.cursor.execute("COMMIT")
            if self.broken:
                raise

    def rollback(self) -> None:
        with self.using:
            if self.open:
                self.cursor.execute("ROLLBACK")
                self._end()

    def _end(self) -> None:
        for step in self.steps:
            self._unregister(step)
        self.shared.locks.release(self)
        self.shared.claims.release(self)
        self.shared.open.pop(self.id or 0, None)
        self.open, self.id, self.steps, self.broken, self.seen = False, None, [], None, {}

    def idle_seconds(self) -> float:
        return time.time() - self.last_statement

    def abort(self, why: str) -> None:
        """End the transaction from another session: its rows go, its next statement learns of it."""
        self.broken = self.broken or why
        self.cursor.interrupt()
        # At once, although its session may be gone and never ask: rows that are not committed are in the way of others.
        with self.using:
            self._quietly("ROLLBACK")
            self._quietly("BEGIN")
        self.shared.open.pop(self.id or 0, None)
        self.shared.locks.release(self)

    def cancel(self) -> None:
        """Stop the statement that runs, also one that waits for a lock."""
        self.cancelled = True
        self.cursor.interrupt()
        self.shared.locks.wake()

    def check(self) -> None:
        """SqlError if the open transaction takes no more statements."""
        self.last_statement = time.time()
        if self.broken:
            raise SqlError(f"the transaction must be rolled back: {self.broken}", 90252, "57014")

    def run(self, steps: list[Step], lock: set[int], lock_seconds: int) -> list[Any]:
        """Run the steps of one statement, all or none; returns the rows of each."""
        self.check()
        alone = not self.open
        if lock:
            self.shared.locks.acquire(self, lock, lock_seconds)
        try:
            with self.using:
                self.check()
                if not alone and not self.steps:  # nothing to lose: see what others have committed meanwhile
                    self._start_over()
                rows = self._attempt_again(steps, alone)
        except duckdb.Error as error:
            for step in steps:
                self._unregister(step)
            raise translate(error) from error
        finally:
            if alone:
                self.shared.locks.release(self)
        if alone:
            for step in steps:
                self._unregister(step)
        if not alone:
            for step in steps:
                for table, version in self.versions.of(step.reads).items():
                    self.seen.setdefault(table, version)
            self.steps += steps
        return rows

    def _attempt_again(self, steps: list[Step], alone: bool) -> list[Any]:
        """Run the steps; after a conflict on the newest state, which is what READ COMMITTED means."""
        try:
            with self.engine.turn.together():
                return self._attempt(steps, alone)
        except duckdb.Error as error:
            if not alone:
                self.recover()
            if not _met_another(error) or self.broken:
                raise
        with self.engine.turn.alone():
            try:
                return self._attempt(steps, alone)
            except duckdb.Error:
                if not alone:
                    self.recover()
                raise

    def _attempt(self, steps: list[Step], alone: bool) -> list[Any]:
        """Run the steps, in a transaction of their own if `alone`."""
        if alone:
            self.cursor.execute("BEGIN")
        try:
            rows = [self._execute(step) for step in steps]
            if alone:
                self.cursor.execute("COMMIT")
                self.versions.bump(set().union(*(step.writes for step in steps)))
        except duckdb.Error:
            if alone:
                self._quietly("ROLLBACK")
            raise
        return rows

    def query(self, sql: str, tables: dict[str, Any] | None = None) -> list[Any]:
        """Rows of a SELECT."""
        self.check()
        step = Step(sql, tables or {})
        with self.using:
            self.check()
            if self.open and not self.steps:
                self._start_over()
            try:
                return list(self._execute(step))
            except duckdb.Error as error:
                if self.open:
                    self.recover()
                raise translate(error) from error
            finally:
                self._unregister(step)

    def _execute(self, step: Step) -> list[Any]:
        for name, table in step.tables.items():
            self.cursor.register(name, table)
        rows: list[Any] = self.cursor.execute(step.sql).fetchall()
        return rows

    def _unregister(self, step: Step) -> None:
        for name in step.tables:
            self.cursor.unregister(name)

    def _quietly(self, sql: str) -> None:
        try:
            self.cursor.execute(sql)
        except duckdb.Error:
            return

    def recover(self) -> None:
        """Bring back what succeeded since BEGIN, after DuckDB dropped it; `broken` says why that cannot be."""
        with self.engine.turn.alone():  # a snapshot from before another's ALTER would not take the rows
            self._recover()

    def _recover(self) -> None:
        self._start_over()
        if not all(step.repeatable for step in self.steps):
            self.broken = (
                "a statement failed and an earlier one may not give the same rows again (the stand-in replays)"
            )
        elif self.versions.of(set(self.seen)) != self.seen:
            self.broken = "a statement failed and another session changed a table meanwhile (the stand-in replays)"
        if self.broken:
            return
        try:
            for step in self.steps:
                self._execute(step)
        except duckdb.Error as error:
            self._start_over()
            why = translate(error).message
            self.broken = f"a statement failed and an earlier one could not be repeated: {why}"

    def _start_over(self) -> None:
        self._quietly("ROLLBACK")
        self.cursor.execute("BEGIN")

    def close(self) -> None:
        self.rollback()
        self.cursor.close()
