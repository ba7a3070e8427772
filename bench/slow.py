"""What a slow S3 and a slow COPY cost the reading: `python -m bench.slow`.

A target reads narrow records into loads of 100,000, as the command is installed, over a stage whose calls take a while
and a warehouse whose COPY does. Wall seconds without start-up, medians. Waiting for each pause in its turn would take
the first row's seconds and all the pauses.

`python -m bench.slow TARGET < FILE` is one such run: SLOW_CALL and SLOW_COPY are the seconds, and the file SLOW_SLEPT
gets their sum.
"""

from __future__ import annotations

import atexit
import json
import os
import statistics
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from singer_bulk.cli import main as run_target
from singer_bulk.face.connector import Connector
from singer_bulk.stage import s3 as stages
from singer_bulk.warehouse.dialect import Rows

from bench.__main__ import EMPTY, OUT, workload
from bench.measure import run
from bench.stub import REDSHIFT, SNOWFLAKE, NullSession, Tables, believing, target_of

RECORDS, BATCH_SIZE_ROWS, ROUNDS = 1_000_000, 100_000, 3
CALL_SECONDS, COPY_SECONDS = 0.1, 0.3
CASES = {"neither is slow": (0.0, 0.0), "S3": (CALL_SECONDS, 0.0), "COPY": (0.0, COPY_SECONDS),
         "both": (CALL_SECONDS, COPY_SECONDS)}  # fmt: skip


slept: list[float] = []


def pause(variable: str) -> None:
    """Take the seconds that a variable of the environment says."""
    seconds = float(os.environ[variable])
    slept.append(seconds)
    time.sleep(seconds)


class SlowClient:
    """The calls of S3, each of which takes a while and keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> dict[str, str]:
            pause("SLOW_CALL")
            return {"UploadId": "1", "ETag": "1"}

        return call


class SlowSession(NullSession):
    """A warehouse whose COPY takes a while."""

    def execute(self, sql: str) -> Rows:
        if sql.startswith("COPY"):
            pause("SLOW_COPY")
        return super().execute(sql)


def slow(target: Any) -> Any:
    """Return the target's class over the slow client and the slow session."""

    class Slow(target):  # type: ignore[misc]
        def connector(self) -> Connector:
            made = super().connector()
            dialect = believing(made.warehouse.dialect)
            warehouse = replace(
                made.warehouse,
                connect=partial(SlowSession, Tables(dialect.types)),
                dialect=dialect,
                prepare=lambda session: None,
            )
            return replace(made, warehouse=warehouse)

    return Slow


def main() -> None:
    """Print the table."""
    source = workload("narrow", RECORDS)
    EMPTY.touch()
    print("| target | slow | seconds | pauses |\n|---|---|---:|---:|")
    for name, settings in (("redshift", REDSHIFT), ("snowflake", SNOWFLAKE)):
        path = OUT / f"slow-{name}.json"
        path.write_text(json.dumps({**settings, "batch_size_rows": BATCH_SIZE_ROWS, "encoders": 0}))
        command = [sys.executable, "-m", "bench.slow", name, "--config", str(path)]
        for case, (call, copy) in CASES.items():
            told = OUT / "slow.slept"
            variables = {"SLOW_CALL": str(call), "SLOW_COPY": str(copy), "SLOW_SLEPT": str(told)}
            seconds = [
                -run(command, EMPTY, environment=variables).wall_seconds
                + run(command, source, environment=variables).wall_seconds
                for _ in range(ROUNDS)
            ]
            pauses = float(told.read_text())
            print(f"| {name} | {case} | {statistics.median(seconds):.1f} | {pauses:.1f} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        atexit.register(lambda: Path(os.environ["SLOW_SLEPT"]).write_text(str(sum(slept))))
        stages.s3_client = lambda settings, identity: SlowClient()
        run_target(slow(target_of(sys.argv.pop(1))))
