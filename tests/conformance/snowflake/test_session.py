"""Session parameters, functions of the session, statements in one request or in the background."""

from __future__ import annotations

import time

import pytest

from tests.conformance.snowflake.conftest import Db, connect
from tests.environments import PATIENCE_SECONDS


def test_parameters_are_stored_and_unknown_ones_refused(db):
    """ALTER SESSION SET keeps what it knows and refuses the rest; UNSET returns to the default (parameters)."""
    db.run("ALTER SESSION SET QUERY_TAG = 'x', LOCK_TIMEOUT = 5")
    rows = db.records("SHOW PARAMETERS LIKE 'LOCK%' IN SESSION")
    assert [(row["key"], row["value"], row["default"]) for row in rows] == [("LOCK_TIMEOUT", "5", "43200")]
    db.run("ALTER SESSION UNSET LOCK_TIMEOUT")
    assert db.records("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT'")[0]["value"] == "43200"
    for wrong in ("NOPE = 1", "LOCK_TIMEOUT = 'x'", "AUTOCOMMIT = 7", "TIMEZONE = 'Nowhere'", "START TRANSACTION"):
        db.fails(f"ALTER SESSION SET {wrong}")
    db.fails("ALTER SESSION SET WEEK_START = 1")  # not acted on, so refused


def test_input_and_output_formats(db):
    """*_INPUT_FORMAT and *_OUTPUT_FORMAT of the session hold for casts (date-time-input-output)."""
    db.run("ALTER SESSION SET DATE_INPUT_FORMAT = 'DD.MM.YYYY', DATE_OUTPUT_FORMAT = 'YYYY/MM/DD'")
    assert db.value("SELECT '29.02.2024'::DATE::VARCHAR") == "2024/02/29"
    db.fails("SELECT '2024-02-29'::DATE")
    db.run("ALTER SESSION SET BINARY_INPUT_FORMAT = 'BASE64'")
    assert bytes(db.value("SELECT 'SGk='::BINARY")) == b"Hi"


def test_several_statements_in_one_request(db):
    """num_statements runs several; a wrong number is an error (python-connector-example)."""
    with db.connection.cursor() as cursor:
        cursor.execute("CREATE TABLE T (A INT); INSERT INTO T VALUES (1); SELECT * FROM T", num_statements=3)
        assert cursor.nextset() is not None
        assert cursor.nextset() is not None
        assert cursor.fetchall() == [(1,)]
    db.fails("SELECT 1; SELECT 2", 8)
    assert [len(c.fetchall()) for c in db.connection.execute_string("SELECT 1; SELECT 2;")] == [1, 1]


def test_statement_in_the_background(db):
    """execute_async starts a statement whose result is fetched later (python-connector-example)."""
    with db.connection.cursor() as cursor:
        cursor.execute_async("SELECT 42")
        query_id = cursor.sfqid
        end = time.monotonic() + PATIENCE_SECONDS
        while db.connection.is_still_running(db.connection.get_query_status(query_id)):
            assert time.monotonic() < end
        cursor.get_results_from_sfqid(query_id)
        assert cursor.fetchall() == [(42,)]


def test_statements_in_the_background_run_in_their_order(db):
    """Several statements in a call that is not waited for: each has run when its query has ended, and one that fails
    ends them (python-connector-example: performing an asynchronous query, executing multiple statements)."""
    db.run("CREATE TEMPORARY TABLE T (A INT)")
    for statements, count in (
        ("INSERT INTO T VALUES (1); INSERT INTO T SELECT A + 1 FROM T", 2),
        ("SELECT X; SELECT 1", 0),
    ):
        with db.connection.cursor() as cursor:
            cursor.execute_async(statements, num_statements=2)
            query_id = cursor.sfqid
        end = time.monotonic() + PATIENCE_SECONDS
        while db.connection.is_still_running(status := db.connection.get_query_status(query_id)):
            assert time.monotonic() < end
        assert db.connection.is_an_error(status) == (not count)
    assert db.value("SELECT COUNT(*) FROM T") == 2


