"""Stream maps and flattening, whatever they are given: a SCHEMA and rows, or an error that says what to mend."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from singer_bulk.errors import BulkError, ConfigError, MessageError
from singer_bulk.maps.stream_maps import StreamMapper, settings_of_maps
from singer_bulk.settings.per_stream import StreamSettings
from singer_sdk.mapper import PluginMapper

from tests.fakes import Bench, lines, record, schema, state

FLAT = {"flattening_enabled": True, "flattening_max_depth": 1}
TEXT = {"type": ["null", "string"]}
ROWS = "analytics.orders"


def mapper(**config: Any) -> StreamMapper:
    with settings_of_maps():
        return StreamMapper(PluginMapper(plugin_config=config, logger=logging.getLogger("test")))


def load(config: dict[str, Any], declared: dict[str, Any], *records: dict[str, Any], **settings: Any) -> Bench:
    """Load the records of stream `orders`, mapped."""
    bench = Bench()
    text = lines(schema(**declared), *(record(**values) for values in records), state(1))
    bench.run(text, mapper=mapper(**config), **settings)
    return bench


def test_two_properties_of_one_name_are_named() -> None:
    """Flattening that would put two properties into one column names both, the stream and the setting."""
    nested = {"a": {"type": ["null", "object"], "properties": {"b": TEXT}}, "a__b": TEXT}
    with pytest.raises(ConfigError, match=r"stream 'orders': \$\.a\.b and \$\.a__b both become property 'a__b'; set "):
        load(FLAT, nested)
    load({**FLAT, "flattening_separator": "."}, nested)
    renamed = {"stream_maps": {"orders": {"other": "a__b", "a__b": "__NULL__"}}}
    assert load({**FLAT, **renamed}, nested, {"a": {"b": "x"}, "a__b": "y"}).warehouse.rows(ROWS) == ['"x"|"y"']


def test_two_values_of_one_name_in_a_record_are_named() -> None:
    """A record whose undeclared object gets the name of a declared property overwrites nothing."""
    with pytest.raises(MessageError, match=r"line 3: stream 'orders': \$\.a\.b and \$\.a__b both become"):
        load(FLAT, {"a__b": TEXT}, {"a__b": "x"}, {"a": {"b": "y"}, "a__b": "x"})


def test_null_object_is_no_undeclared_property(caplog: pytest.LogCaptureFixture) -> None:
    """Of an object that is null all properties are null; nothing is lost, so nothing is warned of."""
    nested = {"id": TEXT, "a": {"type": ["null", "object"], "properties": {"b": TEXT}}}
    bench = load(FLAT, nested, {"id": "1", "a": None}, {"id": "2", "a": {"b": "x"}})
    assert bench.warehouse.rows(ROWS) == ['"1"|@null@', '"2"|"x"']
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == []


BARE = {"type": "SCHEMA", "stream": "mongo", "schema": {"type": "object"}, "key_properties": ["_id"]}
KEEPS, WARNS = StreamSettings(extra_properties="column"), StreamSettings(extra_properties="warn")


def load_bare(own: dict[str, Any], of_map: Any, **settings: Any) -> Bench:
    """Load a stream whose SCHEMA has no properties, with a map and settings of streams."""
    bench = Bench()
    text = lines(BARE, record("mongo", _id="5f", v=1), state(1))
    bench.run(text, mapper=mapper(stream_maps={"mongo": of_map}), stream_settings=own, **settings)
    return bench


@pytest.mark.parametrize(
    ("own", "settings"), [({"docs": KEEPS}, {}), ({"mongo": WARNS}, {"extra_properties": "column"})]
)
def test_records_that_are_not_declared_are_kept_by_the_name_of_the_map(own: Any, settings: Any) -> None:
    """Whether a SCHEMA without properties is taken is asked by the name under which its rows are loaded."""
    bench = load_bare(own, {"__alias__": "docs"}, **settings)
    assert bench.warehouse.rows("analytics.docs") == ['"5f"|"{""v"":1}"']


@pytest.mark.parametrize(
    ("own", "settings"), [({"mongo": KEEPS}, {}), ({"docs": WARNS}, {"extra_properties": "column"})]
)
def test_records_that_no_column_keeps_are_refused_by_the_name_of_the_map(own: Any, settings: Any) -> None:
    """What is set for the tap's name does not hold for the stream that a map makes: nothing is left out for it."""
    with pytest.raises(ConfigError, match="stream 'docs': the SCHEMA names no properties"):
        load_bare(own, {"__alias__": "docs"}, **settings)


def test_a_stream_that_a_map_drops_needs_no_properties() -> None:
    """It is refused for nothing that is not loaded."""
    assert load_bare({}, None).emitted == ["1"]


