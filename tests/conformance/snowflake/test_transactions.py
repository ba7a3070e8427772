"""Transactions (transactions page), locks, and the session that holds them."""

from __future__ import annotations

import threading

import pytest
from snowflake.connector.errors import Error

from tests.conformance.snowflake.conftest import Db, connect


@pytest.mark.parametrize("begin", ["BEGIN WORK", "BEGIN TRANSACTION NAME T1", "BEGIN NAME T1", "START TRANSACTION"])
def test_begin_inside_a_transaction_is_ignored(db, begin):
    """BEGIN and its synonyms start a transaction; another BEGIN is ignored (sql/begin)."""
    db.run("CREATE TABLE T (A INT)")
    db.run(begin)
    db.run("INSERT INTO T VALUES (1)")
    db.run(begin)
    if "NAME" in begin:
        assert "T1" in [row["name"] for row in db.records("SHOW TRANSACTIONS")]
    db.run("ROLLBACK")
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_ddl_commits_the_open_transaction(db, other):
    """DDL commits what is open and runs in a transaction of its own (transactions)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("BEGIN")
    db.run("INSERT INTO T VALUES (1)")
    db.run("CREATE TABLE U (A INT)")
    db.run("ROLLBACK")
    assert other.value("SELECT COUNT(*) FROM T") == 1
    assert other.value("SELECT COUNT(*) FROM U") == 0


@pytest.mark.parametrize(
    "bad",
    [
        "INSERT INTO T SELECT 'abc'",  # conversion
        "INSERT INTO N VALUES (NULL)",  # constraint
        "SELECT 1/0",
        "SELECT * FROM NOSUCH",
        "SELEC",
        "COPY INTO T FROM @ST FILES = ('missing.csv')",
    ],
)
def test_a_failed_statement_undoes_only_itself(db, other, stage, bad):
    """A failed statement leaves the transaction open; what succeeded before and after is committed (transactions)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("CREATE TABLE N (A INT NOT NULL)")
    stage.put("a.csv", "5\n6\n")
    db.run("BEGIN")
    db.run("INSERT INTO T VALUES (1), (2)")
    db.run("UPDATE T SET A = A * 10")
    stage.copy("T")
    db.fails(bad)
    db.run("DELETE FROM T WHERE A = 20")
    db.fails(bad)
    assert other.value("SELECT COUNT(*) FROM T") == 0
    db.run("COMMIT")
    assert other.run("SELECT A FROM T ORDER BY A") == [(5,), (6,), (10,)]
    assert stage.copy("T")[0]["status"] == "Copy executed with 0 files processed."


def test_a_transaction_that_cannot_be_repeated_is_refused_after_a_failure(db):
    """Where the stand-in cannot be sure of the same rows again it refuses COMMIT, it does not pretend."""
    db.run("CREATE TABLE T (A VARCHAR)")
    db.run("BEGIN")
    db.run("INSERT INTO T SELECT UUID_STRING()")
    db.fails("INSERT INTO T SELECT 1/0")
    assert "rolled back" in db.fails("COMMIT")
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_abort_on_error_makes_the_rest_fail(db):
    """With TRANSACTION_ABORT_ON_ERROR every further statement fails until the transaction ends (parameters)."""
    db.run("ALTER SESSION SET TRANSACTION_ABORT_ON_ERROR = TRUE")
    db.run("CREATE TABLE T (A INT)")
    db.run("BEGIN")
    db.run("INSERT INTO T VALUES (1)")
    db.fails("SELECT 1/0")
    db.fails("INSERT INTO T VALUES (2)")
    db.run("ROLLBACK")
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_truncate_inside_a_transaction_is_refused(db):
    """The sources disagree whether TRUNCATE commits, so inside a transaction it is refused."""
    db.run("CREATE TABLE T (A INT)")
    db.run("BEGIN")
    assert "TRUNCATE inside a transaction" in db.fails("TRUNCATE TABLE T")


def test_autocommit_off_begins_with_the_first_dml(db, other):
    """With AUTOCOMMIT off the first DML begins a transaction; ALTER SESSION SET AUTOCOMMIT commits (transactions)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("ALTER SESSION SET AUTOCOMMIT = FALSE")
    db.run("INSERT INTO T VALUES (1)")
    assert other.value("SELECT COUNT(*) FROM T") == 0
    db.run("ROLLBACK")
    db.run("INSERT INTO T VALUES (2)")
    db.run("ALTER SESSION SET AUTOCOMMIT = TRUE")
    assert other.run("SELECT A FROM T") == [(2,)]


def test_autocommit_of_the_connection(config, db):
    """A connection with autocommit=False keeps nothing without commit (python-connector-api)."""
    from tests.conformance.snowflake.conftest import Db, connect

    db.run("CREATE TABLE T (A INT)")
    quiet = Db(connect(config, autocommit=False, schema=config["default_target_schema"]))
    quiet.run("INSERT INTO T VALUES (1)")
    quiet.connection.rollback()
    quiet.run("INSERT INTO T VALUES (2)")
    quiet.connection.commit()
    quiet.run("INSERT INTO T VALUES (3)")
    quiet.close()
    assert db.run("SELECT A FROM T") == [(2,)]


def test_statements_see_what_others_have_committed(db, other):
    """READ COMMITTED: the first statement of a transaction sees what was committed before it ran (transactions)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("BEGIN")
    other.run("INSERT INTO T VALUES (1)")
    assert db.value("SELECT COUNT(*) FROM T") == 1


