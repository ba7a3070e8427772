"""The tables that a stream has besides its own: the current state of a history, and the places of deleted keys."""

from __future__ import annotations

from dataclasses import replace

from singer_bulk.model.added import DELETED_SUFFIX, LIVE_SUFFIX, MISSING_NAME
from singer_bulk.model.columns import Column
from singer_bulk.model.load import Table, TableLoad
from singer_bulk.warehouse.dialect import Dialect


def applied_table(dialect: Dialect, table: TableLoad) -> Table:
    """Return the table that holds the current state: the stream's own, or the second one of a history."""
    if not table.method.live:
        return table.table
    return Table(table.table.schema, dialect.names.second_name(table.table.name, LIVE_SUFFIX))


def deleted_table(dialect: Dialect, table: TableLoad) -> Table:
    """Return the table that holds the places of deleted keys."""
    applied = applied_table(dialect, table)
    return Table(applied.schema, dialect.names.second_name(applied.name, DELETED_SUFFIX))


def further_tables(dialect: Dialect, table: TableLoad, version: str | None) -> dict[Table, list[Column]]:
    """Return the tables that the load needs besides that of the stream, with their columns."""
    method, found = table.method, {}
    if method.live:
        missing = dialect.fold(MISSING_NAME)
        found[applied_table(dialect, table)] = [column for column in table.columns if column.name != missing]
    if method.forgets:
        kept = {*method.keys, *(one.column for one in method.feed.order), version}
        found[deleted_table(dialect, table)] = [
            replace(column, nullable=True) for column in table.columns if column.name in kept
        ]
    return found
