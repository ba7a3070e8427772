"""What a SCHEMA demands of a record beyond the types of its columns, and what the error says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from singer_bulk.errors import MessageError, RecordInvalid, RecordRejected, ValueRejected
from singer_bulk.model.kinds import Kind
from singer_bulk.schema.json_schema import TypeRules, columns_of
from singer_bulk.self_test.corpus import REDSHIFT

from tests.fakes import Bench, lines, record, schema, state
from tests.fidelity.encoding import Encoding

# (property's JSON Schema, values that are valid, values that are not)
CASES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({"type": "integer"}, [1, 1.0, -5], ["1", 1.5, True, None, [], {}]),
    ({"type": ["null", "integer"]}, [None, 1], ["1", False]),
    ({"type": "string"}, ["", "1"], [1, None, {}]),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab", "😀😀😀"], ["a", "abcd", "😀😀😀😀"]),
    ({"type": ["null", "string"], "enum": ["a", "b"]}, ["a", None], ["c"]),  # type names null
    ({"type": ["null", "string"], "const": "a"}, ["a", None], ["c"]),
    ({"type": "string", "enum": ["a", "b"]}, ["a"], ["c", None]),
    ({"type": "string", "enum": ["a"], "nullable": True}, ["a", None], ["c", 5]),  # as OpenAPI has it
    ({"type": ["null", "string"], "enum": ["a", None]}, ["a", None], ["c"]),
    ({"enum": [1, "a", None]}, [1, "a", None, 1.0], [2, "b", True]),
    ({"const": "x"}, ["x"], ["y", None]),
    ({"type": "string", "pattern": "^a.c$"}, ["abc"], ["abcd", "x"]),
    ({"type": "string", "pattern": "b"}, ["abc"], ["x"]),
    ({"type": "string", "format": "email"}, ["a@b.example"], ["a", ""]),
    ({"type": "string", "format": "ipv4"}, ["127.0.0.1"], ["localhost", "1.2.3"]),
    ({"type": "string", "format": "uri"}, ["https://a.example/"], ["a b"]),
    ({"type": "string", "format": "made-up"}, ["whatever"], []),
    ({"type": "integer", "minimum": 0, "maximum": 9}, [0, 9, 9.0], [-1, 10]),
    ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, [-(2**63), 2**63 - 1],
     ["a", 2**63, -(2**63) - 1]),
    ({"type": "integer", "maximum": 2**63 - 1}, [2**63 - 1, -(2**63) - 1], [2**63]),
    ({"type": "integer", "exclusiveMinimum": 0}, [1], [0]),
    ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, [1], [0]),  # as draft 4 has it
    ({"type": "number", "minimum": 0.1}, [0.1, 5], [0, 0.09]),
    ({"type": "number", "multipleOf": 0.01}, [19.99, 1, 0.07, 4.35], [0.001]),
    ({"type": "number", "multipleOf": 0.25}, [0.5, 1.75], [0.3]),
    ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, [[], [1, 2]], [["a"], [1, 2, 3], {}]),
    ({"type": "array", "uniqueItems": True}, [[1, 2]], [[1, 1]]),
    ({"type": "object", "required": ["a"]}, [{"a": 1}], [{}, [], "a"]),
    ({"type": "object", "additionalProperties": False, "properties": {"a": {}}}, [{"a": 1}], [{"b": 1}]),
    ({"type": "object", "properties": {"a": {"type": "string", "format": "date-time"}}}, [{"a": "2020-06-01 12:00:00"}],
     [{"a": 5}]),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [1, None], ["a", 1.5]),
    ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, [1, "a"], [1.5, [], None]),
    ({"enum": [[1], "a"]}, [[1], "a"], [[2], 1]),
    ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, [3], [2, "a"]),
    ({"$ref": "#/definitions/small"}, [1], [100, "a"]),
    ({"not": {"type": "null"}, "type": ["null", "string"]}, ["a"], []),
    ({}, [1, "a", None, [], {}], []),
    (True, [1, "a", None], []),  # type: ignore[list-item]
]  # fmt: skip


def encode(schema: Any, value: Any) -> bytes:
    definitions = {"small": {"type": "integer", "maximum": 10}}
    made = Encoding(REDSHIFT, {"properties": {"v": schema}, "definitions": definitions})
    return made.rows([json.dumps({"v": value})])


@pytest.mark.parametrize(("schema", "valid", "invalid"), CASES, ids=[json.dumps(case[0]) for case in CASES])
def test_keywords(schema: Any, valid: list[Any], invalid: list[Any]) -> None:
    """A record is taken if JSON Schema says so, and refused if not."""
    for value in valid:
        encode(schema, value)
    for value in invalid:
        with pytest.raises(RecordRejected) as refused:
            encode(schema, value)
        assert refused.value.line_number == 0


def test_error_names_everything() -> None:
    """Stream, line, path, what was demanded, what came (cut at 80 characters), and the remedy."""
    schema = {"type": "object", "properties": {"items": {"type": "array", "items": {"maximum": 3}}}}
    with pytest.raises(RecordRejected) as refused:
        encode(schema, {"items": [1, 5]})
    assert str(refused.value) == (
        "stream 's', line 0: $.v.items[1] fails maximum 3, got 5; correct it at its source, "
        "set on_invalid_record to reject, or set validate_records to false [REC-INVALID]"
    )
    with pytest.raises(RecordRejected) as refused:
        encode({"enum": ["a"]}, "x" * 500)
    assert "x" * 70 in str(refused.value)
    assert "x" * 80 not in str(refused.value)


def test_keywords_of_the_record() -> None:
    """Keywords of the SCHEMA other than `properties` count as well; unknown properties are not checked."""
    schema = {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
              "additionalProperties": False}  # fmt: skip
    made = Encoding(REDSHIFT, schema)
    made.rows(['{"a": 1}', '{"b": 1}', '{"b": 1, "unknown": 2}'])
    with pytest.raises(RecordRejected, match="anyOf"):
        made.rows(['{"a": 1}', '{"c": 1}'])


def test_columns_check_what_they_can() -> None:
    """A SCHEMA of types, null and required alone costs no validation."""
    properties: dict[str, Any] = {
        "a": {"type": "integer"}, "b": {"type": ["null", "number"], "multipleOf": 0.01},
        "c": {"type": ["null", "object"]},
        "d": {"type": "string", "format": "date-time"}, "e": {"type": ["null", "boolean"]}, "f": {"type": "string"},
        "g": {}, "h": {"type": ["array", "null"]}, "i": {"type": "string", "format": "x", "description": "y"},
        "j": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    }  # fmt: skip
    assert Encoding(REDSHIFT, {"properties": properties, "required": ["a"]}).check is None


def test_required_properties_are_named() -> None:
    """A record without a required property is refused by the property's name."""
    made = Encoding(REDSHIFT, {"properties": {"a": {"type": ["null", "string"]}}, "required": ["a"]})
    made.rows(['{"a": null}'])
    with pytest.raises(RecordRejected, match="'a'"):
        made.rows(["{}"])


