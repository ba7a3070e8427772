"""Every kind of fault at every moment, in one warehouse; each outcome is a line of JSON on standard output."""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from local_warehouse.supervisor import StandIns

from tests.faults import blows, pipelines
from tests.faults.at_once import meet, race, watch
from tests.faults.feeds import Feed
from tests.faults.sources import source_of
from tests.faults.steps import NAMED
from tests.faults.strikes import METHODS, RESUMES, Ground, Moment, Place, run, strike

# How S3 fails: a 503, a 500, a connection that closes without an answer, before and after the call took effect.
S3_FAULTS = (("slowdown", "before"), ("error", "before"), ("cut", "before"), ("cut", "after"))
# A load each two STATEs, of one file for each stream: as few statements as a load of two streams can have.
BATCH_SIZE_ROWS, TWO_LOADS, ONE_LOAD = 12, 4, 2
# 20 MB that do not compress: more than one part in each of two files.
IN_PARTS = {"streams": ("orders",), "new_per_state": 220, "padding": 60_000}
MANY_ROWS = 1000
NEVER = 1 << 30
# As many streams as Snowflake copies side by side, whose turns go in one call.
SIDE_BY_SIDE = {"streams": ("orders", "users", "items", "prices")}
COPY_INSERT_OR_TURN = "^(COPY|INSERT|UPDATE)"
IN_A_TRANSACTION = "^(LOCK|UPDATE|COPY|INSERT|DELETE|MERGE|COMMIT)"
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
    feed: Mapping[str, Any] = field(default_factory=dict)  # what else it is
    batch_size_rows: int = BATCH_SIZE_ROWS


@contextmanager
def _ground(warehouse: str, redshift: str) -> Iterator[Ground]:
    with StandIns(only=("s3", warehouse), redshift=redshift) as stand_ins:
        stand_ins.start(("s3", warehouse))
        ground = Ground(stand_ins)
        try:
            yield ground
        finally:
            ground.close()


def run_all(warehouse: str, kills: int, pairs: int, redshift: str = "provisioned") -> None:
    """Strike everything that a target alone can meet in one warehouse; `redshift` is which Redshift."""
    with _ground(warehouse, redshift) as ground:
        _strike_all(ground, warehouse, at_named_steps(warehouse))
        _strike_all(ground, warehouse, cuts(ground, warehouse))
        _strike_all(ground, warehouse, conflicts(ground, warehouse))
        if warehouse == "snowflake":
            _strike_all(ground, warehouse, expired_tokens(ground, warehouse))
            _strike_all(ground, warehouse, side_by_side(ground, warehouse))
        _strike_all(ground, warehouse, s3_faults(ground, warehouse))
        _strike_all(ground, warehouse, s3_faults_in_parts(ground, warehouse))
        _strike_all(ground, warehouse, at_random_instants(ground, warehouse, kills))
        _meet_all(ground, warehouse, pairs)
        watched = watch(ground, warehouse, pairs)
        counts, allowed = sorted(watched.counts), sorted(watched.allowed)
        _tell(kind="reader", warehouse=warehouse, loads=pairs, reads=watched.reads, counts=counts, allowed=allowed)


def run_side_by_side(warehouse: str) -> None:
    """Strike what runs side by side alone."""
    with _ground(warehouse, "provisioned") as ground:
        _strike_all(ground, warehouse, side_by_side(ground, warehouse))


def run_pipelines(
    warehouse: str,
    instants: int,
    pairs: int,
    part: int = 0,
    parts: int = 1,
    done: Mapping[str, int] = MappingProxyType({}),
    redshift: str = "provisioned",
) -> None:
    """Strike whole pipelines in one warehouse, and run pairs of one pipeline at once: all that the part has of it.

    done: how many outcomes of each kind are known already; what they come from is not run again.
    """
    with _ground(warehouse, redshift) as ground:
        _race_all(ground, warehouse, range(part + done.get("race", 0) * parts, pairs, parts))
        tempo = blows.Tempo(ground, warehouse)
        plans = itertools.chain(blows.at_named_steps(warehouse, tempo), blows.at_random_instants(instants, tempo))
        for plan in itertools.islice(plans, part + done.get("pipeline", 0) * parts, None, parts):
            source = source_of(plan.tap, plan.method)
            outcome = pipelines.strike(ground, warehouse, source, plan.blow, plan.resume, plan.pause)
            _tell(kind="pipeline", warehouse=warehouse, **asdict(plan), **asdict(outcome))


