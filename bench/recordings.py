"""What other taps write of the same rows: `python -m bench.recordings [NAME...]` makes bench/out/taps/NAME.singer.

Each tap comes from the registry into an environment of its own under .envs/, and reads ROWS rows of a dozen
columns, from a database that runs for that long (Debian's packages, as for `make test-cdc`), or from files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import psycopg2
from moto.server import ThreadedMotoServer
from psycopg2.extras import execute_values

from bench.recorded_rows import MARIADB, POSTGRES, POSTGRES_ODD, ROWS, SHEET, things, write_files, written
from tests.cdc.packages import TAPS, tap
from tests.cdc.recordings import NAMES as LOGS
from tests.cdc.recordings import record
from tests.cdc.servers import mariadb, postgres
from tests.environments import TOP, environment

OUT = TOP / "bench" / "out" / "taps"
FILE_TAPS = {
    "tap-jsonl": "tap-jsonl==0.3.1",
    "tap-csv-folder": "tap-csv-folder==0.0.1a1",
    "tap-spreadsheets": "tap-spreadsheets==1.1.2",
    "tap-dbf": "tap-dbf==0.1.25",
    "tap-s3-csv": "pipelinewise-tap-s3-csv==3.0.1",
}


def fill_postgres(where: Mapping[str, Any]) -> None:
    """Make the tables."""
    with psycopg2.connect(**where) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE things ({POSTGRES})")
        rows = [tuple(map(written, row.values())) for row in things(ROWS)]
        execute_values(cursor, "INSERT INTO things VALUES %s", rows)
        cursor.execute(f"CREATE TABLE odd_things AS {POSTGRES_ODD}; ALTER TABLE odd_things ADD PRIMARY KEY (id)")
    connection.close()


def fill_mariadb(run: Callable[[str], str]) -> None:
    """Make the table."""
    run("CREATE DATABASE shop; CREATE USER tap@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO tap@'127.0.0.1'")
    lines = [f"USE shop; SET time_zone = '+00:00'; CREATE TABLE things ({MARIADB});"]
    for row in things(ROWS):
        values = ", ".join("NULL" if value is None else _quoted(written(value)) for value in row.values())
        lines.append(f"INSERT INTO things VALUES ({values});")
    run("SET autocommit = 0;" + "\n".join(lines) + "COMMIT;")


def _quoted(value: Any) -> str:
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "''")
    return f"'{text}'"


def output(command: list[str | Path], variables: Mapping[str, str] = os.environ) -> bytes:
    """Return what a command writes."""
    done = subprocess.run(command, capture_output=True, check=False, env=dict(variables))
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    return done.stdout


def run_tap(
    program: Path,
    folder: Path,
    config: Any,
    option: str | None = "--catalog",
    variables: Mapping[str, str] = os.environ,
) -> bytes:
    """Run a tap over all that it finds, each stream in full; `option` takes the catalog, None: it does without."""
    path, catalog = folder / f"{program.name}.json", folder / f"{program.name}.catalog.json"
    path.write_text(json.dumps(config))
    command: list[str | Path] = [program, "--config", path]
    if option is None:
        return output(command, variables)
    found = json.loads(output([*command, "--discover"], variables))
    for stream in found["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"] |= {"selected": True, "replication-method": "FULL_TABLE"}
            elif entry["metadata"].get("inclusion") == "available":
                entry["metadata"] |= {"selected": True}
    catalog.write_text(json.dumps(found))
    return output([*command, option, catalog], variables)


def of_postgres(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the taps of PostgreSQL write."""
    with postgres() as where:
        fill_postgres(where)
        names = {"host": where["host"], "port": where["port"], "user": where["user"], "password": ""}
        for name, config in {
            "meltano-postgres": {**names, "database": where["dbname"], "filter_schemas": ["public"]},
            "postgres": {**names, "password": "x", "dbname": where["dbname"], "filter_schemas": "public"},
        }.items():
            yield TAPS[name][0].partition("==")[0], run_tap(tap(name), folder, config)


def of_mariadb(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the tap of MySQL writes."""
    with mariadb() as server:
        fill_mariadb(server.run)
        config = {
            "host": "127.0.0.1", "port": server.port, "user": "tap", "password": "secret", "engine": "mariadb",
            "filter_dbs": "shop", "session_sqls": ["SET time_zone = '+00:00'", "SET NAMES utf8mb4"],
        }  # fmt: skip
        yield "pipelinewise-tap-mysql", run_tap(tap("mysql"), folder, config)


def of_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the taps of files write."""
    write_files(folder)
    programs = {name: environment(name, [package]) / name for name, package in FILE_TAPS.items() if "s3" not in name}
    output([programs["tap-spreadsheets"].parent / "python", "-c", SHEET, str(folder)])
    sheet = {"path": str(folder / "xlsx" / "*.xlsx"), "format": "excel", "worksheet": "things", "table_name": "things"}
    configs: dict[str, Any] = {
        "tap-jsonl": {"path": str(folder / "jsonl" / "*.jsonl"), "stream_name": "things", "primary_keys": ["id"]},
        "tap-csv-folder": {
            "path": str(folder / "csv"), "filesystem": "local", "read_mode": "one_stream_per_file",
        },
        "tap-spreadsheets": {"files": [{**sheet, "primary_keys": ["id"]}]},
        "tap-dbf": {"path": str(folder / "dbf" / "*.dbf")},
    }  # fmt: skip
    for name, config in configs.items():
        yield name, run_tap(programs[name], folder, config, None if name == "tap-csv-folder" else "--catalog")
    path = folder / "csv" / "things.csv"
    yield "pipelinewise-tap-s3-csv", of_s3(folder, path)
    entry = {"path": str(path), "stream": "things", "delimiter": ",", "keys": ["id"]}
    yield "tap-csv-extract", run_tap(TOP / ".venv" / "bin" / "tap-csv-extract", folder, {"files": [entry]}, None)


def of_s3(folder: Path, file: Path) -> bytes:
    """Return what the tap of S3 writes of a file in a bucket."""
    program = environment("tap-s3-csv", [FILE_TAPS["tap-s3-csv"]]) / "tap-s3-csv"
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    url = f"http://{host}:{port}"
    try:
        os.environ.update(keys)
        client = boto3.client("s3", endpoint_url=url)
        client.create_bucket(Bucket="bench")
        client.upload_file(str(file), "bench", "things.csv")
        table = {
            "table_name": "things",
            "search_prefix": "",
            "search_pattern": "csv$",
            "key_properties": ["id"],
            "delimiter": ",",
        }
        config = {
            "bucket": "bench", "start_date": "2000-01-01T00:00:00Z", "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing", "aws_endpoint_url": url, "tables": [table],
        }  # fmt: skip
        return run_tap(program, folder, config, "--properties", {**os.environ, **keys, "AWS_ENDPOINT_URL": url})
    finally:
        server.stop()


def of_logs(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the taps write that read the logs of databases: the rounds of `make test-cdc`."""
    for name in LOGS:
        place = folder / name
        place.mkdir()
        yield f"log-{name}", b"".join(one.messages for one in record(name, place).rounds)


SOURCES = {"postgres": of_postgres, "mariadb": of_mariadb, "files": of_files, "logs": of_logs}


def main() -> None:
    """Make the recordings of the sources that are named, or of all."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or SOURCES:
        with tempfile.TemporaryDirectory(prefix="taps-") as folder:
            for tap_name, messages in SOURCES[name](Path(folder)):
                (OUT / f"{tap_name}.singer").write_bytes(messages)
                print(tap_name, f"{len(messages):,} bytes", flush=True)


if __name__ == "__main__":
    main()
