"""`python -m tests.fuzz`: the long form, which goes on where it was stopped.

`--seeds 20000` says how many seeds of each kind there are to be in all, `--only whole_runs` which kind, `--minutes 60`
when to stop all the same. What was done and what has failed stands in .fuzz/<kind>.json after every hundred seeds;
`--again` tries only what has failed before.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import traceback
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from tests.fuzz.kinds import KINDS

FOLDER = Path(".fuzz")
STEP = 100


def main() -> None:
    """Run what the command line asks for; the exit status is 1 if a seed has failed, now or in a run before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000, help="of each kind, with those of earlier runs")
    parser.add_argument("--only", choices=list(KINDS), action="append")
    parser.add_argument("--minutes", type=float, default=inf, help="for each kind")
    parser.add_argument("--again", action="store_true", help="try only the seeds that failed before")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    FOLDER.mkdir(exist_ok=True)
    seeds, seconds = 0 if chosen.again else chosen.seeds, 60 * chosen.minutes
    failed = [_run(kind, seeds, monotonic() + seconds) for kind in chosen.only or KINDS]
    sys.exit(1 if any(failed) else 0)


def _run(kind: str, seeds: int, until: float) -> dict[str, str]:
    path = FOLDER / f"{kind}.json"
    done: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"seeds": 0, "failed": {}}
    failed: dict[str, str] = {}
    for seed in done["failed"]:
        failed |= _try(kind, int(seed))
    while done["seeds"] < seeds and monotonic() < until:
        step = range(done["seeds"], min(done["seeds"] + STEP, seeds))
        for seed in step:
            failed |= _try(kind, seed)
        done["seeds"] = step.stop
        path.write_text(json.dumps({**done, "failed": failed}))
    path.write_text(json.dumps({**done, "failed": failed}))
    sys.stdout.write(f"{kind}: {done['seeds']} seeds, {len(failed)} failed\n")
    for seed, what in list(failed.items())[:10]:
        sys.stdout.write(f"  seed {seed}: {what}\n")
    return failed


def _try(kind: str, seed: int) -> dict[str, str]:
    """Return the seed with what has come up, if anything has."""
    try:
        KINDS[kind](seed)
    except Exception as error:
        cause = error.__cause__ or error
        place = traceback.extract_tb(cause.__traceback__)[-1]
        return {str(seed): f"{Path(place.filename).name}:{place.lineno} {error!r}"[:400]}
    return {}


if __name__ == "__main__":
    main()
