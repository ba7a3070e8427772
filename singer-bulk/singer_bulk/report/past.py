"""Loads of the past as lines of text: `--history` and `--explain`."""

from __future__ import annotations

from collections.abc import Sequence

from singer_bulk.model.past import Explained, PastLoad
from singer_bulk.model.report import LoadReport
from singer_bulk.report.text import WIDTH, bar, cut, number, size, span, spent, table

HISTORY = ("committed, UTC", "load", "streams", "rows", "", "time", "", "size")
BAR, RUN_CHARACTERS = 8, 8


def short(load_id: str) -> str:
    """Return a load_id as `--explain` takes it.

    >>> short("52a4b1a8bb184220af754c1d0f090204-12")
    '52a4b1a8-12'
    """
    run, _, place = load_id.partition("-")
    return f"{run[:RUN_CHARACTERS]}-{place}"


def history_lines(loads: Sequence[PastLoad], ledger: str, width: int = WIDTH) -> list[str]:
    """Return a table of loads, rows and seconds drawn as bars."""
    if not loads:
        return [cut(f"no load in {ledger}", width)]
    most_rows, most_seconds = max(load.rows for load in loads), max(load.seconds for load in loads)
    rows = [
        [
            f"{load.committed_at:%Y-%m-%d %H:%M}",
            short(load.load_id),
            number(load.streams),
            number(load.rows),
            bar(load.rows, most_rows, BAR).ljust(BAR),
            span(load.seconds),
            bar(load.seconds, most_seconds, BAR).ljust(BAR),
            size(load.bytes),
        ]
        for load in loads
    ]
    total = f"{len(loads)} loads, {sum(load.rows for load in loads)} rows, the latest first; --explain LOAD says more"
    return [*table(HISTORY, rows, width, left=2), cut(total, width)]


STREAMS = ("stream", "read", "staged", "loaded", "size", "files")


def explained_lines(
    load: Explained, files: Sequence[str], reported: LoadReport | None, width: int = WIDTH
) -> list[str]:
    """Return one load: from the ledger, what stands in the stage, and what a report says of it."""
    lines = [
        f"load {load.load_id}",
        f"pipeline {load.pipeline_id or 'without a name'}, version {load.connector_version or '?'}",
        f"run began {load.started_at:%Y-%m-%d %H:%M:%S}, committed {load.committed_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    rows = [
        [
            one.stream or "(STATE alone)",
            *map(number, (one.rows_read, one.rows_staged, one.rows_loaded)),
            size(one.bytes),
            number(one.files),
        ]
        for one in load.streams
    ]
    lines += table(STREAMS, rows, width) if rows else []
    lines += [f"{one.stream} is in table {one.table}" for one in load.streams if one.table]
    if load.state is not None:
        lines.append(f"STATE {load.state}")
    if files:
        lines.append(f"files of its run that stand in the stage: {len(files)}")
        lines += [f"  {one}" for one in files]
    else:
        lines.append("no file of its run stands in the stage (keep_staged_files keeps them)")
    if reported is None:
        lines.append("times and query ids: no report of its run was found (setting run_report)")
    else:
        lines.append(f"seconds: {spent(reported.times)}")
        lines += [f"query {query}: {one.stream}" for one in reported.streams for query in one.query_ids]
        lines += [f"query {query}: several streams" for query in reported.query_ids]
    return [line if line.startswith("  ") else cut(line, width) for line in lines]
