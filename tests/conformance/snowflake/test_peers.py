"""Loaders by other hands: what they send is answered here as Snowflake would, or refused by name."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.snowflake.conftest import Config, Db, Stage, access
from tests.environments import PATIENCE_SECONDS, environment

pytestmark = pytest.mark.long

# It names a release of the connector that wants NumPy 1.
PIPELINEWISE = ["pipelinewise-target-snowflake==2.3.0", "numpy<2"]
MELTANOLABS = ["--prerelease=allow", "meltanolabs-target-snowflake==0.20.4"]
# Neither takes a host: they would go to <account>.snowflakecomputing.com.
START = """
import functools, json, sys, snowflake.connector as connector
at = json.loads(sys.argv.pop(1))
real = connector.connect
connector.connect = lambda *a, **k: real(*a, **{**k, **at})
connector.Connect = connector.connect
"""
STREAM = "public-orders"


def schema(**more: Any) -> dict[str, Any]:
    properties = {
        "id": {"type": ["integer"]},
        "name": {"type": ["null", "string"]},
        "amount": {"type": ["null", "number"]},
        "at": {"type": ["null", "string"], "format": "date-time"},
        "inside": {"type": ["null", "object"]},
        **more,
    }
    return {
        "type": "SCHEMA",
        "stream": STREAM,
        "key_properties": ["id"],
        "schema": {"type": "object", "properties": properties},
    }


def record(**values: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": STREAM, "record": values}


def run(python: Path, start: str, config: Config, told: Config, tmp_path: Path, *messages: Any) -> Any:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(told))
    at = json.dumps({name: config[name] for name in ("host", "port", "protocol")})
    return subprocess.run(
        [python, "-W", "ignore", "-c", START + start, at, "--config", file],
        input="".join(json.dumps(message) + "\n" for message in messages),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "AWS_ENDPOINT_URL": config["s3_endpoint_url"], "AWS_DEFAULT_REGION": config["s3_region"]},
    )


def test_pipelinewise_target_snowflake(config: Config, db: Db, stage: Stage, tmp_path: Path) -> None:
    """Two runs through its external stage insert, update by key and add a column. '' becomes NULL by its own doing."""
    home = db.value("SELECT CURRENT_SCHEMA()")
    db.run(f"CREATE STAGE PW URL='s3://{config['s3_bucket']}/' {access(config)}")
    db.run("CREATE FILE FORMAT FF TYPE = CSV ESCAPE = '\\\\' FIELD_OPTIONALLY_ENCLOSED_BY = '\"'")
    names = ("account", "user", "password", "role", "warehouse", "s3_bucket", "s3_endpoint_url")
    told = {name: config[name] for name in (*names, "aws_access_key_id", "aws_secret_access_key")}
    told |= {"dbname": config["database"], "default_target_schema": home, "stage": f"{home}.PW"}
    told |= {"file_format": f"{home}.FF", "s3_key_prefix": f"{stage.prefix}/", "parallelism": 1}
    python = environment("pipelinewise-snowflake", PIPELINEWISE) / "python"
    start = "import target_snowflake; target_snowflake.main()"
    first = [
        schema(),
        record(id=1, name='a "q" , b\\|\n', amount=1.5, at="2020-01-01T01:02:03.123456+00:00", inside={"k": [1, "x"]}),
        record(id=2, name="x"),
        {"type": "STATE", "value": {"n": 1}},
    ]
    second = [
        schema(new={"type": ["null", "string"]}),
        record(id=2, name="y", amount=2, new="n"),
        record(id=3, name=""),
    ]
    for messages in (first, second):
        done = run(python, start, config, told, tmp_path, *messages)
        assert done.returncode == 0, done.stderr[-3000:]
    rows = db.run("SELECT ID, NAME, AMOUNT, TO_VARCHAR(AT), INSIDE:k[1]::VARCHAR, NEW FROM ORDERS ORDER BY ID")
    assert rows == [
        (1, 'a "q" , b\\|\n', 1.5, "2020-01-01 01:02:03.123", "x", None),
        (2, "y", 2.0, None, None, "n"),
        (3, None, None, None, None, None),
    ]
    assert [row["column_name"] for row in db.records("SHOW PRIMARY KEYS IN TABLE ORDERS")] == ["ID"]


def test_meltanolabs_target_snowflake_is_refused_by_name(config: Config, db: Db, tmp_path: Path) -> None:
    """AUTOINCREMENT, PUT into an internal stage, JSON files: not built here."""
    names = ("account", "user", "password", "role", "warehouse", "database")
    told = {name: config[name] for name in names} | {"default_target_schema": db.value("SELECT CURRENT_SCHEMA()")}
    python = environment("meltanolabs-snowflake", MELTANOLABS) / "python"
    messages = (schema(), record(id=1, name="x"), {"type": "STATE", "value": {"n": 1}})
    start = "from target_snowflake.target import TargetSnowflake; TargetSnowflake.cli()"
    done = run(python, start, config, told, tmp_path, *messages)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert "Unsupported feature 'column option AUTOINCREMENT'" in done.stderr, done.stderr[-3000:]
