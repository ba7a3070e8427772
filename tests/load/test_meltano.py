"""Real `meltano run` pipelines with the meltano.yml of this repository, against the stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.environments import environment, uv
from tests.load.loaders import Loader

TOP = Path(__file__).parent.parent.parent
MEMBERS = ("singer-bulk", "target-redshift-copy", "target-snowflake-stage", "tap-csv-extract", "local-warehouse")
# Meltano installs by uv or by virtualenv and pip: the pip_url must serve both.
BACK_ENDS = {"target-redshift-copy": "uv", "target-snowflake-stage": "virtualenv"}
ADDED_LATER = "4|Shipped|2020-07-12 08:00:00\n"


def run_meltano(project: Path, *arguments: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Meltano in the project, with the uv of this repository on its path."""
    meltano = environment("meltano", ["meltano>=4.4"])
    path = os.pathsep.join([str(meltano), str(Path(uv()).parent), os.environ["PATH"]])
    return subprocess.run(
        [meltano / "meltano", *arguments],
        cwd=project, capture_output=True, text=True, check=False, timeout=400,
        env={**os.environ, **variables, "PATH": path},
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Meltano project with our meltano.yml and packages, and a file of orders that may grow."""
    for file in ("meltano.yml", "pyproject.toml"):
        shutil.copy(TOP / file, tmp_path)
    for member in MEMBERS:
        shutil.copytree(TOP / member, tmp_path / member)
    shutil.copytree(TOP / "demo", tmp_path / "demo")
    return tmp_path


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("meltano")
def test_meltano_run_continues_from_its_state(loader: Loader, project: Path) -> None:
    """`meltano run` loads the orders; a second run continues from Meltano's state and adds only what is new."""
    prefix = loader.command.upper().replace("-", "_")
    variables = {f"{prefix}_{name.upper()}": str(value) for name, value in loader.config.items()}
    variables |= {"MELTANO_CLI_LOG_LEVEL": "warning", "MELTANO_VENV_BACKEND": BACK_ENDS[loader.command]}
    installed = run_meltano(project, "install", "tap-csv-extract", loader.command, variables=variables)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    for rows in (3, 4):
        done = run_meltano(project, "run", "tap-csv-extract", loader.command, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(rows,)]
        with (project / "demo" / "orders.csv").open("a", encoding="utf-8") as file:
            file.write(ADDED_LATER)
