"""One load, one transaction: the order of statements, and what happens when one fails.

1. The schema, the tables and their new columns. Snowflake commits the open transaction when it meets DDL, which
   would publish half a load (sql-reference/transactions); Redshift accepts either order.
2. BEGIN.
3. The rows of tables that the load overwrites are deleted. TRUNCATE would commit on Redshift (r_TRUNCATE) and
   forget which files were loaded on Snowflake (sql/truncate-table), so it is never used.
4. One COPY for each batch, in the order of tables, so that two loads take their write locks in the same order; the
   rows that the warehouse counted must be the rows that were staged.
5. The ledger's rows, with the STATE that the load closes.
6. COMMIT.

A statement that fails before COMMIT rolls everything back; a COMMIT that fails may have worked, and says so.
"""

from __future__ import annotations

import json
import logging
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from singer_bulk.altering import describe, fit_table, is_lossless, recover
from singer_bulk.batch import ClosedBatch
from singer_bulk.columns import Column, ColumnType
from singer_bulk.dialect import Dialect, Load, Session, Table, TableLoad
from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.ledger import LEDGER_COLUMNS, ledger_rows
from singer_bulk.merge import Merge, events_of, merge_of, obsolete_versions, tables_beside
from singer_bulk.metadata import MISSING_NAME
from singer_bulk.stage import Stage
from singer_bulk.views import Views, make_views

logger = logging.getLogger(__name__)