# (property's JSON Schema, place that says nothing, a value that is taken, one that is refused all the same)
ODD: list[tuple[Any, str, Any, Any]] = [
    ({"type": "string", "maxLength": -1}, "v.maxLength -1", "abc", 5),  # tap-mssql, for varchar(max)
    ({"type": "string", "maxLength": None}, "v.maxLength null", "abc", 5),
    ({"type": "string", "maxLength": "255"}, 'v.maxLength "255"', "a" * 300, 5),
    ({"type": "string", "required": True}, "v.required true", "abc", 5),  # draft 3
    ({"type": "string", "pattern": "("}, 'v.pattern "("', "abc", 5),
    ({"type": "integer", "minimum": "x"}, 'v.minimum "x"', -5, "a"),
    ({"type": "integer", "multipleOf": 0}, "v.multipleOf 0", 7, "a"),
    ({"type": "integer", "enum": []}, "v.enum []", 7, "a"),
    ({"type": "array", "items": []}, "v.items []", [1], "a"),
    ({"type": "array", "items": None}, "v.items null", [1], "a"),
    ({"type": "array", "items": 5}, "v.items 5", [1], "a"),
    ({"type": "object", "properties": None}, "v.properties null", {"a": 1}, "a"),
    ({"type": "object", "patternProperties": {"(": {}}}, 'v.patternProperties.( "("', {"a": 1}, "a"),
    ({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Link"}},
     'v.additionalProperties.$ref "#/components/schemas/Link"', {"self": {"href": "x"}}, 5),
    ({"type": "any"}, 'v.type "any"', {"a": [1]}, None),
    ({"type": "float"}, 'v.type "float"', 1.5, None),
    ({"type": ["null", "date-time"]}, 'v.type ["null","date-time"]', "2020-06-01T12:00:00Z", None),
    ({"type": []}, "v.type []", {"a": 1}, None),
    ({"type": None}, "v.type null", "x", None),
    ({"$ref": "https://schemas.example/order.json"}, 'v.$ref "https://schemas.example/order.json"', 5, None),
    ({"$ref": "file:///etc/hostname"}, 'v.$ref "file:///etc/hostname"', 5, None),
    (None, "v null", {"a": 1}, None),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "place", "taken", "refused"), ODD, ids=[case[1] for case in ODD])
