"""What only the stand-in has: faults on demand, its life as a process, and what survives a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_warehouse import faults
from local_warehouse.directory import admin_socket
from snowflake.connector.errors import Error

from tests.conformance.snowflake.conftest import Db, connect
from tests.conftest import S3, Warehouses
from tests.environments import PATIENCE_SECONDS


class Process:
    """The stand-in as a child process, by the contract of the supervisor."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.child = subprocess.Popen(
            [sys.executable, "-m", "local_warehouse.snowflake"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(settings["dir"]).parent,
        )
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps(settings).encode() + b"\n")
        self.child.stdin.flush()
        ready = json.loads(self.child.stdout.readline())
        self.config = {**settings, "host": ready["host"], "port": ready["port"], "protocol": "http"}

    def db(self, **more: Any) -> Db:
        return Db(connect(self.config, **more))

    def wait(self) -> int:
        status = self.child.wait(PATIENCE_SECONDS)
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.close()
        self.child.stdout.close()
        return status

    def end(self) -> int:
        """End of input: the supervisor is gone."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        return self.wait()


@pytest.fixture
def settings(tmp_path: Path, s3: S3) -> dict[str, Any]:
    service = s3.facts["keys"]["service"]
    return {
        "dir": str(tmp_path / "sf"), "region": s3.facts["region"], "s3_endpoint_url": s3.facts["endpoint_url"],
        "service_access_key_id": service["access_key_id"], "service_secret_access_key": service["secret_access_key"],
        "account": "local", "user": "LOADER", "password": "secret-Passw0rd", "role": "LOADER", "warehouse": "WH",
        "database": "DEMO", "schema": "PUBLIC", "admin_socket": None, "users": [],
        "integrations": [
            {
                "name": "LOCAL_S3",
                "role_arn": s3.facts["roles"]["snowflake-stage"],
                "allowed_locations": [f"s3://{s3.bucket}/"],
            }
        ],
    }  # fmt: skip


def test_tables_stages_formats_and_load_metadata_survive_a_kill(settings, s3, schema_name):
    """After kill -9 the next start has the rows, the objects and the load metadata; a temporary table is gone."""
    first = Process(settings)
    db = first.db()
    key = f"{schema_name}/a.csv"
    s3.client().put_object(Bucket=s3.bucket, Key=key, Body=b"1|x\n")
    db.run("CREATE FILE FORMAT F TYPE = CSV FIELD_DELIMITER = '|'")
    db.run(
        f"CREATE STAGE ST URL = 's3://{s3.bucket}/{schema_name}/' STORAGE_INTEGRATION = LOCAL_S3 "
        "FILE_FORMAT = (FORMAT_NAME = F)"
    )
    db.run("CREATE TABLE T (A INT COMMENT 'key', \"b\" VARCHAR(3))")
    db.run("COPY INTO T FROM @ST")
    db.run("CREATE VIEW V AS SELECT A FROM T")
    db.run("CREATE TEMPORARY TABLE TT AS SELECT * FROM T")
    db.run("ALTER TABLE T RENAME TO T2")
    db.run("BEGIN")
    db.run("DELETE FROM T2")
    os.kill(first.child.pid, signal.SIGKILL)
    first.wait()
    second = Process(settings)
    db = second.db()
    assert db.run("SELECT * FROM T2") == [(1, "x")]
    assert db.value("COPY INTO T2 FROM @ST") == "Copy executed with 0 files processed."
    assert [row["comment"] for row in db.records("DESC TABLE T2")] == ["key", None]
    db.run("ALTER TABLE T2 RENAME TO T")
    assert db.value("SELECT A FROM V") == 1
    db.fails("SELECT * FROM TT", 2003)
    db.close()
    assert second.end() == 0


def test_the_process_starts_fast_and_leaves_only_its_database(settings, s3):
    """It serves within the start budget, ends with its input or SIGTERM, and no secret is in its arguments."""
    begin = time.monotonic()
    process = Process(settings)
    assert time.monotonic() - begin < 10  # usually below one second; a busy machine gets more
    arguments = Path(f"/proc/{process.child.pid}/cmdline").read_bytes()
    assert settings["password"].encode() not in arguments
    process.db().close()
    process.child.terminate()
    assert process.wait() == 0
    assert [path.name for path in Path(settings["dir"]).iterdir()] == ["snowflake.duckdb"]


@pytest.fixture
def order(warehouses: Warehouses) -> Iterator[Any]:
    """Order a fault of the running Snowflake stand-in."""
    path = admin_socket(warehouses.start("snowflake").path, "snowflake")

    def one(**fields: Any) -> None:
        faults.send(path, {"do": "fault", **fields})

    yield one
    faults.send(path, {"do": "clear"})


@pytest.fixture
def t(db: Db, config: dict[str, Any]) -> str:
    """A table with a name that no other test has, so that a fault can be aimed at it."""
    name = f"T_{config['default_target_schema']}"
    db.run(f"CREATE TABLE {name} (A INT)")
    return name


def test_error_before_and_after_a_statement(db, t, order):
    """The n-th matching statement fails before or after it took effect."""
    order(action="error", match=f"INSERT INTO {t}", at=2, message="no luck")
    db.run(f"INSERT INTO {t} VALUES (1)")
    assert "no luck" in db.fails(f"INSERT INTO {t} VALUES (2)")
    order(action="error", match=f"INSERT INTO {t}", when="after")
    db.fails(f"INSERT INTO {t} VALUES (3)")
    assert db.run(f"SELECT A FROM {t} ORDER BY A") == [(1,), (3,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cut_request_is_repeated_and_runs_once(db, t, order, when):
    """The connector repeats a request whose connection was cut; the statement takes effect once."""
    order(action="cut", match=f"INSERT INTO {t}", when=when)
    assert db.records(f"INSERT INTO {t} VALUES (1)") == [{"number of rows inserted": 1}]
    assert db.run(f"SELECT A FROM {t}") == [(1,)]


def test_a_statement_waits_too_long_for_a_lock_by_order(db, t, order):
    """The n-th matching statement fails as one that another transaction's lock has kept waiting: 000625."""
    order(action="conflict", match=f"INSERT INTO {t}")
    assert "lock timeout" in db.fails(f"INSERT INTO {t} VALUES (1)", 625)
    assert db.run(f"SELECT A FROM {t}") == []


