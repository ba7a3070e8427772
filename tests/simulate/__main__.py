"""Simulate seeds, or replay one.

    python -m tests.simulate [--seeds N] [--minutes M] [--first SEED] [--processes P]
    python -m tests.simulate --replay SEED [--skip 1,3] [--messages N] [--mutant NAME]
    python -m tests.simulate --mutants [--seeds N]

The last one looks for each broken double of our code, in N seeds at most. The exit status is 1 if a promise was broken,
or a broken double was missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import nullcontext

from tests.simulate.campaign import Tally, campaign, command, found_mutants, shrunk, simulate
from tests.simulate.faults import PAIRS
from tests.simulate.mutants import MUTANTS
from tests.simulate.patches import simulated_system
from tests.simulate.world import Plan

TOLD_SECONDS = 60.0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", type=int)
    parser.add_argument("--skip", default="")
    parser.add_argument("--messages", type=int)
    parser.add_argument("--mutant")
    parser.add_argument("--mutants", action="store_true")
    asked = parser.parse_args()
    if asked.mutants:
        return look_for_mutants(asked.seeds, asked.processes)
    if asked.replay is not None:
        skipped = tuple(int(number) for number in asked.skip.split(",") if number)
        chosen = [mutant for mutant in MUTANTS if mutant.name == asked.mutant]
        with chosen[0].switched_on() if chosen else nullcontext():
            return replay(Plan(asked.replay, skipped, asked.messages, keeps_trace=True))
    return simulate_seeds(asked.first, asked.seeds, asked.minutes, asked.processes)


def replay(plan: Plan) -> int:
    """Print what happens in a simulation."""
    with simulated_system():
        outcome = simulate(plan)
    print(*outcome.trace, sep="\n")
    print(outcome.problem or "every promise was kept")
    return int(outcome.problem is not None)


def simulate_seeds(first: int, count: int, minutes: float, processes: int) -> int:
    """Simulate, and tell every minute how far it has come."""
    tally, told = Tally(), 0.0
    for tally in campaign(first, count, minutes, processes):
        if time.monotonic() - told > TOLD_SECONDS:
            told = time.monotonic()
            print(summary(tally), flush=True)
    print(summary(tally))
    for step, fault in tally.unreached:
        print(f"never struck: {step}, {fault}")
    for seed, problem in sorted(tally.broken.items()):
        print(f"{problem}\n  {command(shrunk(Plan(seed)))}")
    return int(bool(tally.broken))


def look_for_mutants(most: int, processes: int) -> int:
    """Print after how many seeds each broken double was found, as a table."""
    missed = 0
    print("| invariant | broken double | seeds | what is seen |\n|---|---|---|---|")
    for mutant, seeds, problem in found_mutants(most, processes):
        missed += problem is None
        aimed = " that aim at it" if mutant.aims else ""
        print(f"| {mutant.invariant} | {mutant.name} | {seeds}{aimed} | {problem or 'MISSED'} |", flush=True)
    return int(bool(missed))


def summary(tally: Tally) -> str:
    """Return where a campaign stands, in a line."""
    rate = tally.runs / tally.seconds if tally.seconds else 0.0
    reached = len(PAIRS) - len(tally.unreached)
    return (
        f"{tally.runs} simulations, {tally.loads} loads, {rate:.1f} a second of one processor, {reached} of "
        f"{len(PAIRS)} pairs struck, {len(tally.broken)} seeds broke a promise"
    )


if __name__ == "__main__":
    sys.exit(main())
