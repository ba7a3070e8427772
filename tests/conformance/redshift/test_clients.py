"""Clients by other hands: each connects, creates, loads and selects against the same server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.redshift.conftest import Config, Db, Stage, connect
from tests.environments import PATIENCE_SECONDS, environment

pytestmark = pytest.mark.long

REQUIREMENTS = [
    "psycopg[binary]>=3.2",
    "psycopg2-binary>=2.9.10",
    "redshift-connector>=2.1",
    "sqlalchemy>=2.0,<2.1",
    "sqlalchemy-redshift>=0.8.14",
]
DRIVERS = ["psycopg", "redshift_connector", "redshift+psycopg2", "redshift+redshift_connector"]
# From dbt-core 1.12 on its parser is not on the registry.
DBT = ["dbt-redshift>=1.9", "dbt-core>=1.9,<1.12"]
DBT_MODELS = {
    "kept": "{{ config(materialized='table') }} SELECT 7 AS n, 'x'::VARCHAR(5) AS v",
    "late": "{{ config(materialized='view', bind=False) }} SELECT * FROM {{ ref('kept') }}",
}
ROWS = [[1, "eins", "1.50", "[1.10]"], [2, "zwei", "2.50", '{"b":[1]}']]


def client(script_input: dict[str, Any]) -> Any:
    """What client_session.py says in the environment of the drivers."""
    python = environment("redshift-clients", REQUIREMENTS) / "python"
    done = subprocess.run(
        [python, Path(__file__).with_name("client_session.py")],
        input=json.dumps(script_input).encode(),
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("driver", DRIVERS)
def test_driver(redshift_config: Config, stage: Stage, driver: str) -> None:
    """psycopg 3, redshift_connector and SQLAlchemy over both drivers give the same rows."""
    table = f"{redshift_config['default_target_schema']}.t"
    copy = f"COPY {table} (id, name, amount, doc) FROM '{stage.put('1|eins|1.5|[1.10]')}' {stage.role}"
    assert client({"driver": driver, "config": redshift_config, "copy": copy}) == ROWS


@pytest.mark.parametrize("driver", ["redshift+psycopg2", "redshift+redshift_connector"])
def test_reflection(redshift_config: Config, driver: str) -> None:
    """sqlalchemy-redshift sees what it made: tables, views, columns, keys, the layout; and drops one of them."""
    assert client({"driver": driver, "config": redshift_config, "reflect": True}) == {
        "tables": ["p", "q"],
        "views": ["bound", "late"],
        "absent": False,
        "columns": [
            "id BIGINT False",
            "n VARCHAR(10) False",
            "pid BIGINT True",
            "amount NUMERIC(8, 2) True",
            "at TIMESTAMP True",
        ],
        "late": ["n VARCHAR(10)"],
        "key": ["id"],
        "references": ["p"],
        "unique": [["n"]],
        "distkey": "id",
        "loaded": ["id"],
        "left": ["p"],
    }


@pytest.mark.skipif(shutil.which("psql") is None, reason="this machine has no psql")
def test_psql(redshift_config: Config, stage: Stage) -> None:
    """psql of PostgreSQL connects with TLS, creates, loads, selects and lists the table."""
    schema = redshift_config["default_target_schema"]
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "database"}
    account = {variable: str(redshift_config[name]) for variable, name in names.items()}
    script = f"""
        CREATE SCHEMA {schema};
        CREATE TABLE {schema}.t (id BIGINT, name VARCHAR(10), amount DECIMAL(8,2), doc SUPER);
        COPY {schema}.t FROM '{stage.put("1|eins|1.5|[1.10]")}' {stage.role};
        INSERT INTO {schema}.t VALUES (2, 'zwei', 2.5, JSON_PARSE('{{"b": [1]}}'));
        SELECT * FROM {schema}.t ORDER BY id;
        \\dt {schema}.*
    """
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"],
        input=script.encode(),
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, **account, "PGSSLMODE": "require"},
    )
    assert done.returncode == 0, done.stderr.decode()
    listed = f"{schema}|t|table|{redshift_config['user']}"
    assert done.stdout.decode().splitlines() == [*("|".join(map(str, row)) for row in ROWS), listed]
    assert "1 record(s) loaded successfully" in done.stderr.decode()


def test_dbt(redshift_config: Config, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """dbt-redshift's connection test passes; with --dbt-run a table and a late-binding view over it are made, twice."""
    commands = ["debug", "run", "run"] if pytestconfig.getoption("--dbt-run") else ["debug"]
    output = {name: redshift_config[name] for name in ("host", "port", "user", "password")}
    output |= {"type": "redshift", "dbname": redshift_config["database"], "threads": 1, "sslmode": "disable"}
    output["schema"] = redshift_config["default_target_schema"]
    (tmp_path / "profiles.yml").write_text(json.dumps({"p": {"target": "t", "outputs": {"t": output}}}))
    project = {"name": "p", "profile": "p", "flags": {"send_anonymous_usage_stats": False}}
    (tmp_path / "dbt_project.yml").write_text(json.dumps(project))
    (tmp_path / "models").mkdir()
    for name, sql in DBT_MODELS.items():
        (tmp_path / "models" / f"{name}.sql").write_text(sql)
    done = subprocess.run(
        [environment("dbt-redshift", DBT) / "python", Path(__file__).with_name("dbt_session.py"), *commands],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    assert "All checks passed" in done.stdout.decode()
    if "run" in commands:
        db = Db(connect(redshift_config))
        assert db.run(f"SELECT n, v FROM {output['schema']}.late") == [(7, "x")]
        db.connection.close()