def test_a_statement_hangs_until_the_fault_is_cleared(db, t, order, warehouses):
    """A hanging statement goes on when the fault is cleared."""
    order(action="hang", match=f"INSERT INTO {t}")
    thread = threading.Thread(target=db.run, args=(f"INSERT INTO {t} VALUES (1)",))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    faults.send(admin_socket(warehouses.start("snowflake").path, "snowflake"), {"do": "clear"})
    thread.join(20)
    assert db.run(f"SELECT A FROM {t}") == [(1,)]


def test_a_fault_inside_a_transaction_leaves_it_open(db, t, order):
    """A statement that fails by order is like any other that fails: the rest of the transaction stays."""
    order(action="error", match=f"VALUES \\(2\\) /\\* {t}")
    db.run("BEGIN")
    db.run(f"INSERT INTO {t} VALUES (1)")
    db.fails(f"INSERT INTO {t} VALUES (2) /* {t} */")
    db.run("COMMIT")
    assert db.run(f"SELECT A FROM {t}") == [(1,)]


def test_s3_faults_reach_the_copy(db, stage, fault):
    """What S3 answers to the stand-in is told as the failure of the stage."""
    db.run("CREATE TABLE T (A INT)")
    url = stage.put("a.csv", "1\n")
    fault("s3", action="error", match=f"^s3 GET .*{stage.prefix}", times=50)
    with pytest.raises(Error, match="Failure using stage area"):
        stage.copy("T")
    assert url.startswith("s3://")
    assert db.value("SELECT COUNT(*) FROM T") == 0
