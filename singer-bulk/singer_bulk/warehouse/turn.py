"""The turn of a load: of the loads that merge, replace, delete or stamp rows of one table, one does so at a time.

A MERGE that has merely waited for another one may still see the table as it was before, and would insert a key that the
other has just inserted (`Dialect.lock`). So such a load locks, as the first thing behind BEGIN, a table that nobody
reads: `_singer_turn__<hash>`, one for each target table, in its schema. Loads into different tables pass side by side,
and whoever reads the tables, the views or the ledger neither waits for a load nor holds one up. The fence of the
pipeline is locked in the same place. All loads lock in the same order, so none waits for what waits for it.

A lock of the warehouse is waited for LOCK_SECONDS at a time, which shows in the log, `max_seconds` at most in all. The
rows stay in the scratch tables meanwhile.
docs/decisions/0011-a-turn-for-each-table.md has what else was considered.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from singer_bulk.errors import CommitError, WarehouseError
from singer_bulk.model.added import TURN_PREFIX
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Load, Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Session, look_seconds
from singer_bulk.warehouse.fence import Fence
from singer_bulk.warehouse.further_tables import applied_table
from singer_bulk.warehouse.gate import ASKED_AT_ONCE, told
from singer_bulk.warehouse.ledger import OLDER_RUN_DAYS, older_runs
from singer_bulk.warehouse.ledger_form import explained
from singer_bulk.warehouse.retries import Waiting
from singer_bulk.warehouse.session import Warehouse

logger = logging.getLogger(__name__)

# A wait for a turn that shows in the log when it is over, though the warehouse has not yet given up a look at it.
NOTICED_SECONDS = 1.0
TURN_COLUMN = Column("table_name", ColumnType(Kind.TEXT, max_bytes=1024))


def tables_in_turn(dialect: Dialect, load: Load) -> list[Table]:
    """Return the tables that the load may write only while no other such load does, in the order of locks."""
    found = set[Table]()
    for table in load.tables:
        if table.method.applies:
            found.add(applied_table(dialect, table))
        if table.overwrite or table.activated is not None:
            found.add(table.table)
    return sorted(found)


def turn_table(dialect: Dialect, table: Table) -> Table:
    """Return the table whose lock is the turn at `table`."""
    digest = hashlib.sha256(table.name.encode()).hexdigest()[:12]
    return Table(table.schema, dialect.fold(f"{TURN_PREFIX}{digest}"))


def turn_column(dialect: Dialect) -> Column:
    """Return the only column of such a table: the name of the table that it stands for, for people."""
    return Column(dialect.fold(TURN_COLUMN.name), TURN_COLUMN.type)


def turn_row(dialect: Dialect, table: Table) -> str:
    """Return the statement that gives the turn at `table` its only row."""
    return _insert_row(dialect, turn_table(dialect, table), turn_column(dialect).name, str(table))


def _insert_row(dialect: Dialect, where: Table, column: str, row: str | None) -> str:
    return words.insert(dialect.table(where), words.name(column), f"VALUES ({words.literal(row)})")


@dataclass(frozen=True)
class Lock:
    """A table to be locked, a column that each of its rows has a value in, and the value of its only row, if that may
    still be missing."""

    table: Table
    column: str
    row: str | None = None


@dataclass
class Turn:
    """What one attempt at a load locks, in order, and how long it waits for that.

    at_once: several statements go in one call.
    """

    dialect: Dialect
    load_id: str
    locks: Sequence[Lock]
    waiting: Waiting
    at_once: bool = True

    def take(self, session: Session) -> None:
        """Lock everything in the open transaction; raises WarehouseError, `waited` if others hold it for now."""
        statements = self.dialect.lock([(lock.table, lock.column) for lock in self.locks])
        seconds = look_seconds(self.waiting.max_seconds)
        if self.dialect.locks_rows and len(statements) > 1 and self.at_once:
            self._demand_rows(session)
            session.lock(statements, seconds)
            return
        for position, sql in enumerate(statements):
            rows, lock = session.lock([sql], seconds), self.locks[position]
            if self.dialect.locks_rows and lock.row is not None and told(rows) == 0:
                raise _NoRow([lock])

    def _demand_rows(self, session: Session) -> None:
        """Look for the rows that are to be locked, where no answer will say whether they were: one that is there stays.

        To look for them behind the locks would not do: another run may have written one in between, and locked it.
        """
        unsure = [lock for lock in self.locks if lock.row is not None]
        for start in range(0, len(unsure), ASKED_AT_ONCE):
            part = unsure[start : start + ASKED_AT_ONCE]
            query = words.count_each(self.dialect.table(lock.table) for lock in part)
            found = {int(place): int(count) for place, count in session.execute(query)}
            if without := [lock for place, lock in enumerate(part) if not found.get(place)]:
                raise _NoRow(without)

    def again(self, session: Session, error: WarehouseError) -> None:
        """Do what lets the lock be taken; the transaction has been rolled back. Raises CommitError after too long."""
        if isinstance(error, _NoRow):
            session.execute_all([_insert_row(self.dialect, lock.table, lock.column, lock.row) for lock in error.locks])
            return
        if not error.waited:
            if error.conflict or not self.at_once or len(self.locks) == 1:
                raise error
            logger.info("load %s: its turns are taken one by one: %s", self.load_id, error)
            self.at_once = False
            return
        names = ", ".join(str(lock.row or lock.table) for lock in self.locks)
        holders = session.holders([lock.table for lock in self.locks]) or "who has it cannot be seen"
        what = f"load {self.load_id}: waits for its turn at {names} ({holders})"
        if not self.waiting.goes_on(what, error):
            raise CommitError(
                f"load {self.load_id} was rolled back, its tables are as the load before it left them: it has waited "
                f"{self.waiting.seconds:.0f} s for its turn at {names} ({holders}); end what holds it, or raise "
                f"lock_wait_seconds ({error.text})",
                code="LOAD-TURN",
            ) from error

    def taken(self) -> None:
        """Say how long it took, if that was long enough to be noticed."""
        if self.waiting.passed() >= NOTICED_SECONDS:
            logger.info("load %s: has its turn after %.0f s", self.load_id, self.waiting.seconds)


class _NoRow(WarehouseError):
    """Tables whose row is to be locked have none: whoever made them died before it wrote one."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        super().__init__(f"table {locks[0].table} has no row to lock", code="TABLE-BUSY")
        self.locks = locks


