"""Text of reports fits its width, whatever stands in it."""

from __future__ import annotations

import doctest
from datetime import datetime, timedelta, timezone

import pytest
import singer_bulk.report.past
import singer_bulk.report.place
import singer_bulk.report.text
from singer_bulk.model.past import Explained, PastLoad, PastStream
from singer_bulk.model.report import LoadReport, RunReport, StreamReport
from singer_bulk.report.past import explained_lines, history_lines
from singer_bulk.report.text import live, minute, summary

WIDTHS = (20, 40, 80, 120)


def report_of(count: int, name: str = "stream") -> RunReport:
    """Return a report with so many streams."""
    streams = [
        StreamReport(
            stream=f"{name}_{number}",
            records_read=10**number % (10**9 + 7),
            rows_loaded=number,
            schema_changes=[f"analytics.{name}: column c{number} added (text)"],
        )
        for number in range(count)
    ]
    return RunReport(connector="target-redshift-copy", status="succeeded", streams=streams, load_count=3)


@pytest.mark.parametrize("module", [singer_bulk.report.text, singer_bulk.report.past, singer_bulk.report.place])
def test_examples_are_true(module: object) -> None:
    """What the docstrings show is what happens."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["s", "a name of a stream that is longer than any terminal, " * 3, "\x1b[31m\n"])
def test_nothing_is_wider_than_the_terminal(width: int, name: str) -> None:
    """Each line of each screen fits, and no character of a name moves the cursor."""
    report = report_of(300, name)
    screens = [summary(report, width), live(report, "waits for the tap; warehouse: COPY x", width, 24, {})]
    for screen in screens:
        assert [line for line in screen if len(line) > width] == []
        assert [line for line in screen if not line.isprintable()] == []


@pytest.mark.parametrize("height", [3, 10, 24, 60])
def test_the_live_view_fits_the_height(height: int) -> None:
    """Of 300 streams as many are shown as there is room for, those that move first, and the others are counted."""
    report = report_of(300)
    screen = live(report, "waits for the tap", 80, height, {"stream_17": 5.0})
    assert len(screen) <= max(height, 6)
    assert screen[4].startswith("stream_17 ")
    assert screen[-1] == f"and {300 - (len(screen) - 5)} more streams"


def test_the_summary_says_what_the_warehouse_does_not_say() -> None:
    """A count that nobody knows is a question mark, not 0."""
    report = RunReport(streams=[StreamReport(stream="s", inserted=None, updated=None, deleted=2)])
    assert summary(report)[2].split() == ["s", "0", "0", "?", "?", "2", "0", "0", "0", "B", "0"]


def test_the_line_of_a_minute_names_counts_and_what_is_waited_for() -> None:
    """Whoever reads the log sees that the run goes on, and where."""
    report = RunReport(
        seconds=120.0, load_count=2, streams=[StreamReport(stream="s", records_read=600, rows_loaded=500)]
    )
    assert minute(report, "waits for the tap") == (
        "2m00s: 600 records read (0 B, 5 a second), 500 rows committed in 2 loads; waits for the tap"
    )


NOON = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)


def past(number: int, rows: int) -> PastLoad:
    return PastLoad(
        load_id=f"{'52a4b1a8' * 4}-{number}",
        pipeline_id="p",
        streams=1,
        rows=rows,
        bytes=10,
        files=1,
        started_at=NOON,
        committed_at=NOON + timedelta(seconds=number),
        seconds=number,
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_history_fits_and_draws_rows(width: int) -> None:
    """The largest load has the longest bar; a narrow terminal gets fewer columns."""
    lines = history_lines([past(2, 1_000_000_000), past(1, 1)], "analytics._singer_loads", width)
    assert [line for line in lines if len(line) > width] == []
    if width >= 80:
        assert "████████" in lines[1]
        assert "▏" in lines[2]
        assert "52a4b1a8-2" in lines[1]


def test_one_load_is_explained() -> None:
    """Its streams, its STATE, its files and its queries."""
    stream = PastStream(
        stream="orders", table="a.orders", rows_read=2, rows_staged=2, rows_loaded=2, bytes=9, files=1,
        first_sequence=1, last_sequence=2,
    )  # fmt: skip
    load = Explained(
        load_id="ab-1", pipeline_id=None, started_at=NOON, committed_at=NOON, connector_version="1", state='{"p":1}',
        streams=[stream],
    )  # fmt: skip
    reported = LoadReport(
        load_id="ab-1", closed_at="", streams=[StreamReport(stream="orders", query_ids=["01ab"])], query_ids=["02cd"]
    )
    text = "\n".join(explained_lines(load, ["s3://b/orders/x.csv.gz"], reported))
    for part in ('STATE {"p":1}', "  s3://b/orders/x.csv.gz", "query 01ab: orders", "query 02cd: several streams"):
        assert part in text
    assert "no report of its run was found" in "\n".join(explained_lines(load, [], None))
