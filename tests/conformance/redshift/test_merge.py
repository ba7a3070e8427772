"""MERGE: rows 33 to 37 of the list of behaviours; the examples are those of the page r_MERGE."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from tests.conformance.redshift.conftest import Db

UPDATE = "WHEN MATCHED THEN UPDATE SET id = source.id, name = source.name"
DELETE = "WHEN MATCHED THEN DELETE"
INSERT = "WHEN NOT MATCHED THEN INSERT VALUES (source.id, source.name)"
ON = "MERGE INTO target USING source ON target.id = source.id"
MULTIPLE = "Found multiple matches to update the same tuple."

REFUSED = [  # row, statement, part of the error
    (33, f"{ON} {UPDATE}", "syntax error"),
    (33, f"{ON} {INSERT}", "syntax error"),
    (33, f"{ON} {INSERT} {UPDATE}", "syntax error"),
    (33, f"{ON} {UPDATE} {DELETE} {INSERT}", "syntax error"),
    (33, f"{ON} WHEN MATCHED AND source.id > 1 THEN DELETE {INSERT}", "syntax error"),
    (33, f"{ON} WHEN MATCHED THEN DO NOTHING {INSERT}", "syntax error"),
    (33, f"WITH s AS (SELECT * FROM source) {ON} {UPDATE} {INSERT}", "syntax error"),
    (33, f"MERGE INTO target AS t USING source ON t.id = source.id {DELETE} {INSERT}", "syntax error"),
    (33, f"MERGE INTO target USING target AS source ON target.id = source.id {DELETE} {INSERT}", "same table"),
    (33, f"MERGE INTO target USING source ON target.id > source.id {DELETE} {INSERT}", "equal predicates"),
    (
        35,
        f"MERGE INTO target USING (SELECT id, name FROM target GROUP BY 1, 2) AS source ON target.id = source.id"
        f" {UPDATE} {INSERT}",
        "Source view/subquery in Merge statement cannot reference target table.",
    ),
    (
        36,
        f"{ON} WHEN MATCHED THEN UPDATE SET name = source.name[0] {INSERT}",
        "Partial reference of SUPER column is not supported in MERGE statement.",
    ),
    (37, "MERGE INTO target USING wide ON target.id = wide.id REMOVE DUPLICATES", "same columns"),
    (37, f"{ON} {UPDATE} {INSERT} REMOVE DUPLICATES", "syntax error"),
]


@pytest.fixture
def merging(db: Db) -> Db:
    """The tables of the page's examples."""
    db.run("CREATE TABLE target (id INT, name CHAR(10))")
    db.run("CREATE TABLE source (id INT, name CHAR(10))")
    db.run("CREATE TABLE wide (id INT, name CHAR(10), more INT)")
    return db


def rows(db: Db) -> list[tuple[int, str]]:
    return [(number, name.strip()) for number, name in db.run("SELECT id, name FROM target ORDER BY id, name")]


def fill(db: Db, target: str, source: str) -> None:
    db.run(f"INSERT INTO target VALUES {target}")
    db.run(f"INSERT INTO source VALUES {source}")


@pytest.mark.parametrize(("row", "sql", "text"), REFUSED, ids=lambda value: str(value)[-50:])
def test_refused(merging: Db, row: int, sql: str, text: str) -> None:
    """Rows 33 to 37, r_MERGE: forms that the page forbids."""
    assert text in str(merging.error(sql))


def test_update_and_insert_then_delete(merging: Db) -> None:
    """Row 33, r_MERGE, its first example."""
    fill(merging, "(101, 'Bob'), (102, 'John'), (103, 'Susan')", "(102, 'Tony'), (103, 'Alice'), (104, 'Bill')")
    merging.run(f"{ON} {UPDATE} {INSERT}")
    assert rows(merging) == [(101, "Bob"), (102, "Tony"), (103, "Alice"), (104, "Bill")]
    merging.run("INSERT INTO source VALUES (105, 'David')")
    merging.run(f"{ON} {DELETE} {INSERT}")
    assert rows(merging) == [(101, "Bob"), (105, "David")]


@pytest.mark.parametrize("action", [UPDATE, DELETE])
def test_multiple_matches(merging: Db, action: str) -> None:
    """Row 34, r_MERGE: a target row that several source rows match fails the statement."""
    fill(merging, "(1, 'Bob'), (2, 'John')", "(1, 'Tony'), (1, 'Alice'), (3, 'Bill')")
    error = merging.error(f"{ON} {action} {INSERT}")
    assert isinstance(error, psycopg2.InternalError)
    assert error.diag.message_primary == MULTIPLE
    assert rows(merging) == [(1, "Bob"), (2, "John")]