class Turns:
    """The turns of a run's loads; remembers whether programs that lock the ledger may still load into it."""

    def __init__(self, warehouse: Warehouse, lock_wait_seconds: float) -> None:
        self._warehouse = warehouse
        self._lock_wait_seconds = lock_wait_seconds
        self._older_runs: bool | None = None

    def waiting(self) -> Waiting:
        """Return a wait as long as the user allows one."""
        return Waiting(self._warehouse.pause, self._warehouse.monotonic, self._lock_wait_seconds)

    def of(self, load: Load, fence: Fence | None) -> Turn:
        """Return what the load locks: the ledger where older programs do, its turns, the fence of its pipeline."""
        dialect, ledger = self._warehouse.dialect, self._warehouse.ledger
        tables = tables_in_turn(dialect, load)
        key = dialect.fold("load_id")
        locks = [Lock(ledger, key)] if tables and self._has_older_runs(load) else []
        column = turn_column(dialect).name
        locks += [Lock(turn_table(dialect, table), column, str(table)) for table in tables]
        locks += [Lock(fence.table, key)] if fence is not None else []
        return Turn(dialect, load.load_id, locks, self.waiting())

    def _has_older_runs(self, load: Load) -> bool:
        if self._older_runs is None:
            warehouse = self._warehouse
            query = older_runs(warehouse.dialect, warehouse.ledger, datetime.fromisoformat(load.committed_at))
            with explained(warehouse.ledger, "read"):
                self._older_runs = bool(warehouse.session.execute(query)[0][0])
            if self._older_runs:
                text = "ledger %s has rows of an older version of %d days: loads lock it, as those of that version do"
                logger.info(text, warehouse.ledger, OLDER_RUN_DAYS)
        return self._older_runs
