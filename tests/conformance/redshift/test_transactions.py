"""Transactions: rows 1 to 10 of the list of behaviours in docs/stand-ins-redshift.md."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg2
import pytest

from tests.conformance.redshift.conftest import Config, Db, connect
from tests.environments import PATIENCE_SECONDS

IN_A_BLOCK = [
    (2, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(20)", "ALTER TABLE ALTER COLUMN cannot run inside"),
    (3, "r_ALTER_TABLE_APPEND", "ALTER TABLE t APPEND FROM u", "ALTER TABLE APPEND cannot run inside"),
    (4, "r_VACUUM_command", "VACUUM t", "VACUUM cannot run inside"),
    (4, "r_CREATE_DATABASE", "CREATE DATABASE not_in_a_block", "CREATE DATABASE cannot run inside"),
    (4, "r_DROP_DATABASE", "DROP DATABASE not_in_a_block", "DROP DATABASE cannot run inside"),
    (4, "r_CREATE_EXTERNAL_TABLE", "CREATE EXTERNAL TABLE x.y (a INT)", "cannot run inside"),
]


def test_truncate_commits(db: Db, other: Db) -> None:
    """Row 1, r_TRUNCATE: TRUNCATE commits the transaction that it runs in and cannot be rolled back."""
    db.run("CREATE TABLE t (a INT)")
    db.run("INSERT INTO t VALUES (1)")
    db.run("BEGIN")
    db.run("CREATE TABLE u (a INT)")
    db.run("TRUNCATE t")
    db.run("INSERT INTO t VALUES (2)")
    assert other.run("SELECT a FROM t") == [(2,)]
    assert other.run("SELECT a FROM u") == []
    db.run("ROLLBACK")
    assert db.run("SELECT a FROM t") == [(2,)]


@pytest.mark.parametrize(("row", "page", "sql", "text"), IN_A_BLOCK, ids=lambda value: str(value)[:30])
def test_refused_in_a_block(db: Db, row: int, page: str, sql: str, text: str) -> None:
    """Rows 2 to 4: what cannot be undone is refused inside a transaction block, and the block has failed."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    db.run("CREATE TABLE u (LIKE t)")
    db.run("BEGIN")
    assert f"{text} a transaction block" in str(db.error(sql))
    assert db.error("SELECT 1").pgcode == "25P02"
    db.run("ROLLBACK")
    assert db.value("SELECT 1") == 1


def test_alter_table_append_moves_the_rows(db: Db) -> None:
    """Row 3, r_ALTER_TABLE_APPEND: the rows move, the source is empty afterwards."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    db.run("CREATE TABLE u (b VARCHAR(10), a INT)")
    db.run("INSERT INTO t VALUES (1, 'x')")
    db.run("INSERT INTO u VALUES ('y', 2)")
    db.run("ALTER TABLE t APPEND FROM u")
    assert db.run("SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, "y")]
    assert db.run("SELECT * FROM u") == []


@pytest.mark.parametrize(
    ("source", "option"),
    [
        ("(a INT, b VARCHAR(11))", ""),
        ("(a BIGINT, b VARCHAR(10))", ""),
        ("(a INT NOT NULL, b VARCHAR(10))", ""),
        ("(a INT ENCODE zstd, b VARCHAR(10))", ""),
        ("(a INT DISTKEY, b VARCHAR(10))", ""),
        ("(a INT, b VARCHAR(10), c INT)", ""),
        ("(a INT, b VARCHAR(10), c INT)", "FILLTARGET"),
        ("(a INT)", ""),
        ("(a INT)", "IGNOREEXTRA"),
        ("(a INT, b VARCHAR(10))", "IGNOREEXTRA FILLTARGET"),
        ("(a INT, b VARCHAR(10), i INT IDENTITY(1,1))", "IGNOREEXTRA"),
    ],
)
def test_alter_table_append_wants_like_columns(db: Db, source: str, option: str) -> None:
    """Row 3, r_ALTER_TABLE_APPEND: columns agree in type, size, encoding, nullability and keys; not both options."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    db.run(f"CREATE TABLE u {source}")
    db.error(f"ALTER TABLE t APPEND FROM u {option}")


