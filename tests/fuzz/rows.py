"""Rows of any SCHEMA and lines: by the native pass with the definition behind it, and line by line by that alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from itertools import pairwise
from random import Random
from typing import Any

from singer_bulk.encode.added_fields import MetadataFields
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import LeftOut, LoneField, NoFields, RowEncoder
from singer_bulk.errors import BulkError, ConfigError
from singer_bulk.model.added import METADATA_TYPES, ORDER_NAME
from singer_bulk.model.check import Check
from singer_bulk.model.columns import TEXT, Column, ColumnType, Content
from singer_bulk.model.file_format import ColumnOutgrown, FileFormat, ValueRules
from singer_bulk.model.kinds import STARTS, Kind
from singer_bulk.model.messages import Records
from singer_bulk.schema.json_schema import TypeRules, columns_of
from singer_bulk.schema.record_check import record_check

from tests.fuzz import record_values

LINES = 100  # of each seed
FIRST = 7  # the number of the first row
NOW = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone.utc)
KINDS = [kind for kind in Kind if kind is not Kind.OTHER]
SIZES = [(18, 9), (38, 0), (5, 5), (38, 37), (3, 1), (10, 8), (38, 2), (1, 0)]
NAMES = [
    "id",
    "a",
    "b",
    "Zürich",
    "",
    " ",
    "name",
    "p0",
    "stream",
    "record",
    "x" * 20,
    "東京",
    "record.a",
    'a"b',
    "a\\b",
]
PARTS: list[dict[str, Any]] = [
    {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}, {"type": "object"},
    {"type": ["string", "integer"]}, {"type": ["integer", "number", "string"]}, {}, {"type": ["array", "string"]},
    {"type": "string", "format": "date"}, {"type": "string", "format": "time"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "date-time"}, {"type": "string", "format": "uuid"},
    {"type": "number", "multipleOf": 0.01}, {"type": "string", "format": "singer.decimal"},
    {"type": "number", "multipleOf": 0.01, "maximum": 100}, {"type": "integer", "minimum": 0},
    {"type": "integer", "minimum": -5, "maximum": 1000}, {"type": "integer", "maximum": 2**63 - 1},
    {"type": "string", "maxLength": 6}, {"type": "string", "minLength": 2, "maxLength": 5},
    {"type": "string", "minLength": 1},
    {"type": "string", "enum": ["red", "grün", ""]}, {"type": "string", "enum": ["red", None]}, {"enum": ["red", 1]},
    {"type": "string", "pattern": "^a"}, {"type": "integer", "enum": [1, 2, 3]}, {"const": "red"},
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}, "id": {}}},
    {"type": "object", "properties": {"a": {"type": ["null", "number"]}, "b": {"type": "object"}}, "required": ["a"]},
    {"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": {"type": ["string", "null"]}},
    {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    {"type": ["object", "array"], "items": {"type": "string"}}, {"type": "array", "maxItems": 2},
]  # fmt: skip


def file_format(random: Random) -> FileFormat:
    """Return a warehouse's format, or a small one, so that limits are met."""
    null = random.choice([b"@null@", b"", b"@n0123456789abcdef@"])
    rules = ValueRules(*(random.random() < 0.3 for _ in range(4)))
    if random.random() < 0.5:
        return random.choice(
            [
                FileFormat(null, 6, True, 65_535, 16_000_000, 65_535, 16 << 20, rules),
                FileFormat(null, 9, False, 16_777_216, 16 << 20, rules=rules),
            ]
        )
    row_max_bytes = random.choice([None, 30, 120])
    return FileFormat(
        null, random.choice([0, 3]), random.random() < 0.5, 12, 40, random.choice([None, 10]), row_max_bytes, rules
    )


def column_type(random: Random) -> ColumnType:
    """Return a type of any kind and size."""
    kind = random.choice(KINDS)
    content = random.choice([Content.STRINGS, Content.ANY, Content.JSON]) if kind is Kind.TEXT else Content.STRINGS
    starts = "".join(random.sample(sorted(set(STARTS.values())), 2))
    if kind is Kind.DECIMAL:
        return ColumnType(kind, *random.choice(SIZES), content=random.choice([Content.STRINGS, Content.ANY]))
    if kind is Kind.DOUBLE:
        return ColumnType(kind, content=random.choice([Content.STRINGS, Content.INTEGERS]))
    if kind is Kind.TEXT:
        starts = starts if content is not Content.STRINGS and random.random() < 0.3 else ""
        return ColumnType(kind, max_bytes=random.choice([None, 8, 100]), content=content, starts=starts)
    return ColumnType(kind, starts=starts if kind is Kind.JSON and random.random() < 0.3 else "")


