"""What a user may add to sessions and loads: labels, parameters and SQL, and what is refused beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.model.declared import read
from singer_bulk.model.label import Label, label_problems
from singer_bulk.model.statements import first_words, statements_of
from singer_bulk.settings.session_sql import parameter_problems, sql_problems
from singer_bulk.warehouse.user_sql import LoadSql, run_each
from target_redshift_copy import config as redshift
from target_redshift_copy.parameters import SESSION_PARAMETERS as REDSHIFT_PARAMETERS
from target_redshift_copy.parameters import parameters_of
from target_redshift_copy.session import RedshiftSession
from target_snowflake_stage import parameters as snowflake
from target_snowflake_stage.session import SnowflakeSession


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        (" ; ;\n-- nothing\n;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT ';' ; SELECT 2;", ["SELECT ';'", "SELECT 2"]),
        ("SELECT 'it''s;', \"a;b\", $$x;y$$; SELECT 2", ["SELECT 'it''s;', \"a;b\", $$x;y$$", "SELECT 2"]),
        (r"SELECT '\'; COMMIT; --'; SELECT 2", [r"SELECT '\'; COMMIT; --'", "SELECT 2"]),
        ("SELECT 1 -- a; b\n; SELECT 2 /* c; d */", ["SELECT 1 -- a; b", "SELECT 2 /* c; d */"]),
        ("SELECT 6/2; SELECT 3-1", ["SELECT 6/2", "SELECT 3-1"]),
        ("SELECT $1 FROM @s; SELECT 2", ["SELECT $1 FROM @s", "SELECT 2"]),
        ("SELECT 1 AS a$x$; SELECT 2 AS b$x$", ["SELECT 1 AS a$x$", "SELECT 2 AS b$x$"]),
        ("SELECT 1 -- a\r; SELECT 2", ["SELECT 1 -- a", "SELECT 2"]),
        ("SELECT 1 -- a;\r\n; SELECT 2", ["SELECT 1 -- a;", "SELECT 2"]),
        ("SELECT 'never ended; SELECT 2", ["SELECT 'never ended; SELECT 2"]),
    ],
)
def test_statements_of_a_text(text: str, statements: list[str]) -> None:
    """Semicolons in strings, names and comments divide nothing."""
    assert statements_of(text) == statements


def test_first_words_of_a_statement() -> None:
    """Comments and brackets before and between the words are passed over."""
    assert first_words("-- a\n/* b */ (( alter /* c */ session SET x = 1") == ("ALTER", "SESSION")
    assert first_words("'x'") == ()


SNOWFLAKE = (snowflake.OF_LOAD, snowflake.COMMITS)
REDSHIFT = (redshift.OF_LOAD, redshift.COMMITS)


@pytest.mark.parametrize(
    ("rules", "setting", "sql", "problem"),
    [
        (SNOWFLAKE, "pre_load_sql", "DELETE FROM a WHERE b; INSERT INTO c SELECT 1", None),
        (SNOWFLAKE, "post_load_sql", "(WITH x AS (SELECT 1) SELECT * FROM x)", None),
        (SNOWFLAKE, "pre_run_sql", "CREATE TABLE a (b INT); CALL p()", None),
        (REDSHIFT, "post_load_sql", "CREATE VIEW a AS SELECT 1; ANALYZE b; GRANT SELECT ON a TO GROUP g", None),
        *(
            (SNOWFLAKE, "pre_load_sql", f"SELECT 1; {sql}", "stands inside the load's transaction, which takes SELECT")
            for sql in (
                "COMMIT", "ROLLBACK", "BEGIN", "CREATE TABLE a (b INT)", "ALTER TABLE a ADD b INT", "DROP TABLE a",
                "TRUNCATE TABLE a", "GRANT SELECT ON a TO ROLE b", "CALL p()", "EXECUTE IMMEDIATE 'COMMIT'",
                "ALTER SESSION SET TIMEZONE = 'UTC'", "USE ROLE x", "/* x */ commit", "'x'", "UNDROP TABLE a",
                "COMMENT ON TABLE a IS 'b'", "SET a = 1",
            )
        ),
        *(
            (REDSHIFT, "post_load_sql", f"SELECT 1; {sql}", "TRUNCATE and CALL could commit it in its middle")
            for sql in ("TRUNCATE a", "commit", "END", "ABORT", "VACUUM a", "CALL p()", "SET timezone TO 'UTC'",
                        "START TRANSACTION", "RESET ALL", "PREPARE a AS SELECT 1")
        ),
        *(
            (SNOWFLAKE, "pre_run_sql", f"SELECT 1; {sql}", "changes the session; use 'session_parameters'")
            for sql in ("SET a = 1", "UNSET a", "USE WAREHOUSE w", "ALTER SESSION SET TIMEZONE = 'UTC'")
        ),
        *(
            (REDSHIFT, "post_run_sql", f"SELECT 1; {sql}", "begins or ends a transaction")
            for sql in ("BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "ABORT")
        ),
    ],
)  # fmt: skip
def test_sql_that_would_break_a_load(rules: Any, setting: str, sql: str, problem: str | None) -> None:
    """A statement that would end the load's transaction, or change the session, is refused by its setting and place."""
    problems = sql_problems({setting: sql}, *rules)
    if problem is None:
        assert problems == []
    else:
        (told,) = problems
        assert told.startswith(f"setting {setting!r}, statement 2 (")
        assert problem in told


