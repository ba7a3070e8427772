"""The warehouse's tables: transactions with what they see, locks, and what a COMMIT makes visible.

What a transaction sees is the worst that the pages of the two warehouses allow. Redshift's has its snapshot from its
first statement that is no LOCK. A statement of Snowflake sees what was committed when it began; one that has waited for
another transaction goes on with what it saw before it waited. Where Redshift would notice that and refuse the
statement, half of all seeds let it notice nothing (`strict`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from singer_bulk.errors import WarehouseError

from tests.simulate.engine import Engine, Rows, Table
from tests.simulate.schedule import Process, Scheduler

LOOK_SECONDS = 3.0  # between two looks at a lock that somebody has


@dataclass
class Delta:
    """What a transaction has changed in a table."""

    deleted: set[int] = field(default_factory=set)
    inserted: Rows = field(default_factory=dict)
    seen: tuple[Table, Table] | None = None  # the table as others have it, and as the transaction sees it


@dataclass(eq=False)
class Transaction:
    """What is open in a session. explicit: it was begun by BEGIN. failed: a statement of it has been refused."""

    name: str
    explicit: bool
    snapshot: dict[str, Table] | None = None
    deltas: dict[str, Delta] = field(default_factory=dict)
    failed: bool = False


@dataclass(eq=False)
class Backend:
    """The warehouse's side of a session; `waits_for` is who has the lock that it wants."""

    number: int
    transaction: Transaction | None = None
    waits_for: Backend | None = None
    lock_seconds: float = 1e9
    last_copy: int = 0
    over: bool = False
    leaves_out: bool = False  # a row of the next statement that writes


