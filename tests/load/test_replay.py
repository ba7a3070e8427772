"""Kept files of a load and rejected records are loaded again: exactly, and each once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from singer_bulk.model.added import LIVE_SUFFIX

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

TEXT = {"type": ["null", "string"]}
COLUMNS = {"id": {"type": "integer"}, "note": TEXT, "amount": {"type": ["null", "number"], "multipleOf": 0.01}}
ORDERS = {**schema(**COLUMNS), "key_properties": ["id"]}
LIVE = ("events" + LIVE_SUFFIX, "events_again" + LIVE_SUFFIX)
ROWS = [ORDERS, record(id=1, note="a|\nb", amount=1.5), record(id=2, note=""), record(id=3), state(1)]


def load_ids(loader: Loader) -> list[str]:
    """Return the ids of the loads in the ledger, in their order."""
    return [row[0] for row in loader.rows("SELECT DISTINCT load_id FROM {schema}._singer_loads ORDER BY load_id")]


def replay(loader: Loader, load_id: str, *arguments: str, **changes: Any) -> Any:
    """Run --replay."""
    return loader.load(arguments=["--replay", load_id, *arguments], **changes)


def table(loader: Loader, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table."""
    return sorted(loader.rows(f"SELECT id, note, amount FROM {{schema}}.{name}"))


def test_a_load_is_loaded_again_exactly_and_once(loader: Loader) -> None:
    """Into another table value by value, then nothing; into its own table only where that has lost its rows."""
    kept = {"keep_staged_files": True, "pipeline_id": "p"}
    assert loader.load(*ROWS, **kept).status == 0
    (load_id,) = load_ids(loader)
    first = replay(loader, load_id, "--into", "again")
    assert first.status == 0, first.stderr
    assert f"3 rows of load {load_id} in" in first.stdout.decode()
    assert table(loader, "again") == table(loader, "orders")
    second = replay(loader, load_id, "--into", "again")
    assert (second.status, b"before" in second.stdout, b"nothing was changed" in second.stdout) == (0, True, True)
    own = replay(loader, load_id)
    assert (own.status, b"already" in own.stdout) == (0, True)
    assert len(table(loader, "again")) == len(table(loader, "orders")) == 3
    loader.rows("DROP TABLE {schema}.orders")
    assert replay(loader, load_id).status == 0
    assert table(loader, "again") == table(loader, "orders")
    assert json.loads(loader.load(arguments=["--last-state"], **kept).stdout) == 1
    described = [key for key in loader.staged_keys() if key.endswith(".json")]
    assert [key.rpartition("/")[2] for key in described] == [f"{load_id}.json"]
    assert not [key for key in loader.staged_keys() if key.endswith(".manifest")]


@pytest.mark.long
def test_a_table_whose_columns_have_changed(loader: Loader) -> None:
    """What is missing is added, what is wider takes the values; a type that may alter one is refused."""
    assert loader.load(*ROWS, keep_staged_files=True).status == 0
    (load_id,) = load_ids(loader)
    loader.rows("CREATE TABLE {schema}.wider (id DECIMAL(38, 0), amount VARCHAR(100))")
    run = replay(loader, load_id, "--into", "wider")
    assert run.status == 0, run.stderr
    assert [(int(row[0]), row[1]) for row in table(loader, "wider")] == [(1, "a|\nb"), (2, ""), (3, None)]
    assert [row[2] and float(row[2]) for row in table(loader, "wider")] == [1.5, None, None]
    loader.rows("CREATE TABLE {schema}.other (id DATE)")
    refused = replay(loader, load_id, "--into", "other")
    assert (refused.status, "LOAD-REPLAY" in refused.stderr) == (1, True)
    assert loader.columns("other") == ["id" if loader.command == "target-redshift-copy" else "ID"]


@pytest.mark.long
def test_files_that_are_gone_or_altered(loader: Loader) -> None:
    """Which are, is told, and nothing is loaded; a load that was not kept has no description."""
    assert loader.load(*ROWS, keep_staged_files=True).status == 0
    assert loader.load(*ROWS).status == 0
    described = [key.rpartition("/")[2].removesuffix(".json") for key in loader.staged_keys() if "_loads/" in key]
    (load_id,) = described
    (other,) = set(load_ids(loader)) - {load_id}
    assert "were not kept" in replay(loader, other, "--into", "again").stderr
    assert "is no id of a load" in replay(loader, "../x", "--into", "again").stderr
    (file,) = [key for key in loader.staged_keys() if key.endswith(".csv.gz")]
    bucket = {"Bucket": loader.s3.bucket, "Key": file}
    loader.s3.client().put_object(**bucket, Body=loader.s3.body(file)[:-8] + b"\0" * 8)
    altered = replay(loader, load_id, "--into", "again")
    assert (altered.status, "1 of 1 files are not as they were staged" in altered.stderr) == (1, True)
    assert "has other rows" in altered.stderr
    loader.s3.client().delete_object(**bucket)
    assert "is gone" in replay(loader, load_id, "--into", "again").stderr
    assert not loader.table_exists("again")