COMMENTS = "has a comment within a comment, or one that ends in a carriage return alone; warehouses read it differently"


@pytest.mark.parametrize("setting", ["post_load_sql", "pre_run_sql"])
@pytest.mark.parametrize(
    ("rules", "sql", "problem"),
    [
        (REDSHIFT, "SELECT 1 /* /* */ ' */ ; COMMIT; --'", COMMENTS),
        (REDSHIFT, "SELECT 1 -- '\r; COMMIT; --'", COMMENTS),
        (REDSHIFT, "SELECT SET_config ('timezone', 'Asia/Tokyo', false)", "changes the session"),
        (REDSHIFT, 'WITH a AS (SELECT pg_catalog."set_config"($$datestyle$$, $$SQL$$, true)) SELECT 1', "changes"),
        (SNOWFLAKE, "SELECT SYSTEM$abort_transaction(CURRENT_TRANSACTION())", "begins or ends a transaction"),
        (SNOWFLAKE, "SHOW TABLES ->> COMMIT", ""),
        (SNOWFLAKE, "SHOW TABLES ->> SELECT * FROM $1 -> > $2 ->>ALTER SESSION SET TIMEZONE = 'UTC'", ""),
        (SNOWFLAKE, "SHOW TABLES ->> SELECT 'a ->> COMMIT', set_config FROM $1 /* ->> COMMIT */", "changes"),
    ],
)  # fmt: skip
def test_sql_whose_first_word_says_nothing_of_it(rules: Any, setting: str, sql: str, problem: str) -> None:
    """Each step of a chain is looked at, functions that do what statements may not are refused, and so is a comment
    whose end warehouses see in different places, so that what is sent may be more than one statement."""
    told = sql_problems({setting: sql}, *rules)
    assert told
    assert problem in told[0]


def test_sql_that_has_such_words_as_values() -> None:
    """Strings, comments and names that only resemble them are the user's."""
    for rules in (SNOWFLAKE, REDSHIFT):
        for sql in ("SELECT 'set_config', a.set_configs FROM a -- set_config", "SELECT 1 /* a */ -- b\r\n, '\r'",
                    "WITH a AS (SELECT 1 AS procedure_id) SELECT 'AS PROCEDURE', \"call\" FROM a",
                    "SHOW TABLES ->> SELECT * FROM $1"):  # fmt: skip
            assert sql_problems({"pre_load_sql": sql}, rules[0] + ("SHOW",), rules[1]) == []
    called = "WITH p AS /* a */ PROCEDURE () RETURNS INT LANGUAGE SQL AS $$ BEGIN COMMIT; END $$ CALL p()"
    (told,) = sql_problems({"pre_load_sql": called}, *SNOWFLAKE)
    assert "DDL, CALL and blocks" in told


