"""While a run goes: a view on a terminal, else a line of the log in each minute."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from singer_bulk.model.facts import READ, STAGE
from singer_bulk.model.report import RunReport
from singer_bulk.model.runtime import Runtime
from singer_bulk.report.recorder import Recorder
from singer_bulk.report.text import bytes_of, live, minute, read_of, rows_of

# Often enough for the eye; a picture of 300 streams takes 10 ms.
REFRESH_SECONDS = 0.5
# A run that is over before gets no view: it would flash.
FIRST_SECONDS = 1.0
MINUTE_SECONDS = 60.0
_READER = {READ: "waits for the tap", STAGE: "waits for S3"}

logger = logging.getLogger(__name__)

Call = tuple[str, str | None]
Tell = Callable[[RunReport], None]


def waits(doing: str, call: Call | None) -> str:
    """Return what the run waits for: the reading thread, and the one that commits."""
    reader = _READER.get(doing, "reads and encodes")
    if call is None:
        return reader
    kind, stream = call
    return f"{reader}; warehouse: {kind}{f' {stream}' if stream else ''}"


class Rates:
    """Records a second of each stream, over the last ten looks."""

    def __init__(self) -> None:
        self._looks: list[tuple[float, dict[str, int]]] = []

    def of(self, report: RunReport) -> dict[str, float]:
        """Return the rates, and remember the report."""
        counts = {stream.stream: stream.records_read for stream in report.streams}
        self._looks = [*self._looks[-9:], (report.seconds, counts)]
        since, before = self._looks[0]
        spent = report.seconds - since
        return {} if spent <= 0 else {name: (count - before.get(name, 0)) / spent for name, count in counts.items()}


class Telling:
    """A thread that looks at the recorder and tells; what it cannot tell ends it, and not the run."""

    def __init__(self, recorder: Recorder, under_way: Callable[[], Call | None], runtime: Runtime) -> None:
        self._recorder = recorder
        self._under_way = under_way
        self._runtime = runtime
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, *, view: bool, metrics: Tell) -> None:
        """Begin to tell."""
        target = self._view if view else lambda: self._minutes(metrics)
        self._thread = threading.Thread(target=self._guarded, args=(target,), name="report", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End it, and wait until the terminal is as it was."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _guarded(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:
            logger.warning("what this run does is not shown any more: %s: %s", type(error).__name__, error)

    def _waits(self) -> str:
        return waits(self._recorder.doing, self._under_way())

    def _minutes(self, metrics: Tell) -> None:
        while not self._over.wait(MINUTE_SECONDS):
            report = self._recorder.snapshot()
            told = {"records": read_of(report), "rows": rows_of(report), "bytes": bytes_of(report)}
            logger.info("%s", minute(report, self._waits()), extra={**told, "loads": report.load_count})
            metrics(report)

    def _view(self) -> None:
        if self._over.wait(FIRST_SECONDS):
            return
        from rich.console import Console
        from rich.live import Live

        rates = Rates()
        console = Console(file=sys.stderr)

        def picture() -> Any:
            from rich.text import Text

            report = self._recorder.snapshot()
            width, height = console.size
            lines = live(report, self._waits(), width, height, rates.of(report))
            return Text("\n".join(lines), no_wrap=True, overflow="crop")

        with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False) as shown, _above():
            while True:
                shown.update(picture(), refresh=True)
                if self._over.wait(REFRESH_SECONDS):
                    return


def _of_terminal() -> list[Any]:
    """Return the handlers that log on a terminal."""
    handlers = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    return [one for one in handlers if getattr(one.stream, "isatty", bool)()]


@contextmanager
def warnings_alone() -> Iterator[None]:
    """Log warnings and errors alone on the terminal: what else there is to say, the view says."""

    def counts(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    handlers = _of_terminal()
    for handler in handlers:
        handler.addFilter(counts)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(counts)


@contextmanager
def _above() -> Iterator[None]:
    """Let what is logged on the terminal appear above the view."""
    before = [(one, one.stream) for one in _of_terminal()]
    for handler, _ in before:
        handler.setStream(sys.stderr)  # which the view has replaced
    try:
        yield
    finally:
        for handler, stream in before:
            handler.setStream(stream)


def is_terminal(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether standard error is a terminal that can move its cursor."""
    return bool(sys.stderr) and sys.stderr.isatty() and environment.get("TERM", "") not in ("", "dumb")
