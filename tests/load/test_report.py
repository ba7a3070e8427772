"""What a run says of itself, as its user sees it: on a terminal, in a pipe, in its report, later in the ledger."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from singer_bulk.errors.codes import CODES

from tests.conftest import BIN
from tests.environments import environment
from tests.load.loaders import Loader
from tests.terminal import Screen, run

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"properties": {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}}},
    "key_properties": ["id"],
}
LOGGED = """
version: 1
disable_existing_loggers: false
formatters: {structured: {(): singer_sdk.logging.StructuredFormatter}}
handlers: {console: {class: logging.StreamHandler, formatter: structured, stream: "ext://sys.stderr"}}
root: {level: INFO, handlers: [console]}
"""


def record(**values: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "orders", "record": values}


def state(value: Any) -> dict[str, Any]:
    return {"type": "STATE", "value": value}


def test_a_run_is_reported_and_found_again_in_the_ledger(loader: Loader) -> None:
    """The report in S3 has the counts of the run; --history and --explain show its load, with what the report says."""
    folder = f"s3://{loader.s3.bucket}/{loader.config['s3_key_prefix']}/reports/"
    own = {"run_report": folder, "pipeline_id": "p", "load_method": "upsert"}
    assert loader.load(SCHEMA, record(id=1), record(id=2), state(1), **own).status == 0
    (key,) = [key for key in loader.staged_keys() if "/reports/" in key]
    report = json.loads(loader.s3.body(key))
    (orders,) = report["streams"]
    assert (report["status"], report["exit_status"], report["load_count"]) == ("succeeded", 0, 1)
    assert (orders["records_read"], orders["rows_loaded"], orders["deleted"]) == (2, 2, 0)
    assert orders["seconds"]["copy"] > 0
    (load,) = report["loads"]
    shown = json.loads(loader.load(arguments=["--history", "--format", "json"], **own).stdout)
    assert [(one["load_id"], one["rows"], one["streams"]) for one in shown] == [(load["load_id"], 2, 1)]
    explained = json.loads(loader.load(arguments=["--explain", load["load_id"], "--format", "json"], **own).stdout)
    assert explained["report"] == load
    assert explained["load"]["state"] == "1"
    text = loader.load(arguments=["--history"], **own).stdout.decode()
    assert max(map(len, text.splitlines())) <= 80
    assert load["load_id"][:8] in text
    unknown = loader.load(arguments=["--explain", "abcd1234-1"], **own)
    assert unknown.status == 1
    assert "[CFG-LOAD-ID]" in unknown.stderr


def test_a_failed_run_ends_in_three_lines(loader: Loader, tmp_path: Path) -> None:
    """What, what is in the warehouse now, what to do; the report has the same, and no secret."""
    file = tmp_path / "deep" / "report.json"
    done = loader.load(
        SCHEMA, record(id=1), state(1), record(id="x"), run_report=str(file), batch_wait_seconds=0, pipeline_id="p"
    )
    assert done.status == 1
    what, there, remedy = (line.split(" | ")[-1] for line in done.stderr.splitlines()[-3:])
    assert what.startswith("what: stream 'orders', line 4")
    assert there.startswith("in the warehouse now: ")
    assert remedy.startswith("what to do: ")
    report = json.loads(file.read_text())
    assert (report["status"], report["exit_status"]) == ("failed", 1)
    assert f"what: {report['failure']['what']}" == what
    assert report["failure"]["code"] in CODES
    for secret in ("password", "secret_access_key"):
        assert secret not in loader.config or str(loader.config[secret]) not in file.read_text()


def test_what_cannot_be_told_changes_nothing(loader: Loader, tmp_path: Path) -> None:
    """A report that cannot be written is a warning of a run that is done."""
    (tmp_path / "file").write_text("")
    done = loader.load(
        SCHEMA,
        record(id=1),
        state(1),
        run_report=str(tmp_path / "file" / "report.json"),
    )
    assert done.status == 0
    assert done.states == [1]
    assert "the report could not be told" in done.stderr
    assert loader.rows("SELECT COUNT(*) FROM {schema}.orders") == [(1,)]


def test_logs_as_json_carry_fields(loader: Loader, tmp_path: Path) -> None:
    """By the SDK's formatter each line is one object; counts and names are fields, METRIC lines have their point."""
    file = tmp_path / "log.yaml"
    file.write_text(LOGGED)
    done = loader.load(SCHEMA, record(id=1), state(1), variables={"SINGER_SDK_LOG_CONFIG": str(file)})
    logged = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    (load,) = [one for one in logged if one["extra"].get("rows") == 1 and one["stream_name"] == "orders"]
    assert load["extra"]["load_id"] in load["message"]
    points = [one["metric_info"] for one in logged if one["message"] == "METRIC"]
    assert [(one["metric"], one["value"]) for one in points if one["type"] == "counter"] == [("record_count", 1)]
    assert [one["tags"]["status"] for one in points if one["metric"] == "sync_duration"] == ["succeeded"]
    assert {one["logger_name"].partition(".")[0] for one in logged} <= {
        loader.command,
        "singer_bulk",
        "singer_sdk",
        loader.command.replace("-", "_"),
    }


