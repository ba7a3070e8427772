"""What `stream_settings` says holds for its stream alone; a name in it that no stream has is told at the end."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from singer_bulk.errors import BulkError
from singer_bulk.maps.stream_maps import StreamMapper
from singer_bulk.model.declared import read, settings_schema
from singer_bulk.model.kinds import Kind
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import StreamSettings
from singer_bulk.settings.unused import unused_names
from singer_sdk.mapper import PluginMapper
from target_redshift_copy.config import RedshiftLoads, RedshiftPerStream

from tests.fakes import Bench, lines, record, schema, state

NUMBER, DATE = {"type": ["null", "number"]}, {"type": ["null", "string"], "format": "date"}
MOMENT, TEXT = {"type": ["null", "string"], "format": "date-time"}, {"type": ["null", "string"]}
# Setting and value, the property, a value that the default refuses, and the field that it becomes.
LENIENT = [
    ({"rounding": "half_even", "number_type": "decimal", "number_scale": 1}, NUMBER, 0.25, "0.2"),
    ({"invalid_datetime": "null"}, DATE, "0000-00-00", "@null@"),
    ({"invalid_datetime": "text"}, DATE, "0000-00-00", '"0000-00-00"'),
    ({"excess_datetime_digits": "cut"}, MOMENT, "2020-01-01T00:00:00.1234567", "2020-01-01 00:00:00.123456"),
    ({"nul_characters": "remove"}, TEXT, "a\0b", '"ab"'),
    ({"validate_records": False}, {"type": "integer", "maximum": 3}, 4, "4"),
]


def as_loaded(stream: str, prop: dict[str, Any], value: Any, **settings: Any) -> list[str]:
    """Return the rows of a stream with one record."""
    bench = Bench()
    bench.run(lines(schema(stream, v=prop), record(stream, v=value), state(1)), **settings)
    return bench.warehouse.rows(f"analytics.{stream}")


@pytest.mark.parametrize(("own", "prop", "value", "field"), LENIENT)
def test_a_setting_of_values_holds_for_its_stream_alone(own: Any, prop: Any, value: Any, field: str) -> None:
    """The stream that a setting is made for takes the value; another stream of the same run refuses it."""
    settings = {"stream_settings": {"mild": read(StreamSettings, own)}, "number_type": "decimal", "number_scale": 1}
    assert as_loaded("mild", prop, value, **settings) == [field]
    with pytest.raises(BulkError):
        as_loaded("strict", prop, value, **settings)


def test_a_stream_may_be_stricter_than_the_others() -> None:
    """What is lenient for all may be refused for one."""
    settings = {"nul_characters": "remove", "stream_settings": {"strict": StreamSettings(nul_characters="error")}}
    assert as_loaded("mild", TEXT, "a\0b", **settings) == ['"ab"']
    with pytest.raises(BulkError, match="NUL"):
        as_loaded("strict", TEXT, "a\0b", **settings)


def test_records_of_one_stream_are_set_aside() -> None:
    """on_invalid_record: reject for a stream keeps its bad record apart; that of another stream ends the run."""
    bench = Bench()
    settings: dict[str, Any] = {"stream_settings": {"mild": StreamSettings(on_invalid_record="reject")}}
    mild = (schema("mild", v={"type": "integer"}), record("mild", v="x"), record("mild", v=1))
    bench.run(lines(*mild, state(1)), **settings)
    assert bench.warehouse.rows("analytics.mild") == ["1"]
    assert [key for key in bench.stage.files if "_rejected" in key]
    with pytest.raises(BulkError, match="stream 'strict'"):
        bench.run(lines(*mild, schema("strict", v={"type": "integer"}), record("strict", v="x")), **settings)


def test_a_table_of_one_stream_is_frozen() -> None:
    """schema_evolution: freeze for a stream keeps its table as it is; the table of another one gets its column."""
    frozen = {"orders": StreamSettings(schema_evolution="freeze")}
    wider = lines(schema(id={"type": "integer"}, more=TEXT), record(id=1), state(2))
    for own in ({}, {"other": frozen["orders"]}, frozen):
        bench = Bench()
        bench.run(lines(schema(), record(id=1), state(1)))
        if own is frozen:
            with pytest.raises(BulkError, match="schema_evolution"):
                bench.run(wider, stream_settings=own)
        else:
            bench.run(wider, stream_settings=own)
        assert len(bench.warehouse.columns["analytics.orders"]) == (1 if own is frozen else 2)


def test_a_table_that_is_only_being_made_is_not_frozen() -> None:
    """A SCHEMA that changes before the first load alters no table: it is made with the columns of both."""
    first = schema(id={"type": "integer"}, v={"type": "boolean"})
    then = schema(id={"type": "integer"}, v={"type": "integer"}, more=TEXT)
    both = [first, record(id=1, v=True), then, record(id=2, v=7, more="x")]
    bench = Bench()
    bench.run(lines(*both, state(1)), schema_evolution="freeze")
    assert [column.name for column in bench.warehouse.columns["analytics.orders"]] == ["id", "v", "v__i", "more"]
    assert bench.warehouse.rows("analytics.orders") == ["1|true", '2|7|"x"']
    with pytest.raises(BulkError, match="schema_evolution"):  # the first load makes the table
        Bench().run(lines(*both[:2], state(1), *both[2:], state(2)), schema_evolution="freeze", batch_size_rows=1)


def test_a_full_load_of_one_stream_may_be_empty() -> None:
    """overwrite_allow_empty for a stream lets its table be emptied."""
    bench = Bench()
    bench.run(lines(schema(), record(id=1), state(1)), load_method="overwrite")
    with pytest.raises(BulkError, match="overwrite_allow_empty"):
        bench.run(lines(schema(), state(2)), load_method="overwrite")
    own = StreamSettings(overwrite_allow_empty=True, overwrite_max_shrink=1)
    bench.run(lines(schema(), state(2)), load_method="overwrite", stream_settings={"orders": own})
    assert bench.warehouse.rows("analytics.orders") == []


def test_what_may_differ_for_a_stream_is_declared_as_for_all() -> None:
    """Each setting of `stream_settings` is one of all streams, with the same choices and the same description."""
    for declarations in ((StreamSettings, LoadSettings), (RedshiftPerStream, RedshiftLoads)):
        own, for_all = (settings_schema(one)["properties"] for one in declarations)
        for name, declared in own.items():
            assert {**for_all[name], "default": None} == {**declared, "default": None}


def test_size_of_text_on_redshift_holds_for_its_stream_alone() -> None:
    """varchar_default_bytes may be set for a stream, beside what all targets have for one."""
    own = {"short": {"varchar_default_bytes": 7, "load_method": "upsert"}, "other": {}}
    loads = read(RedshiftLoads, {"varchar_default_bytes": 100, "stream_settings": own})
    found = {stream: loads.of(stream) for stream in ("short", "other", "third")}
    assert {stream: one.types.text_bytes for stream, one in found.items()} == {"short": 7, "other": 100, "third": 100}
    assert [one.load_method for one in found.values()] == ["upsert", "append-only", "append-only"]
    assert LoadSettings().types.text_bytes is None


@pytest.mark.parametrize(
    ("named", "schemas", "told"),
    [
        ({"stream_settings": ["orders"]}, [], []),
        ({"stream_settings": ["ordres"]}, [], ["setting 'stream_settings' names 'ordres', and no stream of that name "
                                               "came in this run; is 'orders' meant?"]),
        ({"stream_maps": ["__else__", "public-*", "public-users"]}, [], []),
        ({"stream_maps": ["x"]}, [], ["setting 'stream_maps' names 'x', and no stream of that name came in this run"]),
        ({}, ["public", "db-sales"], []),
        ({}, ["pubic"], ["setting 'schema_mapping' names 'pubic', and no stream of that name came in this run; is "
                         "'public' meant?"]),
    ],
)  # fmt: skip
def test_names_that_no_stream_has(named: Any, schemas: Any, told: list[str]) -> None:
    """A name in a setting that no stream of the run has is told, with the nearest one."""
    assert unused_names(named, schemas, {"orders", "public-users", "db-sales-rows"}) == told


def test_they_are_told_at_the_end_of_a_run(caplog: pytest.LogCaptureFixture) -> None:
    """The run is right all the same, and a WARNING names what was not used; a stream without a record has come."""
    settings = {"stream_settings": {name: StreamSettings() for name in ("orders", "empty", "oders")}}
    with caplog.at_level(logging.WARNING):
        Bench().run(lines(schema(), schema("empty"), record(id=1), state(1)), **settings)
    told = [message for message in caplog.messages if "stream_settings" in message]
    assert told == [
        "setting 'stream_settings' names 'oders', and no stream of that name came in this run; is 'orders' meant?"
    ]


@pytest.mark.parametrize("named", ["orders", "sales"])
def test_settings_of_a_stream_that_a_map_renames(named: str, caplog: pytest.LogCaptureFixture) -> None:
    """They hold under the name that the map gives it, also for `_sdc_deleted_at`; the tap's name is told."""
    maps = {"stream_maps": {"orders": {"__alias__": "sales"}}, "flattening_enabled": False}
    mapper = StreamMapper(PluginMapper(plugin_config=maps, logger=logging.getLogger()))
    bench = Bench()
    text = lines(schema(_sdc_deleted_at={"type": ["null", "string"]}), record(_sdc_deleted_at="2024-01-01"), state(1))
    bench.run(text, mapper=mapper, stream_settings={named: StreamSettings(sdc_deleted_at="value")})
    (column,) = bench.warehouse.columns["analytics.sales"]
    told = "names 'orders', of which stream maps make 'sales'; what it says holds for streams under" in caplog.text
    assert (column.name, column.type.kind, told) == (
        ("__sdc_deleted_at", Kind.TEXT, False) if named == "sales" else ("_sdc_deleted_at", Kind.TIMESTAMP, True)
    )
