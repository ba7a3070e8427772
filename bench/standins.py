"""How fast are the stand-ins?  `python -m bench.standins [ROWS]`

1,000,000 rows of 100 bytes in four gzip files through COPY in each warehouse, and the round trip of a
small statement. Writes one JSON line per figure to standard output.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import boto3
import psycopg2
import snowflake.connector
from local_warehouse.supervisor import StandIns

FILES = 4
COLUMNS = "id BIGINT, status VARCHAR(20), amount DECIMAL(12, 2), changed TIMESTAMP, note VARCHAR(100)"


def rows(first: int, count: int) -> bytes:
    """`count` lines of exactly 100 bytes, as the targets write them."""
    lines = []
    for number in range(first, first + count):
        start = f'{number}|"Shipped"|{number % 99999}.{number % 100:02}|2020-06-{number % 28 + 1:02} 12:00:00|"'
        lines.append(start + "x" * (98 - len(start)) + '"\n')
    return "".join(lines).encode()


def put_files(config: dict[str, Any], row_count: int) -> int:
    """Stage the files; their size in bytes before compression."""
    s3 = boto3.client(
        "s3",
        endpoint_url=config["s3_endpoint_url"],
        region_name=config["s3_region"],
        aws_access_key_id=config["aws_access_key_id"],
        aws_secret_access_key=config["aws_secret_access_key"],
    )
    size_bytes = 0
    for file in range(FILES):
        body = rows(file * row_count // FILES, row_count // FILES)
        size_bytes += len(body)
        s3.put_object(
            Bucket=config["s3_bucket"], Key=f"singer/bench/{file}.csv.gz", Body=gzip.compress(body, compresslevel=1)
        )
    return size_bytes


def redshift(config: dict[str, Any]) -> tuple[Any, Callable[[str], Any], str]:
    connection = psycopg2.connect(
        dbname=config["database"], **{name: config[name] for name in ("host", "port", "user", "password", "sslmode")}
    )
    connection.autocommit = True
    cursor = connection.cursor()
    copy = (
        f"COPY bench FROM 's3://{config['s3_bucket']}/singer/bench/' IAM_ROLE '{config['iam_role']}' "
        "FORMAT AS CSV DELIMITER AS '|' GZIP COMPUPDATE OFF STATUPDATE OFF"
    )

    def run(statement: str) -> Any:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None

    return connection, run, copy


def snowflake_(config: dict[str, Any]) -> tuple[Any, Callable[[str], Any], str]:
    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    connection = snowflake.connector.connect(
        **{name: config[name] for name in names}, enable_server_session_keep_alive_auto_detection=True
    )
    cursor = connection.cursor()
    cursor.execute("CREATE SCHEMA IF NOT EXISTS BENCH")
    cursor.execute("USE SCHEMA BENCH")
    cursor.execute(
        f"CREATE STAGE BENCH URL = 's3://{config['s3_bucket']}/singer/bench/' "
        f"STORAGE_INTEGRATION = {config['storage_integration']}"
    )
    copy = (
        "COPY INTO bench FROM @BENCH FILE_FORMAT = (TYPE = CSV FIELD_DELIMITER = '|' COMPRESSION = GZIP "
        "FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE)"
    )
    return connection, lambda statement: cursor.execute(statement).fetchall(), copy


def measure(name: str, run: Callable[[str], Any], copy: str, row_count: int, size_bytes: int) -> None:
    run(f"CREATE TABLE bench ({COLUMNS})")
    begun = time.perf_counter()
    run(copy)
    seconds = time.perf_counter() - begun
    loaded = run("SELECT count(*) FROM bench")[0][0]
    assert loaded == row_count, f"{name}: {loaded} of {row_count} rows arrived"
    trips = []
    for _ in range(200):
        begun = time.perf_counter()
        run(f"SELECT {len(trips)} + 1")
        trips.append((time.perf_counter() - begun) * 1000)
    figures = {
        "warehouse": name,
        "rows": row_count,
        "bytes": size_bytes,
        "copy_seconds": round(seconds, 2),
        "rows_per_second": round(row_count / seconds),
        "round_trip_ms": round(statistics.median(trips), 2),
    }
    print(json.dumps(figures), flush=True)


def main(row_count: int = 1_000_000) -> None:
    begun = time.perf_counter()
    with StandIns() as stand_ins:
        print(json.dumps({"start_seconds": round(time.perf_counter() - begun, 2)}), flush=True)
        size_bytes = put_files(stand_ins.configs["redshift"], row_count)
        for name, connect in (("redshift", redshift), ("snowflake", snowflake_)):
            connection, run, copy = connect(stand_ins.configs[name])
            with closing(connection):
                measure(name, run, copy, row_count, size_bytes)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