def test_what_says_nothing_is_passed_over_and_named(declared: Any, place: str, taken: Any, refused: Any) -> None:
    """A keyword with a value that JSON Schema does not know refuses no record, and switches no other check off."""
    made = Encoding(REDSHIFT, {"properties": {"v": declared}})
    assert made.odd == [f"$.properties.{place}"]
    made.rows([json.dumps({"v": taken})])
    if refused is not None:
        with pytest.raises(RecordRejected):
            made.rows([json.dumps({"v": refused})])


def test_types_that_are_named_twice_are_no_matter() -> None:
    """A type or a required property that is named twice is named."""
    made = Encoding(REDSHIFT, {"properties": {"v": {"type": ["string", "string"]}}, "required": ["v", "v"]})
    assert not made.odd
    with pytest.raises(RecordRejected):
        made.rows(['{"v": null}'])


WRONG = (None, True, -1, 1.5, 10**30, "x", [], [None], [[]], {}, {"a": 1}, [{"type": "string"}])


KEYWORDS = ["type", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMaximum", "maxLength", "minLength",
            "pattern", "format", "items", "properties", "additionalProperties", "required", "anyOf", "oneOf", "allOf",
            "$ref", "not", "precision", "scale", "description"]  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_whatever_a_keyword_is(keyword: str) -> None:
    """It has a meaning, or has none and its place is named; there is a column in any case."""
    for base in ({}, {"type": "integer"}, {"type": ["null", "number"]}, {"type": "string"}, {"type": "object"}):
        for value in WRONG:
            declared = {"properties": {"v": {**base, keyword: value}}}
            made = Encoding(REDSHIFT, declared)
            assert [column.property for column in made.columns] == ["v"]
            assert all(place.startswith(f"$.properties.v.{keyword}") for place in made.odd)


def test_remarks_are_no_matter() -> None:
    """What no value can fail may be anything, at any depth; names and data that look like keywords stay."""
    part: dict[str, Any] = {"type": "string", "description": None, "$comment": 5, "examples": "x", "format": None}
    made = Encoding(REDSHIFT, {"properties": {"v": {"type": "object", "properties": {"description": part}}}})
    made.rows(['{"v": {"description": "a"}}'])
    with pytest.raises(RecordRejected, match=r"\$\.v\.description fails type"):
        made.rows(['{"v": {"description": 1}}'])
    listed = {"format": "date"}
    assert encode({"type": "array", "items": {"enum": [listed]}}, [listed])


def test_references_stay_within_the_schema() -> None:
    """A `$ref` may point anywhere in its SCHEMA, also where no keyword of JSON Schema keeps schemas."""
    made = Encoding(REDSHIFT, {"properties": {"a": {"type": "integer"}, "v": {"$ref": "#/properties/a"}}})
    made.rows(['{"a": 1, "v": 2}'])
    with pytest.raises(RecordRejected):
        made.rows(['{"a": 1, "v": "x"}'])
    made = Encoding(
        REDSHIFT,
        {
            "components": {"schemas": {"a/b": {"type": "integer"}}},
            "properties": {"v": {"items": {"$ref": "#/components/schemas/a~1b"}}},
        },
    )
    made.rows(['{"v": [1]}'])
    with pytest.raises(RecordRejected):
        made.rows(['{"v": ["x"]}'])


