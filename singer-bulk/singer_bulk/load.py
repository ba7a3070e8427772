"""The main path: read messages, batch records, flush, commit, emit STATE.

The rules, in the order in which they matter:

- A STATE is emitted only after every record before it is committed.
- A load ends at a STATE, or at a clean end of input: limits of the flush policy close and stage files, but rows
  commit only with the STATE that covers them, so a tap that resumes from it sends no committed row again.
- A STATE that arrives while nothing is uncommitted is emitted at once.
- If any stream is loaded by `overwrite`, all streams of the run commit once, at the end of input.
- Whatever ends the run early rolls back what is uncommitted and emits nothing for it.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import IO, Any, Protocol

from singer_bulk.columns import TypeRules
from singer_bulk.dialect import Load, Table, TableLoad
from singer_bulk.errors import BulkError, ConfigError, Interrupted, RecordBeforeSchema
from singer_bulk.flush import FlushPolicy
from singer_bulk.messages import ActivateVersion, Message, Records, Schema, State, messages_of, read_blocks
from singer_bulk.metadata import first_sequence
from singer_bulk.names import column_names, table_of
from singer_bulk.stage import Stage
from singer_bulk.stream import Stream, StreamContext, stream_columns
from singer_bulk.values import FileFormat
from singer_bulk.warehouse import Warehouse

logger = logging.getLogger(__name__)

OVERWRITE, APPEND = "overwrite", "append-only"
# How long a silent tap is waited for before age limits and signals are looked at.
WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class LoadSettings:
    """What the user chose for the loads of a run."""

    load_method: str
    policy: FlushPolicy
    key_prefix: str
    default_schema: str | None
    add_record_metadata: bool
    validate_records: bool
    keep_staged_files: bool
    overwrite_allow_empty: bool
    rules: TypeRules
    pipeline_id: str | None
    connector_version: str


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
        mapper: Mapper | None = None,
        stop_signal: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._warehouse = warehouse
        self._stage = stage
        self._settings = settings
        self._emit = emit
        self._clock = clock
        self._mapper = mapper
        self._stop_signal = stop_signal
        self._started_at = clock.now()
        self._load_id = uuid.uuid4().hex
        self._file_count = 0
        self._streams: dict[str, Stream] = {}
        self._ended: list[TableLoad] = []
        self._sequence = 0
        self._state: str | None = None
        self._emitted: str | None = None
        self._covered = True  # the last STATE came after the last record
        self._due = False  # files were staged, or rows have waited long enough
        self._load_opened = 0.0
        self._counts: Counter[str] = Counter()
        self._warned_of_versions = False
        self._context = StreamContext(
            file_format=file_format,
            open_file=stage.open,
            new_key=self._new_key,
            fold=warehouse.dialect.fold,
            now=clock.now,
            monotonic=clock.monotonic,
            started_at=self._started_at,
            rules=settings.rules,
            add_record_metadata=settings.add_record_metadata,
            validate_records=settings.validate_records,
        )

    def read(self, source: IO[Any]) -> Counter[str]:
        """Load everything the source holds; return the number of messages by type.

        Raises BulkError; then nothing uncommitted is visible, acknowledged or left in the stage.
        """
        try:
            for block in read_blocks(source, WAIT_SECONDS):
                self._stop_if_signalled()
                for message in messages_of(block) if block else ():
                    self._take(message)
                self._flush_if_old()
            self._finish()
        except BaseException:
            self._abort()
            raise
        finally:
            self._warehouse.close()
        return self._counts

    def _take(self, message: Message) -> None:
        if isinstance(message, Records):
            self._counts["RECORD"] += message.count
            for records in self._mapper.records(message) if self._mapper else (message,):
                self._take_records(records)
        elif isinstance(message, State):
            self._counts["STATE"] += 1
            self._take_state(bytes(message.value).decode())
        elif isinstance(message, Schema):
            self._counts["SCHEMA"] += 1
            for schema in self._mapper.schemas(message) if self._mapper else (message,):
                self._take_schema(schema)
        else:
            self._counts["ACTIVATE_VERSION"] += 1
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
            if stream.batch and policy.is_full(stream.batch.row_count, stream.batch.byte_count):
                stream.close_batch()
                self._due = True

    def _take_state(self, state: str) -> None:
        self._state = state
        self._covered = True
        if not self._uncommitted():
            self._emit_state()
        elif self._due and not self._holds():
            self._flush()

    def _take_schema(self, message: Schema) -> None:
        known = self._streams.get(message.stream)
        text = bytes(message.schema)
        if known is not None:
            if known.schema_text == text:
                return
            # The files of the old SCHEMA are closed; they commit before or with the new one's, in their order.
            self._end_stream(known)
        if not self._streams and not self._ended:
            self._begin()
        stream = self._new_stream(message, text)
        self._streams[message.stream] = stream

    def _begin(self) -> None:
        """Reach the warehouse before the first row is read, so that a wrong setting costs nothing."""
        self._sequence = first_sequence(self._started_at, self._warehouse.last_sequence())

    def _new_stream(self, message: Schema, text: bytes) -> Stream:
        schema = message.properties()
        if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
            raise ConfigError(f"stream {message.stream!r}: the SCHEMA names no properties; check the tap")
        fold = self._warehouse.dialect.fold
        table = table_of(message.stream, self._settings.default_schema, fold)
        self._refuse_shared_table(message.stream, table)
        names = column_names(message.stream, schema.get("properties", {}), fold)
        columns = stream_columns(message.stream, schema, self._settings.rules, names, self._warehouse.columns(table))
        overwrite = self._settings.load_method == OVERWRITE
        keys = frozenset(message.key_properties or ()) & frozenset(names)
        return Stream(message.stream, table, overwrite, text, schema, columns, keys, self._context)

    def _refuse_shared_table(self, stream: str, table: Table) -> None:
        for other in self._streams.values():
            if other.table == table and other.name != stream:
                raise ConfigError(
                    f"streams {other.name!r} and {stream!r} are both table {table}; "
                    "give one another name by a stream map (__alias__)"
                )

    def _take_version(self, message: ActivateVersion) -> None:
        if not self._warned_of_versions:
            self._warned_of_versions = True
            logger.warning("stream %s: ACTIVATE_VERSION is not acted on by this version", message.stream)

    def _end_stream(self, stream: Stream) -> None:
        load = stream.take_load()
        if load.batches:
            self._ended.append(load)
        del self._streams[stream.name]

    def _uncommitted(self) -> bool:
        return bool(self._ended) or any(stream.row_count for stream in self._streams.values())

    def _holds(self) -> bool:
        """Return whether all streams wait for the end of input."""
        return self._settings.load_method == OVERWRITE

    def _flush_if_old(self) -> None:
        if not self._uncommitted():
            return
        if self._settings.policy.is_old(self._clock.monotonic() - self._load_opened):
            self._due = True
        if self._due and self._covered and not self._holds():
            self._flush()

    def _flush(self, *, at_end: bool = False) -> None:
        """Close every batch, stage its files, commit them as one load, emit its STATE."""
        wanting = [
            stream for stream in self._streams.values() if stream.row_count or (at_end and self._needs_table(stream))
        ]
        chosen = _joined([*self._ended, *(stream.take_load() for stream in wanting)])
        self._ended = []
        now = self._clock.now().astimezone(timezone.utc)
        load = Load(
            load_id=f"{self._load_id}-{self._counts['load'] + 1}",
            pipeline_id=self._settings.pipeline_id,
            tables=chosen,
            state=self._state,
            started_at=self._started_at.astimezone(timezone.utc).isoformat(" "),
            committed_at=now.isoformat(" "),
            connector_version=self._settings.connector_version,
        )
        keys = [file.key for table in chosen for batch in table.batches for file in batch.files]
        try:
            self._warehouse.commit(load)
        except BaseException:
            self._remove(keys)
            raise
        self._counts["load"] += 1
        self._due = False
        for table in chosen:
            logger.info("load %s: %s rows of %s in %s", load.load_id, _rows(table), table.stream, table.table)
        self._emit_state()
        if not self._settings.keep_staged_files:
            self._remove(keys)

    def _emit_state(self) -> None:
        if self._state is not None and self._state != self._emitted:
            self._emit(self._state)
            self._emitted = self._state

    def _finish(self) -> None:
        """A clean end of input: what is left commits, and streams without a record get their table."""
        if self._holds():
            self._refuse_empty_overwrite()
        if self._uncommitted() or any(self._needs_table(stream) for stream in self._streams.values()):
            self._flush(at_end=True)
        else:
            self._emit_state()

    def _needs_table(self, stream: Stream) -> bool:
        """Return whether a stream that has no uncommitted row still asks something of its table."""
        present = self._warehouse.columns(stream.table)
        return stream.overwrite or any(column.name not in present for column in stream.columns)

    def _refuse_empty_overwrite(self) -> None:
        if self._settings.overwrite_allow_empty:
            return
        for stream in self._streams.values():
            ended = any(table.stream == stream.name for table in self._ended)
            if not stream.row_count and not ended and self._warehouse.columns(stream.table):
                raise ConfigError(
                    f"stream {stream.name!r}: the full load has no record, and table {stream.table} would be emptied; "
                    "nothing was changed; set overwrite_allow_empty to allow it"
                )

    def _stop_if_signalled(self) -> None:
        number = self._stop_signal()
        if number is None:
            return
        if self._uncommitted() and self._covered and not self._holds():
            self._flush()
        raise Interrupted(number)

    def _abort(self) -> None:
        keys = [
            file.key
            for table in [
                *self._ended,
                *(TableLoad(s.name, s.table, (), tuple(s.closed)) for s in self._streams.values()),
            ]
            for batch in table.batches
            for file in batch.files
        ]
        for stream in self._streams.values():
            stream.abort()
        self._remove(keys)

    def _remove(self, keys: list[str]) -> None:
        if not keys:
            return
        try:
            self._stage.remove(keys)
        except BulkError as error:
            logger.warning("a staged file stays: %s", error)

    def _new_key(self, stream: str) -> str:
        self._file_count += 1
        started = self._started_at.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        name = f"{started}-{self._load_id}-{self._file_count:05d}.csv.gz"
        return "/".join(part for part in (self._settings.key_prefix.strip("/"), _key_part(stream), name) if part)


def _key_part(stream: str) -> str:
    """Return a stream's name as a folder: what S3 and COPY take without escapes stays, the rest becomes `_`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in stream) or "_"


def _joined(tables: Iterable[TableLoad]) -> tuple[TableLoad, ...]:
    """Join the parts of a table whose SCHEMA changed within the load; its columns are those of all parts."""
    joined: dict[Table, TableLoad] = {}
    for part in tables:
        first = joined.get(part.table)
        if first is None:
            joined[part.table] = part
            continue
        names = {column.name for column in first.columns}
        columns = first.columns + tuple(column for column in part.columns if column.name not in names)
        joined[part.table] = TableLoad(
            part.stream, part.table, columns, first.batches + part.batches, first.overwrite or part.overwrite
        )
    return tuple(joined.values())


def _rows(table: TableLoad) -> int:
    return sum(batch.row_count for batch in table.batches)
