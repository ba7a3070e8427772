"""What the taps of whole pipelines read, and the files that tell them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.feeds import Rows
from tests.faults.strikes import Place
from tests.faults.taps import STREAMS, note

# Of a full load only STATEs that are no end tell the first two apart.
TAPS = ("plain", "plain, STATEs between", "sdk", "singer-python", "csv")
PAUSE_SECONDS = 0.002  # after each line, where nothing else is asked for
# tap-csv-extract writes blocks of many lines: through a pipe of the least size, drained slowly, it is at work as long.
PIPE_BYTES, SIP_BYTES = 4096, 512
CSV_BYTES_A_ROW = 110
OLD_KEYS = 100_000
# Files by which a tap says that it waits, and by which it is let go on.
HELD, GO = "held", "go"


@dataclass(frozen=True)
class Source:
    """What the tap reads: `rows` rows of each stream, a STATE each `step` of them."""

    tap: str
    method: str
    rows: int = 48
    step: int = 8
    hold: int = -1  # before this row it waits, in its first run; not that of tap-csv-extract
    # Of the plain tap alone:
    states: str = ""  # behind which steps a STATE follows: all, last, none; "": as its kind says
    behind: int = 0  # rows behind the last STATE

    @property
    def kind(self) -> str:
        """The tap, without what it does with its STATEs."""
        return self.tap.split(",")[0]

    def new(self) -> Rows:
        """Return the rows that each table has in the end."""
        return Counter({(key, note(key)): 1 for key in range(self.rows + self.behind)})

    def old(self) -> Rows:
        """Return the rows that each table has before a full load: as many as after it."""
        return Counter({(OLD_KEYS + key, "old"): 1 for key in range(self.rows)})

    @property
    def pauses(self) -> int:
        """How often the tap pauses, about."""
        rows = len(STREAMS) * self.rows
        return rows * CSV_BYTES_A_ROW // SIP_BYTES if self.kind == "csv" else rows

    def arguments(self, folder: Path, state: Any, pause: float) -> list[str | Path]:
        """Write the files of the tap; return its command line."""
        config = self._files(folder) if self.kind == "csv" else self._settings(folder, pause)
        words: list[str | Path] = [self.kind, "--config", written(folder / "tap.json", config)]
        return words if state is None else [*words, "--state", written(folder / "state.json", state)]

    def _settings(self, folder: Path, pause: float) -> dict[str, Any]:
        states = self.states or ("last" if self.method == "overwrite" and self.tap == "plain" else "all")
        hold = {"hold": self.hold if pause else -1, "held": str(folder / HELD), "go": str(folder / GO)}
        told = {"method": self.method, "rows": self.rows, "step": self.step, "pause": pause, **hold}
        return told if self.kind == "sdk" else {**told, "states": states, "behind": self.behind}

    def _files(self, folder: Path) -> dict[str, Any]:
        """Write a file for each stream; the names are those of the run before, so that a STATE knows them."""
        entries = []
        for stream in STREAMS:
            lines = "".join(f"{key}|{note(key)}\n" for key in range(self.rows))
            path = folder / f"{stream}.csv"
            if not path.exists():
                path.write_text("id|note\n" + lines)
            method = "FULL_TABLE" if self.method == "overwrite" else "INCREMENTAL"
            entries.append({"path": str(path), "stream": stream, "keys": ["id"], "replication_method": method})
        return {
            "files": entries if self.method == "overwrite" else [{**e, "state_every_rows": self.step} for e in entries]
        }


def source_of(tap: str, method: str) -> Source:
    """Return what a tap reads: enough of it that a run takes as long as that of another tap."""
    return Source(tap, method, rows=400, step=50) if tap == "csv" else Source(tap, method)


def written(path: Path, value: Any) -> Path:
    """Write JSON; return the path."""
    path.write_text(json.dumps(value))
    return path


def make_old(place: Place, source: Source) -> None:
    """Make the tables that full loads replace."""
    place.query(f"CREATE SCHEMA {place.schema}")
    rows = ", ".join(f"({key}, '{text}')" for key, text in source.old())
    for stream in STREAMS:
        place.query(f"CREATE TABLE {place.schema}.{stream} (id DECIMAL(38, 0), note VARCHAR(100))")
        place.query(f"INSERT INTO {place.schema}.{stream} VALUES {rows}")
