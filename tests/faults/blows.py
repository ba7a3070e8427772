"""Which blows whole pipelines get: each signal to each receiver at each named step, and at random instants."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.pipelines import PAUSE_SECONDS, RECEIVERS, SIGNALS, TAPS, Blow, prepared, source_of
from tests.faults.steps import NAMED
from tests.faults.strikes import METHODS, RESUMES, Ground, Moment

# How long an undisturbed pipeline takes is measured again after so many blows: other work on the machine changes it.
BLOWS_PER_MEASURE = 120
RANDOM = "a random instant"


@dataclass(frozen=True)
class Strike:
    """One blow to come."""

    step: str
    method: str
    tap: str
    resume: str
    blow: Blow


def at_named_steps(warehouse: str) -> Iterator[Strike]:
    """Yield each signal to each receiver before and after each named step took effect, in the second load if possible.

    A full load takes all its steps when the tap is gone.
    """
    number = 0
    for step, (pattern, methods) in NAMED.items():
        for method in methods:
            at = 1 if step in ("CREATE", "DELETE") or method == "overwrite" else 2
            for signal, receiver, when in _blows(method):
                number += 1
                moment = Moment(warehouse, "hang", pattern, at, when)
                yield Strike(step, method, taps_of(method)[number % len(taps_of(method))], RESUMES[number // 2 % 2],
                             Blow(signal, receiver, moment))  # fmt: skip


def _blows(method: str) -> Iterator[tuple[str, str, str]]:
    receivers = RECEIVERS[1:] if method == "overwrite" else RECEIVERS
    yield from (
        (signal, receiver, when) for signal in SIGNALS for receiver in receivers for when in ("before", "after")
    )


def taps_of(method: str) -> tuple[str, ...]:
    """Return the taps that differ with this method."""
    return TAPS if method == "overwrite" else tuple(tap for tap in TAPS if "between" not in tap)


def at_random_instants(ground: Ground, warehouse: str, count: int) -> Iterator[Strike]:
    """Yield each signal to each receiver at `count` instants of a pipeline's life; the rest in turn."""
    chance = random.Random(2)
    whole: dict[tuple[str, str], float] = {}
    number = 0
    for turn in range(count):
        method, resume = METHODS[turn % 3], RESUMES[turn // 3 % 2]
        tap = taps_of(method)[turn // 6 % len(taps_of(method))]
        for signal in SIGNALS:
            for receiver in RECEIVERS:
                if number % BLOWS_PER_MEASURE == 0:
                    whole.clear()
                number += 1
                if (tap, method) not in whole:
                    whole[tap, method] = _undisturbed_seconds(ground, warehouse, tap, method)
                moment = Moment(seconds=chance.uniform(0, whole[tap, method]))
                yield Strike(RANDOM, method, tap, resume, Blow(signal, receiver, moment))


def _undisturbed_seconds(ground: Ground, warehouse: str, tap: str, method: str) -> float:
    with prepared(ground, warehouse, source_of(tap, method)) as (_, pipeline):
        begun = time.monotonic()
        ended = pipeline.whole(pause=PAUSE_SECONDS)
        assert ended.status == 0, ended.stderr
        return time.monotonic() - begun
