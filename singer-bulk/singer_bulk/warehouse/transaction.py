"""One load, one transaction: the order of statements, and what happens when one fails.

1. The schema, the tables, their new columns and their views (`warehouse/tables.py`).
2. Rows that enter by their keys are copied into temporary tables of the session, where nobody waits for them.
3. BEGIN. A load that merges, deletes or stamps rows then locks the ledger, and waits for others that do so: it sees
   what they have committed (`Dialect.lock`). With a pipeline_id it enters the pipeline's fence (`fence.py`): behind the
   lock, because its query is where the transaction's snapshot is taken on Redshift.
4. The rows of tables that the load overwrites are deleted. TRUNCATE would commit on Redshift (r_TRUNCATE) and
   forget which files were loaded on Snowflake (sql/truncate-table), so it is never used.
5. For each batch its COPY, or what takes its rows from the temporary table, in the order of tables, so that two loads
   take their write locks in the same order. Of each COPY the rows that the warehouse counted must be those staged.
6. The ledger's rows, with the STATE that the load closes.
7. A look whether another run has changed the columns that were filled, and whether a signal has ended the run.
8. COMMIT.

A statement that fails before COMMIT rolls everything back. A lost connection may have left the transaction open: the
next attempt ends it first. If COMMIT was under way, the ledger then tells whether it worked.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from singer_bulk.errors import BulkError, CommitError, Interrupted, WarehouseError
from singer_bulk.model.load import ClosedBatch, Load, Table, TableLoad
from singer_bulk.stage.base import Stage
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Rows, Session
from singer_bulk.warehouse.fence import Fence
from singer_bulk.warehouse.ledger import ledger_inserts
from singer_bulk.warehouse.merge import Merge, merge_of, obsolete_versions
from singer_bulk.warehouse.retries import Retries
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenTransaction:
    """A transaction that was begun, by what session, and as other sessions know it."""

    session: Session
    name: str
    commit_sent: bool = False


class Transactions:
    """Commits the loads of a run, one after the other."""

    def __init__(
        self, warehouse: Warehouse, stage: Stage, stop_signal: Callable[[], int | None] = lambda: None
    ) -> None:
        self._warehouse = warehouse
        self._stop_signal = stop_signal
        self._fence: Fence | None = None
        self._dialect = warehouse.dialect
        self._stage = stage
        self._tables = LoadTables(warehouse)
        self._scratch_count = 0
        self._transaction: OpenTransaction | None = None  # begun, and not known to have ended

    def fence(self, pipeline_id: str | None) -> None:
        """Let the loads of the run commit only while no other run of the pipeline commits."""
        if pipeline_id is None:
            logger.info("no pipeline_id is set: nothing keeps two runs of this pipeline from loading the same records")
            return
        self._fence = Fence(self._warehouse, pipeline_id)
        self._fence.begin()

    def commit(self, load: Load) -> list[str]:
        """Make the load visible, all of it or nothing; return the keys of its manifests, which have had their day.

        A lost connection and a conflict with another transaction are tried again: until COMMIT nothing has happened,
        and a COMMIT whose answer was lost is looked up in the ledger. Raises CommitError, after which nothing of the
        load is visible unless its text says that nobody knows.
        """
        manifests: dict[ClosedBatch, str] = {}
        retries = Retries(f"load {load.load_id}", self._warehouse.pause)
        try:
            self._stage_manifests(load, manifests)
            while not self._commit_once(load, manifests, retries):
                pass
            if self._fence is not None:
                self._fence.passed(load.load_id)
        except BaseException:
            self._remove([*manifests.values()])
            raise
        return [*manifests.values()]

    def _commit_once(self, load: Load, manifests: dict[ClosedBatch, str], retries: Retries) -> bool:
        """Try once; return whether the load is committed. Raises where trying again does not help."""
        try:
            if not self._was_committed(load):
                self._run_transaction(load, manifests)
            return True
        except WarehouseError as error:
            if error.connection_lost:
                self._warehouse.forget_session()
            self._warehouse.forget_tables()  # what was in the way may have altered them
            try:
                retries.wait(error)
            except WarehouseError:
                if self._has_worked(load):
                    return True
                raise self._given_up(load, error) from error
            return False

    def _run_transaction(self, load: Load, manifests: dict[ClosedBatch, str]) -> None:
        self._tables.make(load)
        merges = self._make_scratch_tables(load)
        scratched = self._fill_scratch_tables(load, manifests, merges)
        self._execute(words.BEGIN)
        session = self._warehouse.session
        self._transaction = OpenTransaction(session, session.transaction())
        try:
            self._lock(load)
            if self._fence is not None:
                self._fence.enter(session, load.load_id)
            loaded = self._load_all(load, manifests, merges, scratched)
            for statement in ledger_inserts(self._dialect, self._warehouse.ledger, load, loaded):
                self._execute(statement)
            for table in load.tables:
                self._warehouse.demand_unchanged(table)
            self._demand_end(load)
        except BaseException as error:
            if not (isinstance(error, WarehouseError) and error.connection_lost):
                self._roll_back()
            if self._transaction is None:
                self._drop_scratch_tables(merges)
            raise
        self._end_transaction(self._transaction)
        self._drop_scratch_tables(merges)

    def _demand_end(self, load: Load) -> None:
        """Raise Interrupted if a signal has come before the COMMIT of a load that needs a clean end of input."""
        number = self._stop_signal()
        if load.needs_end and number is not None:
            raise Interrupted(number, f"load {load.load_id} was rolled back, its tables are as they were before it")

    def _end_transaction(self, transaction: OpenTransaction) -> None:
        if not self._warehouse.is_open(transaction.session):
            # COMMIT on another session would be answered well, and commit nothing.
            raise WarehouseError("the session that began the transaction is gone", connection_lost=True)
        self._transaction = replace(transaction, commit_sent=True)
        try:
            self._execute(words.COMMIT)
        except WarehouseError as error:
            if error.conflict:
                self._roll_back()
            else:
                # Whatever the driver makes of a COMMIT that fails, of a time-out on its way too: the ledger knows.
                self._warehouse.forget_session()
            raise
        self._transaction = None

    def _lock(self, load: Load) -> None:
        if any(table.method.applies or table.overwrite or table.activated is not None for table in load.tables):
            self._execute(self._dialect.lock(self._warehouse.ledger, "load_id"))

    def _was_committed(self, load: Load) -> bool:
        """End the transaction that a lost session may have left open; return whether its COMMIT worked after all."""
        if self._transaction is None:
            return False
        self._warehouse.session.end_transaction(self._transaction.name)
        committed = False
        if self._transaction.commit_sent:
            logger.warning("load %s: COMMIT was not answered; asking the ledger", load.load_id)
            # Snowflake: another session is certain to see a commit only if it began after it (READ_CONSISTENCY_MODE).
            self._warehouse.forget_session()
            name = words.name(self._dialect.fold("load_id"))
            ledger = self._dialect.table(self._warehouse.ledger)
            query = words.count(ledger, f"{name} = {words.literal(load.load_id)}")
            committed = self._execute(query)[0][0] > 0
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
                f"the load may be in the warehouse: look for this load_id in {self._warehouse.ledger}"
            )
        if isinstance(error, CommitError):
            return error  # says it already
        return CommitError(
            f"load {load.load_id} was rolled back, its tables are as the load before it left them: {error}",
            code=error.code,
        )

    def _stage_manifests(self, load: Load, keys: dict[ClosedBatch, str]) -> None:
        """Stage what COPY reads the names of files from, and enter it into `keys`."""
        for table in load.tables:
            for batch in table.batches:
                content = self._dialect.manifest(batch, self._stage.url)
                if content is not None:
                    keys[batch] = f"{batch.files[0].key}.manifest"
                    self._stage.put(keys[batch], content)

    def _make_scratch_tables(self, load: Load) -> dict[ClosedBatch, Merge]:
        """Create what upserts need before BEGIN: on Snowflake even a temporary table commits."""
        merges = {}
        for table in load.tables:
            for batch in table.batches if table.method.applies else ():
                self._scratch_count += 1
                base = self._dialect.fold(f"_singer_scratch_{os.getpid()}_{self._scratch_count}")
                scratch, chosen = Table(table.table.schema, f"{base}_1"), Table(table.table.schema, f"{base}_2")
                stored = {column.name: column for column in table.columns}
                columns = [stored.get(column.name, column) for column in batch.columns]
                merges[batch] = merge_of(
                    self._dialect, table, scratch, chosen, columns, self._warehouse.version_column(table)
                )
                for made in (scratch, chosen):
                    self._execute(words.create_scratch(self._dialect, made, columns))
        return merges

    def _drop_scratch_tables(self, merges: dict[ClosedBatch, Merge]) -> None:
        """Drop them early; the end of the session does it too, so a failure is no failure of the load."""
        for merge in merges.values():
            for scratch in (merge.scratch, merge.chosen):
                try:
                    self._execute(words.drop_table(self._dialect.scratch_table(scratch)))
                except WarehouseError as error:
                    logger.debug("a temporary table stays until the session ends: %s", error)

    def _fill_scratch_tables(
        self, load: Load, manifests: dict[ClosedBatch, str], merges: dict[ClosedBatch, Merge]
    ) -> dict[ClosedBatch, int]:
        """Copy the rows that enter by their keys, and return how many there are of each batch."""
        counts = {}
        for table in load.tables:
            for batch in table.batches:
                if batch in merges:
                    counts[batch] = self._copy(load, table, batch, manifests.get(batch), merges[batch])
                    self._refuse_null_keys(load, merges[batch])
        return counts

    def _load_all(
        self,
        load: Load,
        manifests: dict[ClosedBatch, str],
        merges: dict[ClosedBatch, Merge],
        scratched: dict[ClosedBatch, int],
    ) -> dict[str, int]:
        """Bring the rows into their tables; return how many COPY has counted, by stream."""
        loaded: dict[str, int] = {}
        for table in sorted(load.tables, key=lambda part: part.table):
            if table.overwrite:
                self._refuse_shrinking(load, table)
                self._execute(words.delete(self._dialect.table(table.table)))
            for batch in table.batches:
                if batch in merges:
                    count = scratched[batch]
                    self._merge(table, batch, merges[batch])
                else:
                    count = self._copy(load, table, batch, manifests.get(batch))
                loaded[table.stream] = loaded.get(table.stream, 0) + count
            if table.activated is not None:
                for statement in obsolete_versions(self._dialect, table, table.activated, load.committed_at):
                    self._execute(statement)
        return loaded

    def _refuse_shrinking(self, load: Load, table: TableLoad) -> None:
        """Refuse a full load that has lost more of the table than the user allows."""
        most = table.method.max_shrink
        if most is None:
            return
        before = self._execute(words.count(self._dialect.table(table.table)))[0][0]
        after = sum(batch.row_count for batch in table.batches)
        if after < before * (1 - most):
            raise CommitError(
                f"load {load.load_id} was rolled back: the full load of {table.stream!r} has {after} rows, table "
                f"{table.table} has {before}; that is more than overwrite_max_shrink ({most}) allows. A tap that died "
                "looks like this; if the rows are gone at the source, set the part of them that a full load may lose"
            )

    def _copy(
        self, load: Load, table: TableLoad, batch: ClosedBatch, manifest_key: str | None, merge: Merge | None = None
    ) -> int:
        count = 0
        into = self._dialect.scratch_table(merge.scratch) if merge else self._dialect.table(table.table)
        types = {column.name: column.type for column in (merge.columns if merge else table.columns)}
        for statement in self._dialect.copies(into, types, batch, self._stage.url, manifest_key):
            logger.info("%s", self._dialect.masked(statement))
            try:
                rows = self._execute(statement)
            except WarehouseError as error:
                if error.connection_lost or error.conflict:
                    raise
                self._roll_back()
                self._warehouse.demand_unchanged(table)
                raise self._dialect.explain(self._warehouse.session, error, table, batch, self._stage.url) from error
            if self._dialect.copy_count is not None:
                rows = self._execute(self._dialect.copy_count)
            count += self._dialect.copied_rows(rows)
        staged = sum(file.row_count for file in batch.files)
        if not batch.row_count == staged == count:
            raise CommitError(
                f"load {load.load_id} was rolled back: stream {batch.stream!r} has {batch.row_count} rows read, "
                f"{staged} staged, {count} loaded by the warehouse"
            )
        return count

    def _refuse_null_keys(self, load: Load, merge: Merge) -> None:
        nulls = self._execute(merge.null_keys())[0][0]
        if nulls:
            raise CommitError(
                f"load {load.load_id} was rolled back: {nulls} rows of {merge.table} have NULL in a key property; "
                "load the stream by append-only, or repair the keys at their source"
            )

    def _merge(self, table: TableLoad, batch: ClosedBatch, merge: Merge) -> None:
        if table.method.live:
            self._execute(merge.into_history(table.table, [column.name for column in table.columns]))
        for statement in merge.statements(batch.left_out):
            self._execute(statement)

    def _roll_back(self) -> None:
        if self._transaction is None or not self._warehouse.is_open(self._transaction.session):
            return  # what a lost session has left open is ended before the next attempt
        try:
            self._execute(words.ROLLBACK)
        except BulkError as error:
            # Never hides the first error. A session that cannot roll back is closed: the warehouse does it then.
            logger.warning("ROLLBACK was not answered (%s); the session is closed instead", error)
            self._warehouse.forget_session()
            return
        self._transaction = None

    def _remove(self, keys: list[str]) -> None:
        if not keys:
            return
        try:
            self._stage.remove(keys)
        except BulkError as error:
            logger.warning("a staged file stays: %s", error)

    def _execute(self, sql: str) -> Rows:
        return self._warehouse.session.execute(sql)
