"""Kill the tap, the target or both at random moments, many times, and look whether the rows are those of the files.

    local-warehouse exec -- python -m bench.tap_kill --kills 100

Ten files are loaded into target-redshift-copy. Rows are appended with the STATE taken from the target's ledger
(--last-state), or merged by key with the last STATE on the target's standard output, as a runner keeps it. After each
kill the next run starts from that STATE; when the files are through, the table is compared with them and a new one
begun. Prints a line per table; ends with an error at the first difference.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

BIN = Path(__file__).parent.parent / ".venv" / "bin"
FILES, ROWS = 10, 3000


class Series:
    """One table, loaded by as many runs as it takes."""

    def __init__(self, folder: Path, method: str, number: int) -> None:
        self.folder, self.method = folder, method
        self.table = f"orders_{number}"
        self.state: dict[str, Any] = {}
        entry = {"path": str(folder / "*.csv"), "stream": self.table, "header": ["id", "updated_at"], "keys": ["id"],
                 "replication_key": "updated_at", "overlap": 0, "state_every_rows": 400}  # fmt: skip
        (folder / "tap.json").write_text(json.dumps({"files": [entry]}))
        warehouse = json.loads(Path(os.environ["REDSHIFT_CONFIG"]).read_text())
        self.warehouse = {**warehouse, "load_method": method, "batch_size_rows": 1000, "default_target_schema": "kill",
                          "create_schema": True,
                          "pipeline_id": self.table}  # fmt: skip
        (folder / "target.json").write_text(json.dumps(self.warehouse))

    def run(self, dice: random.Random, longest_seconds: float | None) -> bool:
        """Load from the last STATE on; with `longest_seconds` kill somebody before. True if all went through."""
        (self.folder / "state.json").write_text(json.dumps(self.state))
        with (self.folder / "out.jsonl").open("wb") as output, open(os.devnull, "wb") as nowhere:
            tap = subprocess.Popen(
                [BIN / "tap-csv-extract", "--config", self.folder / "tap.json", "--state", self.folder / "state.json"],
                stdout=subprocess.PIPE, stderr=nowhere,
            )  # fmt: skip
            target = subprocess.Popen(
                [BIN / "target-redshift-copy", "--config", self.folder / "target.json"],
                stdin=tap.stdout, stdout=output, stderr=nowhere,
            )  # fmt: skip
            assert tap.stdout is not None
            tap.stdout.close()
            if longest_seconds is not None:
                try:
                    target.wait(dice.uniform(0, longest_seconds))
                except subprocess.TimeoutExpired:
                    for victim in dice.choice([[tap], [target], [tap, target], [target, tap]]):
                        victim.kill()
            statuses = tap.wait(), target.wait()
        self.state = self.last_state()
        return statuses == (0, 0)

    def last_state(self) -> dict[str, Any]:
        if self.method == "append-only":
            command = [BIN / "target-redshift-copy", "--config", self.folder / "target.json", "--last-state"]
            return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
        lines = [
            line for line in (self.folder / "out.jsonl").read_text().splitlines(keepends=True) if line.endswith("\n")
        ]
        return dict(json.loads(lines[-1])) if lines else self.state

    def compare(self) -> None:
        names = ("host", "port", "user", "password")
        connection = psycopg2.connect(dbname=self.warehouse["database"], **{n: self.warehouse[n] for n in names})
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM kill.{self.table} ORDER BY id")
            found = [row[0] for row in cursor.fetchall()]
        assert found == list(range(FILES * ROWS)), f"{self.table}: {len(found)} rows, {len(set(found))} distinct"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in range(FILES):
            rows = range(file * ROWS, (file + 1) * ROWS)
            # Not sorted by time, and the same times in every file.
            lines = (f"{row}|2020-06-{1 + row * 7 % 28:02d} 12:00:{row % 60:02d}\n" for row in rows)
            (folder / f"{file}.csv").write_text("".join(lines))
        kills, number, longest = 0, 0, 0.0
        while kills < options.kills:
            number += 1
            series = Series(folder, ("append-only", "upsert")[number % 2], number)
            before, start = kills, time.monotonic()
            while not (through := series.run(dice, (longest or None) if kills < options.kills else None)):
                kills += 1
            assert through
            longest = longest or time.monotonic() - start
            series.compare()
            print(f"{series.table}, {series.method}: {FILES * ROWS} rows, each once, after {kills - before} kills "
                  f"({kills} in all)", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