def names_of(random: Random) -> list[str]:
    """Return the names of properties: few, or more than a decoder takes one by one."""
    if random.random() < 0.05:
        return [f"p{number}" for number in range(random.choice([101, 150, 300]))]
    return random.sample(NAMES if random.random() < 0.2 else NAMES[:-2], random.choice([1, 1, 2, 3, 5, 8]))


def plan(random: Random) -> tuple[list[Column], FileFormat, dict[str, Any]]:
    """Return columns, of a SCHEMA or drawn one by one, and what a RowEncoder may have besides."""
    names, made = names_of(random), file_format(random)
    options: dict[str, Any] = {}
    if random.random() < 0.6:
        properties = {name: dict(random.choice(PARTS)) for name in names}
        for part in properties.values():
            if "type" in part and random.random() < 0.5:
                part["type"] = [*([part["type"]] if isinstance(part["type"], str) else part["type"]), "null"]
        schema = {"type": "object", "properties": properties}
        rules = TypeRules(
            random.choice(["double", "decimal"]), datetime_type=random.choice(["auto", "timestamp", "timestamptz"])
        )
        columns = list(columns_of(schema, rules, {name: f"c{at}" for at, name in enumerate(names)}))
        options["check"] = record_check("s", schema, columns)
    else:
        columns = [Column(f"c{at}", column_type(random), name, random.random() < 0.8) for at, name in enumerate(names)]
        if random.random() < 0.1:
            columns[0] = replace(columns[0], is_stamp=True, decides=True)
    return columns, made, {**options, **more_options(random, columns, made)}


def more_options(random: Random, columns: Sequence[Column], made: FileFormat) -> dict[str, Any]:
    """Return keys, required properties, and the fields behind those of the columns."""
    names = [str(column.property) for column in columns]
    options: dict[str, Any] = {"required": frozenset(random.sample(names, 1) if random.random() < 0.3 else [])}
    options["keys"] = frozenset(names[:1] if random.random() < 0.2 else [])
    if random.random() < 0.15:
        options["extra"] = Column(
            "_sdc_extra", random.choice([ColumnType(Kind.JSON), ColumnType(Kind.TEXT, content=Content.JSON)])
        )
    if random.random() < 0.15:
        options["left_out"] = LeftOut(Column("_sdc_missing", TEXT), {names[0]: frozenset([b"1", b'"red"'])})
    added = random.random()
    if added < 0.5:
        chosen = random.sample([*METADATA_TYPES, ORDER_NAME], random.randrange(1, len(METADATA_TYPES) + 2))
        now = NOW if made.fraction_digits >= 6 else NOW.replace(microsecond=0)
        options["added"] = MetadataFields(chosen, made, lambda: now, now)
    elif added < 0.6:
        options["added"] = LoneField()
    else:
        options["added"] = NoFields()
    return options


def taken(random: Random, column: Column, made: FileFormat, check: Check | None) -> list[str]:
    """Return values that the column takes, odd ones too."""
    rows = RowEncoder("s", [column], made, check=check)
    plain = [record_values.plain(random, column.type) for _ in range(8)]
    drawn = [*plain, *(record_values.fitting(random, column.type.kind) for _ in range(8)), "1", '"a"', "[]"]
    name = json.dumps(column.property)
    lines = [f'{{"type": "RECORD", "stream": "s", "record": {{{name}: {value}}}}}'.encode() for value in drawn]
    found = [outcome(rows.encode, Records.of_lines("s", [line], [0]), 0) for line in lines]
    return [value for value, row in zip(drawn, found, strict=True) if isinstance(row, bytes)] or plain


