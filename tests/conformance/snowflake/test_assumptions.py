"""What our statements take for granted and no page says: docs/only-a-real-account.md, which says what else may be true.

On a real account these come first: `make conformance`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from snowflake.connector.errors import Error

from tests.conformance.methods import LOADS, SETTINGS, differences, messages
from tests.conformance.snowflake.conftest import Config, Db, connect
from tests.conftest import Run


def test_whole_loads(config: Config, db: Db, run_target: Callable[..., Run]) -> None:
    """Each load method, a change feed and its views, as the target sends them, leave what they must."""
    schema = config["default_target_schema"]
    for notes in LOADS:
        run = run_target("target-snowflake-stage", {**config, "stage": "SINGER_STAGE", **SETTINGS}, messages(*notes))
        assert run.status == 0, run.stderr
    assert differences(lambda sql: db.run(sql.format(schema=schema))) == []


def test_update_that_changes_nothing_keeps_others_out(db: Db, other: Db) -> None:
    """SET column = column takes the lock of the table's row until COMMIT; the wait ends in 625, 630 or 615."""
    db.run("CREATE TABLE TURN (NAME VARCHAR)")
    db.run("INSERT INTO TURN VALUES ('T')")
    other.run("ALTER SESSION SET LOCK_TIMEOUT = 1")
    db.run("BEGIN")
    assert db.run("UPDATE TURN SET NAME = NAME") == [(1, 0)]
    with pytest.raises(Error) as refused:
        other.run("UPDATE TURN SET NAME = NAME")
    assert refused.value.errno in (625, 630, 615)
    db.run("COMMIT")
    assert other.run("UPDATE TURN SET NAME = NAME") == [(1, 0)]


def test_who_has_waited_for_a_turn_sees_what_was_committed(db: Db, other: Db) -> None:
    """Behind an UPDATE in its transaction, a query sees what others had committed by then (READ COMMITTED)."""
    db.run("CREATE TABLE TURN (NAME VARCHAR) AS SELECT 'T'")
    db.run("CREATE TABLE T (A INT)")
    other.run("BEGIN")
    db.run("INSERT INTO T VALUES (1)")
    other.run("UPDATE TURN SET NAME = NAME")
    assert other.run("SELECT A FROM T") == [(1,)]
    other.run("COMMIT")


@pytest.mark.parametrize("statement", ["DESC TABLE T", "ALTER SESSION SET LOCK_TIMEOUT = 60", "SHOW TABLES LIKE 'T'"])
def test_statements_that_are_listed_among_ddl_do_not_commit(db: Db, statement: str) -> None:
    """They leave a transaction open; our runs send them outside of one all the same."""
    db.run("CREATE TABLE T (A INT)")
    db.run("BEGIN")
    db.run("INSERT INTO T VALUES (1)")
    db.run(statement)
    db.run("ROLLBACK")
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_update_says_its_rows_and_then_those_of_several_sources(db: Db) -> None:
    """The answer to UPDATE .. FROM: rows updated, and how many of them had several rows to be updated from."""
    db.run("CREATE TABLE T (A INT, B INT) AS SELECT 1, 1")
    db.run("CREATE TABLE U (A INT, B INT) AS SELECT 1, 2")
    assert db.run("UPDATE T SET B = U.B FROM U WHERE T.A = U.A") == [(1, 0)]
    assert db.run("MERGE INTO T USING U ON T.A = U.A WHEN MATCHED THEN UPDATE SET B = U.B") == [(1,)]


def test_next_session_sees_what_was_committed(config: Config, db: Db) -> None:
    """A session that begins behind COMMIT sees its rows: so the ledger tells whether a COMMIT worked."""
    db.run("CREATE TABLE T (A INT)")
    db.run("INSERT INTO T VALUES (1)")
    later = Db(connect(config, schema=config["default_target_schema"]))
    assert later.run("SELECT A FROM T") == [(1,)]
    later.close()
