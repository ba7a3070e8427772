"""Other programs that hear of a run: OpenTelemetry and OpenLineage, each by its own library, if the environment asks.

They are called in a thread of their own, so no load waits for them; at the end of the run they get END_SECONDS.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from singer_bulk.model.report import LoadReport, RunReport

# What is not sent by then stays unsent.
END_SECONDS = 5.0
# The variables by which each library is told where to send.
OTEL = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
LINEAGE = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE", "OPENLINEAGE__TRANSPORT")

logger = logging.getLogger(__name__)


class Export(Protocol):
    """One of them."""

    def begin(self, report: RunReport) -> None:
        """The run has begun."""

    def load(self, report: RunReport, load: LoadReport) -> None:
        """A load is committed."""

    def end(self, report: RunReport) -> None:
        """The run has ended."""


class Exports:
    """Those that the environment asks for; one that fails is told once and dropped."""

    def __init__(
        self, namespace: str, database: str, environment: Mapping[str, str], end_seconds: float = END_SECONDS
    ) -> None:
        self._end_seconds = end_seconds
        self._makers = [*_makers(namespace, database, environment)]
        self._calls: queue.SimpleQueue[Callable[[Export], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        if self._makers:
            self._thread = threading.Thread(target=self._serve, name="exports", daemon=True)
            self._thread.start()

    def hear(self, report: RunReport, load: LoadReport | None) -> None:
        """Pass on that the run has begun, or that a load is committed."""
        if self._thread is not None:
            self._calls.put(lambda one: one.begin(report) if load is None else one.load(report, load))

    def end(self, report: RunReport) -> None:
        """Pass on that the run has ended, and wait until that is told, for END_SECONDS at most."""
        if self._thread is None:
            return
        self._calls.put(lambda one: one.end(report))
        self._calls.put(None)
        self._thread.join(self._end_seconds)
        if self._thread.is_alive():
            logger.warning("telemetry of this run was not taken in %g seconds", self._end_seconds)

    def _serve(self) -> None:
        exports: list[tuple[str, Export]] = []
        for name, extra, make in self._makers:
            try:
                exports.append((name, make()))
            except ImportError as error:
                logger.warning("%s is not installed: add the extra %r to hear of runs (%s)", name, extra, error)
            except Exception as error:
                logger.warning("%s cannot be told: %s: %s", name, type(error).__name__, error)
        while (call := self._calls.get()) is not None:
            for one in [*exports]:
                try:
                    call(one[1])
                except Exception as error:
                    exports.remove(one)
                    logger.warning("%s is not told any more: %s: %s", one[0], type(error).__name__, error)


def _makers(
    namespace: str, database: str, environment: Mapping[str, str]
) -> Iterator[tuple[str, str, Callable[[], Export]]]:
    """Yield name, extra and maker of each that the environment names an address for."""
    if any(environment.get(name) for name in OTEL) and environment.get("OTEL_SDK_DISABLED", "").lower() != "true":
        yield "OpenTelemetry", "otel", _telemetry
    asked = any(environment.get(name) for name in LINEAGE)
    if asked and environment.get("OPENLINEAGE_DISABLED", "").lower() != "true":
        yield "OpenLineage", "openlineage", lambda: _lineage(namespace, database, environment)


def _telemetry() -> Export:
    from singer_bulk.report.otel import Telemetry

    return Telemetry()


def _lineage(namespace: str, database: str, environment: Mapping[str, str]) -> Export:
    from singer_bulk.report.lineage import Lineage

    return Lineage(namespace, database, environment.get("OPENLINEAGE_NAMESPACE", "default"))
