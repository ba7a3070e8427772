"""What a stream is between its SCHEMA and its rows: its table, its columns, its open batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from singer_bulk.encode.added_fields import MetadataFields
from singer_bulk.encode.batch import Batch
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import Added, LeftOut, LoneField, NoFields, RowEncoder
from singer_bulk.encode.workers import Workers
from singer_bulk.errors import RecordRejected
from singer_bulk.feeds.presets import needed_properties, whole_values
from singer_bulk.model.added import EXTRA_NAME, METADATA_TYPES, MISSING_NAME, ORDER_NAME
from singer_bulk.model.check import Check
from singer_bulk.model.columns import INTEGER, TEXT, TIMESTAMPTZ, Column, ColumnType, Content
from singer_bulk.model.facts import UNWATCHED, Watch
from singer_bulk.model.file_format import ColumnOutgrown, FileFormat, FileLayout
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import UPSERT, ClosedBatch, LoadMethod, Table, TableLoad, seen_by_column
from singer_bulk.model.messages import Records, Schema
from singer_bulk.model.names import NameRules
from singer_bulk.model.runtime import Runtime
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.schema.chosen_types import with_chosen
from singer_bulk.schema.declared import listed, no_properties
from singer_bulk.schema.json_schema import columns_of, json_type
from singer_bulk.schema.names import column_names, comment_of
from singer_bulk.schema.placement import Placement
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.base import StageWriter
from singer_bulk.stage.rejects import Rejects
from singer_bulk.stream.claims import tables_of
from singer_bulk.warehouse.dialect import TypeTable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamContext:
    """What the streams of a run share; `of` gives what may differ for one."""

    settings: LoadSettings
    file_format: Callable[[], FileFormat]  # one for each batch: its NULL marker is its own
    open_file: Callable[[str], StageWriter]
    new_key: Callable[[str], str]
    fold: Callable[[str], str]
    runtime: Runtime
    started_at: datetime
    rejects: Rejects | None  # None: a rejected record ends the run
    layout: Callable[[], FileLayout]
    workers: Workers = field(default_factory=Workers)
    watch: Watch = UNWATCHED

    def of(self, stream: str) -> StreamContext:
        """Return the context with the settings of the stream."""
        settings = self.settings.of(stream)
        rejects = self.rejects if settings.on_invalid_record == "reject" else None
        return replace(self, settings=settings, rejects=rejects)


@dataclass
class Stream:
    """One stream of the run. `schema_text` tells a repeated SCHEMA from a changed one."""

    name: str
    table: Table
    method: LoadMethod
    schema_text: bytes
    schema: Mapping[str, Any]
    columns: tuple[Column, ...]
    keys: frozenset[str]  # key properties
    context: StreamContext
    message: Schema
    placement: Placement
    check_of: Callable[[Sequence[Column]], Check | None]  # what these columns leave to be checked
    properties: TableProperties = PLAIN
    batch: Batch | None = None
    closed: list[ClosedBatch] = field(default_factory=list)
    rejected: int = 0  # since the last load
    undeclared: dict[str, bool] = field(default_factory=dict)  # properties that the SCHEMA lacks: whether they are told
    activated: int | None = None  # the version of an ACTIVATE_VERSION that no load has acted on
    check: Check | None = field(init=False)

    def __post_init__(self) -> None:
        self.check = self.check_of(self.columns)

    def is_of(self, message: Schema) -> bool:
        """Return whether the SCHEMA says what the stream's has said."""
        return self.schema_text == bytes(message.schema) and self.message.key_properties == message.key_properties

    @property
    def tables(self) -> list[Table]:
        """The tables and views that are the stream's, its own first."""
        return tables_of(self.table, self.method, self.placement.names)

    @property
    def row_count(self) -> int:
        """Rows that no load has committed."""
        return sum(batch.row_count for batch in self.closed) + (self.batch.row_count if self.batch else 0)

    def add(self, records: Records, sequence: int) -> None:
        """Take the records into the open batch, opening one if there is none.

        Raises RecordRejected and MessageError; a rejected record is set aside if the user wants that.
        """
        if not self._open_batch().hand_over(records, sequence):
            self._wait_for_blocks()
            self._add_here(records, sequence)

    def _wait_for_blocks(self) -> None:
        """Wait for the other threads, and encode here what came back as it was."""
        for records, sequence in self.batch.wait_for_blocks() if self.batch else ():
            self._add_here(records, sequence)

    def _add_here(self, records: Records, sequence: int) -> None:
        """Encode the records, with all that may come of it; nothing is on its way to another thread.

        Behind a record that is set aside they are taken in runs of one, two, four: where many are, those behind them
        would be encoded anew for each.
        """
        lines: list[bytes] = []
        done, size = 0, records.count
        while done < records.count:
            end = done + size
            part = Records.of_lines(self.name, lines[done:end], records.line_numbers[done:end]) if lines else records
            try:
                outgrown = self._add(part, sequence + done)
            except RecordRejected as rejected:
                if self.context.rejects is None:
                    raise
                good, bad, _ = _around(part, rejected.line_number)
                if good.count:
                    self._add_here(good, sequence + done)
                self.context.rejects.take(self.message, bad.lines[0], rejected)
                self.rejected += 1
                lines, done, size = lines or records.lines, done + good.count + 1, 1
                continue
            if outgrown is None:
                done, size = done + part.count, 2 * size
            else:
                self._exchange(*outgrown)

    def _add(self, records: Records, sequence: int) -> tuple[str, Column] | None:
        """Encode the records, or return the name of a column that one has outgrown, and the column to take instead.

        Raises RecordRejected where the column may not change, and for a value that only the column's type kept out
        although the SCHEMA forbids it.
        """
        try:
            self._open_batch().add(records, sequence)
        except ColumnOutgrown as outgrown:
            (column,) = [column for column in self.columns if column.name == outgrown.column]
            check = self.check_of(self._with(column.name, replace(column, type=outgrown.needed)))
            if check is not None:
                check(_around(records, outgrown.rejected.line_number)[1])
            return column.name, self.placement.outgrow(column, outgrown)
        return None

    def _exchange(self, name: str, new: Column) -> None:
        """Use another column for the following rows; the rows before are in files of their own."""
        self.close_batch()
        self.columns = self._with(name, new)
        self.check = self.check_of(self.columns)

    def _with(self, name: str, new: Column) -> tuple[Column, ...]:
        return tuple(new if column.name == name else column for column in self.columns)

    def close_batch(self) -> None:
        """Stage the files of the open batch."""
        self._wait_for_blocks()
        if self.batch is None:
            return
        if self.batch.row_count:
            self.closed.append(self.batch.close())
        else:
            self.batch.abort()
        self.batch = None

    def may_be_part(self) -> None:
        """Nothing proves that the full load is whole: unless the user allows more, it may not lose a row."""
        if self.method.max_shrink is None:
            self.method = replace(self.method, max_shrink=0.0)

    def abort(self) -> None:
        """Give up the open batch."""
        if self.batch is not None:
            self.batch.abort()
            self.batch = None

    def take_load(self) -> TableLoad:
        """Return what a load does to the table, and begin anew."""
        self.close_batch()
        self._tell_undeclared()
        batches, self.closed = tuple(self.closed), []
        seen = seen_by_column(batches)
        self.columns = decided(self.columns, {name for name, one in seen.items() if one.values})
        activated, self.activated = self.activated, None
        rejected, self.rejected = self.rejected, 0
        columns = self.columns + self.added()
        self.placement.remember(columns)
        frozen = self.context.settings.evolution.frozen
        return TableLoad(
            self.name,
            self.table,
            columns,
            batches,
            self.method,
            activated,
            rejected,
            frozen,
            properties=self.properties,
        )

    def added(self) -> tuple[Column, ...]:
        """Return the columns of the table that no property of the SCHEMA fills."""
        left_out = None if self.method.name == UPSERT else self._left_out_column()
        found = (self._extra_column(), left_out)
        return (*(column for column in found if column is not None), *self._metadata())

    def _metadata(self) -> tuple[Column, ...]:
        return tuple(Column(self.context.fold(name), METADATA_TYPES[name]) for name in self._added_names())

    def _left_out_column(self) -> Column | None:
        """Return the column for what an event left out, where that means that it has not changed."""
        return Column(self.context.fold(MISSING_NAME), TEXT) if self.method.feed.partial else None

    def _extra_column(self) -> Column | None:
        """Return the column for properties that the SCHEMA does not have."""
        context = self.context
        if context.settings.extra_properties != "column":
            return None
        return Column(context.fold(EXTRA_NAME), json_type(context.settings.types))

    def _added_names(self) -> tuple[str, ...]:
        if not self.context.settings.add_record_metadata:
            return ()
        filled = {column.name for column in self.columns}
        return tuple(name for name in METADATA_TYPES if self.context.fold(name) not in filled)

    def _open_batch(self) -> Batch:
        if self.batch is None:
            context = self.context
            file_format = self.file_format()
            written: Added = NoFields()
            names, extra, left_out = self._added_names(), self._extra_column(), self._left_out_column()
            added = (*(column for column in (extra, left_out) if column is not None), *self._metadata())
            if not self.columns and extra is None:
                raise no_properties(self.name)
            if self.method.applies:
                names, added = (*names, ORDER_NAME), (*added, Column(context.fold(ORDER_NAME), INTEGER))
            if len(self.columns + added) == 1 and not file_format.null:
                written = LoneField()
            if names:
                written = MetadataFields(names, file_format, context.runtime.now, context.started_at)
            encoder = RowEncoder(
                self.name,
                self.columns,
                file_format,
                keys=self.keys,
                required=self._required(),
                added=written,
                on_unknown=None if extra is not None else self._note_undeclared,
                extra=extra,
                check=self.check,
                left_out=None if left_out is None else LeftOut(left_out, whole_values(self.method.feed)),
            )
            self.batch = Batch(
                self.name,
                self.columns + added,
                file_format.null,
                BlockEncoder(encoder, file_format),
                lambda: context.new_key(self.name),
                context.open_file,
                context.runtime.monotonic(),
                layout=context.layout(),
                workers=context.workers,
                watch=context.watch,
            )
        return self.batch

    def file_format(self) -> FileFormat:
        """Return the format of a new batch, with what the user chose for values."""
        return replace(self.context.file_format(), rules=self.context.settings.values)

    def _required(self) -> frozenset[str]:
        declared = self.schema.get("required", ()) if self.context.settings.validate_records else ()
        return needed_properties(self.method.feed).union(declared)

    def _note_undeclared(self, names: Sequence[str]) -> None:
        for name in names:
            self.undeclared.setdefault(name, False)

    def _tell_undeclared(self) -> None:
        """Name the properties that came since the last load, and that no column has."""
        names = [name for name, told in self.undeclared.items() if not told]
        if names:
            logger.warning(
                "stream %s: the SCHEMA does not have what some records do, and these values are not loaded: %s; "
                "extra_properties: column keeps them in %s",
                self.name,
                listed([repr(name) for name in names]),
                EXTRA_NAME,
            )
        self.undeclared = dict.fromkeys(self.undeclared, True)


