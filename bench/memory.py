"""Peak memory of a target over the number of records, with small batches: `python -m bench.memory 1000000 3000000`.

The targets as they are installed, against the stand-ins; what the figure is, `bench.measure.Cost` says.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from local_warehouse.supervisor import StandIns

from bench.__main__ import workload
from bench.measure import run

BATCH_SIZE_BYTES = 16_000_000
TARGETS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}


def main(counts: list[int]) -> None:
    """Print a row of the table in docs/loads.md for each target and count."""
    print("| target | records | input MB | peak MB | CPU s |\n|---|---:|---:|---:|---:|")
    for warehouse, target in TARGETS.items():
        for count in counts:
            with StandIns(only=("s3", warehouse)) as stand_ins, tempfile.TemporaryDirectory() as folder:
                stand_ins.start(("s3", warehouse))
                config = {**stand_ins.configs[warehouse], "batch_size_bytes": BATCH_SIZE_BYTES}
                path = Path(folder) / "config.json"
                with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                    json.dump(config, file)
                source = workload("narrow", count)
                command = [str(Path(sys.executable).parent / target), "--config", str(path)]
                cost = run(command, source)
            megabytes = source.stat().st_size / 1e6
            row = f"| {target} | {count:,} | {megabytes:,.0f} | {cost.peak_mb:.0f} | {cost.cpu_seconds:.1f} |"
            print(row, flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [1_000_000, 3_000_000])
