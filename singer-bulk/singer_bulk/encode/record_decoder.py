"""RECORD lines -> records whose values are still JSON texts, in the order of the columns.

A struct of msgspec is fastest. Names that it cannot have, and an order that it searches long, go by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from singer_bulk.model.columns import Column
from singer_bulk.model.messages import are_plain

MISSING = b""  # of a property that the record does not have
# A struct of msgspec looks for each property from the one before on, to the end and around: n columns in an order of
# their own take n * n / 2 steps. 1,600 columns in reverse took 25 to 28 ms a record, and 3 to 4 found by name.
FEW_COLUMNS = 100
MAX_STEPS = 20  # for a column, on average


class _AnyRecord(msgspec.Struct):
    record: dict[str, msgspec.Raw]


def is_scattered(line: bytes, columns: Sequence[Column]) -> bool:
    """Return whether the record has its properties in an order that a struct would search long for."""
    positions = {column.property: position for position, column in enumerate(columns)}
    try:
        found = [positions.get(name) for name in record_of(line)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    steps, before, count = 0, 0, len(columns)
    for position in found:
        steps += count if position is None else (position - before) % count
        before = before if position is None else position + 1
    return steps > MAX_STEPS * count


class ByName:
    """The decoder of RECORD lines for property names that no msgspec struct can have, or finds too slowly.

    It raises the same errors.
    """

    def __init__(self, columns: Sequence[Column], required: frozenset[str], passed: Sequence[str] | None) -> None:
        self._names = [str(column.property) for column in columns]
        self._required = required
        self._known = None if passed is None else {*self._names, *passed}
        self._record = msgspec.defstruct("Record", [(f"f{position}", Any) for position in range(len(self._names))])

    def decode(self, line: bytes) -> Any:
        message: Any = msgspec.json.decode(line, type=_AnyMessage)
        values = message.record
        for name in self._names:
            if name in self._required and name not in values:
                raise msgspec.ValidationError(f"Object missing required field `{name}`")
        unknown = [] if self._known is None else [name for name in values if name not in self._known]
        if unknown:
            raise msgspec.ValidationError(f"Object contains unknown field `{unknown[0]}`")
        absent = msgspec.Raw(MISSING)
        message.record = self._record(*[values.get(name, absent) for name in self._names])
        return message


def record_of(line: bytes) -> dict[str, msgspec.Raw]:
    return dict(msgspec.json.decode(line, type=_AnyRecord).record)


class _AnyMessage(msgspec.Struct):
    stream: str
    record: dict[str, msgspec.Raw]
    time_extracted: str | None = None
    version: int | None = None


def record_decoder(columns: Sequence[Column], required: frozenset[str], passed: Sequence[str] | None) -> Any:
    """Return a decoder of RECORD lines; its records keep each value as JSON text, in the order of the columns.

    Other properties than those and the ones that are `passed` are refused; none if that is None. What is passed may be
    missing, even where it is `required`: no record is judged by what came before it.
    """
    names = [*(column.property for column in columns), *(passed or ())]
    if not are_plain(names):
        return ByName(columns, required, passed)
    absent, demanded = msgspec.Raw(MISSING), required.intersection(str(column.property) for column in columns)
    fields: list[Any] = [
        (f"f{position}", msgspec.Raw) if name in demanded else (f"f{position}", msgspec.Raw, absent)
        for position, name in enumerate(names)
    ]
    record_type = msgspec.defstruct(
        "Record",
        fields,
        rename={f"f{position}": name for position, name in enumerate(names) if name is not None},
        kw_only=True,
        forbid_unknown_fields=passed is not None,
    )
    message_type = msgspec.defstruct(
        "RecordMessage",
        [
            ("stream", str),
            ("record", record_type),
            ("time_extracted", str | None, None),
            ("version", int | None, None),
        ],
        forbid_unknown_fields=False,
    )
    return msgspec.json.Decoder(message_type)
