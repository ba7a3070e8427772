"""What many small streams ask of a warehouse, counted over the driver: `python -m tests.sql.many_streams 1 10 100`.

For each number of streams: statements and calls of a first run and of one that finds its tables, and how long the
second one waits for answers that take ANSWER_SECONDS, that of a COPY COPY_SECONDS; they come one after the other, but
for COPYs that run side by side.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Any

from tests.fakes import record, state
from tests.sql.runs import Driver, told
from tests.sql.scenarios import TEXT, keyed

ANSWER_SECONDS, COPY_SECONDS = 0.15, 1.0
METHODS = ("append-only", "upsert", "overwrite")


@dataclass(frozen=True)
class Asked:
    """What one run asked."""

    statements: int
    calls: int
    copies: int  # each in a call of its own, one after the other
    side_by_side: tuple[int, ...]  # COPYs in each of the calls that run side by side

    @property
    def counts(self) -> tuple[int, int]:
        """Statements and calls."""
        return self.statements, self.calls

    @property
    def seconds(self) -> float:
        """How long its answers take."""
        return (
            self.copies * COPY_SECONDS
            + (self.calls - self.copies) * ANSWER_SECONDS
            + max(self.side_by_side, default=0) * COPY_SECONDS
        )


def messages(streams: int) -> list[dict[str, Any]]:
    """A record and a STATE for each of the streams."""
    return [
        one
        for number in range(streams)
        for name in [f"s{number:03}"]
        for one in (
            {**keyed(note=TEXT), "stream": name},
            record(name, id=1, note="x"),
            state({"bookmarks": {name: 1}}),
        )
    ]


def asked(warehouse: str, method: str, streams: int) -> tuple[Asked, Asked]:
    """Return what a first run asks, and one that finds its tables."""
    driver, found = Driver(warehouse), []
    for _ in range(2):
        driver.sent.clear()
        driver.calls = 0
        driver.side_by_side.clear()
        told(driver, messages(streams), {"load_method": method})
        sent = [sql for sql in driver.sent if not sql.startswith("--")]
        copies = sum(sql.startswith("COPY") for sql in sent) - sum(driver.side_by_side)
        found.append(Asked(len(sent), driver.calls, copies, tuple(driver.side_by_side)))
    return found[0], found[1]


def main() -> None:
    """Print the table."""
    logging.disable(logging.CRITICAL)
    print("| warehouse | method | streams | first run: statements | calls | then: statements | calls | wait, s |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for warehouse in ("redshift", "snowflake"):
        for method in METHODS:
            for streams in map(int, sys.argv[1:] or ("1", "10", "100")):
                first, then = asked(warehouse, method, streams)
                counts = " | ".join(map(str, (*first.counts, *then.counts)))
                print(f"| {warehouse} | {method} | {streams} | {counts} | {then.seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
