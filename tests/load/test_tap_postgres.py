"""A tap by other hands: meltanolabs-tap-postgres reads a dozen column types, both targets load them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.environments import PATIENCE_SECONDS, environment
from tests.load.loaders import Loader
from tests.postgres import running_postgres

pytestmark = pytest.mark.long

COLUMNS = """
    id integer PRIMARY KEY, small smallint, big bigint, exact numeric(20, 4), inexact double precision,
    yes boolean, name text, code varchar(40), day date, clock time, moment timestamp, instant timestamptz,
    document jsonb, mark uuid
"""
ROWS = [
    (
        1, -5, 9007199254740993, "1234567890123456.7891", 0.1, True, 'pipe | "quote" \\N', "", "2020-06-01", "23:59:59",
        "2020-06-01 12:00:00.123456", "2020-06-01 12:00:00+02", json.dumps({"a": [1, {"b": None}]}),
        "6b1b36cb-b6c6-4a50-9d35-5a1d3a5b5a1d",
    ),
    (2, None, None, None, None, None, None, None, None, None, None, None, None, None),
    (
        3, 7, -1, "-0.0001", -2.5, False, "zwei\nZeilen \U0001f600", "NULL", "1999-12-31", "00:00:00",
        "1999-12-31 23:59:59", "1999-12-31 23:59:59-05", json.dumps({"b": []}), "00000000-0000-0000-0000-000000000000",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """What the tap writes for the table."""
    tap = environment("tap-postgres", ["meltanolabs-tap-postgres==0.10.0"]) / "tap-postgres"
    with running_postgres() as source:
        connection = psycopg2.connect(**source)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE things ({COLUMNS})")
            for row in ROWS:
                cursor.execute(f"INSERT INTO things VALUES ({', '.join(['%s'] * len(row))})", row)
        connection.close()
        folder = tmp_path_factory.mktemp("tap")
        config, catalog = folder / "config.json", folder / "catalog.json"
        config.write_text(json.dumps(_tap_config(source)))
        catalog.write_text(json.dumps(_selected(json.loads(_output(tap, "--config", config, "--discover")))))
        yield _output(tap, "--config", config, "--catalog", catalog)


def _output(*command: str | Path) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _selected(catalog: dict[str, Any]) -> dict[str, Any]:
    """The tap reads only the streams that the user selects."""
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"] |= {"selected": True, "replication-method": "FULL_TABLE"}
    return catalog


def _tap_config(source: dict[str, Any]) -> dict[str, Any]:
    names = {"host": "host", "port": "port", "user": "user", "dbname": "database"}
    return {
        **{setting: source[name] for name, setting in names.items()},
        "password": "",
        "filter_schemas": ["public"],
        "dates_as_string": False,
        "json_as_object": True,
    }


def test_dozen_types_arrive(loader: Loader, messages: bytes, tmp_path: Path) -> None:
    """Each value of each type is in the warehouse as it was in the source."""
    run = loader.load(*messages.decode().splitlines(), number_type="decimal", number_scale=4)
    assert run.status == 0, run.stderr
    rows = loader.rows(
        "SELECT id, small, big, exact, yes, name, code, CAST(day AS VARCHAR), CAST(clock AS VARCHAR), "
        "moment, instant, document, mark FROM {schema}.things ORDER BY id"
    )
    assert [row[0] for row in rows] == [1, 2, 3]
    assert rows[1][1:] == (None,) * 12
    first, third = rows[0], rows[2]
    assert first[1:7] == (-5, 9007199254740993, Decimal("1234567890123456.7891"), True, ROWS[0][6], "")
    assert third[1:7] == (7, -1, Decimal("-0.0001"), False, ROWS[2][6], "NULL")
    assert [str(value)[:10] for value in (first[7], third[7])] == ["2020-06-01", "1999-12-31"]
    assert [str(value)[:8] for value in (first[8], third[8])] == ["23:59:59", "00:00:00"]
    assert [value.replace(tzinfo=None).isoformat() for value in (first[9], third[9])] == [
        "2020-06-01T12:00:00.123456",
        "1999-12-31T23:59:59",
    ]
    assert [value.timestamp() for value in (first[10], third[10])] == [1591005600.0, 946702799.0]
    assert [json.loads(value) for value in (first[11], third[11])] == [{"a": [1, {"b": None}]}, {"b": []}]
    assert [first[12], third[12]] == [ROWS[0][13], ROWS[2][13]]
