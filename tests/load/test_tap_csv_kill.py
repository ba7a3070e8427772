"""The tap as a process: killed, stopped, and with a reader that goes away."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BIN

FILES, ROWS = 4, 30_000


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some files whose rows are numbered throughout, and the tap's configuration."""
    folder = tmp_path_factory.mktemp("kill")
    for file in range(FILES):
        rows = (f"insert|{file * ROWS + row}|2020-06-01 12:00:{row % 60:02d}\n" for row in range(ROWS))
        (folder / f"{file}.csv").write_text("".join(rows))
    entry = {
        "path": str(folder / "*.csv"), "stream": "s", "header": ["id", "at"], "operation": "op",
        "state_every_rows": 3000,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({"files": [entry]}))
    return folder


def command(source: Path, state: Path | None) -> list[str]:
    options = ["--state", str(state)] if state else []
    return [str(BIN / "tap-csv-extract"), "--config", str(source / "config.json"), *options]


def covered(output: bytes) -> tuple[list[int], dict[str, Any] | None]:
    """The rows up to the last STATE, as a target would have committed them, and that STATE."""
    # What is behind the last STATE ends inside a line: a target does not take it for the end.
    assert output.endswith(b"\n") is (b'{"type":"STATE"' in output[output.rstrip().rfind(b"\n") + 1 :]) or not output
    whole = output[: output.rfind(b"\n") + 1].splitlines()
    rows: list[int] = []
    done, state = 0, None
    for line in whole:
        message = json.loads(line)
        if message["type"] == "RECORD":
            rows.append(message["record"]["id"])
        elif message["type"] == "STATE":
            done, state = len(rows), message["value"]
    return rows[:done], state


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_killed_at_a_random_moment(source: Path, tmp_path: Path, seed: int) -> None:
    """However often the tap is killed, the rows covered by STATEs are those of the files, each once and in order."""
    dice, found, state_file = random.Random(seed), [], None
    for _ in range(100):
        with subprocess.Popen(command(source, state_file), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
            assert tap.stdout is not None
            output = tap.stdout.read(dice.randrange(1, 12_000_000))
            tap.kill()
            output += tap.stdout.read()
        rows, state = covered(output)
        found += rows
        if state is not None:
            state_file = tmp_path / "state.json"
            state_file.write_text(json.dumps(state))
        if len(found) >= FILES * ROWS:
            break
    assert found == list(range(FILES * ROWS))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_by_a_signal(source: Path, tmp_path: Path, number: int, status: int) -> None:
    """A signal ends the run between two blocks, after a STATE, with a status that is not 0; nothing is lost."""
    with subprocess.Popen(command(source, None), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tap:
        assert tap.stdout is not None
        assert tap.stderr is not None
        output = tap.stdout.read(500_000)
        tap.send_signal(number)
        output += tap.stdout.read()
        errors = tap.stderr.read().decode()
    assert tap.returncode == status
    assert "Traceback" not in errors
    assert output.endswith(b"\n")
    assert json.loads(output.splitlines()[-1])["type"] == "STATE"
    rows, state = covered(output)
    assert 0 < len(rows) < FILES * ROWS
    (tmp_path / "state.json").write_text(json.dumps(state))
    rest = subprocess.run(command(source, tmp_path / "state.json"), capture_output=True, check=True)
    assert rows + covered(rest.stdout)[0] == list(range(FILES * ROWS))


@pytest.mark.parametrize("method", ["FULL_TABLE", "INCREMENTAL"])
def test_output_of_a_run_that_fails(source: Path, tmp_path: Path, method: str) -> None:
    """A full extract that fails ends inside a line, so that no target replaces a table by it; others end with STATE."""
    for rows in (0, ROWS):
        (tmp_path / "a.csv").write_bytes((source / "0.csv").read_bytes()[: rows * 20] + b"\nbad\n")
        entry = {"path": str(tmp_path / "a.csv"), "header": ["op", "id", "at"], "replication_method": method,
                 "types": {"id": "string", "at": "string"}, "state_every_rows": 1000}  # fmt: skip
        (tmp_path / "config.json").write_text(json.dumps({"files": [entry]}))
        done = subprocess.run(command(tmp_path, None), capture_output=True, check=False)
        assert done.returncode == 1
        last = done.stdout.splitlines()[-1]
        if method == "INCREMENTAL":
            assert json.loads(last)["type"] == ("STATE" if rows else "SCHEMA")
        else:
            with pytest.raises(json.JSONDecodeError):
                json.loads(last)


def test_reader_that_goes_away(source: Path) -> None:
    """A target that dies ends the tap with one line and status 1."""
    reading, writing = os.pipe()
    with subprocess.Popen(command(source, None), stdout=writing, stderr=subprocess.PIPE) as tap:
        os.close(writing)
        os.read(reading, 1000)
        os.close(reading)
        assert tap.stderr is not None
        errors = tap.stderr.read().decode()
    assert tap.returncode == 1
    assert "Traceback" not in errors
    assert "closed the pipe" in errors


def test_error_is_a_line(source: Path, tmp_path: Path) -> None:
    """A bad row ends the tap with status 1 and one line that names file, line, column, value and remedy."""
    (tmp_path / "a.csv").write_text("id|v\n1|2\nx|3\n")
    config = {"files": [{"path": str(tmp_path / "a.csv"), "types": {"id": "integer"}}]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    for options in ([], ["--test"]):
        done = subprocess.run(
            [BIN / "tap-csv-extract", "--config", tmp_path / "config.json", *options], capture_output=True, check=False
        )
        errors = done.stderr.decode()
        assert done.returncode == 1
        assert "Traceback" not in errors
        assert f"{tmp_path}/a.csv, line 3, column 'id': 'x' is no integer; declare the column in 'types'" in errors


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
def test_files_that_are_no_json(source: Path, tmp_path: Path, option: str) -> None:
    """A configuration, state or catalog that is no JSON is named, without a traceback."""
    (tmp_path / "bad.json").write_text("{bad")
    config = [] if option == "--config" else ["--config", source / "config.json"]
    for path, reason in ((tmp_path / "bad.json", "is no JSON"), (tmp_path / "none.json", "No such file")):
        done = subprocess.run([BIN / "tap-csv-extract", *config, option, path], capture_output=True, check=False)
        assert done.returncode in (1, 2)
        assert done.stdout == b""
        assert b"Traceback" not in done.stderr
        assert f"{path}".encode() in done.stderr
        assert reason.encode() in done.stderr


def test_a_file_that_arrives_during_a_run(source: Path, tmp_path: Path) -> None:
    """A file that arrives, or grows, while the tap runs is sent by that run or the next, once."""
    for number in range(2):
        (tmp_path / f"{number}.csv").write_bytes((source / f"{number}.csv").read_bytes())
    config = json.loads((source / "config.json").read_text())
    config["files"][0]["path"] = str(tmp_path / "*.csv")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with subprocess.Popen(command(tmp_path, None), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
        assert tap.stdout is not None
        output = tap.stdout.read(100_000)
        (tmp_path / "0a.csv").write_bytes((source / "2.csv").read_bytes())
        with (tmp_path / "1.csv").open("ab") as growing:
            growing.write(b"insert|-1|2020-06-01 12:00:00\n")
        output += tap.stdout.read()
    rows, state = covered(output)
    (tmp_path / "state.json").write_text(json.dumps(state))
    rest = subprocess.run(command(tmp_path, tmp_path / "state.json"), capture_output=True, check=True)
    rows += covered(rest.stdout)[0]
    assert sorted(rows) == [-1, *range(3 * ROWS)]
