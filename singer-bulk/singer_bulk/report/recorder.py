"""Facts of a run become its report: counts and times by stream and by load."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from functools import singledispatchmethod
from threading import Lock

from singer_bulk.model.facts import (
    ENCODE,
    READ,
    STAGE,
    Arrived,
    Began,
    Called,
    Doing,
    Fact,
    LoadClosed,
    LoadCommitted,
    Made,
    StateEmitted,
    Took,
    Written,
)
from singer_bulk.model.load import Load, Table, TableLoad
from singer_bulk.model.report import LoadReport, RunReport, Seconds, StatementReport, StreamReport
from singer_bulk.model.runtime import Runtime

# So many are kept in a report; a run that streams for months has more.
MOST_LOADS, MOST_WARNINGS, MOST_FILES, MOST_CHANGES, MOST_STATEMENTS = 1000, 100, 1000, 100, 200
# Kind of statement (`warehouse/times.py`) -> where its time is counted; others under `other`.
_TIMES = {"COPY": "copy", "locks": "wait", **dict.fromkeys(("MERGE", "INSERT", "UPDATE", "DELETE"), "merge")}

logger = logging.getLogger(__name__)


class Recorder:
    """Listens to a run from all of its threads. What it cannot take is told once, and then nothing is taken."""

    def __init__(self, runtime: Runtime, connector: str, version: str) -> None:
        self._runtime = runtime
        self._lock = Lock()
        self._begun = runtime.monotonic()
        self._streams: dict[str, StreamReport] = {}
        self._read: Counter[str] = Counter()  # by the tap's stream
        self._made: defaultdict[str, Counter[str]] = defaultdict(Counter)  # the tap's stream -> what maps made of it
        self._closed_at: dict[str, float] = {}
        self._statements: deque[StatementReport] = deque(maxlen=MOST_STATEMENTS)  # since the last load
        self._is_broken = False
        self.doing = ""
        self.hears: list[Callable[[RunReport, LoadReport | None], None]] = []  # told of the beginning, and of each load
        self.report = RunReport(connector=connector, connector_version=version, started_at=self._now())

    def listen(self, fact: Fact) -> None:
        """Take a fact; raises nothing."""
        if self._is_broken:
            return
        try:
            with self._lock:
                told = self._take(fact)
            for hear in self.hears if told is not None else ():
                hear(self.report, told if isinstance(told, LoadReport) else None)
        except Exception as error:
            self._is_broken, self.report.is_complete = True, False
            logger.warning("the report of this run is not complete: %s: %s", type(error).__name__, error)

    def warned(self, text: str) -> None:
        """Count a warning of the log."""
        with self._lock:
            self.report.warning_count += 1
            self.report.warnings = [*self.report.warnings[-MOST_WARNINGS + 1 :], text]

    def snapshot(self) -> RunReport:
        """Return the report as it is now."""
        with self._lock:
            self._sum_up()
            return deepcopy(self.report)

    def end(self, status: str, exit_status: int) -> RunReport:
        """Complete the report."""
        with self._lock:
            self.report.status, self.report.exit_status = status, exit_status
            self.report.ended_at = self._now()
            self._sum_up()
        return self.report

    def _sum_up(self) -> None:
        self.report.seconds = round(self._runtime.monotonic() - self._begun, 3)
        for name, read in self._read.items():
            for made, count in (self._made.get(name) or Counter({name: 0})).items():
                stream = self._stream(made)
                stream.records_read, stream.filtered = read, max(0, read - count)
        self.report.streams = [*self._streams.values()]

    def _stream(self, name: str) -> StreamReport:
        return self._streams.setdefault(name, StreamReport(stream=name))

    def _now(self) -> str:
        return _text(self._runtime.now())

    @singledispatchmethod
    def _take(self, fact: Fact) -> object:
        raise TypeError(fact)

    @_take.register
    def _(self, fact: Began) -> object:
        self.report.run_id, self.report.pipeline_id = fact.run_id, fact.pipeline_id
        self.report.started_at = _text(fact.started_at)
        return fact

    @_take.register
    def _(self, fact: Doing) -> None:
        self.doing = fact.what

    @_take.register
    def _(self, fact: Arrived) -> None:
        self._read[fact.stream] += fact.records
        self._stream(fact.stream).bytes_read += fact.byte_count

    @_take.register
    def _(self, fact: Made) -> None:
        self._made[fact.of][fact.stream] += fact.records

    @_take.register
    def _(self, fact: Took) -> None:
        name = {READ: "read", ENCODE: "encode", STAGE: "stage"}[fact.what]
        _add(self.report.times, name, fact.seconds)
        if fact.stream is not None:
            _add(self._stream(fact.stream).seconds, name, fact.seconds)

    @_take.register
    def _(self, fact: Called) -> None:
        began = self._runtime.now() - timedelta(seconds=fact.seconds)
        self._statements.append(
            StatementReport(kind=fact.kind, stream=fact.stream, began_at=_text(began), seconds=round(fact.seconds, 6))
        )

    @_take.register
    def _(self, fact: StateEmitted) -> None:
        self.report.state = fact.state

    @_take.register
    def _(self, fact: LoadClosed) -> None:
        self._closed_at[fact.load.load_id] = self._runtime.monotonic()

    @_take.register
    def _(self, fact: LoadCommitted) -> object:
        load, now = fact.load, self._runtime.monotonic()
        begun = self._closed_at.pop(load.load_id, now)
        statements, self._statements = [*self._statements], deque(maxlen=MOST_STATEMENTS)
        made = LoadReport(
            load_id=load.load_id,
            closed_at=load.committed_at,
            committed_at=self._now(),
            seconds=round(now - begun, 3),
            streams=[_of_table(table, fact) for table in load.tables],
            files=_keys(load)[:MOST_FILES],
            query_ids=_ids(fact.queries.get(None, {})),
            statements=statements,
        )
        for kinds in fact.spent.values():
            _add_kinds(made.times, kinds)
            _add_kinds(self.report.times, kinds)
        for one in made.streams:
            _add_stream(self._stream(one.stream), one)
        self.report.loads = [*self.report.loads[-MOST_LOADS + 1 :], made]
        self.report.load_count += 1
        return made


def _of_table(table: TableLoad, fact: LoadCommitted) -> StreamReport:
    rows = sum(batch.row_count for batch in table.batches)
    files = [file for batch in table.batches for file in batch.files]
    written = fact.written.get(table.stream, Written(rows, 0, 0) if not table.method.applies else Written())
    report = StreamReport(
        stream=table.stream,
        table=str(table.table),
        load_method=table.method.name,
        rows_loaded=rows,
        inserted=written.inserted,
        updated=written.updated,
        deleted=written.deleted,
        rejected=table.rejected,
        bytes_staged=sum(file.byte_count for file in files),
        files=len(files),
        schema_changes=[f"{where}: {change}" for where, change in fact.changes if _belongs(where, table.table)],
        query_ids=_ids(fact.queries.get(table.stream, {})),
        columns={column.name: str(column.type) for column in table.columns},
    )
    _add_kinds(report.seconds, fact.spent.get(table.stream, {}))
    return report


def _belongs(where: Table, table: Table) -> bool:
    """Return whether a table is the stream's own or stands beside it, as `orders_live` beside `orders`."""
    return where.schema == table.schema and (where.name == table.name or where.name.startswith(f"{table.name}_"))