@pytest.mark.parametrize(
    ("source", "option"), [("(a INT, b VARCHAR(10), c INT)", "IGNOREEXTRA"), ("(a INT)", "FILLTARGET")]
)
def test_alter_table_append_options(db: Db, source: str, option: str) -> None:
    """Row 3, r_ALTER_TABLE_APPEND: IGNOREEXTRA drops surplus columns, FILLTARGET fills missing ones with NULL."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    db.run(f"CREATE TABLE u {source}")
    db.run("INSERT INTO u (a) VALUES (1)")
    db.run(f"ALTER TABLE t APPEND FROM u {option}")
    assert db.run("SELECT a, b FROM t") == [(1, None)]


def test_alter_table_append_wants_permanent_tables(db: Db) -> None:
    """Row 3, r_ALTER_TABLE_APPEND: both tables are permanent."""
    db.run("CREATE TABLE t (a INT)")
    db.run("CREATE TEMP TABLE u (a INT)")
    assert "permanent" in str(db.error("ALTER TABLE t APPEND FROM u"))


@pytest.mark.parametrize(
    ("sql", "probe"),
    [
        ("CREATE TABLE u (a INT)", "SELECT count(*) FROM svv_tables WHERE table_name = 'u'"),
        ("DROP TABLE t", "SELECT 1 - count(*) FROM svv_tables WHERE table_name = 't'"),
        (
            "ALTER TABLE t ADD COLUMN c INT",
            "SELECT count(*) FROM svv_columns WHERE table_name = 't' AND column_name = 'c'",
        ),
        (
            "ALTER TABLE t DROP COLUMN b",
            "SELECT 1 - count(*) FROM svv_columns WHERE table_name = 't' AND column_name = 'b'",
        ),
        ("ALTER TABLE t RENAME TO v", "SELECT count(*) FROM svv_tables WHERE table_name = 'v'"),
        (
            "ALTER TABLE t RENAME COLUMN b TO d",
            "SELECT count(*) FROM svv_columns WHERE table_name = 't' AND column_name = 'd'",
        ),
    ],
)
def test_ddl_is_transactional(db: Db, schema_name: str, sql: str, probe: str) -> None:
    """Row 5, c_serial_isolation: DDL takes effect in its transaction and is undone by ROLLBACK."""
    probe += f" AND table_schema = '{schema_name}'"
    db.run("CREATE TABLE t (a INT, b INT)")
    db.run("BEGIN")
    db.run(sql)
    assert db.value(probe) == 1
    db.run("ROLLBACK")
    assert db.value(probe) == 0


@pytest.mark.clusters
def test_default_isolation_is_snapshot(db: Db, redshift_config: Config) -> None:
    """Row 6, c_serial_isolation: SNAPSHOT is the default, and STV_DB_ISOLATION_LEVEL says so."""
    database = redshift_config["database"]
    level = db.value(f"SELECT trim(isolation_level) FROM stv_db_isolation_level WHERE db_name = '{database}'")
    assert level == "Snapshot Isolation"


@pytest.mark.parametrize("level", ["SERIALIZABLE", "READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SNAPSHOT"])
def test_begin_accepts_every_level_and_ignores_it(db: Db, other: Db, level: str) -> None:
    """Row 6, r_BEGIN: every level is the database's level; a snapshot stays what it was."""
    db.run("CREATE TABLE t (a INT)")
    db.run(f"BEGIN ISOLATION LEVEL {level}")
    assert db.value("SELECT count(*) FROM t") == 0
    other.run("INSERT INTO t VALUES (1)")
    assert db.value("SELECT count(*) FROM t") == 0
    db.run("COMMIT")
    assert db.value("SELECT count(*) FROM t") == 1


