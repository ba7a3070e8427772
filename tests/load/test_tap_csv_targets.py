"""The tap with our targets, and with targets by other hands: one made with the SDK, MeltanoLabs' one for PostgreSQL."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import psycopg2
import pytest
from singer_sdk import Target
from singer_sdk.sinks import RecordSink

from tests.conftest import BIN
from tests.environments import environment
from tests.load.loaders import Loader
from tests.postgres import running_postgres

TEXT = (
    'id|code|amount|ok|day|at|note\n1|007|0.10|true|2020-06-01|2020-06-01 12:00:00|"a|""b"""\n'
    '2|42|-12.345|false|1999-12-31|1999-12-31 23:59:59|""\n3||||||\n'
)


class KeepingSink(RecordSink):
    """Keeps the records that the SDK has validated."""

    kept: ClassVar[list[dict[str, Any]]] = []

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Keep one record."""
        self.kept.append(dict(record))


class KeepingTarget(Target):
    """The SDK's own loop, with a sink that keeps what arrives."""

    name = "target-keeping"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}
    default_sink_class = KeepingSink


@pytest.fixture
def messages(tmp_path: Path) -> bytes:
    """What the tap writes for a file with a column of each type."""
    return extracted(tmp_path, TEXT, "INCREMENTAL")


def extracted(folder: Path, text: str, method: str) -> bytes:
    """Return what the tap writes for a file with this text."""
    (folder / "things.csv").write_text(text)
    entry = {"path": str(folder / "things.csv"), "keys": ["id"], "types": {"code": "string"}}
    (folder / "tap.json").write_text(json.dumps({"files": [{**entry, "replication_method": method}]}))
    return subprocess.run(
        [BIN / "tap-csv-extract", "--config", folder / "tap.json"], capture_output=True, check=True
    ).stdout


def test_a_full_extract_of_fewer_rows_replaces_the_table(loader: Loader, tmp_path: Path) -> None:
    """Behind its last STATE a full extract is whole, so overwrite takes it however many rows it has."""
    for text, ids in ((TEXT, [1, 2, 3]), ("id|code\n7|007\n", [7])):
        lines = extracted(tmp_path, text, "FULL_TABLE").decode().splitlines()
        run = loader.load(*lines, load_method="overwrite")
        assert run.status == 0, run.stderr
        assert run.states[-1]["currently_syncing"] is None
        assert loader.rows("SELECT id FROM {schema}.things ORDER BY id") == [(key,) for key in ids]


def test_a_target_of_the_sdk(messages: bytes) -> None:
    """The SDK reads and validates every message, decimals by their multipleOf, and gives the last STATE back."""
    KeepingSink.kept.clear()
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(output):
        KeepingTarget(config={}).listen(io.StringIO(messages.decode()))
        output.flush()
    assert [record["code"] for record in KeepingSink.kept] == ["007", "42", None]
    assert [record["amount"] for record in KeepingSink.kept] == [Decimal("0.10"), Decimal("-12.345"), None]
    assert [record["note"] for record in KeepingSink.kept] == ['a|"b"', "", None]
    assert isinstance(output.buffer, io.BytesIO)
    assert json.loads(output.buffer.getvalue().splitlines()[-1]) == json.loads(messages.splitlines()[-1])["value"]


@pytest.mark.long
def test_a_target_of_meltanolabs(messages: bytes, tmp_path: Path) -> None:
    """MeltanoLabs' target for PostgreSQL loads the records into a table."""
    target = environment("target-postgres", ["meltanolabs-target-postgres==0.8.1"]) / "target-postgres"
    with running_postgres() as server:
        config = {name: server[name] for name in ("host", "port", "user")}
        config |= {"database": server["dbname"], "password": "none", "default_target_schema": "public"}
        (tmp_path / "target.json").write_text(json.dumps(config))
        done = subprocess.run(
            [target, "--config", tmp_path / "target.json"], input=messages, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        connection = psycopg2.connect(**server)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, code, ok, day::text, at::text, note FROM things ORDER BY id")
            rows = cursor.fetchall()
        connection.close()
    assert rows == [
        (1, "007", True, "2020-06-01", "2020-06-01 12:00:00", 'a|"b"'),
        (2, "42", False, "1999-12-31", "1999-12-31 23:59:59", ""),
        (3, None, None, None, None, None),
    ]
    assert json.loads(done.stdout.splitlines()[-1])["bookmarks"]["things"]["files"]
