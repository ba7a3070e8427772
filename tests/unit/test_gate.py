"""What was chosen must be written: the gate behind COPY."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from singer_bulk.errors import CommitError
from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.gate import Gate, Step, demand_none_lacking

from tests.fidelity.encoding import DIALECTS

CHOOSE, COUNT, UPDATE, INSERT, LACKING = (
    "INSERT INTO chosen",
    "SELECT COUNT",
    "UPDATE t",
    "INSERT INTO t",
    "SELECT lack",
)
STEPS = [Step(CHOOSE, counted=COUNT), Step(UPDATE, writes=True), Step(INSERT, writes=True, lacking=LACKING)]


@dataclass
class Answers:
    """A transaction that answers what it was told to."""

    answers: dict[str, Rows]
    asked: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> Rows:
        self.asked.append(sql)
        return self.answers.get(sql, [])


# What is chosen, updated and inserted, by what the answers say; then rows that are lacking. None: nothing is said.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("both", {CHOOSE: [(3,)], UPDATE: [(1,)], INSERT: [(2,)]}, ""),
    ("both", {CHOOSE: [(3,)], UPDATE: [(3,)], INSERT: [(0,)], LACKING: [(9,)]}, ""),
    ("both", {CHOOSE: [(3,)], UPDATE: [(5,)], INSERT: [(0,)]}, ""),  # a key that the table had twice
    ("both", {COUNT: [(3,)], UPDATE: [(1,)], INSERT: [(2,)]}, ""),
    ("both", {CHOOSE: [(3,)], UPDATE: [(1,)], LACKING: [(0,)]}, ""),
    ("both", {CHOOSE: [(3,)], UPDATE: [(1,)], LACKING: [(2,)]}, "2 rows that should have been written are not there"),
    ("redshift", {CHOOSE: [(3,)], UPDATE: [(1,)], INSERT: [(1,)], LACKING: [(0,)]}, ""),
    ("redshift", {CHOOSE: [(3,)], UPDATE: [(1,)], INSERT: [(1,)], LACKING: [(1,)]}, "1 rows that should have been"),
    ("snowflake", {CHOOSE: [(3,)], UPDATE: [(1,)], INSERT: [(1,)], LACKING: [(0,)]}, "3 rows were chosen.*written 2"),
    ("snowflake", {COUNT: [(3,)], UPDATE: [(0,)], INSERT: [(2,)]}, "table s.t: 3 rows were chosen.*ERROR_LOGGING"),
]


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_rows_that_were_chosen_are_written(warehouse: str) -> None:
    """Fewer rows than were chosen roll back; where the warehouse may not say how many, it is asked what is lacking."""
    for which, answers, problem in CASES:
        if which not in ("both", warehouse):
            continue
        gate = Gate(DIALECTS[warehouse], "load 1", Table("s", "t"))
        if not problem:
            gate.run(Answers(answers), STEPS)
            continue
        with pytest.raises(CommitError, match=problem) as refused:
            gate.run(Answers(answers), STEPS)
        assert refused.value.code == "LOAD-WRITTEN"


def test_what_no_answer_counts_is_asked() -> None:
    """An UPDATE of rows that nobody has counted is followed by the question for those that it has left as they were."""
    stamped = [Step(UPDATE, lacking=LACKING)]
    session = Answers({UPDATE: [(7, 0)], LACKING: [(0,)]})
    Gate(DIALECTS["snowflake"], "load 1", Table("s", "t")).run(session, stamped)
    assert session.asked == [UPDATE, LACKING]
    with pytest.raises(CommitError, match="1 rows that should"):
        Gate(DIALECTS["snowflake"], "load 1", Table("s", "t")).run(Answers({LACKING: [(1,)]}), stamped)


MERGE = "MERGE INTO t"


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_rows_that_needed_no_choosing_are_written(warehouse: str) -> None:
    """A batch that is merged as it came must be written whole; where MERGE says nothing, what it lacks is asked at the
    end of the load, for all tables in one question, whose every answer counts."""
    dialect = DIALECTS[warehouse]
    steps = [Step(MERGE, chosen=3, writes=True, lacking=LACKING, stays=True)]
    short = Gate(dialect, "load 1", Table("s", "t"))
    with pytest.raises(CommitError, match="3 rows were chosen") if dialect.tells_written else contextlib.nullcontext():
        short.run(Answers({MERGE: [(1, 1)]}), steps)
    if not dialect.tells_written:
        with pytest.raises(CommitError, match="1 rows that should"):
            demand_none_lacking(Answers({LACKING: [(1,)]}), [short])
    whole = Gate(dialect, "load 1", Table("s", "t"))
    whole.run(Answers({MERGE: [(1, 2)]}), steps)
    assert whole.unasked == []
    gates = [Gate(dialect, "load 1", Table("s", name)) for name in "tuv"]
    silent = Answers({})
    for gate in gates:
        gate.run(silent, steps)
    assert silent.asked == [MERGE] * 3
    question = " UNION ALL ".join(f"SELECT {place}, lacking.* FROM ({LACKING}) AS lacking" for place in range(3))
    for rows, problem in (
        ([(2, 0), (0, 0), (1, 0)], None),
        ([(0, 0), (1, 4), (2, 0)], "table s.u: 4 rows that should"),
        ([(0, 0), (2, 0)], "table s.u: nothing says"),
    ):
        asking = Answers({question: rows})
        for gate in gates:
            gate.unasked[:] = [LACKING]
        with contextlib.nullcontext() if problem is None else pytest.raises(CommitError, match=problem):
            demand_none_lacking(asking, gates)
        assert asking.asked == [question]


def test_rows_of_the_ledger_are_counted() -> None:
    """An INSERT that answers with another number than it had is none; one that answers with nothing is believed."""
    gate = Gate(DIALECTS["snowflake"], "load 1", Table("s", "ledger"))
    gate.demand([(2,)], 2, "rows of the ledger")
    gate.demand([], 2, "rows of the ledger")
    with pytest.raises(CommitError, match="1 of 2 rows of the ledger were written"):
        gate.demand([(1,)], 2, "rows of the ledger")
