"""Seeds by the thousand, in processes; what was struck, what never was, and each seed that breaks a promise, shrunk."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import Pool

from tests.simulate.faults import PAIRS, seeds_that_aim_at
from tests.simulate.mutants import MUTANTS, Mutant
from tests.simulate.patches import simulated_system
from tests.simulate.world import Outcome, Plan, World

# Seeds that a process takes at a time.
SHARE = 50


@dataclass
class Tally:
    """What seeds have come to."""

    runs: int = 0
    loads: int = 0
    steps: int = 0
    seconds: float = 0.0  # of processors
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count what another one has."""
        self.runs += other.runs
        self.loads += other.loads
        self.steps += other.steps
        self.seconds += other.seconds
        self.pairs.update(other.pairs)
        self.broken.update(other.broken)

    def note(self, seed: int, outcome: Outcome) -> None:
        """Count one simulation."""
        self.runs += 1
        self.loads += outcome.loads
        self.steps += outcome.steps
        self.pairs.update(outcome.struck)
        if outcome.problem is not None:
            self.broken[seed] = str(outcome.problem)

    @property
    def unreached(self) -> list[tuple[str, str]]:
        """The pairs that nothing has struck."""
        return [pair for pair in PAIRS if not self.pairs[pair]]


def simulate(plan: Plan) -> Outcome:
    """Simulate once; the system must be a simulated one."""
    return World(plan).run()


def tally_of(seeds: range) -> Tally:
    """Simulate some seeds."""
    tally, begun = Tally(), time.process_time()
    with simulated_system():
        for seed in seeds:
            tally.note(seed, simulate(Plan(seed)))
    tally.seconds = time.process_time() - begun
    return tally


def campaign(first: int, count: int, minutes: float, processes: int) -> Iterator[Tally]:
    """Yield the tally so far, again and again, until so many seeds or minutes are over."""
    shares = [range(start, min(start + SHARE, first + count)) for start in range(first, first + count, SHARE)]
    total, ends = Tally(), time.monotonic() + minutes * 60
    with Pool(processes) as pool:
        for tally in pool.imap_unordered(tally_of, shares):
            total.add(tally)
            yield total
            if time.monotonic() > ends:
                break


def found_mutants(most: int, processes: int) -> Iterator[tuple[Mutant, int, str | None]]:
    """Yield each broken double with the number of seeds that were tried, and what it breaks; None: it was missed."""
    with Pool(processes) as pool:
        found = pool.imap(_find, [(number, most) for number in range(len(MUTANTS))])
        for mutant, (seeds, promise) in zip(MUTANTS, found, strict=True):
            yield mutant, seeds, promise


def _find(asked: tuple[int, int]) -> tuple[int, str | None]:
    number, most = asked
    mutant, tried = MUTANTS[number], 0
    with simulated_system(), mutant.switched_on():
        for tried, seed in enumerate(islice(seeds_that_aim_at(mutant.aims), most), start=1):
            promise = _promise(simulate(Plan(seed)))
            if promise is not None:
                return tried, promise
    return tried, None


def shrunk(plan: Plan) -> Plan:
    """Return the plan with as few strikes and messages as still break the same promise."""
    with simulated_system():
        promise = _promise(simulate(plan))
        if promise is None:
            return plan
        for number in range(1, len(simulate(plan).struck) + 1):
            less = replace(plan, skipped=(*plan.skipped, number))
            if _promise(simulate(less)) == promise:
                plan = less
        for length in range(2, simulate(plan).messages):
            less = replace(plan, length=length)
            if _promise(simulate(less)) == promise:
                return less
    return plan


def _promise(outcome: Outcome) -> str | None:
    return None if outcome.problem is None else str(outcome.problem).partition(":")[0]


def command(plan: Plan) -> str:
    """Return the command that replays a plan."""
    skipped = f" --skip {','.join(map(str, plan.skipped))}" if plan.skipped else ""
    length = "" if plan.length is None else f" --messages {plan.length}"
    return f"python -m tests.simulate --replay {plan.seed}{skipped}{length}"
