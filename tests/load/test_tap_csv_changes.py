"""A file that changes while the tap reads it: the tap's output waits in the pipe meanwhile, so no clock is needed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BIN

ROWS = [f"{number}|status {number}|2020-06-01 12:00:{number % 60:02d}\n" for number in range(70_000)]
TEXT = "".join(ROWS).encode()
HALF = len("".join(ROWS[:35_000]))


def run_while(path: Path, method: str, change: Callable[[], Any]) -> tuple[int, list[bytes], str]:
    """Run the tap, change the file when its first record is out, and give back status, lines and errors."""
    entry = {
        "path": str(path), "stream": "s", "header": ["id", "status", "at"], "replication_method": method,
        "state_every_rows": 5000,
    }  # fmt: skip
    config = path.with_name("config.json")
    config.write_text(json.dumps({"files": [entry]}))
    with subprocess.Popen(
        [str(BIN / "tap-csv-extract"), "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as tap:
        assert tap.stdout is not None
        head = [tap.stdout.readline(), tap.stdout.readline()]
        assert b'"RECORD"' in head[1]
        change()
        output, errors = tap.communicate()
    return tap.returncode, [*head, *output.splitlines(keepends=True)], errors.decode()


def append(path: Path, data: bytes) -> None:
    """Write behind the end of the file."""
    with path.open("ab") as file:
        file.write(data)


def rewrite(path: Path, data: bytes) -> None:
    """Write over the file, in place."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def swap(path: Path, data: bytes) -> None:
    """Put another file in its place."""
    path.with_name("new").write_bytes(data)
    path.with_name("new").rename(path)


CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut to half": (lambda path: os.truncate(path, HALF), "was cut"),
    "cut to nothing": (lambda path: os.truncate(path, 0), "was cut"),
    "written over": (lambda path: rewrite(path, TEXT.replace(b"status", b"STATUS")), "was written over"),
}
OF_FULL_EXTRACTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "grown": (lambda path: append(path, b"-1|new|2020-06-01 12:00:00\n"), "grew"),
    "replaced": (lambda path: swap(path, TEXT), "was replaced or removed"),
    "removed": (lambda path: path.unlink(), "was replaced or removed"),
}


@pytest.mark.parametrize("change", [*CHANGES, *OF_FULL_EXTRACTS])
def test_full_extract_of_a_file_that_changes_is_broken_off(tmp_path: Path, change: str) -> None:
    """Whatever happens to the file, no STATE calls the stream whole, the output ends inside a line, and the error says
    what happened."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    act, expected = (CHANGES | OF_FULL_EXTRACTS)[change]
    status, lines, errors = run_while(path, "FULL_TABLE", lambda: act(path))
    assert status == 1
    assert f"a.csv: {expected} while it was read" in errors
    assert not lines[-1].endswith(b"\n")
    states = [json.loads(line)["value"] for line in lines[:-1] if line.startswith(b'{"type":"STATE"')]
    assert all(state["currently_syncing"] == "s" for state in states)


@pytest.mark.parametrize("change", CHANGES)
def test_change_files_stop_at_bytes_that_are_no_longer_there(tmp_path: Path, change: str) -> None:
    """An incremental extract stops with a STATE that does not call the file done; every record is of the old file."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    act, expected = CHANGES[change]
    status, lines, errors = run_while(path, "INCREMENTAL", lambda: act(path))
    assert status == 1
    assert f"a.csv: {expected} while it was read" in errors
    messages = [json.loads(line) for line in lines]
    assert messages[-1]["type"] == "STATE"
    assert not messages[-1]["value"]["bookmarks"]["s"]["files"][str(path)]["done"]
    got = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert all(record["status"] == f"status {record['id']}" for record in got)


@pytest.mark.parametrize("packed", [False, True])
def test_file_that_grows_is_read_on(tmp_path: Path, packed: bool) -> None:
    """An incremental extract of a file that grows, or has another put in its place, sends each row that it met once."""
    path = tmp_path / "a.csv"
    pack = gzip.compress if packed else bytes
    path.write_bytes(pack(TEXT))
    for act in (lambda: append(path, pack(b"-1|new|2020-06-01 12:00:00\n")), lambda: swap(path, pack(TEXT))):
        status, lines, errors = run_while(path, "INCREMENTAL", act)
        assert (status, "ERROR" in errors) == (0, False)
        got = [json.loads(line)["record"]["id"] for line in lines if line.startswith(b'{"type":"RECORD"')]
        assert got[:70_000] == list(range(70_000))
        assert set(got[70_000:]) <= {-1}


def test_touched_file_is_the_same(tmp_path: Path) -> None:
    """Other times, permissions or links alone do not stop a full extract: its bytes are compared."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)

    def touch() -> None:
        os.utime(path, ns=(1, 1))
        path.chmod(0o600)
        os.link(path, tmp_path / "link")

    status, lines, _ = run_while(path, "FULL_TABLE", touch)
    assert status == 0
    assert sum(line.startswith(b'{"type":"RECORD"') for line in lines) == 70_000


def test_archive_that_changes(tmp_path: Path) -> None:
    """A zip archive is watched as a whole."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", TEXT)
    status, lines, errors = run_while(path, "FULL_TABLE", lambda: append(path, b"more"))
    assert status == 1
    assert "a.zip!a.csv: grew while it was read" in errors
    assert not lines[-1].endswith(b"\n")
