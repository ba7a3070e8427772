"""A tap of the Singer SDK sends its records in BATCH files, and the tables are those of its RECORDs."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from singer_sdk import Stream, Tap

from tests.load.loaders import Loader

TEXT = {"type": ["null", "string"]}
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "note": TEXT,
        "amount": {"type": ["null", "number"], "multipleOf": 0.01},
        "at": {**TEXT, "format": "date-time"},
        "day": {**TEXT, "format": "date"},
        "document": {"type": ["null", "object"], "properties": {"a": {"type": ["null", "array"]}}},
    },
}
ROWS: list[dict[str, Any]] = [
    {"id": 1, "note": 'a|"b"\n\\N', "amount": 0.1, "at": "2020-02-29T01:02:03.000004Z", "day": "0001-01-01"},
    {"id": 2, "note": "", "amount": -12345678.99, "at": "9999-12-31T23:59:59+02:00", "document": {"a": [1, None]}},
    {"id": 3, "note": "€ 😀", "amount": None, "document": {}},
    *({"id": number, "note": str(number)} for number in range(4, 30)),
]


class Orders(Stream):
    """Rows of every type, with a key and no bookmark."""

    name = "orders"
    schema = SCHEMA
    primary_keys = ("id",)

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        yield from ROWS


class TapOrders(Tap):
    """A tap as the SDK makes it."""

    name = "tap-orders"
    config_jsonschema = {"properties": {}}  # noqa: RUF012

    def discover_streams(self) -> list[Stream]:
        return [Orders(self)]


def sent(**config: Any) -> list[str]:
    """Return the lines that the tap writes."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        TapOrders(config=config).sync_all()
    return [line for line in out.getvalue().splitlines() if line.startswith("{")]


def in_batches(folder: Path) -> list[str]:
    """Return the lines of the tap where it writes ten rows a file."""
    config = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": folder.as_uri()},
        "batch_size": 10,
    }
    return sent(batch_config=config)


def tables(loader: Loader) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the columns and the rows of the table."""
    return loader.columns("orders"), sorted(loader.rows("SELECT * FROM {schema}.orders"), key=lambda row: int(row[0]))


@pytest.mark.both
def test_batches_of_the_sdk_make_the_table_of_its_records(loader: Loader, tmp_path: Path) -> None:
    """Value by value, from files of this machine and of the bucket, by upsert; the files stay as they are."""
    assert loader.load(*sent(), load_method="upsert").status == 0
    expected = tables(loader)
    assert len(expected[1]) == len(ROWS)
    loader.rows("DROP TABLE {schema}.orders")
    batches = in_batches(tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.glob("*.gz")}
    assert [json.loads(line)["type"] for line in batches].count("BATCH") == len(files) == 3
    ran = loader.load(*batches, load_method="upsert")
    assert ran.status == 0, ran.stderr
    assert tables(loader) == expected
    assert {path: path.read_bytes() for path in files} == files
    keys = [f"{loader.config['s3_key_prefix']}-theirs/{path.name}" for path in files]
    for key, content in zip(keys, files.values(), strict=True):
        loader.s3.client().put_object(Bucket=loader.s3.bucket, Key=key, Body=content)
    prefix = f"s3://{loader.s3.bucket}/{loader.config['s3_key_prefix']}-theirs"
    there = [line.replace(tmp_path.as_uri(), prefix) for line in batches]
    loader.rows("DELETE FROM {schema}.orders WHERE id = 3")
    ran = loader.load(*there, load_method="upsert", sweep_after_hours=1)
    assert ran.status == 0, ran.stderr
    assert tables(loader) == expected
    assert [loader.s3.body(key) for key in keys] == [*files.values()]
    missing = loader.load(*(line.replace(".json.gz", "") for line in there))
    assert (missing.status, "there is no such file" in missing.stderr) == (1, True)
    assert tables(loader) == expected
