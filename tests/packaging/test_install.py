"""The packages as a user gets them: built, installed without a checkout into a clean environment, and used for a load.

`python -m tests.packaging.test_install` prints the table of docs/packages.md. Wheels and source distributions are built
once; every environment is given the files themselves, so that no name of ours is looked for on an index.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from local_warehouse.supervisor import StandIns

from tests.environments import TOP, uv
from tests.package_metadata import declared

pytestmark = pytest.mark.long
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
COMMANDS = {
    "tap-csv-extract": ["tap_csv_extract"],
    "target-redshift-copy": ["target_redshift_copy", "singer_bulk"],
    "target-snowflake-stage": ["target_snowflake_stage", "singer_bulk"],
    "local-warehouse": ["local_warehouse"],
}
WAREHOUSES = {"target-redshift-copy": "redshift", "target-snowflake-stage": "snowflake"}
MESSAGES = (
    {"type": "SCHEMA", "stream": "installed", "key_properties": ["id"],
     "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    {"type": "RECORD", "stream": "installed", "record": {"id": 1}},
    {"type": "STATE", "value": {"installed": 1}},
)  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """An environment with one package and what it needs."""

    folder: Path
    seconds: float

    @property
    def packages(self) -> int:
        """How many distributions it has."""
        return len([*self.folder.glob("lib/python*/site-packages/*.dist-info")])

    @property
    def megabytes(self) -> float:
        """How much is in it, on disk."""
        return sum(path.lstat().st_size for path in self.folder.rglob("*") if path.is_file()) / 1e6

    def run(self, command: str, *arguments: str, sent: str = "") -> str:
        """Return what the command prints."""
        done = subprocess.run(
            [self.folder / "bin" / command, *arguments],
            input=sent, capture_output=True, text=True, check=False, cwd=tempfile.gettempdir(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


def build(folder: Path) -> Path:
    """Build all packages as wheels, each from its source distribution."""
    subprocess.run([uv(), "build", "--quiet", "--all-packages", "--out-dir", folder], cwd=TOP, check=True)
    return folder


@cache
def pythons() -> dict[str, str]:
    """Return those of PYTHONS that this machine has: those that uv finds, and those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    places = [os.environ["PATH"], *(str(folder) for folder in sorted(pyenv.glob("versions/3.*/bin")))]
    found = {}
    for version in PYTHONS:
        done = subprocess.run(
            [uv(), "python", "find", "--no-project", "--no-python-downloads", version],
            capture_output=True, text=True, check=False, cwd=tempfile.gettempdir(),
            env={**os.environ, "PATH": os.pathsep.join(places)},
        )  # fmt: skip
        if done.returncode == 0:
            found[version] = done.stdout.strip()
    return found


def install(wheels: Path, command: str, version: str, folder: Path) -> Installed:
    """Install the wheel of a command and those of ours that it needs, as a clean environment does."""
    began = time.monotonic()
    files = [next(wheels.glob(f"{package}-*.whl")) for package in COMMANDS[command]]
    for step in (
        [uv(), "venv", "--quiet", "--no-project", "--no-python-downloads", "--python", pythons()[version], folder],
        [uv(), "pip", "install", "--quiet", "--python", folder / "bin" / "python", *files],
    ):
        subprocess.run(step, check=True, cwd=tempfile.gettempdir())
    return Installed(folder, time.monotonic() - began)


def load(installed: Installed, command: str, stand_ins: StandIns) -> str:
    """Load one record, and return what comes out."""
    own = {"s3_key_prefix": "installed", "default_target_schema": "installed"}
    settings = {**stand_ins.configs[WAREHOUSES[command]], **own}
    path = installed.folder / "config.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({**settings, "create_schema": True}))
    sent = "".join(json.dumps(message) + "\n" for message in MESSAGES)
    return installed.run(command, "--config", str(path), sent=sent)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all wheels and source distributions."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[StandIns]:
    """Both warehouses."""
    with StandIns() as running:
        yield running


def test_every_package_is_built_both_ways(wheels: Path) -> None:
    """Five wheels and five source distributions, each with the licence, the types and no file of the tests."""
    version = declared()["version"]
    for name in declared()["keywords"]:
        stem = f"{name.replace('-', '_')}-{version}"
        assert (wheels / f"{stem}.tar.gz").exists()
        (wheel,) = wheels.glob(f"{stem}-*.whl")
        listed = subprocess.run(["unzip", "-Z1", wheel], capture_output=True, text=True, check=True).stdout.split()
        assert f"{stem}.dist-info/licenses/LICENSE" in listed
        assert f"{name.replace('-', '_')}/py.typed" in listed
        assert not [path for path in listed if path.startswith(("tests/", "docs/"))]


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("command", COMMANDS)
def test_command_installs_alone_and_loads(
    wheels: Path, stand_ins: StandIns, tmp_path: Path, command: str, version: str
) -> None:
    """In a clean environment of each Python at hand a command says its version, and a target loads a record."""
    if version not in pythons():
        pytest.skip(f"no Python {version} on this machine")
    installed = install(wheels, command, version, tmp_path / "environment")
    if command != "local-warehouse":
        assert declared()["version"] in installed.run(command, "--version")
    if command in WAREHOUSES:
        assert load(installed, command, stand_ins) == '{"installed": 1}\n'


def main() -> None:
    """Print the table."""
    print("| command | Python | packages | MB | seconds to install | load |\n|---|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as folder, StandIns() as running:
        wheels = build(Path(folder) / "built")
        for command in COMMANDS:
            for version in pythons():
                made = install(wheels, command, version, Path(folder) / "environment")
                loaded = load(made, command, running).strip() if command in WAREHOUSES else ""
                row = f"{made.packages} | {made.megabytes:.0f} | {made.seconds:.0f} | {loaded and 'one record'}"
                print(f"| {command} | {version} | {row} |", flush=True)
                shutil.rmtree(made.folder)


if __name__ == "__main__":
    sys.exit(main())