def _race_all(ground: Ground, warehouse: str, numbers: Iterable[int]) -> None:
    for number in numbers:
        method = METHODS[number % 3]
        _tell(kind="race", warehouse=warehouse, method=method, **asdict(race(ground, warehouse, method)))


def _strike_all(ground: Ground, warehouse: str, plans: Iterable[Plan]) -> None:
    for plan in plans:
        feed = Feed(plan.method, plan.steps, **plan.feed)
        outcome = strike(ground, warehouse, feed, plan.moment, plan.resume, batch_size_rows=plan.batch_size_rows)
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
        for at in range(1, _calls(ground, warehouse, warehouse, Feed(method, ONE_LOAD)) + 1):
            for when in ("before", "after"):
                cell = f"connection cut {when} each statement"
                yield Plan(cell, method, Moment(warehouse, "cut", "", at, when), RESUMES[at % 2], ONE_LOAD)


def conflicts(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield another transaction that is in the way of each statement: Redshift's 1023, Snowflake's lock timeout."""
    for method in METHODS:
        for at in range(1, _calls(ground, warehouse, warehouse, Feed(method, ONE_LOAD), IN_A_TRANSACTION) + 1):
            moment = Moment(warehouse, "conflict", IN_A_TRANSACTION, at)
            yield Plan("conflict at each statement of the transaction", method, moment, RESUMES[at % 2], ONE_LOAD)


def expired_tokens(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield tokens of Snowflake that expire behind each statement: that of the session, and that which renews it."""
    for method in METHODS:
        for at in range(1, _calls(ground, warehouse, warehouse, Feed(method, ONE_LOAD)) + 1):
            what = ("sessions", "logins")[at % 2]
            moment = Moment(warehouse, "expire", "", at, what=what)
            yield Plan(f"tokens of {what} expire behind each statement", method, moment, RESUMES[at // 2 % 2], ONE_LOAD)


def side_by_side(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield a kill, a cut and a conflict at each COPY that runs beside others, at each turn, and at each INSERT."""
    for method in METHODS:
        feed = Feed(method, ONE_LOAD, **SIDE_BY_SIDE)
        for at in range(1, _calls(ground, warehouse, warehouse, feed, COPY_INSERT_OR_TURN) + 1):
            for action, cell in (("hang", "kill -9"), ("cut", "connection cut"), ("conflict", "conflict")):
                for when in ("before", "after") if action != "conflict" else ("before",):
                    moment = Moment(warehouse, action, COPY_INSERT_OR_TURN, at, when)
                    told = f"{cell} at COPYs, INSERTs and turns of four streams"
                    yield Plan(told, method, moment, RESUMES[at % 2], ONE_LOAD, SIDE_BY_SIDE)


def s3_faults_in_parts(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield each fault of S3 at each call that sends files in parts: their begin, each part, their end."""
    feed = Feed("upsert", ONE_LOAD, **IN_PARTS)
    for at in range(1, _calls(ground, warehouse, "s3", feed, "upload", MANY_ROWS) + 1):
        for number, (action, when) in enumerate(S3_FAULTS):
            moment = Moment("s3", action, "upload", at, when)
            cell, resume = f"S3 {action} {when} each call of a file in parts", RESUMES[number % 2]
            yield Plan(cell, METHODS[(at + number) % 2], moment, resume, ONE_LOAD, IN_PARTS, MANY_ROWS)


def s3_faults(ground: Ground, warehouse: str) -> Iterator[Plan]:
    """Yield each fault of S3 at each of its calls, those of the warehouse that reads the files among them."""
    calls = {method: _calls(ground, warehouse, "s3", Feed(method, ONE_LOAD)) for method in METHODS}
    for at in range(1, max(calls.values()) + 1):
        for number, (action, when) in enumerate(S3_FAULTS):
            method = METHODS[(at + number) % 3]
            if at <= calls[method]:
                cell = f"S3 {action} {when} each call"
                yield Plan(cell, method, Moment("s3", action, "", at, when), RESUMES[at // 3 % 2], ONE_LOAD)


def _calls(
    ground: Ground, warehouse: str, server: str, feed: Feed, match: str = "", batch_size_rows: int = BATCH_SIZE_ROWS
) -> int:
    """Return the number of calls that match which an undisturbed run makes to the server."""
    place = Place(ground, warehouse)
    if feed.method == "overwrite":
        place.make_old(feed)
    ground.order(Moment(server, "error", match, NEVER))
    try:
        done = run(warehouse, place.configuration(feed.method, batch_size_rows=batch_size_rows), feed.messages())
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
