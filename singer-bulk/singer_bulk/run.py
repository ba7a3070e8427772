"""The main path: read messages, batch records, flush, commit, emit STATE.

The rules, in the order in which they matter:

- A STATE is emitted only after every record before it is committed.
- A load ends at a STATE, or at a clean end of input (`input_end.py`): limits of the flush policy close and stage files,
  but rows commit only with the STATE that covers them, so a tap that resumes from it sends no committed row again.
- A STATE that arrives while nothing is uncommitted is emitted at once.
- Reading goes on while files are sent (`stage/`) and while a load is committed (`commit_thread.py`): one at a time, and
  the warehouse is asked nothing in between.
- If any stream is loaded by `overwrite`, all streams of the run commit once, at the end of input, and no STATE comes
  out before.
- Whatever ends the run early lets the load that is under way end, drops what no load holds and emits nothing for it.
- After a signal there is no clean end of input: what a STATE covers may still commit, nothing else does, whether the
  signal comes while the input is read, while files are sent, or at any moment before the last COMMIT.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import IO, Any, Protocol

from singer_bulk.commit_thread import Committer, keys_of
from singer_bulk.encode.added_fields import first_sequence
from singer_bulk.encode.batch import Encoders
from singer_bulk.errors import BulkError, ConfigError, InputCutOff, Interrupted, RecordBeforeSchema, shown
from singer_bulk.feeds.deleted_at import Deletes
from singer_bulk.input_end import Grade, InputEnd
from singer_bulk.joining import joined
from singer_bulk.messages import messages_of, read_blocks
from singer_bulk.model.block_memory import keep_freed_memory
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.load import OVERWRITE, Load, TableLoad
from singer_bulk.model.messages import ActivateVersion, Message, Records, Schema, State
from singer_bulk.schemas import Present, stream_of, table_of
from singer_bulk.settings import LoadSettings
from singer_bulk.stage.base import Stage
from singer_bulk.stage.keys import StagedNames, leftovers
from singer_bulk.stage.rejects import Rejects
from singer_bulk.stream import Stream, StreamContext
from singer_bulk.warehouse.session import Warehouse

logger = logging.getLogger(__name__)

# How long a silent tap is waited for before age limits and signals are looked at.
WAIT_SECONDS = 1.0
# Who stops a pipeline signals its processes one after the other: the tap may be dead, and its end read, before our own
# signal comes. So long, in steps, is it looked for where a clean end would commit more than a STATE covers.
LOOK_STEPS, LOOK_SECONDS = 10, 0.01


class Mapper(Protocol):
    """Stream maps and flattening: what arrives -> what is loaded."""

    def schemas(self, message: Schema) -> list[Schema]:
        """Return the SCHEMAs that the stream becomes; none if it is dropped."""

    def records(self, records: Records) -> list[Records]:
        """Return the records that the run becomes."""


@dataclass
class Clock:
    """The time, passed in."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class Run:
    """One invocation: from the first message to the last COMMIT."""

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        stage: Stage,
        file_format: Callable[[], FileFormat],
        settings: LoadSettings,
        emit: Callable[[str], None],
        clock: Clock,
        layout: Callable[[Warehouse], FileLayout] = lambda warehouse: FileLayout(),
        mapper: Mapper | None = None,
        stop_signal: Callable[[], int | None] = lambda: None,
        text_bytes: int | None = None,
        connector_version: str = "",
    ) -> None:
        self._stage = stage
        self._settings = settings
        self._committer = Committer(
            warehouse, stage, emit, keep_staged_files=settings.keep_staged_files, stop_signal=stop_signal
        )
        self._dialect = warehouse.dialect
        self._clock = clock
        self._layout = cache(lambda: layout(warehouse))
        self._mapper = mapper
        self._stop_signal = stop_signal
        self._connector_version = connector_version
        self._started_at = clock.now()
        self._run_id = uuid.uuid4().hex
        self._names = StagedNames(settings.s3_key_prefix, self._started_at, self._run_id)
        self._streams: dict[str, Stream] = {}
        self._made_of: dict[str, set[str]] = {}  # the tap's stream -> what stream maps made of it
        self._ended: list[TableLoad] = []
        self._sequence = 0
        self._state: str | None = None
        self._ledgered: str | None = None  # the STATE of the last load
        self._covered = True  # the last STATE came after the last record
        self._end = InputEnd(settings.end_of_input)
        self._due = False  # files were staged, or rows have waited long enough
        self._load_opened = 0.0
        self._counts: Counter[str] = Counter()
        self._warned_of_versions = False
        self._deletes = Deletes()
        self._rejects = None
        if settings.on_invalid_record == "reject":
            self._rejects = Rejects(stage.open, self._names.for_rejects, stage.url, settings.max_rejected_records)
        warehouse.frozen = settings.evolution.frozen
        warehouse.versioned = settings.add_record_metadata and settings.process_activate_version_messages
        self._context = StreamContext(
            file_format=file_format,
            open_file=stage.open,
            new_key=self._names.for_rows,
            fold=warehouse.dialect.fold,
            now=clock.now,
            monotonic=clock.monotonic,
            started_at=self._started_at,
            rules=settings.types(text_bytes),
            values=settings.values,
            add_record_metadata=settings.add_record_metadata,
            validate_records=settings.validate_records,
            extra_column=settings.extra_properties == "column",
            rejects=self._rejects,
            encoders=Encoders(settings.encoders or 0),
            layout=FileLayout(),  # until the warehouse has been asked
        )

    def read(self, source: IO[Any]) -> Counter[str]:
        """Load everything the source holds; return the number of messages by type.

        Raises BulkError; then nothing uncommitted is visible, acknowledged or left in the stage.
        """
        keep_freed_memory()
        try:
            self._committer.fence(self._settings.pipeline_id)
            for block in read_blocks(source, WAIT_SECONDS):
                self._committer.check()
                self._stop_if_signalled()
                for message in messages_of(block) if block else ():
                    self._take(message)
                self._flush_if_old()
            self._finish()
            self._sweep()
        except BaseException:
            self._committer.end()
            self._abort()
            raise
        finally:
            self._committer.close()
        return self._counts

    def _take(self, message: Message) -> None:
        if isinstance(message, Records):
            self._counts["RECORD"] += message.count
            self._end.records(message.stream, message.count)
            appeared = self._deletes.appeared(message)
            if appeared is not None:
                self._take_schemas(appeared)
            for records in self._mapper.records(message) if self._mapper else (message,):
                self._take_records(records)
        elif isinstance(message, State):
            self._counts["STATE"] += 1
            self._end.state(bytes(message.value))
            self._take_state(bytes(message.value).decode())
        elif isinstance(message, Schema):
            self._counts["SCHEMA"] += 1
            self._end.schema(message.stream, message.bookmark_properties)
            self._take_schemas(self._deletes.declared(message))
        else:
            self._counts["ACTIVATE_VERSION"] += 1
            self._end.version(message.stream)
            self._take_version(message)

    def _take_records(self, records: Records) -> None:
        stream = self._streams.get(records.stream)
        if stream is None:
            raise RecordBeforeSchema(
                records.line_numbers[0],
                f"a RECORD of stream {records.stream!r} before its SCHEMA",
                "the tap must send the SCHEMA first",
            )
        if not self._uncommitted():
            self._load_opened = self._clock.monotonic()
        self._covered = False
        policy = self._settings.policy
        while records.count:
            room = policy.batch_size_rows - (stream.batch.row_count if stream.batch else 0)
            part, records = records.split(room)
            stream.add(part, self._sequence)
            self._sequence += part.count
            if stream.batch and stream.batch.is_full(policy):
                self._close_batch(stream)
        self._make_room()

    def _close_batch(self, stream: Stream) -> None:
        stream.close_batch()
        self._due = True

    def _make_room(self) -> None:
        """Close the largest files early where more waits to be sent than memory is to hold."""
        while not self._stage.has_room():
            written = [stream for stream in self._streams.values() if stream.batch is not None]
            if not written:
                return
            self._close_batch(max(written, key=lambda stream: stream.batch.byte_count if stream.batch else 0))

    def _take_state(self, state: str) -> None:
        self._state = state
        self._covered = True
        if self._holds():
            return
        if not self._uncommitted():
            self._committer.emit(self._state)
        elif self._due:
            self._flush()

    def _take_schemas(self, message: Schema) -> None:
        for schema in self._mapper.schemas(message) if self._mapper else (message,):
            self._made_of.setdefault(message.stream, set()).add(schema.stream)
            self._take_schema(schema)

    def _take_schema(self, message: Schema) -> None:
        known = self._streams.get(message.stream)
        text = bytes(message.schema)
        if known is not None:
            if known.schema_text == text and known.message.key_properties == message.key_properties:
                return
            # The files of the old SCHEMA are closed; they commit before or with the new one's, in their order.
            self._end_stream(known)
        if not self._streams and not self._ended:
            self._begin()
        stream = self._new_stream(message, text)
        self._streams[message.stream] = stream

    def _begin(self) -> None:
        """Reach the warehouse before the first row is read, so that a wrong setting costs nothing."""
        self._sequence = first_sequence(self._started_at, self._committer.warehouse.last_sequence())
        self._context = replace(self._context, layout=self._layout())

    def _new_stream(self, message: Schema, text: bytes) -> Stream:
        table = table_of(message, self._settings, self._dialect)
        for other in self._streams.values():
            if other.table == table and other.name != message.stream:
                raise ConfigError(
                    f"streams {other.name!r} and {message.stream!r} are both table {table}; "
                    "give one another name by a stream map (__alias__)"
                )
        # The columns that the table will have when what is uncommitted has been loaded.
        pending = [column for load in self._ended if load.table == table for column in load.columns]
        there = Present(lambda: self._committer.warehouse, table, pending)
        return stream_of(message, text, there, self._settings, self._dialect, self._context)

    def _take_version(self, message: ActivateVersion) -> None:
        """Rows of lower versions become obsolete in the load that holds what came before."""
        made = self._made(message.stream)
        if not made or not self._settings.process_activate_version_messages:
            return
        if not self._settings.add_record_metadata:
            if not self._warned_of_versions:
                logger.warning(
                    "ACTIVATE_VERSION of stream %s is passed over; add_record_metadata would keep versions",
                    message.stream,
                )
            self._warned_of_versions = True
            return
        if not self._uncommitted():
            self._load_opened = self._clock.monotonic()
        self._covered = False
        for stream in made:
            stream.activated = max(message.version, stream.activated or 0)

    def _end_stream(self, stream: Stream) -> None:
        load = stream.take_load()
        if load.batches or load.rejected or load.activated is not None:
            self._ended.append(load)
        del self._streams[stream.name]

    def _uncommitted(self) -> bool:
        return bool(self._ended) or any(stream.has_work or stream.rejected for stream in self._streams.values())

    def _holds(self) -> bool:
        """Return whether all streams wait for the end of input."""
        return self._settings.method.replaces()

    def _flush_if_old(self) -> None:
        if not self._uncommitted():
            return
        if self._settings.policy.is_old(self._clock.monotonic() - self._load_opened):
            self._due = True
        if self._due and self._covered and not self._holds():
            self._flush()

    def _flush(self, *, at_end: bool = False) -> None:
        """Close every batch and let the files be committed as one load, behind which its STATE comes out.

        `at_end`: the load holds more than its STATE covers, and commits only if no signal has come until then.
        """
        wanting = [
            stream
            for stream in self._streams.values()
            if stream.has_work or stream.rejected or (at_end and self._needs_table(stream))
        ]
        for stream in wanting:
            stream.close_batch()  # if S3 fails here, what is staged is still known and will be removed
        parts = [*self._ended, *(stream.take_load() for stream in wanting)]
        self._ended = []
        keys = keys_of(parts)
        rejects: list[str] = []
        try:
            load = self._new_load(joined(parts), needs_end=at_end and not self._is_covered())
            rejects = self._rejects.stage() if self._rejects else []
            self._committer.commit(load, rejects)
        except BaseException:
            self._committer.remove([*keys, *rejects])
            raise
        self._counts["load"] += 1
        self._ledgered = self._state
        self._due = False

    def _new_load(self, tables: tuple[TableLoad, ...], *, needs_end: bool) -> Load:
        now = self._clock.now().astimezone(timezone.utc)
        sequence = self._sequence
        self._sequence += 1  # the load's own number: without a row it is later than the load before it, too
        return Load(
            load_id=f"{self._run_id}-{self._counts['load'] + 1}",
            pipeline_id=self._settings.pipeline_id,
            tables=tables,
            state=self._state,
            sequence=sequence,
            started_at=self._started_at.astimezone(timezone.utc).isoformat(" "),
            committed_at=now.isoformat(" "),
            connector_version=self._connector_version,
            needs_end=needs_end,
        )

    def _finish(self) -> None:
        """The end of input: behind a clean one what is left commits, and streams without a record get their table."""
        if not self._is_covered():
            self._look_for_signal()
        self._stop_if_signalled()
        self._demand_clean_end()
        if self._holds():
            self._refuse_empty_overwrite()
        if self._uncommitted() or any(self._needs_table(stream) for stream in self._streams.values()):
            self._flush(at_end=True)
        elif self._settings.pipeline_id and self._streams and self._state not in (None, self._ledgered):
            self._flush()  # no row came: only the STATE moves on, in the ledger too
        self._committer.emit(self._state)
        number = self._stop_signal()
        if number is not None:
            raise Interrupted(number, "the input had ended before it, and all of it is committed")

    def _is_covered(self) -> bool:
        """Return whether a STATE covers all that is uncommitted, and may be committed with it."""
        return not self._holds() and not self._end.uncovered

    def _look_for_signal(self) -> None:
        for _ in range(LOOK_STEPS):
            if self._stop_signal() is not None:
                return
            self._clock.sleep(LOOK_SECONDS)

    def _demand_clean_end(self) -> None:
        """Raise InputCutOff where the tap has not come to its end; a full load that may be a part may lose no row."""
        full_loads = {name: self._end.grade(name) for name in self._full_loads()}
        parts = [name for name, grade in full_loads.items() if grade is Grade.PART]
        if parts:
            raise InputCutOff(
                f"the input ended in the middle of the full load of {_listed(parts)}, as the last STATE says; no table "
                "was changed. A tap that died looks like this: run it again"
            )
        self._refuse_uncovered()
        for name in (name for name, grade in full_loads.items() if grade is Grade.UNPROVEN):
            for stream in self._made(name):
                # That a table may be emptied the user has said; that the tap came so far a STATE must.
                if self._end.is_open(name) or self._has_rows(stream) or not self._settings.overwrite_allow_empty:
                    stream.may_be_part()

    def _refuse_uncovered(self) -> None:
        end, pipeline_id = self._end, self._settings.pipeline_id
        if end.may_lack_state() and pipeline_id and self._committer.warehouse.has_state(pipeline_id):
            end.sends_states = True
        lacking = end.lacking_state()
        if lacking:
            count = sum(end.uncovered[stream] for stream in lacking)
            raise InputCutOff(
                f"the input ended with {count} records of {_listed(lacking)} that no STATE covers; {self._outcome()}. "
                "A tap that died looks like this: run it again from that STATE. One that sends no STATE at its end "
                "needs end_of_input: any"
            )

    def _full_loads(self) -> list[str]:
        """Return the tap's names of the streams that replace the rows of a table."""
        return [name for name in self._made_of if any(one.method.name == OVERWRITE for one in self._made(name))]

    def _made(self, name: str) -> list[Stream]:
        """Return what stream maps have made of a stream of the tap."""
        return [self._streams[one] for one in self._made_of.get(name, set()) & self._streams.keys()]

    def _outcome(self) -> str:
        """Return what is in the warehouse when the open load is dropped, as part of a sentence."""
        if self._holds():
            return "the tables are as they were before this run"
        state = self._committer.emitted
        return "nothing of it was loaded" if state is None else f"the tables are as STATE {shown(state)} left them"

    def _needs_table(self, stream: Stream) -> bool:
        """Return whether a stream that has no uncommitted row still asks something of its table."""
        present = self._committer.warehouse.columns(stream.table)
        return stream.method.name == OVERWRITE or any(column.name not in present for column in stream.columns)

    def _refuse_empty_overwrite(self) -> None:
        if self._settings.overwrite_allow_empty:
            return
        for stream in self._streams.values():
            if (
                stream.method.name == OVERWRITE
                and not self._has_rows(stream)
                and self._committer.warehouse.columns(stream.table)
            ):
                raise ConfigError(
                    f"stream {stream.name!r}: the full load has no record, and table {stream.table} would be emptied; "
                    "nothing was changed; set overwrite_allow_empty to allow it"
                )

    def _has_rows(self, stream: Stream) -> bool:
        """Return whether the open load has rows of the stream, under its SCHEMA of now or one before."""
        return bool(stream.row_count) or any(table.stream == stream.name for table in self._ended)

    def _stop_if_signalled(self) -> None:
        number = self._stop_signal()
        if number is None:
            return
        if self._uncommitted() and self._covered and not self._holds():
            self._flush()
        self._committer.wait()
        raise Interrupted(number, self._outcome())

    def _abort(self) -> None:
        left = (TableLoad(stream.name, stream.table, (), tuple(stream.closed)) for stream in self._streams.values())
        keys = keys_of([*self._ended, *left])
        keys += [file.key for stream in self._streams.values() if stream.batch for file in stream.batch.staged]
        for stream in self._streams.values():
            stream.abort()
        if self._rejects is not None:
            self._rejects.abort()
        self._committer.remove(keys)

    def _sweep(self) -> None:
        """Remove what dead runs left; a failure to do so is no failure of the run."""
        hours = self._settings.sweep_after_hours
        if hours is None:
            return
        try:
            kept = self._committer.warehouse.committed_runs() if self._settings.keep_staged_files else set()
            written = self._stage.written(self._names.prefix)
            found = leftovers(written, self._clock.now(), timedelta(hours=hours), {*kept, self._run_id})
            self._stage.remove(found)
        except BulkError as error:
            logger.warning("what dead runs left in the stage could not be removed: %s", error)
            return
        if found:
            logger.info("%d staged files of dead runs removed", len(found))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