def lines_of(random: Random, columns: Sequence[Column], made: FileFormat, check: Check | None) -> list[bytes]:
    """Return RECORD lines for the columns: nearly all of them plain, some odd, or most of them odd and some damaged."""
    lines: list[bytes] = []
    values = {column: taken(random, column, made, check) for column in columns}
    oddity = random.choice([0.002, 0.01, 0.05, 0.3])
    order = list(columns)
    if random.random() < 0.2:
        order.reverse()
    for _ in range(LINES):
        members = []
        for column in order:
            if random.random() < oddity:
                continue
            name = record_values.escaped(random, str(column.property))
            value = record_values.pick(random, values[column])
            if random.random() < oddity * 2:
                value = record_values.fitting(random, column.type.kind)
            members.append(f"{name}:{record_values.pick(random, record_values.BLANKS)}{value}")
        if random.random() < oddity * 2:
            members.append(f'"{record_values.pick(random, record_values.NAMES)}": {record_values.document(random)}')
        if random.random() < oddity / 2 and members:
            members.append(members[0])
        if random.random() < oddity:
            random.shuffle(members)
        text = record_values.line(random, members, oddity).encode("utf-8", "surrogatepass")
        if random.random() < oddity / 2:
            text = record_values.damaged(random, text, random.choice(lines or [text]))
        lines.append(text)
    return lines


def outcome(encode: Callable[[Records, int], bytes], records: Records, sequence: int = FIRST) -> object:
    """Return the rows, or the error with all that it says."""
    try:
        return encode(records, sequence)
    except ColumnOutgrown as outgrown:
        return ColumnOutgrown, outgrown.column, outgrown.needed, str(outgrown.rejected)
    except BulkError as error:
        return type(error), str(error)


class Difference(Exception):
    """Both ways do not come to the same."""


class _Comparison:
    def __init__(self, lines: Sequence[bytes], expected: Sequence[object], block: BlockEncoder) -> None:
        self.lines, self.expected, self.block = lines, expected, block

    def run(self, begin: int, end: int) -> None:
        """Encode a run of lines, and once more what is left of it around each line that is refused."""
        while begin < end:
            wanted = self.expected[begin:end]
            refused = next((at for at, row in enumerate(wanted, begin) if not isinstance(row, bytes)), end)
            found = self.encode(begin, end)
            if refused == end:
                self.same(found, b"".join(row for row in wanted if isinstance(row, bytes)), begin, end)
                return
            self.same(found, self.expected[refused], begin, end)
            self.run(begin, refused)
            begin = refused + 1

    def encode(self, begin: int, end: int) -> object:
        records = Records.of_lines("s", self.lines[begin:end], range(begin, end))
        return outcome(lambda run, number: self.block.encode(run, number, bytes), records, FIRST + begin)

    def same(self, found: object, expected: object, begin: int, end: int) -> None:
        if found != expected:
            raise Difference(f"lines {begin} to {end}: {str(found)[:200]!r}, by definition {str(expected)[:200]!r}")

    def in_threads(self, parts: Sequence[tuple[int, int]]) -> None:
        """Encode the runs side by side."""
        with ThreadPoolExecutor(3) as threads:
            for (begin, end), found in zip(parts, threads.map(lambda part: self.encode(*part), parts), strict=True):
                rows = self.expected[begin:end]
                if all(isinstance(row, bytes) for row in rows):
                    self.same(found, b"".join(row for row in rows if isinstance(row, bytes)), begin, end)


def native_rows(seed: int) -> None:
    """Any columns and lines: the same rows and errors as by the definition alone, however the lines are cut."""
    random = Random(seed)
    try:
        columns, made, options = plan(random)
    except ConfigError:
        return
    lines = lines_of(random, columns, made, options.get("check"))
    told: dict[str, list[str]] = {"definition": [], "block": []}
    strict = "extra" not in options and random.random() < 0.5
    encoders = {
        way: RowEncoder("s", columns, made, on_unknown=told[way].extend if strict else None, **options) for way in told
    }
    definition, block = encoders["definition"], BlockEncoder(encoders["block"], made)
    expected = [
        outcome(definition.encode, Records.of_lines("s", [line], [number]), FIRST + number)
        for number, line in enumerate(lines)
    ]
    cuts = sorted({0, LINES, *(random.randrange(LINES) for _ in range(random.choice([0, 1, 4, 20])))})
    comparison = _Comparison(lines, expected, block)
    parts = list(pairwise(cuts))
    if random.random() < 0.1:
        comparison.in_threads(parts)
        told = {way: [] for way in told}  # which names come first is chance
    for begin, end in parts:
        comparison.run(begin, end)
    found, wanted = (
        ([replace(one, values=min(one.values, 1)) for one in way.seen], way.left_out_seen)
        for way in (block, definition)
    )  # lines that threads have encoded are encoded twice
    comparison.same((*found, set(told["block"])), (*wanted, set(told["definition"])), 0, LINES)
