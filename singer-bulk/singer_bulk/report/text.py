"""What people read of a report, as lines of text that fit a width: tables, sums, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from singer_bulk.model.report import RunReport, Seconds, StreamReport

WIDTH = 80
# A wider table is not easier to read.
MAX_WIDTH = 120
# A narrower first column says nothing; columns at the right are left out before.
LEAST_FIRST = 10
GAP = " "
_BARS = " ▏▎▍▌▋▊▉█"


def number(count: float | None) -> str:
    """Return a count in at most six characters: 999999, 12.3M; `?` for one that nobody knows.

    >>> [number(count) for count in (0, 999999, 12345678, None)]
    ['0', '999999', '12.3M', '?']
    """
    if count is None:
        return "?"
    for bound, factor, unit in ((10**6, 1, ""), (10**9, 10**6, "M"), (10**12, 10**9, "G"), (10**30, 10**12, "T")):
        if count < bound:
            return str(int(count)) if factor == 1 else f"{count / factor:.1f}{unit}"
    return "many"


def size(byte_count: float) -> str:
    """Return bytes in at most seven characters.

    >>> [size(count) for count in (17, 2048, 5_000_000)]
    ['17 B', '2 kB', '5.0 MB']
    """
    if byte_count < 1000:
        return f"{int(byte_count)} B"
    if byte_count < 10**6:
        return f"{byte_count / 1000:.0f} kB"
    for bound, factor, unit in ((10**9, 10**6, "MB"), (10**12, 10**9, "GB")):
        if byte_count < bound:
            return f"{byte_count / factor:.1f} {unit}"
    return f"{byte_count / 10**12:.1f} TB"


def span(seconds: float) -> str:
    """Return a time in at most seven characters.

    >>> [span(seconds) for seconds in (0.25, 59.9, 61, 7322)]
    ['0.2 s', '59.9 s', '1m01s', '2h02m']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def bar(value: float, most: float, width: int) -> str:
    """Return a bar of at most `width` characters; what is more than nothing can be seen.

    >>> bar(1, 2, 4), bar(0.001, 2, 4), bar(0, 2, 4)
    ('██', '▏', '')
    """
    eighths = round(8 * width * value / most) if most > 0 else 0
    eighths = max(eighths, 1) if value > 0 else 0
    return "█" * (eighths // 8) + _BARS[eighths % 8].strip()


def cut(text: str, width: int) -> str:
    """Return the text in `width` characters, its end cut off where it is longer."""
    clean = "".join(character if character.isprintable() else "·" for character in text)
    return clean if len(clean) <= width else clean[: max(width - 1, 0)] + "…"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int = WIDTH, left: int = 1) -> list[str]:
    """Return rows as lines of at most `width` characters: the first `left` columns are flush left, the first is cut
    where it is too long, and columns at the right are left out where there is no room for them."""
    shown = len(titles)
    while True:
        widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(shown)]
        room = width - sum(widths[1:]) - len(GAP) * (shown - 1)
        if room >= min(widths[0], LEAST_FIRST) or shown == 1:
            break
        shown -= 1
    widths[0] = max(1, min(widths[0], room))
    return [
        GAP.join(
            cut(cell, length).ljust(length) if column < left else cell.rjust(length)
            for column, (cell, length) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in [titles, *rows]
    ]


def rows_of(report: RunReport) -> int:
    """Return the rows that are committed."""
    return sum(stream.rows_loaded for stream in report.streams)


def read_of(report: RunReport) -> int:
    """Return the records that the tap has sent."""
    return sum(stream.records_read for stream in report.streams)


def bytes_of(report: RunReport) -> int:
    """Return the bytes of these records."""
    return sum(stream.bytes_read for stream in report.streams)


def spent(seconds: Seconds) -> str:
    """Return where time went, the longest first."""
    parts = {name: getattr(seconds, name) for name in Seconds.__struct_fields__}
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {value:.1f}" for name, value in ordered if value >= 0.05) or "none worth a word"


# Changes of tables in a summary; the report has more.
MOST_LINES = 10
SUMMARY = ("stream", "read", "loaded", "new", "changed", "deleted", "reject", "filter", "staged", "files")


def summary(report: RunReport, width: int = WIDTH) -> list[str]:
    """Return what a run came to: a line for each stream, sums, changes of tables, warnings."""
    rows = [_summary_row(stream) for stream in report.streams]
    name = f"{report.connector} {report.status}".strip()
    loads = f"{report.load_count} load{'' if report.load_count == 1 else 's'}"
    counts = f"{read_of(report)} records, {rows_of(report)} rows, {loads}"
    lines = [*wrap(f"{name} in {span(report.seconds)}: {counts}", width)]
    if rows:
        lines += table(SUMMARY, rows, width)
    lines += wrap(f"seconds: {spent(report.times)}", width)
    changes = [change for stream in report.streams for change in stream.schema_changes]
    lines += [cut(f"changed: {change}", width) for change in changes[:MOST_LINES]]
    lines += [cut(f"changed: {len(changes) - MOST_LINES} more", width)] if len(changes) > MOST_LINES else []
    if report.warning_count:
        lines.append(cut(f"warnings: {report.warning_count}", width))
    return lines


def _summary_row(stream: StreamReport) -> list[str]:
    counts = (stream.records_read, stream.rows_loaded, stream.inserted, stream.updated, stream.deleted)
    apart = (stream.rejected, stream.filtered)
    return [
        stream.stream,
        *map(number, counts),
        *map(number, apart),
        size(stream.bytes_staged),
        number(stream.files),
    ]


LIVE = ("stream", "records", "rows", "read", "files", "per s")


def live(report: RunReport, waits: str, width: int, height: int, rates: dict[str, float]) -> list[str]:
    """Return the live view: streams that move first, as many as there is room for."""
    read, rows = read_of(report), rows_of(report)
    speed = sum(rates.values())
    head = [
        cut(f"{report.connector} {span(report.seconds)}  {number(read)} records  {number(speed)}/s", width),
        cut(f"{number(rows)} rows committed in {number(report.load_count)} loads", width),
        cut(waits, width),
    ]
    streams = sorted(report.streams, key=lambda one: (-rates.get(one.stream, 0.0), -one.records_read))
    room = max(height - len(head) - 3, 1)
    shown = streams if len(streams) <= room + 1 else streams[:room]
    body = [
        [
            one.stream,
            number(one.records_read),
            number(one.rows_loaded),
            size(one.bytes_read),
            number(one.files),
            number(rates.get(one.stream, 0.0)),
        ]
        for one in shown
    ]
    rest = len(streams) - len(shown)
    more = [cut(f"and {rest} more streams", width)] if rest else []
    return [*head, *(table(LIVE, body, width) if body else []), *more]


def minute(report: RunReport, waits: str) -> str:
    """Return the line that a log gets in each minute."""
    read, seconds = read_of(report), max(report.seconds, 0.001)
    return (
        f"{span(report.seconds)}: {read} records read ({size(bytes_of(report))}, {read / seconds:.0f} a second), "
        f"{rows_of(report)} rows committed in {report.load_count} loads; {waits}"
    )
