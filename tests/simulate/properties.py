"""The invariants: functions that are asked at every change of what a reader sees, at every STATE, and at the end.

What is allowed although it breaks one is in docs/simulation.md: with append-only a resume from standard output doubles
the rows of a load whose COMMIT worked and whose STATE did not come out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulate.content import Content, rows_of
from tests.simulate.engine import Table
from tests.simulate.feeds import OVERWRITE, Feed


class Broken(Exception):
    """A promise is not kept. `promise` names it."""

    def __init__(self, promise: str, text: str) -> None:
        super().__init__(f"{promise}: {text}")
        self.promise = promise


@dataclass(eq=False)
class Attempt:
    """One run of a pipeline: where it began, how far its loads have committed, what has come out of it."""

    pipeline: PipelineOf
    run_id: str
    start: int
    end: int
    committed: int = 0
    delivered: int = 0  # the place behind the last message that it was given
    emitted: list[int] = field(default_factory=list)
    loads: int = 0
    died: bool = False
    fenced_behind: bool = False  # the pipeline moved on between the question for its STATE and that for its fence
    stage_failed: bool = False  # S3 has failed a call of it
    ended_well: bool = False


@dataclass(eq=False)
class PipelineOf:
    """What the properties know of a pipeline. place: where its last committed load has left it.

    resumes_from: "ledger" or "stdout".
    """

    name: str
    feed: Feed
    resumes_from: str
    place: int = 0
    acknowledged: int = 0


@dataclass
class Properties:
    """Watches what a reader sees. `fold`: how the warehouse stores a name."""

    upper: bool
    attempts: dict[str, Attempt] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    _ledger: set[int] = field(default_factory=set)
    _last_sequence: dict[str, int] = field(default_factory=dict)
    loads: int = 0

    def changed(self, tables: Mapping[str, Table]) -> None:
        """A reader sees something new."""
        ledger = tables.get(self._fold("_singer_loads"))
        new = [] if ledger is None else [row for number, row in ledger.rows.items() if number not in self._ledger]
        if ledger is not None:
            self._ledger.update(ledger.rows)
            names = [name.lower() for name in ledger.names]
            self._load([dict(zip(names, row, strict=True)) for row in new])
        self._rows_are_those_of_whole_loads(tables, bool(new))

    def _load(self, rows: list[dict[str, Any]]) -> None:
        """Apply a load that its rows in the ledger tell of."""
        if not rows:
            return
        ids = {row["load_id"] for row in rows}
        if len(ids) != 1:
            raise Broken("a load is whole", f"two loads in one commit: {sorted(ids)}")
        (load_id,) = ids
        attempt = self.attempts[load_id.partition("-")[0]]
        states = [row["state"] for row in rows if row["state"] is not None]
        self._sequences_grow(attempt, rows)
        self.loads += 1
        attempt.loads += 1
        if int(load_id.partition("-")[2]) != attempt.loads:
            raise Broken("loads in order", f"load {load_id} is number {attempt.loads} that is committed")
        place = json.loads(states[0])["p"] if states else attempt.delivered
        feed, pipeline = attempt.pipeline.feed, attempt.pipeline
        if feed.holds:
            place = attempt.delivered
        if place < attempt.committed:
            raise Broken("STATEs in order", f"load {load_id} goes back from {attempt.committed} to {place}")
        self._begins_where_the_pipeline_is(attempt)
        before: dict[str, int] = {}
        for name, stream in feed.streams.items():
            content = self.contents.setdefault(name, Content(stream))
            if stream.kind == OVERWRITE:
                before[name] = len(content.rows)
                content.empty()
        for message in feed.changes(attempt.committed, place):
            self.contents[message["stream"]].take(message)
        for name, count in before.items():
            if attempt.delivered < attempt.end and len(self.contents[name].rows) < count:
                raise Broken("a part replaces no table", f"{len(self.contents[name].rows)} rows of {count} are left")
        self._counts_are_those_of_the_feed(attempt, place, rows)
        attempt.committed = pipeline.place = place

    def _begins_where_the_pipeline_is(self, attempt: Attempt) -> None:
        pipeline = attempt.pipeline
        if pipeline.feed.holds:
            return
        if attempt.committed > pipeline.place and any(pipeline.feed.changes(pipeline.place, attempt.committed)):
            raise Broken("no row lost", f"a load begins at {attempt.committed}, the tables stand at {pipeline.place}")
        excused = attempt.fenced_behind or pipeline.resumes_from == "stdout"
        if attempt.committed < pipeline.place and not (excused and attempt.loads == 1):
            raise Broken(
                "no row doubled", f"a load begins at {attempt.committed}, the tables stand at {pipeline.place}"
            )

    def _counts_are_those_of_the_feed(self, attempt: Attempt, place: int, rows: list[dict[str, Any]]) -> None:
        for name in attempt.pipeline.feed.streams:
            changes = attempt.pipeline.feed.changes(attempt.committed, place)
            sent = sum(one["stream"] == name and one["type"] == "RECORD" for one in changes)
            told = [row for row in rows if row["stream"] == name and row["rows_read"] is not None]
            for count in ("rows_read", "rows_staged", "rows_loaded"):
                if sum(row[count] for row in told) != sent:
                    raise Broken("rows are counted", f"{name}: {count} {[row[count] for row in told]}, sent {sent}")

    def _sequences_grow(self, attempt: Attempt, rows: list[dict[str, Any]]) -> None:
        first = [row["first_sequence"] for row in rows if row["first_sequence"] is not None]
        last = [row["last_sequence"] for row in rows if row["last_sequence"] is not None]
        name = attempt.pipeline.name
        if first and min(first) <= self._last_sequence.get(name, 0):
            raise Broken("sequences grow", f"{min(first)} behind {self._last_sequence[name]}")
        self._last_sequence[name] = max([*last, self._last_sequence.get(name, 0)])

    def _rows_are_those_of_whole_loads(self, tables: Mapping[str, Table], is_load: bool) -> None:
        for name, content in self.contents.items():
            table = tables.get(self._fold(name))
            there = rows_of(content.stream, *((table.names, table.rows) if table is not None else ([], {})))
            wanted = content.seen()
            if there != wanted:
                lacking, more = (
                    sorted((wanted - there).elements(), key=str),
                    sorted((there - wanted).elements(), key=str),
                )
                promise = "rows are those of the loads" if is_load else "rows change by loads alone"
                raise Broken(promise, f"{name} lacks {lacking[:4]}, and has {more[:4]}")
        for name, table in tables.items():
            if name.lower() in _STREAMS and name.lower() not in self.contents and table.rows:
                raise Broken("rows change by loads alone", f"{name} has rows, and no load has been committed")

    def state(self, attempt: Attempt, text: str) -> None:
        """A STATE has come out."""
        place = json.loads(text)["p"]
        if attempt.emitted and place <= attempt.emitted[-1]:
            raise Broken("STATEs in order", f"{place} behind {attempt.emitted[-1]}")
        if place > attempt.committed and any(attempt.pipeline.feed.changes(attempt.committed, place)):
            raise Broken("no STATE before its COMMIT", f"{place} came out, {attempt.committed} is committed")
        attempt.emitted.append(place)
        attempt.pipeline.acknowledged = max(place, attempt.pipeline.acknowledged)

    def ended_well(self, attempt: Attempt) -> None:
        """A run has ended without an error: all that it was given is committed, its last STATE is out."""
        feed = attempt.pipeline.feed
        if any(feed.changes(attempt.committed, attempt.delivered)):
            raise Broken("no row lost", f"a run ended well at {attempt.delivered}, {attempt.committed} is committed")
        if attempt.start < attempt.end == attempt.delivered and (
            not attempt.emitted or attempt.emitted[-1] != attempt.end
        ):
            raise Broken("the last STATE comes out", f"{attempt.emitted[-1:]} came out last, {attempt.end} was sent")

    def _fold(self, name: str) -> str:
        return name.upper() if self.upper else name


_STREAMS = ("orders", "items", "events")
