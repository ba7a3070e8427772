"""A run of RECORD lines -> rows, a column at a time.

`rows.RowEncoder` is the definition: line by line, value by value, with the exact error. This module does the same for a
whole run in a few calls. It only ever succeeds: a run that it is not sure of, errors included, is encoded by the
definition. The steps:

1. decode all lines at once: each value stays the bytes of its JSON text;
2. join the values of each column and pass them to the column's splice; if that is not sure, pass them one by one to the
   column's field encoder;
3. join the fields of all columns into rows; where the fields of a column are its values, use these as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import add, attrgetter
from typing import Any, Literal, TypeVar

import msgspec

from singer_bulk.encode.column_checks import NULL_VALUE, splice_of, without_escapes
from singer_bulk.encode.datetimes import UndecidedDatetime
from singer_bulk.encode.patterns import SEPARATOR
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.model.block_memory import collector_paused
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import FieldEncoder, FileFormat, Unfit
from singer_bulk.model.kinds import Kind
from singer_bulk.model.messages import Records, are_plain

# Fewer records than this are encoded faster line by line.
FEW_RECORDS = 8
NULL, MISSING = b"null", b"\x1e"
_record_of, _values_of = attrgetter("record"), msgspec.structs.astuple
T = TypeVar("T")


class Unsure(Exception):
    """The definition has to encode the run."""


class BlockEncoder:
    """Turns runs of RECORDs of one stream into rows; made once per SCHEMA, around the stream's RowEncoder."""

    def __init__(self, rows: RowEncoder, file_format: FileFormat) -> None:
        self._rows = rows
        self._max_bytes = file_format.row_max_bytes
        self._null = file_format.null
        self._max_lengths = _at_positions(rows, rows.check.max_lengths if rows.check else None)
        self._checks = _at_positions(rows, rows.check.decoders if rows.check else None)
        self._columns = [
            _Fields(column, encode, file_format, is_first=column is rows.columns[0])
            for column, encode in zip(rows.columns, rows.encoders, strict=True)
        ]
        plain = are_plain(column.property for column in rows.columns)
        if not plain:
            self._columns = []  # only the definition reads names that no struct can have
        self._passed = rows.passed
        self._decoder: Any = _decoder(rows, rows.passed) if plain else None

    def encode(self, records: Records, sequence: int) -> bytes:
        """Return what `RowEncoder.encode` returns, or raise what it raises."""
        rows = self.encode_surely(records, sequence)
        return self._rows.encode(records, sequence) if rows is None else rows

    def encode_surely(self, records: Records, sequence: int) -> bytes | None:
        """Return the rows, or None if the definition has to encode them; raises RecordInvalid."""
        if records.count < FEW_RECORDS or not self._columns or self._rows.goes_by_name(records):
            return None
        try:
            with collector_paused():
                return self._encode(records, sequence)
        except (Unsure, Unfit, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def _encode(self, records: Records, sequence: int) -> bytes:
        records.text.decode()  # nothing else checks that the fields are UTF-8
        if self._passed != self._rows.passed:
            self._passed, self._decoder = self._rows.passed, _decoder(self._rows, self._rows.passed)
        messages = self._decoder.decode_lines(records.text)
        if len(messages) != records.count:
            raise Unsure
        values = list(zip(*map(_values_of, map(_record_of, messages)), strict=True))[: len(self._columns)]
        self._check(records, values)
        suffix = self._rows.suffix()
        ends = suffix(messages, sequence) if suffix else None
        # The values of a column are freed before the next column is made, so that the memory stays in the cache.
        del messages
        values.reverse()
        columns = [column.encode(values.pop()) for column in self._columns]
        rows: Iterable[bytes] = map(SEPARATOR.join, zip(*columns, strict=True))
        if ends is not None:
            rows = map(add, rows, ends)
        block = b"\n".join(rows) + b"\n"
        if block.count(SEPARATOR) != (len(columns) - 1) * records.count:
            raise Unsure  # a text contains a separator
        block = block.replace(NULL_VALUE, SEPARATOR + self._null).replace(SEPARATOR, b"|")
        if self._max_bytes is not None and len(block) > self._max_bytes:
            raise Unsure  # a single row may be too long
        return block

    def _check(self, records: Records, values: Sequence[Sequence[Any]]) -> None:
        """Check what the SCHEMA demands beyond its columns; a text has at most as many characters as bytes."""
        check = self._rows.check
        if check is None:
            return
        if self._max_lengths and all(max(map(len, values[at])) - 2 <= limit for at, limit in self._max_lengths):
            return
        try:
            for at, decode in self._checks:
                decode(b"[" + b",".join(values[at]) + b"]")
            if self._checks:
                return
        except (msgspec.MsgspecError, RecursionError):
            pass
        check(records)

    def datetimes_seen(self) -> frozenset[str]:
        """Return the undecided date-time columns that have got a value."""
        return self._rows.datetimes_seen()


def _at_positions(rows: RowEncoder, by_property: Mapping[str, T] | None) -> list[tuple[int, T]]:
    """Return (position of its column, value) for each property; an empty list if one has no column."""
    positions = {column.property: position for position, column in enumerate(rows.columns)}
    if by_property is None or not by_property.keys() <= positions.keys():
        return []
    return [(positions[name], each) for name, each in by_property.items()]


class _Fields:
    """One column: from the JSON texts of its values to its fields."""

    def __init__(self, column: Column, encode: FieldEncoder, file_format: FileFormat, *, is_first: bool) -> None:
        self._takes_null = column.takes_null
        self._null = file_format.null
        self._encode = encode
        self._is_first = is_first
        self._is_text = column.type.kind is Kind.TEXT
        self._splice = splice_of(column.type, file_format)

    def encode(self, raw: Sequence[Any]) -> Sequence[Any]:
        """Return the fields; `null` behind a separator still stands for NULL in them. Raises Unsure or Unfit."""
        values = SEPARATOR + SEPARATOR.join(raw)
        as_sent = True
        if not self._takes_null:
            if NULL_VALUE in values:
                raise Unsure
            if MISSING in values:
                values, as_sent = values.replace(MISSING, NULL), False
        escaped: dict[int, bytes] = {}
        if self._is_text and b"\\" in values:
            values, escaped = without_escapes(values, self._encode)
        spliced = self._splice(values, raw)
        if spliced is None:
            fields = self._one_by_one(values)
        elif spliced is values and as_sent and not self._is_first:
            fields = list(raw)
        else:
            fields = self._cut(spliced)
        for position, field in escaped.items():
            fields[position] = field
        return fields

    def _cut(self, fields: bytes) -> list[Any]:
        if isinstance(self._encode, UndecidedDatetime):
            self._encode.seen = self._encode.seen or b"-" in fields
        if self._is_first:
            fields = fields.replace(NULL_VALUE, SEPARATOR + self._null)
        return fields[1:].split(SEPARATOR)

    def _one_by_one(self, values: bytes) -> list[Any]:
        null, encode = self._null, self._encode
        return [null if value == NULL else encode(value) for value in values[1:].split(SEPARATOR)]


def _decoder(rows: RowEncoder, passed: Sequence[str] | None) -> Any:
    """Return a decoder of RECORD lines; a missing value is null, or MISSING where null would be refused."""
    fields: list[Any] = []
    for position, column in enumerate(rows.columns):
        absent = msgspec.Raw(NULL if column.takes_null else MISSING)
        default = () if column.property in rows.required else (absent,)
        fields.append((f"f{position}", msgspec.Raw, *default))
    names = [*(str(column.property) for column in rows.columns), *(passed or ())]
    fields += [(f"f{position}", msgspec.Raw, msgspec.Raw(NULL)) for position in range(len(fields), len(names))]
    record_type = msgspec.defstruct(
        "Record",
        fields,
        rename={f"f{position}": name for position, name in enumerate(names)},
        kw_only=True,
        gc=False,
        forbid_unknown_fields=passed is not None,
    )
    message_type = msgspec.defstruct(
        "RecordMessage",
        [
            ("stream", Literal[rows.stream]),
            ("record", record_type),
            ("time_extracted", str | None, None),
            ("version", int | None, None),
        ],
        gc=False,
    )
    return msgspec.json.Decoder(message_type)
