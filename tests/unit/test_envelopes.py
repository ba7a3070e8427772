"""Envelopes become records: the values of the row as they were written, and the members of the event."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from singer_bulk.errors import ConfigError, MessageError
from singer_bulk.feeds.envelopes import EnvelopeMapper
from singer_bulk.model.messages import Records, Schema

ROW = {"type": ["null", "object"], "properties": {"id": {"type": "integer"}, "v": {"type": "number"}}}
TEXT = {"type": "string"}
SOURCE = {"type": "object", "properties": {"lsn": {"type": "integer"}}}
DEBEZIUM = {"before": ROW, "after": ROW, "op": TEXT, "ts_ms": {"type": "integer"}, "source": SOURCE}
MAXWELL = {"type": TEXT, "data": ROW, "old": {"type": "object"}, "position": TEXT}
MONGODB = {
    "_id": {"type": "object"},
    "operationType": TEXT,
    "documentKey": {"type": "object", "properties": {"_id": TEXT}},
    "fullDocument": {"type": "object", "properties": {"_id": TEXT, "v": {"type": "number"}, "w": TEXT}},
    "updateDescription": {"type": "object"},
}


def flattened(
    preset: str, properties: dict[str, Any], *events: str, key: str = "id"
) -> tuple[dict[str, Any], list[str]]:
    """The properties and the records that events (JSON texts) become."""
    mapper = EnvelopeMapper(lambda stream: preset)
    (schema,) = mapper.schemas(Schema("s", msgspec.Raw(json.dumps({"properties": properties}).encode()), [key]))
    lines = [b'{"type":"RECORD","stream":"s","record":%b}' % event.encode() for event in events]
    (records,) = mapper.records(Records.of_lines("s", lines, range(1, len(lines) + 1)))
    made = [msgspec.json.decode(line, type=dict[str, msgspec.Raw])["record"] for line in records.lines]
    return schema.properties()["properties"], [bytes(record).decode() for record in made]


def test_values_keep_their_text() -> None:
    """A number keeps its digits, a property that may be missing takes null, names come with two underscores."""
    event = '{"before":null,"after":{"id":1,"v":1.10000000000000000001},"op":"c","ts_ms":5,"source":{"lsn":12}}'
    properties, records = flattened("debezium", DEBEZIUM, event)
    assert list(properties) == ["id", "v", "__before", "__op", "__ts_ms", "__source_lsn"]
    assert properties["id"] == {"type": ["integer", "null"]}
    assert records == ['{"id":1,"v":1.10000000000000000001,"__op":"c","__ts_ms":5,"__source_lsn":12,"__before":null}']


def test_change_of_the_key_is_a_delete_and_an_update() -> None:
    """Debezium by before, Maxwell by old: the old key goes first."""
    event = '{"before":{"id":1,"v":1},"after":{"id":2,"v":1},"op":"u"}'
    _, records = flattened("debezium", DEBEZIUM, event)
    assert [json.loads(record)["id"] for record in records] == [1, 2]
    assert [json.loads(record)["__op"] for record in records] == ["d", "u"]
    _, records = flattened("maxwell", MAXWELL, '{"type":"update","data":{"id":2,"v":1},"old":{"id":1}}')
    assert [(json.loads(record)["id"], json.loads(record)["__type"]) for record in records] == [
        (1, "delete"),
        (2, "update"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        '"__debezium_unavailable_value"',
        '"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="',
        '["__debezium_unavailable_value"]',
    ],
)
def test_what_the_log_does_not_have_is_left_out(value: str) -> None:
    """The placeholder is no value, in the envelope and without it; a text that only holds it stays."""
    _, records = flattened("debezium", DEBEZIUM, f'{{"before":null,"after":{{"id":1,"v":{value}}},"op":"u"}}')
    assert "v" not in json.loads(records[0])
    flat = {"id": {"type": "integer"}, "v": TEXT, "__op": TEXT}
    holding = '{"id":1,"v":"say __debezium_unavailable_value","__op":"u"}'
    _, records = flattened("debezium", flat, f'{{"id":1,"v":{value},"__op":"u"}}', holding)
    assert records == ['{"id":1,"__op":"u"}', holding]


def test_events_without_a_row_have_a_null_key() -> None:
    """A truncate and the end of a bootstrap name no key."""
    _, records = flattened("debezium", DEBEZIUM, '{"before":null,"after":null,"op":"t"}')
    assert json.loads(records[0])["id"] is None
    _, records = flattened("maxwell", MAXWELL, '{"type":"bootstrap-complete","data":{}}')
    assert json.loads(records[0])["id"] is None


def test_maxwell_position_is_file_and_number() -> None:
    """Two columns that order, beside the text as it was sent."""
    _, records = flattened("maxwell", MAXWELL, '{"type":"insert","data":{"id":1},"position":"master.000006:800911"}')
    told = json.loads(records[0])
    assert (told["__position"], told["__log_file"], told["__log_pos"]) == (
        "master.000006:800911",
        "master.000006",
        800911,
    )


def test_mongodb_updates() -> None:
    """What is removed is null, what is not named is left out; a looked-up document is whole."""
    key = '"_id":{"_data":"82"},"operationType":"update","documentKey":{"_id":"k"}'
    change = f'{{{key},"updateDescription":{{"updatedFields":{{"v":2}},"removedFields":[]}}}}'
    removal = f'{{{key},"updateDescription":{{"updatedFields":{{}},"removedFields":["v"]}}}}'
    whole = change[:-1] + ',"fullDocument":{"_id":"k","w":"x"}}'
    _, records = flattened("mongodb", MONGODB, change, removal, whole, key="_id")
    values = [{name: value for name, value in json.loads(record).items() if name in "vw"} for record in records]
    assert values == [{"v": 2}, {"v": None}, {"v": None, "w": "x"}]
    assert {json.loads(record)["__token"] for record in records} == {"82"}


def test_what_cannot_be_applied_is_refused() -> None:
    """A part of a property, a delete without a key, a SCHEMA without the row's properties: with what to do."""
    part = '{"operationType":"update","documentKey":{"_id":"k"},"updateDescription":{"updatedFields":{"a.b":1}}}'
    with pytest.raises(MessageError, match=r"line 1: stream 's': an update of 'a.b'.*updateLookup"):
        flattened("mongodb", MONGODB, part, key="_id")
    with pytest.raises(MessageError, match="REPLICA IDENTITY"):
        flattened("debezium", DEBEZIUM, '{"before":null,"after":null,"op":"d"}')
    with pytest.raises(ConfigError, match="declares no properties of 'after'"):
        flattened("debezium", {"op": TEXT, "after": {"type": "object"}})


def test_streams_without_an_envelope_pass_as_they_are() -> None:
    """Not a byte of them is looked at."""
    mapper = EnvelopeMapper(lambda stream: "debezium" if stream == "s" else None)
    message = Schema("t", msgspec.Raw(json.dumps({"properties": DEBEZIUM}).encode()), ["id"])
    assert mapper.schemas(message) == [message]
    records = Records("t", b"not even JSON\n", range(1, 2))
    assert mapper.records(records) == [records]
