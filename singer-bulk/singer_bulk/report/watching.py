"""Who listens to a run, from its beginning to its end: put together from the settings and the environment.

Whatever fails here is told in a warning. It changes neither the run nor its exit status.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from singer_bulk.errors import BulkError, Interrupted
from singer_bulk.model.facts import Watch
from singer_bulk.model.report import RunReport
from singer_bulk.model.runtime import Runtime
from singer_bulk.report.ending import failure_of, in_the_warehouse
from singer_bulk.report.exports import Exports
from singer_bulk.report.live import Call, Tell, Telling, is_terminal, warnings_alone
from singer_bulk.report.place import Put, place_of, write
from singer_bulk.report.recorder import Recorder
from singer_bulk.report.text import MAX_WIDTH, WIDTH, read_of, rows_of, summary
from singer_bulk.report.webhook import body_of, post

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listeners:
    """What the user has chosen. hides: no STATE in the report, since it may hold a value that is masked elsewhere."""

    connector: str
    version: str
    namespace: str  # the warehouse, as OpenLineage names it
    database: str
    run_report: str | None = None
    on_failure: str | None = None
    progress: bool = True
    hides: bool = False
    masked: Callable[[str], str] = str  # cuts secrets out of a text
    level_is_set: bool = False  # by the user, who then gets each line of the log


class Calls(Protocol):
    """The calls of the warehouse (`warehouse/times.py`)."""

    watch: Watch
    under_way: Call | None


@contextmanager
def watching(chosen: Listeners, runtime: Runtime, times: Calls, put: Put, metrics: Tell) -> Iterator[Watch]:
    """Listen to what runs in the block, and tell what it came to; an error leaves the block with its three lines."""
    recorder = Recorder(runtime, chosen.connector, chosen.version)
    warnings = _Warnings(recorder)
    logging.getLogger().addHandler(warnings)
    exports = Exports(chosen.namespace, chosen.database, os.environ)
    recorder.hears.append(exports.hear)
    telling = Telling(recorder, lambda: times.under_way, runtime)
    view = chosen.progress and is_terminal()
    quiet = warnings_alone() if view and not chosen.level_is_set else nullcontext()
    telling.begin(view=view, metrics=metrics)
    times.watch = watch = Watch(recorder.listen, runtime.monotonic)
    status, error = "failed", None
    try:
        with quiet:
            yield watch
        status = "succeeded"
    except BulkError as raised:
        error = raised
        raise
    finally:
        telling.end()
        report = recorder.end(status, _exit_status(status, error))
        if chosen.hides:
            report.state = None
        if error is not None:
            error.in_the_warehouse = in_the_warehouse(error, report)
            report.failure = failure_of(error, chosen.masked)
        _quietly("the summary", chosen.masked, lambda: _tell_summary(report, on_terminal=view))
        if not view:
            _quietly("the metrics", chosen.masked, lambda: metrics(report))
        logging.getLogger().removeHandler(warnings)
        _quietly("the report", chosen.masked, lambda: _write(chosen, report, put))
        _quietly("telemetry", chosen.masked, lambda: exports.end(report))
        _quietly("on_failure", chosen.masked, lambda: _call_webhook(chosen, report))


def _exit_status(status: str, error: BulkError | None) -> int:
    return 0 if status == "succeeded" else 128 + error.signal_number if isinstance(error, Interrupted) else 1


def _quietly(what: str, masked: Callable[[str], str], tell: Callable[[], Any]) -> None:
    try:
        tell()
    except Exception as error:  # of whatever kind: the run has come to its end without it
        logger.warning("%s could not be told: %s", what, masked(f"{type(error).__name__}: {error}"))


def _tell_summary(report: RunReport, *, on_terminal: bool) -> None:
    if on_terminal:
        width = min(shutil.get_terminal_size((WIDTH, 24)).columns, MAX_WIDTH)
        sys.stderr.write("\n".join(summary(report, width)) + "\n")
        sys.stderr.flush()
        return
    head, *rest = summary(report, WIDTH)
    told = {"records": read_of(report), "rows": rows_of(report), "loads": report.load_count}
    logger.info("%s", head, extra={**told, "run_id": report.run_id, "status": report.status})
    for line in rest:
        logger.info("%s", line)


def _write(chosen: Listeners, report: RunReport, put: Put) -> None:
    if chosen.run_report:
        place = place_of(chosen.run_report, report)
        write(place, masked_json(report, chosen.masked), put)
        logger.info("the report of this run is in %s", place)


def masked_json(report: RunReport, masked: Callable[[str], str]) -> bytes:
    """Return the report as JSON; a secret in a text of it is masked."""
    return msgspec.json.format(masked(msgspec.json.encode(report).decode()).encode(), indent=2) + b"\n"


def _call_webhook(chosen: Listeners, report: RunReport) -> None:
    if chosen.on_failure and report.status == "failed":
        problem = post(chosen.on_failure, body_of(report))
        if problem is not None:
            logger.warning("on_failure was not taken: %s", chosen.masked(problem))


class _Warnings(logging.Handler):
    """Puts the warnings of the log into the report."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(logging.WARNING)
        self._recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._recorder.warned(record.getMessage())
        except Exception:  # of a message that does not fit its arguments: logging itself tells of it
            self.handleError(record)