def _add_stream(total: StreamReport, one: StreamReport) -> None:
    total.table, total.load_method, total.columns = one.table, one.load_method, one.columns
    for name in ("rows_loaded", "inserted", "updated", "deleted", "rejected", "bytes_staged", "files"):
        before, more = getattr(total, name), getattr(one, name)
        setattr(total, name, None if before is None or more is None else before + more)
    total.schema_changes = (total.schema_changes + one.schema_changes)[:MOST_CHANGES]
    total.query_ids = (total.query_ids + one.query_ids)[-MOST_CHANGES:]
    for name in Seconds.__struct_fields__:
        _add(total.seconds, name, getattr(one.seconds, name))


def _add_kinds(total: Seconds, kinds: Mapping[str, float]) -> None:
    for kind, seconds in kinds.items():
        _add(total, _TIMES.get(kind, "other"), seconds)


def _add(total: Seconds, name: str, seconds: float) -> None:
    setattr(total, name, round(getattr(total, name) + seconds, 6))


def _keys(load: Load) -> list[str]:
    return [file.key for table in load.tables for batch in table.batches for file in batch.files]


def _ids(queries: Mapping[str, list[str]]) -> list[str]:
    return [query for ids in queries.values() for query in ids]


def _text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(" ", "milliseconds")
