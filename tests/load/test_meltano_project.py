"""A new Meltano project that adds the plugins from the hub's definitions and from built wheels, and uses them.

With UPDATE_DOCS=1 what was said and answered is written into docs/start/meltano.md.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.environments import PATIENCE_SECONDS, TOP, uv
from tests.hub import HUB, VARIANT
from tests.load.loaders import Loader
from tests.load.test_meltano import ADDED_LATER, meltano_command

pytestmark = pytest.mark.long

PAGE = TOP / "docs" / "start" / "meltano.md"
MARKED = re.compile(r"(<!-- transcript -->\n).*(<!-- end of transcript -->\n)", re.DOTALL)
WHEELS = {"tap-csv": ("tap_csv_extract",), "target-redshift": ("singer_bulk", "target_redshift_copy")}
MOST_LINES = 12


@dataclass
class Terminal:
    """Runs Meltano in a project and keeps what was said, without what is only so on this machine."""

    project: Path
    hidden: dict[str, str]
    told: list[str] = field(default_factory=list)

    def run(self, text: str, *, shown: int = MOST_LINES) -> str:
        """Run a command line of Meltano; return its standard output. shown: so many lines of it go into the page."""
        words = [word.replace("$HUB", str(TOP / HUB)) for word in shlex.split(text)]
        command, env = meltano_command(*words, variables={"MELTANO_CLI_LOG_LEVEL": "warning", "NO_COLOR": "1"})
        done = subprocess.run(
            command, cwd=self.project, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, env=env
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer = self._cleaned(done.stdout)
        lines = answer.splitlines()
        more = [".."] if len(lines) > shown else []
        self.told.append("\n".join([f"$ meltano {self._cleaned(text)}", *lines[:shown], *more]))
        return done.stdout

    def note(self, text: str) -> None:
        """Say what was done by hand."""
        self.told.append(f"# {text}")

    def _cleaned(self, text: str) -> str:
        for said, instead in self.hidden.items():
            text = text.replace(said, instead)
        text = re.sub(r"(http://<host>:)\d+", r"\1<port>", text)
        return re.sub(r"\n{2,}", "\n", re.sub(r"\x1b\[[0-9;]*m", "", text)).strip()


@pytest.mark.xdist_group("meltano")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("loader", ["redshift"], indirect=True)
def test_new_project(loader: Loader, tmp_path: Path) -> None:
    """add, install, config, invoke --about, test, run twice, an environment, a job, a schedule."""
    wheels, project = tmp_path / "wheels", tmp_path / "project"
    subprocess.run([uv(), "build", "--quiet", "--all-packages", "--wheel", "--out-dir", wheels], cwd=TOP, check=True)
    config = {name: value for name, value in loader.config.items() if value is not None}
    hidden = {str(config[name]): f"<{name}>" for name in config if name.endswith(("key", "password", "key_id", "host"))}
    hidden |= {loader.config["default_target_schema"]: "analytics", f": {config['port']},": ": 5439,"}
    hidden |= {str(project): "~/project", str(wheels): "~/wheels", str(TOP): "~/singer-warehouse", str(tmp_path): "~"}
    first = Terminal(tmp_path, hidden)
    first.run("init project --no-usage-stats", shown=0)
    terminal = Terminal(project, hidden, first.told)
    shutil.copy(TOP / "demo" / "orders.csv", project / "orders.csv")
    for name, kind in {"tap-csv": "extractors", "target-redshift": "loaders"}.items():
        definition = f"$HUB/meltano/{kind}/{name}/{VARIANT}.yml"
        terminal.run(f"add --no-install --plugin-type {kind} {name} --variant {VARIANT} --from-ref {definition}")
    terminal.note("pip_url in meltano.yml: the wheels, instead of names that are not on the public index yet")
    _name_wheels(project, wheels)
    terminal.run("install", shown=0)
    for name in WHEELS:
        assert "Capabilities" in terminal.run(f"invoke {name} --about", shown=6)
    terminal.note("dev and prod are the environments of a new project")
    entry = {"path": "orders.csv", "stream": "orders", "keys": ["OrderId"], "replication_key": "LastUpdated",
             "header": ["OrderId", "OrderStatus", "LastUpdated"]}  # fmt: skip
    terminal.run(f"--environment=dev config set tap-csv files {shlex.quote(json.dumps([entry]))}")
    for setting in sorted(config):
        kept = len(terminal.told)
        value = config[setting] if isinstance(config[setting], str) else json.dumps(config[setting])
        terminal.run(f"--environment=dev config set target-redshift {setting} {shlex.quote(value)}")
        if setting not in ("host", "password", "s3_bucket", "default_target_schema"):
            del terminal.told[kept:]
    assert "password" in terminal.run("--environment=dev config print target-redshift", shown=40)
    assert config["password"] not in (project / "meltano.yml").read_text()
    terminal.run("--environment=dev config test tap-csv")
    for count in (3, 4):
        terminal.run("--environment=dev run tap-csv target-redshift")
        assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(count,)]
        with (project / "orders.csv").open("a", encoding="utf-8") as file:
            file.write(ADDED_LATER)
        terminal.note(f"{count} rows in the table; a line is added to orders.csv")
    terminal.run("--environment=dev state list")
    terminal.run("job add orders --tasks 'tap-csv target-redshift'")
    terminal.run("schedule add daily-orders --job orders --interval '@daily'")
    terminal.run("--environment=dev run orders")
    # What the Airflow extension reads to make a DAG of each schedule.
    listed = json.loads(terminal.run("--environment=dev schedule list --format json", shown=40))
    (schedule,) = listed["schedules"]["job"]
    assert (schedule["name"], schedule["interval"], schedule["job"]["tasks"]) == (
        "daily-orders", "@daily", ["tap-csv target-redshift"],
    )  # fmt: skip
    terminal.run("environment list")
    _write("\n".join(terminal.told))


def _name_wheels(project: Path, wheels: Path) -> None:
    path = project / "meltano.yml"
    content = yaml.safe_load(path.read_text())
    for plugins in content["plugins"].values():
        for plugin in plugins:
            files = [next(wheels.glob(f"{package}-*.whl")) for package in WHEELS[plugin["name"]]]
            plugin["pip_url"] = " ".join(map(str, files))
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def _write(told: str) -> None:
    assert MARKED.search(PAGE.read_text(encoding="utf-8"))
    if os.environ.get("UPDATE_DOCS"):
        text = PAGE.read_text(encoding="utf-8")
        shown = f"```text\n{told}\n```\n"
        PAGE.write_text(MARKED.sub(lambda marks: marks[1] + shown + marks[2], text), encoding="utf-8")
