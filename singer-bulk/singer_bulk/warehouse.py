"""One load, one transaction: the order of statements, and what happens when one fails.

1. The schema, the tables and their new columns. Snowflake commits the open transaction when it meets DDL, which
   would publish half a load (sql-reference/transactions); Redshift accepts either order.
2. BEGIN. A load that merges, deletes or stamps rows then locks the ledger, and waits for others that do so: it sees
   what they have committed (`Dialect.lock`).
3. The rows of tables that the load overwrites are deleted. TRUNCATE would commit on Redshift (r_TRUNCATE) and
   forget which files were loaded on Snowflake (sql/truncate-table), so it is never used.
4. One COPY for each batch, in the order of tables, so that two loads take their write locks in the same order; the
   rows that the warehouse counted must be the rows that were staged.
5. The ledger's rows, with the STATE that the load closes.
6. A look whether another run has changed the columns that were filled.
7. COMMIT.

A statement that fails before COMMIT rolls everything back. A lost connection may have left the transaction open: the
next attempt ends it first. If COMMIT was under way, the ledger then tells whether it worked.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from singer_bulk.altering import demand_held, demand_unchanged, fit_table, is_lossless, settled
from singer_bulk.batch import ClosedBatch
from singer_bulk.columns import Column, ColumnType
from singer_bulk.dialect import Dialect, Load, Rows, Session, Table, TableLoad
from singer_bulk.errors import BulkError, CommitError, ConfigError, WarehouseError
from singer_bulk.ledger import LEDGER_COLUMNS, ledger_rows
from singer_bulk.merge import Merge, events_of, merge_of, obsolete_versions, tables_beside
from singer_bulk.metadata import MISSING_NAME
from singer_bulk.retries import Retries
from singer_bulk.stage import Stage
from singer_bulk.views import Views, make_views

logger = logging.getLogger(__name__)

# A literal list of this many characters stays well under the 1 MB of a Snowflake statement (query-size-limits).
MAX_INSERT_CHARACTERS = 400_000
# A STATE of 16 MB; what a tap carries from run to run is a few hundred bytes.
MAX_STATE_CHUNKS = 1000

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class OpenTransaction:
    """A transaction that was begun, as other sessions know it."""

    name: str
    commit_sent: bool = False


@dataclass
class Warehouse:
    """The connection of a run and what it knows of the tables."""

    connect: Callable[[], Session]
    dialect: Dialect
    stage: Stage
    ledger: Table
    frozen: bool = False  # tables that are there are never altered
    versioned: bool = False  # rows bear the version of their table, and ACTIVATE_VERSION is acted upon
    prepare: Callable[[Session], None] = lambda session: None  # what must be there before the first COPY
    pause: Callable[[float], None] = time.sleep
    _scratch_count: int = 0
    _session: Session | None = None
    _was_reached: bool = False
    _transaction: OpenTransaction | None = None  # begun, and not known to have ended
    _tables: dict[Table, dict[str, Column]] = field(default_factory=dict)
    _schemas: set[str] = field(default_factory=set)
    _viewed: dict[Table, tuple[tuple[Column, ...], frozenset[str]]] = field(default_factory=dict)

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
                    self._forget_session()
                retries.wait(error)

    def _select(self, what: str, query: str) -> Rows:
        return self._ask(what, lambda: self.session.execute(query))

    def ask_if_allowed(self, what: str, query: str) -> Rows | None:
        """Return the rows of a query outside of a load, None where the warehouse refuses it."""
        try:
            return self._select(what, query)
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
        name = self.dialect.name(self.dialect.fold("last_sequence"))
        rows = self._select("reading the ledger", f"SELECT MAX({name}) FROM {self.dialect.table(self.ledger)}")
        return int(rows[0][0] or 0)

    def committed_runs(self) -> set[str]:
        """Return the ids of the runs that have a load in the ledger."""
        if not self.columns(self.ledger):
            return set()
        name = self.dialect.name(self.dialect.fold("load_id"))
        rows = self._select("reading the ledger", f"SELECT DISTINCT {name} FROM {self.dialect.table(self.ledger)}")
        return {row[0].partition("-")[0] for row in rows}

    def last_state(self, pipeline_id: str) -> str | None:
        """Return the STATE of the pipeline's last committed load, put together from its chunks, or None."""
        if not self.columns(self.ledger):
            return None
        dialect = self.dialect
        load_id, pipeline, sequence, committed, chunk, state = (
            dialect.name(dialect.fold(name))
            for name in ("load_id", "pipeline_id", "last_sequence", "committed_at", "state_chunk", "state")
        )
        rows = self._select(
            "reading the ledger",
            f"SELECT {load_id}, {chunk}, {state} FROM {dialect.table(self.ledger)} "
            f"WHERE {pipeline} = {dialect.literal(pipeline_id)} AND {state} IS NOT NULL "
            f"ORDER BY {sequence} DESC, {committed} DESC, {load_id}, {chunk} LIMIT {MAX_STATE_CHUNKS}",
        )
        return "".join(row[2] for row in rows if row[0] == rows[0][0]) if rows else None

    def make_table(self, table: Table, columns: Iterable[Column]) -> None:
        """Create the table, or give it the columns that it lacks."""
        wanted = list(columns)
        if table.schema not in self._schemas:
            self._make_schema(table.schema)
            self._schemas.add(table.schema)
        frozen = self.frozen and table != self.ledger
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

    def commit(self, load: Load) -> None:
        """Make the load visible, all of it or nothing.

        A lost connection and a conflict with another transaction are tried again: until COMMIT nothing has happened,
        and a COMMIT whose answer was lost is looked up in the ledger. Raises CommitError, after which nothing of the
        load is visible unless its text says that nobody knows.
        """
        manifests: dict[ClosedBatch, str] = {}
        retries = Retries(f"load {load.load_id}", self.pause)
        try:
            self._stage_manifests(load, manifests)
            while not self._commit_once(load, manifests, retries):
                pass
        finally:
            self._remove([*manifests.values()])

    def _commit_once(self, load: Load, manifests: dict[ClosedBatch, str], retries: Retries) -> bool:
        """Try once; return whether the load is committed. Raises where trying again does not help."""
        try:
            if not self._was_committed(load):
                self._run_transaction(load, manifests)
            return True
        except WarehouseError as error:
            if error.connection_lost:
                self._forget_session()
            self._tables.clear()  # what was in the way may have altered them
            try:
                retries.wait(error)
            except WarehouseError:
                if self._has_worked(load):
                    return True
                raise self._given_up(load, error) from error
            return False

    def _run_transaction(self, load: Load, manifests: dict[ClosedBatch, str]) -> None:
        self._make_tables(load)
        merges = self._make_scratch_tables(load)
        self.session.execute(self.dialect.begin)
        self._transaction = OpenTransaction(self.session.transaction())
        try:
            self._lock(load)
            loaded = self._copy_all(load, manifests, merges)
            for statement in self._ledger_inserts(load, loaded):
                self.session.execute(statement)
            for table in load.tables:
                self._demand_unchanged(table)
        except BaseException as error:
            if not (isinstance(error, WarehouseError) and error.connection_lost):
                self._roll_back()
            raise
        self._end_transaction(self._transaction)
        self._drop_scratch_tables(merges)

    def _end_transaction(self, transaction: OpenTransaction) -> None:
        self._transaction = replace(transaction, commit_sent=True)
        try:
            self.session.execute("COMMIT")
        except WarehouseError as error:
            if error.conflict:
                self._roll_back()
            else:
                # Whatever the driver makes of a COMMIT that fails, of a time-out on its way too: the ledger knows.
                self._forget_session()
            raise
        self._transaction = None

    def _lock(self, load: Load) -> None:
        if any(table.method.applies or table.overwrite or table.activated is not None for table in load.tables):
            self.session.execute(self.dialect.lock(self.ledger, "load_id"))

    def _demand_unchanged(self, load: TableLoad) -> None:
        names = [column.name for column in load.columns]
        demand_unchanged(self.session, self.dialect, load.table, names, self.columns(load.table))

    def _was_committed(self, load: Load) -> bool:
        """End the transaction that a lost session may have left open; return whether its COMMIT worked after all."""
        if self._transaction is None:
            return False
        self.session.end_transaction(self._transaction.name)
        committed = False
        if self._transaction.commit_sent:
            logger.warning("load %s: COMMIT was not answered; asking the ledger", load.load_id)
            # Snowflake: another session is certain to see a commit only if it began after it (READ_CONSISTENCY_MODE).
            self._forget_session()
            name = self.dialect.name(self.dialect.fold("load_id"))
            query = (
                f"SELECT COUNT(*) FROM {self.dialect.table(self.ledger)} "
                f"WHERE {name} = {self.dialect.literal(load.load_id)}"
            )
            committed = self.session.execute(query)[0][0] > 0
            logger.info("load %s: it was %s", load.load_id, "committed" if committed else "not committed")
        self._transaction = None
        return committed

    def _has_worked(self, load: Load) -> bool:
        """Return whether a COMMIT that failed for the last time has worked; False where nobody can tell."""
        try:
            return self._was_committed(load)
        except BulkError as unknown:
            logger.warning("load %s: the ledger could not be asked: %s", load.load_id, unknown)
            return False

    def _given_up(self, load: Load, error: WarehouseError) -> WarehouseError:
        """Return the error that ends the run: it names the load_id, and what is in the tables."""
        if self._transaction is not None and self._transaction.commit_sent:
            return CommitError(
                f"load {load.load_id}: COMMIT was not answered, nor was the ledger ({error}); "
                f"the load may be in the warehouse: look for this load_id in {self.ledger}"
            )
        if isinstance(error, CommitError):
            return error  # says it already
        return CommitError(
            f"load {load.load_id} was rolled back, its tables are as the load before it left them: {error}",
            code=error.code,
        )

    def _forget_session(self) -> None:
        """Close the session; the next statement opens another, which looks at the tables anew."""
        self.close()
        self._tables.clear()
        self._schemas.clear()
        self._viewed.clear()

    def _make_tables(self, load: Load) -> None:
        fold = self.dialect.fold
        self.make_table(self.ledger, [replace(column, name=fold(column.name)) for column in LEDGER_COLUMNS])
        for table in load.tables:
            self.make_table(table.table, table.columns)
            for batch in table.batches:
                demand_held(table.table, batch.columns, self.columns(table.table))
            for beside, columns in tables_beside(self.dialect, table, self._version(table)).items():
                self.make_table(beside, columns)
            if table.method.viewed:
                self._make_views(table)
        self.prepare(self.session)

    def _version(self, table: TableLoad) -> str | None:
        """Return the column that holds the version of a row, if the table has versions."""
        name = self.dialect.fold("_sdc_table_version")
        return name if self.versioned and any(column.name == name for column in table.columns) else None

    def _make_views(self, table: TableLoad) -> None:
        """Create or replace the views of a table before its load, so that they are right before and after it."""
        columns = tuple(self.columns(table.table).values())
        left_out = self._left_out(table)
        if self._viewed.get(table.table) == (columns, left_out):
            return
        make_views(
            self.session,
            Views(
                self.dialect,
                table.table,
                events_of(self.dialect, table, columns, self._version(table)),
                columns,
                sorted(left_out),
                self._activated(table) if self._version(table) else None,
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
        name = self.dialect.name(self.dialect.fold(MISSING_NAME))
        rows = self.session.execute(
            f"SELECT DISTINCT {name} FROM {self.dialect.table(table.table)} WHERE {name} IS NOT NULL"
        )
        return seen.union(*(json.loads(row[0]) for row in rows))

    def _activated(self, table: TableLoad) -> str:
        """Return the query for the version of the table that is in force."""
        dialect = self.dialect
        version, name = (dialect.name(dialect.fold(one)) for one in ("activated_version", "table_name"))
        which = f"{name} = {dialect.literal(str(table.table))}"
        return f"(SELECT MAX({version}) FROM {dialect.table(self.ledger)} WHERE {which})"

    def _stage_manifests(self, load: Load, keys: dict[ClosedBatch, str]) -> None:
        """Stage what COPY reads the names of files from, and enter it into `keys`."""
        for table in load.tables:
            for batch in table.batches:
                content = self.dialect.manifest(batch, self.stage.url)
                if content is not None:
                    keys[batch] = f"{batch.files[0].key}.manifest"
                    self.stage.put(keys[batch], content)

    def _make_scratch_tables(self, load: Load) -> dict[ClosedBatch, Merge]:
        """Create what upserts need before BEGIN: on Snowflake even a temporary table commits."""
        merges = {}
        for table in load.tables:
            for batch in table.batches if table.method.applies else ():
                self._scratch_count += 1
                base = self.dialect.fold(f"_singer_scratch_{os.getpid()}_{self._scratch_count}")
                scratch, chosen = Table(table.table.schema, f"{base}_1"), Table(table.table.schema, f"{base}_2")
                stored = {column.name: column for column in table.columns}
                columns = [stored.get(column.name, column) for column in batch.columns]
                merges[batch] = merge_of(self.dialect, table, scratch, chosen, columns, self._version(table))
                for made in (scratch, chosen):
                    self.session.execute(self.dialect.create_scratch(made, columns))
        return merges

    def _drop_scratch_tables(self, merges: dict[ClosedBatch, Merge]) -> None:
        """Drop them early; the end of the session does it too, so a failure is no failure of the load."""
        for merge in merges.values():
            for scratch in (merge.scratch, merge.chosen):
                try:
                    self.session.execute(f"DROP TABLE IF EXISTS {self.dialect.scratch_table(scratch)}")
                except WarehouseError as error:
                    logger.debug("a temporary table stays until the session ends: %s", error)

    def _copy_all(
        self, load: Load, manifests: dict[ClosedBatch, str], merges: dict[ClosedBatch, Merge]
    ) -> dict[str, int]:
        loaded: dict[str, int] = {}
        for table in sorted(load.tables, key=lambda part: part.table):
            if table.overwrite:
                self._refuse_shrinking(load, table)
                self.session.execute(self.dialect.delete_rows(table.table))
            for batch in table.batches:
                count = self._copy(load, table, batch, manifests.get(batch), merges.get(batch))
                loaded[table.stream] = loaded.get(table.stream, 0) + count
            if table.activated is not None:
                for statement in obsolete_versions(self.dialect, table, table.activated, load.committed_at):
                    self.session.execute(statement)
        return loaded

    def _refuse_shrinking(self, load: Load, table: TableLoad) -> None:
        """Refuse a full load that has lost more of the table than the user allows."""
        most = table.method.max_shrink
        if most is None:
            return
        before = self.session.execute(f"SELECT COUNT(*) FROM {self.dialect.table(table.table)}")[0][0]
        after = sum(batch.row_count for batch in table.batches)
        if after < before * (1 - most):
            raise CommitError(
                f"load {load.load_id} was rolled back: the full load of {table.stream!r} has {after} rows, table "
                f"{table.table} has {before}; that is more than overwrite_max_shrink ({most}) allows"
            )

    def _copy(
        self, load: Load, table: TableLoad, batch: ClosedBatch, manifest_key: str | None, merge: Merge | None
    ) -> int:
        count = 0
        into = self.dialect.scratch_table(merge.scratch) if merge else self.dialect.table(table.table)
        types = {column.name: column.type for column in (merge.columns if merge else table.columns)}
        for statement in self.dialect.copies(into, types, batch, self.stage.url, manifest_key):
            logger.info("%s", self.dialect.masked(statement))
            try:
                rows = self.session.execute(statement)
            except WarehouseError as error:
                if error.connection_lost or error.conflict:
                    raise
                self._roll_back()
                self._demand_unchanged(table)
                raise self.dialect.explain(self.session, error, table, batch, self.stage.url) from error
            if self.dialect.copy_count is not None:
                rows = self.session.execute(self.dialect.copy_count)
            count += self.dialect.copied_rows(rows)
        staged = sum(file.row_count for file in batch.files)
        if not batch.row_count == staged == count:
            raise CommitError(
                f"load {load.load_id} was rolled back: stream {batch.stream!r} has {batch.row_count} rows read, "
                f"{staged} staged, {count} loaded by the warehouse"
            )
        if merge is not None:
            self._apply(load, table, batch, merge)
        return count

    def _apply(self, load: Load, table: TableLoad, batch: ClosedBatch, merge: Merge) -> None:
        nulls = self.session.execute(merge.null_keys())[0][0]
        if nulls:
            raise CommitError(
                f"load {load.load_id} was rolled back: {nulls} rows of {merge.table} have NULL in a key property; "
                "load the stream by append-only, or repair the keys at their source"
            )
        if table.method.live:
            self.session.execute(merge.into_history(table.table, [column.name for column in table.columns]))
        for statement in merge.statements(batch.left_out):
            self.session.execute(statement)

    def _ledger_inserts(self, load: Load, loaded: dict[str, int]) -> list[str]:
        names = ", ".join(self.dialect.name(self.dialect.fold(column.name)) for column in LEDGER_COLUMNS)
        into = f"INSERT INTO {self.dialect.table(self.ledger)} ({names}) VALUES "
        statements, values = [], ""
        for row in ledger_rows(load, loaded):
            text = "(" + ", ".join(self.dialect.literal(value) for value in row) + ")"
            if values and len(values) + len(text) > MAX_INSERT_CHARACTERS:
                statements.append(into + values)
                values = ""
            values = f"{values}, {text}" if values else text
        return [*statements, into + values]

    def _roll_back(self) -> None:
        try:
            self.session.execute("ROLLBACK")
        except BulkError as error:
            # Never hides the first error. A session that cannot roll back is closed: the warehouse does it then.
            logger.warning("ROLLBACK was not answered (%s); the session is closed instead", error)
            self._forget_session()
            return
        self._transaction = None

    def _remove(self, keys: list[str]) -> None:
        if not keys:
            return
        try:
            self.stage.remove(keys)
        except BulkError as error:
            logger.warning("a staged file stays: %s", error)
