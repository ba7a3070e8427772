"""Airflow and Dagster run the examples, twice: the second run brings only what is new."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import BIN
from tests.environments import PATIENCE_SECONDS, TOP, environment
from tests.load.loaders import Loader

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
EXAMPLES = TOP / "examples"
AIRFLOW = ["apache-airflow>=3.3,<3.4", "apache-airflow-providers-standard"]
DAGSTER = ["dagster>=1.13,<1.14"]
MORE = "4|Shipped|2020-07-12 08:00:00\n"


@pytest.fixture
def pipeline(loader: Loader, tmp_path: Path) -> dict[str, str]:
    """The variables that name the configurations of tap and target."""
    shutil.copy(TOP / "demo" / "orders.csv", tmp_path / "orders.csv")
    entry = {"path": str(tmp_path / "orders.csv"), "stream": "orders", "keys": ["OrderId"],
             "header": ["OrderId", "OrderStatus", "LastUpdated"], "replication_key": "LastUpdated"}  # fmt: skip
    (tmp_path / "tap.json").write_text(json.dumps({"files": [entry]}))
    (tmp_path / "target.json").write_text(json.dumps({**loader.config, "pipeline_id": "orders"}))
    return {"TAP_CONFIG": str(tmp_path / "tap.json"), "REDSHIFT_CONFIG": str(tmp_path / "target.json")}


def run(command: list[str | Path], folder: Path, variables: Mapping[str, str]) -> str:
    """Run a command with ours on the path; return what it says."""
    path = os.pathsep.join([str(Path(command[0]).parent), str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        env={**os.environ, **variables, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def loaded(loader: Loader) -> int:
    """Return how many orders there are."""
    return int(loader.rows("SELECT count(*) FROM {schema}.orders")[0][0])


@pytest.mark.parametrize("loader", ["redshift"], indirect=True)
def test_airflow(loader: Loader, pipeline: dict[str, str], tmp_path: Path) -> None:
    """`airflow dags test` runs the DAG, and its task succeeds."""
    airflow = environment("airflow", AIRFLOW) / "airflow"
    home = tmp_path / "airflow"
    shutil.copytree(EXAMPLES / "airflow", home / "dags")
    variables = {
        **pipeline, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
    }  # fmt: skip
    run([airflow, "db", "migrate"], tmp_path, variables)
    run([airflow, "dags", "reserialize"], tmp_path, variables)
    for day, count in (("2026-01-01", 3), ("2026-01-02", 4)):
        told = run([airflow, "dags", "test", "orders", day], tmp_path, variables)
        assert "state=success" in told or "SUCCESS" in told.upper()
        assert loaded(loader) == count
        with (tmp_path / "orders.csv").open("a", encoding="utf-8") as file:
            file.write(MORE)


@pytest.mark.parametrize("loader", ["redshift"], indirect=True)
def test_dagster(loader: Loader, pipeline: dict[str, str], tmp_path: Path) -> None:
    """`dagster asset materialize` loads the asset, and its schedule is right."""
    dagster = environment("dagster", DAGSTER) / "dagster"
    (tmp_path / "home").mkdir()
    variables = {**pipeline, "DAGSTER_HOME": str(tmp_path / "home"), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    file = str(EXAMPLES / "dagster" / "orders.py")
    for count in (3, 4):
        told = run([dagster, "asset", "materialize", "--select", "orders", "-f", file], tmp_path, variables)
        assert "RUN_SUCCESS" in told
        assert loaded(loader) == count
        with (tmp_path / "orders.csv").open("a", encoding="utf-8") as opened:
            opened.write(MORE)
    run([dagster, "definitions", "validate", "-f", file], tmp_path, variables)
