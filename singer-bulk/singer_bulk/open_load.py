"""What no load holds yet, and how it becomes one. The rules:

1. A STATE covers every record before it. What it covers may be closed into a load; what comes behind it may not, but at
   the end of input (`clean_end.py`).
2. A limit closes files and makes the load due, and so does the age of its first row; neither closes the load.
3. If any stream is loaded by `overwrite`, nothing is closed before the end of input.
4. A table is loaded once: the parts of one whose SCHEMA has changed are joined when the load is closed.
5. Rows are numbered in the order of arrival. A load has a number of its own, behind those of its rows.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from singer_bulk.errors import ConfigError, RecordBeforeSchema
from singer_bulk.model.input_end import InputEnd
from singer_bulk.model.load import OVERWRITE, Load, Table, TableLoad
from singer_bulk.model.messages import ActivateVersion, BatchFiles, Message, Records, Schema, State
from singer_bulk.schema.joined import joined
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stream.stream import Stream

logger = logging.getLogger(__name__)


class OpenLoad:
    """The rows, the STATE and the streams of the load that is being gathered; a load that was closed leaves it empty.

    `sequence` is the number of the next row, 0 before the first SCHEMA. `due`: the load is to be closed as soon as that
    is allowed.
    """

    def __init__(
        self,
        run_id: str,
        started_at: datetime,
        connector_version: str,
        settings: LoadSettings,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._run_id = run_id
        self._started_at = started_at
        self._connector_version = connector_version
        self._settings = settings
        self._now, self._monotonic = now, monotonic
        self.streams: dict[str, Stream] = {}
        self._claimed: dict[Table, str] = {}
        self.made_of: dict[str, set[str]] = {}  # the tap's stream -> what stream maps made of it
        self._ended: list[TableLoad] = []  # of streams whose SCHEMA has changed
        self._busy: dict[str, Stream] = {}  # those that have something for a load; a run may have thousands that do not
        self._first_row_at = 0.0
        self.closed_state: str | None = None  # of the last load
        self._has_warned = False
        self.state: str | None = None
        self.covered = True  # the last STATE came behind the last record
        self.due = False
        self.sequence = 0
        self.counts: Counter[str] = Counter()
        self.end = InputEnd(settings.end_of_input, resumes=settings.pipeline_id is not None)
        self.holds = any(one.load_method == OVERWRITE for one in settings.anywhere)  # rule 3

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost if the run ended now."""
        return not self._ended and not self._busy

    @property
    def may_close(self) -> bool:
        """Whether there is something that a STATE covers, and nothing that none does."""
        return not self.is_empty and self.covered and not self.holds

    @property
    def has_only_state(self) -> bool:
        """Whether all that has come since the last load is another STATE."""
        return bool(self.streams) and self.is_empty and self.state not in (None, self.closed_state)

    @property
    def is_proven(self) -> bool:
        """Whether a STATE covers all, and no table is replaced: it may commit whatever the end of the input was."""
        return not self.holds and not self.end.uncovered

    def count(self, message: Message) -> None:
        """Take note of a message as the tap has sent it."""
        if isinstance(message, Records):
            self.counts["RECORD"] += message.count
            self.end.records(message.stream, message.count)
            return
        self.counts[_NAMES[type(message)]] += 1
        if isinstance(message, State):
            self.end.state(bytes(message.value))
        elif isinstance(message, Schema):
            self.end.schema(message.stream, message.bookmark_properties)
        elif isinstance(message, ActivateVersion):
            self.end.version(message.stream)

    def add(self, records: Records) -> None:
        """Take the records into the files of their stream; a full file is closed. Raises BulkError."""
        stream = self.streams.get(records.stream)
        if stream is None:
            raise RecordBeforeSchema(
                records.line_numbers[0],
                f"a RECORD of stream {records.stream!r} before its SCHEMA",
                "the tap must send the SCHEMA first",
            )
        self._uncover()
        self._busy[stream.name] = stream
        policy = self._settings.policy
        while records.count:
            room = policy.batch_size_rows - (stream.batch.row_count if stream.batch else 0)
            part, records = records.split(room)
            stream.add(part, self.sequence)
            self.sequence += part.count
            if stream.batch and stream.batch.is_full(policy):
                self._close_batch(stream)

    def cover(self, state: str) -> None:
        """Take the STATE: it covers all that came before it."""
        self.state = state
        self.covered = True

    def activate(self, message: ActivateVersion) -> None:
        """Let the rows of lower versions become obsolete in the load that holds what came before the message."""
        made = self.made(message.stream)
        if not made or not self._settings.process_activate_version_messages:
            return
        if not self._settings.add_record_metadata:
            if not self._has_warned:
                text = "ACTIVATE_VERSION of stream %s is passed over; add_record_metadata would keep versions"
                logger.warning(text, message.stream)
            self._has_warned = True
            return
        self._uncover()
        for stream in made:
            stream.activated = max(message.version, stream.activated or 0)
            self._busy[stream.name] = stream

    def begin_stream(self, stream: Stream) -> None:
        """Take rows of the stream from now on; raises ConfigError if a table of it is another stream's."""
        for table in stream.tables:
            self._claim(stream.name, table)
        self.streams[stream.name] = stream

    def end_stream(self, stream: Stream) -> None:
        """Close the files of a stream whose SCHEMA has changed; they commit before or with those of the new one."""
        load = stream.take_load()
        if load.batches or load.rejected or load.activated is not None:
            self._ended.append(load)
        del self.streams[stream.name]
        self._busy.pop(stream.name, None)

    def note_made(self, name: str, made: str) -> None:
        """Remember what stream maps have made of a stream of the tap."""
        self.made_of.setdefault(name, set()).add(made)

    def made(self, name: str) -> list[Stream]:
        """Return what stream maps have made of a stream of the tap."""
        return [self.streams[one] for one in self.made_of.get(name, set()) & self.streams.keys()]

    def pending(self, name: str, table: Table) -> list[TableLoad]:
        """Return what this will do to the table so far, under earlier SCHEMAs; raises ConfigError if it is taken."""
        self._claim(name, table)
        return [part for part in self._ended if part.table == table]

    def has_rows(self, stream: Stream) -> bool:
        """Return whether there are rows of the stream, under its SCHEMA of now or one before."""
        return bool(stream.row_count) or any(part.stream == stream.name for part in self._ended)

    def look_at_age(self) -> None:
        """Make the load due if its first row has waited long enough."""
        if not self.is_empty and self._settings.policy.is_old(self._monotonic() - self._first_row_at):
            self.due = True

    def close_largest(self) -> bool:
        """Close the largest files, to make room in memory; return whether there were any."""
        written = [stream for stream in self._busy.values() if stream.batch is not None]
        if written:
            self._close_batch(max(written, key=lambda stream: stream.batch.byte_count if stream.batch else 0))
        return bool(written)

    def close(self, also: Iterable[Stream] = ()) -> Load:
        """Close all files and return the load; `also` are streams without rows that ask something of their table.

        Raises BulkError.
        """
        asking = {stream.name: stream for stream in also}
        parts = [*self._ended, *(stream.take_load() for stream in (self._busy | asking).values())]
        tables = joined(parts)
        self._ended, self._busy = [], {}
        self.due = False
        self.counts["load"] += 1
        self.closed_state = self.state
        self.sequence += 1
        return Load(
            load_id=f"{self._run_id}-{self.counts['load']}",
            pipeline_id=self._settings.pipeline_id,
            tables=tables,
            state=self.state,
            sequence=self.sequence - 1,
            started_at=self._started_at.astimezone(timezone.utc).isoformat(" "),
            committed_at=self._now().astimezone(timezone.utc).isoformat(" "),
            connector_version=self._connector_version,
        )

    def abort(self) -> None:
        """Give up what is open; the files are the stage's to remove."""
        for stream in self.streams.values():
            stream.abort()

    def _claim(self, name: str, table: Table) -> None:
        other = self._claimed.setdefault(table, name)
        if other != name:
            raise ConfigError(
                f"streams {other!r} and {name!r} both need table {table}; "
                "give one another name by a stream map (__alias__)",
                code="STREAM-SAME-TABLE",
            )

    def _uncover(self) -> None:
        if self.is_empty:
            self._first_row_at = self._monotonic()
        self.covered = False

    def _close_batch(self, stream: Stream) -> None:
        stream.close_batch()
        self.due = True


_NAMES = {Schema: "SCHEMA", State: "STATE", ActivateVersion: "ACTIVATE_VERSION", BatchFiles: "BATCH"}
