"""Two targets at once, and a reader beside one: nothing is lost, doubled or seen half done."""

from __future__ import annotations

import fcntl
import re
import termios
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import CompletedProcess

from tests.faults.feeds import Feed, Rows
from tests.faults.strikes import Ground, Place, connect, run, started
from tests.forks import Forked

# Retries of a load as the target logs them.
RETRY = re.compile(rb"load \S+: attempt \d+ of \d+ failed")
# A load each two STATEs, of one file for each stream.
STEPS, BATCH_SIZE_ROWS = 4, 12


@dataclass(frozen=True)
class Meeting:
    """What became of two pipelines that loaded at once."""

    lost: int
    doubled: int
    failed: int  # targets that ended with an error
    retries: int


def meet(ground: Ground, warehouse: str, method: str, *, same_table: bool) -> Meeting:
    """Load two feeds at once into one schema, that is not there yet: into the same tables, or into tables of their own.

    In the same tables, append-only gets other keys from each feed, upsert the same keys.
    """
    place = Place(ground, warehouse)
    others = ("orders", "users") if same_table else ("items", "people")
    first = Feed(method, STEPS, name="first ")
    second = Feed(method, STEPS, name="second ", streams=others, first_key=1000 if method == "append-only" else 0)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda feed: _load(place, feed), (first, second)))
    outcome = _compared(place, [first, second], runs)
    place.drop()
    return outcome


def _load(place: Place, feed: Feed) -> CompletedProcess[bytes]:
    settings = {"batch_size_rows": BATCH_SIZE_ROWS, "s3_key_prefix": f"faults/{place.schema}"}
    if feed.name:
        settings["pipeline_id"] = feed.name
    if feed.method == "overwrite":
        settings["overwrite_max_shrink"] = 1  # the feeds are of two lengths
    return run(place.warehouse, place.configuration(feed.method, **settings), feed.messages())


def _compared(place: Place, feeds: Sequence[Feed], runs: Sequence[CompletedProcess[bytes]]) -> Meeting:
    lost = doubled = 0
    for stream in {stream for feed in feeds for stream in feed.streams}:
        found = place.rows(stream)
        wanted = [feed.rows() for feed in feeds if stream in feed.streams]
        if feeds[0].method == "upsert":
            # One row for each key, as one of the two feeds left it.
            right = sum((_only(found, rows) for rows in wanted), Rows())
            keys = {key for rows in wanted for key, _ in rows}
            lost += len(keys - {key for key, _ in right})
            doubled += found.total() - len({key for key, _ in found})
        else:
            rows = sum(wanted, Rows())
            lost += (rows - found).total()
            doubled += (found - rows).total()
    retries = sum(len(RETRY.findall(done.stderr)) for done in runs)
    return Meeting(lost, doubled, sum(done.returncode != 0 for done in runs), retries)


def _only(found: Rows, rows: Rows) -> Rows:
    return Counter({row: count for row, count in found.items() if row in rows})


# How the second of two runs of a pipeline ends: it names the load that came before its own.
MOVED_ON = re.compile(r"pipeline .* was moved on by load (\S+)")


@dataclass(frozen=True)
class Race:
    """What became of two runs of one pipeline that had begun before either of them loaded."""

    lost: int
    doubled: int
    well: int  # targets that ended well
    fenced: int  # targets that ended because the other had loaded
    error: str  # what else a target said at its end


def race(ground: Ground, warehouse: str, method: str) -> Race:
    """Load one feed twice at once, as two runs of one pipeline: both have begun when the first row is sent on."""
    place, feed = Place(ground, warehouse), Feed(method, STEPS)
    if method == "overwrite":
        place.make_old(feed)
    lines = feed.messages().splitlines(keepends=True)
    schemas = len(feed.streams)
    config = place.configuration(method, batch_size_rows=BATCH_SIZE_ROWS)
    with ExitStack() as stack:
        targets = [stack.enter_context(started(warehouse, config)) for _ in range(2)]
        # A target that reads the first record has done all that it does at a SCHEMA.
        for part in (lines[:schemas], lines[schemas : schemas + 1]):
            for target in targets:
                _send(target, b"".join(part))
            wait_until_read(targets)
        rest = b"".join(lines[schemas + 1 :])
        with ThreadPoolExecutor(2) as pool:
            ends = list(pool.map(lambda target: target.communicate(rest), targets))
    errors = [end[1].decode() for target, end in zip(targets, ends, strict=True) if target.returncode]
    fenced = [text for text in errors if MOVED_ON.search(text)]
    others = [text.splitlines()[-1] for text in errors if text not in fenced]
    compared = _compared(place, [feed], [])
    place.drop()
    return Race(compared.lost, compared.doubled, 2 - len(errors), len(fenced), "; ".join(others))


def _send(target: Forked, messages: bytes) -> None:
    assert target.stdin is not None
    target.stdin.write(messages)
    target.stdin.flush()


def wait_until_read(targets: Sequence[Forked]) -> None:
    """Wait until the targets have read what is in their pipes."""
    for target in targets:
        assert target.stdin is not None
        waiting = bytearray(b"more")
        while any(waiting) and target.poll() is None:
            fcntl.ioctl(target.stdin.fileno(), termios.FIONREAD, waiting)
            time.sleep(0.001)


@dataclass(frozen=True)
class Watched:
    """What a reader saw who counted the rows of a table, again and again, while full loads replaced them."""

    reads: int
    counts: frozenset[int]
    allowed: frozenset[int]


def watch(ground: Ground, warehouse: str, loads: int) -> Watched:
    """Replace a table by full loads of two lengths in turn while a reader counts its rows."""
    place = Place(ground, warehouse)
    feeds = [Feed("overwrite", steps=steps) for steps in (4, 7)]
    first = _load(place, feeds[1])
    assert first.returncode == 0, first.stderr.decode()
    ended = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(_count, place, feeds[0].streams[0], ended)
        try:
            for number in range(loads):
                done = _load(place, feeds[number % 2])
                assert done.returncode == 0, done.stderr.decode()
        finally:
            ended.set()
        counts = reader.result()
    place.drop()
    return Watched(counts.total(), frozenset(counts), frozenset(feed.rows().total() for feed in feeds))


def _count(place: Place, stream: str, ended: threading.Event) -> Counter[int]:
    counts: Counter[int] = Counter()
    session = connect(place.warehouse, place.ground.stand_ins.configs[place.warehouse])
    try:
        with session.cursor() as cursor:
            while not ended.is_set():
                cursor.execute(f"SELECT COUNT(*) FROM {place.schema}.{stream}")
                counts[int(cursor.fetchone()[0])] += 1
    finally:
        session.close()
    return counts
