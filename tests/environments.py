"""Environments of their own for what cannot live in ours: other connectors, Meltano, the other driver generation.

Each is made once, under .envs/ at the top, from the package registry, and is used by all workers.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).parent.parent
FOLDER = TOP / ".envs"
# A process that hangs fails its test; one on a machine that is busy with other things does not.
PATIENCE_SECONDS = 600


def environment(name: str, requirements: Sequence[str]) -> Path:
    """Return the bin folder of the environment `name` with the requirements installed."""
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = FOLDER / f"{name}-{_digest(requirements)}"
        if not (made / ".ready").exists():
            _make(made, requirements)
        return made / "bin"


def environment_of(commit: str, targets: Sequence[str]) -> Path:
    """Return the bin folder of an environment with the targets as they were at a commit of this repository."""
    source = FOLDER / f"at-{commit}"
    if not source.exists():
        source.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], cwd=TOP, check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
    return environment(f"before-{commit}", [str(source / folder) for folder in ("singer-bulk", *targets)])


def uv() -> str:
    """Return the uv that `make setup` found or brought."""
    return shutil.which("uv") or str(TOP / ".uv" / "bin" / "uv")


def _make(folder: Path, requirements: Sequence[str]) -> None:
    variables = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    for command in (
        [uv(), "venv", "--quiet", "--clear", "--python", sys.executable, folder],
        [uv(), "pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements],
    ):
        # Not in our folder: what [tool.uv] leaves out for us is not left out for others.
        subprocess.run(command, check=True, cwd=tempfile.gettempdir(), env=variables)
    (folder / ".ready").touch()


def _digest(requirements: Sequence[str]) -> str:
    text = "\n".join([sys.version, *requirements])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