PARSED = """
import json, sys
from meltano.core.logging.parsers import SingerSDKLogParser
records = [SingerSDKLogParser().parse(line) for line in sys.stdin]
told = [None if one is None else [one.message, one.stream_name, one.extra] for one in records]
print(json.dumps(told))
"""


@pytest.mark.long
def test_meltano_parses_the_log(loader: Loader, tmp_path: Path) -> None:
    """Each line of the log as JSON is one that Meltano's own parser takes, fields and points of metrics included."""
    file = tmp_path / "log.yaml"
    file.write_text(LOGGED)
    done = loader.load(SCHEMA, record(id=1), state(1), variables={"SINGER_SDK_LOG_CONFIG": str(file)})
    python = environment("meltano", ["meltano>=4.4"]) / "python"
    lines = "".join(line + "\n" for line in done.stderr.splitlines() if " | " not in line[:60])
    read = subprocess.run([python, "-c", PARSED], input=lines, capture_output=True, text=True, check=True)
    told = json.loads(read.stdout)
    assert None not in told
    assert [extra["rows"] for _, stream, extra in told if stream == "orders" and "rows" in extra] == [1]
    assert "record_count" in {extra["metric_info"]["metric"] for _, _, extra in told if "metric_info" in extra}


@pytest.mark.parametrize(("width", "variables"), [(80, {}), (40, {"NO_COLOR": "1"})])
def test_a_terminal_shows_the_run(loader: Loader, tmp_path: Path, width: int, variables: dict[str, str]) -> None:
    """While the tap is silent its counts are seen; at the end the view has gone, and the summary stays."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(loader.config))
    begin, end = os.pipe()
    os.write(end, "".join(json.dumps(one) + "\n" for one in (SCHEMA, record(id=1), record(id=2))).encode())
    screen, shown = Screen(width, 24), ""
    command = [str(BIN / loader.command), "--config", str(config)]
    for _ in run(command, screen, variables, stdin=begin):
        if not shown and "waits for the tap" in screen.text:
            shown = screen.text
            os.write(end, (json.dumps(state(1)) + "\n").encode())
            os.close(end)
    os.close(begin)
    assert [line for line in shown.splitlines() if line.startswith("orders ")] != []
    assert "waits for the tap" not in screen.text
    assert f"{loader.command} succeeded in" in screen.text
    assert max(map(len, screen.text.splitlines())) <= width


def test_without_progress_a_terminal_has_the_log(loader: Loader, tmp_path: Path) -> None:
    """`--no-progress` shows each line of the log, as in a pipe."""
    config, source = tmp_path / "config.json", tmp_path / "in"
    config.write_text(json.dumps(loader.config))
    source.write_text("".join(json.dumps(one) + "\n" for one in (SCHEMA, record(id=1), state(1))))
    screen = Screen(200, 100)
    with source.open() as file:
        command = [str(BIN / loader.command), "--config", str(config), "--no-progress"]
        for _ in run(command, screen, stdin=file.fileno(), stdout=subprocess.DEVNULL):
            pass
    assert "COPY" in screen.text
    assert "METRIC" in screen.text
