"""`make bench`: what a record costs, as ratios of one run.

BENCH_ROUNDS (3): interleaved rounds, of which medians are taken. BENCH_FULL=1: the scaling table up to 10 million
records too. BENCH_PEERS=1: the peers, at pinned versions, into environments under .envs/. BENCH_ONLY="record start":
these tables only. BENCH_WRITE=1: put the tables and the chart into docs/. Everything is printed.
"""

from __future__ import annotations

import compileall
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from bench import peers
from bench.chart import bars
from bench.measure import Cost, RunFailed, calm, run
from bench.profile import costliest
from bench.stub import REDSHIFT, SNOWFLAKE

TOP = Path(__file__).parent.parent
OUT = TOP / "bench" / "out"
EMPTY = OUT / "empty.singer"
COUNTS = {"narrow": 300_000, "wide": 60_000, "nested": 100_000}
ENDS = {"narrow": 100_000, "wide": 20_000, "nested": 20_000}
LONGER = {"narrow": 1_000_000, "wide": 120_000, "nested": 200_000}  # seconds of encoding, beside which a fork is little
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
LIMITS = {"narrow": 4.2, "wide": 5.0, "nested": 4.2}
Runs = dict[str, list[Cost]]


def workload(name: str, count: int) -> Path:
    """Return the file of a workload, written if it is not there yet."""
    path = OUT / f"{name}-{count}.singer"
    if not path.exists():
        with open(path, "wb") as file:
            subprocess.run([sys.executable, "-m", "bench.workloads", name, str(count)], stdout=file, check=True)
    return path


def config(target: str, encoders: int) -> Path:
    """Return the configuration file of a stubbed target."""
    path = OUT / f"{target}.{encoders}.json"
    settings = {"redshift": REDSHIFT, "snowflake": SNOWFLAKE}[target]
    path.write_text(json.dumps({**settings, "load_method": "append-only", "encoders": encoders}))
    return path


def stub(target: str, encoders: int = 0) -> list[str]:
    """Return the command of a stubbed target."""
    return [sys.executable, "-m", "bench.stub", target, "--config", str(config(target, encoders))]


def floor(kind: str) -> list[str]:
    """Return the command of a floor."""
    return [sys.executable, "-m", "bench.floor", kind]


def interleaved(commands: dict[str, list[str]], source: Path, measure: Callable[[list[str], Path], Cost] = run) -> Runs:
    """Run the commands in turn, ROUNDS times."""
    runs: Runs = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            runs[name].append(measure(command, source))
    return runs


def middle(costs: list[Cost], figure: Callable[[Cost], float]) -> float:
    """Return the median of a figure."""
    return median(map(figure, costs))


def cpu(cost: Cost) -> float:
    """Return the CPU seconds."""
    return cost.cpu_seconds


def ratio(one: list[Cost], other: list[Cost], start: float = 0.0, other_start: float = 0.0) -> float:
    """Return the median ratio of CPU, start-up apart, round by round."""
    pairs = zip(one, other, strict=True)
    return median((a.cpu_seconds - start) / (b.cpu_seconds - other_start) for a, b in pairs)


