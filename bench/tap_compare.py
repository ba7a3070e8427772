"""Our tap beside the CSV taps of the registry: `python -m bench.tap_compare [--only "byte order mark"] [--part speed]`.

Every tap reads the same awkward files (`tap_files.py`) from one S3 stand-in, each foreign tap in an environment of its
own under .envs/ (those that do not read S3 find the files in folders of this machine). A record is compared with the
csv module's reading of its row: by name where names are unique, by values otherwise; NULL for an empty field is right
for every tap, since csv cannot tell. Then each reads 200,000 orders, and one order: what it costs to start.
Prints the two tables of docs/tap-csv-extract.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from bench.tap_files import CASES, Case
from tests.environments import environment

BIN = Path(__file__).parent.parent / ".venv" / "bin"
BUCKET = "compare"
SPEED_ROWS = 200_000
Record = dict[str, Any]


@dataclass
class Outcome:
    """What a tap made of the file sets: the records of each it could read, the error of each it could not."""

    records: dict[str, list[Record]]
    errors: dict[str, str]


# Runs a tap over the streams named and gives back status, standard output and standard error.
Run = Callable[[list[str]], tuple[int, bytes, str]]


def environment_of(endpoint: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    return {**os.environ, **keys, "AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true"}


def read_all(run: Run, names: list[str]) -> Outcome:
    """Run a tap until every stream is read or refused.

    The stream that its error names last is left out of the next run; where it names none, each is read alone.
    """
    outcome, left = Outcome({}, {}), list(names)
    while left:
        status, output, errors = run(left)
        if status == 0:
            outcome.records = {name: [] for name in left}
            for line in output.splitlines():
                message = json.loads(line, parse_float=str, parse_int=str)
                if message["type"] == "RECORD":
                    outcome.records[message["stream"]].append(message["record"])
            return outcome
        named = [name for name in re.findall(r"case\d+", errors) if name in left]
        if not named and len(left) > 1:
            for alone in [read_all(run, [name]) for name in left]:
                outcome.records.update(alone.records)
                outcome.errors.update(alone.errors)
            return outcome
        refused = named[-1] if named else left[0]
        outcome.errors[refused] = errors
        left.remove(refused)
    return outcome


def ours(folder: Path, endpoint: str) -> Run:
    def run(names: list[str]) -> tuple[int, bytes, str]:
        settings = {f"case{number}": case.settings for number, case in enumerate(CASES)}
        entries = [
            {"path": f"s3://{BUCKET}/{name}/", "stream": name, "delimiter": ",", **settings.get(name, {})}
            for name in names
        ]
        path = folder / "ours.json"
        path.write_text(json.dumps({"files": entries, "s3_endpoint_url": endpoint}))
        done = subprocess.run(
            [BIN / "tap-csv-extract", "--config", path], capture_output=True, env=environment_of(endpoint), check=False
        )
        return done.returncode, done.stdout, done.stderr.decode()

    return run


def foreign(name: str, version: str, folder: Path, endpoint: str, config: Record, tables: Callable[[Any], Any]) -> Run:
    binary = str(environment(name, [f"{name}=={version}"]) / "tap-s3-csv")

    def run(names: list[str]) -> tuple[int, bytes, str]:
        specs = [
            {
                "table_name": name,
                "search_prefix": f"{name}/",
                "search_pattern": "csv$",
                "key_properties": [],
                "delimiter": ",",
            }
            for name in names
        ]
        path, catalog_path = folder / f"{name}.json", folder / f"{name}-catalog.json"
        start = "2000-01-01T00:00:00Z"
        path.write_text(json.dumps({"bucket": BUCKET, "start_date": start, **config, "tables": tables(specs)}))
        variables = environment_of(endpoint)
        found = subprocess.run(
            [binary, "--config", path, "--discover"], capture_output=True, env=variables, check=False
        )
        if found.returncode:
            return found.returncode, b"", found.stderr.decode(errors="replace")
        catalog = json.loads(found.stdout)
        for entry in (entry for stream in catalog["streams"] for entry in stream["metadata"]):
            entry["metadata"]["selected"] = True
        catalog_path.write_text(json.dumps(catalog))
        command = [binary, "--config", str(path), "--properties", str(catalog_path)]
        done = subprocess.run(command, capture_output=True, env=variables, check=False)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")

    return run


def csv_folder(folder: Path, files: Path) -> Run:
    """MeltanoLabs' tap reads one folder with its settings: a run of its own for every stream, each kept."""
    binary = environment("tap-csv-folder", ["tap-csv-folder==0.0.1a1"]) / "tap-csv-folder"
    kept: dict[str, subprocess.CompletedProcess[bytes]] = {}

    def run(names: list[str]) -> tuple[int, bytes, str]:
        for name in names:
            if name not in kept:
                path = folder / "csv-folder.json"
                settings = {"path": str(files / name), "read_mode": "merge", "stream_name": name}
                path.write_text(json.dumps({"filesystem": "local", **settings}))
                kept[name] = subprocess.run([binary, "--config", path], capture_output=True, check=False)
            if kept[name].returncode:
                return kept[name].returncode, b"", name + kept[name].stderr.decode(errors="replace")
        return 0, b"".join(kept[name].stdout for name in names), ""

    return run


