"""What a user may allow: rejected records aside, NUL removed, invalid dates as NULL, extra properties kept."""

from __future__ import annotations

import json

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

INTEGER, STRING = {"type": ["null", "integer"]}, {"type": ["null", "string"]}
STAMP = {"type": ["null", "string"], "format": "date-time"}


def test_rejected_records_can_be_loaded_again(loader: Loader) -> None:
    """reject puts the lines aside with their reasons and loads the rest; mended, the object is an input as it is."""
    small = {"type": "integer", "maximum": 9}
    lines = [schema("s", id=small, note=STRING), *(record("s", id=n, note="a|b") for n in range(8, 12)), state(1)]
    run = loader.load(*lines, on_invalid_record="reject")
    assert run.status == 0, run.stderr
    assert run.states == [1]
    assert loader.rows("SELECT id FROM {schema}.s ORDER BY id") == [(8,), (9,)]
    assert "2 records" in run.stderr
    (key,) = [key for key in loader.staged_keys() if "/_rejected/s/" in key]
    assert key in run.stderr
    text = loader.s3.body(key).decode()
    assert [json.loads(line).get("rejected_because", "")[:60] for line in text.splitlines()][1:] == [
        "stream 's', line 4: $.id fails maximum 9, got 10; correct it",
        "stream 's', line 5: $.id fails maximum 9, got 11; correct it",
    ]
    again = loader.load(*text.replace('"maximum": 9', '"maximum": 99').splitlines())
    assert again.status == 0, again.stderr
    assert loader.rows("SELECT id, note FROM {schema}.s ORDER BY id") == [(n, "a|b") for n in range(8, 12)]


def test_too_many_rejected_records_end_the_run(loader: Loader) -> None:
    """Beyond max_rejected_records the run fails, nothing is loaded, and nothing stays aside."""
    bad = [record("s", id="x") for _ in range(3)]
    run = loader.load(schema("s", id=INTEGER), record("s", id=1), *bad, state(1), on_invalid_record="reject",
                      max_rejected_records=2)  # fmt: skip
    assert run.status == 1
    assert "max_rejected_records" in run.stderr
    assert run.states == []
    assert loader.staged_keys() == []
    assert not loader.table_exists("s")


def test_a_load_of_rejected_records_alone_keeps_them(loader: Loader) -> None:
    """A STATE behind nothing but rejected records comes out only when they are safe."""
    run = loader.load(schema("s", id=INTEGER), record("s", id="x"), state(1), on_invalid_record="reject")
    assert run.status == 0, run.stderr
    assert run.states == [1]
    assert len([key for key in loader.staged_keys() if "/_rejected/" in key]) == 1


def test_extra_properties_are_kept(loader: Loader) -> None:
    """extra_properties: column keeps what the SCHEMA does not have in _sdc_extra, as one document."""
    lines = [schema("s", id=INTEGER), record("s", id=1, extra=[1, "|"], other={"a": None}), record("s", id=2)]
    run = loader.load(*lines, extra_properties="column", add_record_metadata=True)
    assert run.status == 0, run.stderr
    rows = loader.rows("SELECT id, _sdc_extra FROM {schema}.s ORDER BY id")
    assert json.loads(rows[0][1]) == {"extra": [1, "|"], "other": {"a": None}}
    assert rows[1] == (2, None)


def test_what_a_user_allows(loader: Loader) -> None:
    """Settings alter values in the way that they name, and in no other."""
    stream = schema("s", id=INTEGER, note=STRING, seen=STAMP, n={"type": ["null", "number"]})
    values = {"id": 1, "note": "a\0b", "seen": "0000-00-00 00:00:00", "n": 9007199254740993}
    assert loader.load(stream, record("s", **values)).status == 1
    run = loader.load(
        stream,
        record("s", **values),
        record("s", id=2, note="", seen="2020-06-01T12:00:00.1234567899", n=0.1),
        nul_characters="remove",
        invalid_datetime="null",
        rounding="half_even",
        excess_datetime_digits="cut",
    )
    assert run.status == 0, run.stderr
    if "redshift" in loader.command:
        loader.rows("SET extra_float_digits TO 2")
    rows = loader.rows("SELECT id, note, seen, n FROM {schema}.s ORDER BY id")
    assert rows[0] == (1, "ab", None, 9007199254740992)
    assert rows[1][:2] == (2, "")
    assert rows[1][2].microsecond == 123456


