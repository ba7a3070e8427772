"""The warehouse in memory: what transactions, sessions and locks of the two warehouses do, as their pages say it."""

from __future__ import annotations

from typing import Any

import pytest
from singer_bulk.errors import WarehouseError

from tests.simulate.bucket import Bucket
from tests.simulate.schedule import Process, Scheduler
from tests.simulate.statements import Statements
from tests.simulate.tables import Backend, Tables

REDSHIFT, SNOWFLAKE = True, False
TABLE = {REDSHIFT: '"analytics"."t"', SNOWFLAKE: '"DB"."ANALYTICS"."t"'}


class Sessions:
    """Sessions of one warehouse, whose table `t` has one column, `a`, and one row."""

    def __init__(self, redshift: bool) -> None:
        self.scheduler = Scheduler(1)
        self.tables = Tables(self.scheduler, redshift=redshift, strict=False)
        place = '"analytics".' if redshift else '"DB"."ANALYTICS".'
        self.statements = Statements(self.tables, Bucket(), place, "analytics", "")
        self.t = TABLE[redshift]
        self.one, self.other = self.tables.connect(), self.tables.connect()
        self.execute(self.one, f'CREATE TABLE {self.t} ("a" BIGINT)')
        self.execute(self.one, f'INSERT INTO {self.t} ("a") VALUES (1)')

    def execute(self, session: Backend, *statements: str) -> list[Any]:
        """Run statements; return what the last one answers."""
        return [self.statements.execute(session, sql) for sql in statements][-1]

    def seen(self, session: Backend) -> list[int]:
        """Return the values that a session sees."""
        return sorted(row[0] for row in self.execute(session, f'SELECT "a" FROM {self.t}'))


@pytest.mark.parametrize("redshift", [REDSHIFT, SNOWFLAKE])
def test_nobody_sees_what_is_not_committed(redshift: bool) -> None:
    """Rows of an open transaction are its own until COMMIT; ROLLBACK and the end of the session drop them."""
    both = Sessions(redshift)
    for end, left in (("ROLLBACK", [1]), ("COMMIT", [1, 2])):
        both.execute(both.one, "BEGIN", f'INSERT INTO {both.t} ("a") VALUES (2)')
        assert (both.seen(both.one), both.seen(both.other)) == ([1, 2], [1])
        both.execute(both.one, end)
        assert both.seen(both.other) == left
    both.execute(both.one, "BEGIN", f"DELETE FROM {both.t}")
    both.tables.end(both.one)
    assert both.seen(both.other) == [1, 2]
    assert not both.tables.locks


@pytest.mark.parametrize(("redshift", "seen"), [(REDSHIFT, [1]), (SNOWFLAKE, [1, 2])])
def test_snapshot_is_that_of_the_transaction_or_of_the_statement(redshift: bool, seen: list[int]) -> None:
    """Redshift: of the transaction's first statement. Snowflake: of each statement (sql-reference/transactions)."""
    both = Sessions(redshift)
    both.execute(both.one, "BEGIN")
    assert both.seen(both.one) == [1]
    both.execute(both.other, f'INSERT INTO {both.t} ("a") VALUES (2)')
    assert both.seen(both.one) == seen


def test_lock_of_redshift_comes_before_the_snapshot() -> None:
    """LOCK is no statement that a snapshot is taken at (c_serial_isolation)."""
    both = Sessions(REDSHIFT)
    both.execute(both.one, "BEGIN", f"LOCK {both.t}")
    both.tables.locks.clear()
    both.execute(both.other, f'INSERT INTO {both.t} ("a") VALUES (2)')
    assert both.seen(both.one) == [1, 2]


@pytest.mark.parametrize("redshift", [REDSHIFT, SNOWFLAKE])
def test_commit_of_a_failed_transaction_commits_nothing(redshift: bool) -> None:
    """A statement that is refused ends what was done; COMMIT is answered well all the same, also without BEGIN."""
    both = Sessions(redshift)
    both.execute(both.one, "BEGIN", f'INSERT INTO {both.t} ("a") VALUES (2)')
    with pytest.raises(WarehouseError):
        both.execute(both.one, 'INSERT INTO "missing" ("a") VALUES (1)')
    with pytest.raises(WarehouseError, match="aborted"):
        both.seen(both.one)
    assert both.execute(both.one, "COMMIT") == []
    assert both.execute(both.other, "COMMIT") == []
    assert both.seen(both.one) == [1]


def test_ddl_of_snowflake_commits() -> None:
    """What is open becomes visible with the next DDL (sql-reference/transactions)."""
    both = Sessions(SNOWFLAKE)
    both.execute(
        both.one, "BEGIN", f'INSERT INTO {both.t} ("a") VALUES (2)', f'ALTER TABLE {both.t} ADD COLUMN "b" DATE'
    )
    assert both.seen(both.other) == [1, 2]


@pytest.mark.parametrize("redshift", [REDSHIFT, SNOWFLAKE])
def test_temporary_table_is_of_its_session(redshift: bool) -> None:
    """Another session has none of that name, and it is gone with its own."""
    both = Sessions(redshift)
    scratch = '"_singer_scratch_1_1"'
    both.execute(both.one, f'CREATE TEMP TABLE {scratch} ("a" BIGINT)')
    assert both.execute(both.one, f"SELECT COUNT(*) FROM {scratch}") == [(0,)]
    with pytest.raises(WarehouseError):
        both.execute(both.other, f"SELECT COUNT(*) FROM {scratch}")
    both.tables.end(both.one)
    assert [name for name in both.tables.committed if name[0] == "@"] == []


def test_update_that_has_waited_goes_on_with_what_it_saw() -> None:
    """Snowflake: a statement sees what was committed when it began, also where it had to wait for another one."""
    both = Sessions(SNOWFLAKE)
    scheduler, process = both.scheduler, Process("test")
    both.execute(both.one, "BEGIN", f'UPDATE {both.t} SET "a" = "a" + 1')

    def commit() -> None:
        scheduler.sleep(10)
        both.execute(both.one, "COMMIT")

    scheduler.begin(process, "waiting", lambda: both.execute(both.other, f'UPDATE {both.t} SET "a" = "a" + 10'))
    scheduler.begin(process, "committing", commit)
    scheduler.run()
    assert both.seen(both.one) == [11]


@pytest.mark.parametrize("redshift", [REDSHIFT, SNOWFLAKE])
def test_lock_is_waited_for_no_longer_than_allowed(redshift: bool) -> None:
    """Whoever waits too long hears that others have it; two that wait for one another, that it is a conflict."""
    both = Sessions(redshift)
    both.tables.locks["t"] = both.one
    both.other.lock_seconds = 5
    told = list[WarehouseError]()

    def wait() -> None:
        try:
            both.execute(both.other, f'UPDATE {both.t} SET "a" = 3')
        except WarehouseError as error:
            told.append(error)

    both.scheduler.begin(Process("test"), "waiting", wait)
    both.scheduler.run()
    assert told[0].waited
    both.one.waits_for = both.other
    both.scheduler.begin(Process("test"), "waiting", wait)
    both.scheduler.run()
    assert told[1].conflict
    assert not told[1].waited
