"""The newest pre-release of the Singer SDK: what it takes away is noticed before it is released."""

from __future__ import annotations

import subprocess

import pytest

from tests.environments import TOP, environment

pytestmark = pytest.mark.long
PACKAGES = ("singer-bulk", "target-redshift-copy", "target-snowflake-stage", "tap-csv-extract")


@pytest.mark.parametrize("command", ["target-redshift-copy", "target-snowflake-stage", "tap-csv-extract"])
def test_command_starts_with_the_next_sdk(command: str) -> None:
    """Each command starts and says what it can do."""
    ours = [word for package in PACKAGES for word in ("--editable", str(TOP / package))]
    found = environment("sdk-next", ["singer-sdk>=0.55.0b1", *ours])
    told = subprocess.run([found / command, "--about"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    assert "Capabilities" in told.stdout
