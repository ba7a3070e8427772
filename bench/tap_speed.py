"""Rows per second, CPU and memory of the tap: `python -m bench.tap_speed [--gigabytes 2]`.

Each file is read as a process of its own with its messages going to /dev/null. With --gigabytes a file of that size is
generated and read too: its peak memory beside that of a small file shows that memory does not grow.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

BIN = Path(__file__).parent.parent / ".venv" / "bin"
HEADER = ["id", "status", "updated_at"]


def narrow(count: int) -> Iterator[str]:
    """Orders as in the manual: id, status, time."""
    for n in range(count):
        yield f"{n}|Backordered|2020-06-01 12:{n // 60 % 60:02d}:{n % 60:02d}\n"


def quoted(count: int) -> Iterator[str]:
    """The same, every field quoted, with doubled quotes and delimiters inside."""
    for n in range(count):
        yield f'"{n}"|"Back ""o"" | rdered"|"2020-06-01 12:{n // 60 % 60:02d}:{n % 60:02d}"\n'


def exact(count: int) -> Iterator[str]:
    """The same with a delimiter of two characters: every block goes to the exact reader."""
    for n in range(count):
        yield f"{n}||Backordered||2020-06-01 12:{n // 60 % 60:02d}:{n % 60:02d}\n"


def write(path: Path, rows: Callable[[int], Iterator[str]], count: int) -> None:
    with path.open("w") as file:
        file.writelines(rows(count))


def measure(path: Path, delimiter: str) -> tuple[float, float, float]:
    """Read one file; seconds, CPU seconds and peak MiB."""
    config = path.with_suffix(".json")
    entry = {"path": str(path), "stream": "s", "header": HEADER, "delimiter": delimiter}
    config.write_text(json.dumps({"files": [entry]}))
    start = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        tap = subprocess.Popen([BIN / "tap-csv-extract", "--config", config], stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(tap.pid, 0)
    tap.returncode = os.waitstatus_to_exitcode(status)
    assert tap.returncode == 0
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def report(name: str, path: Path, rows: int, delimiter: str = "|") -> None:
    seconds, cpu, peak = measure(path, delimiter)
    size = path.stat().st_size / 1e6
    speed = f"{seconds:.1f} | {rows / seconds:,.0f} | {cpu:.1f} | {cpu * 1e6 / rows:.2f}"
    print(f"| {name} | {rows} | {size:.0f} | {speed} | {peak:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--gigabytes", type=float, default=0)
    options = parser.parse_args()
    print("| File | rows | MB | seconds | rows/s | CPU s | CPU s per million rows | peak MiB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        for rows, count in (
            (narrow, 1000),
            (narrow, options.rows),
            (quoted, options.rows),
            (exact, options.rows // 10),
        ):
            write(path, rows, count)
            report(rows.__name__, path, count, "||" if rows is exact else "|")
        if options.gigabytes:
            write(path, narrow, 1_000_000)
            block = path.read_bytes()
            copies = int(options.gigabytes * 1e9 / len(block)) + 1
            with path.open("wb") as file:
                for _ in range(copies):
                    file.write(block)
            report(f"{options.gigabytes:g} GB", path, copies * 1_000_000)


if __name__ == "__main__":
    main()
