"""The native pass where Python does not run: cases for harness.c, and whether it makes of them what the library does.

`python -m tests.native.cases write CASES` writes the file that the program reads; `... compare OUTPUT` looks at what
the program has written. Both need the library of this machine. The exit status is 1 if a byte differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

from singer_bulk.encode.added_fields import MetadataFields
from singer_bulk.encode.native import NativeRows, native_rows
from singer_bulk.encode.rows import RowEncoder, Varying
from singer_bulk.model.added import METADATA_TYPES
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import FileFormat
from singer_bulk.schema.json_schema import TypeRules, columns_of
from singer_bulk.schema.record_check import record_check
from singer_bulk.self_test.corpus import GROUPS

from bench.workloads import WORKLOADS
from tests.unit.test_blocks import (
    FORMATS,
    ODD_MOMENTS,
    ODD_NUMBERS,
    ODD_SCALARS,
    ODD_TEXTS,
    TYPES,
    line_of,
    workload_lines,
)

NOON = datetime(2024, 5, 6, 12, tzinfo=timezone.utc)
SEQUENCE = 1_777_000_000_000_000_000
ADDED = {Varying.SEQUENCE: 1, Varying.EXTRACTED_AT: 2, Varying.TABLE_VERSION: 3}  # enum added_kind of rows.h
CHECKED = {
    "id": {"type": "integer", "minimum": 0, "maximum": 9}, "a": {"type": "string", "maxLength": 5, "minLength": 1},
    "b": {"type": ["null", "string"], "enum": ["red", "grün", None]},
    "c": {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "integer"}}, "b": {"type": "string"}},
    },
}  # fmt: skip
CHECKED_VALUES = {
    "id": ["1", "10", "-1", "9.0"],
    "a": ['"x"', '""', '"Zürich"', '"\\u00e9\\"\\ud83d\\ude00"'],
    "b": ['"red"', '"green"', "null", '"gr\\u00fcn"'],
    "c": ['{"a": [1, 2], "b": "x"}', '{"a": [1.5]}', "[]", '{"b": 1}', '{"more": {"a": 1, "a": 2}}'],
}


class Case:
    """A plan with its lines."""

    def __init__(self, native: NativeRows, rows: RowEncoder, lines: list[str]) -> None:
        self._native, self._rows = native, rows
        self._text = "".join(line.replace("\n", " ") + "\n" for line in lines).encode("utf-8", "surrogatepass")

    def written(self) -> Iterator[str | bytes | int]:
        """Yield the numbers and texts of the case, as harness.c reads them."""
        plan = self._native._plan.struct
        yield from (plan.column_count, plan.fields)
        for column in plan.columns[: plan.column_count]:
            yield column.name
            yield from (column.kind, column.types, column.takes_null, column.required, column.precision, column.scale)
            yield from (column.max_bytes, column.least, column.most, column.choice_count)
            for word in column.choices[: column.choice_count]:
                yield word.text
            yield from _shape(column.shape)
        parts = self._rows.parts()
        yield len(parts)
        for part in parts:
            yield from (0, part) if isinstance(part, bytes) else (ADDED[part], b"")
        yield from (plan.name_slots, plan.stream, plan.null)
        yield from (plan.fraction_digits, plan.utc, plan.takes_unknown, plan.demands_all)
        yield from (plan.document_max_bytes, plan.document_string_max_bytes, plan.row_max_bytes)
        yield from (SEQUENCE, self._text)

    def outcome(self) -> tuple[bytes, list[int], list[list[int]]]:
        """Return what the library makes of it: rows, left lines, and what was seen of each column."""
        rows, left = self._native.encode(self._text, SEQUENCE, lambda rows, left: (bytes(rows), left))
        seen = self._native._seen[0][: self._native._plan.field_count]
        return rows, [one.number for one in left], [[getattr(one, name) for name, _ in one._fields_] for one in seen]


def _shape(pointer: Any) -> Iterator[bytes | int]:
    if not pointer:
        yield 0
        return
    shape = pointer.contents
    yield from (1, shape.types, shape.member_count)
    for member in shape.members[: shape.member_count]:
        yield member.name
        yield from _shape(member.shape)
    yield from _shape(shape.items)


def cases() -> Iterator[Case]:
    """Yield the fixed cases: odd values under each type, what SCHEMAs demand, hard values, rows of the workloads."""
    odd = [*ODD_NUMBERS, *ODD_SCALARS, *(json.dumps(text) for text in (*ODD_TEXTS, *ODD_MOMENTS))]
    for file_format in FORMATS:
        for column_type in TYPES:
            yield case([Column("c", column_type, "p")], file_format, [line_of(f'{{"p": {value}}}') for value in odd])
        columns = list(columns_of({"properties": CHECKED}, TypeRules(), {name: name for name in CHECKED}))
        check = record_check("s", {"properties": CHECKED}, columns)
        lines = [line_of(f'{{"{name}": {text}}}') for name, texts in CHECKED_VALUES.items() for text in texts]
        yield case(
            columns, file_format, lines, check=check, required=frozenset(["id"]) if file_format.utc else frozenset()
        )
        for group in GROUPS:
            found = columns_of({"properties": {"p": group.schema}}, TypeRules(), {"p": "p"})
            yield case(
                list(found), file_format, [line_of(f'{{"p": {text}}}') for text in (*group.kept, *group.refused)]
            )
        added = MetadataFields(list(METADATA_TYPES), file_format, lambda: NOON.replace(microsecond=0), NOON)
        for workload in WORKLOADS:
            columns, made = workload_lines(workload, 100)
            last = ', "time_extracted": "2024-05-06T07:08:09.5+02:00", "version": 1700000000000}'
            yield case(columns, file_format, [line.decode()[:-1] + last for line in made], added=added)


def case(columns: list[Column], file_format: FileFormat, lines: list[str], **options: Any) -> Case:
    """Return a case; some of its lines in an order of their own, with blanks, or cut off."""
    rows = RowEncoder("s", columns, file_format, **options)
    native = native_rows(rows, file_format)
    if native is None:
        raise AssertionError("there is no library")
    random = Random(0)
    lines = [line.replace(": ", " :\t", 3) if random.random() < 0.1 else line for line in lines]
    return Case(
        native, rows, [line[: random.randrange(len(line))] if random.random() < 0.03 else line for line in lines]
    )


def file_of(made: list[Case]) -> bytes:
    """Return the file that harness.c reads."""
    parts = [each for one in made for each in one.written()]
    return b" ".join(
        b"%d:%b" % (len(part), part) if isinstance(part, bytes) else b"%d" % part for part in [len(made), *parts]
    )


def output_of(made: list[Case]) -> bytes:
    """Return what harness.c has to write."""
    texts: list[bytes] = []
    for rows, left, seen in (one.outcome() for one in made):
        texts += [b"rows %d\n" % len(rows), rows, *(b"left %d\n" % number for number in left)]
        texts += [b"".join(b" %d" % count for count in counts) + b"\n" for counts in seen]
    return b"".join(texts)


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    what, path = sys.argv[1:]
    made = list(cases())
    if what == "write":
        Path(path).write_bytes(file_of(made))
        return 0
    found, expected = Path(path).read_bytes(), output_of(made)
    at = next((at for at, (one, other) in enumerate(zip(found, expected, strict=False)) if one != other), -1)
    print(f"{len(made)} cases, {len(expected)} bytes: " + ("equal" if found == expected else f"not equal at byte {at}"))
    return 0 if found == expected else 1


if __name__ == "__main__":
    sys.exit(main())