DEPENDS = "may not be set: the statements of a load depend on its value"


@pytest.mark.parametrize(
    ("refused", "given", "problems"),
    [
        (snowflake.REFUSED, {"USE_CACHED_RESULT": False, "week_start": 1}, []),
        (redshift.REFUSED, {"wlm_query_slot_count": 2}, []),
        (
            snowflake.REFUSED,
            {"timezone": "Europe/Berlin", "Query_Tag": "x", "LOCK_TIMEOUT": 1},
            [
                f"setting 'session_parameters', 'timezone': {DEPENDS}",
                "setting 'session_parameters', 'Query_Tag': use 'query_tag'",
                "setting 'session_parameters', 'LOCK_TIMEOUT': use 'lock_wait_seconds'",
            ],
        ),
        (
            redshift.REFUSED,
            {"search_path": "x", "statement_timeout": 1, "a; COMMIT": 1, "analyze_threshold_percent": [1]},
            [
                f"setting 'session_parameters', 'search_path': {DEPENDS}",
                "setting 'session_parameters', 'statement_timeout': use 'statement_timeout_seconds'",
                "setting 'session_parameters', 'a; COMMIT': is no name of a parameter",
                "setting 'session_parameters', 'analyze_threshold_percent': takes text, a number or true or false",
            ],
        ),
        (
            redshift.REFUSED,
            {"auto_analyze": True, "AUTO_ANALYZE": False},
            ["setting 'session_parameters', 'AUTO_ANALYZE': stands there twice, in other letters"],
        ),
    ],
)
def test_parameters_that_our_statements_depend_on(refused: Any, given: dict[str, Any], problems: list[str]) -> None:
    """What would change the meaning of a load's statements is refused, with the setting that is for it."""
    assert parameter_problems({"session_parameters": given}, refused) == problems


def test_every_parameter_that_a_session_sets_is_refused() -> None:
    """The tables of what is set and of what is refused do not drift apart."""
    assert {name.lower() for name in snowflake.SESSION_PARAMETERS} <= set(snowflake.REFUSED)
    assert set(REDSHIFT_PARAMETERS) <= set(redshift.REFUSED)


def test_parameters_of_a_redshift_session() -> None:
    """The user's stand before ours, in one call; text is quoted."""
    own = {"wlm_query_slot_count": 2, "query_priority": "a'b", "auto_analyze": False}
    settings = read(
        redshift.RedshiftSettings,
        {"host": "h", "user": "u", "database": "d", "session_parameters": own, "statement_timeout_seconds": 90},
    )
    made = parameters_of(settings, "run 1")
    assert made.startswith(
        "SET wlm_query_slot_count TO 2; SET query_priority TO 'a''b'; SET auto_analyze TO off; "
        "SET statement_timeout TO 90000; SET query_group TO 'run 1'; SET timezone TO 'UTC'; "
    )


@pytest.mark.parametrize("template", ["{table}", "{load!r}", "{load:>9}", "{load.x}", "{", "}", "{}"])
def test_templates_that_are_none(template: str) -> None:
    """A field that there is not, or more than its name, is refused."""
    assert label_problems("query_tag", template) == [
        "setting 'query_tag' takes text with {pipeline}, {stream}, {run}, {load}; a brace is doubled"
    ]


def test_labels() -> None:
    """A label has what is known, and no more than the warehouse takes; a doubled brace is one."""
    label = Label("{{{pipeline}}}/{run}/{load}/{stream}", 20, "p", "orders", "r", "l")
    assert (label.text, label.of_session) == ("{p}/r/l/orders", "{p}/r//")
    assert Label("x" * 30, 20).text == "x" * 20
    assert label_problems("query_tag", "{{a}} {pipeline}") == []


class Cursor:
    """A cursor that keeps what it is asked."""

    description = None
    rowcount = -1
    sfqid = "1"

    def __init__(self, asked: list[Any]) -> None:
        self.asked = asked

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def execute(self, sql: str, **more: Any) -> None:
        self.asked.append((sql, more) if more else sql)

    execute_async = execute

    def fetchall(self) -> list[Any]:
        return []


