"""Whole pipelines that are interrupted: a table is the old one or the whole new one, and a resume brings each row once.

The short form of "Whole pipelines" in docs/faults.md; `make test-long` has each case in both warehouses.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Warehouses
from tests.faults.at_once import race
from tests.faults.pipelines import Blow, Ended, compared, prepared, strike
from tests.faults.sources import Source
from tests.faults.strikes import Ground
from tests.faults.taps import STREAMS, note

# The tap waits before a row in the middle of a step, behind a STATE and more rows that no STATE covers.
STEP, STATE_AT, HOLD = 8, 24, 29
BOTH = pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
# What a target does before it asks its warehouse is the same in both.
ONE = pytest.mark.parametrize("warehouse", ["redshift", pytest.param("snowflake", marks=pytest.mark.long)])


def mostly(*cases: str) -> list[Any]:
    """Return the first as a case of every run, the others as cases of the long one."""
    return [cases[0], *(pytest.param(case, marks=pytest.mark.long) for case in cases[1:])]


@pytest.fixture(scope="module")
def ground(warehouses: Warehouses) -> Iterator[Ground]:
    """The stand-ins of this worker, as the harness wants them."""
    made = Ground(warehouses.start("s3", "redshift", "snowflake"))
    yield made
    made.close()


@BOTH
@pytest.mark.parametrize("tap", mostly("plain", "plain, STATEs between", "sdk"))
def test_ctrl_c_in_a_full_load(ground: Ground, warehouse: str, tap: str) -> None:
    """SIGINT to the group in the middle of a full load: the old table stays, whatever STATEs the tap has sent."""
    source = Source(tap, "overwrite", hold=HOLD)
    outcome = strike(ground, warehouse, source, Blow("SIGINT", "group"), "stdout")
    assert (outcome.parts, outcome.status) == (0, 130)
    assert (outcome.lost, outcome.doubled, outcome.refused) == (0, 0, "")


@BOTH
@pytest.mark.parametrize("resume", mostly("stdout", "--last-state"))
@pytest.mark.parametrize("tap", mostly("plain", "sdk", "singer-python"))
def test_sigterm_in_an_append(ground: Ground, warehouse: str, tap: str, resume: str) -> None:
    """SIGTERM to the group between two STATEs, and a resume: each row is there once."""
    source = Source(tap, "append-only", hold=HOLD)
    outcome = strike(ground, warehouse, source, Blow("SIGTERM", "group"), resume)
    assert (outcome.lost, outcome.doubled, outcome.refused) == (0, 0, "")
    assert outcome.status == 143


@BOTH
@pytest.mark.parametrize("method", mostly("append-only", "upsert"))
def test_tap_that_is_killed_alone(ground: Ground, warehouse: str, method: str) -> None:
    """The tables stand at the STATE that came out; status 1 and the text say so; a resume brings each row once."""
    source = Source("plain", method, hold=HOLD)
    with prepared(ground, warehouse, source) as (place, pipeline):
        ended = pipeline.struck(Blow("SIGKILL", "tap"))
        assert 0 < ended.state["next"] * STEP <= STATE_AT
        assert (
            place.tables(STREAMS) == [Counter({(key, note(key)): 1 for key in range(ended.state["next"] * STEP)})] * 2
        )
        assert_refused(ended)
        assert pipeline.whole(ended.state).status == 0
        assert compared(place, source) == (0, 0)


@ONE
def test_tap_that_is_killed_alone_in_a_full_load(ground: Ground, warehouse: str) -> None:
    """A full load that nothing proves whole replaces nothing where rows would be lost."""
    source = Source("plain", "overwrite", hold=HOLD)
    with prepared(ground, warehouse, source) as (place, pipeline):
        assert_refused(pipeline.struck(Blow("SIGKILL", "tap")))
        assert place.tables(STREAMS) == [source.old()] * 2
        assert pipeline.whole().status == 0
        assert compared(place, source) == (0, 0)


@ONE
def test_state_that_says_it_is_no_end(ground: Ground, warehouse: str) -> None:
    """A tap that is killed behind a STATE which names the stream being read: the full load replaces nothing."""
    source = Source("singer-python", "overwrite", hold=STATE_AT)
    with prepared(ground, warehouse, source) as (place, pipeline):
        assert_refused(pipeline.struck(Blow("SIGKILL", "tap")), "in the middle of the full load of")
        assert place.tables(STREAMS) == [source.old()] * 2
        assert pipeline.whole().status == 0
        assert compared(place, source) == (0, 0)


@ONE
@pytest.mark.parametrize("method", mostly("overwrite", "append-only", "upsert"))
def test_tap_that_never_sends_a_state(ground: Ground, warehouse: str, method: str) -> None:
    """In a pipeline that has a name nothing is loaded, and the text names the setting; with it all rows are loaded."""
    source = Source("plain", method, states="none")
    with prepared(ground, warehouse, source) as (place, pipeline):
        assert_refused(pipeline.whole())
        assert place.tables(STREAMS) == [source.old() if method == "overwrite" else Counter()] * 2
    with prepared(ground, warehouse, source, end_of_input="any") as (place, pipeline):
        ended = pipeline.whole()
        assert (ended.status, ended.state) == (0, None)
        assert compared(place, source) == (0, 0)


@ONE
@pytest.mark.parametrize("method", mostly("overwrite", "append-only", "upsert"))
def test_tap_whose_last_message_is_a_record(ground: Ground, warehouse: str, method: str) -> None:
    """What stands behind the last STATE is not loaded, and the text names the setting; with it all rows are loaded."""
    source = Source("plain", method, states="all", behind=3)
    with prepared(ground, warehouse, source) as (place, pipeline):
        ended = pipeline.whole()
        assert_refused(ended)
        covered = Counter({(key, note(key)): 1 for key in range(source.rows)})
        assert place.tables(STREAMS) == [source.old() if method == "overwrite" else covered] * 2
        assert ended.state == (None if method == "overwrite" else {"next": source.rows // STEP})
    with prepared(ground, warehouse, source, end_of_input="any") as (place, pipeline):
        assert pipeline.whole().status == 0
        assert compared(place, source) == (0, 0)


def assert_refused(ended: Ended, words: str = "end_of_input") -> None:
    """The target ended because its input had no proof of its end, and says what in one line with these words."""
    assert ended.status == 1
    (told,) = [line for line in ended.stderr.splitlines() if "| what: " in line]
    assert words in told
    assert "A tap that died looks like this" in told


@ONE
@pytest.mark.parametrize("number", mostly("SIGHUP", "SIGINT", "SIGTERM"))
def test_target_that_is_signalled_alone(ground: Ground, warehouse: str, number: str) -> None:
    """The target ends with 128 + n, a full load changes nothing, and the tap finds that nobody reads."""
    source = Source("plain", "overwrite", hold=HOLD)
    with prepared(ground, warehouse, source) as (place, pipeline):
        ended = pipeline.struck(Blow(number, "target"))
        assert ended.status == 128 + signal.Signals[number]
        assert place.tables(STREAMS) == [source.old()] * 2


@BOTH
@pytest.mark.parametrize("method", mostly("append-only", "upsert", "overwrite"))
def test_two_runs_of_one_pipeline_at_once(ground: Ground, warehouse: str, method: str) -> None:
    """One of the two ends well; the other ends with an error that names the load which moved the pipeline on."""
    raced = race(ground, warehouse, method)
    assert (raced.lost, raced.doubled, raced.error) == (0, 0, "")
    assert (raced.well, raced.fenced) == (1, 1)
