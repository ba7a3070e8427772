"""Rows enter by their keys: the last record of a key wins, deletes are honoured, versions become obsolete."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

MOMENT = {"type": ["null", "string"], "format": "date-time"}
TEXT = {"type": ["null", "string"]}


def orders(*keys: str, **more: Any) -> dict[str, Any]:
    """A SCHEMA of orders with key properties."""
    message = schema(id={"type": "integer"}, status=TEXT, note=TEXT, **more)
    return {**message, "key_properties": list(keys or ["id"])}


def test_last_record_of_a_key_wins(loader: Loader) -> None:
    """Inside a load and over loads the last record of a key is its row; other rows stay."""
    first = loader.load(orders(), record(id=1, status="new"), record(id=2, status="new"), load_method="upsert")
    assert first.status == 0, first.stderr
    run = loader.load(
        orders(), record(id=1, status="paid"), record(id=3, status="new"), record(id=1, status="sent", note="x"),
        state(2), load_method="upsert",
    )  # fmt: skip
    assert run.status == 0, run.stderr
    assert run.states == [2]
    assert loader.rows("SELECT id, status, note FROM {schema}.orders ORDER BY id") == [
        (1, "sent", "x"),
        (2, "new", None),
        (3, "new", None),
    ]


def test_composite_keys_are_compared_part_by_part(loader: Loader) -> None:
    """("a,b", "c") and ("a", "b,c") are two keys."""
    keys = orders("status", "note")
    run = loader.load(
        keys, record(id=1, status="a,b", note="c"), record(id=2, status="a", note="b,c"),
        record(id=3, status="a", note="b,c"), load_method="upsert",
    )  # fmt: skip
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id FROM {schema}.orders ORDER BY id") == [(1,), (3,)]


def test_null_in_a_key_is_refused(loader: Loader) -> None:
    """NULL equals nothing, so a key with NULL would be inserted again and again: it is refused, nothing is loaded."""
    rows = [record(id=1, note="a"), record(id=2, note=None)]
    run = loader.load(orders("note"), *rows, load_method="upsert")
    assert run.status == 1
    assert "stream 'orders', line 3: column" in run.stderr
    assert "takes no null, got null; send a value, or load the stream by append-only" in run.stderr
    assert not loader.table_exists("orders")
    run = loader.load(orders("note"), *rows, load_method="upsert", on_invalid_record="reject")
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id, note FROM {schema}.orders") == [(1, "a")]


def test_null_in_a_key_of_a_feed_with_truncates_is_refused(loader: Loader) -> None:
    """A truncate has no key; another event without one is counted by the warehouse, and the load is rolled back."""
    feed = {**schema(id={"type": ["null", "integer"]}, op=TEXT), "key_properties": ["id"]}
    settings = {"load_method": "upsert", "hard_delete": True, "cdc": {"operation_column": "op"}}
    run = loader.load(feed, record(op="truncate", id=None), record(op="insert", id=1), **settings)
    assert run.status == 0, run.stderr
    run = loader.load(feed, record(op="insert", id=2), record(op="insert", id=None), **settings)
    assert run.status == 1
    assert "have NULL in a key property; load the stream by append-only" in run.stderr
    assert loader.rows("SELECT id FROM {schema}.orders") == [(1,)]


def test_documents_are_no_keys(loader: Loader) -> None:
    """No warehouse compares documents: a key that is one is refused by name, before a row is read."""
    declared = schema()
    declared["schema"]["properties"]["place"] = {"type": ["object", "array"]}
    declared["key_properties"] = ["id", "place"]
    run = loader.load(declared, record(id=1, place=[1]), load_method="upsert")
    assert run.status == 1
    assert "key property 'place' holds documents, which are not compared" in run.stderr
    run = loader.load(declared, record(id=1, place=[1]))
    assert run.status == 0, run.stderr


def test_stream_without_keys_is_refused(loader: Loader) -> None:
    """An upsert without key properties has nothing to go by: the setting that helps is named."""
    run = loader.load(schema(), record(id=1), load_method="upsert")
    assert run.status == 1
    assert "stream_settings" in run.stderr


@pytest.mark.parametrize("hard_delete", [False, True], ids=["soft", "hard"])
def test_deletes_that_hold_only_the_key(loader: Loader, hard_delete: bool) -> None:
    """A delete removes its row or stamps it; what it does not say stays; a later record revives the key.

    It is the same where the tap sends _sdc_deleted_at without declaring it, as pipelinewise-tap-mysql does.
    """
    told = orders() if hard_delete else orders(_sdc_deleted_at=MOMENT)
    deleted = "2020-06-10T09:05:12Z"
    loader.load(told, *(record(id=n, status="new", note="kept") for n in (1, 2, 3)), load_method="upsert")
    run = loader.load(
        told,
        record(id=1, _sdc_deleted_at=deleted),
        record(id=2, _sdc_deleted_at=deleted),
        record(id=2, status="again"),
        record(id=4, status="short"),
        record(id=4, _sdc_deleted_at=deleted),
        load_method="upsert", hard_delete=hard_delete,
    )  # fmt: skip
    assert run.status == 0, run.stderr
    rows = loader.rows("SELECT id, status, note, _sdc_deleted_at IS NOT NULL FROM {schema}.orders ORDER BY id")
    soft = [(1, "new", "kept", True), (2, "again", None, False), (3, "new", "kept", False), (4, "short", None, True)]
    assert rows == [row for row in soft if not (hard_delete and row[3])]


def test_operation_column_tells_deletes(loader: Loader) -> None:
    """With cdc.operation_column a change feed is applied: the deleted key is gone."""
    feed = orders(op=TEXT)
    run = loader.load(
        feed, record(op="insert", id=1, status="new"), record(op="update", id=1, status="sent"),
        record(op="insert", id=2), record(op="delete", id=1, status="sent"),
        load_method="upsert", hard_delete=True, cdc={"operation_column": "op"},
    )  # fmt: skip
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id FROM {schema}.orders") == [(2,)]


def test_method_of_a_single_stream(loader: Loader) -> None:
    """stream_settings gives one stream another method than the rest."""
    own = {"users": {"load_method": "upsert"}}
    users = {**schema("users"), "key_properties": ["id"]}
    for _ in range(2):
        run = loader.load(schema(), users, record(id=1), record("users", id=1), stream_settings=own)
        assert run.status == 0, run.stderr
    assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(2,)]
    assert loader.rows("SELECT count(*) FROM {schema}.users") == [(1,)]


def test_activate_version_makes_older_rows_obsolete(loader: Loader) -> None:
    """Rows of lower versions are stamped, or removed with hard_delete, in the load that holds what came before."""

    def full(version: int, *numbers: int) -> list[dict[str, Any]]:
        rows = [{**record(id=number), "version": version} for number in numbers]
        return [orders(), *rows, {"type": "ACTIVATE_VERSION", "stream": "orders", "version": version}, state(version)]

    for version, hard in ((1, False), (2, False), (3, True)):
        run = loader.load(*full(version, version, 10 + version), add_record_metadata=True, hard_delete=hard)
        assert run.status == 0, run.stderr
        assert run.states == [version]
        if version == 2:
            rows = loader.rows("SELECT id, _sdc_deleted_at IS NULL FROM {schema}.orders ORDER BY id")
            assert rows == [(1, False), (2, True), (11, False), (12, True)]
    assert loader.rows("SELECT id FROM {schema}.orders ORDER BY id") == [(3,), (13,)]


def test_last_state_is_that_of_the_last_committed_load(loader: Loader) -> None:
    """--last-state prints where the warehouse stands, per pipeline; a long STATE comes back whole."""
    assert loader.load(pipeline_id="p", arguments=["--last-state"]).states == [{}]
    long = {"text": "\N{GREEK SMALL LETTER ALPHA}'\\" * 30_000}
    for value in ("one", long):
        loader.load(orders(), record(id=1), state(value), pipeline_id="p")
    loader.load(orders(), record(id=1), state("other"), pipeline_id="q")
    assert loader.load(pipeline_id="p", arguments=["--last-state"]).states == [long]
    refused = loader.load(arguments=["--last-state"])
    assert refused.status == 1
    assert "pipeline_id" in refused.stderr