def test_levels_set_otherwise_are_ignored_too(db: Db, other: Db) -> None:
    """Row 6, r_BEGIN: SET TRANSACTION and SET SESSION CHARACTERISTICS change nothing either."""
    db.run("CREATE TABLE t (a INT)")
    db.run("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
    db.run("BEGIN")
    db.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    assert db.value("SELECT count(*) FROM t") == 0
    other.run("INSERT INTO t VALUES (1)")
    assert db.value("SELECT count(*) FROM t") == 0
    db.run("COMMIT")


def test_snapshot_lets_writers_of_different_rows_commit(db: Db, other: Db) -> None:
    """Row 6, c_serial_isolation, its timeline: two updates of different rows both commit, a write skew."""
    db.run("CREATE TABLE numbers (digits INT)")
    db.run("INSERT INTO numbers VALUES (0), (1)")
    for each in (db, other):
        each.run("BEGIN")
        each.run("SELECT * FROM numbers")
    db.run("UPDATE numbers SET digits = 0 WHERE digits = 1")
    assert db.run("SELECT * FROM numbers") == [(0,), (0,)]
    db.run("COMMIT")
    other.run("UPDATE numbers SET digits = 1 WHERE digits = 0")
    assert other.run("SELECT * FROM numbers") == [(1,), (1,)]
    other.run("COMMIT")
    assert db.run("SELECT digits FROM numbers ORDER BY digits") == [(0,), (1,)]


def test_serializable_database_refuses_the_same(db: Db, schema_name: str, redshift_config: Config) -> None:
    """Row 7, c_serial_isolation: at SERIALIZABLE the second of them fails with error 1023."""
    db.run(f'CREATE DATABASE "{schema_name}" ISOLATION LEVEL SERIALIZABLE')
    one, two = (Db(connect(redshift_config, dbname=schema_name)) for _ in range(2))
    one.run("CREATE TABLE numbers (digits INT)")
    one.run("INSERT INTO numbers VALUES (0), (1)")
    for each in (one, two):
        each.run("BEGIN")
        each.run("SELECT * FROM numbers")
    one.run("UPDATE numbers SET digits = 0 WHERE digits = 1")
    one.run("COMMIT")
    with pytest.raises(psycopg2.InternalError, match=r"(?s)1023.*Serializable isolation violation on table"):
        two.run("UPDATE numbers SET digits = 1 WHERE digits = 0; COMMIT")
    for each in (one, two):
        each.connection.close()
    db.run(f'DROP DATABASE "{schema_name}"')


def test_a_later_table_does_not_exist(db: Db, other: Db) -> None:
    """Row 7, c_serial_isolation: a table made after the snapshot gives error 1018."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("SELECT * FROM t")
    other.run("CREATE TABLE later (a INT)")
    assert "1018" in str(db.error("SELECT * FROM later"))
    db.run("ROLLBACK")
    assert db.run("SELECT * FROM later") == []


def test_update_waits_for_the_table(db: Db, other: Db) -> None:
    """Row 8, c_write_readwrite: UPDATE of another row waits until the first writer commits; readers do not."""
    db.run("CREATE TABLE t (a INT)")
    db.run("INSERT INTO t VALUES (1), (2)")
    db.run("BEGIN")
    db.run("UPDATE t SET a = 10 WHERE a = 1")
    assert other.run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]
    other.run("SET statement_timeout TO 300")
    assert other.error("UPDATE t SET a = 20 WHERE a = 2").pgcode == "57014"
    db.run("COMMIT")
    other.run("UPDATE t SET a = 20 WHERE a = 2")
    assert other.run("SELECT a FROM t ORDER BY a") == [(10,), (20,)]


def test_inserts_share_the_table(db: Db, other: Db) -> None:
    """Row 8, c_write_readwrite: under SNAPSHOT, INSERT and COPY into one table do not wait for one another."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("INSERT INTO t VALUES (1)")
    other.run("SET statement_timeout TO 2000")
    other.run("INSERT INTO t VALUES (2)")
    db.run("COMMIT")
    assert db.run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]


def test_delete_waits_for_inserts(db: Db, other: Db) -> None:
    """Row 8, c_write_readwrite: DELETE wants the table for itself."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("INSERT INTO t VALUES (1)")
    other.run("SET statement_timeout TO 300")
    assert other.error("DELETE FROM t").pgcode == "57014"
    db.run("ROLLBACK")


def test_lock_keeps_readers_out(db: Db, other: Db) -> None:
    """Row 8, r_LOCK: LOCK is ACCESS EXCLUSIVE, so even readers wait."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("LOCK t")
    other.run("SET statement_timeout TO 300")
    assert other.error("SELECT * FROM t").pgcode == "57014"
    db.run("COMMIT")
    assert other.run("SELECT * FROM t") == []


