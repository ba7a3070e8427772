"""One process of a pipeline: the real `Run`, with all that belongs to it, in a simulated world."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_bulk.maps.intake import Intake
from singer_bulk.model.declared import read
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.load import Table
from singer_bulk.run import Run
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.s3 import S3Settings, S3Stage
from singer_bulk.warehouse.ledger import last_state
from singer_bulk.warehouse.session import Warehouse
from target_redshift_copy.copy_access import CopyAccess
from target_redshift_copy.sql import Redshift
from target_snowflake_stage.sql import Place, Snowflake

from tests.simulate.bucket import Client
from tests.simulate.patches import Ids
from tests.simulate.properties import Attempt, Broken
from tests.simulate.runtime import Simulated
from tests.simulate.schedule import Killed, Process
from tests.simulate.session import Session

if TYPE_CHECKING:
    from tests.simulate.world import World

REDSHIFT = Redshift(CopyAccess("default"))
_PLACE = Place("DB", "ANALYTICS", "S")
SNOWFLAKE = tuple(Snowflake("DB", _PLACE, _PLACE, "stage/", copies_at_once=count) for count in (1, 2))
FORMATS = {
    True: FileFormat(b"@null@", 6, True, 65_535, 16_000_000, 65_535),
    False: FileFormat(b"", 9, False, 16_777_216, 16_000_000),
}
BUCKET = S3Settings(bucket="bucket")
# Headers and ends of files come to what is counted before they are closed, and what the compressor has kept of their
# rows, which are long where they bear metadata.
SLACK_BYTES = {False: 400, True: 1500}


@dataclass(frozen=True)
class Setting:
    """What the user has set for a pipeline."""

    loads: dict[str, Any]
    pipeline_id: str | None
    encoders: int


def begin_run(world: World, process: Process, attempt: Attempt, setting: Setting, sync: int) -> None:
    """Run a pipeline once, from where it stands. Raises what the run raises."""
    runtime = Simulated(world.scheduler, process)
    feed, pipeline = attempt.pipeline.feed, attempt.pipeline

    def fenced() -> None:
        attempt.fenced_behind = pipeline.place > attempt.committed

    def warehouse() -> Warehouse:
        return Warehouse(
            lambda: Session(world.statements, world.scheduler, world.faults, process, fenced),
            REDSHIFT if world.redshift else SNOWFLAKE[world.side_by_side],
            Table("analytics", "_singer_loads") if world.redshift else Table("ANALYTICS", "_SINGER_LOADS"),
            pause=runtime.sleep,
            monotonic=runtime.monotonic,
        )

    place = pipeline.acknowledged
    if pipeline.resumes_from == "ledger" and setting.pipeline_id is not None:
        asking = warehouse()
        try:
            text = last_state(asking, setting.pipeline_id)
        finally:
            asking.close()
        place = 0 if text is None else json.loads(text)["p"]
    attempt.start = attempt.committed = attempt.delivered = feed.start(sync, place)
    settings = read(LoadSettings, {**setting.loads, "encoders": setting.encoders, "pipeline_id": setting.pipeline_id})
    stage = S3Stage(BUCKET, settings.max_memory, runtime)
    stage._made = client = Client(world.bucket, world.scheduler, world.faults, process)
    world.scheduler.note(f"begins at {attempt.start}")
    Ids.following = attempt.run_id
    run = Run(
        warehouse=warehouse(),
        stage=stage,
        file_format=lambda: FORMATS[world.redshift],
        settings=settings,
        intake=Intake(settings),
        emit=lambda text: _emit(world, process, attempt, text),
        runtime=runtime,
        stop_signal=lambda: process.signal,
    )
    try:
        run.read(Input(world, process, attempt, stage, is_long=settings.add_record_metadata))
        attempt.ended_well = True
    finally:
        attempt.stage_failed = client.failed


def _emit(world: World, process: Process, attempt: Attempt, text: str) -> None:
    """Write a STATE to standard output."""
    world.scheduler.step()
    fault = world.faults.at("STATE")
    world.scheduler.note(f"STATE{f' <{fault}>' if fault else ''} {text}")
    if fault != "death before":
        world.watch(lambda: world.properties.state(attempt, text))
    if fault is not None:
        world.scheduler.kill(process)
        raise Killed
    world.scheduler.step()


class Input:
    """What the tap sends, in chunks that end anywhere."""

    def __init__(self, world: World, process: Process, attempt: Attempt, stage: S3Stage, *, is_long: bool) -> None:
        self._is_long = is_long
        feed = attempt.pipeline.feed
        self._world, self._process, self._attempt, self._stage = world, process, attempt, stage
        self._lines = feed.lines(attempt.start, attempt.end)
        self._begins_at = attempt.start - feed.head(attempt.start)
        self._given = 0  # whole lines
        self._rest = ""
        self._is_over = self._ends_at_state = False

    def read(self, count: int) -> str:
        """Return the next chunk, nothing at the end."""
        scheduler, attempt = self._world.scheduler, self._attempt
        scheduler.step()
        fault = self._world.faults.at("READ")
        if fault is not None:
            scheduler.note(f"READ <{fault}>")
        self._memory_is_bounded()
        if fault == "death before":
            scheduler.kill(self._process)
            raise Killed
        if fault == "clock jumps" and not self._world.sweeps:
            self._process.clock += (scheduler.random() - 0.5) * 100_000
        if fault == "signal":
            self._world.scheduler.begin(self._world.supervisor, "signal", self._signal)
        scheduler.sleep(scheduler.random() * (900.0 if fault == "hang" else 0.5))
        if self._is_over:
            return ""
        self._is_over = fault == "cut off"
        self._ends_at_state = self._ends_at_state or fault == "cut off at a STATE"
        text, self._rest = self._rest, ""
        for _ in range(1 + scheduler.below(6)):
            if self._given == len(self._lines):
                break
            text += self._lines[self._given]
            self._given += 1
            if self._ends_at_state and '"STATE"' in self._lines[self._given - 1]:
                self._is_over = True
                break
        if fault == "broken line":
            text += "what no tap should print\n"
        if self._given == len(self._lines):
            self._is_over = True
        elif scheduler.random() < 0.3 and not self._ends_at_state:
            self._rest, text = text[-7:], text[:-7]
        attempt.delivered = max(attempt.start, self._begins_at + self._given - bool(self._rest))
        return text

    def _signal(self) -> None:
        """Let the signal come at any moment of the next seconds."""
        self._world.scheduler.sleep(self._world.scheduler.random() * 6)
        self._process.signal = 15

    def _memory_is_bounded(self) -> None:
        sender = self._stage._sender
        most = sender._max_bytes + SLACK_BYTES[self._is_long]
        if sender._gathered + sender._sending > most:
            problem = Broken("memory is bounded", f"{sender._gathered} and {sender._sending} bytes wait, {most} may")
            self._world.scheduler.problem = problem
