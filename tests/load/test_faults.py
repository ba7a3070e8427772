"""Nothing is lost and nothing is doubled: the short form of the tables in docs/faults.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Warehouses
from tests.faults.at_once import meet, watch
from tests.faults.feeds import Feed
from tests.faults.strikes import Ground, Moment, Outcome, Place, end_detached, run_into, strike

# Two loads, of one file for each stream.
STEPS, SETTINGS = 4, {"batch_size_rows": 12}
LOCK = "^(LOCK|UPDATE)"


@pytest.fixture(scope="module")
def ground(warehouses: Warehouses) -> Iterator[Ground]:
    """The stand-ins of this worker, as the harness wants them."""
    made = Ground(warehouses.start("s3", "redshift", "snowflake"))
    yield made
    made.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", ["cut", "hang"])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_commit_that_is_not_answered(ground: Ground, warehouse: str, action: str, when: str) -> None:
    """A COMMIT whose answer is lost, by a cut or by kill -9, with --last-state: every row once, in append too."""
    moment = Moment(warehouse, action, "^COMMIT", 1, when)
    outcome = strike(ground, warehouse, Feed("append-only", STEPS), moment, "--last-state", **SETTINGS)
    assert (outcome.lost, outcome.doubled, outcome.torn) == (0, 0, False)
    assert outcome.survived == (action == "cut")


@pytest.mark.parametrize("method", ["upsert", "overwrite"])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_kill_in_a_copy(ground: Ground, warehouse: str, method: str) -> None:
    """kill -9 in the middle of a load, resumed from stdout: the end is that of an undisturbed run."""
    moment = Moment(warehouse, "hang", "^COPY", 2, "after")
    outcome = strike(ground, warehouse, Feed(method, STEPS), moment, "stdout", **SETTINGS)
    assert (outcome.lost, outcome.doubled, outcome.torn, outcome.survived) == (0, 0, False, False)


@pytest.mark.parametrize("action", ["slowdown", "cut"])
def test_fault_of_s3(ground: Ground, action: str) -> None:
    """A 503 and a reset of S3 are tried again; nothing is lost or doubled."""
    moment = Moment("s3", action, "PUT", 2)
    outcome = strike(ground, "redshift", Feed("append-only", STEPS), moment, "stdout", **SETTINGS)
    assert (outcome.lost, outcome.doubled, outcome.torn, outcome.survived) == (0, 0, False, True)


@pytest.mark.parametrize(
    "moment",
    [
        Moment("redshift", "conflict", "^COMMIT"),
        Moment("snowflake", "conflict", "^MERGE"),
        Moment("snowflake", "expire", "^COPY", what="sessions"),
        Moment("snowflake", "expire", "^COPY", what="logins"),
    ],
    ids=lambda moment: f"{moment.server} {moment.action} {moment.what}",
)
def test_what_passes_is_tried_again(ground: Ground, moment: Moment) -> None:
    """A conflict with another transaction, a login that expires in mid-load: the run ends well, each row is there."""
    outcome = strike(ground, moment.server, Feed("upsert", STEPS), moment, "stdout", **SETTINGS)
    assert outcome == Outcome(lost=0, doubled=0, torn=False, survived=True)


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_rows_of_an_upsert_are_copied_before_its_turn(ground: Ground, warehouse: str) -> None:
    """COPY, which takes long, does not keep other loads of the schema waiting: the ledger is locked behind it."""
    place = Place(ground, warehouse)
    config = place.configuration("upsert", **SETTINGS)
    stopped = run_into(ground, warehouse, config, Feed("upsert", STEPS).messages(), Moment(warehouse, "hang", LOCK))
    assert stopped.stderr.count(b"COPY ") >= 2, stopped.stderr.decode()
    end_detached(place)
    place.drop()


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_two_pipelines_upsert_the_same_keys_at_once(ground: Ground, warehouse: str) -> None:
    """Both end well, and each key has one row, as one of the two left it."""
    meeting = meet(ground, warehouse, "upsert", same_table=True)
    assert (meeting.lost, meeting.doubled, meeting.failed) == (0, 0, 0)


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_reader_sees_old_or_new_rows(ground: Ground, warehouse: str) -> None:
    """Whoever counts the rows of a table while full loads replace them sees whole loads only."""
    watched = watch(ground, warehouse, 2)
    assert watched.counts <= watched.allowed
    assert watched.reads > 10