def test_subquery_as_source(merging: Db) -> None:
    """Row 35, r_MERGE: the source may be a subquery that removes duplicates."""
    fill(merging, "(1, 'Bob')", "(1, 'Tony'), (1, 'Tony'), (3, 'Bill')")
    merging.run(
        "MERGE INTO target USING (SELECT id, name FROM source GROUP BY 1, 2) AS my_source ON target.id = my_source.id"
        " WHEN MATCHED THEN UPDATE SET id = my_source.id, name = my_source.name"
        " WHEN NOT MATCHED THEN INSERT VALUES (my_source.id, my_source.name)"
    )
    assert rows(merging) == [(1, "Tony"), (3, "Bill")]


def test_temp_table_as_source(merging: Db) -> None:
    """Row 35, r_MERGE: a temporary table is a source as any other."""
    merging.run("CREATE TEMP TABLE scratch (LIKE target INCLUDING DEFAULTS)")
    merging.run("INSERT INTO scratch VALUES (1, 'x')")
    merging.run(
        "MERGE INTO target USING scratch ON target.id = scratch.id WHEN MATCHED THEN UPDATE SET name = scratch.name"
        " WHEN NOT MATCHED THEN INSERT (id, name) VALUES (scratch.id, scratch.name)"
    )
    assert rows(merging) == [(1, "x")]


@pytest.mark.parametrize(
    ("target", "source", "after"),
    [
        (
            "(30, 'Tony'), (11, 'Alice'), (23, 'Bill')",
            "(23, 'David'), (22, 'Clarence')",
            [(11, "Alice"), (22, "Clarence"), (23, "David"), (30, "Tony")],
        ),
        (
            "(30, 'Tony'), (30, 'Daisy'), (11, 'Alice'), (23, 'Bill'), (23, 'Nikki')",
            "(23, 'David'), (22, 'Clarence')",
            [(11, "Alice"), (22, "Clarence"), (23, "David"), (30, "Daisy"), (30, "Tony")],
        ),
    ],
)
def test_remove_duplicates(merging: Db, target: str, source: str, after: list[tuple[int, str]]) -> None:
    """Row 37, r_MERGE, its two examples of REMOVE DUPLICATES."""
    fill(merging, target, source)
    merging.run(f"{ON} REMOVE DUPLICATES")
    assert rows(merging) == after


def test_remove_duplicates_does_not_guess(stand_in: Any, merging: Db) -> None:
    """Row 37: equal keys inside the source are not described, so the stand-in refuses them."""
    fill(merging, "(1, 'Bob')", "(2, 'x'), (2, 'y')")
    assert merging.error(f"{ON} REMOVE DUPLICATES").pgcode == "0A000"
    assert rows(merging) == [(1, "Bob")]


def test_remove_duplicates_from_a_subquery(stand_in: Any, merging: Db) -> None:
    """Row 37: the stand-in takes a table as source of REMOVE DUPLICATES only."""
    sql = "MERGE INTO target USING (SELECT * FROM source) AS s ON target.id = s.id REMOVE DUPLICATES"
    assert merging.error(sql).pgcode == "0A000"


def test_null_keys_never_match(merging: Db) -> None:
    """r_MERGE: a condition that is unknown counts as not matched."""
    fill(merging, "(NULL, 'a')", "(NULL, 'b')")
    merging.run(f"{ON} {UPDATE} {INSERT}")
    assert [name for _, name in rows(merging)] == ["a", "b"]


def test_delete_using(merging: Db) -> None:
    """r_DELETE: DELETE ... USING removes what the other table names; then the rows are inserted anew."""
    fill(merging, "(1, 'a'), (2, 'b')", "(2, 'c'), (3, 'd')")
    merging.run("BEGIN")
    merging.run("DELETE FROM target USING source WHERE target.id = source.id")
    merging.run(
        "INSERT INTO target (id, name) SELECT id, name FROM (SELECT id, name, ROW_NUMBER() OVER"
        " (PARTITION BY id ORDER BY name DESC) AS place FROM source) AS latest WHERE place = 1"
    )
    merging.run("COMMIT")
    assert rows(merging) == [(1, "a"), (2, "c"), (3, "d")]