def _around(records: Records, line_number: int) -> tuple[Records, Records, Records]:
    """Return the records before the line, the one in it, and those behind it."""
    position = records.line_numbers.index(line_number)
    good, rest = records.split(position)
    return good, *rest.split(1)


def decided(columns: Sequence[Column], seen: Collection[str]) -> tuple[Column, ...]:
    """Return the columns with a type for each undecided date-time: TIMESTAMP if values came, none with offset."""
    without_offset, with_offset = ColumnType(Kind.TIMESTAMP), TIMESTAMPTZ
    return tuple(
        replace(column, type=without_offset if column.name in seen else with_offset)
        if column.type.kind is Kind.DATETIME
        else column
        for column in columns
    )


def stream_columns(
    schema: Mapping[str, Any],
    settings: LoadSettings,
    names: NameRules,
    placement: Placement,
    types: TypeTable,
) -> tuple[Column, ...]:
    """Return the columns of a SCHEMA as the table has them or will have them; `types` are the warehouse's.

    Without validation, null and values of other types than a text column's are taken as they come.
    Raises ConfigError where the table has a column that cannot hold what the SCHEMA declares, and may not change.
    """
    written = column_names(schema["properties"], placement.present.values(), names, settings.column_names or {})
    declared = columns_of(schema, settings.types, written)
    chosen = settings.columns or {}
    wanted = [
        replace(
            column,
            type=column.type if column.chosen else types.created(column.type),
            comment=comment_of(
                str(column.property),
                names,
                _description(schema, column) if settings.comments else None,
                column=column.name if settings.column_names else None,
            ),
        )
        for column in with_chosen(placement.stream, declared, chosen, schema, types.created, types.max_text)
    ]
    if not settings.validate_records:
        wanted = [replace(column, type=_lenient(column.type), takes_null=True, nullable=True) for column in wanted]
    placement.taken.update(column.name for column in wanted)
    return tuple(placement.place(column) for column in wanted)


def _description(schema: Mapping[str, Any], column: Column) -> object:
    declared = schema["properties"][column.property]
    return declared.get("description") if isinstance(declared, Mapping) else None


def _lenient(column_type: ColumnType) -> ColumnType:
    if column_type.kind is Kind.TEXT and column_type.content is not Content.JSON:
        return replace(column_type, content=Content.ANY, starts="")
    return replace(column_type, starts="")
