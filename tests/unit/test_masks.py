"""Masked values are in no row, no rejected record, no error and no log; NULL stays NULL."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import logging
from typing import Any

import pytest
from singer_bulk.errors import BulkError, ConfigError
from singer_bulk.maps.masked_lines import line_masker
from singer_bulk.maps.masked_values import mask_of, text_of
from singer_bulk.maps.masks import Masks
from singer_bulk.maps.stream_maps import StreamMapper
from singer_bulk.model.declared import read
from singer_bulk.model.messages import Records, Schema
from singer_bulk.settings.columns import column_problems
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import StreamSettings
from singer_sdk.mapper import PluginMapper

from tests.fakes import Bench, lines, record, schema, state

SECRET = "canary@example.com"
TEXT, INTEGER = {"type": ["null", "string"]}, {"type": "integer"}
PEOPLE = {"id": INTEGER, "email": {**TEXT, "pattern": "@", "description": "where to write"}, "age": INTEGER}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def keyed(text: str) -> str:
    return hmac.new(b"key", text.encode(), hashlib.sha256).hexdigest()


def rows(properties: dict[str, Any], *records: dict[str, Any], keys: Any = (), **settings: Any) -> list[str]:
    """Return the rows of a run over the records of stream `people`."""
    bench = Bench()
    made = {**schema("people", **properties), "key_properties": list(keys)}
    bench.run(lines(made, *(record("people", **one) for one in records), state(1)), mask_key="key", **settings)
    return bench.warehouse.rows("analytics.people")


@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("sha256", f'1|"{sha256(SECRET)}"|9'),
        ("hmac", f'1|"{keyed(SECRET)}"|9'),
        ("redact", '1|"***"|9'),
        ("drop", "1|9"),
    ],
)
def test_a_property_is_masked(method: str, field: str) -> None:
    """Each method gives what it says, with what the SCHEMA demanded of the value itself left out."""
    assert rows(PEOPLE, {"id": 1, "email": SECRET, "age": 9}, mask={"email": method}) == [field]


def test_null_stays_null_and_missing_stays_missing() -> None:
    """NULL has no digest, and is refused as ever where the SCHEMA does not allow it."""
    masks = {"email": "sha256", "age": "hmac"}
    assert rows(PEOPLE, {"id": 1, "email": None, "age": 1}, {"id": 2, "age": 1}, mask=masks) == [
        f'1|@null@|"{keyed("1")}"', f'2|@null@|"{keyed("1")}"',
    ]  # fmt: skip
    with pytest.raises(BulkError, match="takes no null"):
        rows(PEOPLE, {"id": 1, "age": None}, mask=masks)


@pytest.mark.parametrize(
    ("written", "text"),
    [("7", "7"), ("7.0", "7"), ("7e0", "7"), ("70E-1", "7"), ("-0.0", "0"), ("0.50", "0.5"), ("1e3", "1000"),
     ("1e-3", "0.001"), ("12345678901234567890.10", "12345678901234567890.1"), ("1e400", "1e400"), ("true", "true"),
     ('"7"', "7"), ('"\\u0041"', "A"), ('""', ""), ('{"b": 1,  "a":[ ]}', '{"a":[],"b":1}'),
     ('[ 7.0, 7e0,-0.0, "7\\u002e0", null,true ]', '[7,7,0,"7.0",null,true]'), ('[1e400]', '[1e400]'),
     ('{"b":{"a":0.1, "a":12345678901234567890.10}}', '{"b":{"a":12345678901234567890.1}}')],
)  # fmt: skip
def test_equal_values_have_equal_digests(written: str, text: str) -> None:
    """A digest is of the value, not of how a tap writes it."""
    assert text_of(written.encode()) == text.encode()
    assert mask_of("sha256", b"")(written.encode()) == f'"{sha256(text)}"'.encode()


def test_keys_that_are_masked_stay_keys() -> None:
    """Rows enter by digests of their keys; redact and drop would make one row of all, and are refused."""
    bench = Bench()
    made = {**schema("people", **PEOPLE), "key_properties": ["email"]}
    bench.run(lines(made, record("people", id=1, email=SECRET, age=1), state(1)), mask={"email": "sha256"})
    assert sha256(SECRET) in bench.warehouse.rows("analytics.people")[0]
    for method in ("redact", "drop"):
        with pytest.raises(ConfigError, match="is a key property, so rows would not be told apart") as caught:
            rows(PEOPLE, {"id": 1}, keys=["email"], mask={"email": method})
        assert caught.value.code == "STREAM-MASK"


HOME = {"type": ["null", "object"], "properties": {"street": TEXT, "no": INTEGER}, "required": ["street"]}
NESTED = {"id": INTEGER, "home": HOME, "homes": {"type": "array", "items": HOME}, "a.b": TEXT}


def test_a_path_leads_into_objects_and_arrays() -> None:
    """A member is masked wherever the path finds it; a property whose name has a dot goes before a path."""
    home = {"street": SECRET, "no": 7}
    masks = {"home.street": "drop", "home.no": "sha256", "homes.street": "redact", "a.b": "redact"}
    (row,) = rows(NESTED, {"id": 1, "home": home, "homes": [home, home], "a.b": SECRET}, mask=masks)
    assert SECRET not in row
    assert row == (
        f'1|"{{""no"":""{sha256("7")}""}}"|"[{{""street"":""***"",""no"":7}},{{""street"":""***"",""no"":7}}]"|"***"'
    )
    (row,) = rows(NESTED, {"id": 1, "home": None, "homes": []}, mask=masks)
    assert row == '1|@null@|"[]"|@null@'
    with pytest.raises(BulkError) as caught:  # not what the path needs: it is refused, and not shown
        rows(NESTED, {"id": 1, "home": SECRET, "homes": []}, mask=masks)
    assert SECRET not in str(caught.value)


def test_what_the_schema_lacks_is_masked_too() -> None:
    """A property that nobody has declared may come, and be kept in _sdc_extra."""
    (row,) = rows({"id": INTEGER}, {"id": 1, "email": SECRET}, mask={"email": "sha256"}, extra_properties="column")
    assert (SECRET in row, sha256(SECRET) in row) == (False, True)


def test_masks_of_a_stream_add_to_those_of_all() -> None:
    """What is masked in all streams is masked in one that has masks of its own; it may take another method."""
    own = {"people": StreamSettings(mask={"age": "redact"})}
    assert rows(PEOPLE, {"id": 1, "email": SECRET, "age": 9}, mask={"email": "redact"}, stream_settings=own) == [
        '1|"***"|"***"'
    ]
    own = {"people": StreamSettings(mask={"email": "drop"})}
    assert rows(PEOPLE, {"id": 1, "email": SECRET, "age": 9}, mask={"email": "redact"}, stream_settings=own) == ["1|9"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"mask": {"Email": "redact"}}, "setting 'mask' names property 'Email', which the SCHEMA does not have, so nothing "
     "would be masked by it; is 'email' meant? [STREAM-NO-PROPERTY]"),
    ({"stream_settings": {"people": StreamSettings(mask={"emial": "redact"})}}, "is 'email' meant?"),
    ({"stream_settings": {"people": StreamSettings(mask={"home.street": "redact"})}}, "correct it, or take it out"),
    ({"mask": {"age": "sha256"}, "columns": {"age": "bigint"}}, "its values are masked, which makes them text"),
    ({"mask": {"age": "sha256"}, "add_record_metadata": True, "load_method": "append-only", "current_view": True,
      "cdc": {"sequence_columns": ["age"]}}, "property 'age' decides what becomes of rows"),
    ({"mask": {"_sdc_deleted_at": "drop"}}, "property '_sdc_deleted_at' decides what becomes of rows"),
    ({"mask": {"_fivetran_deleted": "drop"}, "load_method": "upsert", "cdc": {"preset": "fivetran"}},
     "property '_fivetran_deleted' decides what becomes of rows"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "problem"), REFUSED)
def test_a_mask_that_cannot_be_is_refused(settings: dict[str, Any], problem: str) -> None:
    """A name that is none, a type that is no text, and a property that decides over rows end the run at the SCHEMA."""
    plain = {name: value for name, value in settings.items() if name != "stream_settings"}
    loads = read(LoadSettings, plain)
    chosen = {name: getattr(loads, name) for name in plain} | {k: v for k, v in settings.items() if k not in plain}
    with pytest.raises(ConfigError) as caught:
        rows(PEOPLE, {"id": 1, "email": SECRET, "age": 9}, keys=["id"], **chosen)
    assert problem in str(caught.value)


def test_a_key_is_asked_for_before_the_run() -> None:
    """hmac without its key, and a property without a name, are told with the place of the setting."""
    assert column_problems({"mask": {"a": "hmac"}, "stream_settings": {"s": {"mask": {"": "drop"}}}}) == [
        "setting 'mask' takes hmac only with 'mask_key', the key",
        "setting 'stream_settings.s.mask' has a property without a name",
    ]
    assert column_problems({"mask": {"a": "hmac"}, "mask_key": "k", "columns": {}}) == []


def test_a_name_in_vain_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A property that is to be masked in all streams, and that none had, is a WARNING at the end."""
    rows(PEOPLE, {"id": 1, "email": SECRET, "age": 9}, mask={"email": "redact", "phone": "redact"})
    told = [one.getMessage() for one in caplog.records if "setting 'mask'" in one.getMessage()]
    assert told == ["setting 'mask' names 'phone', and no SCHEMA of this run has such a property"]