class Connection:
    """A connection of either driver, with psycopg2's state of a transaction."""

    closed = 0

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def cursor(self) -> Cursor:
        return Cursor(self.asked)

    @property
    def info(self) -> Any:
        class Info:
            transaction_status = 2 if any(str(one).startswith("BEGIN") for one in self.asked) else 0

        return Info


def test_a_tag_goes_with_its_statement() -> None:
    """Snowflake: the tag of a load and of a stream is part of the request; the session's own is sent with none."""
    session, connection = SnowflakeSession.__new__(SnowflakeSession), Connection()
    session._connection, session._label = connection, Label("{run} {load} {stream}", run="r")
    session._tag, session.ran = session._label.of_session, []
    session.execute("A")
    session._label.load = "l"
    session.execute("B")
    session._label.stream = "s"
    session.execute_all(["C", "D"])
    session._begin("E; F", 2)
    tags = [(sql, more["_statement_params"]["QUERY_TAG"]) for sql, more in connection.asked[1:]]
    assert connection.asked[0] == "A"
    assert tags == [("B", "r l "), ("C; D", "r l s"), ("E; F", "r l s")]


def test_a_query_group_goes_with_its_statement() -> None:
    """Redshift: the group of a load comes in BEGIN's own message, another stream's before its first statement; what
    stands outside of a transaction is sent alone. No message more is sent."""
    session, connection = RedshiftSession.__new__(RedshiftSession), Connection()
    session._connection, session._label = connection, Label("{run} {load} {stream}", run="r")
    session._group = session._labelled = session._label.of_session
    session.execute("A")
    session._label.load = "l"
    session.execute("CREATE TABLE b")
    session.execute("BEGIN")
    session.execute("C")
    session._label.stream = "it's"
    session.execute("D")
    session.execute("E")
    session._label.stream = ""
    session.execute("COMMIT")
    assert connection.asked == [
        "A",
        "CREATE TABLE b",
        "BEGIN; SET LOCAL query_group TO 'r l '",
        "C",
        "SET LOCAL query_group TO 'r l it''s'; D",
        "E",
        "COMMIT",
    ]


@pytest.mark.parametrize(("timeout", "behind"), [("DEFAULT", "DEFAULT"), ("90000", "90000")])
def test_a_lock_leaves_the_timeout_of_the_user(timeout: str, behind: str) -> None:
    """Redshift: behind LOCK, which has a time of its own, statement_timeout is what the user has set."""
    session, connection = RedshiftSession.__new__(RedshiftSession), Connection()
    session._connection, session._label, session._timeout = connection, Label(), timeout
    session._group = session._labelled = ""
    session.lock(["LOCK t"], 60)
    assert connection.asked == [
        "SET LOCAL statement_timeout TO 60000",
        f"LOCK t; SET LOCAL statement_timeout TO {behind}",
    ]


class Refusing:
    """A session that refuses a statement in some way."""

    def __init__(self, **how: Any) -> None:
        self.how = how

    def execute(self, sql: str) -> list[Any]:
        raise WarehouseError("refused", code="RS-SQL", **self.how)


def test_whose_statement_was_refused() -> None:
    """The setting and the place of a statement are told; a load that may be tried again still may."""
    with pytest.raises(WarehouseError) as refused:
        LoadSql(["A"]).begin(Refusing())
    assert str(refused.value) == "pre_load_sql, statement 1: refused [RUN-USER-SQL]"
    with pytest.raises(WarehouseError) as lost:
        LoadSql((), ["A"]).end(Refusing(connection_lost=True))
    assert lost.value.connection_lost
    with pytest.raises(WarehouseError) as late:
        run_each(Refusing(connection_lost=True), "post_run_sql", ["A"])
    assert str(late.value) == (
        "post_run_sql, statement 1: refused; all of this run is committed, and its STATE is out [RUN-USER-SQL]"
    )
    assert not late.value.connection_lost
