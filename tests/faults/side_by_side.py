"""`python -m tests.faults.side_by_side`: many pipelines that upsert at once, while a reader asks.

Three scenes in each warehouse, each of `--pipelines` (30): all into one table; the same with one pipeline of the
version before this one among them (`--before`: a commit of this repository, 0cc1e63 for the ledger of version 2); each
into a table of its own, all of one schema and one ledger. The rows are change events that enter a history and, by their
keys, a table of the present; the reader asks `orders__current`, a view that reads the ledger, in a loop. Each scene is
a line of JSON on standard output. It takes some minutes; docs/loads.md has the figures.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from local_warehouse.supervisor import StandIns

from tests.environments import environment_of
from tests.faults.at_once import wait_until_read
from tests.faults.senders import ROWS, Sender, events_of, newest_of
from tests.faults.strikes import TARGETS, Ground, Place, connect, started, states_of
from tests.forks import Forked

PATIENCE_SECONDS = 3600
QUIET_READS = 20
TURN = re.compile(rb"has its turn after (\d+) s")
RETRY = re.compile(rb"load \S+: attempt \d+ of \d+ failed")
SCENES = ("one table", "one table, one pipeline of the version before", "tables of their own")


@dataclass
class Reader:
    """Asks a view again and again, and keeps how long each answer took."""

    place: Place
    view: str
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read while the body runs; an error of the reader is raised at its end."""
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            reads = pool.submit(self._read_until, over)
            try:
                yield
            finally:
                over.set()
            reads.result()

    def quiet(self) -> float:
        """Return the median of some reads while nobody loads."""
        other = Reader(self.place, self.view)
        other._read_until(threading.Event(), QUIET_READS)
        return median(other.seconds)

    def _read_until(self, over: threading.Event, reads: int | None = None) -> None:
        session = connect(self.place.warehouse, self.place.ground.stand_ins.configs[self.place.warehouse])
        try:
            while not over.is_set() and (reads is None or len(self.seconds) < reads):
                begun = time.monotonic()
                with session.cursor() as cursor:
                    cursor.execute(f"SELECT COUNT(*), COUNT(DISTINCT id) FROM {self.place.schema}.{self.view}")
                    rows, keys = cursor.fetchone()
                assert rows == keys, f"{rows} rows of {keys} keys"
                self.seconds.append(time.monotonic() - begun)
        finally:
            session.close()


@dataclass(frozen=True)
class End:
    """How a pipeline ended; acknowledged: the loads whose STATE came out."""

    status: int
    stderr: bytes
    acknowledged: int


@dataclass(frozen=True)
class Seen:
    """What became of a scene; seconds on the machine that it ran on."""

    warehouse: str
    scene: str
    pipelines: int
    loads: int
    seconds: float
    failed: list[str]  # the last line of each pipeline of this version that ended with an error
    older_failed: list[str]  # of the version before
    lost: int  # of an ended pipeline: of what its STATEs have acknowledged
    doubled: int
    retries: int
    longest_wait_for_a_turn: int
    reads: int
    longest_read: float
    quiet_read: float  # the median of reads while nobody loads
    begins_anew: str = ""  # what the version before says when it begins a run afterwards


def play(ground: Ground, warehouse: str, scene: str, pipelines: int, loads: int, before: Path | None) -> Seen:
    """Play one scene in a schema of its own."""
    place = Place(ground, warehouse)
    senders = [Sender(number, "orders", loads) for number in range(pipelines)]
    if scene == SCENES[2]:
        senders = [Sender(number, f"orders{number}", loads, activates=number > 0) for number in range(pipelines)]
    older = before / TARGETS[warehouse] if before is not None and scene == SCENES[1] else None
    first = Sender(pipelines, senders[0].stream, 1, activates=True)
    _seed(place, first, older)
    reader = Reader(place, f"{first.stream}__current")
    quiet = reader.quiet()
    begun = time.monotonic()
    with reader.reading():
        ends = _all_at_once(place, senders, older)
    seconds = time.monotonic() - begun
    said = b"".join(end.stderr for end in ends)
    arrived = [
        replace(sender, loads=end.acknowledged) if end.status else sender
        for sender, end in zip(senders, ends, strict=True)
    ]
    lost, doubled = _compared(place, arrived, first)
    anew = _last_line(_old_run(place, older, first.messages()[:1]).stderr) if older else ""
    place.drop()
    told = [_last_line(end.stderr) if end.status else "" for end in ends]
    olders = 1 if older else 0
    waits = [int(seconds) for seconds in TURN.findall(said)]
    return Seen(
        warehouse, scene, pipelines, pipelines * loads, round(seconds, 1), [*filter(None, told[olders:])],
        [*filter(None, told[:olders])], lost, doubled,
        len(RETRY.findall(said)), max(waits, default=0), len(reader.seconds), round(max(reader.seconds), 2),
        round(quiet, 3), anew,
    )  # fmt: skip


