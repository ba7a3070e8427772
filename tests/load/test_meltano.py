"""Real `meltano run` pipelines with the meltano.yml of this repository, against the stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.environments import PATIENCE_SECONDS, environment, uv
from tests.load.loaders import Loader

pytestmark = pytest.mark.long

TOP = Path(__file__).parent.parent.parent
MEMBERS = ("singer-bulk", "target-redshift-copy", "target-snowflake-stage", "tap-csv-extract", "local-warehouse")
# Meltano installs by uv or by virtualenv and pip: the pip_url must serve both.
BACK_ENDS = {"target-redshift-copy": "uv", "target-snowflake-stage": "virtualenv"}
ADDED_LATER = "4|Shipped|2020-07-12 08:00:00\n"


# What is interrupted: many STATEs, and a load for each.
MANY_ROWS, STATE_EVERY_ROWS = 40_000, 2_000


def meltano_command(*arguments: str, variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return a command line and its environment, with the uv of this repository on the path."""
    meltano = environment("meltano", ["meltano>=4.4"])
    path = os.pathsep.join([str(meltano), str(Path(uv()).parent), os.environ["PATH"]])
    return [str(meltano / "meltano"), *arguments], {**os.environ, **variables, "PATH": path}


def run_meltano(project: Path, *arguments: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Meltano in the project."""
    command, env = meltano_command(*arguments, variables=variables)
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, env=env
    )


def interrupt_meltano(
    project: Path, *arguments: str, variables: Mapping[str, str], when: Callable[[], bool]
) -> tuple[int, str]:
    """Run Meltano as the foreground of a terminal, press Ctrl-C when it is time; return its status and output."""
    command, env = meltano_command(*arguments, variables=variables)
    with (project / "output").open("w+") as output, subprocess.Popen(
        command, cwd=project, stdout=output, stderr=subprocess.STDOUT, env=env, start_new_session=True,
        # As a terminal starts it, also where whoever started the tests ignores the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # type: ignore[func-returns-value]
    ) as process:  # fmt: skip
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not when() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
        output.seek(0)
        return process.returncode, output.read()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Meltano project with our meltano.yml and packages, and a file of orders that may grow."""
    for file in ("meltano.yml", "pyproject.toml"):
        shutil.copy(TOP / file, tmp_path)
    for member in MEMBERS:
        shutil.copytree(TOP / member, tmp_path / member)
    for folder in ("demo", "plugins"):
        shutil.copytree(TOP / folder, tmp_path / folder)
    return tmp_path


def installed(loader: Loader, project: Path, **settings: Any) -> dict[str, str]:
    """Install tap and target; return the variables that configure them."""
    prefix = loader.command.upper().replace("-", "_")
    variables = {f"{prefix}_{name.upper()}": str(value) for name, value in {**loader.config, **settings}.items()}
    variables |= {"MELTANO_CLI_LOG_LEVEL": "warning", "MELTANO_VENV_BACKEND": BACK_ENDS[loader.command]}
    done = run_meltano(project, "install", "tap-csv-extract", loader.command, variables=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return variables


def many_orders(project: Path, status: str, method: str) -> str:
    """Write a file that takes some seconds to load; return the tap's setting for it."""
    path = project / "demo" / f"{status}.csv"
    path.write_text("".join(f"{number}|{status}|2020-07-12 08:00:00\n" for number in range(MANY_ROWS)))
    entry = {"path": str(path), "stream": "orders", "keys": ["OrderId"], "state_every_rows": STATE_EVERY_ROWS}
    header = ["OrderId", "OrderStatus", "LastUpdated"]
    return json.dumps([{**entry, "header": header, "replication_method": method}])


# One target is enough for what Meltano does: its plugins take a minute to install. Both targets meet signals to the
# group in test_pipeline_ends.
@pytest.mark.xdist_group("meltano")
@pytest.mark.parametrize("loader", ["redshift"], indirect=True)
def test_ctrl_c_under_meltano_run(loader: Loader, project: Path) -> None:
    """Ctrl-C in the middle of `meltano run`: the next run brings each row once; a full load changes nothing.

    By upsert: Meltano, which has had the Ctrl-C too, no longer keeps the STATE of a load that ends after it, so its
    next run sends those rows again, and append-only has them twice.
    """
    variables = installed(loader, project, batch_size_rows=STATE_EVERY_ROWS, load_method="upsert")
    variables["TAP_CSV_EXTRACT_FILES"] = many_orders(project, "Shipped", "INCREMENTAL")
    run = ("run", "tap-csv-extract", loader.command)

    def loaded() -> int:
        return int(loader.rows("SELECT count(*) FROM {schema}.orders")[0][0]) if loader.table_exists("orders") else 0

    status, output = interrupt_meltano(project, *run, variables=variables, when=lambda: loaded() > 0)
    assert status != 0, output
    assert 0 < loaded() < MANY_ROWS
    done = run_meltano(project, *run, variables=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    shipped = loader.rows("SELECT count(*), count(DISTINCT orderid), min(orderstatus) FROM {schema}.orders")
    assert shipped == [(MANY_ROWS, MANY_ROWS, "Shipped")]

    variables["TAP_CSV_EXTRACT_FILES"] = many_orders(project, "Backordered", "FULL_TABLE")
    variables[f"{loader.command.upper().replace('-', '_')}_LOAD_METHOD"] = "overwrite"
    status, output = interrupt_meltano(
        project, *run, "--full-refresh", variables=variables, when=lambda: bool(loader.staged_keys())
    )
    assert status != 0, output
    assert loader.rows("SELECT count(*), count(DISTINCT orderid), min(orderstatus) FROM {schema}.orders") == shipped


@pytest.mark.xdist_group("meltano")
def test_meltano_run_continues_from_its_state(loader: Loader, project: Path) -> None:
    """`meltano run` loads the orders; a second run continues from Meltano's state and adds only what is new."""
    variables = installed(loader, project)
    for rows in (3, 4):
        done = run_meltano(project, "run", "tap-csv-extract", loader.command, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(rows,)]
        with (project / "demo" / "orders.csv").open("a", encoding="utf-8") as file:
            file.write(ADDED_LATER)
