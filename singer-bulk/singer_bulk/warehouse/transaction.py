"""One load, one transaction: the order of statements, and what happens when one fails.

1. The schema, the tables, their new columns and their views (`warehouse/tables.py`).
2. Rows that enter by their keys are copied into temporary tables of the session, where no other load waits for them.
   From this step on the load is bound to its session (`Attempt`, `copy.py`, `open_transaction.py`).
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

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.errors import BulkError, CommitError, Interrupted, WarehouseError
from singer_bulk.model.load import ClosedBatch, Load, Table
from singer_bulk.stage.owner import RunStage
from singer_bulk.warehouse.copy import CopyRefused, LoadRows
from singer_bulk.warehouse.dialect import Dialect, Session
from singer_bulk.warehouse.fence import Fence
from singer_bulk.warehouse.ledger import has_load, ledger_inserts, lock_ledger
from singer_bulk.warehouse.open_transaction import OpenTransaction
from singer_bulk.warehouse.retries import Retries
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables

logger = logging.getLogger(__name__)


@dataclass
class Attempt:
    """Steps 2 to 8 for one load, on one session. No `Warehouse` is within reach: there is no way to another session."""

    dialect: Dialect
    ledger: Table
    load: Load
    rows: LoadRows
    fence: Fence | None
    stop_signal: Callable[[], int | None]
    transaction: OpenTransaction | None = None

    def run(self, session: Session) -> None:
        """Commit the load. Raises BulkError; `transaction` then tells whether one was begun, and whether it has ended.

        What COPY refused is asked about when the transaction has been rolled back.
        """
        try:
            self.rows.fill_scratch(session)
            self.transaction = OpenTransaction(session, self.dialect)
            try:
                with self.transaction as transaction:
                    self._run_inside(transaction)
            finally:
                if self.transaction.is_over:
                    self.rows.drop_scratch(session)
        except CopyRefused as refused:
            raise self.rows.explained(session, refused) from refused.error

    def _run_inside(self, transaction: OpenTransaction) -> None:
        load = self.load
        if any(table.method.applies or table.overwrite or table.activated is not None for table in load.tables):
            transaction.execute(lock_ledger(self.dialect, self.ledger))
        if self.fence is not None:
            self.fence.enter(transaction, load.load_id)
        loaded = self.rows.enter(transaction)
        for statement in ledger_inserts(self.dialect, self.ledger, load, loaded):
            transaction.execute(statement)
        self.rows.demand_unchanged(transaction)
        number = self.stop_signal()
        if load.needs_end and number is not None:
            raise Interrupted(number, f"load {load.load_id} was rolled back, its tables are as they were before it")


class Loads:
    """Commits the loads of a run, one after the other; `stop_signal` returns the signal that has come, if one has."""

    def __init__(
        self,
        warehouse: Warehouse,
        tables: LoadTables,
        stage: RunStage,
        stop_signal: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._warehouse = warehouse
        self._dialect = warehouse.dialect
        self._tables = tables
        self._stage = stage
        self._stop_signal = stop_signal
        self._fence: Fence | None = None
        self._scratch_numbers = itertools.count(1)
        self._left_open: OpenTransaction | None = None  # begun by a session that was lost, and not known to have ended

    def fence(self, pipeline_id: str | None) -> None:
        """Let the loads of the run commit only while no other run of the pipeline commits."""
        if pipeline_id is None:
            logger.info("no pipeline_id is set: nothing keeps two runs of this pipeline from loading the same records")
            return
        self._fence = Fence(self._dialect, self._warehouse.ledger, pipeline_id)
        self._fence.begin(self._warehouse)

    def commit(self, load: Load) -> list[str]:
        """Make the load visible, all of it or nothing; return the keys of its manifests, which nobody reads any more.

        A lost connection and a conflict with another transaction are tried again: until COMMIT nothing has happened,
        and a COMMIT whose answer was lost is looked up in the ledger. Raises CommitError, after which nothing of the
        load is visible unless its text says that nobody knows.
        """
        manifests = self._stage_manifests(load)
        retries = Retries(f"load {load.load_id}", self._warehouse.pause)
        while not self._commit_once(load, manifests, retries):
            pass
        if self._fence is not None:
            self._fence.passed(load.load_id)
        return [*manifests.values()]

    def _commit_once(self, load: Load, manifests: dict[ClosedBatch, str], retries: Retries) -> bool:
        """Try once; return whether the load is committed. Raises where trying again does not help."""
        try:
            if not self._was_committed(load):
                self._attempt(load, manifests)
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

    def _attempt(self, load: Load, manifests: dict[ClosedBatch, str]) -> None:
        known = self._tables.make(load)
        versions = {table.table: self._tables.version_column(table) for table in load.tables}
        rows = LoadRows(self._dialect, load, known, manifests, self._stage.url, versions, self._scratch_numbers)
        attempt = Attempt(self._dialect, self._warehouse.ledger, load, rows, self._fence, self._stop_signal)
        try:
            attempt.run(self._warehouse.session)
        finally:
            if attempt.transaction is not None and not attempt.transaction.is_over:
                self._left_open = attempt.transaction
                self._warehouse.forget_session()

    def _was_committed(self, load: Load) -> bool:
        """End the transaction that a lost session may have left open; return whether its COMMIT worked after all."""
        if self._left_open is None:
            return False
        self._warehouse.session.end_transaction(self._left_open.name)
        committed = False
        if self._left_open.commit_sent:
            logger.warning("load %s: COMMIT was not answered; asking the ledger", load.load_id)
            # Snowflake: another session is certain to see a commit only if it began after it (READ_CONSISTENCY_MODE).
            self._warehouse.forget_session()
            committed = has_load(self._warehouse, load.load_id)
            logger.info("load %s: it was %s", load.load_id, "committed" if committed else "not committed")
        self._left_open = None
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
        if self._left_open is not None and self._left_open.commit_sent:
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

    def _stage_manifests(self, load: Load) -> dict[ClosedBatch, str]:
        """Stage what COPY reads the names of files from; return the keys."""
        keys = {}
        for table in load.tables:
            for batch in table.batches:
                content = self._dialect.manifest(batch, self._stage.url)
                if content is not None:
                    keys[batch] = f"{batch.files[0].key}.manifest"
                    self._stage.put(keys[batch], content)
        return keys
