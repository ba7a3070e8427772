"""What `--state` takes, and what it refuses."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.errors import ConfigError, TapError
from tap_csv_extract.state import read_state

from tests.unit.tap_run import last_state, records, run_tap

FIRST, LAST = {"bookmarks": {"s": {"a": 1}}}, {"currently_syncing": "t", "bookmarks": {"s": {"a": 2}}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(LAST),
        json.dumps(LAST, indent=2),
        json.dumps({"type": "STATE", "value": LAST}),
        f"{json.dumps(FIRST)}\n{json.dumps(LAST)}",
        f"{json.dumps(FIRST)}\r\n\r\n{json.dumps(LAST)}\r\n\n",
        f"{json.dumps({'type': 'STATE', 'value': FIRST})}\n{json.dumps({'type': 'STATE', 'value': LAST})}\n",
    ],
    ids=["one", "indented", "message", "lines", "blank lines", "messages"],
)
def test_last_state_counts(text: str) -> None:
    """A file of STATE lines, as a target writes it, is the last of them; messages count like their values."""
    assert read_state(text) == LAST


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "holds no STATE"),
        ("\n \n", "holds no STATE"),
        ("5", "5 is no STATE"),
        ('"2020-01-01"', '"2020-01-01" is no STATE'),
        ("[]", r"\[\] is no STATE"),
        ("null", "null is no STATE"),
        ("{}\n5\n{}", "line 2: 5 is no STATE"),
        ('{"a":' * 100_000, "line 1: is no JSON"),
        ("\n" + '{"a":' * 50_000 + "1" + "}" * 50_000, "line 2: is no JSON"),
        ('{}\n{"bookmarks": {"s', "line 2: is no JSON: "),
        ("{}\nINFO started\n{}", "line 2: is no JSON: "),
        ('{"type": "RECORD", "stream": "s", "record": {}}', "is a message 'RECORD' and no STATE"),
        ('{"type": "STATE", "value": null}', "null is no STATE"),
        ('{"bookmarks": []}', "'bookmarks' does not hold an object for each stream"),
        ('{}\n{"bookmarks": {"s": 5}}', "line 2: 'bookmarks' does not hold an object for each stream"),
    ],
)
def test_what_is_no_state_is_refused(tmp_path: Path, text: str, error: str) -> None:
    """Whatever is no STATE is refused with its line and what to do: read as none it would send every row again."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "config.json").write_text(json.dumps({"files": [{"path": str(tmp_path / "a.csv")}]}))
    (tmp_path / "state.jsonl").write_text(text)
    result = CliRunner().invoke(
        TapCsvExtract.cli, ["--config", str(tmp_path / "config.json"), "--state", str(tmp_path / "state.jsonl")]
    )
    assert isinstance(result.exception, ConfigError)
    with pytest.raises(
        ConfigError, match=rf"--state .*state.jsonl: {error}.*; give the STATE that the target wrote last.* \[CSV-.*\]$"
    ):
        raise result.exception
    assert str(result.exception).count("[CSV-") == 1


def states_of(tmp_path: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    (tmp_path / "a.csv").write_text("id|at\n1|2020-06-01 12:00:00\n2|2020-06-02 12:00:00")
    messages = run_tap(settings)
    return [message["value"] for message in messages if message["type"] == "STATE"]


def places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every place within a STATE."""
    inner = [place for name in value for place in places(value[name], (*path, name))] if isinstance(value, dict) else []
    return [path, *inner] if path else inner


@pytest.mark.parametrize("wrong", [None, 5, -1, 1.5, "text", [], {}, {"x": 1}, True])
def test_corrupted_state(tmp_path: Path, wrong: Any) -> None:
    """Another value at any place of a STATE is refused or harmless; it is never an error without a remedy."""
    settings = {
        "path": str(tmp_path / "a.csv"), "stream": "s", "replication_key": "at", "state_every_rows": 1,
    }  # fmt: skip
    for state in states_of(tmp_path, settings):
        for place in places(state):
            changed = copy.deepcopy(state)
            inner = changed
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] = wrong
            with contextlib.suppress(TapError):  # any other error would be one without a remedy
                assert len(records(run_tap(settings, changed))) <= 2


def test_bookmarks_of_others_are_left_alone(tmp_path: Path) -> None:
    """Bookmarks of streams that this tap does not have go through as they are."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    other = {"files": "whatever", "replication_key_value": [1]}
    messages = run_tap({"path": str(tmp_path / "a.csv"), "stream": "s"}, {"bookmarks": {"other": other}})
    assert last_state(messages)["bookmarks"]["other"] == other
