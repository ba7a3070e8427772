"""The tables that a load needs, their columns and their views: made before its transaction begins.

Snowflake commits the open transaction when it meets DDL, which would publish half a load (sql-reference/transactions);
Redshift accepts either order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from singer_bulk.model.added import MISSING_NAME, TABLE_VERSION
from singer_bulk.model.columns import Column
from singer_bulk.model.load import Load, Table, TableLoad
from singer_bulk.model.table_properties import PLAIN
from singer_bulk.warehouse import words
from singer_bulk.warehouse.converted import demand_fields_held
from singer_bulk.warehouse.events import events_of
from singer_bulk.warehouse.further_tables import applied_table, further_tables
from singer_bulk.warehouse.ledger import activated_version
from singer_bulk.warehouse.ledger_form import columns_of_ledger, explained, ledger_columns
from singer_bulk.warehouse.session import Wanted, Warehouse
from singer_bulk.warehouse.table_check import TableCheck
from singer_bulk.warehouse.turn import tables_in_turn, turn_column, turn_row, turn_table
from singer_bulk.warehouse.views import Views, make_views


class LoadTables:
    """Makes what loads need, once; remembers which views stand.

    versioned: rows bear the version of their table, and
    ACTIVATE_VERSION is acted upon.
    """

    def __init__(self, warehouse: Warehouse, *, versioned: bool = False) -> None:
        self._warehouse = warehouse
        self._dialect = warehouse.dialect
        self._versioned = versioned
        self._viewed: dict[Table, tuple[tuple[Column, ...], frozenset[str]]] = {}
        self._prepared = False
        self._check = TableCheck(warehouse)

    def make(self, load: Load) -> dict[Table, Mapping[str, Column]]:
        """Make what the load needs; return the columns of its tables, by name, for which its rows have proved right.

        All that is done commits by itself, so a session that is lost meanwhile may be replaced by another one.
        """
        warehouse = self._warehouse
        columns_of_ledger(warehouse)
        with explained(warehouse.ledger, "made or written"):
            warehouse.make_table(warehouse.ledger, ledger_columns(self._dialect))
        wanted = [*self._wanted(load)]
        self._check.look(wanted)
        warehouse.make_tables(wanted)
        known: dict[Table, Mapping[str, Column]] = {}
        for table in load.tables:
            known[table.table] = warehouse.columns(table.table)
            for batch in table.batches:
                demand_fields_held(table, batch, known[table.table])
            if table.method.viewed:
                self._make_views(table)
        if not self._prepared:
            warehouse.prepare(warehouse.session)
            self._prepared = True
        return known

    def _wanted(self, load: Load) -> Iterator[Wanted]:
        dialect = self._dialect
        for table in load.tables:
            for part in self._parts(table):
                yield Wanted(part.table, part.columns, part.frozen, properties=part.properties)
                for further, columns in further_tables(dialect, part, self.version_column(part)).items():
                    # The current state is for readers, as the history is; the places of deleted keys are the loader's.
                    of_readers = further == applied_table(dialect, part)
                    yield Wanted(further, columns, part.frozen, properties=part.properties if of_readers else PLAIN)
        for turn in tables_in_turn(dialect, load):
            where, column = turn_table(dialect, turn), turn_column(dialect)
            yield Wanted(where, [column], rows=turn_row(dialect, turn) if dialect.locks_rows else None)

    def _parts(self, table: TableLoad) -> Iterator[TableLoad]:
        """Yield the load with the columns of each of its SCHEMAs: the rows of the table go through all of its changes,
        as they would in as many loads. A table that is yet to be made gets its last columns at once."""
        forms = table.forms[:-1] if table.forms and self._warehouse.columns(table.table) else ()
        for form in forms:
            types = {column.name: column.type for column in form}
            columns = tuple(replace(column, type=types.get(column.name, column.type)) for column in table.columns)
            yield replace(table, columns=columns)
        yield table

    def version_column(self, table: TableLoad) -> str | None:
        """Return the column that holds the version of a row, if the table has versions."""
        name = self._dialect.fold(TABLE_VERSION)
        return name if self._versioned and any(column.name == name for column in table.columns) else None

    def _make_views(self, table: TableLoad) -> None:
        """Create or replace the views of a table before its load, so that they are right before and after it."""
        columns = tuple(self._warehouse.columns(table.table).values())
        left_out = self._left_out(table)
        if self._viewed.get(table.table) == (columns, left_out):
            return
        version = self.version_column(table)
        make_views(
            self._warehouse.session,
            Views(
                self._dialect,
                table.table,
                events_of(self._dialect, table, columns, version),
                columns,
                sorted(left_out),
                activated_version(self._dialect, self._warehouse.ledger, table.table) if version else None,
                table.properties,
            ),
        )
        self._viewed[table.table] = (columns, left_out)

    def _left_out(self, table: TableLoad) -> frozenset[str]:
        """Return the columns that an event has left out, in this load or ever before."""
        seen = frozenset[str]().union(*(batch.left_out for batch in table.batches))
        if not table.method.feed.partial:
            return seen
        if table.table in self._viewed:
            return seen | self._viewed[table.table][1]
        name = words.name(self._dialect.fold(MISSING_NAME))
        rows = self._warehouse.session.execute(
            f"SELECT DISTINCT {name} FROM {self._dialect.table(table.table)} WHERE {name} IS NOT NULL"
        )
        return seen.union(*(json.loads(row[0]) for row in rows))
