"""A load with secrets by reference: none of them is in what the command, S3 and the warehouse show or keep.

The table of all places is in tests/leaks/test_leaks.py.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import BIN, Warehouses
from tests.environments import PATIENCE_SECONDS
from tests.fakes import record, schema, state
from tests.load.loaders import Loader

SENSITIVE = ("password", "aws_access_key_id", "aws_secret_access_key")


def processes(first: int) -> Iterator[int]:
    """Yield a process and those that it has started."""
    yield first
    for task in Path(f"/proc/{first}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from processes(int(child))


def test_a_load_leaks_nothing(loader: Loader, warehouses: Warehouses, tmp_path: Path) -> None:
    """COPY reads by the keys, the log is at DEBUG, staged files are kept: the places are looked at while it runs."""
    canaries = {name: str(loader.config[name]) for name in SENSITIVE}
    held, left = tmp_path / "held", tmp_path / "left"
    for folder in (held, left):
        folder.mkdir()
    for name, text in canaries.items():
        (held / name).write_text(f"{text}\n")
    config: dict[str, Any] = {**loader.config, "keep_staged_files": True, "batch_size_rows": 1}
    config.update({name: f"file:{held / name}" for name in canaries})
    for name in ("iam_role", "storage_integration"):
        config.pop(name, None)
    (tmp_path / "config.json").write_text(json.dumps(config))
    prefix = loader.command.upper().replace("-", "_")
    variables = {"HOME": str(left), "TMPDIR": str(left), f"{prefix}_LOGLEVEL": "DEBUG"}
    messages = "".join(json.dumps(one) + "\n" for one in (schema(), record(id=1), state(1)))
    places: dict[str, str] = {}
    with (
        open(tmp_path / "log", "w+b") as log,
        subprocess.Popen(
            [BIN / loader.command, "--config", tmp_path / "config.json"],
            cwd=left,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(messages.encode())
        process.stdin.flush()
        select.select([process.stdout], [], [], PATIENCE_SECONDS)  # the STATE, so there is a load by now
        for number in processes(process.pid):
            for what in ("cmdline", "environ"):
                places[f"{what} of {number}"] = Path(f"/proc/{number}/{what}").read_bytes().decode("latin-1")
        process.stdin.close()
        places["standard output"] = process.stdout.read().decode()
        status = process.wait(PATIENCE_SECONDS)
    places["log"] = (tmp_path / "log").read_text()
    assert status == 0, places["log"]
    for key in loader.staged_keys():
        places[f"object {key}"] = key + loader.s3.body(key).decode("latin-1")
    places["ledger"] = str(loader.rows("SELECT * FROM {schema}._singer_loads"))
    for file in (file for file in left.rglob("*") if file.is_file()):
        places[f"file {file}"] = str(file) + file.read_bytes().decode("latin-1")
        assert file.stat().st_mode & 0o077 == 0, file
    for file in (warehouses.start().path / "log").iterdir():
        places[f"log of the stand-in {file.name}"] = file.read_text(errors="replace")
    assert any(place.startswith("object ") for place in places)
    leaks = [(place, name) for place, text in places.items() for name, secret in canaries.items() if secret in text]
    assert leaks == []