def test_binds_of_the_client(db):
    """Values bound by the client arrive as they left, backslashes and quotes included (python-connector-example)."""
    texts = ["it's", 'say "x"', "a\\b", "\\N", "line\nbreak", "tab\t", "é字😀", "--no comment", "%s", ""]
    db.run("CREATE TABLE T (I INT, S VARCHAR, F FLOAT, B BINARY)")
    with db.connection.cursor() as cursor:
        rows = [(i, text, i / 8, text.encode()) for i, text in enumerate(texts)]
        cursor.executemany("INSERT INTO T VALUES (%s, %s, %s, %s)", rows)
        cursor.execute("SELECT S, B FROM T ORDER BY I")
        assert [(s, bytes(b)) for s, b in cursor.fetchall()] == [(text, text.encode()) for text in texts]


def test_errors_carry_number_state_and_query_id(db):
    """errno, sqlstate and sfqid are set (python-connector-api)."""
    from snowflake.connector.errors import ProgrammingError

    with pytest.raises(ProgrammingError) as raised, db.connection.cursor() as cursor:
        cursor.execute("SELECT * FROM NOSUCH")
    assert (raised.value.errno, raised.value.sqlstate) == (2003, "42S02")
    assert raised.value.sfqid
    assert "Object 'NOSUCH' does not exist or not authorized." in str(raised.value.raw_msg)


def test_literals_and_comments(db):
    """Escapes of string literals, $$ literals, comments (data-types-text)."""
    sql = r"SELECT 'a''b', 'c\\d', 'e\tf', '\x41\u00e9', $$it's \n$$ -- comment" + "\n // another\n /* and \n this */"
    assert db.run(sql) == [("a'b", "c\\d", "e\tf", "Aé", "it's \\n")]


def test_large_result(db):
    """A result of many rows comes whole."""
    db.run("CREATE TABLE T (A INT)")
    db.run("INSERT INTO T VALUES " + ", ".join(f"({i})" for i in range(1000)))
    rows = db.run("SELECT a.A, b.A FROM T a JOIN T b ON b.A < 50")
    assert len(rows) == 50_000
    assert sum(a for a, _ in rows) == 50 * 499_500


def test_queries_and_dml_need_a_warehouse(config, db):
    """Without a warehouse no table is read and no row written (warehouses-overview)."""
    db.run("CREATE TABLE T (A INT)")
    idle = Db(connect(config, warehouse=None, schema=config["default_target_schema"]))
    assert idle.value("SELECT 1") == 1
    idle.fails("SELECT * FROM T", 606)
    idle.fails("INSERT INTO T VALUES (1)", 606)
    idle.fails("USE WAREHOUSE NOSUCHWAREHOUSE", 2003)
    idle.run(f"USE WAREHOUSE {config['warehouse']}")
    idle.run("INSERT INTO T VALUES (1)")
    idle.close()


def test_use(db, config):
    """USE DATABASE, SCHEMA, ROLE, SECONDARY ROLES; CREATE DATABASE makes it current with a schema PUBLIC (sql/use)."""
    name = f"D_{config['default_target_schema']}"
    db.run(f"CREATE DATABASE {name}")
    assert db.run("SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()") == [(name, "PUBLIC")]
    db.run("CREATE TABLE T (A INT)")
    db.run(f"USE DATABASE {config['database']}")
    assert db.value(f"SELECT COUNT(*) FROM {name}.PUBLIC.T") == 0
    assert db.value(f"SELECT COUNT(*) FROM {name}..T") == 0
    db.run(f"USE ROLE {config['role']}")
    db.run("USE SECONDARY ROLES ALL")
    db.fails("USE ROLE NOSUCHROLE", 2003)
    db.run(f"DROP DATABASE {name}")
    db.fails(f"SELECT * FROM {name}.PUBLIC.T", 2003)
    db.run(f"USE SCHEMA {config['database']}.{config['default_target_schema']}")


def test_functions_of_the_session(db, config):
    """CURRENT_... and LAST_QUERY_ID (functions-context)."""
    names = "CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE(), CURRENT_SCHEMA()"
    expected = [config[name].upper() for name in ("user", "role", "warehouse", "database", "default_target_schema")]
    assert db.run(f"SELECT {names}") == [tuple(expected)]
    with db.connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        first = cursor.sfqid
        assert cursor.execute("SELECT LAST_QUERY_ID()").fetchone() == (first,)
    assert db.value("SELECT CURRENT_SESSION()") is not None


