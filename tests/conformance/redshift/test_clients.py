"""Drivers by other hands: each connects, creates, loads and selects against the same server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conformance.redshift.conftest import Config, Stage
from tests.environments import environment

REQUIREMENTS = [
    "psycopg[binary]>=3.2",
    "psycopg2-binary>=2.9.10",
    "redshift-connector>=2.1",
    "sqlalchemy>=2.0,<2.1",
    "sqlalchemy-redshift>=0.8.14",
]
DRIVERS = ["psycopg", "redshift_connector", "redshift+psycopg2", "redshift+redshift_connector"]


@pytest.mark.timeout(300)  # the first run installs the drivers
@pytest.mark.parametrize("driver", DRIVERS)
def test_driver(redshift_config: Config, stage: Stage, driver: str) -> None:
    """psycopg 3, redshift_connector and SQLAlchemy over both drivers give the same rows."""
    table = f"{redshift_config['default_target_schema']}.t"
    copy = f"COPY {table} (id, name, amount, doc) FROM '{stage.put('1|eins|1.5|[1.10]')}' {stage.role}"
    python = environment("redshift-clients", REQUIREMENTS) / "python"
    done = subprocess.run(
        [python, Path(__file__).with_name("client_session.py")],
        input=json.dumps({"driver": driver, "config": redshift_config, "copy": copy}).encode(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert json.loads(done.stdout) == [[1, "eins", "1.50", "[1.10]"], [2, "zwei", "2.50", '{"b":[1]}']]
