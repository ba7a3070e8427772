"""dbt-redshift builds models on the views of the present and of the history that a load leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.redshift.test_clients import DBT
from tests.environments import PATIENCE_SECONDS, TOP, environment
from tests.fakes import lines, state
from tests.load.loaders import Loader

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
SESSION = TOP / "tests" / "conformance" / "redshift" / "dbt_session.py"
SCHEMA = {
    "type": "SCHEMA", "stream": "orders", "key_properties": ["OrderId"],
    "schema": {"properties": {"operation": {"type": "string"}, "OrderId": {"type": "integer"},
                              "OrderStatus": {"type": "string"},
                              "LastUpdated": {"type": "string", "format": "date-time"}}},
}  # fmt: skip


def event(operation: str, number: int, status: str, moment: str) -> dict[str, object]:
    """Return a RECORD of the change feed."""
    row = {"operation": operation, "OrderId": number, "OrderStatus": status, "LastUpdated": moment}
    return {"type": "RECORD", "stream": "orders", "record": row}


@pytest.mark.parametrize("loader", ["redshift"], indirect=True)
def test_models_on_the_views_of_a_load(loader: Loader, tmp_path: Path) -> None:
    """`dbt build` reads orders__current and orders__history as sources; its tables are right."""
    settings = {"add_record_metadata": True, "current_view": True,
                "cdc": {"preset": "book", "time_column": "LastUpdated"}}  # fmt: skip
    sent = [
        SCHEMA,
        event("insert", 1, "Backordered", "2020-06-01T12:00:00Z"),
        event("update", 1, "Shipped", "2020-06-02T00:00:00Z"),
        event("insert", 2, "Shipped", "2020-06-03T00:00:00Z"),
        event("insert", 3, "Backordered", "2020-06-03T00:00:00Z"),
        event("delete", 3, "Backordered", "2020-06-04T00:00:00Z"),
        state(1),
    ]
    done = loader.load(*lines(*sent).splitlines(), **settings)
    assert done.status == 0, done.stderr
    project = shutil.copytree(TOP / "examples" / "dbt", tmp_path / "dbt")
    config = loader.config
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "DATABASE": "database"}
    variables = {f"REDSHIFT_{variable}": str(config[name]) for variable, name in names.items()}
    variables |= {"REDSHIFT_SCHEMA": config["default_target_schema"], "REDSHIFT_SSLMODE": "disable"}
    ran = subprocess.run(
        [environment("dbt-redshift", DBT) / "python", SESSION, "run", "run"],
        cwd=project, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        env={**os.environ, **variables},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert loader.rows("SELECT orderstatus, order_count FROM {schema}.orders_by_status") == [("Shipped", 2)]
    hours = loader.rows("SELECT orderid, orderstatus, hours FROM {schema}.hours_in_status ORDER BY orderid")
    assert json.loads(json.dumps(hours)) == [[1, "Backordered", 12], [3, "Backordered", 24]]