@pytest.fixture
def everywhere(db):
    """Set parameters of the account or the user; what was set is taken back."""
    levels: dict[str, list[str]] = {}

    def change(level: str, **parameters: str) -> None:
        at = "ACCOUNT" if level == "ACCOUNT" else f"USER {db.connection.user}"
        levels.setdefault(at, []).extend(parameters)
        db.run(f"ALTER {at} SET " + " ".join(f"{name} = {value}" for name, value in parameters.items()))

    yield change
    for at, names in levels.items():
        db.run(f"ALTER {at} UNSET {', '.join(names)}")


def test_parameters_of_account_and_user(config, db, everywhere):
    """What account and user say holds for sessions that begin later; the session's own word goes first (parameters)."""
    everywhere("ACCOUNT", TIMESTAMP_INPUT_FORMAT="'DD.MM.YYYY'", LOCK_TIMEOUT="7", ROWS_PER_RESULTSET="2")
    everywhere("USER", LOCK_TIMEOUT="8", QUOTED_IDENTIFIERS_IGNORE_CASE="TRUE")
    new = Db(connect(config, schema=config["default_target_schema"]))
    shown = {r["key"]: (r["value"], r["level"]) for r in new.records("SHOW PARAMETERS")}
    assert shown["LOCK_TIMEOUT"] == ("8", "USER")
    assert shown["TIMESTAMP_INPUT_FORMAT"] == ("DD.MM.YYYY", "ACCOUNT")
    assert new.fails("SELECT '2024-02-29'::TIMESTAMP_NTZ")
    assert new.run("SELECT A FROM VALUES (1), (2), (3) T(A)") == [(1,), (2,)]
    new.run('CREATE TABLE "t" ("a" INT)')
    assert db.run('SELECT A FROM "T"') == []
    new.run("ALTER SESSION SET TIMESTAMP_INPUT_FORMAT = 'AUTO', LOCK_TIMEOUT = 9, ROWS_PER_RESULTSET = 0")
    assert new.value("SELECT '2024-02-29'::TIMESTAMP_NTZ::DATE::VARCHAR") == "2024-02-29"
    new.run("ALTER SESSION UNSET LOCK_TIMEOUT")
    assert new.records("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT'")[0]["value"] == "8"
    new.close()
    assert db.records("SHOW PARAMETERS LIKE 'LOCK_TIMEOUT' IN ACCOUNT")[0]["value"] == "7"
    db.fails("ALTER ACCOUNT SET NOPE = 1")
    db.fails("ALTER USER NOBODY SET LOCK_TIMEOUT = 1", 2003)


def test_a_merge_that_is_not_deterministic(config, db, everywhere):
    """ERROR_ON_NONDETERMINISTIC_MERGE of the account may be FALSE: then one of several source rows is taken (merge)."""
    everywhere("ACCOUNT", ERROR_ON_NONDETERMINISTIC_MERGE="FALSE")
    db.run("CREATE TABLE T (K INT, A INT) AS SELECT 1, 0")
    merge = (
        "MERGE INTO T USING (SELECT 1 K, 5 A UNION ALL SELECT 1, 5) S ON T.K = S.K WHEN MATCHED THEN UPDATE SET A = S.A"
    )
    db.fails(merge, 100090)
    new = Db(connect(config, schema=config["default_target_schema"]))
    new.run(merge)
    assert new.run("SELECT * FROM T") == [(1, 5)]
    new.close()


def test_fault_is_a_conflict(db, fault):
    """By order a statement fails as one that waits for a lock: 000625, or 000630 by its own time limit."""
    db.run("CREATE TABLE T (A INT)")
    for more, code in (({}, 625), ({"conflict": 630}, 630)):
        fault("snowflake", action="conflict", match="^DELETE", **more)
        db.fails("DELETE FROM T", code)
    db.run("DELETE FROM T")


def test_parameters_of_one_statement(db):
    """A parameter that goes with a request holds for its statements alone (connector API)."""
    shown = "SHOW PARAMETERS LIKE 'QUERY_TAG'"
    with db.connection.cursor() as cursor:
        assert cursor.execute(shown, _statement_params={"QUERY_TAG": "one"}).fetchone()[1] == "one"
        assert cursor.execute(shown).fetchone()[1] != "one"
