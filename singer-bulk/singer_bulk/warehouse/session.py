"""The session of a run, what it knows of the tables, and the questions that may be asked again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.added import TABLE_VERSION
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.load import Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import demand_unchanged, fit_table, is_lossless, settled
from singer_bulk.warehouse.dialect import Dialect, Rows, Session
from singer_bulk.warehouse.ledger import LEDGER_COLUMNS
from singer_bulk.warehouse.retries import Retries

logger = logging.getLogger(__name__)

# A STATE of 16 MB; what a tap carries from run to run is a few hundred bytes.
MAX_STATE_CHUNKS = 1000

Answer = TypeVar("Answer")


@dataclass
class Warehouse:
    """The connection of a run and what it knows of the tables; used by one thread at a time."""

    connect: Callable[[], Session]
    dialect: Dialect
    ledger: Table
    frozen: bool = False  # tables that are there are never altered
    versioned: bool = False  # rows bear the version of their table, and ACTIVATE_VERSION is acted upon
    prepare: Callable[[Session], None] = lambda session: None  # what must be there before the first COPY
    pause: Callable[[float], None] = time.sleep
    _session: Session | None = None
    _was_reached: bool = False
    _tables: dict[Table, dict[str, Column]] = field(default_factory=dict)
    _schemas: set[str] = field(default_factory=set)

    @property
    def session(self) -> Session:
        """The session, opened when it is first needed.

        Raises ConfigError; once the settings have proved right, WarehouseError: the warehouse is away for now.
        """
        if self._session is None:
            try:
                self._session = self.connect()
            except ConfigError as error:
                if self._was_reached:
                    raise WarehouseError(str(error), connection_lost=True) from error
                raise
            self._was_reached = True
        return self._session

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def columns(self, table: Table) -> dict[str, Column]:
        """Return the columns of a table by name; empty if it is not there."""
        if table not in self._tables:
            self._tables[table] = self._ask(f"looking at table {table}", lambda: self._settled(table))
        return self._tables[table]

    def _settled(self, table: Table) -> dict[str, Column]:
        return settled(self.session, self.dialect, table, self.pause)

    def _ask(self, what: str, ask: Callable[[], Answer]) -> Answer:
        """Return the answer to what may be asked again, outside of a load: in one, the load is tried again."""
        retries = Retries(what, self.pause)
        while True:
            try:
                return ask()
            except WarehouseError as error:
                if error.connection_lost:
                    self.forget_session()
                retries.wait(error)

    def select(self, what: str, query: str) -> Rows:
        """Return the rows of a query outside of a load, asked again where that may help; `what` names it in the log."""
        return self._ask(what, lambda: self.session.execute(query))

    def ask_if_allowed(self, what: str, query: str) -> Rows | None:
        """Return the rows of a query outside of a load, None where the warehouse refuses it."""
        try:
            return self.select(what, query)
        except WarehouseError as error:
            if error.connection_lost:
                raise
            logger.info("%s is refused here: %s", what, error)
            return None

    def is_lossless(self, table: Table, here: Column, new_type: ColumnType) -> bool:
        """Return whether every value that the table has in the column comes back from the new type."""
        column = self.columns(table).get(here.name)
        return column is None or self._ask(
            f"looking at column {here.name!r} of table {table}",
            lambda: is_lossless(self.session, self.dialect, table, column, new_type),
        )

    def last_sequence(self) -> int:
        """Return the highest sequence number that a load has committed; 0 if there is none."""
        if not self.columns(self.ledger):
            return 0
        name = words.name(self.dialect.fold("last_sequence"))
        rows = self.select("reading the ledger", f"SELECT MAX({name}) FROM {self.dialect.table(self.ledger)}")
        return int(rows[0][0] or 0)

    def committed_runs(self) -> set[str]:
        """Return the ids of the runs that have a load in the ledger."""
        if not self.columns(self.ledger):
            return set()
        name = words.name(self.dialect.fold("load_id"))
        rows = self.select("reading the ledger", f"SELECT DISTINCT {name} FROM {self.dialect.table(self.ledger)}")
        return {row[0].partition("-")[0] for row in rows}

    def last_state(self, pipeline_id: str) -> str | None:
        """Return the STATE of the pipeline's last committed load, put together from its chunks, or None.

        Raises ConfigError where the ledger may be there and this user may not see it: a tap that is given no STATE
        begins anew, and every row comes twice.
        """
        if not self.columns(self.ledger):
            self._prove_no_ledger()
        dialect = self.dialect
        load_id, pipeline, sequence, committed, chunk, state = (
            words.name(dialect.fold(name))
            for name in ("load_id", "pipeline_id", "last_sequence", "committed_at", "state_chunk", "state")
        )
        rows = self.select(
            "reading the ledger",
            f"SELECT {load_id}, {chunk}, {state} FROM {dialect.table(self.ledger)} "
            f"WHERE {pipeline} = {words.literal(pipeline_id)} AND {state} IS NOT NULL "
            f"ORDER BY {sequence} DESC, {committed} DESC, {load_id}, {chunk} LIMIT {MAX_STATE_CHUNKS}",
        )
        return "".join(row[2] for row in rows if row[0] == rows[0][0]) if rows else None

    def has_state(self, pipeline_id: str) -> bool:
        """Return whether a load of the pipeline has ever closed a STATE."""
        if not self.columns(self.ledger):
            return False
        dialect = self.dialect
        pipeline, state = (words.name(dialect.fold(name)) for name in ("pipeline_id", "state"))
        closed = f"{state} IS NOT NULL AND {pipeline} = {words.literal(pipeline_id)}"
        query = words.count(dialect.table(self.ledger), closed)
        return bool(self.select("reading the ledger", query)[0][0])

    def _prove_no_ledger(self) -> None:
        """Make the ledger that cannot be seen: one that is there and hidden by missing rights then shows itself.

        Neither warehouse tells a table that is not there from one that may not be seen, in what lists tables.
        https://docs.snowflake.com/en/sql-reference/sql/desc-table
        """
        columns = [replace(column, name=self.dialect.fold(column.name)) for column in LEDGER_COLUMNS]
        try:
            self._make_schema(self.ledger.schema)
            self.session.execute(words.create_table(self.dialect, self.ledger, columns))
            self.session.execute(words.count(self.dialect.table(self.ledger)))
        except WarehouseError as error:
            if error.connection_lost:
                raise
            raise ConfigError(
                f"ledger {self.ledger} can neither be seen nor made, so nobody knows where the pipeline stands: "
                f"{error}; grant this user SELECT on it and USAGE on its schema, or correct default_target_schema and "
                "ledger_table"
            ) from error

    def make_table(self, table: Table, columns: Iterable[Column], *, ours: bool = False) -> None:
        """Create the table, or give it the columns that it lacks; `ours`: no stream's, so `frozen` does not hold."""
        wanted = list(columns)
        if table.schema not in self._schemas:
            self._make_schema(table.schema)
            self._schemas.add(table.schema)
        frozen = self.frozen and not ours
        present = self.columns(table)
        self._tables.pop(table)  # if a change fails, nobody knows what it left
        self._tables[table] = fit_table(
            self.session, self.dialect, table, wanted, present, frozen=frozen, pause=self.pause
        )

    def _make_schema(self, schema: str) -> None:
        exists = self.dialect.schema_exists(schema)
        if self.session.execute(exists):
            return
        try:
            self.session.execute(self.dialect.create_schema(schema))
        except WarehouseError:
            # Another run may create it at this moment, which IF NOT EXISTS does not see.
            if not self.session.execute(exists):
                raise

    def forget_session(self) -> None:
        """Close the session; the next statement opens another, which looks at the tables anew."""
        self.close()
        self._tables.clear()
        self._schemas.clear()

    def forget_tables(self) -> None:
        """Look at the tables anew: another run may have altered them."""
        self._tables.clear()

    def demand_unchanged(self, load: TableLoad) -> None:
        """Raise a conflict if another run has changed columns that the load fills."""
        known = self._tables.get(load.table)
        if known is None:
            # A lost session took it along while the load was prepared; it cannot be compared with itself.
            raise WarehouseError(f"table {load.table} was looked at by a session that is gone", conflict=True)
        demand_unchanged(self.session, self.dialect, load.table, [column.name for column in load.columns], known)

    def is_open(self, session: Session) -> bool:
        """Return whether this is still the session."""
        return self._session is session

    def version_column(self, table: TableLoad) -> str | None:
        """Return the column that holds the version of a row, if the table has versions."""
        name = self.dialect.fold(TABLE_VERSION)
        return name if self.versioned and any(column.name == name for column in table.columns) else None
