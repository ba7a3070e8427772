"""A block gives the rows, or the error, that its records give one by one.

`LONG_ROWS=5000000 pytest tests/unit/test_blocks.py -k long` compares so many rows.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.model.columns import Column, ColumnType, Content
from singer_bulk.model.file_format import FileFormat, ValueRules
from singer_bulk.model.kinds import Kind
from singer_bulk.model.messages import Records
from singer_bulk.schema.json_schema import TypeRules, columns_of
from singer_bulk.schema.record_check import record_check

from bench.workloads import WORKLOADS
from tests.fuzz.rows import FIRST, outcome

REDSHIFT = FileFormat(b"@n0123456789abcdef@", 6, True, 65_535, 16_000_000, 65_535)
SNOWFLAKE = FileFormat(b"", 9, False, 16_777_216, 16 << 20)
SMALL = FileFormat(b"@null@", 3, True, 12, 40, 10, rules=ValueRules(True, True, True, True))
FORMATS = [REDSHIFT, SNOWFLAKE, SMALL]
LONG_ROWS = int(os.environ.get("LONG_ROWS", "20000"))

TYPES = [
    *(ColumnType(kind) for kind in Kind if kind is not Kind.OTHER),
    *(ColumnType(Kind.DECIMAL, *size) for size in [(38, 2), (38, 0), (5, 5), (10, 8), (3, 1), (18, 9)]),
    ColumnType(Kind.TEXT, max_bytes=8),
    ColumnType(Kind.TEXT, content=Content.ANY),
    ColumnType(Kind.TEXT, content=Content.JSON),
]
ODD_TEXTS = [
    "", "null", "NULL", "@null@", "a|b", 'say "x"', "back\\slash", "tab\t", "two\nlines", "\x1f", "\x1e", "\0",
    "Zürich", "東京", "🙂", "T", "Z", " : ", '":', '" :', "e-310", "0e-310", "2020-01-01", "\ud7ff", "\x7f", "\u2028",
]  # fmt: skip
ODD_NUMBERS = [
    "0", "-0", "0.0", "-0.0", "1", "-1", "1.0", "1.10", "1e3", "1E3", "1e-5", "5e-05", "1e+16", "1e16", "0.1",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "999999999999999999", "1000000000000000000",
    "123456789012345", "1234567890123456", "0.12345678901234567", "0.1234567890123456789", "5.684341886080802e-14",
    "1e308", "1e309", "1e-307", "1e-310", "5e-324", "1e-400", "1e999999", "99.99", "99.999", "12345.12345678",
    "1" * 36 + ".25", "1" * 37, "1" * 39, "-" + "9" * 36, "0.00000001", "1e2", "100e-2", "1.5e300",
    "0.29999999999999999", "0.10000000000000001", "2.9999999999999996", "0.30000000000000004",
]  # fmt: skip
ODD_MOMENTS = [
    "2020-06-01T12:00:00Z", "2020-06-01T12:00:00", "2020-06-01 12:00:00", "2020-06-01T12:00:00.5Z",
    "2020-06-01T12:00:00.123456Z", "2020-06-01T12:00:00.123Z", "2020-06-01T12:00:00.1234567Z",
    "2020-06-01T12:00:00.123456789Z", "2020-06-01T12:00:00.1234567890Z", "2020-06-01T12:00:00+00:00",
    "2020-06-01T12:00:00+02:00", "2020-06-01T12:00:00-11:30", "2020-06-01T23:59:59Z", "2020-06-01T24:00:00Z",
    "2020-06-01T12:60:00Z", "2020-06-01T12:00:60Z", "2020-02-29T00:00:00Z", "2021-02-29T00:00:00Z",
    "2020-13-01T00:00:00Z", "2020-00-01T00:00:00Z", "2020-04-31T00:00:00Z", "2020-01-00T00:00:00Z",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1900-02-29T00:00:00Z",
    "2000-02-29T12:34:56Z", "2020-06-01", "2020-02-30", "0000-00-00", "12:00:00", "25:00:00", "2020-06-01T12:00Z",
    "2020-06-01t12:00:00z", "2020-06-01T12:00:00.000000+00:00", "2020-06-01T12:00:00 Z", "2100-02-29", "2024-12-31",
]  # fmt: skip

texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
digits = st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?\Z")
shortest = st.floats(allow_nan=False, allow_infinity=False).map(repr)
numbers = st.one_of(st.sampled_from(ODD_NUMBERS), st.integers(-(10**20), 10**20).map(str), digits, shortest)
moments = st.one_of(
    st.sampled_from(ODD_MOMENTS),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.dates().map(lambda day: day.isoformat()),
    st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{3}|\.[0-9]{6})?Z?\Z"),
)


@st.composite
def written(draw: st.DrawFn, content: Any) -> str:
    """Return the JSON text of a value, written as one tap or another would."""
    style: dict[str, Any] = draw(st.sampled_from([{}, {"ensure_ascii": False}, {"separators": (",", ":")}]))
    return json.dumps(draw(content), **style)


def documents() -> st.SearchStrategy[str]:
    """Return JSON texts, some of which no decoder would write: names twice, odd numbers, blanks, escapes."""
    scalars = st.one_of(written(texts), numbers, st.sampled_from(["null", "true", "false", '"\\u0041"', '"\\u0000"']))
    names = st.one_of(written(texts), st.sampled_from(['"a"', '"b"', '"\\u0061"', '"a\\u0022\\u003a"']))
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]"),
            st.lists(st.tuples(names, st.sampled_from([":", ": ", " :", "\t: "]), inner), max_size=3).map(
                lambda parts: "{" + ",".join(map("".join, parts)) + "}"
            ),
        ),
        max_leaves=6,
    )


ANY = st.one_of(written(texts), numbers, written(moments), documents(), st.sampled_from(["null", "true", "false"]))
FITTING: dict[Kind, st.SearchStrategy[str]] = {
    Kind.BOOLEAN: st.sampled_from(["true", "false"]),
    Kind.INTEGER: st.one_of(st.integers(-(2**63), 2**63 - 1).map(str), numbers),
    Kind.DECIMAL: numbers,
    Kind.DOUBLE: numbers,
    Kind.TEXT: written(texts),
    Kind.JSON: documents(),
}


@st.composite
def column_values(draw: st.DrawFn, column_type: ColumnType) -> list[str]:
    """Return values for a column: mostly of one shape, as they come; now and then something else."""
    fitting = FITTING.get(column_type.kind, written(moments))
    mould = draw(st.lists(fitting, min_size=1, max_size=3))
    value = st.one_of(st.sampled_from(mould), st.sampled_from(mould), fitting, st.just("null"))
    if draw(st.booleans()):
        value = st.one_of(value, ANY)
    return draw(st.lists(value, min_size=4, max_size=12))


def by_definition(rows: RowEncoder, records: Records) -> object:
    """Return the rows of the lines, each encoded by itself, or the error of the first that is refused."""
    made: list[bytes] = []
    for position, (number, line) in enumerate(zip(records.line_numbers, records.lines, strict=True)):
        row = outcome(rows.encode, Records.of_lines(records.stream, [line], [number]), FIRST + position)
        if not isinstance(row, bytes):
            return row
        made.append(row)
    return b"".join(made)


def encoded_by(block: BlockEncoder) -> Callable[[Records, int], bytes]:
    """Return what encodes a run and keeps its rows."""
    return lambda records, sequence: block.encode(records, sequence, bytes)


def same(columns: list[Column], lines: list[str], file_format: FileFormat, **options: Any) -> object:
    """Assert that both ways come to the same; return it."""
    records = Records.of_lines(
        "s", [line.encode("utf-8", "surrogateescape") for line in lines], range(3, len(lines) + 3)
    )
    general = RowEncoder("s", columns, file_format, **options)
    block = BlockEncoder(RowEncoder("s", columns, file_format, **options), file_format)
    expected, found = by_definition(general, records), outcome(encoded_by(block), records)
    assert found == expected
    if isinstance(expected, bytes):
        assert block.seen == general.seen
    return expected


def line_of(record: str, stream: str = "s") -> str:
    """Return a RECORD line."""
    return f'{{"type": "RECORD", "stream": "{stream}", "record": {record}}}'


@settings(max_examples=int(os.environ.get("LONG_EXAMPLES", "40")), deadline=None)
@pytest.mark.parametrize("column_type", TYPES, ids=str)
@given(data=st.data(), file_format=st.sampled_from(FORMATS), takes_null=st.booleans())
def test_one_column(data: st.DataObject, column_type: ColumnType, file_format: FileFormat, takes_null: bool) -> None:
    """Whatever stands in a column, its fields or its error are those of the definition."""
    values = data.draw(column_values(column_type))
    column = Column("c", column_type, "p", takes_null)
    same([column], [line_of(f'{{"p": {value}}}') for value in values], file_format)


ODD_SCALARS = [
    "1" * 37, "1" * 38, "1" * 39, "0." + "1" * 36, "0." + "3" * 37, "1e5", "1e400", "0.1e-400", "-0", "null",
    '"\\u0000"', '"\\\\u0000"', '"\\\\\\u0000"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\u0041"',
    '"a"', '"\\u0061"', '"\\uD7FF\\uE000"', '"\\": 1"', '"{"', '"[\\"]"', "true", '"' + "a" * 40 + '"', "{}", "[]",
    '{"a": 1, "a": 2}',
]  # fmt: skip


@pytest.mark.parametrize("document", ['{"a": %s}', '{"b": [{"a": 0}, {"a": %s}], "a": {"b" :"x"}}', '{"a": 0, %s: 1}'])
def test_one_odd_scalar(document: str) -> None:
    """Among plain documents one is kept, refused or altered as it is alone."""
    is_name = document.endswith("1}")
    plain = document % ('"c"' if is_name else "1")
    column = [Column("c", ColumnType(Kind.JSON, starts="{"), "p")]
    for file_format in (REDSHIFT, SNOWFLAKE):
        for scalar in [*ODD_SCALARS, *ODD_NUMBERS]:
            if not is_name or scalar.startswith('"'):
                values = [plain, document % scalar, plain]
                same(column, [line_of(f'{{"p": {value}}}') for value in values], file_format)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[str]]:
    """Return columns and lines, keys in any order, missing, unknown or twice."""
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
    columns = [Column(f"c{n}", kind, f"p{n}", draw(st.booleans())) for n, kind in enumerate(types)]
    values = [draw(column_values(kind)) for kind in types]
    lines = []
    for row in zip(*values, strict=False):
        members = [f'"p{n}": {value}' for n, value in enumerate(row) if draw(st.integers(0, 9))]
        if draw(st.integers(0, 30)) == 0:
            members.append(draw(st.sampled_from(['"more": 1', '"p0": null', '"p0": "twice"'])))
        lines.append(line_of("{" + ", ".join(draw(st.permutations(members))) + "}"))
    return columns, lines


@settings(max_examples=int(os.environ.get("LONG_EXAMPLES", "150")), deadline=None)
@given(table=tables(), file_format=st.sampled_from(FORMATS), strict=st.booleans(), required=st.booleans())
def test_whole_records(
    table: tuple[list[Column], list[str]], file_format: FileFormat, strict: bool, required: bool
) -> None:
    """Missing, unknown, repeated and required properties: rows and errors are those of the definition."""
    columns, lines = table
    needed = frozenset({"p0"}) if required else frozenset()
    same(columns, lines, file_format, required=needed, on_unknown=(lambda problem: None) if strict else None)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(texts, min_size=4, max_size=12), ascii_only=st.booleans())
def test_lengths_that_the_schema_demands(values: list[str], ascii_only: bool) -> None:
    """A text of more characters than maxLength is refused, and no other."""
    schema = {"properties": {"p": {"type": "string", "maxLength": 6}}}
    columns = columns_of(schema, TypeRules(), {"p": "p"})
    lines = [line_of(json.dumps({"p": value}, ensure_ascii=ascii_only)) for value in values]
    expected = same(list(columns), lines, REDSHIFT, check=record_check("s", schema, columns))
    assert isinstance(expected, bytes) == all(len(value) <= 6 and "\0" not in value for value in values)


GOOD = [line_of(f'{{"p": {n}}}') for n in range(4)]


@pytest.mark.parametrize(
    "line",
    [
        line_of('{"p": 1}', "t"),
        line_of('{"p": 1}')[:-1],
        line_of('{"p": 01}'),
        line_of('{"p": 1}') + line_of('{"p": 2}'),
        line_of('{"p": "\udcff"}'),
        line_of('{"q": "\udcff"}'),
        line_of('{"p": "\x1f"}'),
        line_of('{"p": 1}')[:-1] + ', "time_extracted": 5}',
        line_of('{"p": 1}')[:-1] + ', "version": 5, "more": {}}',
        line_of("[]"),
        line_of("null"),
        "",
        "[1]",
    ],
)
@pytest.mark.parametrize("position", [0, 3, 4])
def test_a_line_that_is_not_like_the_others(line: str, position: int) -> None:
    """A broken or foreign line anywhere in a block is reported as it is when it stands alone."""
    lines = [*GOOD[:position], line, *GOOD[position:]]
    for kind in (Kind.INTEGER, Kind.TEXT, Kind.JSON):
        same([Column("c", ColumnType(kind), "p")], lines, REDSHIFT)


def test_most_rows_take_the_short_way() -> None:
    """The workloads are spliced; the test would prove nothing if all rows were left to the definition."""
    for workload in WORKLOADS:
        columns, lines = workload_lines(workload, 50)
        encoder = BlockEncoder(RowEncoder("s", columns, REDSHIFT), REDSHIFT)
        encoder._rows.encode = None  # type: ignore[method-assign, assignment]
        assert encoder.encode(Records.of_lines("s", lines, range(50)), 0, bytes).count(b"\n") >= 50


# What taps of the registry write of plain values, beyond what the workloads have (bench/recordings.py).
TAP_VALUES = [
    ("MySQL: date", ColumnType(Kind.TIMESTAMPTZ), '"2020-10-29T00:00:00+00:00"'),
    ("MySQL: time", ColumnType(Kind.TIME), '"12:08:56"'),
    ("PostgreSQL: money", ColumnType(Kind.TEXT), '"-$2,865,344.95"'),
    ("PostgreSQL: numeric in a double", ColumnType(Kind.DOUBLE), "6935167422.7774"),
    ("PostgreSQL: interval", ColumnType(Kind.TIMESTAMPTZ), '"1970-01-01T02:29:39+00:00"'),
    ("PostgreSQL: array", ColumnType(Kind.JSON), "[8979, null]"),
    ("spreadsheets: boolean", ColumnType(Kind.INTEGER), "0"),
    ("spreadsheets: date", ColumnType(Kind.DATE), '"2020-10-29 00:00:00"'),
    ("spreadsheets: moment", ColumnType(Kind.TIMESTAMP), '"2022-07-17 10:30:21.208000"'),
    ("JSON lines: document", ColumnType(Kind.JSON), '{"a":[0.5754514608742576,null,"lagoon"]}'),
    ("CSV: document", ColumnType(Kind.TEXT), r'"{\"a\": [0.5754514608742576, null, \"lagoon\"]}"'),
    ("CSV: decimal in a text", ColumnType(Kind.DECIMAL, 38, 9, content=Content.ANY), '"-2865344.95"'),
    ("dBASE: float", ColumnType(Kind.DOUBLE), "78.959428"),
]


@pytest.mark.parametrize("file_format", [REDSHIFT, SNOWFLAKE], ids=["redshift", "snowflake"])
def test_values_of_other_taps_take_the_short_way(file_format: FileFormat, caplog: pytest.LogCaptureFixture) -> None:
    """No plain value of a recorded tap is left to the definition; what is left to it is told at level DEBUG."""
    columns = [Column(f"c{n}", kind, name) for n, (name, kind, _) in enumerate(TAP_VALUES)]
    members = ", ".join(f"{json.dumps(name)}: {value}" for name, _, value in TAP_VALUES)
    line = (
        f'{{"type":"RECORD","stream":"s","record":{{{members}}},"version":1,"time_extracted":"2026-11-30T19:04:00Z"}}'
    )
    with caplog.at_level(logging.DEBUG, logger="singer_bulk"):
        assert isinstance(same(columns, [line] * 2, file_format), bytes)
        assert [record.getMessage() for record in caplog.records] == []
        assert isinstance(same(columns, [line, line.replace("2020", r"\u0032020"), line], file_format), bytes)
    assert [record.getMessage() for record in caplog.records] == ["stream s, line 4: 1 records by the definition"]


def workload_lines(workload: str, count: int, seed: int = 0) -> tuple[list[Column], list[bytes]]:
    properties, record = WORKLOADS[workload]
    random = Random(seed)
    rules = TypeRules(datetime_type="timestamptz")
    columns = columns_of({"properties": properties}, rules, {name: name for name in properties})
    lines = [line_of(json.dumps(record(random, n), ensure_ascii=n % 2 == 0)).encode() for n in range(count)]
    return list(columns), lines


@pytest.mark.parametrize("file_format", [REDSHIFT, SNOWFLAKE], ids=["redshift", "snowflake"])
@pytest.mark.parametrize("workload", list(WORKLOADS))
def test_long_runs(workload: str, file_format: FileFormat) -> None:
    """The rows of the workloads are byte for byte those of the definition."""
    step = 2000
    for seed in range(max(1, LONG_ROWS // 6 // step)):
        columns, lines = workload_lines(workload, step, seed)
        records = Records.of_lines("s", lines, range(step))
        definition = RowEncoder("s", columns, file_format)
        block = BlockEncoder(RowEncoder("s", columns, file_format), file_format)
        assert block.encode(records, 0, bytes) == definition.encode(records, 0)


@pytest.mark.parametrize("count", [1, 4])
def test_records_in_an_order_of_their_own(count: int) -> None:
    """Many properties in another order than that of the SCHEMA are looked up by name; the rows are the same."""
    names = [f"p{number}" for number in range(500)]
    columns = [Column(name, ColumnType(Kind.INTEGER), name) for name in names]
    told: list[str] = []
    in_order = {name: number for number, name in enumerate(names)}
    reverse = dict(reversed([*in_order.items(), ("more", 1)]))
    made = {}
    for order, values in (("same", in_order), ("reverse", reverse)):
        run = Records.of_lines("s", [line_of(json.dumps(values)).encode()] * count, range(count))
        rows = RowEncoder("s", columns, REDSHIFT, on_unknown=told.extend)
        made[order] = BlockEncoder(rows, REDSHIFT).encode(run, 0, bytes)
    assert made["reverse"] == made["same"] == (b"|".join(b"%d" % n for n in range(500)) + b"\n") * count
    assert told == ["more"]


def test_numbers_beyond_any_double_in_an_order_of_their_own() -> None:
    """Whichever way properties are looked up, a number stays the text that it is, also where no column takes it."""
    kinds = {"p0": Kind.TEXT, "p1": Kind.JSON, **{f"p{number}": Kind.INTEGER for number in range(2, 200)}}
    columns = [Column(name, ColumnType(kind, content=Content.ANY), name) for name, kind in kinds.items()]
    values = {"p0": "1e400", "p1": '{"a": [-1e99]}', **dict.fromkeys([*kinds][2:], "1"), "more": "1e400"}
    made = []
    for members in (values, dict(reversed([*values.items()]))):
        record = ", ".join(f'"{name}": {value}' for name, value in members.items())
        line = f'{{"type": "RECORD", "stream": "s", "record": {{{record}}}}}'.encode()
        made.append(RowEncoder("s", columns, REDSHIFT).encode(Records.of_lines("s", [line], [1]), 0))
    assert made[0] == made[1]
    assert made[0].startswith(b'"1e400"|"{""a"": [-1e99]}"|1|')
