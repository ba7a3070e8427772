"""The main path: read messages, batch records, flush, commit, emit STATE.

The rules, in the order in which they matter:

- A STATE is emitted only after every record before it is committed.
- A load ends at a STATE, or at a clean end of input (`clean_end.py`): limits of the flush policy close and stage files,
  but rows commit only with the STATE that covers them, so a tap that resumes from it sends no committed row again.
- A STATE that arrives while nothing is uncommitted is emitted at once.
- Reading goes on while files are sent (`stage/`) and while a load is committed (`commit_thread.py`): one at a time, and
  the warehouse is asked nothing in between.
- If any stream is loaded by `overwrite`, all streams of the run commit once, at the end of input, and no STATE comes
  out before.
- Whatever ends the run early lets the load that is under way end, drops what no load holds and emits nothing for it.
- After a signal nothing is committed, whether it comes while the input is read, while files are sent, or at any moment
  before the last COMMIT. A COMMIT that has been sent ends, and its STATE comes out. Whoever stopped this process has
  most likely stopped the tap too, whose end is then no clean one, and whoever keeps the STATEs: Meltano, interrupted,
  does not keep one that comes later.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cache
from typing import IO, Any

from singer_bulk.batch_files.read import BatchReader
from singer_bulk.clean_end import demand_clean_end, look_for_signal, needing_table
from singer_bulk.commit_thread import Committer
from singer_bulk.errors import Interrupted, shown
from singer_bulk.errors.unexpected import raise_unexpected
from singer_bulk.maps.intake import Intake
from singer_bulk.messages import messages_of, read_blocks, unshown
from singer_bulk.model.block_memory import keep_freed_memory
from singer_bulk.model.facts import READ, STAGE, UNWATCHED, Arrived, Began, Made, Watch
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.load import Load
from singer_bulk.model.messages import ActivateVersion, BatchFiles, Message, Records, Schema, State, place_of
from singer_bulk.model.runtime import Runtime
from singer_bulk.model.statements import statements_of
from singer_bulk.open_load import OpenLoad
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.unused import tell_unused
from singer_bulk.stage.base import Stage
from singer_bulk.stage.keys import StagedNames
from singer_bulk.stage.owner import RunStage
from singer_bulk.stage.rejects import Rejects
from singer_bulk.stream.from_schema import Opening
from singer_bulk.stream.stream import Stream, StreamContext
from singer_bulk.warehouse.ledger import committed_runs, is_news
from singer_bulk.warehouse.loads import Loads
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables
from singer_bulk.warehouse.user_sql import LoadSql, run_each

# How long a silent tap is waited for before age limits and signals are looked at.
WAIT_SECONDS = 1.0


class Run:
    """One invocation: from the first message to the last COMMIT."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        stage: Stage,
        file_format: Callable[[], FileFormat],
        settings: LoadSettings,
        intake: Intake,
        emit: Callable[[str], None],
        runtime: Runtime,
        layout: Callable[[Warehouse], FileLayout] = lambda warehouse: FileLayout(),
        stop_signal: Callable[[], int | None] = lambda: None,
        connector_version: str = "",
        mapped: Collection[str] = (),
        rejects: Callable[..., Rejects] = Rejects,
        watch: Watch = UNWATCHED,
        committer: Callable[..., Committer] = Committer,
        first_number: int | None = None,
    ) -> None:
        self._watch = watch
        self._settings = settings
        self._named = {"stream_settings": [*(settings.stream_settings or {})], "stream_maps": [*mapped]}
        self._runtime = runtime
        self._intake = intake
        self._stop_signal = stop_signal
        self._started_at = started_at = runtime.now()
        self._run_id = uuid.uuid4().hex
        self._first_number = first_number  # of the first row; None: behind those that the warehouse has
        self._show = unshown if intake.hides else shown
        self._files = BatchReader(stage.read_object, self._show)
        self._stage = RunStage(stage)
        self._names = StagedNames(settings.s3_key_prefix, started_at, self._run_id)
        self._rejects = rejects(self._stage.open, self._names.for_rejects, stage.url, settings.max_rejected_records)
        tables = LoadTables(warehouse, versioned=settings.has_versions)
        loads = Loads(
            warehouse,
            tables,
            self._stage,
            stop_signal,
            runtime.now,
            lock_wait_seconds=settings.lock_wait_seconds,
            user_sql=LoadSql(statements_of(settings.pre_load_sql or ""), statements_of(settings.post_load_sql or "")),
        )
        warehouse.label.run, warehouse.label.pipeline = self._run_id, settings.pipeline_id or ""
        self._committer = committer(
            warehouse,
            loads,
            self._stage,
            emit,
            runtime,
            watch,
            keep_staged_files=settings.keep_staged_files,
            described_at=self._names.for_description,
        )
        self._open = OpenLoad(self._run_id, started_at, connector_version, settings, runtime.now, runtime.monotonic)
        context = StreamContext(
            settings=settings,
            file_format=file_format,
            open_file=self._stage.open,
            new_key=self._names.for_rows,
            fold=warehouse.dialect.fold,
            runtime=runtime,
            started_at=started_at,
            rejects=self._rejects,
            layout=cache(lambda: layout(warehouse)),
            watch=watch,
        )
        self._opening = Opening(self._warehouse, warehouse.dialect, context)
        self._message: Message | None = None  # the one that was taken last

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The streams that have a SCHEMA, by name."""
        return self._open.streams

    @property
    def counts(self) -> Counter[str]:
        """Messages so far, by type."""
        return self._open.counts

    def read(self, source: IO[Any]) -> Counter[str]:
        """Load everything the source holds; return the number of messages by type.

        Raises BulkError; then nothing uncommitted is visible, acknowledged or left in the stage.
        """
        keep_freed_memory()
        self._watch.tell(Began(self._run_id, self._settings.pipeline_id, self._started_at))
        try:
            self._run_sql("pre_run_sql", self._settings.pre_run_sql)
            self._committer.fence(self._settings.pipeline_id)
            show = self._show
            for block in self._watch.each(READ, read_blocks(source, WAIT_SECONDS, show=show)):
                self._committer.check()
                self._stop_if_signalled()
                for message in messages_of(block, show) if block else ():
                    self._take(message)
                self._flush_if_old()
            self._finish()
            tell_unused(self._named, self._settings.schema_mapping or {}, self._open.made_of)
            self._intake.tell_unused()
            self._run_sql("post_run_sql", self._settings.post_run_sql)
            self._sweep()
        except BaseException as error:
            self._committer.end()
            self._open.abort()
            raise_unexpected(error, place_of(self._message), hides=self._intake.hides)
            raise
        finally:
            self._stage.remove_rest()
            self._committer.close()
        return self._open.counts

    def _run_sql(self, setting: str, sql: str | None) -> None:
        if statements := statements_of(sql or ""):
            run_each(self._warehouse().session, setting, statements)

    def _take(self, message: Message) -> None:
        self._message = message
        self._open.count(message)
        if isinstance(message, State):
            self._take_state(bytes(message.value).decode())
        elif isinstance(message, ActivateVersion):
            self._open.activate(message)
        elif isinstance(message, BatchFiles):
            self._take_files(message)
        else:
            if isinstance(message, Records):
                self._watch.tell(Arrived(message.stream, message.count, len(message.text)))
            if isinstance(message, Schema):
                self._files.declare(message)
            for made in self._intake.made_of(message):
                if isinstance(made, Schema):
                    self._open.note_made(message.stream, made.stream)
                    self._take_schema(made)
                else:
                    self._watch.tell(Made(made.stream, message.stream, made.count))
                    self._open.add(made)
                    self._make_room()

    def _take_files(self, message: BatchFiles) -> None:
        """Take the records of the files that a BATCH names, as if each were a RECORD."""
        for records in self._files.records(message):
            self._take(records)
            self._committer.check()
            self._stop_if_signalled()

    def _make_room(self) -> None:
        """Close the largest files early where more waits to be sent than memory is to hold."""
        with self._watch.time(STAGE):
            while not self._stage.has_room() and self._open.close_largest():
                pass

    def _take_state(self, state: str) -> None:
        self._open.cover(state)
        if self._open.holds:
            return
        if self._open.is_empty:
            self._committer.emit(state)
        elif self._open.due:
            self._flush()

    def _take_schema(self, message: Schema) -> None:
        known = self._open.streams.get(message.stream)
        if known is not None:
            if known.is_of(message):
                return
            self._open.end_stream(known)
        if not self._open.sequence:
            begin = self._opening.begin()
            self._open.sequence = begin if self._first_number is None else self._first_number
        self._open.begin_stream(self._opening.stream(message, self._open.pending))

    def _warehouse(self) -> Warehouse:
        return self._committer.warehouse

    def _flush_if_old(self) -> None:
        self._open.look_at_age()
        if self._open.due and self._open.may_close:
            self._flush()

    def _flush(self) -> None:
        """Let what a STATE covers be committed as one load, behind which that STATE comes out."""
        self._commit(self._open.close())

    def _commit(self, load: Load) -> None:
        self._committer.commit(load, self._rejects.stage())

    def _finish(self) -> None:
        """The end of input: behind a clean one what is left commits, and streams without a record get their table."""
        if not self._open.is_proven:
            look_for_signal(self._stop_signal, self._runtime)
        self._stop_if_signalled()
        demand_clean_end(self._open, self._warehouse, self._outcome)
        asking = needing_table(self._open, self._warehouse)
        if asking or not self._open.is_empty:
            self._commit(self._open.close(asking))
        elif self._open.has_only_state and is_news(self._warehouse(), self._settings.pipeline_id, self._open.state):
            self._flush()  # no row came: only the STATE moves on, in the ledger too
        self._committer.emit(self._open.state)
        number = self._stop_signal()
        if number is not None:
            raise Interrupted(number, "the input had ended before it, and all of it is committed")

    def _stop_if_signalled(self) -> None:
        number = self._stop_signal()
        if number is None:
            return
        self._committer.wait()
        raise Interrupted(number, self._outcome())

    def _outcome(self) -> str:
        """Return what is in the warehouse when the open load is dropped, as part of a sentence."""
        if self._open.holds:
            return "the tables are as they were before this run"
        state = self._committer.emitted
        told = "the last STATE" if self._intake.hides else f"STATE {shown(state or '')}"
        return "nothing of it was loaded" if state is None else f"the tables are as {told} left them"

    def _sweep(self) -> None:
        hours = self._settings.sweep_after_hours
        if hours is not None:
            kept = committed_runs(self._warehouse()) if self._settings.keep_staged_files else set()
            self._stage.sweep(self._names.prefix, self._runtime.now(), timedelta(hours=hours), {*kept, self._run_id})
