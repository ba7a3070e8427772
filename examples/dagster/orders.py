"""The table of orders as a Dagster asset, loaded each hour.

The variables name the configurations: REDSHIFT_CONFIG, TAP_CONFIG; secrets may be references in them.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from dagster import (
    AssetExecutionContext,
    AssetSelection,
    Definitions,
    MaterializeResult,
    RetryPolicy,
    ScheduleDefinition,
    asset,
    define_asset_job,
)


@asset(retry_policy=RetryPolicy(max_retries=2, delay=300))
def orders(context: AssetExecutionContext) -> MaterializeResult:
    """Load what is new; the warehouse says where the pipeline stands, so a retry goes on from there."""
    target = ["target-redshift-copy", "--config", os.environ["REDSHIFT_CONFIG"]]
    state = subprocess.run([*target, "--last-state"], check=True, stdout=subprocess.PIPE).stdout
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "state.json").write_bytes(state)
        tap = ["tap-csv-extract", "--config", os.environ["TAP_CONFIG"], "--state", f"{folder}/state.json"]
        with subprocess.Popen(tap, stdout=subprocess.PIPE) as reading:
            loaded = subprocess.run(target, stdin=reading.stdout, stdout=subprocess.PIPE, check=False)
    if reading.returncode or loaded.returncode:
        raise RuntimeError(f"the tap ended with {reading.returncode}, the target with {loaded.returncode}")
    states = loaded.stdout.decode().splitlines()
    context.log.info("%d loads", len(states))
    return MaterializeResult(metadata={"loads": len(states), "state": states[-1] if states else state.decode()})


hourly = ScheduleDefinition(
    job=define_asset_job("load_orders", AssetSelection.assets(orders)), cron_schedule="0 * * * *"
)
defs = Definitions(assets=[orders], schedules=[hourly])
