"""Views: what they are made of, what they show when tables change, and what change data needs of them."""

from __future__ import annotations

import datetime
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest


def test_views(db):
    """CREATE [OR REPLACE] VIEW, with column names; one that no longer fits is an error (sql/create-view)."""
    db.run("CREATE TABLE T (A INT, B VARCHAR)")
    db.run("INSERT INTO T VALUES (1, 'x')")
    db.run("CREATE VIEW V (X, Y COMMENT 'text') COMMENT = 'a view' AS SELECT A + 1, B FROM T")
    assert db.records("SELECT * FROM V WHERE X = 2") == [{"X": 2, "Y": "x"}]
    db.fails("CREATE VIEW V AS SELECT 1 A", 2002)
    db.run("CREATE OR REPLACE VIEW V AS SELECT * FROM T")
    db.run("ALTER TABLE T ADD COLUMN C INT")
    assert "declared 2 column(s)" in db.fails("SELECT * FROM V")
    db.fails("INSERT INTO V VALUES (1, 'x')")
    db.fails("CREATE VIEW W AS SELECT * FROM NOSUCH", 2003)
    assert [row["name"] for row in db.records("SHOW VIEWS IN SCHEMA")] == ["V"]
    db.run("DROP VIEW V")
    db.fails("SELECT * FROM V", 2003)


def test_a_view_is_replaced_in_one_step(db, other):
    """CREATE OR REPLACE is atomic: a query at the same time finds the old view or the new one (sql/create-view)."""
    db.run("CREATE VIEW V AS SELECT 0 A")
    over, found = threading.Event(), []

    def read():
        while not over.is_set():
            found.append(other.value("SELECT A FROM V"))

    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(read)
        for number in range(1, 40):
            db.run(f"CREATE OR REPLACE VIEW V AS SELECT {number} A")
        over.set()
        reads.result()
    assert found == sorted(found)


def test_a_view_does_not_follow_its_tables(db):
    """A column that is dropped, added or in another place is an error (sql/create-view, usage notes)."""
    db.run("CREATE TABLE T (A INT, B VARCHAR)")
    db.run("CREATE VIEW V AS SELECT * FROM T")
    db.run("CREATE VIEW ONE AS SELECT A FROM T")
    db.run("CREATE OR REPLACE TABLE T (B VARCHAR, A INT)")
    assert "at column 1 name is 'A' but 'B' is produced" in db.fails("SELECT * FROM V")
    assert db.run("SELECT * FROM ONE") == []
    db.run("ALTER TABLE T DROP COLUMN A")
    db.fails("SELECT * FROM ONE", 904)
    db.run("DROP TABLE T")
    db.fails("SELECT * FROM ONE", 2003)


def test_names_in_a_view_are_those_of_its_schema(db):
    """Unqualified names, CURRENT_SCHEMA and CURRENT_DATABASE mean the view's, not the session's (sql/create-view)."""
    home = db.value("SELECT CURRENT_SCHEMA()")
    away = f"{home}_AWAY"
    db.run("CREATE TABLE T (A INT)")
    db.run("CREATE VIEW V AS SELECT COUNT(*) AS N, CURRENT_SCHEMA() AS S FROM T")
    try:
        db.run(f"CREATE SCHEMA {away}")
        assert db.run(f"SELECT * FROM {home}.V") == [(0, home)]
        db.run("CREATE TABLE ONLY_HERE (A INT)")
        db.fails(f"CREATE VIEW {home}.W AS SELECT * FROM ONLY_HERE", 2003)
    finally:
        db.run(f"DROP SCHEMA IF EXISTS {away}")
        db.run(f"USE SCHEMA {home}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW W AS SELECT A + 1 FROM T",  # an expression needs a name
        "CREATE VIEW W AS SELECT A, A FROM T",
        "CREATE VIEW W (X) AS SELECT A, B FROM T",
        "CREATE VIEW T AS SELECT 1 AS A",  # a table has this name
        "CREATE OR REPLACE VIEW T AS SELECT 1 AS A",
        "CREATE OR REPLACE VIEW V AS SELECT * FROM V",
        "CREATE OR REPLACE VIEW IF NOT EXISTS V AS SELECT * FROM T",
        "CREATE TABLE V (A INT)",
        "DROP TABLE V",
        "DELETE FROM V",
        "TRUNCATE TABLE V",
    ],
)
def test_what_a_view_may_not_be(db, statement):
    """Columns without names, names that are taken, views of themselves, changes of rows (sql/create-view)."""
    db.run("CREATE TABLE T (A INT, B VARCHAR)")
    db.run("CREATE VIEW V AS SELECT * FROM T")
    db.fails(statement)
    assert db.run("SELECT * FROM V") == []


@pytest.fixture
def events(db):
    """Changes of two rows, with a value of each type, as a loader keeps them."""
    db.run(
        "CREATE TABLE EVENTS (ID NUMBER(38,0), STATUS VARCHAR, AMOUNT NUMBER(38,2), AT TIMESTAMP_TZ, "
        'WALL TIMESTAMP_NTZ, INSIDE VARIANT, RAW BINARY, DAY DATE, "op" VARCHAR, SEQ NUMBER(38,0))'
    )
    big = "99999999999999999999999999999999999999"
    for row in (
        f"{big}, 'new', 0.10, '2020-06-01 12:00:00.123456789 +02:00', '2020-06-01 12:00:00.123456789', "
        "PARSE_JSON('{\"n\": 12345678901234567890123456789012345678}'), "
        "TO_BINARY('00FF', 'HEX'), '2020-06-01', 'insert', 1",
        f"{big}, 'paid', 0.20, '2020-06-02 12:00:00 -07:00', NULL, PARSE_JSON('null'), NULL, NULL, 'update', 2",
        "7, 'new', 5, '2020-06-02 12:00:00 +00:00', NULL, NULL, NULL, NULL, 'insert', 3",
        "7, NULL, NULL, '2020-06-03 00:00:00 +00:00', NULL, NULL, NULL, NULL, 'delete', 4",
    ):
        db.run(f"INSERT INTO EVENTS SELECT {row}")
    return db


