"""Whole pipelines, `tap | target` in a process group of their own, struck by a signal; what became of every row.

The signal goes to the tap alone, to the target alone, or to the group, as Ctrl-C in a terminal, a pod's SIGTERM and a
scheduler's time-out send it. After it the pipeline is run once more, as a scheduler would: from the last STATE on
standard output, or from `--last-state`; a full load from its beginning.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.environments import PATIENCE_SECONDS
from tests.faults.sources import GO, HELD, PAUSE_SECONDS, PIPE_BYTES, SIP_BYTES, Source, make_old, written
from tests.faults.strikes import TARGETS, Ground, Moment, Place, end_detached, run, states_of
from tests.faults.taps import STREAMS
from tests.forks import Forked

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")
RECEIVERS = ("tap", "target", "group")
# Asking a stand-in each millisecond whether its fault has struck cost more than the pipelines themselves.
POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Blow:
    """A signal: to whom, and when. In a `hang` of the moment's server it is sent, and then the server goes on.

    Without a moment it comes when the tap holds and the target has read all that was sent.
    """

    signal: str
    receiver: str
    moment: Moment | None = None


@dataclass(frozen=True)
class Ended:
    """How a pipeline ended; statuses as a shell tells them, 128 + n after signal n."""

    met: bool  # who was to get the signal was still running
    tap_ran: bool
    status: int
    tap_status: int
    stdout: bytes
    stderr: str

    @property
    def state(self) -> Any:
        """The last STATE on standard output; None if there is none."""
        states = states_of(self.stdout)
        return states[-1] if states else None


@dataclass
class Pipeline:
    """A pipeline that can be run again and again: its target's configuration, its tap, a folder for their files."""

    ground: Ground
    warehouse: str
    config: Mapping[str, Any]
    source: Source
    folder: Path
    _pumps: list[threading.Thread] = field(default_factory=list)
    _watched: int | None = None  # the end of the pipe that the target reads

    @contextmanager
    def started(self, state: Any = None, pause: float = PAUSE_SECONDS) -> Iterator[tuple[Forked, Forked]]:
        """Start both in a group of their own, which has the target's number; yield tap and target."""
        config = written(self.folder / "target.json", self.config)
        reader, writer = os.pipe()
        self._watched = os.dup(reader) if self.source.hold >= 0 and pause else None
        arguments = self.source.arguments(self.folder, state, pause)
        with Forked(TARGETS[self.warehouse], ["--config", config], stdin=reader, group=0) as target:
            if self.source.kind == "csv" and pause:
                writer = self._slowly(writer, pause)
            with Forked("tests.faults.taps", arguments, stdout=writer, group=target.pid) as tap:
                yield tap, target
        for pump in self._pumps:
            pump.join()
        self._pumps.clear()

    def _slowly(self, writer: int, pause: float) -> int:
        """Return the end of a small pipe whose content goes to `writer` in sips."""
        source, end = os.pipe()
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

        def pump() -> None:
            with contextlib.suppress(BrokenPipeError):
                while sip := os.read(source, SIP_BYTES):
                    os.write(writer, sip)
                    time.sleep(pause)
            os.close(source)
            os.close(writer)

        self._pumps.append(threading.Thread(target=pump, daemon=True))
        self._pumps[-1].start()
        return end

    def struck(self, blow: Blow, pause: float = PAUSE_SECONDS) -> Ended:
        """Run it from the beginning into the blow."""
        server = blow.moment.server if blow.moment else ""
        if blow.moment and server:
            self.ground.order(blow.moment)
        try:
            with self.started(pause=pause) as (tap, target):
                self._wait(target, blow.moment)
                tap_ran = tap.poll() is None
                met = tap_ran if blow.receiver == "tap" else target.poll() is None
                _deliver(blow, tap, target)
                (self.folder / GO).touch()
                if server:
                    self.ground.clear(server)
                return _end(tap, target, met=met, tap_ran=tap_ran)
        finally:
            if server:
                self.ground.clear(server)

    def _wait(self, target: Forked, moment: Moment | None) -> None:
        begun = time.monotonic()
        if moment is not None and not moment.server:
            _has_ended(target, moment.seconds)
        else:
            while not _has_ended(target, POLL_SECONDS):
                if self._held() if moment is None else not self.ground.pending(moment.server):
                    break
                if time.monotonic() - begun > PATIENCE_SECONDS:
                    raise TimeoutError(f"the pipeline never came to {moment}")
        if self._watched is not None:
            os.close(self._watched)  # else the tap would not see that the target has gone

    def _held(self) -> bool:
        """Return whether the tap holds and the target has read all of it."""
        assert self._watched is not None
        waiting = bytearray(4)
        fcntl.ioctl(self._watched, termios.FIONREAD, waiting)
        return (self.folder / HELD).exists() and not any(waiting)

    def whole(self, state: Any = None, pause: float = 0.0) -> Ended:
        """Run it to its end, from a STATE or from the beginning."""
        with self.started(state, pause) as (tap, target):
            return _end(tap, target, met=False, tap_ran=False)

    def last_state(self) -> Any:
        """Return what `--last-state` prints; None if it is {}."""
        done = run(self.warehouse, self.config, b"", "--last-state")
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) or None


