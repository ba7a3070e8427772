"""The united columns meet the table as it is now: what an ordinary run decides at its SCHEMA, once for all parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from singer_bulk.errors import ConfigError
from singer_bulk.model.load import OVERWRITE, TableLoad
from singer_bulk.model.type_fit import holds_all, is_read_alike
from singer_bulk.receipts.receipt import wrong
from singer_bulk.schema.placement import Placement
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stream.claims import demand_table, tables_of
from singer_bulk.stream.from_schema import Present
from singer_bulk.warehouse.known_tables import KnownTable
from singer_bulk.warehouse.ledger import sequence_of
from singer_bulk.warehouse.session import Warehouse


def placed(part: TableLoad, warehouse: Warehouse, settings: LoadSettings, known: Mapping[str, KnownTable]) -> TableLoad:
    """Return the part with the columns that its table will have; raises ConfigError where that must not be."""
    names, own = warehouse.dialect.names, settings.of(part.stream)
    warehouse.demand_schema(part.table)
    tables = tables_of(part.table, part.method, names)
    demand_table(part.stream, tables, part.method, lambda: known, lambda: warehouse, names)
    present = warehouse.columns(part.table)
    if part.overwrite and present and not own.overwrite_allow_empty and not part.batches:
        raise ConfigError(
            f"stream {part.stream!r}: the full load has no record in any part, and table {part.table} would be "
            "emptied; nothing was changed; set overwrite_allow_empty to allow it",
            code="LOAD-EMPTY",
        )
    if present:
        _refuse_older(part, warehouse)
    is_lossless = Present(lambda: warehouse, part.table, [part]).is_lossless
    placement = Placement(part.stream, present, own.evolution, names, is_lossless, is_made=bool(present))
    columns = []
    for column in part.columns:
        new = placement.place(column)
        if new.name != column.name or not (is_read_alike(column.type, new.type) and holds_all(column.type, new.type)):
            raise wrong(
                f"stream {part.stream!r}: table {part.table} has column {column.name!r} as "
                f"{present[column.name].type}, the files were written for {column.type}, and not every field would be "
                "read as what it is; load them by one process, or alter the table"
            )
        columns.append(new)
    return replace(part, columns=tuple(columns), frozen=own.evolution.frozen)


def _refuse_older(part: TableLoad, warehouse: Warehouse) -> None:
    """Raise ConfigError where rows of a later load would be replaced by those of this one."""
    replaces = part.method.name != OVERWRITE and part.method.applies and not part.method.feed.order
    if replaces and part.batches and sequence_of(warehouse, part.table) > part.batches[-1].last_sequence:
        raise wrong(
            f"stream {part.stream!r}: table {part.table} has rows of a load that came after the work list was "
            "made, and older ones would replace them; make a new work list, and stage its parts"
        )