def test_second_writer_sees_what_the_first_committed(db: Db, other: Db, open_db: Callable[..., Db]) -> None:
    """Row 8, c_write_readwrite: the second writer takes its snapshot after the first has released its lock."""
    db.run("CREATE TABLE t (a INT)")
    db.run("INSERT INTO t VALUES (1)")
    db.run("BEGIN")
    db.run("UPDATE t SET a = a + 1")
    pid = other.pid
    second = threading.Thread(target=other.run, args=("UPDATE t SET a = a + 1",))
    second.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    observer = open_db()
    waiting = f"SELECT count(*) FROM svv_transactions WHERE NOT granted AND pid = {pid}"
    while not observer.value(waiting) and time.monotonic() < deadline:
        pass
    db.run("COMMIT")
    second.join(10)
    assert db.run("SELECT a FROM t") == [(3,)]


def test_catalogs_are_read_committed(db: Db, other: Db, schema_name: str) -> None:
    """Row 9, c_serial_isolation, its example: a table that another transaction drops is no longer listed."""
    tables = f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema_name}' ORDER BY 1"
    columns = f"SELECT column_name FROM svv_columns WHERE table_schema = '{schema_name}' AND table_name = 'a'"
    db.run("CREATE TABLE a (x INT); CREATE TABLE b (x INT); CREATE TABLE mine (x INT)")
    db.run("BEGIN")
    assert db.value("SELECT count(*) FROM mine") == 0
    assert db.run(tables) == [("a",), ("b",), ("mine",)]
    other.run("DROP TABLE b")
    other.run("ALTER TABLE a ADD COLUMN y INT")
    other.run("INSERT INTO mine VALUES (1)")
    assert db.run(tables) == [("a",), ("mine",)]
    assert db.run(columns) == [("x",), ("y",)]
    assert db.value("SELECT count(*) FROM mine") == 0
    assert "does not exist" in str(db.error("SELECT * FROM b"))
    db.run("ROLLBACK")


def test_a_transaction_sees_its_own_changes_of_the_catalog(db: Db, schema_name: str) -> None:
    """Row 9: read-committed as they are, the catalogs show what the transaction itself has changed."""
    db.run("CREATE TABLE a (x INT)")
    db.run("BEGIN")
    db.run("SELECT * FROM a")
    db.run("ALTER TABLE a ADD COLUMN y INT")
    columns = f"SELECT count(*) FROM svv_columns WHERE table_schema = '{schema_name}' AND table_name = 'a'"
    assert db.value(columns) == 2
    db.run("ROLLBACK")
    assert db.value(columns) == 1


@pytest.mark.parametrize("sql", ["SAVEPOINT s", "ROLLBACK TO SAVEPOINT s", "ROLLBACK TO s", "RELEASE SAVEPOINT s"])
def test_no_savepoints(db: Db, sql: str) -> None:
    """Row 10, c_unsupported-postgresql-functions: there are no savepoints."""
    db.run("BEGIN")
    assert "not supported" in str(db.error(sql))


def test_error_fails_the_block_until_rollback(db: Db) -> None:
    """r_ROLLBACK: after an error every statement fails until the block ends; its end undoes everything."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("INSERT INTO t VALUES (1)")
    db.error("SELECT no_such_column FROM t")
    assert db.error("INSERT INTO t VALUES (2)").pgcode == "25P02"
    db.run("COMMIT")
    assert db.run("SELECT * FROM t") == []


def test_several_statements_in_one_message_are_one_transaction(db: Db) -> None:
    """r_BEGIN: statements sent as one string commit together or not at all."""
    db.run("CREATE TABLE t (a INT)")
    db.error("INSERT INTO t VALUES (1); SELECT no_such_column FROM t")
    assert db.run("SELECT * FROM t") == []
    db.run("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
    assert db.value("SELECT count(*) FROM t") == 2
