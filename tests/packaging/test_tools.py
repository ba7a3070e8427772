"""Commands as tools, each in an environment of its own: uv tool install, uvx, pipx; from a local index or files."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.environments import environment, uv
from tests.package_metadata import declared
from tests.packaging.local_index import local_index
from tests.packaging.test_install import build

pytestmark = pytest.mark.long
VERSION = declared()["version"]
PACKAGES = ("target-redshift-copy", "target-snowflake-stage", "tap-csv-extract")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all wheels and source distributions."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def index(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local index of them."""
    return local_index(built, tmp_path_factory.mktemp("simple"))


def run(command: Sequence[str | Path], **variables: str) -> str:
    """Run a command outside of the checkout; return what it prints."""
    done = subprocess.run(
        command, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False,
        env={**os.environ, **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_uv_tool_install(index: Path, tmp_path: Path, package: str) -> None:
    """`uv tool install --index FOLDER name==version` brings the command, ours from the folder alone."""
    folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    run([uv(), "tool", "install", "--index", str(index), f"{package}=={VERSION}"], **folders)
    assert VERSION in run([tmp_path / "bin" / package, "--version"])


@pytest.mark.parametrize("package", PACKAGES)
def test_uvx(index: Path, tmp_path: Path, package: str) -> None:
    """`uvx --index FOLDER name@version --version` runs it without installing it."""
    told = run([uv(), "tool", "run", "--index", str(index), f"{package}@{VERSION}", "--version"])
    assert VERSION in told


def test_pipx(built: Path, tmp_path: Path) -> None:
    """`pipx install FILE`, with the library's file beside it for a target."""
    pipx = environment("pipx", ["pipx>=1.7"]) / "pipx"
    folders = {
        "PIPX_HOME": str(tmp_path / "home"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_DEFAULT_BACKEND": "pip",
    }
    (tap,), (library,) = built.glob("tap_csv_extract-*.whl"), built.glob("singer_bulk-*.whl")
    (target,) = built.glob("target_redshift_copy-*.whl")
    run([pipx, "install", str(tap)], **folders)
    run([pipx, "install", "--preinstall", str(library), str(target)], **folders)
    for package in ("tap-csv-extract", "target-redshift-copy"):
        assert VERSION in run([tmp_path / "bin" / package, "--version"])
