"""Worked examples of the documentation, one a line in vectors.jsonl; `page` is below https://docs.snowflake.com/en/.

A COPY vector: a file (`input` as text or `input_hex`), the columns of the table `T`, the options of the file format
(`format`), of the COPY (`options`), or the SELECT list of a transformation (`select`), and the rows of the table
afterwards as text, or the error. An SQL vector: statements (`setup`, `sql`) and the rows as text, or the error.
open.jsonl has the same shape and holds what the pages leave open: what the stand-in does, on which nobody may rely.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.snowflake.conftest import Config, Db, Stage, access, connect

HERE = Path(__file__).parent
Vector = dict[str, Any]


def vectors(name: str) -> list[Vector]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


VECTORS, OPEN = vectors("vectors.jsonl"), vectors("open.jsonl")


@pytest.fixture(scope="module")
def opened() -> Iterator[list[Db]]:
    """One connection for all vectors of a worker, opened by the first of them."""
    found: list[Db] = []
    yield found
    for one in found:
        one.run("DROP SCHEMA IF EXISTS " + str(one.value("SELECT CURRENT_SCHEMA()")))
        one.close()


@pytest.fixture
def db(opened: list[Db], config: Config) -> Iterator[Db]:
    if not opened:
        opened.append(Db(connect(config)))
        opened[0].run(f"CREATE SCHEMA {config['default_target_schema']}")
    yield opened[0]
    opened[0].run("ALTER SESSION SET TIMEZONE = 'UTC'")
    opened[0].run("ALTER SESSION UNSET DATE_OUTPUT_FORMAT")


@pytest.fixture
def stage(config: Config, db: Db) -> Stage:
    made = Stage(config, db, config["s3_key_prefix"])
    db.run(f"CREATE OR REPLACE STAGE ST URL='{made.url}' {access(config)}")
    return made


def shown(value: Any) -> str | None:
    """A value as the vectors write it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex().upper()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def texts(rows: Any) -> list[list[str | None]]:
    return sorted([[shown(value) for value in row] for row in rows], key=str)


def check_error(db: Any, statement: str, error: dict[str, Any]) -> None:
    message = db.fails(statement, error.get("code"))
    assert error.get("text", "") in message


def carry_out_copy(db: Db, stage: Stage, vector: Vector) -> None:
    body = bytes.fromhex(vector["input_hex"]) if "input_hex" in vector else vector["input"].encode()
    stage.put("a.csv", body)
    db.run(f"CREATE OR REPLACE TABLE T ({vector['table']})")
    source = f"(SELECT {vector['select']} FROM @ST t)" if "select" in vector else "@ST"
    statement = f"COPY INTO T FROM {source} FILE_FORMAT = (TYPE = CSV {vector.get('format', '')}) "
    statement += vector.get("options", "")
    if "error" in vector:
        check_error(db, statement, vector["error"])
        assert db.value("SELECT COUNT(*) FROM T") == 0
        return
    (result,) = db.records(statement)
    assert result["status"] == vector.get("status", "LOADED")
    columns = [row[0] for row in db.run("DESC TABLE T")]
    as_text = ", ".join(f'TO_VARCHAR("{column}")' for column in columns)
    assert texts(db.run(f"SELECT {as_text} FROM T")) == texts(vector["rows"])


def carry_out_sql(db: Db, vector: Vector) -> None:
    for statement in vector.get("setup", ()):
        db.run(statement)
    if "error" in vector:
        check_error(db, vector["sql"], vector["error"])
    else:
        assert texts(db.run(vector["sql"])) == texts(vector["rows"])


def of_copy(found: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", [v for v in found if "table" in v], ids=lambda v: v["id"])


def of_sql(found: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", [v for v in found if "sql" in v], ids=lambda v: v["id"])


@of_copy(VECTORS)
def test_copy(db, stage, vector):
    """A file, read as its page says."""
    carry_out_copy(db, stage, vector)


@of_sql(VECTORS)
def test_sql(db, vector):
    """Statements, answered as their page says."""
    carry_out_sql(db, vector)


@of_copy(OPEN)
def test_open_copy(db, stage, vector, left_open):
    """What the pages leave open is at least the same from one version of the stand-in to the next."""
    with left_open("snowflake"):
        carry_out_copy(db, stage, vector)


@of_sql(OPEN)
def test_open_sql(db, vector, left_open):
    """What the pages leave open is at least the same from one version of the stand-in to the next."""
    with left_open("snowflake"):
        carry_out_sql(db, vector)


def test_there_are_enough_and_each_names_its_page():
    """At least 120 vectors; every one names the page it is read from."""
    assert len(VECTORS) >= 120
    assert len({vector["id"] for vector in VECTORS}) == len(VECTORS)
    assert all(vector["open"] for vector in OPEN)
    for vector in VECTORS + OPEN:
        assert vector["page"].startswith(("sql-reference/", "user-guide/"))
        assert ("rows" in vector) != ("error" in vector)
