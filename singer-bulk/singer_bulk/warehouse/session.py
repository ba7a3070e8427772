"""The session of a run, what it knows of the tables, and the questions that may be asked again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.label import Label
from singer_bulk.model.load import Table
from singer_bulk.model.runtime import STANDARD
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import fit_table, half_done, is_lossless, is_same, recovered, table_gone
from singer_bulk.warehouse.catalog import Catalog
from singer_bulk.warehouse.dialect import Dialect, Rows, Session
from singer_bulk.warehouse.retries import Retries
from singer_bulk.warehouse.times import TimedSession, Times

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Wanted:
    """A table that a load needs. rows: a statement for the rows that it has from its beginning."""

    table: Table
    columns: Sequence[Column]
    frozen: bool = False
    rows: str | None = None
    properties: TableProperties = PLAIN

    def statements(self, dialect: Dialect) -> list[str]:
        """Return what makes the table."""
        made = words.made_table(dialect, self.table, self.columns, self.properties)
        return [*made, *([] if self.rows is None else [self.rows])]


@dataclass
class Warehouse:
    """The connection of a run and what it knows of the tables; used by one thread at a time.

    `session` opens another connection where one was lost, so nothing that runs inside a transaction may hold this.
    """

    connect: Callable[[], Session]
    dialect: Dialect
    ledger: Table
    create_schema: bool = False  # one that does not exist
    lets_see: Callable[[str], str] = lambda schema: ""  # what to run where a schema is there and may not be seen
    prepare: Callable[[Session], None] = lambda session: None  # creates what the first COPY needs
    label: Label = field(default_factory=Label)  # of what is sent, with what it is sent for
    pause: Callable[[float], None] = STANDARD.sleep
    monotonic: Callable[[], float] = STANDARD.monotonic
    _session: Session | None = None
    _was_reached: bool = False
    _tables: dict[Table, dict[str, Column]] = field(default_factory=dict)
    _schemas: set[str] = field(default_factory=set)
    _seen: set[Table] = field(default_factory=set)  # tables that this run has found or made, whatever is forgotten
    changes: list[tuple[Table, str]] = field(default_factory=list)  # of tables, since somebody took them
    times: Times = field(init=False)
    _catalog: Catalog = field(init=False)

    def __post_init__(self) -> None:
        self.times = Times(self.monotonic, self.label)
        self._catalog = Catalog(self.dialect, self.monotonic)

    @property
    def session(self) -> Session:
        """The session, opened when it is first needed.

        Raises ConfigError; once the settings have proved right, WarehouseError: the warehouse is away for now.
        """
        if self._session is None:
            try:
                self._session = TimedSession(self.connect(), self.times)
            except ConfigError as error:
                if self._was_reached:
                    raise WarehouseError(error.text, code=error.code, connection_lost=True) from error
                raise
            self._was_reached = True
        return self._session

    def go_on_in(self, session: Session) -> None:
        """Use a session that another warehouse of the same place has opened."""
        self._session, self._was_reached = session, True

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def columns(self, table: Table) -> dict[str, Column]:
        """Return the columns of a table by name; empty if the table does not exist."""
        if table not in self._tables:
            self._tables[table] = self._ask(f"looking at table {table}", lambda: self._look(table))
            if self._tables[table]:
                self._seen.add(table)
        return self._tables[table]

    def gone(self, tables: Iterable[Table]) -> Table | None:
        """Return the first of the tables that this run has found or made, and that is no longer there."""
        return next((table for table in tables if table in self._seen and not self.columns(table)), None)

    def look_at(self, tables: Iterable[Table]) -> None:
        """Look at tables, several of a schema by one question for all of it."""
        missing = Counter(table.schema for table in {*tables} if table not in self._tables)
        for schema in (schema for schema, count in missing.items() if count > 1):
            self._ask(f"looking at the tables of schema {schema!r}", partial(self._look_at_all, schema))

    def _look_at_all(self, schema: str) -> None:
        self._catalog.ask(self.session, schema)

    def _look(self, table: Table) -> dict[str, Column]:
        present = self._catalog.columns(self.session, table)
        if present is None or half_done(self.dialect, present):
            return recovered(self.session, self.dialect, table, self.pause)
        return present

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
            logger.info("%s is refused by this warehouse: %s", what, error)
            return None

    def is_lossless(self, table: Table, existing: Column, new_type: ColumnType) -> bool:
        """Return whether every value of the column is the same after conversion to the new type and back.

        The load that is being gathered may have made the column another one than it is now.
        """
        column = self.columns(table).get(existing.name)
        return column is None or self._ask(
            f"looking at column {existing.name!r} of table {table}",
            lambda: is_lossless(self.session, self.dialect, table, column, new_type, existing.type),
        )

    def is_same(self, value: str, old_type: ColumnType, new_type: ColumnType) -> bool:
        """Return whether a value of the old type, given as a file has it, is the same after conversion and back."""
        return self._ask(
            f"asking what {new_type} keeps", lambda: is_same(self.session, self.dialect, value, old_type, new_type)
        )

    def make_tables(self, wanted: Sequence[Wanted]) -> None:
        """Do the same for several tables, looking at them at once, and creating those that are missing at once."""
        self.look_at(one.table for one in wanted)
        # What is granted is made by itself: of a call that fails part way a table might stay that is not granted.
        new = [one for one in wanted if not one.properties.grants and not self.columns(one.table)]
        if len(new) > 1:
            self._create(new)
        for one in wanted:
            self.make_table(one.table, one.columns, frozen=one.frozen, properties=one.properties)

    def _create(self, new: Sequence[Wanted]) -> None:
        """Create tables. What the warehouse refuses `make_table` tries again, and says which table it is."""
        if (gone := self.gone(one.table for one in new)) is not None:
            raise table_gone(gone)
        for schema in {one.table.schema for one in new}:
            self.make_schema(schema)
        try:
            self.session.execute_all([sql for one in new for sql in one.statements(self.dialect)])
        except WarehouseError as error:
            if error.connection_lost:
                raise
            logger.info("tables are created one by one: %s", error)
        self._forget({one.table for one in new})
        self.look_at(one.table for one in new)
        for one in new:
            self._note_changes(one.table, {}, self.columns(one.table))

    def _forget(self, tables: Iterable[Table]) -> None:
        for table in tables:
            self._tables.pop(table, None)
        self._catalog.expire()

    def make_table(
        self, table: Table, columns: Iterable[Column], *, frozen: bool = False, properties: TableProperties = PLAIN
    ) -> None:
        """Create the table, or give it the columns that it lacks; raises ConfigError for those of a frozen one.

        A table that goes in mid-run is not made anew: its earlier rows would be missing without a word.
        """
        wanted = list(columns)
        if self.gone([table]):
            raise table_gone(table)
        present = self.columns(table)
        if not present:
            self.make_schema(table.schema)
        self._tables.pop(table, None)  # a change that fails may have taken effect in part
        self._tables[table] = fit_table(
            self.session,
            self.dialect,
            table,
            wanted,
            present,
            frozen=frozen,
            pause=self.pause,
            properties=properties,
        )
        self._note_changes(table, present, self._tables[table])
        self._seen.add(table)

    def _note_changes(self, table: Table, before: Mapping[str, Column], after: Mapping[str, Column]) -> None:
        self.changes += [(table, change) for change in changes_between(before, after)]

    def demand_schema(self, table: Table) -> None:
        """Raise ConfigError for a table whose schema does not exist, unless a load may create it."""
        if not self.create_schema and not self.columns(table):
            self.make_schema(table.schema)

    def make_schema(self, schema: str) -> None:
        """Create the schema if it does not exist; raises ConfigError where the user has not allowed that."""
        if schema in self._schemas:
            return
        exists = self.dialect.schema_exists(schema)
        if not self.select(f"looking for schema {schema!r}", exists):
            self._create_schema(schema, exists)
        self._schemas.add(schema)

    def _create_schema(self, schema: str, exists: str) -> None:
        create = self.dialect.create_schema(schema)
        if not self.create_schema:
            seen = f", or, if it is there already, {self.lets_see(schema)}" if self.lets_see(schema) else ""
            raise ConfigError(
                f"schema {schema!r} does not exist, or this user may not see it; correct default_target_schema or "
                f"schema_mapping, or run {create}, or set create_schema to true{seen}",
                code="CFG-SCHEMA",
            )
        try:
            self.session.execute(create)
        except WarehouseError:
            # Another run may create it at this moment, which IF NOT EXISTS does not see.
            if not self.session.execute(exists):
                raise

    def forget_session(self) -> None:
        """Close the session; the next statement opens another, which looks at the tables anew."""
        self.close()
        self.forget_tables()
        self._schemas.clear()

    def forget_tables(self) -> None:
        """Look at the tables anew: another run may have altered them."""
        self._tables.clear()
        self._catalog.expire()


def changes_between(before: Mapping[str, Column], after: Mapping[str, Column]) -> Iterator[str]:
    """Yield how the columns of a table have changed; no columns before: it has been made."""
    if not before and after:
        yield f"made with {len(after)} columns"
        return
    for name, column in after.items():
        if name not in before:
            yield f"column {name} added ({column.type})"
        elif before[name].type != column.type:
            yield f"column {name} was {before[name].type}, is {column.type}"
        elif column.nullable and not before[name].nullable:
            yield f"column {name} may be NULL now"