CURRENT = (
    'CREATE OR REPLACE VIEW EVENTS__CURRENT AS SELECT * EXCLUDE ("op", SEQ, N) FROM ('
    "SELECT *, ROW_NUMBER() OVER (PARTITION BY ID ORDER BY SEQ DESC) AS N FROM EVENTS) WHERE N = 1 "
    "AND COALESCE(\"op\", '') NOT IN ('delete')"
)
HISTORY = (
    "CREATE OR REPLACE VIEW EVENTS__HISTORY AS SELECT ID, STATUS, AMOUNT, INSIDE, AT AS VALID_FROM, "
    "LEAD(AT) OVER (PARTITION BY ID ORDER BY SEQ) AS VALID_TO, "
    "CASE \"op\" WHEN 'insert' THEN 'I' WHEN 'delete' THEN 'D' ELSE 'U' END AS OPERATION FROM EVENTS"
)


def test_the_last_event_of_each_key(events):
    """A view of the newest row per key has the types and the exact values of the table."""
    events.run(CURRENT)
    types = {row["name"]: row["type"] for row in events.records("DESC VIEW EVENTS__CURRENT")}
    assert types == {
        row["name"]: row["type"] for row in events.records("DESC TABLE EVENTS") if row["name"] not in ("op", "SEQ")
    }
    (row,) = events.records(
        "SELECT * EXCLUDE AT, TO_VARCHAR(AT, 'YYYY-MM-DD HH24:MI:SS.FF9 TZHTZM') AS AT FROM EVENTS__CURRENT"
    )
    assert row == {
        "ID": int("9" * 38), "STATUS": "paid", "AMOUNT": Decimal("0.20"), "WALL": None, "INSIDE": "null", "RAW": None,
        "DAY": None, "AT": "2020-06-02 12:00:00.000000000 -0700",
    }  # fmt: skip
    same = CURRENT.replace(
        'SELECT * EXCLUDE ("op", SEQ, N) FROM (SELECT *, ', 'SELECT * EXCLUDE ("op", SEQ) FROM EVENTS '
    )
    before, _, after = same.partition("ROW_NUMBER() OVER (PARTITION BY ID ORDER BY SEQ DESC)")
    assert after
    events.run(f"{before}QUALIFY ROW_NUMBER() OVER (PARTITION BY ID ORDER BY SEQ DESC) = 1 AND \"op\" <> 'delete'")
    assert events.records("SELECT * FROM EVENTS__CURRENT")[0]["ID"] == int("9" * 38)


def test_what_was_there_at_a_moment(events):
    """A history view answers as-of questions: instants, not offsets, are compared; VARIANT keeps its digits."""
    events.run(HISTORY)
    as_of = (
        "SELECT STATUS, COUNT(*), SUM(AMOUNT), MAX(VALID_FROM) FROM EVENTS__HISTORY "
        "WHERE VALID_FROM <= '{0}'::TIMESTAMP_TZ AND (VALID_TO IS NULL OR VALID_TO > '{0}'::TIMESTAMP_TZ) "
        "AND OPERATION <> 'D' GROUP BY STATUS ORDER BY STATUS"
    )
    rows = events.run(as_of.format("2020-06-02 18:59:59 +00:00"))
    assert [row[:3] for row in rows] == [("new", 2, Decimal("5.10"))]
    rows = events.run(as_of.format("2020-06-02 12:00:00 -07:00"))
    assert [row[:3] for row in rows] == [("new", 1, Decimal("5.00")), ("paid", 1, Decimal("0.20"))]
    assert rows[1][3] == datetime.datetime(2020, 6, 2, 19, tzinfo=datetime.UTC)
    assert [row[:3] for row in events.run(as_of.format("2021-01-01 00:00:00 +00:00"))] == [("paid", 1, Decimal("0.20"))]
    number = events.value("SELECT INSIDE:n::NUMBER(38,0) FROM EVENTS__HISTORY WHERE OPERATION = 'I' AND ID > 7")
    assert number == 12345678901234567890123456789012345678


def test_rows_are_ordered_by_what_is_selected(events):
    """ORDER BY a column of a view means the selected column, whatever the view calls its own."""
    events.run(HISTORY)
    rows = events.run("SELECT OPERATION, VALID_FROM FROM EVENTS__HISTORY ORDER BY VALID_FROM DESC, OPERATION")
    assert [row[0] for row in rows] == ["D", "U", "I", "I"]


def test_a_view_in_a_transaction_sees_its_rows(events):
    """A view shows the rows of the open transaction, and the newest event wins at once."""
    events.run(CURRENT)
    events.run("BEGIN")
    events.run("INSERT INTO EVENTS (ID, STATUS, \"op\", SEQ) VALUES (7, 'again', 'insert', 5)")
    assert events.value("SELECT COUNT(*) FROM EVENTS__CURRENT") == 2
    events.run("ROLLBACK")
    assert events.value("SELECT COUNT(*) FROM EVENTS__CURRENT") == 1