@pytest.mark.parametrize(
    ("declared", "value", "field"),
    [
        ({}, {"x": 1}, '"{""x"":1}"'),
        ({}, [1, {}], '"[1,{}]"'),
        ({}, 5, '"5"'),
        ({"type": "object"}, {"x": 1}, '"{""x"":1}"'),
        ({"type": ["null", "object"], "properties": {}}, {"x": 1}, '"{""x"":1}"'),
        ({"type": ["string", "object"], "properties": {"x": TEXT}}, "text", '"text"'),
        ({"type": ["string", "object"], "properties": {"x": TEXT}}, {"x": "1"}, '"{""x"":""1""}"'),
        ({"type": ["null", "array"], "items": {}}, None, "@null@"),
        ({"anyOf": [{"type": "integer"}, {"type": "array"}]}, [1], '"[1]"'),
        ({"$ref": "#/nowhere"}, {"x": 1}, '"{""x"":1}"'),
        ({"type": "any"}, {"x": 1}, '"{""x"":1}"'),
        ({"type": "object", "patternProperties": {"^x": TEXT}}, {"x": "1"}, '"{""x"":""1""}"'),
        (None, {"x": 1}, '"{""x"":1}"'),
        (True, 5, '"5"'),
    ],
)
def test_what_flattening_keeps_whole(declared: Any, value: Any, field: str) -> None:
    """What declares no properties of its own stays one property, as JSON text where it is no scalar."""
    assert load(FLAT, {"v": declared}, {"v": value}).warehouse.rows(ROWS) == [field]


def test_what_was_demanded_of_the_whole_record_is_not_demanded_of_the_flat_one() -> None:
    """anyOf with a property that becomes others refuses no record."""
    nested = {"a": {"type": "object", "properties": {"b": TEXT}}}
    whole = {**schema(**nested), "schema": {"properties": nested, "required": ["a"], "anyOf": [{"required": ["a"]}]}}
    bench = Bench()
    bench.run(lines(whole, record(a={"b": "x"}), state(1)), mapper=mapper(**FLAT))
    assert bench.warehouse.rows(ROWS) == ['"x"']


@pytest.mark.parametrize(
    "config",
    [
        {"stream_maps": {"__else__": "x"}},
        {"stream_maps": {"__other__": None}},
        {"stream_maps": []},
        {"flattening_enabled": True},
        {"flattening_enabled": True, "flattening_max_depth": "x"},
    ],
)
def test_settings_that_are_no_maps(config: dict[str, Any]) -> None:
    """They are refused as settings."""
    with pytest.raises(ConfigError) as refused:
        load(config, {"v": TEXT}, {"v": "x"})
    assert refused.value.code in ("CFG-MAPS", "STREAM-MAP")


# Of stream `orders`, with property `v`.
HOSTILE_MAPS: list[Any] = [
    {"v": "("}, {"v": ""}, {"v": 5}, {"v": []}, {"v": {}}, {"v": True}, {"v": "1/0"}, {"v": "v['x']"}, {"v": "x"},
    {"v": "record['nothing']"}, {"v": "None.x"}, {"v": "md5(5)"}, {"v": "lambda: 1"}, {"v": "9**9**9**9"},
    {"v": "'a' * 10**9"}, {"v": "__import__('os')"}, {"v": "record.__class__"}, {"w": "_sdc"}, {"v": "int(v)"},
    {"__filter__": "("}, {"__filter__": 5}, {"__filter__": "1/0"}, {"__filter__": ""}, {"__filter__": None},
    {"__alias__": ""}, {"__alias__": 5}, {"__alias__": "("}, {"__alias__": "1+1"}, {"__source__": 5},
    {"__key_properties__": "id"}, {"__key_properties__": ["nothing"]}, {"__key_properties__": 5},
    {"__else__": "x"}, {"__else__": 5}, {"__else__": []}, "x", 5, [], True,
]  # fmt: skip


def test_record_of_which_a_map_leaves_nothing_is_a_row() -> None:
    """Only a filter drops records; one without any property left is a row of nulls."""
    bench = load({"stream_maps": {"orders": {"id": "__NULL__"}}}, {"id": TEXT, "v": TEXT}, {"id": "1"}, {"v": "x"})
    assert bench.warehouse.rows(ROWS) == ["@null@", '"x"']
    kept = {"stream_maps": {"orders": {"__filter__": "v == 'x'"}}}
    assert load(kept, {"v": TEXT}, {"v": None}, {"v": "y"}, {"v": "x"}).warehouse.rows(ROWS) == ['"x"']


def test_record_too_deep_for_a_map_is_refused_by_its_line() -> None:
    """Python's own decoder gives up earlier than the loader's."""
    deep = '{"type": "RECORD", "stream": "orders", "record": {"v": ' + "[" * 100_000 + "]" * 100_000 + "}}\n"
    with pytest.raises(MessageError, match=r"line 2: .*nested"):
        Bench().run(lines(schema(v={})) + deep, mapper=mapper(**FLAT))


@pytest.mark.parametrize("flat", [{}, FLAT], ids=["", "flat"])
@pytest.mark.parametrize("stream_map", HOSTILE_MAPS, ids=str)
def test_no_map_ends_in_an_error_of_another(stream_map: Any, flat: dict[str, Any]) -> None:
    """Whatever a map is, it loads, or is refused as a map: never as something that nobody has foreseen."""
    code = text = ""
    try:
        load({"stream_maps": {"orders": stream_map}, **flat}, {"id": TEXT, "v": TEXT}, {"id": "1", "v": "x"})
    except BulkError as refused:
        code, text = refused.code, str(refused)
    assert code in ("", "STREAM-MAP", "CFG-MAPS", "REC-MAP", "STREAM-NO-PROPERTIES", "REC-VALUE"), text
    assert len(text) < 700


def test_stream_that_a_map_drops_makes_no_table() -> None:
    """A stream whose map is null leaves nothing behind."""
    bench = load({"stream_maps": {"orders": None}}, {"v": TEXT}, {"v": "x"})
    assert ROWS not in bench.warehouse.columns
    assert bench.emitted == ["1"]
