"""Every value that would be refused, not only the first: with its line, its column, what that takes and the remedy.

Of what a column cannot hold, all values of a record are found; of what the SCHEMA forbids besides, the first of each
record. The first MAX_VALUES are kept as they are told, all are counted by stream and column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from singer_bulk.encode.fields import column_encoder
from singer_bulk.encode.record_decoder import record_of
from singer_bulk.errors import BulkError, RecordInvalid, RecordRejected, ValueRejected
from singer_bulk.errors.places import line_of
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import FieldEncoder, Unfit
from singer_bulk.model.messages import Schema
from singer_bulk.stage.rejects import Rejects
from singer_bulk.stream.stream import Stream

# A value that is told is some 500 bytes.
MAX_VALUES = 10_000


@dataclass(frozen=True)
class RefusedValue:
    """One of them. place: its column, the path of what the SCHEMA forbids, or None: the record as a whole."""

    stream: str
    line: int
    place: str | None
    text: str
    code: str


@dataclass
class Refused(Rejects):
    """Takes the place of the object with rejected records."""

    stream_of: Callable[[str], Stream | None] = lambda name: None
    values: list[RefusedValue] = field(default_factory=list)
    by_place: Counter[tuple[str, str]] = field(default_factory=Counter)
    _encoders: dict[tuple[Column, ...], list[FieldEncoder]] = field(default_factory=dict)  # by columns, as they come

    def take(self, schema: Schema, line: bytes, reason: RecordRejected) -> None:
        """Note what is refused of the record."""
        stream = self.stream_of(schema.stream)
        self.counts[schema.stream] += 1
        found = [*self._values(stream, line, reason.line_number)] if stream is not None else []
        if not any(value.text == reason.text for value in found):
            found.insert(
                0, RefusedValue(schema.stream, line_of(reason.line_number), _place(reason), reason.text, reason.code)
            )
        for value in found:
            self.by_place[value.stream, value.place or ""] += 1
        self.values += found[: max(0, MAX_VALUES - len(self.values))]

    def stage(self) -> list[str]:
        """Nothing is kept in the stage."""
        return []

    def _values(self, stream: Stream, line: bytes, number: int) -> Iterator[RefusedValue]:
        """Yield each value of the record that its column does not hold."""
        try:
            record = record_of(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        if stream.columns not in self._encoders:
            file_format = stream.file_format()
            self._encoders = {stream.columns: [column_encoder(column, file_format) for column in stream.columns]}
        for column, encode in zip(stream.columns, self._encoders[stream.columns], strict=True):
            raw = bytes(record.get(str(column.property), b"null"))
            if raw == b"null":
                continue
            try:
                encode(raw)
            except Unfit as unfit:
                error = ValueRejected(
                    stream=stream.name,
                    line_number=number,
                    column=column.name,
                    expected=unfit.expected,
                    value=raw,
                    remedy=unfit.remedy,
                )
                yield RefusedValue(stream.name, line_of(number), column.name, error.text, error.code)
            except BulkError:
                continue


def _place(reason: RecordRejected) -> str | None:
    if isinstance(reason, ValueRejected):
        return reason.column
    return reason.path if isinstance(reason, RecordInvalid) else None
