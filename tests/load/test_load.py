"""Whole targets against the stand-ins: records arrive, STATE comes out, nothing else does."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

pytestmark = pytest.mark.both

ORDERS = schema(
    id={"type": "integer"},
    note={"type": ["null", "string"]},
    amount={"type": ["null", "number"], "multipleOf": 0.01},
    doc={"type": ["null", "object"]},
)
THREE = (
    ORDERS,
    record(id=1, note='a|"b"\n\\N', amount=12.5, doc={"a": [1, "x"]}),
    record(id=2, note="", amount=None, doc=None),
    record(id=3, note=None),
    state({"bookmarks": {"orders": 3}}),
)


def test_three_records_and_a_state(loader: Loader) -> None:
    """Three records become three rows, and exactly the STATE's value stands on stdout, nothing else."""
    run = loader.load(*THREE)
    assert run.status == 0, run.stderr
    assert run.states == [{"bookmarks": {"orders": 3}}]
    assert loader.rows("SELECT id, note, CAST(amount AS VARCHAR) FROM {schema}.orders ORDER BY id") == [
        (1, 'a|"b"\n\\N', "12.50"),
        (2, "", None),
        (3, None, None),
    ]
    documents = [value for (value,) in loader.rows("SELECT doc FROM {schema}.orders ORDER BY id")]
    assert [None if text is None else json.loads(text) for text in documents] == [{"a": [1, "x"]}, None, None]


def test_append_keeps_history_and_overwrite_replaces_it(loader: Loader) -> None:
    """append-only adds rows in each run; overwrite leaves the rows of the last whole run only."""
    loader.load(*THREE)
    assert loader.load(*THREE).status == 0
    assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(6,)]
    run = loader.load(ORDERS, record(id=9), state("full"), load_method="overwrite")
    assert run.status == 1
    assert "has 1 rows" in run.stderr
    assert "overwrite_max_shrink" in run.stderr  # a tap that died looks like this
    done = {"currently_syncing": None, "bookmarks": {}}
    run = loader.load(ORDERS, record(id=9), state(done), load_method="overwrite")
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id FROM {schema}.orders") == [(9,)]
    assert run.states == [done]


def test_staged_files_are_pipe_delimited_and_removed_after_the_commit(loader: Loader) -> None:
    """The files lie under <prefix>/<stream>/; after COMMIT they are gone unless they are to be kept."""
    assert loader.load(*THREE).status == 0
    assert loader.staged_keys() == []
    assert loader.load(*THREE, keep_staged_files=True).status == 0
    (key,) = [key for key in loader.staged_keys() if key.endswith(".gz")]
    assert key.startswith(f"{loader.config['s3_key_prefix']}/orders/")
    lines = gzip.decompress(loader.s3.body(key)).decode().splitlines()
    assert lines[0] == '1|"a|""b""'
    assert lines[2].startswith('2|""|')


def test_ledger_keeps_what_each_load_did(loader: Loader) -> None:
    """One row for each load and stream, with counts, sequence numbers and the STATE that it closed."""
    loader.load(*THREE)
    loader.load(*THREE)
    rows = loader.rows(
        "SELECT stream, rows_read, rows_staged, rows_loaded, last_sequence - first_sequence, state "
        "FROM {schema}._singer_loads ORDER BY first_sequence"
    )
    assert rows == [("orders", 3, 3, 3, 2, '{"bookmarks": {"orders": 3}}')] * 2


def test_metadata_columns_and_sequence(loader: Loader) -> None:
    """With add_record_metadata the _sdc_ columns come, _sdc_sequence strictly increasing over runs."""
    for _ in range(2):
        run = loader.load(*THREE, add_record_metadata=True)
        assert run.status == 0, run.stderr
    rows = loader.rows(
        "SELECT _sdc_sequence, id, _sdc_received_at, _sdc_deleted_at FROM {schema}.orders ORDER BY _sdc_sequence"
    )
    assert [row[1] for row in rows] == [1, 2, 3, 1, 2, 3]
    assert len({row[0] for row in rows}) == 6
    assert all(row[2] is not None and row[3] is None for row in rows)


