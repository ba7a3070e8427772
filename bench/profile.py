"""Where the time of a workload goes: `python -m bench.profile narrow|wide|nested` prints the costliest functions.

In C or not, by their own time; the profiler's price per call is small here, because calls are per block.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
from pathlib import Path

from bench.stub import stubbed, target_of


def costliest(workload: Path, config: Path, count: int) -> list[tuple[str, float]]:
    """Return the functions with the highest share of the time inside the message loop."""
    target = stubbed(target_of("redshift"))
    profile = cProfile.Profile()
    sink = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    profile.enable()
    try:
        target.cli.main(["--config", str(config), "--input", str(workload)], standalone_mode=False)
    finally:
        profile.disable()
        os.dup2(sink, 1)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    inside = next(cost[3] for (file, _, name), cost in stats.items() if file.endswith("run.py") and name == "read")
    owns = sorted(((cost[2] / inside, place) for place, cost in stats.items()), reverse=True)
    return [(_called(place), share) for share, place in owns[:count]]


def _called(place: tuple[str, int, str]) -> str:
    file, line, name = place
    return name.strip("<>{}") if file == "~" else f"{Path(file).name}:{line} {name}"


if __name__ == "__main__":
    out = Path(__file__).parent / "out"
    for called, part in costliest(out / f"{sys.argv[1]}.singer", out / "redshift.0.json", 8):
        print(f"{part:6.1%}  {called}")
