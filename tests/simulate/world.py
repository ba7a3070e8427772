"""One simulation: the pipelines of a seed, started until they are through, in a world that a seed lets fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import greenlet
from singer_bulk.errors import BulkError

from tests.simulate.bucket import Bucket
from tests.simulate.faults import Faults
from tests.simulate.feeds import KINDS, OVERWRITE, UPSERT, VERSIONED, StreamOf, feed_of
from tests.simulate.process import Setting, begin_run
from tests.simulate.properties import Attempt, Broken, PipelineOf, Properties
from tests.simulate.schedule import Killed, Process, Scheduler, Stuck
from tests.simulate.statements import Statements
from tests.simulate.tables import Tables

NAMES = ("orders", "items", "events")
# Runs of a pipeline that may fail; behind them nothing strikes any more, and the next ones have to get through.
STRUCK, MOST = 3, 9


@dataclass(frozen=True)
class Plan:
    """What is simulated. skipped: strikes that are left out; length: messages of each feed."""

    seed: int
    skipped: tuple[int, ...] = ()
    length: int | None = None
    keeps_trace: bool = False


@dataclass
class Outcome:
    """What came of it. problem: None if every promise was kept."""

    problem: Exception | None
    struck: list[tuple[str, str]]
    seen: set[str]
    trace: list[str]
    loads: int
    steps: int
    messages: int


@dataclass
class World:
    """Everything of one simulation."""

    plan: Plan
    processes: int = 0
    alone: bool = False  # one pipeline, started once at a time
    attempts: list[tuple[Attempt, Setting]] = field(default_factory=list)

    def __post_init__(self) -> None:
        seed = self.plan.seed
        self.scheduler = Scheduler(seed, self.plan.keeps_trace)
        self.faults = Faults(seed, self.plan.skipped)
        self._random = random.Random(f"world {seed}").random
        self.redshift = self._chance(0.5)
        self.tables = Tables(self.scheduler, redshift=self.redshift, strict=self._chance(0.5))
        self.bucket = Bucket(slowness=self._one(1, 1, 1, 100))
        place, schema = ('"analytics".', "analytics") if self.redshift else ('"DB"."ANALYTICS".', "ANALYTICS")
        self.statements = Statements(self.tables, self.bucket, place, schema, "stage/")
        self.statements.on_missing = self._missing
        self.properties = Properties(upper=not self.redshift)
        self.tables.on_change = lambda backend, names: self.watch(
            lambda: self.properties.changed(self.tables.committed)
        )
        self.supervisor = Process("world")
        self.side_by_side = self._chance(0.5)  # COPYs of Snowflake
        self.sweeps = self._chance(0.2)  # runs remove files of dead ones, which whose clock is days wrong should not

    def _chance(self, of: float) -> bool:
        return self._random() < of

    def _one(self, *choices: Any) -> Any:
        return choices[int(self._random() * len(choices))]

    def watch(self, look: Callable[[], None]) -> None:
        """Ask a property; what it finds ends the simulation."""
        try:
            look()
        except Broken as broken:
            self.scheduler.problem = self.scheduler.problem or broken

    def run(self) -> Outcome:
        """Simulate; nothing is raised."""
        problem: Exception | None = None
        messages = 0
        try:
            messages = self._begin()
            self.scheduler.run()
            self._at_the_end()
        except (Broken, Stuck) as found:
            problem = found
        finally:
            self.scheduler.problem = None
            self.scheduler.end()
        faults, scheduler = self.faults, self.scheduler
        return Outcome(
            problem, faults.struck, faults.seen, scheduler.trace, self.properties.loads, scheduler.steps, messages
        )

    def _begin(self) -> int:
        """Draw the pipelines and begin them; return how many messages there are."""
        holds = self._chance(0.15)
        kinds = [self._one(*KINDS) for _ in range(self._one(1, 1, 2, 3))]
        if holds:
            kinds[0] = OVERWRITE
        else:
            kinds = [UPSERT if kind == OVERWRITE else kind for kind in kinds]
        hard = self._chance(0.5)
        streams = [StreamOf(name, kind, hard) for name, kind in zip(NAMES, kinds, strict=False)]
        # Versions are those of one source: another pipeline has none of its own in the same table.
        beside = not holds and VERSIONED not in kinds and self._chance(0.25)
        resumes_from = self._one("ledger", "ledger", "stdout")
        named = resumes_from == "ledger" or self._chance(0.5)
        setting = Setting(self._settings(streams), "p1" if named else None, self._one(0, 0, 1, 2))
        pipeline = self._pipeline("p1", streams, resumes_from, wide=beside)
        twins = not holds and resumes_from == "ledger" and self._chance(0.25)
        self._start(pipeline, setting)
        if twins:
            self._start(pipeline, setting)
        messages = len(pipeline.feed.messages)
        self.alone = not twins and not beside
        if beside:
            other = self._pipeline("p2", streams, resumes_from, wide=beside)
            messages += len(other.feed.messages)
            self._start(other, Setting(self._settings(streams), "p2" if named else None, 0))
        if self._chance(0.15):
            self.scheduler.begin(self.supervisor, "owner", self._alter)
        return messages

    def _settings(self, streams: list[StreamOf]) -> dict[str, Any]:
        return {
            "s3_key_prefix": "stage",
            "default_target_schema": "analytics",
            "batch_size_rows": self._one(1, 2, 3, 3, 5, 1000),
            "batch_wait_seconds": self._one(1, 300),
            "max_memory": self._one(1, 300, 600, 1 << 20),
            "lock_wait_seconds": self._one(5, 600),
            "add_record_metadata": self._chance(0.2) or any(stream.kind == VERSIONED for stream in streams),
            **({"sweep_after_hours": 24} if self.sweeps else {}),
            "stream_settings": {stream.name: stream.settings for stream in streams},
        }

    def _pipeline(self, name: str, streams: list[StreamOf], resumes_from: str, *, wide: bool) -> PipelineOf:
        feed = feed_of(f"{name} {self.plan.seed}", streams, wide=wide, length=self.plan.length)
        return PipelineOf(name, feed, resumes_from)

    def _start(self, pipeline: PipelineOf, setting: Setting) -> None:
        self.scheduler.begin(self.supervisor, pipeline.name, lambda: self._supervise(pipeline, setting))

    def _supervise(self, pipeline: PipelineOf, setting: Setting) -> None:
        """Start the pipeline until each of its syncs is through."""
        for sync, end in enumerate(pipeline.feed.ends):
            for number in range(MOST):
                if number >= STRUCK:
                    self.faults.rests = True
                if self._start_once(pipeline, setting, sync, end):
                    break
            else:
                self.scheduler.problem = Broken("progress", f"{MOST} runs of {pipeline.name} have failed")
                return

    def _start_once(self, pipeline: PipelineOf, setting: Setting, sync: int, end: int) -> bool:
        """Start a process of the pipeline, and wait until it has ended; return whether it is through."""
        self.processes += 1
        clock = (self._random() - 0.5) * 1_000_000 if self._chance(0.2) and not self.sweeps else 0.0
        process = Process(f"{pipeline.name}.{self.processes}", clock=clock)
        waiting: list[greenlet] = []
        ended: list[bool] = []
        attempt = Attempt(pipeline, f"{self.processes:032x}", 0, end)
        self.attempts.append((attempt, setting))
        self.properties.attempts[attempt.run_id] = attempt

        struck = len(self.faults.struck)

        def body() -> None:
            try:
                begin_run(self, process, attempt, setting, sync)
            except Killed:
                raise
            except BulkError as error:
                self.scheduler.note(f"ended by an error: {error.code}")
                self._foreseen(error, len(self.faults.struck) - struck)
            except Exception as error:  # whatever it is, it should have been one of ours
                self.scheduler.problem = Broken("errors are foreseen", repr(error))
            else:
                self.scheduler.note("ended well")
                self.watch(lambda: self.properties.ended_well(attempt))
            for call in process.at_exit:
                call()
            ended.append(True)
            self.scheduler.wake(waiting)

        process.at_death.append(lambda: self.scheduler.wake(waiting))
        self.scheduler.begin(process, "read", body)
        while process.alive and not ended:
            self.scheduler.park(waiting)
        attempt.died = not process.alive
        return attempt.delivered >= end and bool(ended) and attempt.ended_well

    def _missing(self, key: str) -> None:
        self.scheduler.problem = Broken("files are there until their load has ended", "COPY does not find one")

    def _foreseen(self, error: BulkError, struck: int) -> None:
        """A run may end so, in which so many things were struck; it does not if the warehouse could have been asked."""
        if error.code == "RUN-UNEXPECTED":
            self.scheduler.problem = Broken("errors are foreseen", str(error))
        if self.alone and not self.faults.struck:
            self.scheduler.problem = Broken("a run that nothing strikes ends well", str(error))
        if error.code == "LOAD-UNKNOWN" and struck < 2:
            self.scheduler.problem = Broken("a COMMIT without an answer is looked up", str(error))

    def _alter(self) -> None:
        """Let the owner of a table add a column to it."""
        self.scheduler.sleep(self._random() * 20)
        name = NAMES[0] if self.redshift else NAMES[0].upper()
        if name in self.tables.committed:
            backend = self.tables.connect()
            self.scheduler.note("the owner adds a column")
            self.statements.execute(backend, f'ALTER TABLE "{name}" ADD COLUMN "other" BIGINT')

    def _at_the_end(self) -> None:
        """Ask what must be so when everything has ended."""
        left = [*self.bucket.objects, *(f"{key} (in parts)" for key, _ in self.bucket.uploads.values())]
        for attempt, _ in self.attempts:
            found = [key for key in left if attempt.run_id in key]
            if found and not (attempt.died or attempt.stage_failed):
                raise Broken("nothing is left in the stage", f"{len(found)} files of a run that has ended")
        scratch = [name for name in self.tables.committed if name[0] == "@"]
        if scratch:
            raise Broken("nothing is left in the warehouse", f"temporary tables {scratch}")
        if self.tables.locks:
            raise Broken("nothing is left in the warehouse", f"locks of {sorted(self.tables.locks)}")
