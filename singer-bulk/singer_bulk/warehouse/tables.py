"""The tables that a load needs, their columns and their views: made before its transaction begins.

Snowflake commits the open transaction when it meets DDL, which would publish half a load (sql-reference/transactions);
Redshift accepts either order.
"""

from __future__ import annotations

import json
from dataclasses import replace

from singer_bulk.model.added import MISSING_NAME
from singer_bulk.model.columns import Column
from singer_bulk.model.load import Load, Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import demand_held
from singer_bulk.warehouse.ledger import LEDGER_COLUMNS
from singer_bulk.warehouse.merge import events_of, tables_beside
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.views import Views, make_views


class LoadTables:
    """Makes what loads need, once; remembers which views stand."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._dialect = warehouse.dialect
        self._viewed: dict[Table, tuple[tuple[Column, ...], frozenset[str]]] = {}
        self._prepared = False

    def make(self, load: Load) -> None:
        fold = self._dialect.fold
        self._warehouse.make_table(
            self._warehouse.ledger, [replace(column, name=fold(column.name)) for column in LEDGER_COLUMNS], ours=True
        )
        for table in load.tables:
            self._warehouse.make_table(table.table, table.columns)
            for batch in table.batches:
                demand_held(table.table, batch.columns, self._warehouse.columns(table.table))
            for beside, columns in tables_beside(self._dialect, table, self._warehouse.version_column(table)).items():
                self._warehouse.make_table(beside, columns)
            if table.method.viewed:
                self._make_views(table)
        if not self._prepared:
            self._warehouse.prepare(self._warehouse.session)
            self._prepared = True

    def _make_views(self, table: TableLoad) -> None:
        """Create or replace the views of a table before its load, so that they are right before and after it."""
        columns = tuple(self._warehouse.columns(table.table).values())
        left_out = self._left_out(table)
        if self._viewed.get(table.table) == (columns, left_out):
            return
        make_views(
            self._warehouse.session,
            Views(
                self._dialect,
                table.table,
                events_of(self._dialect, table, columns, self._warehouse.version_column(table)),
                columns,
                sorted(left_out),
                self._activated(table) if self._warehouse.version_column(table) else None,
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

    def _activated(self, table: TableLoad) -> str:
        """Return the query for the version of the table that is in force."""
        dialect = self._dialect
        version, name = (words.name(dialect.fold(one)) for one in ("activated_version", "table_name"))
        which = f"{name} = {words.literal(str(table.table))}"
        return f"(SELECT MAX({version}) FROM {dialect.table(self._warehouse.ledger)} WHERE {which})"
