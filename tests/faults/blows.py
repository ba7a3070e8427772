"""Which blows whole pipelines get: each signal to each receiver at each named step, and at random instants."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.pipelines import RECEIVERS, SIGNALS, Blow, prepared
from tests.faults.sources import TAPS, source_of
from tests.faults.steps import NAMED
from tests.faults.strikes import METHODS, RESUMES, Ground, Moment

# How fast pipelines are is measured again after so many blows: other work on the machine changes it.
BLOWS_PER_MEASURE = 240
# All taps but tap-csv-extract send about as many lines; this one makes the most loads of them.
LIKE_OTHERS = "singer-python"
RANDOM = "a random instant"


class Tempo:
    """How a tap is slowed down so that it is at work for most of a pipeline's life, and how long that life is."""

    def __init__(self, ground: Ground, warehouse: str) -> None:
        self._ground, self._warehouse = ground, warehouse
        self._known: dict[tuple[str, str], tuple[float, float]] = {}
        self._asked = 0

    def of(self, tap: str, method: str) -> tuple[float, float]:
        """Return the pause after each line, and the seconds that an undisturbed pipeline takes with it."""
        self._asked += 1
        if self._asked % BLOWS_PER_MEASURE == 0:
            self._known.clear()
        like = tap if tap == "csv" else LIKE_OTHERS
        if (like, method) not in self._known:
            pause = self._seconds(like, method, 0.0) / source_of(like, method).pauses
            self._known[like, method] = pause, self._seconds(like, method, pause)
        return self._known[like, method]

    def _seconds(self, tap: str, method: str, pause: float) -> float:
        with prepared(self._ground, self._warehouse, source_of(tap, method)) as (_, pipeline):
            begun = time.monotonic()
            ended = pipeline.whole(pause=pause)
            assert ended.status == 0, ended.stderr
            return time.monotonic() - begun


@dataclass(frozen=True)
class Strike:
    """One blow to come."""

    step: str
    method: str
    tap: str
    resume: str
    blow: Blow
    pause: float


def at_named_steps(warehouse: str, tempo: Tempo) -> Iterator[Strike]:
    """Yield each signal to each receiver before and after each named step took effect, in the second load if possible.

    A full load takes all its steps when the tap is gone.
    """
    number = 0
    for step, (pattern, methods) in NAMED.items():
        for method in methods:
            at = 1 if step in ("CREATE", "DELETE") or method == "overwrite" else 2
            for signal, receiver, when in _blows(method):
                number += 1
                tap, resume = taps_of(method)[number % len(taps_of(method))], RESUMES[number // 2 % 2]
                blow = Blow(signal, receiver, Moment(warehouse, "hang", pattern, at, when))
                yield Strike(step, method, tap, resume, blow, tempo.of(tap, method)[0])


def _blows(method: str) -> Iterator[tuple[str, str, str]]:
    receivers = RECEIVERS[1:] if method == "overwrite" else RECEIVERS
    yield from (
        (signal, receiver, when) for signal in SIGNALS for receiver in receivers for when in ("before", "after")
    )


def taps_of(method: str) -> tuple[str, ...]:
    """Return the taps that differ with this method."""
    return TAPS if method == "overwrite" else tuple(tap for tap in TAPS if "between" not in tap)


def at_random_instants(count: int, tempo: Tempo) -> Iterator[Strike]:
    """Yield each signal to each receiver at `count` instants of a pipeline's life; the rest in turn."""
    chance = random.Random(2)
    for turn in range(count):
        method, resume = METHODS[turn % 3], RESUMES[turn // 3 % 2]
        tap = taps_of(method)[turn // 6 % len(taps_of(method))]
        for signal in SIGNALS:
            for receiver in RECEIVERS:
                pause, whole = tempo.of(tap, method)
                moment = Moment(seconds=chance.uniform(0, whole))
                yield Strike(RANDOM, method, tap, resume, Blow(signal, receiver, moment), pause)