def test_rows_that_others_have_changed_meanwhile(db, other):
    """READ COMMITTED: a later statement changes rows that another session has changed since BEGIN (transactions)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("INSERT INTO T VALUES (1)")
    db.run("CREATE TABLE U (A INT)")
    db.run("BEGIN")
    db.run("INSERT INTO U VALUES (1)")
    other.run("UPDATE T SET A = 5")
    db.run("UPDATE T SET A = A * 10")
    db.run("COMMIT")
    assert db.run("SELECT T.A, U.A FROM T, U") == [(50, 1)]


def test_writers_of_one_table_wait(db, other):
    """UPDATE, DELETE and MERGE wait for one another until COMMIT (transactions, resource locking)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("INSERT INTO T VALUES (1)")
    db.run("BEGIN")
    db.run("UPDATE T SET A = A + 1")
    assert db.records("SHOW LOCKS")[0]["status"] == "HOLDING"
    waiting = threading.Thread(target=other.run, args=("UPDATE T SET A = A * 10",))
    waiting.start()
    db.run("COMMIT")
    waiting.join(20)
    assert db.run("SELECT A FROM T") == [(20,)]


def test_lock_timeout(db, other):
    """A statement that waits longer than LOCK_TIMEOUT fails; 0 does not wait (parameters)."""
    db.run("CREATE TABLE T (A INT)")
    other.run("ALTER SESSION SET LOCK_TIMEOUT = 0")
    db.run("BEGIN")
    db.run("DELETE FROM T")
    other.fails("DELETE FROM T", 625)
    other.run("INSERT INTO T VALUES (1)")  # adding rows takes no lock
    db.run("ROLLBACK")
    other.run("DELETE FROM T")


def test_a_lock_that_is_waited_for_counts_against_the_statement_timeout(db, other):
    """STATEMENT_TIMEOUT_IN_SECONDS counts the time that a statement waits for a lock: 000630 (parameters)."""
    db.run("CREATE TABLE T (A INT)")
    other.run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    db.run("BEGIN")
    db.run("DELETE FROM T")
    other.fails("DELETE FROM T", 630)
    db.run("ROLLBACK")
    other.run("DELETE FROM T")


def test_show_and_abort_a_transaction(db, other):
    """SHOW TRANSACTIONS lists what is open; SYSTEM$ABORT_TRANSACTION ends it (functions/system_abort_transaction)."""
    db.run("CREATE TABLE T (A INT) AS SELECT 1")
    db.run("BEGIN")
    db.run("DELETE FROM T")
    number = db.value("SELECT CURRENT_TRANSACTION()")
    assert number in [str(row["id"]) for row in other.records("SHOW TRANSACTIONS")]
    other.run(f"SELECT SYSTEM$ABORT_TRANSACTION({number})")
    other.run("UPDATE T SET A = 2")  # neither its lock nor its rows are in the way
    assert number not in [str(row["id"]) for row in other.records("SHOW TRANSACTIONS")]
    db.fails("INSERT INTO T VALUES (1)")
    db.run("ROLLBACK")
    assert db.value("SELECT CURRENT_TRANSACTION()") is None
    other.fails("SELECT SYSTEM$ABORT_TRANSACTION(1)")


def test_end_of_a_session_rolls_back(config, db):
    """A session that ends rolls its open transaction back and drops its temporary tables (transactions)."""
    from tests.conformance.snowflake.conftest import Db, connect

    db.run("CREATE TABLE T (A INT)")
    short = Db(connect(config, schema=config["default_target_schema"]))
    short.run("CREATE TEMPORARY TABLE TT (A INT)")
    short.run("BEGIN")
    short.run("INSERT INTO T VALUES (1)")
    short.close()
    assert db.value("SELECT COUNT(*) FROM T") == 0
    db.fails("SELECT * FROM TT", 2003)


def test_statement_timeout(db):
    """STATEMENT_TIMEOUT_IN_SECONDS stops a statement that takes longer (parameters)."""
    db.run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    rows = "(SELECT 1 A" + " UNION ALL SELECT 1" * 40 + ")"
    many = ", ".join(f"{rows} r{i}" for i in range(7))
    with pytest.raises(Error) as raised:
        db.run(f"SELECT SUM(LENGTH(MD5(r0.A || r1.A || r2.A || r3.A || r4.A || r5.A || r6.A))) FROM {many}")
    assert raised.value.errno == 630


@pytest.mark.parametrize(
    "load", [("INSERT INTO {t} (A) VALUES ({n})",), ("BEGIN", "INSERT INTO {t} (A) VALUES ({n})", "COMMIT")]
)
def test_sessions_that_create_alter_and_load_one_table(config, db, other, load):
    """Sessions that make the same table and column at once: one table, one column, each row (transactions)."""
    third = Db(connect(config, schema=config["default_target_schema"]))
    sessions = [db, other, third]
    start = threading.Barrier(len(sessions))
    refused: list[int] = []

    def run(n: int, session: Db, table: str) -> None:
        start.wait()
        session.run(f"CREATE TABLE IF NOT EXISTS {table} (A INT)")
        for statement in load:
            session.run(statement.format(t=table, n=n))
        try:
            session.run(f"ALTER TABLE {table} ADD COLUMN B INT")
        except Error as error:
            refused.append(error.errno)
        session.run(f"UPDATE {table} SET B = {n} WHERE A = {n}")

    for table in ("T1", "T2", "T3"):
        refused.clear()
        threads = [threading.Thread(target=run, args=(n, one, table)) for n, one in enumerate(sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert db.run(f"SELECT * FROM {table} ORDER BY A") == [(0, 0), (1, 1), (2, 2)]
        assert refused == [1430, 1430]
    third.close()
