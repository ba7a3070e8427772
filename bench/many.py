"""Many small streams: `python -m bench.many`.

What a warehouse is asked for N streams of five records each, counted by the stand-in itself: statements that it runs,
and round trips, which are answers that the target waits for. Each case is run twice into a schema of its own, so that
the second run finds every table as it should be (steady state). With --answer each answer comes so many seconds late,
with --copy that of a COPY: then wall seconds are those of a slow warehouse.

Options: --streams 1,10,100 --methods append-only,upsert --warehouses redshift,snowflake --answer SECONDS
--copy SECONDS --records 5 --columns 5 --state-every stream|record|end --peers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from local_warehouse.supervisor import StandIns

from bench import many_peers
from bench.many_ground import HEAD, Counts, Ground, row, write_messages

TARGETS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
METHODS = ("append-only", "upsert", "overwrite")


def commands(ground: Ground, warehouse: str, method: str, folder: Path) -> list[str]:
    """Return the command of our target into a schema of its own."""
    schema = f"many_{uuid.uuid4().hex[:10]}"
    settings = {
        **ground.stand_ins.configs[warehouse],
        "default_target_schema": schema if warehouse == "redshift" else schema.upper(),
        "create_schema": True, "s3_key_prefix": f"many/{schema}", "load_method": method, "encoders": 0,
    }  # fmt: skip
    path = folder / f"{schema}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(settings))
    return [str(Path(sys.executable).parent / TARGETS[warehouse]), "--config", str(path)]


def measure(ground: Ground, chosen: Any, folder: Path) -> None:
    """Print the table, and what the second runs with the most streams consisted of."""
    kinds: list[str] = []
    print(HEAD, flush=True)
    for warehouse in chosen.warehouses:
        for method in chosen.methods:
            ones: tuple[Counts, Counts] | None = None
            for streams in chosen.streams:
                command = commands(ground, warehouse, method, folder)
                first, second = (
                    ground.counted(warehouse, command, write_messages(folder, chosen, streams, number), chosen)
                    for number in range(2)
                )
                runs = first, second
                for number, which in enumerate(("first", "second")):
                    one = None if ones is None else ones[number]
                    print(row(TARGETS[warehouse], method, streams, which, runs[number], one), flush=True)
                ones = ones or runs
                listed = ", ".join(f"{kind} {count}" for kind, count in runs[1].kinds.most_common())
                kinds.append(f"{warehouse} {method}, {streams} streams, second run: {listed}")
    if chosen.peers:
        many_peers.measure(ground, chosen, folder)
    print("\n" + "\n".join(kinds), flush=True)


def main() -> None:
    """Read the options, start the stand-ins, measure."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--streams", type=lambda text: [int(one) for one in text.split(",")], default=[1, 10, 100])
    words.add_argument("--methods", type=lambda text: text.split(","), default=METHODS)
    words.add_argument("--warehouses", type=lambda text: text.split(","), default=tuple(TARGETS))
    words.add_argument("--answer", type=float, default=0.0)
    words.add_argument("--copy", type=float, default=0.0)
    words.add_argument("--records", type=int, default=5)
    words.add_argument("--columns", type=int, default=5)
    words.add_argument("--state-every", choices=("stream", "record", "end"), default="stream")
    words.add_argument("--peers", action="store_true")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, StandIns(only=chosen.warehouses) as stand_ins:
        measure(Ground(stand_ins), chosen, Path(folder))


if __name__ == "__main__":
    main()