@pytest.mark.parametrize(
    ("circle", "kind"),
    [
        ({"$ref": "#/definitions/a"}, Kind.JSON),
        ({"allOf": [{"$ref": "#/definitions/a"}]}, Kind.JSON),
        ({"anyOf": [{"$ref": "#/definitions/a"}, {"type": "integer"}, {"$ref": "#/definitions/a"}]}, Kind.INTEGER),
        ({"oneOf": [{"type": "array", "items": {"$ref": "#/definitions/a"}}, {"type": "null"}]}, Kind.JSON),
    ],
)
def test_references_in_a_circle_end(circle: dict[str, Any], kind: Kind) -> None:
    """An alternative that refers back to its own schema adds nothing; a document may hold documents like itself."""
    declared = {"properties": {"v": {"$ref": "#/definitions/a"}}, "definitions": {"a": circle}}
    (column,) = columns_of(declared, TypeRules(), {"v": "v"})
    assert column.type.kind is kind


@pytest.mark.parametrize(
    ("declared", "value", "told"),
    [
        ({"properties": {"1": {"enum": ["x"]}}}, {"1": 5}, "$.v.1 fails enum ['x'], got 5"),
        ({"items": {"enum": ["x"]}}, [5], "$.v[0] fails enum ['x'], got 5"),
        (
            {"propertyNames": {"minLength": 2}},
            {"a": 1},
            "$.v has a name that fails propertyNames (minLength), got {'a'",
        ),
        (
            {"additionalProperties": {"propertyNames": {"maxLength": 1}}},
            {"1": {"bb": 1}},
            "$.v.1 has a name that fails",
        ),
    ],
)
def test_place_of_what_is_refused(declared: Any, value: Any, told: str) -> None:
    """A name of digits is a name; a name that is refused is said to be one."""
    with pytest.raises(RecordInvalid) as refused:
        encode(declared, value)
    assert told in str(refused.value)


@pytest.mark.parametrize("value", ["1e400", "[1.50, 1E-7]", '{"a": 9007199254740993.5}'])
def test_an_error_shows_the_digits_that_came(value: str) -> None:
    """What is refused is shown as it was sent, not as a double or an object of Python."""
    made = Encoding(REDSHIFT, {"properties": {"v": {"not": {}}}})
    with pytest.raises(RecordRejected) as refused:
        made.rows([f'{{"v": {value}}}'])
    shown = str(refused.value).partition("got ")[2].partition(";")[0]
    assert shown.replace("E+", "e").replace("'", '"') == value


def test_format_of_a_pattern_in_numbers_keeps_digits() -> None:
    """Bounds are compared with the digits that were sent, not with a double made of them."""
    made = Encoding(REDSHIFT, {"properties": {"v": {"type": "number", "maximum": 1, "multipleOf": 1e-20}}})
    made.rows(['{"v": 1.00000000000000000000}'])
    with pytest.raises(RecordRejected, match="maximum"):
        made.rows(['{"v": 1.00000000000000000001}'])


def test_records_nested_too_deep_are_refused() -> None:
    """A record that no decoder follows to its end is refused by its line, not by a crash."""
    deep = "[" * 50_000 + "]" * 50_000
    for text in (lines(schema()), lines(schema(), record(id=1))):
        number = text.count("\n") + 1
        with pytest.raises(MessageError, match=f"line {number}: "):
            Bench().run(text + f'{{"type": "RECORD", "stream": "orders", "record": {{"id": {deep}}}}}\n')


@pytest.mark.parametrize(
    ("declared", "line", "told"),
    [
        ({"pattern": "x"}, '{"type": "RECORD", "stream": "orders"}', "missing required property 'record'"),
        ({}, '{"type": "RECORD", "stream": "orders", "record": {"w": 1, "v": }}', "broken JSON"),
        ({}, '{"type": "RECORD", "stream": "orders", "record": {"w": 1, "v": 1', "broken JSON"),
    ],
)
@pytest.mark.parametrize("rejecting", ["error", "reject"])
def test_lines_that_break_off_are_refused_by_their_number(declared: Any, line: str, told: str, rejecting: str) -> None:
    """Also behind a property that the SCHEMA lacks, and where a check of the SCHEMA looks first."""
    text = lines(schema(v=declared), *[record(v="x")] * 9) + line + "\n" + lines(state(1))
    bench = Bench()
    try:
        bench.run(text, on_invalid_record=rejecting)
    except MessageError as refused:
        assert "line 11:" in str(refused)  # noqa: PT017 - either is right
        assert told in str(refused)  # noqa: PT017
    else:
        assert rejecting == "reject"
        assert len(set_aside(bench)) == 1