class Tables:
    """Everything that sessions share. `on_change` hears of each commit that others can see."""

    def __init__(self, scheduler: Scheduler, *, redshift: bool, strict: bool) -> None:
        self.scheduler = scheduler
        self.redshift, self.strict = redshift, strict
        self.committed: dict[str, Table] = {}
        self.locks: dict[str, Backend] = {}
        self.backends: dict[int, Backend] = {}
        self.history: set[tuple[str, str]] = set()  # files that COPY has loaded, by table
        self.engine = Engine()
        self.process = Process("warehouse")
        self.on_change: Callable[[Backend, set[str]], None] = lambda backend, names: None
        self._rows = 0
        self._transactions = 0

    def connect(self) -> Backend:
        """Begin a session."""
        backend = Backend(len(self.backends) + 1)
        self.backends[backend.number] = backend
        return backend

    def number(self) -> int:
        """Return the number of a new row."""
        self._rows += 1
        return self._rows

    def begin(self, backend: Backend, *, explicit: bool) -> Transaction:
        """Open a transaction."""
        self._transactions += 1
        name = str(backend.number if self.redshift else 1000 + self._transactions)
        backend.transaction = Transaction(name, explicit)
        return backend.transaction

    def demand(self, name: str) -> Table:
        """Return a table as it is committed; raises the error of one that is not there."""
        if name not in self.committed:
            raise self.refused(f"relation {name} does not exist", missing=True)
        return self.committed[name]

    def view(self, backend: Backend, name: str) -> Table:
        """Return a table as a statement sees it that begins now."""
        transaction = backend.transaction
        assert transaction is not None
        base = self.committed.get(name)
        if base is None:
            raise self.refused(f"relation {name} does not exist", missing=True)
        if self.redshift and name[0] != "@":
            if transaction.snapshot is None:
                transaction.snapshot = dict(self.committed)
            if name not in transaction.snapshot:
                raise self.conflict(f"1018 Relation {name} does not exist")
            base = (
                Table(base.columns, transaction.snapshot[name].rows)
                if base.columns != transaction.snapshot[name].columns
                else transaction.snapshot[name]
            )
        delta = transaction.deltas.get(name)
        if delta is None:
            return base
        if delta.seen is None or delta.seen[0] is not base:
            rows = {number: row for number, row in base.rows.items() if number not in delta.deleted}
            delta.seen = (base, Table(base.columns, rows | delta.inserted))
        return delta.seen[1]

    def lock(self, backend: Backend, name: str) -> None:
        """Lock a table until the end of the transaction, waiting for whoever has it."""
        begun, scheduler = self.scheduler.time, self.scheduler
        while (holder := self.locks.get(name)) is not None and holder is not backend:
            backend.waits_for = holder
            try:
                if self._waits_for(holder, backend):
                    raise self.conflict("deadlock detected")
                if scheduler.time - begun >= backend.lock_seconds:
                    raise self.waited(f"waited for {name}")
                scheduler.sleep(min(LOOK_SECONDS, backend.lock_seconds) * (0.5 + scheduler.random()))
            finally:
                backend.waits_for = None
            if backend.over:
                raise self.refused("the session was terminated")
        self.locks[name] = backend

    def _waits_for(self, holder: Backend, backend: Backend) -> bool:
        seen = [holder]
        while (following := seen[-1].waits_for) is not None and following not in seen:
            seen.append(following)
        return backend in seen[1:]

    def write(self, backend: Backend, name: str, before: Table, after: Rows, *, appends: bool) -> None:
        """Note in the transaction what a statement that saw `before` has made of it; the table is locked."""
        transaction = backend.transaction
        assert transaction is not None
        base = self.committed.get(name)
        if base is None:
            raise self.refused(f"relation {name} does not exist", missing=True)
        snapshot = (transaction.snapshot or {}).get(name)
        if self.redshift and self.strict and not appends and snapshot is not None and base.rows is not snapshot.rows:
            raise self.conflict("1023 Serializable isolation violation")
        delta = transaction.deltas.setdefault(name, Delta())
        for number in before.rows.keys() - after.keys():
            delta.inserted.pop(number, None)
            delta.deleted.add(number)
        for number, row in after.items():
            if before.rows.get(number) != row:
                delta.deleted.add(number)
                delta.inserted[number] = row
        delta.seen = None

    def commit(self, backend: Backend) -> None:
        """Make visible what the transaction has changed; of one that has failed nothing."""
        transaction, backend.transaction = backend.transaction, None
        changed = set()
        if transaction is not None and not transaction.failed:
            for name, delta in transaction.deltas.items():
                base = self.committed.get(name)
                if base is None or not (delta.deleted or delta.inserted):
                    continue
                rows = {number: row for number, row in base.rows.items() if number not in delta.deleted}
                seen = delta.seen
                reuses = seen is not None and seen[0] is base
                self.committed[name] = seen[1] if reuses and seen else Table(base.columns, rows | delta.inserted)
                changed.add(name)
        self._release(backend)
        if any(name[0] != "@" for name in changed):
            self.on_change(backend, changed)

    def roll_back(self, backend: Backend) -> None:
        """Drop what the transaction has changed."""
        backend.transaction = None
        self._release(backend)

    def end(self, backend: Backend) -> None:
        """End a session: its transaction is rolled back, its temporary tables are gone."""
        backend.over = True
        self.roll_back(backend)
        for name in [name for name in self.committed if name.startswith(f"@{backend.number}_")]:
            del self.committed[name]

    def _release(self, backend: Backend) -> None:
        for name in [name for name, holder in self.locks.items() if holder is backend]:
            del self.locks[name]

    def refused(self, text: str, *, missing: bool = False, **kind: Any) -> WarehouseError:
        """Return the error of a statement that is refused."""
        code, number = ("RS-SQL", "42P01") if self.redshift else ("SF-SQL", "2003" if missing else "1003")
        return WarehouseError(text, code=code, sql_code=number, **kind)

    def conflict(self, text: str) -> WarehouseError:
        """Return the error of a conflict with another transaction."""
        return WarehouseError(text, code="RS-CONFLICT" if self.redshift else "SF-CONFLICT", conflict=True)

    def waited(self, text: str) -> WarehouseError:
        """Return the error of a lock that was waited for too long."""
        code = "RS-SQL" if self.redshift else "SF-CONFLICT"
        return WarehouseError(text, code=code, conflict=not self.redshift, waited=True)

    def lost(self) -> WarehouseError:
        """Return the error of a connection that is lost."""
        return WarehouseError(
            "the connection is lost", code="RS-LOST" if self.redshift else "SF-LOST", connection_lost=True
        )