# A literal list of this many characters stays well under the 1 MB of a Snowflake statement (query-size-limits).
MAX_INSERT_CHARACTERS = 400_000
# A STATE of 16 MB; what a tap carries from run to run is a few hundred bytes.
MAX_STATE_CHUNKS = 1000
# 1, 2, 4 and 8 seconds, each a little less by chance: a failover of either warehouse takes longer and ends the run,
# a conflict with another load or a dropped connection does not.
MAX_ATTEMPTS, RETRY_SECONDS = 5, 1.0


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
    _tables: dict[Table, dict[str, Column]] = field(default_factory=dict)
    _schemas: set[str] = field(default_factory=set)
    _viewed: dict[Table, tuple[tuple[Column, ...], frozenset[str]]] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """The session, opened when it is first needed."""
        if self._session is None:
            self._session = self.connect()
        return self._session

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def columns(self, table: Table) -> dict[str, Column]:
        """Return the columns of a table by name; empty if it is not there."""
        if table not in self._tables:
            present = describe(self.session, self.dialect, table)
            if recover(self.session, self.dialect, table, present, self.pause):
                present = describe(self.session, self.dialect, table)
            self._tables[table] = present
        return self._tables[table]

    def is_lossless(self, table: Table, here: Column, new_type: ColumnType) -> bool:
        """Return whether every value that the table has in the column comes back from the new type."""
        return here.name not in self.columns(table) or is_lossless(
            self.session, self.dialect, table, self.columns(table)[here.name], new_type
        )

    def last_sequence(self) -> int:
        """Return the highest sequence number that a load has committed; 0 if there is none."""
        if not self.columns(self.ledger):
            return 0
        name = self.dialect.name(self.dialect.fold("last_sequence"))
        rows = self.session.execute(f"SELECT MAX({name}) FROM {self.dialect.table(self.ledger)}")
        return int(rows[0][0] or 0)

    def committed_runs(self) -> set[str]:
        """Return the ids of the runs that have a load in the ledger."""
        if not self.columns(self.ledger):
            return set()
        name = self.dialect.name(self.dialect.fold("load_id"))
        rows = self.session.execute(f"SELECT DISTINCT {name} FROM {self.dialect.table(self.ledger)}")
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
        rows = self.session.execute(
            f"SELECT {load_id}, {chunk}, {state} FROM {dialect.table(self.ledger)} "
            f"WHERE {pipeline} = {dialect.literal(pipeline_id)} AND {state} IS NOT NULL "
            f"ORDER BY {sequence} DESC, {committed} DESC, {load_id}, {chunk} LIMIT {MAX_STATE_CHUNKS}"
        )
        return "".join(row[2] for row in rows if row[0] == rows[0][0]) if rows else None

    def make_table(self, table: Table, columns: Iterable[Column]) -> None:
        """Create the table, or give it the columns that it lacks."""
        wanted = list(columns)
        if table.schema not in self._schemas:
            if not self.session.execute(self.dialect.schema_exists(table.schema)):
                self.session.execute(self.dialect.create_schema(table.schema))
            self._schemas.add(table.schema)
        frozen = self.frozen and table != self.ledger
        present = self.columns(table)
        self._tables.pop(table)  # if a change fails, nobody knows what it left
        self._tables[table] = fit_table(
            self.session, self.dialect, table, wanted, present, frozen=frozen, pause=self.pause
        )

    def commit(self, load: Load) -> None:
        """Make the load visible, all of it or nothing.

        A lost connection and a conflict with another transaction are tried again: until COMMIT nothing has happened,
        and a COMMIT whose answer was lost is looked up in the ledger. Raises CommitError, after which nothing of the
        load is visible unless its text says that nobody knows.
        """
        manifests = self._stage_manifests(load)
        try:
            for attempt in range(1, MAX_ATTEMPTS + 1):
                try:
                    self._commit_once(load, manifests)
                    return
                except WarehouseError as error:
                    if not (error.connection_lost or error.conflict) or attempt == MAX_ATTEMPTS:
                        raise _as_commit_error(load, error) from error
                    self._wait_to_retry(load, attempt, error)
        finally:
            self._remove([*manifests.values()])

    def _wait_to_retry(self, load: Load, attempt: int, error: WarehouseError) -> None:
        seconds = random.uniform(0.5, 1.0) * RETRY_SECONDS * 2 ** (attempt - 1)  # noqa: S311 - spreads retries only
        logger.warning(
            "load %s: attempt %d of %d failed (%s); again in %.1f s",
            load.load_id,
            attempt,
            MAX_ATTEMPTS,
            error,
            seconds,
        )
        if error.connection_lost:
            self._forget_session()
        self.pause(seconds)

    def _commit_once(self, load: Load, manifests: dict[ClosedBatch, str]) -> None:
        self._make_tables(load)
        merges = self._make_scratch_tables(load)
        self.session.execute(self.dialect.begin)
        transaction = self.session.transaction()
        try:
            loaded = self._copy_all(load, manifests, merges)
            for statement in self._ledger_inserts(load, loaded):
                self.session.execute(statement)
        except BaseException:
            self._roll_back()
            raise
        try:
            self.session.execute("COMMIT")
        except WarehouseError as error:
            if not error.connection_lost:
                self._roll_back()
                raise
            self._resolve(load, transaction, error)
        self._drop_scratch_tables(merges)

    def _resolve(self, load: Load, transaction: str, error: WarehouseError) -> None:
        """Find out whether a COMMIT that was not answered has worked; return if it has.

        Raises the error again, to be retried, if it has not; CommitError if nobody can tell.
        """
        logger.warning("load %s: COMMIT was not answered (%s); asking the ledger", load.load_id, error)
        self._forget_session()
        name = self.dialect.name
        query = (
            f"SELECT COUNT(*) FROM {self.dialect.table(self.ledger)} "
            f"WHERE {name(self.dialect.fold('load_id'))} = {self.dialect.literal(load.load_id)}"
        )
        try:
            self.session.end_transaction(transaction)
            committed = self.session.execute(query)[0][0] > 0
        except BulkError as unknown:
            raise CommitError(
                f"load {load.load_id}: COMMIT was not answered ({error}), nor was the ledger ({unknown}); "
                f"the load may be in the warehouse: look for this load_id in {self.ledger}"
            ) from error
        if not committed:
            raise error
        logger.info("load %s: it was committed", load.load_id)

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

    def _stage_manifests(self, load: Load) -> dict[ClosedBatch, str]:
        keys = {}
        for table in load.tables:
            for batch in table.batches:
                content = self.dialect.manifest(batch, self.stage.url)
                if content is not None:
                    keys[batch] = f"{batch.files[0].key}.manifest"
                    self.stage.put(keys[batch], content)
        return keys

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
                raise self.dialect.explain(self.session, error, table, batch, self.stage.url) from error
            if self.dialect.copy_count is not None:
                rows = self.session.execute(self.dialect.copy_count)
            count += self.dialect.copied_rows(rows)
        if count != batch.row_count:
            raise CommitError(
                f"load {load.load_id} was rolled back: stream {batch.stream!r} has {batch.row_count} rows read, "
                f"{sum(file.row_count for file in batch.files)} staged, {count} loaded by the warehouse"
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
            self.close()

    def _remove(self, keys: list[str]) -> None:
        if not keys:
            return
        try:
            self.stage.remove(keys)
        except BulkError as error:
            logger.warning("a staged file stays: %s", error)


def _as_commit_error(load: Load, error: WarehouseError) -> WarehouseError:
    """A failed load says so, with its load_id; an error that says it already stays as it is."""
    if isinstance(error, CommitError):
        return error
    return CommitError(f"load {load.load_id} was rolled back: {error}", code=error.code)
