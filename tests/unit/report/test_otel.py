"""What OpenTelemetry sends is what a server reads that decodes it by the protocol's own library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from singer_bulk.model.report import Failure, LoadReport, RunReport, StatementReport, StreamReport
from singer_bulk.report.exports import Exports
from singer_bulk.report.otel import nanoseconds

from tests.unit.report.servers import serving

ORDERS = StreamReport(stream="orders", table="rep.orders", records_read=3, rows_loaded=2, bytes_staged=9, files=1)
LOAD = LoadReport(
    load_id="7f-1",
    closed_at="2026-12-01 04:07:08+00:00",
    committed_at="2026-12-01 04:07:10+00:00",
    seconds=2.0,
    streams=[ORDERS],
    statements=[StatementReport(kind="COPY", stream="orders", began_at="2026-12-01 04:07:08.5+00:00", seconds=1.25)],
)
RUN = RunReport(
    run_id="7f",
    pipeline_id="demo",
    connector="target-redshift-copy",
    connector_version="0.1.0",
    started_at="2026-12-01 04:07:00+00:00",
    ended_at="2026-12-01 04:07:11+00:00",
    streams=[ORDERS],
    load_count=1,
    failure=Failure(code="REC-VALUE", what="what", in_the_warehouse="there", what_to_do="do"),
)


@pytest.fixture
def received() -> Iterator[dict[str, list[bytes]]]:
    """Send a run to a server; what it gets, by path."""
    told: dict[str, list[bytes]] = {}

    def answer(path: str, body: bytes) -> int:
        told.setdefault(path, []).append(body)
        return 200

    with serving(answer) as address:
        patch = pytest.MonkeyPatch()
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        exports = Exports("redshift://host:5439", "dev", {"OTEL_EXPORTER_OTLP_ENDPOINT": address})
        exports.hear(RUN, None)
        exports.hear(RUN, LOAD)
        exports.end(RUN)
        patch.undo()
        yield told


def attributes(one: Any) -> dict[str, Any]:
    values = {each.key: each.value for each in one.attributes}
    return {key: getattr(value, value.WhichOneof("value")) for key, value in values.items()}


def test_a_run_is_a_trace_of_its_loads_and_statements(received: dict[str, list[bytes]]) -> None:
    """Run, load and COPY lie below one another, each with the time that it took, and the run says why it failed."""
    requests = [ExportTraceServiceRequest.FromString(body) for body in received["/v1/traces"]]
    spans = {
        span.name: span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    run, load, copy = (spans[name] for name in ("target-redshift-copy run", "load", "COPY rep.orders"))
    assert (load.parent_span_id, copy.parent_span_id) == (run.span_id, load.span_id)
    assert run.parent_span_id == b""
    assert {run.trace_id, load.trace_id, copy.trace_id} == {run.trace_id}
    assert copy.end_time_unix_nano - copy.start_time_unix_nano == 1_250_000_000
    assert (load.start_time_unix_nano, load.end_time_unix_nano) == (
        nanoseconds(LOAD.closed_at),
        nanoseconds(LOAD.committed_at or ""),
    )
    assert attributes(load)["singer.load_id"] == "7f-1"
    assert attributes(run)["error.type"] == "REC-VALUE"
    assert run.status.message == "what"
    resource = attributes(requests[0].resource_spans[0].resource)
    assert (resource["service.name"], resource["singer.pipeline_id"]) == ("target-redshift-copy", "demo")


def test_counts_of_a_stream_are_metrics(received: dict[str, list[bytes]]) -> None:
    """Each counter has the stream's sum, once."""
    metrics = {
        metric.name: metric
        for body in received["/v1/metrics"]
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    (point,) = metrics["singer.rows_loaded"].sum.data_points
    assert (point.as_int, attributes(point)) == (2, {"singer.stream": "orders"})
    assert metrics["singer.load.duration"].histogram.data_points[0].sum == 2.0


def test_nothing_is_made_where_nobody_asks() -> None:
    """Without its variables there is no thread, no import and nothing to end."""
    exports = Exports("", "", {})
    exports.hear(RUN, LOAD)
    exports.end(RUN)
    assert exports._thread is None


def test_an_address_where_nobody_answers_keeps_no_run(caplog: pytest.LogCaptureFixture) -> None:
    """The wait at the end is bounded, and told."""
    over = Event()

    def answer(path: str, body: bytes) -> int:
        over.wait(60)
        return 503

    with serving(answer) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        exports = Exports("", "", {"OTEL_EXPORTER_OTLP_ENDPOINT": address}, end_seconds=0.2)
        exports.hear(RUN, None)
        exports.end(RUN)
        over.set()
    assert "telemetry of this run was not taken in 0.2 seconds" in caplog.text


def test_one_that_cannot_be_made_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """A library that is not installed is told by its extra; the run goes on without it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "singer_bulk.report.otel", None)
        exports = Exports("", "", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
        exports.hear(RUN, LOAD)
        exports.end(RUN)
    assert "OpenTelemetry is not installed: add the extra 'otel'" in caplog.text
