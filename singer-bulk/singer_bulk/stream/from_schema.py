"""From a SCHEMA to its stream: the table, the columns, how rows enter it, what of them is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from singer_bulk.encode.added_fields import first_sequence
from singer_bulk.encode.workers import Workers
from singer_bulk.errors import ConfigError
from singer_bulk.feeds.presets import Preset, known_values, needed_properties
from singer_bulk.model.added import DELETED_AT
from singer_bulk.model.check import Check
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.load import LoadMethod, Table, TableLoad, seen_by_column
from singer_bulk.model.messages import Schema
from singer_bulk.model.seen import ColumnSeen, keeps
from singer_bulk.schema.names import table_name
from singer_bulk.schema.placement import Placement, with_pending
from singer_bulk.schema.record_check import record_check
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import VALUE
from singer_bulk.stream.claims import Known, demand_table, tables_of
from singer_bulk.stream.deciding import deciding, demand_keys
from singer_bulk.stream.layout import demand_columns, demand_named, demand_unmasked
from singer_bulk.stream.own_names import demand_clear_stamp, demand_free, names_of
from singer_bulk.stream.stream import Stream, StreamContext, stream_columns
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.known_tables import KnownTables
from singer_bulk.warehouse.ledger import last_sequence
from singer_bulk.warehouse.session import Warehouse


@dataclass(frozen=True)
class Present:
    """The table as the warehouse has it, and what the load that is being gathered will do to it so far."""

    warehouse: Callable[[], Warehouse]
    table: Table
    pending: Sequence[TableLoad]
    known: Callable[[], KnownTables] = dict

    def columns(self) -> dict[str, Column]:
        """Return the columns that the table will have when the pending parts have been loaded."""
        present = self.warehouse().columns(self.table)
        return with_pending(present, [column for part in self.pending for column in part.columns])

    def is_lossless(self, existing: Column, new_type: ColumnType) -> bool:
        """Return whether each value of the column is the same in a wider type, be it in the table or still in files."""
        warehouse = self.warehouse()
        seen = seen_by_column(batch for part in self.pending for batch in part.batches)
        waiting = seen.get(existing.name, ColumnSeen())
        return keeps(waiting, existing.type, new_type, warehouse.is_same) and warehouse.is_lossless(
            self.table, existing, new_type
        )


class Opening:
    """Makes the streams of a run. The warehouse is reached before the first, so that a wrong setting costs nothing.

    warehouse: waits for a load that is under way.
    """

    def __init__(self, warehouse: Callable[[], Warehouse], dialect: Dialect, context: StreamContext) -> None:
        self._warehouse, self._dialect = warehouse, dialect
        self._context = replace(context, workers=Workers(context.settings.encoders or 0, context.runtime))
        self._known = Known()

    def begin(self) -> int:
        """Reach the warehouse; return the number of the run's first row. Raises BulkError."""
        warehouse = self._warehouse()
        warehouse.demand_schema(warehouse.ledger)
        number = first_sequence(self._context.started_at, last_sequence(warehouse))
        self._context.layout()
        return number

    def stream(self, message: Schema, pending: Callable[[str, Table], Sequence[TableLoad]]) -> Stream:
        """Return the stream of a SCHEMA; pending: what no load has committed of its table."""
        table = table_of(message, self._context.settings, self._dialect)
        self._warehouse().demand_schema(table)
        known = partial(self._known.tables, self._warehouse)
        present = Present(self._warehouse, table, pending(message.stream, table), known)
        context = self._context.of(message.stream)
        stream = stream_of(message, present, self._dialect, context)
        self._known.enter(stream.name, table, stream.method)
        return stream


def table_of(message: Schema, settings: LoadSettings, dialect: Dialect) -> Table:
    """Return the table of a stream; raises ConfigError."""
    if "\0" in message.stream:
        raise ConfigError(
            f"stream {message.stream!r}: no warehouse keeps a name with NUL; rename it by a stream map",
            code="STREAM-NAME",
        )
    return Table(
        *table_name(message.stream, settings.default_target_schema, settings.schema_mapping or {}, dialect.names)
    )


def _deciding(settings: LoadSettings, method: LoadMethod) -> set[str]:
    """Return the properties that decide over the rows of a stream that has them."""
    feed = settings.method.cdc.declared if method.applies or method.viewed else Preset()
    names = {one.property for one in feed.operations}.union(feed.times, *feed.sequences)
    return names if settings.sdc_deleted_at == VALUE else names | {DELETED_AT}


def stream_of(message: Schema, present: Present, dialect: Dialect, context: StreamContext) -> Stream:
    """Return the stream; raises ConfigError for what the settings, the load method or the table's columns exclude."""
    schema, settings = message.properties(), context.settings
    demand_free(message.stream, present.table, present.warehouse().ledger)
    demand_keys(message.stream, message.key_properties or (), schema["properties"])
    demand_named(message.stream, settings, schema["properties"])
    names, is_made = names_of(settings, dialect.names), bool(present.warehouse().columns(present.table))
    placement = Placement(
        message.stream, present.columns(), settings.evolution, names, present.is_lossless, is_made=is_made
    )
    validate = settings.validate_records
    columns = stream_columns(schema, settings, names, placement, dialect.types)
    method = settings.method.of(message.stream, message.key_properties or (), columns)
    demand_clear_stamp(message.stream, schema["properties"], method, settings.sdc_deleted_at)
    columns = deciding(message.stream, columns, method, schema["properties"])
    keys = frozenset(message.key_properties or ())
    demand_unmasked(message.stream, columns, keys, schema, _deciding(settings, method))
    needed = needed_properties(method.feed).union(() if method.takes_keyless else keys)
    columns = tuple(replace(one, takes_null=False) if one.property in needed else one for one in columns)
    # A record without a key property is refused, so such a column may be NULL only where the SCHEMA allows null.
    columns = tuple(replace(one, nullable=one.takes_null) if one.property in keys else one for one in columns)
    checked = schema if validate else {"properties": {}}
    operations = known_values(method.feed)

    def check_of(columns: Sequence[Column]) -> Check | None:
        if not validate and not operations:
            return None
        return record_check(message.stream, checked, columns, operations, rounds=settings.values.round_numbers)

    demand_table(
        message.stream, tables_of(present.table, method, names), method, present.known, present.warehouse, names
    )
    placement.keep(frozenset(str(column.property) for column in columns if column.decides))
    stream = Stream(
        message.stream,
        present.table,
        method,
        bytes(message.schema),
        schema,
        columns,
        keys,
        context,
        message,
        placement,
        check_of,
        settings.table_properties.described(schema.get("description")),
    )
    demand_columns(stream.name, stream.properties, stream.columns + stream.added())
    return stream
