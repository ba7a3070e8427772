"""The tap's `--doctor`: each step of each stream is told, with what to do, and the others are tried all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from tap_csv_extract.cli import TapCsvExtract


def asked(folder: Path, *arguments: str, **entry: Any) -> Any:
    """Run the command for one entry of `files`."""
    config = {"files": [{"path": str(folder / "*.csv"), "stream": "orders", "delimiter": ",", **entry}]}
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return CliRunner().invoke(TapCsvExtract.cli, ["--config", str(path), "--doctor", *arguments])


def steps(done: Any) -> dict[str, Any]:
    return {one["step"]: one for one in json.loads(done.stdout)["steps"]}


def test_a_right_configuration(tmp_path: Path) -> None:
    """Files, dialect, types and the first rows are shown in 80 columns, and no message is written."""
    (tmp_path / "a.csv").write_text("id,note,day\n1,a|b,2026-01-01\n2,,2026-01-02\n")
    done = asked(tmp_path, keys=["id"])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines()[4:])) <= 120  # a path is not broken
    assert "ok      types    id integer, note string, day date" in done.stdout
    assert "    1   a|b   2026-01-01" in done.stdout
    assert "all of it can be read" in done.stdout
    assert "SCHEMA" not in done.stdout


def test_what_is_wrong_is_a_step_and_the_rest_is_tried(tmp_path: Path) -> None:
    """A delimiter that no file has, a key that is no column: each with what to do; the status is 1."""
    (tmp_path / "a.csv").write_text("id;note\n1;a\n2;b\n")
    found = steps(done := asked(tmp_path, "--format", "json", keys=["id"]))
    assert done.exit_code == 1
    assert found["dialect"]["outcome"] == "FAILED"
    assert "';'" in found["dialect"]["found"]
    assert found["dialect"]["remedy"].startswith("set 'delimiter'")
    assert found["files"]["outcome"] == "ok"
    (tmp_path / "a.csv").write_text("id,note\n1,a\n")
    wrong = steps(asked(tmp_path, "--format", "json", keys=["nope"]))
    assert (wrong["types"]["outcome"], wrong["types"]["code"]) == ("FAILED", "CSV-CFG-COLUMN")
    assert wrong["rows"]["rows"] == [["id", "note"], ["1", "a"]]


def test_no_file(tmp_path: Path) -> None:
    """What needs one is not tried, and says so."""
    found = steps(asked(tmp_path, "--format", "json"))
    assert [found[step]["outcome"] for step in ("files", "dialect", "types", "rows")] == ["FAILED", "-", "-", "-"]
    assert "correct 'path'" in found["files"]["remedy"]


def test_drift(tmp_path: Path) -> None:
    """A file with other columns is named."""
    (tmp_path / "a.csv").write_text("id,note\n1,a\n")
    (tmp_path / "b.csv").write_text("id,note,more\n1,a,b\n")
    found = steps(asked(tmp_path, "--format", "json"))
    assert "has ['more'] more" in found["drift"]["found"]
    added = steps(asked(tmp_path, "--format", "json", drift="add"))
    assert added["drift"]["outcome"] == "ok"


def test_state(tmp_path: Path) -> None:
    """What is read to its end, what is new and what is gone."""
    (tmp_path / "a.csv").write_text("id,note\n1,a\n")
    (tmp_path / "b.csv").write_text("id,note\n1,a\n")
    mark = {"offset": 1, "line": 1, "rows": 1, "head": "", "tail": "", "crc32": 0, "done": True}
    marks = {str(tmp_path / "a.csv"): mark, str(tmp_path / "gone.csv"): mark}
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"bookmarks": {"orders": {"files": marks}}}))
    found = steps(asked(tmp_path, "--format", "json", "--state", str(state)))
    assert found["state"]["found"] == "1 files read to their end, 0 begun, 1 new, 1 no longer there"


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    """They are a step, as the others are."""
    found = steps(done := asked(tmp_path, "--format", "json", kyes=["id"]))
    assert done.exit_code == 1
    assert "is 'keys' meant?" in found["settings"]["remedy"]
