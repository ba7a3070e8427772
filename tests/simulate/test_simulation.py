"""The short form of `make simulate`: some seeds keep every promise, and a seed says all that happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.simulate.campaign import SHARE, Tally, simulate
from tests.simulate.mutants import MUTANTS, Mutant
from tests.simulate.patches import simulated_system
from tests.simulate.schedule import Process, Scheduler, Stuck
from tests.simulate.world import Plan

SEEDS = 12
# Seeds that have broken a promise once, and what was mended then.
MENDED = {109: "a block that an encoding thread gave back was merged behind rows that had come later"}
# Broken doubles that the first seeds find: that the properties are asked at all is seen by them.
QUICKLY_FOUND = ("the STATE comes out before its load is committed", "a full load ends at a STATE")


@pytest.fixture
def system() -> Iterator[None]:
    """What our code takes from the system is simulated."""
    with simulated_system():
        yield


def test_every_promise_is_kept(system: None) -> None:
    """Whole runs in a world that fails keep every promise, those too of seeds that have broken one."""
    tally = Tally()
    for seed in (*range(SEEDS), *MENDED):
        tally.note(seed, simulate(Plan(seed)))
    assert not tally.broken
    assert tally.loads >= SEEDS
    assert tally.pairs


def test_same_seed_gives_the_same_trace(system: None) -> None:
    """A seed says all that happens, to the last switch from thread to thread."""
    first, second = (simulate(Plan(5, keeps_trace=True)) for _ in range(2))
    assert first.trace == second.trace
    assert first.steps == second.steps > 0


@pytest.mark.long
def test_same_seed_gives_the_same_trace_in_another_process(system: None) -> None:
    """Nothing that differs between processes decides: neither the order of sets nor an id."""
    plan = Plan(5, keeps_trace=True)
    command = [sys.executable, "-m", "tests.simulate", "--replay", str(plan.seed)]
    for hash_seed in ("1", "2"):
        told = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
        )
        assert told.stdout.splitlines()[:-1] == simulate(plan).trace


def test_every_broken_double_has_its_place() -> None:
    """What a broken double replaces is there, also where the code has moved since."""
    for mutant in MUTANTS:
        with mutant.switched_on():
            pass


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.name in QUICKLY_FOUND], ids=lambda one: one.name)
def test_broken_double_is_found(system: None, mutant: Mutant) -> None:
    """A promise that our code would not keep is seen to be broken."""
    with mutant.switched_on():
        assert any(simulate(Plan(seed)).problem for seed in range(SHARE))


def test_threads_that_wait_for_one_another_are_noticed() -> None:
    """A run that would wait for ever ends the simulation."""
    scheduler = Scheduler(1)
    scheduler.begin(Process("one"), "waiting", lambda: scheduler.park([]))
    with pytest.raises(Stuck, match="one/waiting"):
        scheduler.run()
    scheduler.end()
