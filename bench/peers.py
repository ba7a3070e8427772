"""The peers at pinned versions, each in an environment of its own under .envs/, and what a record costs them.

Opt-in (BENCH_PEERS=1), because the environments are 1 GB. What has no package for a Python that is found here is quoted
in docs/performance.md instead, and marked as quoted.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.measure import RunFailed, run

TOP = Path(__file__).parent.parent
OUT = TOP / "bench" / "out"
DRIVER = Path(__file__).parent / "peer_driver.py"
# Start-up apart: the cost of the smaller count is taken off. Most peers need a second for 10,000 records.
FEW = 1_000
COUNTS = {"narrow": 30_000, "wide": 6_000, "nested": 10_000}


@dataclass(frozen=True)
class Peer:
    """A package, what it needs beside it, and the name of its driver."""

    name: str
    requirements: tuple[str, ...]
    driver: str


PEERS = [
    Peer("meltanolabs-target-snowflake 0.20.4, defaults", ("meltanolabs-target-snowflake==0.20.4",), "meltanolabs"),
    Peer(
        "pipelinewise-target-snowflake 2.3.0, defaults, no validation",
        ("pipelinewise-target-snowflake==2.3.0", "numpy<2"),
        "pipelinewise",
    ),
    Peer("dlt 1.31.0, dict rows to csv.gz, no validation", ("dlt[filesystem]==1.31.0", "orjson"), "dlt"),
    Peer("sling 1.4.11, from CSV, no validation", ("sling-linux-amd64==1.4.11",), "sling"),
]


def environment(peer: Peer) -> Path:
    """Return the folder of the peer's environment, made if it is not there."""
    folder = TOP / ".envs" / f"bench-{peer.driver}"
    if not (folder / ".ready").exists():
        uv = shutil.which("uv") or str(TOP / ".uv" / "bin" / "uv")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)], check=True)
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "-p", str(folder / "bin" / "python")]
        # Not in our folder: what [tool.uv] leaves out for us is not left out for others.
        subprocess.run([*install, *peer.requirements], check=True, cwd=tempfile.gettempdir())
        (folder / ".ready").touch()
    return folder


def table(chart: dict[str, dict[str, float]], workload: Callable[[str, int], Path], rounds: int) -> list[str]:
    """Measure the peers, add them to the chart and return the lines of a table."""
    lines = [
        "| workload | | records/s | MB/s | CPU s per million | peak MB | ×orjson | × target-redshift-copy |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, count in COUNTS.items():
        more, few = workload(name, count), workload(name, FEW)
        record_bytes = more.stat().st_size / count
        ours, yardstick = "target-redshift-copy, encoders 0", "orjson.loads on each line"
        # These two are measured at the size of the main table: here they would drown in their own start-up.
        million = {ours: chart[name][ours], yardstick: chart[name][yardstick]}
        peak_mb: dict[str, float] = {}
        for peer in PEERS:
            costs = []
            try:
                for _ in range(rounds):
                    many, start = (run(_command(peer, path), _source(peer, path)) for path in (more, few))
                    costs.append((many.cpu_seconds - start.cpu_seconds) * 1e6 / (count - FEW))
                    peak_mb[peer.name] = max(many.peak_mb, peak_mb.get(peer.name, 0.0))
            except RunFailed as failed:
                reason = str(failed).strip().splitlines()[-1]
                lines.append(f"| {name} | {peer.name} | fails: `{reason[:80]}` | | | | | |")
                continue
            million[peer.name] = chart[name][peer.name] = median(costs)
        for who, seconds in million.items():
            peak = f"{peak_mb[who]:.0f}" if who in peak_mb else ""
            lines.append(
                f"| {name} | {who} | {1e6 / seconds:,.0f} | {record_bytes / seconds:,.1f} | {seconds:.1f} | {peak} "
                f"| {seconds / million[yardstick]:.1f} | {seconds / million[ours]:.1f} |"
            )
    return lines


def _command(peer: Peer, path: Path) -> list[str]:
    folder = environment(peer)
    if peer.driver != "sling":
        return [str(folder / "bin" / "python"), str(DRIVER), peer.driver]
    binary = next(folder.glob("lib/python*/site-packages/sling_linux_amd64/bin/sling-linux-amd64"))
    source, target = f"file://{_as_csv(path)}", f"file://{OUT}/sling.csv.gz"
    options = json.dumps({"delimiter": "|", "compression": "gzip"})
    return [str(binary), "run", "--src-stream", source, "--tgt-object", target, "--tgt-options", options]


def _source(peer: Peer, path: Path) -> Path | None:
    return None if peer.driver == "sling" else path


def _as_csv(path: Path) -> Path:
    """Return the records as a CSV file, documents as JSON text: sling does not read Singer."""
    made = path.with_suffix(".csv")
    if not made.exists():
        with open(path, encoding="utf-8") as source, open(made, "w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            for number, line in enumerate(source):
                message = json.loads(line)
                if number == 0:
                    writer.writerow(message["schema"]["properties"])
                elif message["type"] == "RECORD":
                    values = message["record"].values()
                    writer.writerow(json.dumps(v) if isinstance(v, dict | list) else v for v in values)
    return made
