"""Every kind of fault at every moment, in one warehouse; each outcome is a line of JSON on standard output."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from local_warehouse.supervisor import StandIns

from tests.faults.at_once import meet, watch
from tests.faults.feeds import Feed
from tests.faults.strikes import METHODS, RESUMES, Ground, Moment, Place, run, strike

# The steps of a load by name, as its statements begin.
NAMED = {
    "CREATE": ("^CREATE", METHODS),
    "BEGIN": ("^BEGIN", METHODS),
    "the lock of the ledger": ("^(LOCK|UPDATE)", ("upsert", "overwrite")),
    "COPY": ("^COPY", METHODS),
    "MERGE": ("^MERGE", ("upsert",)),
    "DELETE": ("^DELETE", ("overwrite",)),
    "the ledger's INSERT": ("^INSERT INTO.*_singer_loads", METHODS),
    "COMMIT": ("^COMMIT", METHODS),
    "DROP": ("^DROP", ("upsert",)),
}
# How S3 fails: a 503, a 500, a connection that closes without an answer, before and after the call took effect.
S3_FAULTS = (("slowdown", "before"), ("error", "before"), ("cut", "before"), ("cut", "after"))
# A load each two STATEs, of one file for each stream: as few statements as a load of two streams can have.
BATCH_SIZE_ROWS, TWO_LOADS, ONE_LOAD = 12, 4, 2
NEVER = 1 << 30
# How long an undisturbed run takes is measured again after so many kills: other work on the machine changes it.
KILLS_PER_MEASURE = 20


@dataclass(frozen=True)
class Plan:
    """One strike to come."""

    cell: str
    method: str
    moment: Moment
    resume: str
    steps: int


def run_all(warehouse: str, kills: int, pairs: int) -> None:
    """Strike everything in one warehouse."""
    with StandIns(only=("s3", warehouse)) as stand_ins:
        stand_ins.start(("s3", warehouse))
        ground = Ground(stand_ins)
        try:
            _strike_all(ground, warehouse, at_named_steps(warehouse))
            _strike_all(ground, warehouse, cuts(ground, warehouse))
            _strike_all(ground, warehouse, s3_faults(ground, warehouse))
            _strike_all(ground, warehouse, at_random_instants(ground, warehouse, kills))
            _meet_all(ground, warehouse, pairs)
            watched = watch(ground, warehouse, pairs)
            counts, allowed = sorted(watched.counts), sorted(watched.allowed)
            _tell(kind="reader", warehouse=warehouse, loads=pairs, reads=watched.reads, counts=counts, allowed=allowed)
        finally:
            ground.close()


def _strike_all(ground: Ground, warehouse: str, plans: Iterable[Plan]) -> None:
    for plan in plans:
        feed = Feed(plan.method, plan.steps)
        outcome = strike(ground, warehouse, feed, plan.moment, plan.resume, batch_size_rows=BATCH_SIZE_ROWS)
        told = {"cell": plan.cell, "method": plan.method, "resume": plan.resume, "moment": asdict(plan.moment)}
        _tell(kind="strike", warehouse=warehouse, **told, **asdict(outcome))


def _meet_all(ground: Ground, warehouse: str, pairs: int) -> None:
    for number in range(4 * pairs):
        method, same_table = ("append-only", "upsert")[number % 2], number % 4 < 2
        meeting = meet(ground, warehouse, method, same_table=same_table)
        _tell(kind="pair", warehouse=warehouse, method=method, same_table=same_table, **asdict(meeting))


def _tell(**outcome: Any) -> None:
    sys.stdout.write(json.dumps(outcome) + "\n")
    sys.stdout.flush()


def at_random_instants(ground: Ground, warehouse: str, kills: int) -> Iterator[Plan]:
    """Yield kills spread evenly over the life of a run, methods and ways to resume in turn."""
    chance = random.Random(1)
    whole: dict[str, float] = {}
    for number in range(kills):
        method, resume = METHODS[number % 3], RESUMES[number // 3 % 2]
        if number % KILLS_PER_MEASURE == 0:
            whole = {one: _undisturbed_seconds(ground, warehouse, one) for one in METHODS}
        moment = Moment(seconds=chance.uniform(0, whole[method]))
        yield Plan("kill -9 at a random instant", method, moment, resume, TWO_LOADS)


def at_named_steps(warehouse: str) -> Iterator[Plan]:
    """Yield a kill before and after each named step took effect, in the second load where there is one."""
    for step, (pattern, methods) in NAMED.items():
        for method in methods:
            at = 1 if step in ("CREATE", "DELETE") or method == "overwrite" else 2
            for when in ("before", "after"):
                moment = Moment(warehouse, "hang", pattern, at, when)
                yield from (Plan(f"kill -9 at {step}", method, moment, resume, TWO_LOADS) for resume in RESUMES)


def cuts(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield a lost connection at each statement, before and after it took effect."""
    for method in METHODS:
        for at in range(1, _calls(ground, warehouse, warehouse, method) + 1):
            for when in ("before", "after"):
                cell = f"connection cut {when} each statement"
                yield Plan(cell, method, Moment(warehouse, "cut", "", at, when), RESUMES[at % 2], ONE_LOAD)


def s3_faults(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield each fault of S3 at each of its calls, those of the warehouse that reads the files among them."""
    calls = {method: _calls(ground, warehouse, "s3", method) for method in METHODS}
    for at in range(1, max(calls.values()) + 1):
        for number, (action, when) in enumerate(S3_FAULTS):
            method = METHODS[(at + number) % 3]
            if at <= calls[method]:
                cell = f"S3 {action} {when} each call"
                yield Plan(cell, method, Moment("s3", action, "", at, when), RESUMES[at // 3 % 2], ONE_LOAD)


def _calls(ground: Ground, warehouse: str, server: str, method: str) -> int:
    """Return the number of calls that an undisturbed run makes to the server."""
    place = Place(ground, warehouse)
    feed = Feed(method, ONE_LOAD)
    if method == "overwrite":
        place.make_old(feed)
    ground.order(Moment(server, "error", "", NEVER))
    try:
        done = run(warehouse, place.configuration(method, batch_size_rows=BATCH_SIZE_ROWS), feed.messages())
        assert done.returncode == 0, done.stderr.decode()
        return int(ground.pending(server)[0]["seen"])
    finally:
        ground.clear(server)
        place.drop()


def _undisturbed_seconds(ground: Ground, warehouse: str, method: str) -> float:
    place = Place(ground, warehouse)
    feed = Feed(method, TWO_LOADS)
    if method == "overwrite":
        place.make_old(feed)
    begun = time.monotonic()
    done = run(warehouse, place.configuration(method, batch_size_rows=BATCH_SIZE_ROWS), feed.messages())
    assert done.returncode == 0, done.stderr.decode()
    place.drop()
    return time.monotonic() - begun