def _configuration(place: Place, number: int) -> dict[str, Any]:
    cdc = {"preset": "sdc", "sequence_columns": ["lsn"], "apply": ["history", "current"]}
    settings = {"add_record_metadata": True, "batch_size_rows": ROWS, "pipeline_id": f"pipeline {number}"}
    return place.configuration(
        "append-only", cdc=cdc, current_view=True, **settings, s3_key_prefix=f"faults/{place.schema}"
    )


def _seed(place: Place, first: Sender, older: Path | None) -> None:
    """Make schema, ledger, table and view by a first load, which the version before makes where it takes part."""
    if older:
        end = _old_run(place, older, first.messages())
    else:
        with started(place.warehouse, _configuration(place, first.number)) as process:
            end = _end(process, b"".join(first.messages()))
    assert end.status == 0, end.stderr.decode()


def _all_at_once(place: Place, senders: Sequence[Sender], older: Path | None) -> list[End]:
    """Run them all; return how each ended. One of the version before begins its run first."""
    with ExitStack() as stack, ThreadPoolExecutor(len(senders)) as pool:
        running: list[Any] = []
        for sender in senders:
            config = _configuration(place, sender.number)
            if older and not running:
                running.append(stack.enter_context(_old(older, config)))
                running[0].stdin.write(b"".join(sender.messages()[:2]))
                running[0].stdin.flush()
                wait_until_read(running)
            else:
                running.append(stack.enter_context(started(place.warehouse, config)))
        sent = [2 if older and not number else 0 for number in range(len(senders))]
        rest = [b"".join(sender.messages()[at:]) for sender, at in zip(senders, sent, strict=True)]
        return list(pool.map(_end, running, rest))


def _end(process: Forked | subprocess.Popen[bytes], messages: bytes) -> End:
    stdout, stderr = process.communicate(messages, timeout=PATIENCE_SECONDS)
    assert process.returncode is not None
    states = states_of(stdout)
    return End(process.returncode, stderr, states[-1]["load"] + 1 if states else 0)


@contextmanager
def _old(command: Path, config: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(config, file)
        file.flush()
        pipe = subprocess.PIPE
        with subprocess.Popen([command, "--config", file.name], stdin=pipe, stdout=pipe, stderr=pipe) as process:
            yield process


def _old_run(place: Place, command: Path, messages: Sequence[bytes]) -> End:
    with _old(command, _configuration(place, 99)) as process:
        return _end(process, b"".join(messages))


def _last_line(stderr: bytes) -> str:
    return stderr.decode().strip().splitlines()[-1][-300:]


def _compared(place: Place, senders: Sequence[Sender], first: Sender) -> tuple[int, int]:
    """Return the rows that are missing and those that are too many, of histories, tables and views of the present."""
    lost = doubled = 0
    for stream in {sender.stream for sender in senders}:
        of_stream = [sender for sender in (*senders, first) if sender.stream == stream]
        loads = [(sender, load) for sender in of_stream for load in range(sender.loads)]
        for table, wanted in (
            (stream, events_of(loads)),
            (f"{stream}_live", newest_of(loads)),
            (f"{stream}__current", newest_of(loads)),
        ):
            found = _rows(place, table)
            lost += (wanted - found).total()
            doubled += (found - wanted).total()
    return lost, doubled


def _rows(place: Place, table: str) -> Counter[tuple[int, str]]:
    return Counter((int(key), str(text)) for key, text in place.query(f"SELECT id, status FROM {place.schema}.{table}"))


def main() -> None:
    """Play what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipelines", type=int, default=30)
    parser.add_argument("--loads", type=int, default=3, help="of each pipeline")
    parser.add_argument("--only", choices=list(TARGETS), action="append", help="this warehouse; may be given again")
    parser.add_argument("--scene", type=int, choices=range(1, len(SCENES) + 1), help="this one alone")
    parser.add_argument("--redshift", choices=["provisioned", "serverless"], default="provisioned")
    parser.add_argument("--before", help="the commit whose targets are the version before; without it, two scenes")
    chosen = parser.parse_args()
    warehouses = chosen.only or list(TARGETS)
    before = environment_of(chosen.before, [TARGETS[name] for name in warehouses]) if chosen.before else None
    scenes = SCENES if chosen.scene is None else SCENES[chosen.scene - 1 : chosen.scene]
    scenes = [scene for scene in scenes if before is not None or scene != SCENES[1]]
    for warehouse in warehouses:
        with StandIns(only=("s3", warehouse), redshift=chosen.redshift) as stand_ins:
            stand_ins.start(("s3", warehouse))
            ground = Ground(stand_ins)
            for scene in scenes:
                seen = play(ground, warehouse, scene, chosen.pipelines, chosen.loads, before)
                sys.stdout.write(json.dumps(asdict(seen)) + "\n")
                sys.stdout.flush()
            ground.close()


if __name__ == "__main__":
    main()
