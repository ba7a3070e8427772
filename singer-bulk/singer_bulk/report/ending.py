"""The three lines that a failed run ends in: what, what is in the warehouse now, what to do."""

from __future__ import annotations

from collections.abc import Callable

from singer_bulk.errors import BulkError, Interrupted
from singer_bulk.errors.codes import CODES
from singer_bulk.model.report import Failure, RunReport
from singer_bulk.report.text import rows_of

# Of errors after which nobody knows whether a COMMIT has worked.
UNKNOWN = ("LOAD-UNKNOWN",)
NOT_BEGUN = "nothing of this run: it had not begun to read"


def failure_of(error: BulkError, masked: Callable[[str], str] = str) -> Failure:
    """Return what is said of an error; `error.in_the_warehouse` is set where the run had begun."""
    there = error.in_the_warehouse or NOT_BEGUN
    return Failure(code=error.code, what=masked(str(error)), in_the_warehouse=there, what_to_do=what_to_do(error))


def last_lines(failure: Failure) -> list[str]:
    """Return the lines."""
    return [
        f"what: {failure.what}",
        f"in the warehouse now: {failure.in_the_warehouse}",
        f"what to do: {failure.what_to_do}",
    ]


def in_the_warehouse(error: BulkError, report: RunReport) -> str:
    """Return what is there when the run has ended."""
    rows, count = rows_of(report), report.load_count
    if not report.is_complete:
        there = "not known to this report, which is not complete: the ledger says it, by --history"
    elif not count:
        there = "nothing of this run; its tables hold the rows that they held before"
    else:
        last = report.loads[-1].load_id
        loads = "1 load" if count == 1 else f"{count} loads"
        there = f"{loads} of this run with {rows} rows, the last is {last}; nothing of what came later"
    if error.code in UNKNOWN:
        there += ", unless the COMMIT that was not answered has worked: --explain with the load_id above tells"
    return there


def what_to_do(error: BulkError) -> str:
    """Return the remedy of the code, and how the run goes on."""
    if isinstance(error, Interrupted):
        return "run it again with the last STATE; nothing of this run is loaded twice"
    _, _, remedy = CODES.get(error.code, "").partition(": ")
    meant = remedy.rstrip(".") or "read what the message says"
    return f"{meant}; then run it again with the last STATE (docs/errors.md, {error.code})"