def _has_ended(process: Forked, seconds: float) -> bool:
    """Wait so long at most."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _deliver(blow: Blow, tap: Forked, target: Forked) -> None:
    number = signal.Signals[blow.signal]
    if blow.receiver == "group":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(target.pid, number)
    else:
        {"tap": tap, "target": target}[blow.receiver].send_signal(number)


def _end(tap: Forked, target: Forked, *, met: bool, tap_ran: bool) -> Ended:
    stdout, stderr = target.communicate(timeout=PATIENCE_SECONDS)
    tap.communicate(timeout=PATIENCE_SECONDS)
    assert target.returncode is not None
    assert tap.returncode is not None
    statuses = [128 - status if status < 0 else status for status in (target.returncode, tap.returncode)]
    return Ended(met, tap_ran, statuses[0], statuses[1], stdout, stderr.decode())


@dataclass(frozen=True)
class Outcome:
    """What a strike did to the tables, after it and after the run that followed."""

    met: bool
    tap_ran: bool
    status: int
    tap_status: int
    lost: int
    doubled: int
    gap: int  # rows doubled because the target was killed between a COMMIT and its STATE
    parts: int  # tables that were neither the old one nor the whole new one, right after the strike
    refused: str  # what the run that followed said if it did not end well


@contextmanager
def prepared(ground: Ground, warehouse: str, source: Source, **settings: Any) -> Iterator[tuple[Place, Pipeline]]:
    """Make a schema of its own, with old tables for a full load; it is dropped in the end."""
    place = Place(ground, warehouse)
    if source.method == "overwrite":
        make_old(place, source)
    config = place.configuration(source.method, **{"batch_size_rows": 2 * source.step, **settings})
    with tempfile.TemporaryDirectory() as folder:
        yield place, Pipeline(ground, warehouse, config, source, Path(folder))
    place.drop()


def strike(
    ground: Ground, warehouse: str, source: Source, blow: Blow, resume: str, pause: float = PAUSE_SECONDS
) -> Outcome:
    """Strike a pipeline, run it once more unless it was over, and compare; `resume` is one of strikes.RESUMES."""
    with prepared(ground, warehouse, source) as (place, pipeline):
        ended = pipeline.struck(blow, pause)
        end_detached(place)
        parts = parts_of(place, source)
        in_gap, refused = False, ""
        if ended.met:
            state, in_gap = _next_state(pipeline, ended, resume)
            second = pipeline.whole(None if source.method == "overwrite" else state)
            refused = _last_word(second.stderr) if second.status else ""
        lost, doubled = compared(place, source)
        gap = doubled if in_gap else 0
        statuses = (ended.met, ended.tap_ran, ended.status, ended.tap_status)
        return Outcome(*statuses, lost, doubled - gap, gap, parts, refused)


def _next_state(pipeline: Pipeline, ended: Ended, resume: str) -> tuple[Any, bool]:
    """Return where the next run begins, and whether the ledger is ahead of standard output after kill -9."""
    if resume == "--last-state":
        return pipeline.last_state(), False
    killed = ended.status == 128 + signal.SIGKILL and pipeline.source.method == "append-only"
    return ended.state, killed and pipeline.last_state() != ended.state


def parts_of(place: Place, source: Source) -> int:
    """Return how many tables a full load has replaced by a part."""
    if source.method != "overwrite":
        return 0
    return sum(rows not in (source.old(), source.new()) for rows in place.tables(STREAMS))


def compared(place: Place, source: Source) -> tuple[int, int]:
    """Return the rows that are missing, and those that are there too often, against an undisturbed run."""
    tables = place.tables(STREAMS)
    new = source.new()
    return sum((new - rows).total() for rows in tables), sum((rows - new).total() for rows in tables)


def _last_word(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if "ERROR" in line] or stderr.splitlines() or [""]
    return lines[-1][-300:]
