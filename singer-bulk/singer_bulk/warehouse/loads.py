"""How often a load is tried, and whether a COMMIT that was not answered has worked.

Until COMMIT nothing has happened, so a load is tried again where that may help. A lost connection may have left the
transaction open: the next attempt ends it first. If COMMIT was under way, the ledger then tells whether it worked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.facts import Written
from singer_bulk.model.load import ClosedBatch, Load
from singer_bulk.model.runtime import STANDARD
from singer_bulk.stage.owner import RunStage
from singer_bulk.warehouse.copy import LoadRows
from singer_bulk.warehouse.copy_count import CopyCount
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.fence import Fence
from singer_bulk.warehouse.given_up import given_up
from singer_bulk.warehouse.ledger import has_load
from singer_bulk.warehouse.open_transaction import OpenTransaction
from singer_bulk.warehouse.retries import Retries
from singer_bulk.warehouse.scratch import Scratch
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables
from singer_bulk.warehouse.transaction import Attempt
from singer_bulk.warehouse.turn import Turns
from singer_bulk.warehouse.user_sql import NO_SQL, LoadSql

logger = logging.getLogger(__name__)


class Loads:
    """Commits the loads of a run, one after the other; `stop_signal` returns the signal that has come, if one has."""

    def __init__(
        self,
        warehouse: Warehouse,
        tables: LoadTables,
        stage: RunStage,
        stop_signal: Callable[[], int | None] = lambda: None,
        now: Callable[[], datetime] = STANDARD.now,
        *,
        lock_wait_seconds: float,
        user_sql: LoadSql = NO_SQL,
        manifest: str = ".manifest",
    ) -> None:
        self._manifest = manifest
        self._user_sql = user_sql
        self._now = now
        self._warehouse = warehouse
        self._dialect = warehouse.dialect
        self._tables = tables
        self._stage = stage
        self._stop_signal = stop_signal
        self._turns = Turns(warehouse, lock_wait_seconds)
        self._fence: Fence | None = None
        self._scratch = Scratch(self._dialect)
        self._written: dict[str, Written] = {}  # by the last attempt
        self._counting = CopyCount(self._dialect)
        self._left_open: OpenTransaction | None = None  # begun by a session that was lost, and not known to have ended

    def fence(self, pipeline_id: str | None) -> None:
        """Let the loads of the run commit only while no other run of the pipeline commits."""
        if pipeline_id is None:
            logger.info("no pipeline_id is set: nothing keeps two runs of this pipeline from loading the same records")
            return
        self._fence = Fence(self._dialect, self._warehouse.ledger, pipeline_id)
        self._fence.begin(self._warehouse)

    def commit(self, load: Load) -> tuple[list[str], dict[str, Written]]:
        """Make the load visible, all of it or nothing; return the keys of its manifests, which can be removed, and what
        the warehouse has said of the rows of each stream.

        A lost connection and a conflict with another transaction are tried again: until COMMIT nothing has happened,
        and a COMMIT whose answer was lost is looked up in the ledger. Raises CommitError, after which nothing of the
        load is visible unless its text says that the outcome is unknown.
        """
        manifests = stage_manifests(self._dialect, self._stage, load, self._manifest)
        retries = Retries(f"load {load.load_id}", self._warehouse.pause, self._turns.waiting())
        self._warehouse.label.load = load.load_id
        try:
            while not self._commit_once(load, manifests, retries):
                pass
        finally:
            self._warehouse.label.load = ""
        if self._fence is not None:
            self._fence.passed(load.load_id)
        return [*manifests.values()], self._written

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
                unanswered = self._left_open is not None and self._left_open.commit_sent
                raise given_up(self._warehouse, load, error, unanswered=unanswered) from error
            return False

    def _attempt(self, load: Load, manifests: dict[ClosedBatch, str]) -> None:
        known = self._tables.make(load)
        versions = {table.table: self._tables.version_column(table) for table in load.tables}
        rows = LoadRows(
            self._dialect,
            load,
            known,
            manifests,
            self._stage.url,
            versions,
            self._scratch,
            self._warehouse.times,
            self._counting,
            self._stage.read,
        )
        self._written = rows.outcome
        attempt = Attempt(
            self._dialect,
            self._warehouse.ledger,
            load,
            rows,
            self._fence,
            self._turns.of(load, self._fence),
            self._stop_signal,
            partial(_text_of_time, self._now),
            self._user_sql,
        )
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
        """Return whether a COMMIT that failed for the last time has worked; False if the ledger cannot be read."""
        try:
            return self._was_committed(load)
        except BulkError as unknown:
            logger.warning("load %s: the ledger could not be asked: %s", load.load_id, unknown)
            return False


def stage_manifests(dialect: Dialect, stage: RunStage, load: Load, ending: str) -> dict[ClosedBatch, str]:
    """Stage what COPY reads the names of files from; return the keys."""
    batches = [batch for table in load.tables for batch in table.batches]
    contents = {batch: dialect.manifest(batch, stage.url) for batch in batches}
    keys = {batch: f"{batch.files[0].key}{ending}" for batch in batches if contents[batch] is not None}
    stage.put_all({key: contents[batch] or b"" for batch, key in keys.items()})
    return keys


def _text_of_time(now: Callable[[], datetime]) -> str:
    return now().astimezone(timezone.utc).isoformat(" ")
