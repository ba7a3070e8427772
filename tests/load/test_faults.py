"""Nothing is lost and nothing is doubled: the short form of the table in docs/faults.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import faults as harness
from tests.conftest import Warehouses
from tests.faults import Moment, Stage, strike


@pytest.fixture
def stage(warehouses: Warehouses) -> Iterator[Stage]:
    """The stand-ins of this worker, as the harness wants them."""
    stand_ins = warehouses.start("s3", "redshift", "snowflake")
    yield Stage(stand_ins, harness.querying(stand_ins))
    harness.forget_files()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", ["cut", "hang"])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
@pytest.mark.timeout(240)
def test_commit_that_is_not_answered(stage: Stage, warehouse: str, action: str, when: str) -> None:
    """A COMMIT whose answer is lost, by a cut or by kill -9, with --last-state: every row once, in append too."""
    outcome = strike(stage, warehouse, "append-only", Moment(warehouse, action, "^COMMIT", 1, when), "last-state")
    assert (outcome.lost, outcome.doubled, outcome.one_without_the_other) == (0, 0, False)
    assert outcome.survived == (action == "cut")


@pytest.mark.parametrize("method", ["upsert", "overwrite"])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
@pytest.mark.timeout(240)
def test_kill_in_a_copy(stage: Stage, warehouse: str, method: str) -> None:
    """kill -9 in the middle of a load, resumed from stdout: the end is that of an undisturbed run."""
    outcome = strike(stage, warehouse, method, Moment(warehouse, "hang", "^COPY", 2, "after"), "stdout")
    assert (outcome.lost, outcome.doubled, outcome.one_without_the_other) == (0, 0, False)


@pytest.mark.parametrize("action", ["slowdown", "cut"])
@pytest.mark.timeout(240)
def test_fault_of_s3(stage: Stage, action: str) -> None:
    """A 503 and a reset of S3 are tried again; nothing is lost or doubled."""
    outcome = strike(stage, "redshift", "append-only", Moment("s3", action, "PUT", 2), "stdout")
    assert (outcome.lost, outcome.doubled, outcome.one_without_the_other) == (0, 0, False)
    assert outcome.survived
