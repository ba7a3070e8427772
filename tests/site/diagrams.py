"""The diagrams of docs/architecture.md: steps below one another, each with where it is in the code, as SVG.

A column of boxes can be read on a telephone. The colours are those of the reader's system, on a ground of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, BOX, GAP, LEFT, TOP = 480, 46, 22, 16, 14
STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#1c2733}.d{font-size:11.5px;fill:#4b5a68}.t{font-size:14px;font-weight:600}"
    ".g{fill:#fff}.b{fill:#eef3f7;stroke:#8aa0b2}.i{fill:#e3f2e6;stroke:#6aa579}.s{fill:#f7f1e3;stroke:#b79d5b}"
    "path{stroke:#5b7083;fill:none;stroke-width:1.5}.h{fill:#5b7083;stroke:none}"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.d{fill:#a9b8c6}.g{fill:#1b222b}.b{fill:#25303b;stroke:#5b7083}"
    ".i{fill:#1f3527;stroke:#5d9169}.s{fill:#37301f;stroke:#9b8550}path{stroke:#8aa0b2}.h{fill:#8aa0b2}}"
)


@dataclass(frozen=True)
class Step:
    """One box. kind: b for what a run does, i inside the load's transaction, s outside of the process."""

    title: str
    detail: str
    kind: str = "b"
    arrow: str = ""


RECORD = (
    Step("the tap", "SCHEMA, RECORD and STATE lines on a pipe", "s", "bytes"),
    Step("cut into blocks of whole lines", "messages.py: runs of RECORDs stay undecoded", arrow="256 KiB"),
    Step("SCHEMA: columns and types, once", "schema/, stream/: nothing is decided per record"),
    Step("checked and written as rows", "encode/: the native pass, in threads; maps/ and mask before it", arrow="rows"),
    Step("a batch's files, gzip", "encode/batch.py: one for each slice, or one", arrow="parts of 8 MiB"),
    Step("S3", "stage/: <prefix>/<stream>/, named by the run", "s", "at a STATE"),
    Step("BEGIN, turn, fence", "warehouse/transaction.py: whose turn it is at a table", "i"),
    Step("COPY", "into the table, or a temporary one", "i", "rows counted"),
    Step("the gate", "rows read = staged = counted, else rolled back", "i"),
    Step("MERGE, deletes", "upsert and change feeds: what was chosen is written", "i"),
    Step("ledger", "a row for each stream, with the STATE", "i"),
    Step("COMMIT", "all streams of the load, or nothing", "i"),
    Step("tables and views", "orders, orders__current, orders__history", "s"),
)
STATE = (
    Step("the tap", 'STATE {"bookmarks": {"orders": ..}}', "s", "behind its records"),
    Step("the open load is closed by it", "open_load.py: never in the middle of what it covers"),
    Step("waits for the load under way", "commit_thread.py: one load at a time, in order"),
    Step("a row of the ledger", "in the transaction of the rows that it covers", "i"),
    Step("COMMIT", "not answered? the ledger is asked for the load", "i"),
    Step("standard output", "then, and only then", arrow="one line"),
    Step("whoever runs the pipeline", "Meltano, a file, or nobody: the ledger has it", "s", "--last-state"),
    Step("the tap, next time", "goes on from there: no row twice, none lost", "s"),
)


def diagram(title: str, steps: Sequence[Step]) -> str:
    """Return the steps as an SVG with a title for whoever hears it."""
    height = 2 * TOP + len(steps) * (BOX + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="g" width="{WIDTH}" height="{height}" rx="8"/>',
    ]
    for number, step in enumerate(steps):
        top = TOP + number * (BOX + GAP)
        parts.append(
            f'<rect class="{step.kind}" x="{LEFT}" y="{top}" width="{WIDTH - 2 * LEFT}" height="{BOX}" rx="6"/>'
        )
        parts.append(f'<text class="t" x="{LEFT + 12}" y="{top + 19}">{escape(step.title)}</text>')
        parts.append(f'<text class="d" x="{LEFT + 12}" y="{top + 37}">{escape(step.detail)}</text>')
        if number + 1 < len(steps):
            middle, below = LEFT + 40, top + BOX
            parts.append(f'<path d="M{middle} {below}v{GAP - 6}"/>')
            parts.append(f'<path class="h" d="M{middle - 4} {below + GAP - 7}h8l-4 7z"/>')
            if step.arrow:
                parts.append(f'<text class="d" x="{middle + 12}" y="{below + 15}">{escape(step.arrow)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def record_path() -> str:
    """Return docs/record-path.svg."""
    return diagram("The path of a record", RECORD)


def state_path() -> str:
    """Return docs/state-path.svg."""
    return diagram("The path of a STATE", STATE)
