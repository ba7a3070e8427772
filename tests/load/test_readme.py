"""Every command of the README and of the first pages is run, with their own configurations, against the stand-ins."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BIN
from tests.fakes import lines, record, schema, state

TOP = Path(__file__).parent.parent.parent
# In the order in which they are read. What is no block of `sh` on the second one is for a terminal of one's own.
PAGES = ("README.md", "docs/start/stand-ins.md", "docs/start/account.md")
TEXT = "".join((TOP / page).read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [body for language, body in BLOCKS if language == "sh"]
MESSAGES = '{"type"'
CONFIGURATIONS = [json.loads(body) for language, body in BLOCKS if language == "json" and not body.startswith(MESSAGES)]

TAP, REDSHIFT, SNOWFLAKE = (
    next(config for config in CONFIGURATIONS if name in config) for name in ("files", "host", "account")
)
# The commands that are run elsewhere, and where.
ELSEWHERE = {
    "make test": "this suite",
}


def command(begin: str) -> str:
    """Return the one command that begins so, whatever is set before it."""
    (found,) = [body for body in COMMANDS if _begins(body, begin)]
    return found


def _begins(body: str, begin: str) -> bool:
    return body.removeprefix("set -o pipefail\n").startswith(begin)


def run(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the text in a shell, as a reader of the README would, with our commands on the path."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **variables, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the README's commands expect to find."""
    shutil.copytree(TOP / "demo", tmp_path / "demo")
    (tmp_path / "tap.json").write_text(json.dumps(TAP))
    return tmp_path


def with_stand_in(config: dict[str, Any], stand_in: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration of the README, its values replaced by those of the stand-in, none added to it but keys."""
    ours = {name: stand_in[name] for name in config if name in stand_in}
    needed = (
        "port",
        "sslmode",
        "protocol",
        "s3_endpoint_url",
        "aws_access_key_id",
        "aws_secret_access_key",
        "create_schema",
    )
    connection = {name: stand_in[name] for name in (*needed, "host") if name in stand_in}
    return {**config, **ours, **connection}


def test_every_command_is_run() -> None:
    """A command that is added to these pages needs a test."""
    begins = [
        "make demo", "python3 -m venv", "target-redshift-copy --config redshift.json",
        "target-snowflake-stage --config snowflake.json", "target-redshift-copy --about",
        "local-warehouse exec", *ELSEWHERE,
    ]  # fmt: skip
    assert [[begin for begin in begins if _begins(body, begin)] for body in COMMANDS] == [
        [begin] for body in COMMANDS for begin in begins if _begins(body, begin)
    ]
    assert len(COMMANDS) == len(begins)


def test_demo_shows_the_three_changes_in_both_warehouses() -> None:
    """`make demo` shows insert, update and delete as rows with the operation as a column, twice."""
    told = run(command("make demo"), TOP).stdout
    for row in (
        "insert|1|Backordered|2020-06-01 12:00:00",
        "update|1|Shipped|2020-06-09 12:00:25",
        "delete|1|Shipped|2020-06-10 09:05:12",
    ):
        assert told.count(f"    {row}\n") >= 4, told  # in the file and in the table, in each warehouse
    assert "    9|Cancelled" in told.partition("Today's full extract")[0]
    assert "COPY INTO" in told


def loaded_twice(text: str, folder: Path, connection: Any, table: str, **variables: str) -> None:
    """Run the commands twice, and assert that the second time brings nothing again; then a new row alone."""
    orders = folder / "demo" / "orders.csv"
    rows = len(orders.read_text().splitlines())
    for more in ("", "", "7|Shipped|2020-07-12 10:00:00\n"):
        orders.write_text(orders.read_text() + more)
        run(text, folder, **variables)
        rows += bool(more)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*), count(DISTINCT orderid) FROM {table}")
            assert tuple(cursor.fetchall()[0]) == (rows, rows)
    assert "replication_key_value" in (folder / "state.json").read_text()


@pytest.mark.timeout(300)
def test_first_configuration_of_redshift(
    folder: Path, redshift_config: dict[str, Any], redshift_connection: Any
) -> None:
    """The commands with redshift.json load the orders, and run again only what is new."""
    config = with_stand_in(REDSHIFT, redshift_config)
    (folder / "redshift.json").write_text(json.dumps(config))
    text = command("target-redshift-copy --config redshift.json")
    password = redshift_config["password"]
    table = f"{config['default_target_schema']}.orders"
    loaded_twice(text, folder, redshift_connection, table, TARGET_REDSHIFT_COPY_PASSWORD=password)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_first_configuration_of_snowflake(
    folder: Path, snowflake_config: dict[str, Any], snowflake_connection: Any
) -> None:
    """The commands with snowflake.json do likewise; here with the stand-in's password."""
    config = with_stand_in(SNOWFLAKE, snowflake_config)
    del config["private_key_path"]
    config["password"] = snowflake_config["password"]
    (folder / "snowflake.json").write_text(json.dumps(config))
    text = command("target-snowflake-stage --config snowflake.json")
    loaded_twice(text, folder, snowflake_connection, f"{config['default_target_schema']}.orders")


def test_about_lists_the_settings(folder: Path) -> None:
    """`--about` shows the settings as text, markdown and JSON."""
    told = run(command("target-redshift-copy --about"), folder).stdout
    assert "s3_bucket" in told


@pytest.mark.long
def test_install_into_an_environment(tmp_path: Path) -> None:
    """pip installs the connectors from a clone, and they start."""
    for member in ("singer-bulk", "target-redshift-copy", "target-snowflake-stage", "tap-csv-extract"):
        shutil.copytree(TOP / member, tmp_path / member)
    run(command("python3 -m venv"), tmp_path)
    for name in ("target-redshift-copy", "target-snowflake-stage", "tap-csv-extract"):
        assert "v0." in run(f"loaders/bin/{name} --version", tmp_path).stdout


def test_exec_beside_the_stand_ins(tmp_path: Path) -> None:
    """`local-warehouse exec` gives a target its configuration and leaves its output alone."""
    (tmp_path / "messages.singer").write_text(lines(schema(), record(id=1), state({"done": 1})))
    done = run(command("local-warehouse exec"), tmp_path)
    assert json.loads(done.stdout) == {"done": 1}
