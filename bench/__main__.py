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
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

from bench import peers
from bench.chart import bars
from bench.measure import Cost, RunFailed, calm, run
from bench.profile import costliest
from bench.stub import REDSHIFT, SNOWFLAKE

TOP = Path(__file__).parent.parent
OUT = TOP / "bench" / "out"
EMPTY = OUT / "empty.singer"
COUNTS = {"narrow": 1_000_000, "wide": 200_000, "nested": 300_000}
ENDS = {"narrow": 100_000, "wide": 20_000, "nested": 20_000}
LONGER = COUNTS
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
LIMITS = {"narrow": 4.2, "wide": 5.0, "nested": 4.2}
Runs = dict[str, list[Cost]]


def workload(name: str, count: int) -> Path:
    """Return the file of a workload, written if it is not there yet."""
    path = OUT / f"{name}-{count}.singer"
    if not path.exists():
        OUT.mkdir(exist_ok=True)
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
        "floor: the native pass without checks, gzip 1": floor("native"),
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


# What else a user may ask of the same records: settings of the target, and what is different in its SCHEMA.
KEYWORDS = {"pattern": "^", "minLength": 0}  # of each text; a pattern is checked over the block
WAYS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "as above": ("narrow", {}, {}),
    "_sdc_ columns": ("narrow", {"add_record_metadata": True}, {}),
    "a pattern for each text": ("narrow", {}, KEYWORDS),
    "a stream map with one computed property": ("narrow", {"stream_maps": {"narrow": {"twice": "str(id * 2)"}}}, {}),
    "documents, as above": ("nested", {}, {}),
    "documents flattened, three levels": ("nested", {"flattening_enabled": True, "flattening_max_depth": 3}, {}),
}


def ways_table() -> list[str]:
    """Measure what other ways cost, each with the native library and by the definition alone."""
    lines = ["| | × orjson | × orjson, no native library |", "|---|---:|---:|"]
    for name, (source_name, settings, keywords) in WAYS.items():
        source = with_keywords(workload(source_name, COUNTS[source_name] // 5), keywords)
        path = OUT / "way.json"
        path.write_text(json.dumps({**json.loads(config("redshift", 0).read_text()), **settings}))
        command = [sys.executable, "-m", "bench.stub", "redshift", "--config", str(path)]
        commands = {"orjson": floor("orjson"), "native": command, "definition": command}
        alone = {"definition": {"SINGER_BULK_NATIVE": "none"}}
        runs: Runs = {each: [] for each in commands}
        starts: Runs = {each: [] for each in commands}
        for _ in range(ROUNDS):
            for each, one in commands.items():
                starts[each].append(run(one, EMPTY, environment=alone.get(each)))
                runs[each].append(run(one, source, environment=alone.get(each)))
        begun = {each: middle(costs, cpu) for each, costs in starts.items()}
        found = [ratio(runs[each], runs["orjson"], begun[each], begun["orjson"]) for each in ("native", "definition")]
        lines.append(f"| {name} | {found[0]:.1f} | {found[1]:.1f} |")
    return lines


def with_keywords(source: Path, keywords: dict[str, Any]) -> Path:
    """Return the input with the keywords in the SCHEMA of each text."""
    if not keywords:
        return source
    first, _, rest = source.read_bytes().partition(b"\n")
    message = json.loads(first)
    for part in message["schema"]["properties"].values():
        if "string" in part["type"] and "format" not in part:
            part.update(keywords)
    path = OUT / f"keywords-{source.name}"
    path.write_bytes(json.dumps(message).encode() + b"\n" + rest)
    return path


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


def two_at_once(source: Path) -> tuple[float, float]:
    """Return the wall seconds of two floors at once, and their part of those of one after the other, start-up apart."""
    seconds: list[tuple[float, float]] = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            start, one = (run(floor("native"), path).wall_seconds for path in (EMPTY, source))
            two = max(cost.wall_seconds for cost in pool.map(run, [floor("native")] * 2, [source] * 2))
            seconds.append((two - start, (two - start) / (one - start) / 2))
    return median(two for two, _ in seconds), median(part for _, part in seconds)


ONE_CORE = "0, on one core"


def encoders_table() -> list[str]:
    """Measure wall time over encoding threads; that needs both cores, so what something disturbs is run again.

    The first row of a workload is what two cores of this machine can give at most: the native pass without checks in
    two processes at once, which share nothing, against both one after the other. With no encoding thread a run is on
    more than one core all the same, because files are sent meanwhile; so a row is of a run that is held on one.
    """
    lines = [
        "| workload | target | encoders | wall s | × one core | × encoders 0 | CPU s | peak MB | others' cores |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, count in LONGER.items():
        wall, part = two_at_once(workload(name, count))
        lines.append(f"| {name} | the floor in two processes | | {wall:.2f} | {part:.2f} | | | | |")
        for target in ("redshift", "snowflake"):
            commands = {ONE_CORE: ["taskset", "--cpu-list", "0", *stub(target)]}
            commands |= {str(n): stub(target, n) for n in (0, 1, 2)}
            runs = interleaved(commands, workload(name, count), calm)
            start = median(calm(stub(target), EMPTY).wall_seconds for _ in range(ROUNDS))
            for number, costs in runs.items():
                parts = [
                    median(
                        (one.wall_seconds - start) / (base.wall_seconds - start)
                        for one, base in zip(costs, runs[against], strict=True)
                    )
                    for against in (ONE_CORE, "0")
                ]
                wall = middle(costs, lambda cost: cost.wall_seconds) - start
                peak = middle(costs, lambda cost: cost.peak_mb)
                lines.append(
                    f"| {name} | {target} | {number} | {wall:.2f} | {parts[0]:.2f} | {parts[1]:.2f} "
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
        "ways": ways_table,
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
