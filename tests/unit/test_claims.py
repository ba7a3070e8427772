"""Which stream may load a table, and by which keys: what earlier loads and other streams have to do with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.load import Table
from singer_bulk.settings.per_stream import StreamSettings
from singer_bulk.warehouse.known_tables import KnownTable, known_tables
from singer_bulk.warehouse.session import Warehouse

from tests.fakes import Bench, MemoryDialect, lines, record, schema, state

ORDERS, LEDGER = "analytics.orders", "analytics._singer_loads"
COLUMNS: dict[str, Any] = {"id": {"type": "integer"}, "name": {"type": "string"}}


def keyed(*keys: str, stream: str = "orders", **columns: Any) -> dict[str, Any]:
    return {**schema(stream, **(columns or COLUMNS)), "key_properties": list(keys)}


def loaded(bench: Bench, *keys: str) -> None:
    """Let an upsert have loaded one row; the fake merges nothing, so the row is put there."""
    bench.run(lines(keyed(*keys), state(1)), load_method="upsert")
    bench.warehouse.committed[ORDERS] = ['1|"a"']


def test_other_keys_than_those_of_the_last_load_are_refused() -> None:
    """Rows would be there twice: the two sets of keys are named; nothing is changed."""
    bench = Bench()
    loaded(bench, "id")
    before = dict(bench.warehouse.committed)
    for keys in (["name"], ["id", "name"]):
        with pytest.raises(ConfigError, match=r"entered by the keys id, so the same row .*__key_properties__"):
            bench.run(lines(keyed(*keys), record(id=1, name="a"), state(2)), load_method="upsert")
    assert bench.warehouse.committed == before


def test_key_that_the_table_does_not_have_is_refused() -> None:
    """A program that kept no keys has loaded the table: rows without a column of the key match no row of the load."""
    bench = Bench()
    bench.run(lines(schema(), record(id=1), state(1)))
    with pytest.raises(ConfigError, match=r"rows of table analytics\.orders have no name"):
        bench.run(lines(keyed("id", "name"), record(id=1, name="a"), state(2)), load_method="upsert")


@pytest.mark.parametrize("remedy", ["the keys of before", "an empty table", "append-only"])
def test_remedies_of_other_keys(remedy: str) -> None:
    """What the message names makes the next run work; without keys nothing is compared."""
    bench = Bench()
    loaded(bench, "id", "name")
    if remedy == "an empty table":
        bench.warehouse.committed[ORDERS] = []
    keys = ["name", "id"] if remedy == "the keys of before" else ["name"]
    bench.run(lines(keyed(*keys), state(2)), load_method="append-only" if remedy == "append-only" else "upsert")
    assert bench.emitted == ["1", "2"]


def test_key_that_is_there_twice_is_refused() -> None:
    """An append-only table that holds a key twice takes no upsert: MERGE would change both rows. It is looked for only
    where the last load is not known to have entered by these keys."""
    bench = Bench()
    bench.run(lines(keyed("id"), record(id=1, name="a"), record(id=1, name="b"), state(1)))
    text = lines(keyed("id"), state(2))
    with pytest.raises(ConfigError, match=r"analytics.orders has 2 rows of one key \(id '1'\)"):
        bench.run(text, load_method="upsert")
    bench.warehouse.committed[ORDERS] = ['1|"a"']
    bench.run(text, load_method="upsert")
    assert sum("HAVING" in sql for sql in bench.warehouse.statements) == 2
    other = Bench()
    loaded(other, "id")
    other.run(text, load_method="upsert")
    assert not any("HAVING" in sql for sql in other.warehouse.statements)


def test_ledger_of_an_older_program_knows_no_keys() -> None:
    """Programs of both versions write one ledger: a row without keys, and a ledger without their column."""
    bench = Bench()
    loaded(bench, "id")
    seen = Warehouse(bench.connect, MemoryDialect(), Table("analytics", "_singer_loads"))
    assert known_tables(seen) == {ORDERS: KnownTable(frozenset(["orders"]), ("id",), is_last=True)}
    part_of_a_state = json.loads(bench.warehouse.rows(LEDGER)[0])
    part_of_a_state[16] = None
    bench.warehouse.committed[LEDGER].append(json.dumps(part_of_a_state))
    assert known_tables(seen)[ORDERS].is_last
    older = json.loads(bench.warehouse.rows(LEDGER)[0])
    older[16], older[10] = None, older[10] + 1
    bench.warehouse.committed[LEDGER].append(json.dumps(older))
    assert known_tables(seen) == {ORDERS: KnownTable(frozenset(["orders"]), ("id",), is_last=False)}


def test_not_null_of_a_key_stays() -> None:
    """No record lacks a key property, so a key that takes no null needs no NULL in its column, required or not."""
    bench = Bench()
    bench.run(lines(keyed("id"), record(id=1, name="a"), state(1)))
    columns = bench.warehouse.columns[ORDERS]
    bench.warehouse.columns[ORDERS] = [replace(columns[0], nullable=False), *columns[1:]]
    bench.run(lines(keyed("id"), record(id=2, name="a"), state(2)))
    assert not [sql for sql in bench.warehouse.statements if sql.startswith("ALTER")]


LIVE = {"cdc": CdcSettings(operation_column="op", apply=("history", "current")), "add_record_metadata": True}
EVENTS = {**COLUMNS, "op": {"type": "string"}}


@pytest.mark.parametrize(
    ("first", "second", "settings"),
    [
        ("orders", "orders_live", LIVE),
        ("orders_live", "orders", LIVE),
        ("orders", "orders__current", {"current_view": True, "add_record_metadata": True}),
        ("shop-orders__history", "shop-orders", {"current_view": True, "add_record_metadata": True}),
    ],
)
def test_table_beside_another_streams_is_refused_within_a_run(first: str, second: str, settings: Any) -> None:
    """Whichever comes first: the tables and views that the loader keeps for a stream take no other stream."""
    text = lines(keyed("id", stream=first, **EVENTS), keyed("id", stream=second, **EVENTS), state(1))
    with pytest.raises(ConfigError, match=r"both need table|is loaded by stream"):
        Bench().run(text, **settings)


@pytest.mark.parametrize("stream", ["orders_live", "orders__deleted", "orders__current", "orders__history"])
def test_table_beside_another_streams_is_refused_over_runs(stream: str) -> None:
    """The ledger has the stream that the table was made for; a table that a stream has loaded stays that stream's."""
    bench = Bench()
    bench.run(lines(schema(), record(id=1), state(1)))
    bench.warehouse.columns[f"analytics.{stream}"] = bench.warehouse.columns[ORDERS]
    with pytest.raises(ConfigError, match=f"analytics.{stream} is what the loader keeps for stream 'orders'"):
        bench.run(lines(schema(stream), record(stream, id=1), state(2)))
    bench = Bench()
    bench.run(lines(schema(stream), record(stream, id=1), state(1)))
    bench.run(lines(schema(), record(id=1), schema(stream), record(stream, id=2), state(2)))
    assert bench.emitted == ["1", "2"]
    if stream == "orders_live":
        with pytest.raises(ConfigError, match=r"analytics\.orders_live is loaded by stream 'orders_live'"):
            bench.run(lines(keyed("id", **EVENTS), state(3)), **LIVE)


def test_stream_named_like_a_table_of_another_may_change_its_schema() -> None:
    """What this run has loaded is its own stream's, also before the ledger is asked once more."""
    upsert = {"stream_settings": {"orders": StreamSettings(load_method="upsert")}, "batch_size_rows": 1}
    other, wider = schema("orders_live"), schema("orders_live", **COLUMNS)
    bench = Bench()
    bench.run(lines(keyed("id"), other, record("orders_live", id=1), state(1), wider, state(2)), **upsert)
    assert bench.emitted == ["1", "2"]
