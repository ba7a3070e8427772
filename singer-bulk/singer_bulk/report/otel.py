"""OpenTelemetry: a run is a trace of its loads and statements, and metrics; where to is the environment's matter.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/ names the variables, https://opentelemetry.io/docs/specs/semconv/
the attributes that begin with `db.` and `error.`; ours begin with `singer.`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from singer_bulk.model.report import LoadReport, RunReport, StreamReport

SCOPE = "singer_bulk"
FLUSH_MILLISECONDS = 8000
# Metric -> unit, and what it counts of a stream.
COUNTERS = {
    "singer.records_read": ("{record}", "records_read", "Records that the tap has sent"),
    "singer.rows_loaded": ("{row}", "rows_loaded", "Rows that are committed"),
    "singer.records_rejected": ("{record}", "rejected", "Records set aside by on_invalid_record"),
    "singer.records_filtered": ("{record}", "filtered", "Records that stream maps left out"),
    "singer.bytes_staged": ("By", "bytes_staged", "Bytes of files, compressed"),
    "singer.files": ("{file}", "files", "Files of committed loads"),
}


class Telemetry:
    """One run; spans go out while it runs, counts of a stream with each of its loads."""

    def __init__(self) -> None:
        self._tracing: Any = None
        self._metering: Any = None
        self._run: Any = None
        self._told: dict[tuple[str, str], int] = {}

    def begin(self, report: RunReport) -> None:
        """Begin the trace."""
        resource = Resource.create(
            {
                "service.version": report.connector_version,
                "singer.run_id": report.run_id,
                **({"singer.pipeline_id": report.pipeline_id} if report.pipeline_id else {}),
            }
        )
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": report.connector}))
        # Neither is to be ended at exit: that would wait for an address that does not answer.
        self._tracing = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self._metering = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self._tracer = self._tracing.get_tracer(SCOPE, report.connector_version)
        meter = self._metering.get_meter(SCOPE, report.connector_version)
        self._counters = {name: meter.create_counter(name, unit, text) for name, (unit, _, text) in COUNTERS.items()}
        self._load_seconds = meter.create_histogram("singer.load.duration", "s", "From its last record to its COMMIT")
        self._run = self._tracer.start_span(
            f"{report.connector} run", start_time=nanoseconds(report.started_at), kind=SpanKind.CONSUMER
        )

    def load(self, report: RunReport, load: LoadReport) -> None:
        """Add a span for the load, and one below it for each statement."""
        self._count([stream for stream in report.streams if stream.stream in {one.stream for one in load.streams}])
        begun, ended = nanoseconds(load.closed_at), nanoseconds(load.committed_at or load.closed_at)
        attributes = {
            "singer.load_id": load.load_id,
            "singer.rows_loaded": sum(one.rows_loaded for one in load.streams),
            "singer.files": sum(one.files for one in load.streams),
        }
        span = self._tracer.start_span(
            "load", context=set_span_in_context(self._run), start_time=begun, attributes=attributes
        )
        tables = {one.stream: one.table for one in load.streams}
        for statement in load.statements:
            self._statement(span, statement, tables.get(statement.stream or ""))
        span.end(ended)
        self._load_seconds.record(load.seconds)

    def _statement(self, load: Any, statement: Any, table: str | None) -> None:
        began = nanoseconds(statement.began_at)
        attributes = {"db.operation.name": statement.kind}
        attributes |= {"db.collection.name": table} if table else {}
        attributes |= {"singer.stream": statement.stream} if statement.stream else {}
        name = f"{statement.kind} {table}" if table else statement.kind
        span = self._tracer.start_span(
            name, context=set_span_in_context(load), start_time=began, kind=SpanKind.CLIENT, attributes=attributes
        )
        span.end(began + int(statement.seconds * 1e9))

    def end(self, report: RunReport) -> None:
        """End the trace, and send what is left."""
        if self._run is None:
            self.begin(report)
        self._count(report.streams)
        self._run.set_attribute("singer.loads", report.load_count)
        if report.failure is not None:
            self._run.set_attribute("error.type", report.failure.code)
            self._run.set_status(Status(StatusCode.ERROR, report.failure.what))
        self._run.end(nanoseconds(report.ended_at or report.started_at))
        self._tracing.force_flush(FLUSH_MILLISECONDS)
        self._metering.force_flush(FLUSH_MILLISECONDS)
        self._tracing.shutdown()
        self._metering.shutdown(FLUSH_MILLISECONDS)

    def _count(self, streams: list[StreamReport]) -> None:
        """Add what has come since a stream was counted last."""
        for stream in streams:
            for name, (_, counted, _) in COUNTERS.items():
                count, before = getattr(stream, counted), self._told.get((name, stream.stream), 0)
                if count > before:
                    self._counters[name].add(count - before, {"singer.stream": stream.stream})
                    self._told[name, stream.stream] = count


def nanoseconds(text: str) -> int:
    """Return a time of a report as OpenTelemetry counts it."""
    return int(datetime.fromisoformat(text).timestamp() * 1e6) * 1000
