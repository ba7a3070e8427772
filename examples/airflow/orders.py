"""Load the orders each hour: an Airflow DAG of one task.

The variables of the worker name the configurations: REDSHIFT_CONFIG, TAP_CONFIG; secrets may be references in them.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# The warehouse says where the pipeline stands, so a retry goes on from there; by pipefail a tap that fails is noticed.
LOAD = """
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
target-redshift-copy --config "$REDSHIFT_CONFIG" --last-state > "$folder/state.json"
tap-csv-extract --config "$TAP_CONFIG" --state "$folder/state.json" | target-redshift-copy --config "$REDSHIFT_CONFIG"
"""

with DAG(
    "orders",
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5), "execution_timeout": timedelta(hours=2)},
):
    # A time-out and a stop send SIGTERM to the group: nothing uncommitted stays, and the next run goes on.
    BashOperator(task_id="load", bash_command=LOAD, append_env=True)
