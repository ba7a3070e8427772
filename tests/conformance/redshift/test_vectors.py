"""The worked examples of the AWS pages: vectors.jsonl, one a line, each with the page that it stands on.

A line with `options` is a COPY of `input` into a table with the columns `table`; one with `statements` runs
these. It names either the `rows` that must be there (as text, None is NULL, in any order) or the `error`: the
load error's code, line, column and reason as far as the page gives them, or SQLSTATE and text.
open.jsonl has the same shape and holds what the pages leave open: what the stand-in does, on which nobody may rely.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import new_type

from tests.conformance.redshift.conftest import Config, Db, Stage, connect

HERE = Path(__file__).parent
BOOLEANS = {True: "t", False: "f"}


def load(name: str) -> list[Any]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [pytest.param(vector, id=vector["id"]) for vector in map(json.loads, lines)]


VECTORS, OPEN = load("vectors.jsonl"), load("open.jsonl")


@pytest.fixture(scope="module")
def connections() -> Iterator[list[Db]]:
    """One connection for all vectors of a worker, opened by the first of them."""
    opened: list[Db] = []
    yield opened
    for db in opened:
        db.connection.close()


@pytest.fixture
def one(connections: list[Db], redshift_config: Config, schema_name: str) -> Db:
    if not connections:
        db = Db(connect(redshift_config))
        # A date before year 1 has no Python value: dates are compared as their text.
        psycopg2.extensions.register_type(new_type((1082,), "DATE", lambda value, _: value), db.connection)
        connections.append(db)
    connections[0].run(f'CREATE SCHEMA "{schema_name}"')
    connections[0].run(f'SET search_path TO "{schema_name}"')
    return connections[0]


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return BOOLEANS[value] if isinstance(value, bool) else str(value)


def table_of(rows: list[Any]) -> list[tuple[str | None, ...]]:
    return sorted((tuple(as_text(value) for value in row) for row in rows), key=repr)


def carry_out(db: Db, stage: Stage, vector: dict[str, Any]) -> tuple[list[Any], list[str], str]:
    """Rows, names of the columns, and the URL that was loaded."""
    url = ""
    if "options" in vector:
        db.run(f"CREATE TABLE t ({vector['table']})")
        body = bytes.fromhex(vector["input_hex"]) if "input_hex" in vector else vector["input"]
        url = stage.put(body, vector["id"])
        columns = f"({vector['columns']})" if "columns" in vector else ""
        db.run(f"COPY t {columns} FROM '{url}' {stage.keys} {vector['options']}")
    for statement in vector.get("statements", []):
        db.run(statement)
    with db.connection.cursor() as cursor:
        cursor.execute(vector.get("query", "SELECT * FROM t"))
        return cursor.fetchall(), [column.name for column in cursor.description], url


def check(db: Db, stage: Stage, vector: dict[str, Any]) -> None:
    if "rows" in vector:
        rows, names, _ = carry_out(db, stage, vector)
        assert table_of(rows) == table_of(vector["rows"])
        if isinstance(vector.get("columns"), list):
            assert names == vector["columns"]
        return
    with pytest.raises(psycopg2.Error) as caught:
        carry_out(db, stage, vector)
    expected = vector["error"]
    if "sqlstate" in expected:
        assert caught.value.pgcode == expected["sqlstate"]
    assert expected.get("text", "") in str(caught.value)
    if expected.keys() & {"code", "line", "column", "reason"}:
        check_load_error(db, stage.url(vector["id"]), expected)
    if "options" in vector:
        assert db.value("SELECT count(*) FROM t") == 0


def check_load_error(db: Db, url: str, expected: dict[str, Any]) -> None:
    found = db.run(
        "SELECT error_code, line_number, trim(column_name), trim(error_message) FROM sys_load_error_detail"
        f" WHERE file_name = '{url}'"
    )
    assert len(found) == 1
    code, line, column, reason = found[0]
    assert expected.get("code", code) == code
    assert expected.get("line", line) == line
    assert expected.get("column", column) == column
    assert expected.get("reason", "") in reason


@pytest.mark.parametrize("vector", VECTORS)
def test_vector(one: Db, stage: Stage, vector: dict[str, Any]) -> None:
    """A worked example of the page that the vector names comes out as the page says."""
    check(one, stage, vector)


@pytest.mark.parametrize("vector", OPEN)
def test_open(one: Db, stage: Stage, vector: dict[str, Any], left_open: Callable[[str], Any]) -> None:
    """What the pages leave open is at least the same from one version of the stand-in to the next."""
    with left_open("redshift"):
        check(one, stage, vector)


def test_there_are_enough_vectors() -> None:
    """At least 120 examples; every one names its page and what must come out; no two share a name."""
    vectors = [parameter.values[0] for parameter in (*VECTORS, *OPEN)]
    assert len(VECTORS) >= 120
    assert all(vector["page"] and ("rows" in vector) != ("error" in vector) for vector in vectors)
    assert len({vector["id"] for vector in vectors}) == len(vectors)