def orders(declared: dict[str, Any], *values: str) -> str:
    """Return a SCHEMA with one property, a RECORD for each value (a JSON text), and a STATE."""
    records = "".join(f'{{"type": "RECORD", "stream": "orders", "record": {{"v": {value}}}}}\n' for value in values)
    return lines(schema(v=declared)) + records + lines(state(1))


def set_aside(bench: Bench) -> list[dict[str, Any]]:
    """Return the RECORD lines of the dead-letter objects."""
    objects = [content for key, content in bench.stage.files.items() if "_rejected" in key]
    return [json.loads(line) for content in objects for line in content.splitlines()[1:]]


def test_a_bound_counts_before_the_column_grows() -> None:
    """A bound at the end of 64 bits is checked by the column; past it the record is refused, no column widened."""
    declared = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
    text = orders(declared, "1", str(2**63), "2")
    with pytest.raises(RecordInvalid, match=r"line 3: \$\.v fails maximum 9223372036854775807, got"):
        Bench().run(text)
    bench = Bench()
    bench.run(text, on_invalid_record="reject", max_rejected_records=1)
    assert bench.warehouse.rows("analytics.orders") == ["1", "2"]
    assert [line["record"]["v"] for line in set_aside(bench)] == [2**63]
    assert bench.warehouse.columns["analytics.orders"][0].type.kind is Kind.INTEGER


def test_what_a_fixed_column_cannot_hold_is_set_aside() -> None:
    """A value that would widen a column that may not change ends the run, or is set aside like any other."""
    text = orders({"type": "integer"}, *map(str, range(20)), str(2**63), *map(str, range(20)))
    rules: dict[str, Any] = {"on_type_change": "error"}
    with pytest.raises(ValueRejected, match="line 22: column 'v' is a 64-bit integer"):
        Bench().run(text, **rules)
    bench = Bench()
    bench.run(text, **rules, on_invalid_record="reject", max_rejected_records=1)
    assert bench.warehouse.rows("analytics.orders") == [*map(str, range(20)), *map(str, range(20))]
    assert [line["record"]["v"] for line in set_aside(bench)] == [2**63]
    with pytest.raises(ValueRejected, match="line 3:"):
        Bench().run(
            orders({"type": "integer"}, *[str(2**63)] * 3),
            on_type_change="error",
            on_invalid_record="reject",
            max_rejected_records=1,
        )


@pytest.mark.parametrize("before", [0, 20])
def test_half_a_character_is_set_aside(before: int) -> None:
    """Half a pair of surrogates is no text: the record is refused by its column and value, or set aside as it came."""
    values = ['"a"'] * before + [r'"\ud800"', r'"\ud83d\ude00"', r'"\\ud800"', r'"b\udc00\ufffd"', r'"c", "\udead": 1']
    text = orders({"type": "string"}, *values)
    told = rf"line {before + 2}: column 'v' takes valid unicode, not half a pair of surrogates, got \"\\ud800\""
    with pytest.raises(ValueRejected, match=told):
        Bench().run(text)
    bench = Bench()
    bench.run(text, on_invalid_record="reject", max_rejected_records=3)
    assert bench.warehouse.rows("analytics.orders") == ['"a"'] * before + ['"\U0001f600"', r'"\ud800"']
    assert [line["record"]["v"] for line in set_aside(bench)] == ["\ud800", "b\udc00\ufffd", "c"]
    with pytest.raises(MessageError, match="broken JSON"):
        Bench().run(orders({"type": "string"}, r'"\ud800'), on_invalid_record="reject", max_rejected_records=3)


@pytest.mark.parametrize("before", [0, 20])
def test_a_number_that_json_does_not_have_is_set_aside(before: int) -> None:
    """NaN and Infinity, which Python writes: the record is refused by its column and value, or set aside as it came."""
    values = ["1.5"] * before + ["NaN", "[-Infinity]", '"NaN"', 'Infinity, "w": 0e000000']
    text = orders({"type": ["number", "string", "array"]}, *values)
    told = rf"line {before + 2}: column 'v' takes JSON numbers, got NaN; send null"
    with pytest.raises(ValueRejected, match=told):
        Bench().run(text)
    bench = Bench()
    bench.run(text, on_invalid_record="reject", max_rejected_records=3)
    assert bench.warehouse.rows("analytics.orders") == ['"1.5"'] * before + ['"""NaN"""']
    assert [repr(line["record"]["v"]) for line in set_aside(bench)] == ["nan", "[-inf]", "inf"]
    with pytest.raises(MessageError, match=r"broken JSON .*\[NaN\}"):
        Bench().run(orders({}, "[NaN"), on_invalid_record="reject", max_rejected_records=3)


