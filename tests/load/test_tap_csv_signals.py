"""The tap waits, or meets what nobody foresaw: signals, closed input, devices, and the one door for errors."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BIN
from tests.environments import PATIENCE_SECONDS

TAP = str(BIN / "tap-csv-extract")


def config(tmp_path: Path, *files: dict[str, Any]) -> str:
    (tmp_path / "config.json").write_text(json.dumps({"files": list(files)}))
    return str(tmp_path / "config.json")


def run(*options: str, **more: Any) -> tuple[int, bytes, str]:
    done = subprocess.run([TAP, *options], capture_output=True, check=False, timeout=PATIENCE_SECONDS, **more)
    return done.returncode, done.stdout, done.stderr.decode()


def wait_until_heard(tap: subprocess.Popen[bytes]) -> None:
    """Return when the process has a handler of its own for SIGTERM."""
    while True:
        status = Path(f"/proc/{tap.pid}/status").read_text()
        if int(status.split("SigCgt:")[1].split()[0], 16) >> (signal.SIGTERM - 1) & 1:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            tap.wait(0.05)


@pytest.mark.parametrize("kind", ["stdin", "pipe without writer", "pipe with writer"])
@pytest.mark.parametrize("method", ["FULL_TABLE", "INCREMENTAL"])
def test_signal_while_the_tap_waits(tmp_path: Path, kind: str, method: str) -> None:
    """SIGTERM ends the tap at once, whatever it waits for: a writer, or more of what is written."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    header = {"stream": "s", "header": ["id"], "replication_method": method}
    settings = config(tmp_path, {"path": "-" if kind == "stdin" else str(path), **header, "sample_bytes": 1})
    with subprocess.Popen(
        [TAP, "--config", settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as tap:
        assert tap.stdin is not None
        writer = -1
        if kind == "pipe with writer":
            writer = os.open(path, os.O_WRONLY)  # returns when the tap has opened the other end
            os.write(writer, b"1\n")
        else:
            wait_until_heard(tap)
        tap.send_signal(signal.SIGTERM)
        output, errors = tap.communicate(timeout=PATIENCE_SECONDS)
        if writer >= 0:
            os.close(writer)
    assert tap.returncode == 128 + signal.SIGTERM
    assert b"stopped by signal 15" in errors
    assert b"Traceback" not in errors
    assert b'"currently_syncing"' in output or b'"STATE"' not in output


def test_closed_standard_input(tmp_path: Path) -> None:
    """Standard input that is closed is an error with its name, not a traceback."""
    settings = config(tmp_path, {"path": "-", "stream": "s"})
    status, _, errors = run("--config", settings, preexec_fn=lambda: os.close(0))
    assert status == 1
    assert "ERROR    | tap-csv-extract                | -: cannot be " in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("path", ["/dev/full", "no/such/folder", "/"])
def test_reject_file_that_cannot_be_written(tmp_path: Path, path: str) -> None:
    """A reject file on a full device, or one that is none, stops the run before a STATE covers its rows."""
    (tmp_path / "a.csv").write_text("id|x\n1|2|3\n4|5\n")
    settings = config(tmp_path, {"path": str(tmp_path / "a.csv"), "on_bad_row": "reject", "reject_path": path})
    status, output, errors = run("--config", settings)
    assert status == 1
    assert f"reject_path '{path}': cannot be written: " in errors
    assert "Traceback" not in errors
    assert b'"STATE"' not in output


def test_errors_come_once(tmp_path: Path) -> None:
    """An error is one line; it is not called unhandled before it is handled."""
    (tmp_path / "a.csv").write_text("id|x\n1|2|3\n")
    status, _, errors = run("--config", config(tmp_path, {"path": str(tmp_path / "a.csv")}))
    assert status == 1
    assert errors.count("ERROR") == 1
    assert "unhandled" not in errors


def test_test_succeeds_without_an_error(tmp_path: Path) -> None:
    """--test of a stream that can be read ends with status 0 and no error; of one that cannot, with 1 and its error."""
    (tmp_path / "a.csv").write_text("id|x\n1|2\n3|4\n")
    (tmp_path / "b.csv").write_text("id|x\n1|2|3\n")
    status, _, errors = run("--config", config(tmp_path, {"path": str(tmp_path / "a.csv")}), "--test")
    assert (status, "ERROR" in errors, '"status":"failed"' in errors) == (0, False, False)
    status, _, errors = run("--config", config(tmp_path, {"path": str(tmp_path / "b.csv")}), "--test")
    assert (status, errors.count("ERROR")) == (1, 1)


CATALOG: dict[str, Any] = {"streams": [{"tap_stream_id": "a", "schema": {"properties": {"id": {"type": "string"}}}}]}


@pytest.mark.parametrize(
    "catalog",
    [
        5,
        [],
        {},
        {"streams": 5},
        {"streams": [5]},
        {"streams": [{"tap_stream_id": "a"}]},
        {"streams": [{"tap_stream_id": "a", "schema": {"properties": []}}]},
        {"streams": [{"tap_stream_id": "a", "schema": {"properties": {"id": 5}}}]},
        {"streams": [{"tap_stream_id": "a", "schema": {"properties": {"id": {"type": {}}}}}]},
        {"streams": [{"tap_stream_id": 5, "schema": {"properties": {}}}]},
        {"streams": [{**CATALOG["streams"][0], "metadata": {"a": 1}}]},
        {"streams": [{**CATALOG["streams"][0], "metadata": [{"breadcrumb": 5, "metadata": {}}]}]},
    ],
)
def test_corrupted_catalog(tmp_path: Path, catalog: Any) -> None:
    """A catalog that is none is refused with the place of the mistake."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    settings = config(tmp_path, {"path": str(tmp_path / "a.csv")})
    status, _, errors = run("--config", settings, "--catalog", str(tmp_path / "catalog.json"))
    assert status == 1
    assert "is no catalog: " in errors
    assert "; make it with --discover" in errors
    assert "Traceback" not in errors


def test_what_nobody_foresaw_is_an_error_with_a_place(tmp_path: Path) -> None:
    """An error from the depth says what, where and what to do; the traceback is shown where DEBUG is logged."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    entry = {"path": str(tmp_path / "a.csv")}
    (tmp_path / "config.json").write_text(json.dumps({"files": [entry], "stream_maps": {"a": {"x": "nothing + 1"}}}))
    for level, shown in (("INFO", False), ("DEBUG", True)):
        environment = {**os.environ, "TAP_CSV_EXTRACT_LOGLEVEL": level}
        status, _, errors = run("--config", str(tmp_path / "config.json"), env=environment)
        assert status == 1
        assert "this is not foreseen" in errors
        assert ("Traceback" in errors) is shown
