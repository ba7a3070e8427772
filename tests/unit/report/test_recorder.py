"""What a run tells becomes a report: counts by stream and load, and nothing of it may harm the run."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest
from singer_bulk.errors import BulkError
from singer_bulk.model.facts import Arrived, Began, Fact, LoadCommitted, Watch
from singer_bulk.model.report import RunReport, StreamReport
from singer_bulk.report.recorder import Recorder

from tests.fakes import Bench, lines, record, schema, state


def reported(bench: Bench, source: str, **settings: Any) -> RunReport:
    """Run and return the report."""
    recorder = Recorder(bench.clock, "target", "1")
    bench.run(source, watch=Watch(recorder.listen, bench.clock.monotonic), **settings)
    return recorder.end("succeeded", 0)


def stream_of(report: RunReport, name: str) -> StreamReport:
    return next(one for one in report.streams if one.stream == name)


def test_each_stream_has_its_counts_and_each_load_its_streams() -> None:
    """Records read, rows loaded, files and bytes add up over loads; the last STATE that came out is named."""
    bench = Bench()
    first = [schema(), record(id=1), record(id=2), state(1)]
    second = [schema("items"), record("items", id=1), record(id=3), state(2)]
    report = reported(bench, lines(*first, *second), batch_size_rows=2)
    orders, items = stream_of(report, "orders"), stream_of(report, "items")
    assert (orders.records_read, orders.rows_loaded, orders.inserted, orders.updated) == (3, 3, 3, 0)
    assert (items.records_read, items.rows_loaded, items.table) == (1, 1, "analytics.items")
    assert report.load_count == len(report.loads) == 2
    assert [[one.rows_loaded for one in load.streams] for load in report.loads] == [[2], [1, 1]]
    assert sorted(key for load in report.loads for key in load.files) == sorted(
        key for key in bench.stage.files if key.endswith(".csv.gz")
    )
    assert report.state == "2"


def test_tables_that_are_made_are_named_with_their_stream() -> None:
    """A report says which tables a load has made; the ledger is none of its streams'."""
    report = reported(Bench(), lines(schema(), record(id=1), state(1)))
    assert stream_of(report, "orders").schema_changes == ["analytics.orders: made with 1 columns"]


def test_rejected_records_are_counted_with_the_load_that_goes_without_them() -> None:
    """A record that is set aside is read and not loaded."""
    source = lines(schema(), record(id=1), record(id="x"), state(1))
    report = reported(Bench(), source, on_invalid_record="reject")
    orders = stream_of(report, "orders")
    assert (orders.records_read, orders.rows_loaded, orders.rejected) == (2, 1, 1)


def test_what_is_told_does_not_grow_with_the_number_of_records() -> None:
    """A block of a thousand records is as many facts as one of ten."""

    def facts(count: int) -> list[Fact]:
        told: list[Fact] = []
        source = lines(schema(), *(record(id=number) for number in range(count)), state(1))
        Bench().run(source, watch=Watch(told.append, lambda: 0.0))
        return told

    assert len(facts(10)) == len(facts(1000))


def test_a_listener_that_raises_is_told_once_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """The rows are committed, the STATE comes out, and one warning says that the report is not complete."""
    bench = Bench()
    recorder = Recorder(bench.clock, "target", "1")
    recorder._streams = None  # type: ignore[assignment]  # whatever may be wrong with it
    with caplog.at_level(logging.WARNING, "singer_bulk.report"):
        bench.run(lines(schema(), record(id=1), state(1)), watch=Watch(recorder.listen, bench.clock.monotonic))
    assert bench.emitted == ["1"]
    assert len([one for one in caplog.records if "report of this run is not complete" in one.message]) == 1


def test_a_listener_of_loads_that_raises_harms_nothing() -> None:
    """What hears of each load, an exporter, may fail as well."""

    def hear(report: RunReport, load: object) -> None:
        raise OSError("gone")

    bench = Bench()
    recorder = Recorder(bench.clock, "target", "1")
    recorder.hears.append(hear)
    bench.run(lines(schema(), record(id=1), state(1)), watch=Watch(recorder.listen, bench.clock.monotonic))
    assert bench.emitted == ["1"]


def test_a_load_that_fails_is_no_load_of_the_report() -> None:
    """Facts of a load are told behind its COMMIT, before its STATE comes out."""
    bench, told = Bench(), list[Fact]()
    with pytest.raises(BulkError):
        bench.run(lines(schema(), record(id="x"), state(1)), watch=Watch(told.append, lambda: 0.0))
    assert [one for one in told if isinstance(one, LoadCommitted)] == []
    assert isinstance(told[0], Began)
    assert Arrived("orders", 1, len(lines(record(id="x")))) in told


def test_a_report_can_be_read_back() -> None:
    """The JSON of a report is the report."""
    report = reported(Bench(), lines(schema(), record(id=1), state(1)))
    assert msgspec.json.decode(msgspec.json.encode(report), type=RunReport) == report