def test_new_property_adds_a_column(loader: Loader) -> None:
    """A property that comes in a later run becomes a column; rows before it are NULL there."""
    loader.load(schema(), record(id=1))
    run = loader.load(schema(id={"type": "integer"}, extra={"type": ["null", "string"]}), record(id=2, extra="x"))
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id, extra FROM {schema}.orders ORDER BY id") == [(1, None), (2, "x")]


def test_stream_maps_and_flattening_take_the_same_path(loader: Loader) -> None:
    """Stream maps filter and rename, flattening makes columns of objects; digits survive it."""
    nested = schema(id={"type": "integer"}, money={"type": "object", "properties": {"sum": {"type": "number"}}})
    text = '{"type": "RECORD", "stream": "orders", "record": {"id": 1, "money": {"sum": 12345678.12345678901}}}'
    run = loader.load(
        nested, text, record(id=2, money={"sum": 1}), state(1),
        stream_maps={"orders": {"__filter__": "id == 1", "__alias__": "bills"}},
        flattening_enabled=True, flattening_max_depth=1, number_type="decimal", number_scale=11,
    )  # fmt: skip
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id, CAST(money__sum AS VARCHAR) FROM {schema}.bills") == [(1, "12345678.12345678901")]


def test_flattening_keeps_every_alternative(loader: Loader) -> None:
    """A property of several alternatives, or of none, takes all that these allow; documents are text."""
    properties = {
        "id": {"type": "integer"},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "free": {},
        "document": {"oneOf": [{"type": "array"}, {"type": "null"}]},
        "inner": {"type": "object", "properties": {"v": {"anyOf": [{"type": "object"}, {"type": "number"}]}}},
    }
    run = loader.load(
        {"type": "SCHEMA", "stream": "orders", "schema": {"properties": properties}, "key_properties": []},
        record(id=1, either=74, free=5, document=[1, "a"], inner={"v": 1.5}),
        record(id=2, either="text", free="x", document=None, inner={"v": {"a": [1]}}),
        record(id=3, either=None, free={"a": 1}),
        state(1),
        flattening_enabled=True,
        flattening_max_depth=2,
    )
    assert run.status == 0, run.stderr
    rows = loader.rows("SELECT either, free, document, inner__v FROM {schema}.orders ORDER BY id")
    assert rows == [
        ("74", "5", '[1,"a"]', "1.5"),
        ("text", "x", None, '{"a":[1]}'),
        (None, '{"a":1}', None, None),
    ]


def test_expression_of_a_map_that_fails_names_the_line(loader: Loader) -> None:
    """What the user's expression cannot do with a record ends the run with its line, not with a traceback."""
    run = loader.load(schema(), record(id=1), stream_maps={"orders": {"id": "nothing + 1"}})
    assert run.status == 1
    assert "line 2" in run.stderr
    assert "nothing" in run.stderr
    assert "mend the expression in stream_maps" in run.stderr
    assert "Traceback" not in run.stderr


def test_date_times_take_the_type_that_their_values_show(loader: Loader) -> None:
    """Without an offset a date-time is a wall clock; the first offset makes it an instant, earlier rows are UTC."""
    moment = {"type": ["null", "string"], "format": "date-time"}
    run = loader.load(
        schema(id={"type": "integer"}, plain=moment, mixed=moment),
        record(id=1, plain="2020-06-01 12:00:00", mixed="2020-06-01T12:00:00"),
        record(id=2, plain="2020-06-09T12:00:25.5", mixed="2020-06-01T14:00:00+02:00"),
        state(1),
    )
    assert run.status == 0, run.stderr
    (first, second) = loader.rows("SELECT plain, mixed FROM {schema}.orders ORDER BY id")
    assert first[0].isoformat() == "2020-06-01T12:00:00"
    assert second[0].isoformat() == "2020-06-09T12:00:25.500000"
    assert first[1] == second[1]
    assert first[1].utcoffset() is not None
