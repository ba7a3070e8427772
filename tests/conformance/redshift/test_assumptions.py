"""What our statements take for granted and no page says: docs/only-a-real-account.md, which says what else may be true.

On a real account these come first: `make conformance`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.conformance.methods import LOADS, SETTINGS, differences, messages
from tests.conformance.redshift.conftest import Config, Db, Stage, connect
from tests.conftest import Run
from tests.environments import PATIENCE_SECONDS


def test_whole_loads(redshift_config: Config, db: Db, schema_name: str, run_target: Callable[..., Run]) -> None:
    """Each load method, a change feed and its views, as the target sends them, leave what they must."""
    for notes in LOADS:
        run = run_target("target-redshift-copy", {**redshift_config, **SETTINGS}, messages(*notes))
        assert run.status == 0, run.stderr
    assert differences(lambda sql: db.run(sql.format(schema=schema_name))) == []


def test_who_has_waited_for_a_lock_sees_what_was_committed(db: Db, other: Db, open_db: Callable[..., Db]) -> None:
    """LOCK takes no snapshot: the statement behind it sees what the transaction before has committed."""
    db.run("CREATE TABLE turn (a INT)")
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("LOCK turn")
    pid, observer, seen = other.pid, open_db(), []

    def wait() -> None:
        other.run("BEGIN")
        other.run("LOCK turn")
        seen.extend(other.run("SELECT a FROM t"))

    waiting = threading.Thread(target=wait)
    waiting.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not observer.value(f"SELECT count(*) FROM svv_transactions WHERE NOT granted AND pid = {pid}"):
        assert time.monotonic() < deadline
    db.run("INSERT INTO t VALUES (1)")
    db.run("COMMIT")
    waiting.join(PATIENCE_SECONDS)
    assert seen == [(1,)]


def test_wait_for_a_lock_counts_against_the_statement_timeout(db: Db, other: Db) -> None:
    """SET LOCAL bounds LOCK in its transaction alone, and its error is the one of a cancelled statement."""
    db.run("CREATE TABLE t (a INT)")
    before = other.value("SHOW statement_timeout")
    db.run("BEGIN")
    db.run("LOCK t")
    other.run("BEGIN")
    other.run("SET LOCAL statement_timeout TO 500")
    assert other.error("LOCK t").pgcode == "57014"
    other.run("ROLLBACK")
    assert other.value("SHOW statement_timeout") == before


def test_wide_rows_are_chosen_inserted_and_merged(db: Db) -> None:
    """Rows of 80,000 bytes, in 102 columns of VARCHAR(65535), pass ROW_NUMBER, INSERT .. SELECT and MERGE."""
    declared = ", ".join(f"c{number} VARCHAR(65535)" for number in range(100))
    for table in ("CREATE TABLE t", "CREATE TEMP TABLE scratch", "CREATE TEMP TABLE chosen"):
        db.run(f"{table} (a INT, x VARCHAR(65535), y VARCHAR(65535), {declared})")
    db.run("INSERT INTO scratch (a, x, y) SELECT 1, repeat('x', 40000), repeat('y', 40000)")
    names = ", ".join(("a", "x", "y", *(f"c{number}" for number in range(100))))
    ranked = f"SELECT {names}, ROW_NUMBER() OVER (PARTITION BY a ORDER BY a) AS latest FROM scratch"
    db.run(f"INSERT INTO chosen ({names}) SELECT {names} FROM ({ranked}) AS ranked WHERE latest = 1")
    values = ", ".join(f"chosen.{name}" for name in names.split(", "))
    db.run(
        "MERGE INTO t USING chosen ON t.a = chosen.a WHEN MATCHED THEN UPDATE SET x = chosen.x "
        f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
    )
    assert db.run("SELECT len(x), len(y) FROM t") == [(40_000, 40_000)]


def test_merge_says_nothing_or_what_it_has_written(db: Db) -> None:
    """The answer to MERGE has no count, or that of the rows that it has updated and inserted."""
    for table in ("t", "chosen"):
        db.run(f"CREATE TABLE {table} (a INT, b INT)")
    db.run("INSERT INTO t VALUES (1, 1)")
    db.run("INSERT INTO chosen VALUES (1, 2), (2, 2)")
    with db.connection.cursor() as cursor:
        cursor.execute(
            "MERGE INTO t USING chosen ON t.a = chosen.a WHEN MATCHED THEN UPDATE SET b = chosen.b "
            "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (chosen.a, chosen.b)"
        )
        assert cursor.rowcount in (-1, 2)


def test_copy_count_answers_in_its_transaction(db: Db, stage: Stage) -> None:
    """pg_last_copy_count() answers inside a transaction block, on Serverless too."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    url = stage.put("1\n2\n")
    db.run(f"COPY t FROM '{url}' {stage.keys}")
    assert db.value("SELECT pg_last_copy_count()") == 2
    db.run("COMMIT")


def test_locks_of_another_session_are_shown_until_it_has_gone(db: Db, other: Db) -> None:
    """SVV_TRANSACTIONS shows them by process and table; a session of one's own can be ended, and its rows go."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("INSERT INTO t VALUES (1)")
    pid, table = db.pid, other.value("SELECT oid FROM pg_class WHERE relname = 't' ORDER BY oid DESC LIMIT 1")
    shown = f"SELECT count(*) FROM svv_transactions WHERE granted AND relation = {table} AND pid = {pid}"
    assert other.value(shown) > 0
    other.run(f"SELECT pg_terminate_backend({pid})")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while other.value(f"SELECT count(*) FROM svv_transactions WHERE pid = {pid}"):
        assert time.monotonic() < deadline
    assert other.run("SELECT * FROM t") == []


def test_comment_of_a_late_binding_view_is_shown(db: Db, schema_name: str) -> None:
    """SVV_TABLES shows the comment of a view that is bound late: by it a run knows that the view is as it must be."""
    db.run("CREATE TABLE t (a INT)")
    db.run(f"CREATE VIEW v AS SELECT a FROM {schema_name}.t WITH NO SCHEMA BINDING")
    db.run("COMMENT ON VIEW v IS 'of a test'")
    shown = f"SELECT remarks FROM svv_tables WHERE table_schema = '{schema_name}' AND table_name = 'v'"
    assert db.run(shown) == [("of a test",)]


def test_next_session_sees_what_was_committed(db: Db, redshift_config: Config, schema_name: str) -> None:
    """A session that begins behind COMMIT sees its rows: so the ledger tells whether a COMMIT worked."""
    db.run("CREATE TABLE t (a INT)")
    db.run("INSERT INTO t VALUES (1)")
    later: Any = Db(connect(redshift_config))
    assert later.run(f"SELECT a FROM {schema_name}.t") == [(1,)]
    later.connection.close()
