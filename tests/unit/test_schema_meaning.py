"""SCHEMAs in the forms that taps give them: which properties they declare, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.schema.meaning import meaning_of

from tests.fakes import Bench, record, schema, state
from tests.fakes import lines as text_of

TEXT, INTEGER = {"type": ["null", "string"]}, {"type": "integer"}
ID, V = {"id": INTEGER}, {"v": TEXT}

# (SCHEMA, the properties that it declares)
DECLARED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"properties": ID, "allOf": [{"properties": V}]}, ID | V),
    ({"allOf": [{"properties": ID}, {"allOf": [{"properties": V}]}]}, ID | V),
    ({"$ref": "#/definitions/row", "definitions": {"row": {"properties": ID | V}}}, ID | V),
    ({"properties": ID, "allOf": [{"$ref": "#/$defs/row"}], "$defs": {"row": {"properties": V}}}, ID | V),
    ({"$ref": "#/components/schemas/Row", "components": {"schemas": {"Row": {"properties": V}}}}, V),
    ({"properties": ID, "anyOf": [{"properties": V}, {"type": "null"}]}, ID | V),
    ({"oneOf": [{"properties": ID}, {"properties": V}]}, ID | V),
    ({"oneOf": [{"properties": {"v": INTEGER}}, {"properties": V}]}, {"v": {"anyOf": [INTEGER, TEXT]}}),
    ({"properties": V, "oneOf": [{"properties": {"v": INTEGER}}]}, V),  # its own word goes before
    ({"properties": V, "allOf": [{"properties": {"v": {"maxLength": 3}}}]}, {"v": {"allOf": [TEXT, {"maxLength": 3}]}}),
    ({"properties": {"v": {}}, "allOf": [{"properties": V}]}, V),
    ({"properties": ID, "if": {"required": ["id"]}, "then": {"properties": V}}, ID | V),
    ({"properties": ID, "dependentSchemas": {"id": {"properties": V}}}, ID | V),
    ({"properties": ID, "dependencies": {"id": ["v"]}}, ID),
    ({"properties": {"v": {"$ref": "#/definitions/text"}}, "definitions": {"text": TEXT}}, V),
    ({"properties": {"v": {"$ref": "#/definitions/a%20b"}}, "definitions": {"a b": TEXT}}, V),
    ({"properties": {"v": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"$ref": "#/definitions/a"}}}, {"v": {}}),
    ({"$ref": "#", "properties": V}, V),
    ({"anyOf": [{"$ref": "#"}, {"properties": V}]}, V),
    ({"allOf": [{"$ref": "#"}], "properties": V}, V),
    ({"type": "object"}, {}),
    ({"properties": None}, {}),
    ({"patternProperties": {"^x": TEXT}}, {}),
    ({}, {}),
]


@pytest.mark.parametrize(("sent", "declared"), DECLARED)
def test_no_declared_property_is_lost(sent: dict[str, Any], declared: dict[str, Any]) -> None:
    """A property is declared wherever JSON Schema lets a tap declare it."""
    assert meaning_of("s", sent)[0]["properties"] == declared


def test_parts_that_contradict_each_other_both_count() -> None:
    """What two parts of allOf demand of the record is demanded; what they require is required."""
    parts = [{"minProperties": 2, "required": ["id"]}, {"minProperties": 1, "required": ["v", "id"]}]
    meant = meaning_of("s", {"properties": ID | V, "allOf": parts})[0]
    assert meant["required"] == ["id", "v"]
    assert (meant["minProperties"], meant["allOf"]) == (2, [{"minProperties": 1}])


@pytest.mark.parametrize("sent", [None, [], "x", 5, True])
def test_schema_that_is_no_object_is_refused(sent: Any) -> None:
    """Nothing can be made of it; the stream is named."""
    with pytest.raises(ConfigError, match="stream 's': the SCHEMA is no JSON object"):
        meaning_of("s", sent)


def test_schema_that_is_nested_without_end_is_refused() -> None:
    """It ends in an error, not in a crash."""
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"properties": {"a": deep}}
    with pytest.raises(ConfigError, match="nested too deep"):
        meaning_of("s", deep)


def nothing_declared(**keys: Any) -> str:
    """Return a SCHEMA that declares no property, as singer-io/tap-mongodb sends it, and two RECORDs."""
    bare = {"type": "SCHEMA", "stream": "orders", "schema": {"type": "object"}, **keys}
    return text_of(bare, record(_id="5f", name="A"), record(_id=3, name=None), state(1))


def test_schema_without_properties_keeps_all_in_one_column() -> None:
    """With extra_properties: column the record is kept whole, its key in a column of its own."""
    bench = Bench()
    bench.run(nothing_declared(key_properties=["_id"]), extra_properties="column")
    assert bench.warehouse.rows("analytics.orders") == ['"5f"|"{""name"":""A""}"', '"3"|"{""name"":null}"']
    bench = Bench()
    bench.run(nothing_declared(), extra_properties="column")
    assert bench.warehouse.rows("analytics.orders")[0] == '"{""_id"":""5f"",""name"":""A""}"'


def test_schema_without_properties_is_refused_with_the_setting_that_keeps_them() -> None:
    """Without the setting there is no column to load; the error names it."""
    with pytest.raises(ConfigError, match=r"the SCHEMA names no properties; .* extra_properties to column"):
        Bench().run(nothing_declared())


def test_odd_places_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """A tap that repeats its SCHEMA is told once what is wrong with it; of many places the first are named."""
    odd = schema(**{f"c{number}": {"type": "string", "maxLength": -1} for number in range(30)})
    Bench().run(text_of(odd, record(c0="a"), odd, record(c0="b"), state(1)))
    (told,) = [one.getMessage() for one in caplog.records if "passed over" in one.getMessage()]
    assert "$.properties.c0.maxLength -1, " in told
    assert told.endswith("and 10 more")