@pytest.mark.parametrize("document", ["[1E400]", '{"a": -1e-400}', "[" + "9" * 400 + "]"])
def test_a_number_in_a_document_is_refused_as_a_number(document: str) -> None:
    """A number that no warehouse keeps is named, not taken for broken JSON."""
    with pytest.raises(ValueRejected, match="keeps numbers of 38 digits, or doubles"):
        Bench().run(orders({}, document))


HARD_NAMES = ["ä", "日本", 'a"b', "a\\b", "a\nb", "", "\u2028", "a b"]


@pytest.mark.parametrize("name", HARD_NAMES)
def test_properties_of_any_name_are_checked(name: str) -> None:
    """Whatever a property is called: it is read, checked, required, and missed if unknown; in documents too."""
    schema = {"properties": {name: {"type": "integer", "maximum": 9}}, "required": [name]}
    made = Encoding(REDSHIFT, schema)
    for ascii_only in (True, False):
        good = [json.dumps({name: number}, ensure_ascii=ascii_only) for number in range(9)]
        assert made.read(made.rows(good, in_blocks=True)) == [[str(number)] for number in range(9)]
        with pytest.raises(RecordRejected, match="maximum"):
            made.rows([*good, json.dumps({name: 10}, ensure_ascii=ascii_only)], in_blocks=True)
    with pytest.raises(RecordRejected):
        made.rows(["{}"])
    inside = {"properties": {"v": {"type": "object", "properties": {name: {"type": "integer"}}, "required": [name]}}}
    nested = Encoding(REDSHIFT, inside)
    nested.rows([json.dumps({"v": {name: 1}})] * 9, in_blocks=True)
    for wrong in ({name: "x"}, {}):
        with pytest.raises(RecordRejected):
            nested.rows([json.dumps({"v": wrong})] * 9, in_blocks=True)


@pytest.mark.parametrize("name", HARD_NAMES)
def test_unknown_properties_of_any_name(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A property that the SCHEMA does not have is named, whatever the others are called."""
    stream = {"properties": {name: {"type": "integer"}}}
    text = json.dumps({"type": "SCHEMA", "stream": "s", "schema": stream}) + "\n"
    bench = Bench()
    bench.run(text + lines(record("s", **{name: 5, "unknown": 1})))
    assert bench.warehouse.rows("analytics.s") == ["5"]
    assert any("unknown" in message and "SCHEMA does not have" in message for message in caplog.messages)


@pytest.mark.parametrize("before", [0, 20])
def test_a_version_beyond_64_bits_is_set_aside(before: int) -> None:
    """The version of a RECORD that its column does not hold is refused by line and value, not by COPY."""
    versions = [1] * before + [2**63, -(2**63), 2**63 - 1, 10**40]
    records = [{**record("orders", v=number), "version": version} for number, version in enumerate(versions)]
    text = lines(schema(v={"type": "integer"}), *records, state(1))
    told = f"stream 'orders', line {before + 2}: column '_sdc_table_version' is a 64-bit integer, got {2**63}; send"
    with pytest.raises(ValueRejected, match=told):
        Bench().run(text, add_record_metadata=True)
    bench = Bench()
    bench.run(text, add_record_metadata=True, on_invalid_record="reject", max_rejected_records=2)
    assert [line["version"] for line in set_aside(bench)] == [2**63, 10**40]
    assert len(bench.warehouse.rows("analytics.orders")) == before + 2
    Bench().run(text)  # no column, no version


def test_activating_a_version_beyond_64_bits_is_refused() -> None:
    """The ledger keeps the version that is in force: one that it does not hold is refused by its line."""
    activate = {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 2**63}
    with pytest.raises(MessageError, match=r"line 2: .*<= 9223372036854775807.*\$\.version"):
        Bench().run(lines(schema(v={"type": "integer"}), activate), add_record_metadata=True)
