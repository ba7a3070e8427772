"""Every value of the corpus through the encoders and back by a reader that does not know them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from singer_bulk.errors import MessageError, ValueRejected
from singer_bulk.model.file_format import ValueRules
from singer_bulk.self_test.corpus import GROUPS, REDSHIFT, SNOWFLAKE, Group, count
from singer_bulk.self_test.meaning import meaning, stored

from tests.fidelity.encoding import Encoding, record

BOTH = pytest.mark.parametrize("warehouse", [REDSHIFT, SNOWFLAKE])
EACH_GROUP = pytest.mark.parametrize("group", GROUPS, ids=[group.name for group in GROUPS])


def encoding(warehouse: str, group: Group) -> Encoding:
    return Encoding(warehouse, {"type": "object", "properties": {"v": group.schema}}, group.settings)


def test_corpus_is_large() -> None:
    """The corpus has at least 400 pairs of type and value."""
    assert count() >= 400


@BOTH
@EACH_GROUP
def test_kept_values_come_back_equal(warehouse: str, group: Group) -> None:
    """A value arrives as it left."""
    for text in group.kept_in(warehouse):
        made = encoding(warehouse, group)
        (row,) = made.read(made.rows([record(v=text)]))
        assert stored(group.means, row[0]) == meaning(group.means, text), text


@BOTH
@EACH_GROUP
def test_kept_values_share_a_file(warehouse: str, group: Group) -> None:
    """Values beside one another, and between other columns, stay in their rows and columns."""
    texts = group.kept_in(warehouse)
    schema = {"properties": {"a": {"type": "string"}, "v": group.schema, "z": {"type": "string"}}}
    made = Encoding(warehouse, schema, group.settings)
    made.rows([record(a='""', v=text, z='"|"') for text in texts])
    rows = made.read(made.rows([record(a='""', v=text, z='"|"') for text in texts]))
    assert [(row[0], row[2]) for row in rows] == [("", "|")] * len(texts)
    assert [stored(group.means, row[1]) for row in rows] == [meaning(group.means, text) for text in texts]


@BOTH
@EACH_GROUP
def test_refused_values_are_refused_by_name(warehouse: str, group: Group) -> None:
    """What cannot arrive as it left is refused, with line, value and remedy, in a few words."""
    for text in group.refused_in(warehouse):
        made = encoding(warehouse, group)
        with pytest.raises(MessageError) as refused:
            made.read(made.rows([record(v=text)]))
        told = str(refused.value)
        assert told.startswith("stream 's', line 0: "), text
        assert ", got " in told, text
        assert "; " in told, text
        assert len(told) < 420, text


@BOTH
@EACH_GROUP
def test_values_in_blocks_are_the_same(warehouse: str, group: Group) -> None:
    """A run of records goes the fast way to the same rows, and a refused value among others is refused all the same."""
    made = encoding(warehouse, group)
    kept = [record(v=text) for text in [*group.kept_in(warehouse), "null"] * 2]
    if not made.columns[0].takes_null:
        kept = [text for text in kept if not text.endswith("null}")]
    assert made.rows(kept * 3, in_blocks=True) == made.rows(kept * 3)
    for text in group.refused_in(warehouse):
        with pytest.raises(MessageError) as refused:
            made.rows([*kept[:5], record(v=text), *kept[:5]], in_blocks=True)
        assert refused.value.line_number == len(kept[:5]), text


@BOTH
@EACH_GROUP
def test_null_and_missing_are_null(warehouse: str, group: Group) -> None:
    """A missing property is NULL; null is too, where the SCHEMA has it, and refused where not."""
    made = encoding(warehouse, group)
    assert made.read(made.rows(["{}"])) == [[None]]
    if made.columns[0].takes_null:
        assert made.read(made.rows([record(v="null")])) == [[None]]
    else:
        with pytest.raises(MessageError, match="takes no null"):
            made.rows([record(v="null")])


DATE, TIME = {"type": "string", "format": "date"}, {"type": "string", "format": "time"}
INSTANT = {"type": "string", "format": "date-time"}
NULL = ValueRules(invalid_datetime_is_null=True)
CUT: list[tuple[str, dict[str, Any], str, ValueRules, str | None]] = [
    ("NUL is removed", {"type": "string"}, '"a\\u0000b"', ValueRules(remove_nul=True), "ab"),
    ("NUL in a document", {}, '["a\\u0000b"]', ValueRules(remove_nul=True), '["ab"]'),
    ("zero date", DATE, '"0000-00-00"', NULL, None),
    ("leap second", INSTANT, '"2016-12-31T23:59:60Z"', NULL, None),
    ("hour 24", TIME, '"24:00:00"', NULL, None),
    ("nanoseconds", TIME, '"12:00:00.1234567899"', ValueRules(cut_datetime_digits=True), ""),
    ("half even", {"multipleOf": 0.01, "type": "number"}, "0.125", ValueRules(round_numbers=True), "0.12"),
    ("long double", {"type": "number"}, "9007199254740993", ValueRules(round_numbers=True), "9007199254740992.0"),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(("told", "schema", "text", "rules", "expected"), CUT, ids=[case[0] for case in CUT])
def test_what_the_user_allows_to_alter(
    warehouse: str, told: str, schema: dict[str, Any], text: str, rules: ValueRules, expected: str | None
) -> None:
    """A value is altered only in the way that a setting names."""
    made = Encoding(warehouse, {"properties": {"v": schema}}, values=rules)
    if told == "half even":
        made.check = None  # the SCHEMA's multipleOf is the column's scale here
    if told == "nanoseconds":
        expected = "12:00:00.123456" if warehouse == REDSHIFT else "12:00:00.123456789"
    assert made.read(made.rows([record(v=text)])) == [[expected]]


@BOTH
@pytest.mark.parametrize("text", ["08:10:00Z", "08:10:00.000000+00:00", "8:10-0000", "08:10:00 z"])
def test_time_in_utc_is_a_time(warehouse: str, text: str) -> None:
    """JSON Schema demands an offset in a time; that of UTC says nothing that a column of times would lose."""
    made = Encoding(warehouse, {"properties": {"v": TIME}})
    ((value,),) = made.read(made.rows([record(v=f'"{text}"')]))
    assert str(value).rstrip("0") == "08:10:00."


@pytest.mark.parametrize("rules", [ValueRules(), NULL])
@pytest.mark.parametrize("text", ["08:10:00+02:00", "08:10-23:59"])
def test_time_with_another_offset_is_refused(text: str, rules: ValueRules) -> None:
    """No column keeps the offset; the time is neither shifted nor, for it exists, made null."""
    with pytest.raises(MessageError, match="no offset but that of UTC"):
        Encoding(REDSHIFT, {"properties": {"v": TIME}}, values=rules).rows([record(v=f'"{text}"')])


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"a": {"img": "x" * 70_000}}, "$.v.a.img"),
        ({"a": [1, {"b": ["y", "x" * 70_000]}]}, "$.v.a[1].b[1]"),
        ({"a": {"x" * 70_000: 1}}, "$.v.a"),
        ({"n" * 500: "x" * 70_000}, "$.v." + "n" * 73 + "..."),
    ],
)
def test_string_that_is_too_long_inside_a_document_is_found(document: Any, place: str) -> None:
    """Redshift keeps 65,535 bytes in a string of SUPER: the error says which one is longer, and what can be set."""
    with pytest.raises(ValueRejected) as refused:
        Encoding(REDSHIFT, {"properties": {"v": {}}}).rows([record(v=json.dumps(document))])
    assert f"holds strings of 65535 bytes inside a document ({place}), got" in str(refused.value)
    assert "raise super_string_bytes" in str(refused.value)
    assert "set on_invalid_record to reject" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.125", "0.12"), ("0.135", "0.14"), ("-0.125", "-0.12"), ("1e-30", "0"), ("0.005", "0"), ("0.0051", "0.01"),
     ("9.995", "10"), ("123456789012345678901234567890.125", "123456789012345678901234567890.12")],
)  # fmt: skip
def test_rounding_is_half_even(text: str, expected: str) -> None:
    """With rounding half_even a decimal is rounded to its column's scale, from the digits that were sent."""
    made = Encoding(REDSHIFT, {"properties": {"v": {"type": "number"}}},
                    {"number_type": "decimal", "number_scale": 2}, ValueRules(round_numbers=True))  # fmt: skip
    assert made.read(made.rows([record(v=text)])) == [[expected]]
