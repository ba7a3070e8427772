"""Inputs for fuzz_rows.c to begin with: the hard values of tests/fidelity and rows of the workloads, under its plans.

An input is: the number of columns, two bytes of choices, one byte
for each column (its kind, and 11 times its variant), then RECORD lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from singer_bulk.self_test.corpus import GROUPS

from bench.workloads import WORKLOADS
from tests.unit.test_blocks import ODD_MOMENTS, ODD_NUMBERS, ODD_SCALARS, ODD_TEXTS

KINDS = 11  # as `enum kind` of rows.h counts them
VARIANTS = 23  # a byte holds no more
INTEGER, DECIMAL, DOUBLE, TEXT, TIMESTAMPTZ, DOCUMENT = 1, 2, 3, 4, 9, 10
NAMES = ["id", "p1", "a", "b", "Zürich", "", "stream", "version", "a long name of more than sixteen bytes"]
MAX_BYTES = 300  # of a value


def lines_of(records: list[str], last: str = "") -> bytes:
    """Return RECORD lines."""
    lines = [f'{{"type": "RECORD", "stream": "s", "record": {record}{last}}}\n' for record in records]
    return "".join(lines).encode("utf-8", "surrogatepass")


def hard_values() -> Iterator[bytes]:
    """Yield lines of values, some at a time, in a column of each kind."""
    groups = [text for group in GROUPS for text in (*group.kept, *group.refused)]
    odd = [*ODD_NUMBERS, *ODD_SCALARS, *(json.dumps(text) for text in (*ODD_TEXTS, *ODD_MOMENTS))]
    values = iter([text for text in (*groups, *odd) if len(text) <= MAX_BYTES])
    random = Random(0)
    while some := list(islice(values, 8)):
        lines = lines_of([f'{{"id": {text}}}' for text in some], ', "time_extracted": "2020-01-01T00:00:00Z"')
        for kind in range(KINDS):
            choice = kind + KINDS * random.randrange(VARIANTS)
            yield bytes([1, random.choice([0, 1, 17, 16, 8]), random.randrange(5), choice]) + lines


def _kind(value: Any) -> int:
    if isinstance(value, str):
        return TIMESTAMPTZ if value[:2] == "20" and "T" in value else TEXT
    return {int: INTEGER, float: DOUBLE, dict: DOCUMENT, list: DOCUMENT}.get(type(value), DOCUMENT)


def workloads() -> Iterator[bytes]:
    """Yield rows of the workloads, as many of their properties as a plan may have."""
    for make in (make for _, make in WORKLOADS.values()):
        random = Random(0)
        for number in range(20):
            record = dict(zip(NAMES, make(random, number).values(), strict=False))
            kinds = bytes(_kind(value) for value in record.values())
            order = list(record.items())[:: 1 if number % 4 else -1]
            text = json.dumps(dict(order), ensure_ascii=number % 2 == 0)
            yield bytes([len(kinds), number % 3, number % 5]) + kinds + lines_of([text], ', "version": 12345')


def write(folder: Path) -> None:
    """Write the inputs into the folder, a file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate([*hard_values(), *workloads()]):
        (folder / f"seed{number:04}").write_bytes(text)