def spreadsheets(folder: Path, files: Path) -> Run:
    binary = environment("tap-spreadsheets", ["tap-spreadsheets==1.1.2"]) / "tap-spreadsheets"

    def run(names: list[str]) -> tuple[int, bytes, str]:
        dialect = {"format": "csv", "delimiter": ",", "quotechar": '"'}
        entries = [{"path": str(files / name / "*.csv"), "table_name": name, **dialect} for name in names]
        path = folder / "spreadsheets.json"
        path.write_text(json.dumps({"files": entries}))
        done = subprocess.run([binary, "--config", path], capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")

    return run


def text_of(value: Any) -> list[str]:
    """The texts that a value holds; a timestamp as it would stand in the file."""
    if value is None:
        return [""]
    if isinstance(value, dict):
        return [text for part in value.values() for text in text_of(part)]
    if isinstance(value, list):
        return [text for part in value for text in text_of(part)]
    text = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return [text[:10] + " " + text[11:] if len(text) > 18 and text[4:5] == "-" and text[10:11] == "T" else text]


def values_of(record: Record) -> Counter[str]:
    own = {name: value for name, value in record.items() if not name.startswith("_sdc_")}
    return Counter(text for value in own.values() for text in text_of(value) if text)


def verdict(case: Case, name: str, outcome: Outcome) -> str:
    """Say in a few words how the records differ from the csv module's reading."""
    if name in outcome.errors:
        return "refused" if case.malformed else "fails"
    expected, records = case.expected(), outcome.records[name]
    if case.truth:
        told = [{key: record.get(key) for key in row} for row, record in zip(case.truth, records, strict=True)]
        wrong = sum(row[key] != found[key] for row, found in zip(case.truth, told, strict=True) for key in row)
        return f"{wrong} values altered" if wrong else "exact"
    lost = altered = renamed = 0
    for number, row in enumerate(expected):
        if number >= len(records):
            lost += 1
            continue
        record = records[number]
        if isinstance(row, dict):
            if all(text_of(record.get(name)) == [text] for name, text in row.items()):
                continue
            wanted = Counter(text for text in row.values() if text)
        else:
            wanted = Counter(text for text in row if text)
        missing = wanted - values_of(record)
        altered += sum(missing.values())
        renamed += not missing and isinstance(row, dict)
    parts = [f"{lost} rows lost"] if lost else []
    parts += [f"{len(records) - len(expected)} rows invented"] if len(records) > len(expected) else []
    parts += [f"{altered} values altered or lost"] if altered else []
    parts += [f"{renamed} rows under other names"] if renamed else []
    return ", ".join(parts) or "exact"


def speed(run: Run, name: str) -> tuple[float, float, int]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    _, output, _ = run([name])
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, sum(b'"RECORD"' in line for line in output.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="name of the only case to read")
    parser.add_argument("--part", choices=["files", "speed"], help="print one of the two tables")
    options = parser.parse_args()
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), endpoint, options.only, options.part)
    finally:
        server.stop()


def compare(folder: Path, endpoint: str, only: str | None, part: str | None) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_bucket(Bucket=BUCKET)

    def put(key: str, data: bytes) -> None:
        client.put_object(Bucket=BUCKET, Key=key, Body=data)
        (folder / "files" / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / "files" / key).write_bytes(data)

    roles = {"account_id": "123456789012", "external_id": "x", "role_name": "reader"}
    contenders = {
        "tap-csv-extract": ours(folder, endpoint),
        "pipelinewise-tap-s3-csv 3.0.1": foreign(
            "pipelinewise-tap-s3-csv", "3.0.1", folder, endpoint, {"aws_endpoint_url": endpoint}, lambda specs: specs
        ),
        "tap-s3-csv 2.3.1": foreign("tap-s3-csv", "2.3.1", folder, endpoint, roles, json.dumps),
        "tap-csv-folder 0.0.1a1": csv_folder(folder, folder / "files"),
        "tap-spreadsheets 1.1.2": spreadsheets(folder, folder / "files"),
    }
    cases = [(f"case{number}", case) for number, case in enumerate(CASES) if only in (None, case.name)]
    for name, case in cases:
        for place, data in enumerate(case.files):
            put(f"{name}/{place}.csv", data)
    rows = [f"{n},Backordered,2020-06-01 12:{n // 60 % 60:02d}:{n % 60:02d}\n" for n in range(SPEED_ROWS)]
    put("speed/0.csv", f"id,status,updated_at\n{''.join(rows)}".encode())
    put("start/0.csv", f"id,status,updated_at\n{rows[0]}".encode())
    print(f"{datetime.date.today()}, python {sys.version.split()[0]}\n")
    if part != "speed":
        print_verdicts(cases, contenders)
    if part != "files":
        print_speed(contenders)


def print_verdicts(cases: list[tuple[str, Case]], contenders: dict[str, Run]) -> None:
    outcomes = [read_all(run, [name for name, _ in cases]) for run in contenders.values()]
    print("| File | " + " | ".join(contenders) + " |")
    print("|---" * (len(contenders) + 1) + "|")
    for name, case in cases:
        verdicts = [verdict(case, name, outcome) for outcome in outcomes]
        print(f"| {case.name} | " + " | ".join(verdicts) + " |")


def print_speed(contenders: dict[str, Run]) -> None:
    print("\n| Tap | rows | seconds | rows/s | CPU seconds | CPU seconds per million rows | of it start |")
    print("|---|---|---|---|---|---|---|")
    for name, run in contenders.items():
        _, start, _ = speed(run, "start")
        seconds, cpu, count = speed(run, "speed")
        millions = max(count, 1) / 1e6
        figures = f"{seconds:.1f} | {count / seconds:,.0f} | {cpu:.1f} | {cpu / millions:.1f} | {start / millions:.1f}"
        print(f"| {name} | {count} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