def record_table(chart: dict[str, dict[str, float]]) -> list[str]:
    """Measure the workloads; put CPU seconds per million into the chart."""
    commands = {
        "orjson.loads on each line": floor("orjson"),
        "floor: read, typed decode, pipe rows, zstd 1": floor("floor"),
        "target-redshift-copy, encoders 0": stub("redshift"),
        "target-redshift-copy, encoders 1": stub("redshift", 1),
        "target-snowflake-stage, encoders 0": stub("snowflake"),
        "target-snowflake-stage, encoders 1": stub("snowflake", 1),
    }
    names = list(commands)
    starts = {name: middle(costs, cpu) for name, costs in interleaved(commands, EMPTY).items()}
    lines = [
        "| workload | | records/s | MB/s | CPU s per million | peak MB | ×orjson | ×floor |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, count in COUNTS.items():
        source = workload(name, count)
        runs = interleaved(commands, source)
        megabytes = source.stat().st_size / 1e6
        for command, costs in runs.items():
            seconds = middle(costs, cpu) - starts[command]
            lines.append(
                f"| {name} | {command} | {count / seconds:,.0f} | {megabytes / seconds:,.0f} "
                f"| {seconds * 1e6 / count:.2f} | {middle(costs, lambda cost: cost.peak_mb):.0f} "
                f"| {ratio(costs, runs[names[0]], starts[command], starts[names[0]]):.2f} "
                f"| {ratio(costs, runs[names[1]], starts[command], starts[names[1]]):.2f} |"
            )
            chart.setdefault(name, {})[command] = seconds * 1e6 / count
    return lines


def start_up_table() -> list[str]:
    """Measure start-up against the import of the SDK."""
    binaries = Path(sys.executable).parent
    commands = {
        "import singer_sdk": [sys.executable, "-c", "import singer_sdk"],
        "target-redshift-copy --version": [str(binaries / "target-redshift-copy"), "--version"],
        "target-snowflake-stage --version": [str(binaries / "target-snowflake-stage"), "--version"],
        "target-redshift-copy, empty input": stub("redshift"),
        "target-snowflake-stage, empty input": stub("snowflake"),
    }
    runs = interleaved(commands, EMPTY)
    lines = ["| | CPU s | × import singer_sdk |", "|---|---:|---:|"]
    for name, costs in runs.items():
        lines.append(f"| {name} | {middle(costs, cpu):.2f} | {ratio(costs, runs['import singer_sdk']):.2f} |")
    return lines


def encoders_table() -> list[str]:
    """Measure wall time over encoder processes; that needs both cores, so what something disturbs is run again."""
    lines = [
        "| workload | target | encoders | wall s | × encoders 0 | CPU s | peak MB | cores used by others |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, count in LONGER.items():
        for target in ("redshift", "snowflake"):
            runs = interleaved({str(n): stub(target, n) for n in (0, 1, 2)}, workload(name, count), calm)
            start = median(calm(stub(target), EMPTY).wall_seconds for _ in range(ROUNDS))
            for number, costs in runs.items():
                pairs = zip(costs, runs["0"], strict=True)
                part = median((one.wall_seconds - start) / (zero.wall_seconds - start) for one, zero in pairs)
                wall = middle(costs, lambda cost: cost.wall_seconds) - start
                peak = middle(costs, lambda cost: cost.peak_mb)
                lines.append(
                    f"| {name} | {target} | {number} | {wall:.2f} | {part:.2f} "
                    f"| {middle(costs, cpu):.2f} | {peak:.0f} | {max(cost.others for cost in costs):.2f} |"
                )
    return lines


def scaling_table() -> list[str]:
    """Measure memory over the number of records."""
    lines = [
        "| narrow records | encoders | CPU s | wall s | peak MB, redshift | peak MB, snowflake |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for count in (100_000, 1_000_000, 10_000_000):
        source = workload("narrow", count)
        for encoders in (0, 1, 2):
            costs = [run(stub(target, encoders), source) for target in ("redshift", "snowflake")]
            lines.append(
                f"| {count:,} | {encoders} | {costs[0].cpu_seconds:.1f} | {costs[0].wall_seconds:.1f} "
                f"| {costs[0].peak_mb:.0f} | {costs[1].peak_mb:.0f} |"
            )
    return lines


def end_to_end_table() -> list[str]:
    """Load each workload into the stand-ins, COPY, MERGE and all."""
    from local_warehouse.supervisor import StandIns

    lines = [
        "| workload | target | records | wall s | records/s | CPU s of the target |",
        "|---|---|---:|---:|---:|---:|",
    ]
    commands = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
    with StandIns() as stand_ins:
        for name, count in ENDS.items():
            for target, command in commands.items():
                path = OUT / f"{target}.end.json"
                settings = stand_ins.configs[target] | {"default_target_schema": "bench", "create_schema": True}
                path.touch(mode=0o600)
                path.write_text(json.dumps(settings))
                cost = run([str(Path(sys.executable).parent / command), "--config", str(path)], workload(name, count))
                path.unlink()
                lines.append(
                    f"| {name} | {command} | {count:,} | {cost.wall_seconds:.1f} | {count / cost.wall_seconds:,.0f} "
                    f"| {cost.cpu_seconds:.1f} |"
                )
    return lines


def profile_lists() -> list[str]:
    """Return the five costliest functions of each workload."""
    lines = ["| workload | share of the time in the loop: function |", "|---|---|"]
    for name, count in COUNTS.items():
        found = costliest(workload(name, count), config("redshift", 0), 5)
        lines.append(f"| {name} | " + "; ".join(f"{share:.0%} `{called}`" for called, share in found) + " |")
    return lines


def machine() -> str:
    """Return what was measured on, and when."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return (
        f"{model.partition(': ')[2]}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"{datetime.now(timezone.utc):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f}, medians of {ROUNDS} rounds"
    )


def main() -> None:
    """Measure and report, each table as soon as it is there."""
    chart: dict[str, dict[str, float]] = {}
    parts: dict[str, Callable[[], list[str]]] = {
        "record": lambda: record_table(chart),
        "start": start_up_table,
        "profile": profile_lists,
        "encoders": encoders_table,
    }
    if os.environ.get("BENCH_FULL"):
        parts["scaling"] = scaling_table
    if os.environ.get("BENCH_PEERS"):
        parts["peers"] = lambda: peers.table(chart, workload, max(1, ROUNDS // 2))
    parts["ends"] = end_to_end_table
    chosen = os.environ.get("BENCH_ONLY", " ".join(parts)).split()
    for name in [name for name in parts if name in chosen]:
        lines = [*parts[name](), "", machine()]
        print(f"\n== {name}\n" + "\n".join(lines), flush=True)
        if os.environ.get("BENCH_WRITE"):
            write(name, lines)
            if chart:
                (TOP / "docs" / "performance.svg").write_text(bars(chart))


def write(name: str, lines: list[str]) -> None:
    """Put a table between its marks in docs/performance.md."""
    page = TOP / "docs" / "performance.md"
    text = page.read_text()
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    start = text.index(begin) + len(begin)
    page.write_text(text[:start] + "\n".join(lines) + text[text.index(end) :])


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    EMPTY.touch()
    # As an installed package has it; without, start-up would compile the sources each time.
    for folder in [TOP / "bench", *(project.parent for project in TOP.glob("*/pyproject.toml"))]:
        compileall.compile_dir(folder, quiet=1)
    try:
        main()
    except RunFailed as failed:
        sys.exit(str(failed))
