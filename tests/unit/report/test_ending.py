"""A failed run ends in three lines: what, what is in the warehouse now, what to do."""

from __future__ import annotations

import pytest
from singer_bulk.errors import BulkError, CommitError, ConfigError, Interrupted
from singer_bulk.errors.codes import CODES
from singer_bulk.model.report import LoadReport, RunReport, StreamReport
from singer_bulk.report.ending import failure_of, in_the_warehouse, last_lines, what_to_do

LOADED = RunReport(
    load_count=2,
    loads=[LoadReport(load_id="ab-2", closed_at="")],
    streams=[StreamReport(stream="orders", rows_loaded=7)],
)


def test_before_a_run_begins_nothing_is_there() -> None:
    """A setting that is wrong ends in the same three lines."""
    lines = last_lines(failure_of(ConfigError("schema 'x' does not exist", code="CFG-SCHEMA")))
    assert lines == [
        "what: schema 'x' does not exist [CFG-SCHEMA]",
        "in the warehouse now: nothing of this run: it had not begun to read",
        "what to do: the user corrects its name, creates it, or sets `create_schema`; then run it again with the last "
        "STATE (docs/errors.md, CFG-SCHEMA)",
    ]


def test_loads_that_were_committed_are_there() -> None:
    """Their number, rows and the last load_id; without one, the tables are as they were."""
    error = BulkError("x", code="REC-VALUE")
    assert in_the_warehouse(error, LOADED) == (
        "2 loads of this run with 7 rows, the last is ab-2; nothing of what came later"
    )
    assert in_the_warehouse(error, RunReport()).startswith("nothing of this run; its tables hold the rows")


def test_a_commit_without_an_answer_is_not_called_lost() -> None:
    """Nobody knows whether it has worked, and the line says so."""
    assert "unless the COMMIT" in in_the_warehouse(CommitError("x", code="LOAD-UNKNOWN"), RunReport())


def test_a_signal_is_no_error_to_mend() -> None:
    """Whoever stopped the run may start it again."""
    assert what_to_do(Interrupted(15)) == "run it again with the last STATE; nothing of this run is loaded twice"


@pytest.mark.parametrize("code", CODES)
def test_each_code_says_what_to_do(code: str) -> None:
    """The line is one, and names the page and the code."""
    text = what_to_do(BulkError("x", code=code))
    assert "\n" not in text
    assert text.endswith(f"(docs/errors.md, {code})")
    assert len(text) > len("; then run it again with the last STATE") + 20
