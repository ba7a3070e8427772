"""How a command starts: what a short run does not need is not imported, for imports are most of what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from singer_bulk.model.start_up import hidden

from bench.stub import REDSHIFT, SNOWFLAKE

# Runs the installed command on an empty input, then makes a client of S3, then imports the driver, as a load does.
# Prints the exit status, the packages that are imported after each of the three, and how the cycle collector is.
STEPS = """
import gc, json, sys
from {package}.start import main

def imported():
    return sorted({{name.partition(".")[0] for name in sys.modules}})

found = []
try:
    main()
except SystemExit as end:
    found += [end.code, imported()]
from singer_bulk.stage.s3 import S3Settings, s3_client
s3_client(S3Settings(bucket="b", region="us-east-1", access_key_id="a", secret_access_key="b"))
found.append(imported())
{driver}
found += [imported(), gc.isenabled(), gc.get_freeze_count() > len(gc.get_objects())]
print(json.dumps(found))
"""
DRIVERS = {
    "target_redshift_copy": "import psycopg2",
    "target_snowflake_stage": "from target_snowflake_stage.session import import_connector; import_connector()",
}
CONFIGS = {"target_redshift_copy": REDSHIFT, "target_snowflake_stage": SNOWFLAKE}


@pytest.mark.parametrize("package", DRIVERS)
def test_a_command_imports_what_it_comes_to_need(package: str, tmp_path: Path) -> None:
    """Without a message neither boto3 nor the driver, with files boto3; what libraries can do without, never.

    What is imported before the input is read is no longer searched for cycles; what comes later is.
    """
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIGS[package]))
    steps = STEPS.format(package=package, driver=DRIVERS[package])
    done = subprocess.run(
        [sys.executable, "-c", steps, "--config", str(config)], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    code, empty, with_s3, with_driver, collects, frozen = json.loads(done.stdout)
    assert (code, collects, frozen) == (0, True, True)
    assert {"singer_sdk", "singer_bulk", "joblib"} <= {*empty}
    never = {"numpy", "psutil", "pandas", "pyarrow", "sqlalchemy"}
    drivers = {"psycopg2", "snowflake", "google", "tomlkit", "cryptography"}
    assert (never | drivers | {"boto3", "botocore"}) & {*empty} == set()
    assert (never | drivers | {"boto3"}) & {*with_s3} == {"boto3"}
    assert never & {*with_driver} == set()
    assert drivers & {*with_driver} != set()


def test_hidden_packages_can_be_imported_later() -> None:
    """In the block a package looks as if it were not installed, unless it was there before; behind it, it is there."""
    sys.modules.pop("colorsys", None)
    with hidden(["colorsys", "json"]):
        with pytest.raises(ModuleNotFoundError):
            import colorsys
        assert sys.modules["json"] is json
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
