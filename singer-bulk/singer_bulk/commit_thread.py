"""Loads are committed in a thread, one after the other, while the reading thread goes on.

At most one load is under way: the next one waits for it, so the loads of a run are the same however fast the warehouse
is. The same thread writes the STATE of a load, immediately after its COMMIT.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future

from singer_bulk.errors import BulkError, shown
from singer_bulk.model.description import description_of
from singer_bulk.model.facts import STAGE, UNWATCHED, LoadClosed, LoadCommitted, StateEmitted, Watch
from singer_bulk.model.load import Load
from singer_bulk.model.runtime import Runtime
from singer_bulk.stage.owner import RunStage
from singer_bulk.warehouse.loads import Loads
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.times import Taken

logger = logging.getLogger(__name__)


class Committer:
    """The thread that commits. It shares the one session of the warehouse with the reading thread, in turn."""

    def __init__(
        self,
        warehouse: Warehouse,
        loads: Loads,
        stage: RunStage,
        emit: Callable[[str], None],
        runtime: Runtime,
        watch: Watch = UNWATCHED,
        *,
        keep_staged_files: bool,
        described_at: Callable[[str], str] = str,
    ) -> None:
        self._warehouse = warehouse
        self._loads = loads
        self._stage = stage
        self._emit = emit
        self._runtime = runtime
        self._watch = watch
        self._keep_staged_files = keep_staged_files
        self._described_at = described_at
        self._made: Executor | None = None
        self._under_way: Future[None] | None = None
        self._emitted: str | None = None
        self._spent = Taken()

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse as the last load has left it; waits for one that is under way, and raises its error."""
        self.wait()
        return self._warehouse

    @property
    def emitted(self) -> str | None:
        """The last STATE that came out; waits for a load that is under way, and raises its error."""
        self.wait()
        return self._emitted

    def fence(self, pipeline_id: str | None) -> None:
        """Take note where the pipeline stands, before anything is read: no other run of it may move it on."""
        self._loads.fence(pipeline_id)

    def commit(self, load: Load, rejects: Sequence[str]) -> None:
        """Commit the load, emit its STATE and remove its files, in the thread; `rejects` are keys of rejected records.

        Waits for the load before it, and raises its error; this one is then not begun.
        """
        self.wait()
        if self._made is None:
            self._made = self._runtime.threads(1, "commit")
        self._under_way = self._made.submit(self._commit, load, rejects)

    def emit(self, state: str | None) -> None:
        """Write the STATE, once, if it is another one; every record before it must be in a load that was committed."""
        self.wait()
        self._emit_once(state)

    def check(self) -> None:
        """Raise the error of a load that has failed."""
        if self._under_way is not None and self._under_way.done():
            self.wait()

    def wait(self) -> None:
        """Wait until no load is under way; raises the error of one that has failed."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def end(self) -> None:
        """Wait for the load under way when the run has failed already: its error is one more, of whatever kind."""
        under_way, self._under_way = self._under_way, None
        error = None if under_way is None else under_way.exception()
        if error is not None:
            logger.error("%s", error if isinstance(error, BulkError) else f"the load under way: {shown(error)}")
            logger.debug("where it came up", exc_info=error)

    def close(self) -> None:
        """End the thread and the session; no load may be under way."""
        if self._made is not None:
            self._made.shutdown()
        self._warehouse.close()
        self._spent.add(self._warehouse.times.take())
        logger.info("%s%s", self._spent, self._spent.longest())

    def _commit(self, load: Load, rejects: Sequence[str]) -> None:
        self._watch.tell(LoadClosed(load))
        keys = [file.key for table in load.tables for batch in table.batches for file in batch.files]
        with self._watch.time(STAGE):
            self._stage.wait([*keys, *rejects])
        described = {self._described_at(load.load_id): description_of(load)} if self._keep_staged_files and keys else {}
        self._stage.put_all(described)
        manifests, written = self._loads.commit(load)
        self._stage.release([*rejects, *keys, *described] if self._keep_staged_files else rejects)
        spent = self._warehouse.times.take()
        self._spent.add(spent)
        changes, self._warehouse.changes = self._warehouse.changes, []
        self._watch.tell(LoadCommitted(load, spent.seconds, spent.queries, written, changes))
        for table in load.tables:
            rows = sum(batch.row_count for batch in table.batches)
            text = "load %s: %s rows of %s in %s%s"
            told = {"load_id": load.load_id, "stream_name": table.stream, "rows": rows, "table": str(table.table)}
            logger.info(text, load.load_id, rows, table.stream, table.table, spent.of(table.stream), extra=told)
        logger.info("load %s: %s", load.load_id, spent, extra={"load_id": load.load_id})
        self._emit_once(load.state)
        self._stage.remove(manifests if self._keep_staged_files else [*manifests, *keys])

    def _emit_once(self, state: str | None) -> None:
        if state is not None and state != self._emitted:
            self._emitted = state
            self._emit(state)
            self._watch.tell(StateEmitted(state))
