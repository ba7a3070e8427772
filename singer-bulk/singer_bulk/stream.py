"""What a stream is between its SCHEMA and its rows: its table, its columns, its open batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from singer_bulk.batch import Batch, ClosedBatch
from singer_bulk.columns import (
    TIMESTAMPTZ,
    Column,
    ColumnType,
    Kind,
    TypeRules,
    columns_of,
    widest_of,
    with_type,
)
from singer_bulk.delimited import RowEncoder, no_suffix
from singer_bulk.dialect import Table, TableLoad
from singer_bulk.errors import ConfigError
from singer_bulk.messages import Records
from singer_bulk.metadata import metadata_columns, suffix_of
from singer_bulk.stage import StageWriter
from singer_bulk.values import ColumnOutgrown, FileFormat

logger = logging.getLogger(__name__)

INSTANTS = (Kind.TIMESTAMP, Kind.TIMESTAMPTZ)


@dataclass(frozen=True)
class StreamContext:
    """What the streams of a run share."""

    file_format: Callable[[], FileFormat]  # one for each file: its NULL marker is its own
    open_file: Callable[[str], StageWriter]
    new_key: Callable[[str], str]
    fold: Callable[[str], str]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    started_at: datetime
    rules: TypeRules
    add_record_metadata: bool
    validate_records: bool


@dataclass
class Stream:
    """One stream of the run. `schema_text` tells a repeated SCHEMA from a changed one."""

    name: str
    table: Table
    overwrite: bool
    schema_text: bytes
    schema: Mapping[str, Any]
    columns: tuple[Column, ...]
    keys: frozenset[str]  # key properties
    context: StreamContext
    batch: Batch | None = None
    closed: list[ClosedBatch] = field(default_factory=list)
    warned: bool = False

    @property
    def row_count(self) -> int:
        """Rows that no load has committed."""
        return sum(batch.row_count for batch in self.closed) + (self.batch.row_count if self.batch else 0)

    def add(self, records: Records, sequence: int) -> None:
        """Encode the records into the open batch, opening one if there is none."""
        try:
            self._open_batch().add(records, sequence)
        except ColumnOutgrown as outgrown:
            # The column has another type from here on; the rows before it stand in a file of their own.
            self.close_batch()
            self.columns = with_type(self.columns, outgrown.column, outgrown.needed)
            self.add(records, sequence)

    def close_batch(self) -> None:
        """Stage the file of the open batch."""
        if self.batch is None:
            return
        batch, self.batch = self.batch, None
        if batch.row_count:
            self.closed.append(batch.close())
        else:
            batch.abort()

    def abort(self) -> None:
        """Leave nothing of the open batch in the stage."""
        if self.batch is not None:
            self.batch.abort()
            self.batch = None

    def take_load(self) -> TableLoad:
        """Return what a load does to the table, and begin anew."""
        self.close_batch()
        batches, self.closed = tuple(self.closed), []
        seen = frozenset[str]().union(*(batch.datetimes_seen for batch in batches))
        self.columns = decided(self.columns, seen)
        return TableLoad(self.name, self.table, self.columns + self._metadata_columns(), batches, self.overwrite)

    def _metadata_columns(self) -> tuple[Column, ...]:
        if not self.context.add_record_metadata:
            return ()
        return metadata_columns(self._properties(), self.context.fold)

    def _properties(self) -> list[str]:
        return [column.property for column in self.columns if column.property is not None]

    def _open_batch(self) -> Batch:
        if self.batch is None:
            context, file_format = self.context, self.context.file_format()
            suffix = no_suffix
            if context.add_record_metadata:
                suffix = suffix_of(self._properties(), file_format, context.now, context.started_at)
            encoder = RowEncoder(
                self.name,
                self.columns,
                file_format,
                keys=self.keys,
                required=frozenset(self.schema.get("required", ())) if context.validate_records else frozenset(),
                suffix=suffix,
                on_unknown=None if self.warned else self._warn_of_unknown,
            )
            self.batch = Batch(
                self.name,
                self.columns + self._metadata_columns(),
                file_format.null,
                encoder,
                context.new_key(self.name),
                context.open_file,
                context.monotonic(),
            )
        return self.batch

    def _warn_of_unknown(self, problem: str) -> None:
        self.warned = True
        logger.warning("stream %s: %s; the SCHEMA does not have it, its values are not loaded", self.name, problem)


def decided(columns: Sequence[Column], seen: Collection[str]) -> tuple[Column, ...]:
    """Return the columns with each undecided date-time settled: TIMESTAMP if values came, none with offset."""
    without_offset, with_offset = ColumnType(Kind.TIMESTAMP), TIMESTAMPTZ
    return tuple(
        replace(column, type=without_offset if column.name in seen else with_offset)
        if column.type.kind is Kind.DATETIME
        else column
        for column in columns
    )


def stream_columns(
    stream: str,
    schema: Mapping[str, Any],
    rules: TypeRules,
    names: Mapping[str, str],
    present: Mapping[str, Column],
) -> tuple[Column, ...]:
    """Return the columns of a SCHEMA as the table has them or will have them.

    Raises ConfigError where the table has a column that cannot hold what the SCHEMA declares.
    """
    wanted = columns_of(schema, rules, names)
    return tuple(_as_present(stream, column, present.get(column.name)) for column in wanted)


def _as_present(stream: str, wanted: Column, present: Column | None) -> Column:
    if present is None:
        return wanted
    if wanted.type.kind is Kind.DATETIME and present.type.kind in INSTANTS:
        return replace(wanted, type=present.type)
    if wanted.type.kind is present.type.kind is Kind.TEXT or widest_of(wanted.type, present.type) == present.type:
        return replace(wanted, type=present.type)
    raise ConfigError(
        f"stream {stream!r}: column {wanted.name!r} is {present.type.kind.value} in the table, "
        f"the SCHEMA declares {wanted.type.kind.value}; load into another table, or map the property by a stream map"
    )