@pytest.mark.long
def test_an_upsert_that_is_older_than_its_table(loader: Loader) -> None:
    """Rows of a later load are not replaced by older ones; in order they may enter another table."""
    changes = {"keep_staged_files": True, "load_method": "upsert"}
    assert loader.load(*ROWS, **changes).status == 0
    assert loader.load(ORDERS, record(id=1, note="newer"), state(2), **changes).status == 0
    by_time = "SELECT load_id FROM {schema}._singer_loads ORDER BY last_sequence"
    older, newer = (row[0] for row in loader.rows(by_time))
    assert replay(loader, older, "--into", "copy", load_method="upsert").status == 0
    assert replay(loader, newer, "--into", "copy", load_method="upsert").status == 0
    assert table(loader, "copy") == table(loader, "orders")
    loader.rows("CREATE TABLE {schema}.late AS SELECT * FROM {schema}.orders")
    assert replay(loader, newer, "--into", "late", load_method="upsert").status == 0
    refused = replay(loader, older, "--into", "late", load_method="upsert")
    assert (refused.status, "has a later load than this one" in refused.stderr) == (1, True)
    assert table(loader, "late") == table(loader, "orders")


@pytest.mark.long
def test_loads_of_every_kind_are_loaded_again(loader: Loader) -> None:
    """Of several streams: a SCHEMA that changed within the load, a full load, a feed with its current state."""
    numbers = {name: {"type": "integer"} for name in ("id", "__lsn", "__ts_ms")}
    narrow, wider, feed, full = (
        {**schema(stream, **properties), "key_properties": ["id"]}
        for stream, properties in (
            ("orders", {"id": {"type": "integer"}, "note": {"type": ["null", "integer"]}}),
            ("orders", {"id": {"type": "integer"}, "note": {"type": ["null", "integer", "string"]}}),
            ("events", {**numbers, "note": TEXT, "__op": TEXT}),
            ("full", COLUMNS),
        )
    )
    events = [
        record("events", id=key, note=f"{at}", __op="d" if at == 3 else "c", __lsn=at, __ts_ms=at)
        for at, key in enumerate((1, 2, 1, 2))
    ]
    history = {"preset": "debezium", "apply": ["history", "current"]}
    own = {"events": {"cdc": history}, "full": {"load_method": "overwrite"}}
    settings: dict[str, Any] = {"keep_staged_files": True, "stream_settings": own, "add_record_metadata": True}
    orders = [narrow, record(id=1, note=7), wider, record(id=2, note="x")]
    end = [full, record("full", id=5, note="f"), state({"currently_syncing": None})]
    run = loader.load(*orders, feed, *events, *end, **settings)
    assert run.status == 0, run.stderr
    (load_id,) = load_ids(loader)
    unnamed = replay(loader, load_id, "--into", "again", **settings)
    assert (unnamed.status, "say which goes where" in unnamed.stderr) == (1, True)
    other = replay(loader, load_id, "--into", "nobody=again", **settings)
    assert (other.status, "has no stream 'nobody'" in other.stderr) == (1, True)
    places = [word for name in ("orders", "events", "full") for word in ("--into", f"{name}={name}_again")]
    again = replay(loader, load_id, *places, **settings)
    assert again.status == 0, again.stderr
    for name, copy in (("orders", "orders_again"), ("full", "full_again"), ("events", "events_again"), LIVE):
        columns = ", ".join(f'"{column}"' for column in loader.columns(name))
        rows = [sorted(map(str, loader.rows(f"SELECT {columns} FROM {{schema}}.{one}"))) for one in (name, copy)]
        assert rows[0] == rows[1], name
        assert rows[0], name
    once_more = replay(loader, load_id, *places, **settings)
    assert b"nothing was changed" in once_more.stdout
    one_left = replay(loader, load_id, *places[:2], "--into", "full=other", **settings)
    assert (one_left.status, b"rows of load" in one_left.stdout, b"before" in one_left.stdout) == (0, True, True)


def test_rejected_records_are_listed_and_loaded_again_once(loader: Loader) -> None:
    """With their reasons; after a repair those that are taken now are loaded, the others wait in another object."""
    messages = [ORDERS, record(id=1, note="a"), record(id="x", note="b"), record(id=3, amount=0.001), state(1)]
    changes = {"on_invalid_record": "reject", "pipeline_id": "p"}
    assert loader.load(*messages, **changes).status == 0
    listed = loader.load(arguments=["--rejected", "--format", "json"], **changes)
    (one,) = json.loads(listed.stdout)["rejected"]
    assert (one["stream"], one["record_count"], one["is_done"]) == ("orders", 2, False)
    assert any("line 3" in reason for reason in one["reasons"])
    text = loader.load(arguments=["--rejected"], **changes).stdout.decode()
    assert "2 records of stream 'orders', waits" in text
    assert "2 records wait" in text
    repaired = {**changes, "rounding": "half_even"}
    run = loader.load(arguments=["--replay-rejected"], **repaired)
    assert run.status == 0, run.stderr
    assert b"1 records of stream 'orders' loaded, 1 rejected again" in run.stdout
    assert [int(row[0]) for row in table(loader, "orders")] == [1, 3]
    found = json.loads(loader.load(arguments=["--rejected", "--format", "json"], **changes).stdout)["rejected"]
    assert sorted((one["record_count"], one["is_done"]) for one in found) == [(1, False), (2, True)]
    named = loader.load(arguments=["--replay-rejected", one["key"]], **repaired)
    assert b"loaded again before" in named.stdout
    assert [int(row[0]) for row in table(loader, "orders")] == [1, 3]
    assert json.loads(loader.load(arguments=["--last-state"], **changes).stdout) == 1
    refused = loader.load(arguments=["--replay-rejected"], **changes, load_method="overwrite")
    assert (refused.status, "is loaded by overwrite" in refused.stderr) == (1, True)
