"""Tell the orders story in both warehouses: a full extract, an incremental one, a change file with a delete.

Runs inside `local-warehouse exec`, which names the configurations of the two targets in the environment.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
HEADER = ["OrderId", "OrderStatus", "LastUpdated"]


@dataclass(frozen=True)
class Warehouse:
    """One of the two: its title, its target, the variable with its configuration, its word for loading."""

    title: str
    short: str
    target: str
    config_variable: str
    copy_word: str


WAREHOUSES = (
    Warehouse("Amazon Redshift", "redshift", "target-redshift-copy", "REDSHIFT_CONFIG", "COPY "),
    Warehouse("Snowflake", "snowflake", "target-snowflake-stage", "SNOWFLAKE_CONFIG", "COPY INTO "),
)


@dataclass(frozen=True)
class Step:
    """One invocation of tap and target."""

    title: str
    file: str
    stream: str
    header: list[str]
    tap: dict[str, Any]
    load_method: str
    query: str


ORDERS = "SELECT {0}, {1}, {2} FROM {schema}.orders ORDER BY {2}, {0}"
CHANGES = "SELECT operation, {0}, {1}, {2} FROM {schema}.order_changes ORDER BY {2}"
STEPS = (
    Step(
        "Yesterday's full extract",
        "orders_yesterday.csv", "orders", HEADER, {"replication_method": "FULL_TABLE"}, "overwrite", ORDERS,
    ),
    Step(
        "Today's full extract replaces the table (load_method: overwrite): order 9 is gone",
        "orders.csv", "orders", HEADER, {"replication_method": "FULL_TABLE"}, "overwrite", ORDERS,
    ),
    Step(
        "An incremental extract is appended: both versions of order 1 stay, history is kept",
        "orders_incremental.csv", "orders", HEADER, {"replication_key": "LastUpdated"}, "append-only", ORDERS,
    ),
    Step(
        "A change file brings what the other two cannot see, the delete; the operation is a column",
        "orders_changes.csv", "order_changes", ["operation", *HEADER], {"operation": "operation"},
        "append-only", CHANGES,
    ),
)  # fmt: skip


def main() -> None:
    """Tell the story in each warehouse."""
    started = time.monotonic()
    for warehouse in WAREHOUSES:
        print(f"\n{'=' * 100}\n{warehouse.title}\n{'=' * 100}")
        config = json.loads(Path(os.environ[warehouse.config_variable]).read_text())
        with tempfile.TemporaryDirectory() as folder:
            for step in STEPS:
                run_step(warehouse, config, step, Path(folder))
    print(f"\nThat took {time.monotonic() - started:.0f} s. To do the same with an account of your own:")
    print("  1. write a configuration: README.md, 'A first load', and docs/start/account.md have one for each")
    print("  2. set -o pipefail")
    print("     target-redshift-copy --config redshift.json --last-state > state.json &&")
    print("       tap-csv-extract --config tap.json --state state.json | target-redshift-copy --config redshift.json")


def run_step(warehouse: Warehouse, config: dict[str, Any], step: Step, folder: Path) -> None:
    """Run one extract and load, and show what happened."""
    print(f"\n--- {step.title}\n")
    print(f"demo/{step.file}:")
    print(indented((HERE / step.file).read_text()))
    tap = {"path": str(HERE / step.file), "stream": step.stream, "header": step.header, **step.tap}
    tap_file = write(folder / "tap.json", {"files": [tap]})
    target = {**config, "load_method": step.load_method, "keep_staged_files": True}
    target_file = write(folder / "target.json", target)
    print(f"$ tap-csv-extract --config tap.json | {warehouse.target} --config target.json\n")
    state, log = load(tap_file, warehouse.target, target_file)
    print("The file as it lies in S3:")
    print(indented(newest_file(config, step.stream)))
    print("The statement that was sent:")
    print(indented(statement(log, warehouse.copy_word)))
    print("The table:")
    print(indented(query(warehouse, step, config["default_target_schema"])))
    print("The STATE that came out:")
    print(indented(state))


def load(tap_file: Path, target: str, target_file: Path) -> tuple[str, str]:
    """Run `tap | target`; return what the target wrote to standard output and to its log."""
    with subprocess.Popen(
        [BIN / "tap-csv-extract", "--config", tap_file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tap:
        done = subprocess.run(
            [BIN / target, "--config", target_file], stdin=tap.stdout, capture_output=True, text=True, check=False
        )
    if done.returncode or tap.returncode:
        sys.exit(f"the load failed:\n{done.stderr}")
    return done.stdout, done.stderr


def newest_file(config: dict[str, Any], stream: str) -> str:
    """Return the rows of the stream's newest file in S3."""
    client = boto3.client("s3")
    prefix = f"{config['s3_key_prefix']}/{stream}/"
    listed = client.list_objects_v2(Bucket=config["s3_bucket"], Prefix=prefix)["Contents"]
    key = max(entry["Key"] for entry in listed if entry["Key"].endswith(".gz"))
    content = client.get_object(Bucket=config["s3_bucket"], Key=key)["Body"].read()
    return f"s3://{config['s3_bucket']}/{key}\n{gzip.decompress(content).decode()}"


def statement(log: str, word: str) -> str:
    """Return the statement that loaded the stream, from the target's log."""
    found = re.search(rf"\| ({word}.*)", log)
    return found[1] if found else sys.exit(f"no {word} in the log:\n{log}")


def query(warehouse: Warehouse, step: Step, schema: str) -> str:
    """Return the rows of the step's table."""
    sql = step.query.format(*HEADER, schema=schema)
    command = [BIN / "local-warehouse", "sql", warehouse.short, sql, "--dir", os.environ["LOCAL_WAREHOUSE_DIR"]]
    done = subprocess.run([*command, "--format", "csv"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the query failed:\n{done.stderr}")
    return done.stdout.replace(",", "|")


def write(path: Path, content: dict[str, Any]) -> Path:
    """Write JSON into a file that nobody else can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    return path


def indented(text: str) -> str:
    """Return the text, four blanks before each line."""
    return "".join(f"    {line}\n" for line in text.splitlines())


if __name__ == "__main__":
    main()