def test_row_that_copy_does_not_take(loader: Loader) -> None:
    """On Redshift a row over 4 MB is refused with its key before COPY meets it; Snowflake takes it."""
    text = json.dumps(["x" * 60_000] * 70)
    line = f'{{"type": "RECORD", "stream": "s", "record": {{"id": 7, "doc": {text}}}}}'
    stream = {**schema("s", id=INTEGER, doc={"type": ["null", "array"]}), "key_properties": ["id"]}
    run = loader.load(stream, line)
    if "redshift" in loader.command:
        assert run.status == 1
        assert "line 2: stream 's': the row (id 7) has 42" in run.stderr
        assert not loader.table_exists("s")
    else:
        assert run.status == 0, run.stderr
        assert len(json.loads(loader.rows("SELECT doc FROM {schema}.s")[0][0])) == 70


def test_rounding_makes_no_integers(loader: Loader) -> None:
    """rounding is for numbers with too many places: what the SCHEMA declares an integer is none with a fraction."""
    big = {"type": ["null", "integer"], "maximum": 10**30}
    ratio = {"type": ["null", "number"], "multipleOf": 0.01}
    lines = [schema("s", id=INTEGER, big=big, ratio=ratio), record("s", id=1, big=5, ratio=0.125)]
    lines += [record("s", id=1.5), record("s", id=2, big=2.5), record("s", id=3.0, big=1e3)]
    run = loader.load(*lines, rounding="half_even", on_invalid_record="reject")
    assert run.status == 0, run.stderr
    assert [tuple(map(str, row)) for row in loader.rows("SELECT id, big, ratio FROM {schema}.s ORDER BY id")] == [
        ("1", "5", "0.12"),
        ("3", "1000", "None"),
    ]
    assert "2 records" in run.stderr


def test_maps_and_flattening_make_no_null_of_nan(loader: Loader) -> None:
    """What JSON has no number for is refused by its column, though a map has read the record and written it again."""
    number = {"type": ["null", "number"]}
    lines = [
        json.dumps(schema("s", id=INTEGER, v=number, o={"type": "object", "properties": {"w": number}})),
        '{"type": "RECORD", "stream": "s", "record": {"id": 1, "v": NaN}}',
        '{"type": "RECORD", "stream": "s", "record": {"id": 2, "o": {"w": -Infinity}}}',
        '{"type": "RECORD", "stream": "s", "record": {"id": 3, "v": 0.5}}',
    ]
    both = ({"stream_maps": {"s": {"id": "id"}}}, {"flattening_enabled": True, "flattening_max_depth": 2})
    for count, settings in enumerate(both, start=1):
        run = loader.load(*lines, on_invalid_record="reject", **settings)
        assert run.status == 0, run.stderr
        assert "takes JSON numbers, got NaN" in run.stderr
        assert "2 records of this run rejected" in run.stderr
        assert loader.rows("SELECT id FROM {schema}.s") == [(3,)] * count


def test_maps_and_flattening_refuse_half_a_character_by_its_column(loader: Loader) -> None:
    """Half a pair of surrogates is refused, or set aside, where it goes into a column, though a map has read it."""
    members = {"id": INTEGER, "v": STRING, "gone": STRING, "o": {"type": "object", "properties": {"w": STRING}}}
    lines = [
        json.dumps(schema("s", **members)),
        r'{"type": "RECORD", "stream": "s", "record": {"id": 1, "v": "a\ud800", "n": 1.10}}',
        r'{"type": "RECORD", "stream": "s", "record": {"id": 2, "v": null, "o": {"w": "\udc00"}}}',
        r'{"type": "RECORD", "stream": "s", "record": {"id": 3, "v": "\ud83d\ude00", "gone": "\ud800"}}',
        r'{"type": "RECORD", "stream": "s", "record": {"id": 4, "v": "\\ud800"}}',
    ]
    without = {"stream_maps": {"s": {"gone": "__NULL__"}}}
    for settings, ids in (
        (without, [3, 4]),
        ({**without, "flattening_enabled": True, "flattening_max_depth": 2}, [3, 4]),
        ({"stream_maps": {"s": {"h": "md5(str(v or ''))"}}}, [4]),
    ):
        run = loader.load(*lines, **settings)
        assert run.status == 1
        assert "stream 's', line 2: column 'v' takes valid unicode" in run.stderr.replace("'V'", "'v'"), settings
        assert r'got "a\ud800"; repair the text' in run.stderr
        replacing = {"load_method": "overwrite", "end_of_input": "any"}
        run = loader.load(*lines, on_invalid_record="reject", **replacing, **settings)
        assert run.status == 0, run.stderr
        assert [row[0] for row in loader.rows("SELECT id FROM {schema}.s ORDER BY id")] == ids
        assert "rejected; they are in" in run.stderr