# Lines that something is wrong with, each with the value in it; what of them is an error, whatever happens before.
CANARY = json.dumps(SECRET)[1:-1]
BAD = [
    '{"type":"RECORD","stream":"people","record":{"id":"x","email":"%s"}}',
    '{"type":"RECORD","stream":"people","record":{"email":"%s"}}',
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":"%s"',
    '{"type":"RECORD","record":{"id":1,"email":"%s"}}',
    '{"type":"STATE","value":{"email":"%s"}',
    '{"type":"BATCHES","value":{"email":"%s"}}',
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":"\\ud800 %s","age":1}}',
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":"%s","age":NaN}}',
    '{"type":"RECORD","stream":"people","record":{"id":NaN,"\\u0065mail":"%s","age":1}}',
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":"%s","email":7,"age":"x"}}',
    '{"type":"RECORD","stream":"people","record":{"email":"%s"},"record":{"id":"x","age":1}}',
    '{"type":"RECORD","stream":"people","record":["%s"]}',
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":["%s"' + "," + "[" * 2000 + "]" * 2000 + '],"age":1}}',
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":{"a":"%s"},"age":"x"}}',
    '"%s"',
    "%s",
]


@pytest.mark.parametrize("rejects", [False, True])
@pytest.mark.parametrize("bad", range(len(BAD)))
def test_no_error_and_no_rejected_record_shows_a_value(
    bad: int, rejects: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with a line, its masked value is in no error, no log, no rejected record and no file."""
    caplog.set_level(logging.DEBUG)
    bench = Bench()
    text = lines(schema("people", **PEOPLE)) + BAD[bad].replace("%s", CANARY) + "\n" + lines(state(1))
    settings: dict[str, Any] = {"on_invalid_record": "reject"} if rejects else {}
    try:
        bench.run(text, mask={"email": "sha256"}, **settings)
        said = ""
    except BulkError as error:
        said = f"{error} {error.__cause__} {error.__context__}"
    files = bench.stage.files.values()
    kept = b"".join(gzip.decompress(one) if one[:2] == b"\x1f\x8b" else one for one in files)
    assert said or kept, "it is refused or set aside"
    assert SECRET not in said
    assert SECRET.encode() not in kept
    assert SECRET not in caplog.text


def test_an_expression_of_a_map_does_not_show_its_value() -> None:
    """What the SDK says of a stream map that fails may hold the value, so it is not shown."""
    mapper = PluginMapper({"stream_maps": {"people": {"age": "int(record['email'])"}}}, _Log())  # type: ignore[arg-type]
    bench = Bench()
    text = lines(schema("people", **PEOPLE), record("people", id=1, email=SECRET, age=1), state(1))
    with pytest.raises(BulkError) as caught:
        bench.run(text, mapper=StreamMapper(mapper), mask={"email": "sha256"})
    assert "REC-MAP" in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


class _Log(logging.Logger):
    def __init__(self) -> None:
        super().__init__("maps")


def test_a_rejected_record_that_is_loaded_again_is_not_masked_twice() -> None:
    """The SCHEMA that is set aside says what is masked: a digest stays, a value that is none is masked."""
    settings = LoadSettings(mask={"email": "sha256", "age": "drop"})
    sent = Schema("people", json.dumps({"properties": PEOPLE, "required": ["age"]}).encode(), ["id"])  # type: ignore[arg-type]
    first, second = Masks(settings), Masks(settings)
    once = first.schema(sent)
    run = Records.of_lines("people", [json.dumps(record("people", id=1, email=SECRET, age=9)).encode()], [1])
    masked = first.records(run)
    assert second.schema(once).schema == once.schema
    assert second.records(masked).lines == masked.lines
    assert sha256(SECRET).encode() in second.records(run).lines[0]
    with pytest.raises(ConfigError, match="came masked by sha256, and the setting 'mask' says redact"):
        Masks(LoadSettings(mask={"email": "redact"})).schema(once)


def test_a_rejected_record_is_not_masked_twice_in_its_objects_either() -> None:
    """So it is for paths, whatever the SCHEMA says of them, and for properties that it lacks."""
    masks = {"home.street": "sha256", "homes.street": "sha256", "any.street": "sha256", "phone": "sha256"}
    properties = {**NESTED, "any": {"anyOf": [HOME, {"type": "array"}]}}
    home = {"street": SECRET, "no": 7}
    first, second = Masks(LoadSettings(mask=masks)), Masks(LoadSettings(mask=masks))
    sent = Schema("people", json.dumps({"properties": properties}).encode(), ["id"])  # type: ignore[arg-type]
    once = first.schema(sent)
    line = json.dumps(record("people", id=1, home=home, homes=[home], any=home, phone=SECRET)).encode()
    masked = first.records(Records.of_lines("people", [line], [1]))
    assert masked.lines[0].count(sha256(SECRET).encode()) == 4
    assert second.schema(once).properties() == once.properties()
    assert second.records(masked).lines == masked.lines
    for name in masks:
        with pytest.raises(ConfigError, match=f"property '{name}' came masked by sha256"):
            Masks(LoadSettings(mask={name: "redact"})).schema(once)


def test_a_bookmark_that_is_masked_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """The STATE is the tap's, and passes as it is."""
    sent = Schema("people", json.dumps({"properties": PEOPLE}).encode(), ["id"], ["email"])  # type: ignore[arg-type]
    Masks(LoadSettings(mask={"email": "redact"})).schema(sent)
    assert "the STATE has values of 'email' as the tap writes them" in caplog.text


def test_streams_without_masks_pass_as_they_are() -> None:
    """Nothing is done to a stream that has none: its messages are the same objects."""
    masks = Masks(LoadSettings(stream_settings={"people": StreamSettings(mask={"email": "drop"})}))
    other = Schema("orders", b'{"properties":{}}')  # type: ignore[arg-type]
    run = Records.of_lines("orders", [b'{"record":{}}'], [1])
    assert masks.schema(other) is other
    assert masks.records(run) is run
    assert (masks.hides, Masks(LoadSettings()).hides) == (True, False)


# Lines whose values are masked in their places, and such as are written anew: names twice, escaped, nested, missing.
SEVERAL = [
    '{"type":"RECORD","stream":"people","record":{"id":1,"email":"%s","age":7}}',
    '{"record" : {"email" : "%s" , "id":1,"age":7}, "stream":"people"}',
    '{"stream":"people","record":{"id":1,"\\u0065mail":"%s","age":7,"note":"email"}}',
    '{"stream":"people","record":{"id":1,"note":{"email":"%s"},"\\u0065mail":"%s"}}',
    '{"stream":"people","record":{"id":1,"email":"%s","email":"%s"}}',
    '{"stream":"people","record":{"email":"%s"},"record":{"id":1}}',
    '{"stream":"people","record":{"id":1,"note":"\\"email\\":\\"%s\\"","email":"b"}}',
    '{"stream":"people","record":{"id":1,"email":null,"note":"z\\u00fcrich"}}',
    '{"stream":"people","email":"%s","record":{"id":1,"email":"%s"}}',
    '{"stream":"people","record":{"id":1}}',
]


@pytest.mark.parametrize("method", ["sha256", "redact"])
def test_lines_are_masked_in_place_as_when_written_anew(method: str) -> None:
    """Either way gives the same record; what is no value of the property, in a text or an object, stays as it is."""
    settings = LoadSettings(mask={"email": method, "age": method})
    sent = Schema("people", json.dumps({"properties": PEOPLE}).encode(), ["id"])  # type: ignore[arg-type]
    quick = Masks(settings)
    quick.schema(sent)
    plan = {name: mask_of(method, b"") for name in ("email", "age")}
    for line in SEVERAL:
        text = line.replace("%s", CANARY).encode()
        (masked,) = quick.records(Records.of_lines("people", [text], [1])).lines
        anew = line_masker(plan, nested=True)(text, 1)
        assert json.loads(masked)["record"] == json.loads(anew)["record"]
        assert json.loads(anew).keys() <= {"type", "stream", "record"}
        email = json.loads(masked)["record"].get("email")
        assert email in (None, "***", sha256(SECRET), sha256("b"))
