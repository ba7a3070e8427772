"""Run the tap in this process and look at its messages."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from tap_csv_extract.cli import TapCsvExtract

Message = dict[str, Any]


def run_tap(entry: dict[str, Any], state: dict[str, Any] | None = None, **top: Any) -> list[Message]:
    """Run the tap with one entry of `files` and give back its messages."""
    lines = run_lines(entry, state, **top)
    return [json.loads(line) for line in lines]


def run_lines(entry: dict[str, Any], state: dict[str, Any] | None = None, **top: Any) -> list[str]:
    """Run the tap and give back the lines it wrote."""
    catalog = top.pop("catalog", None)
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(output):
        TapCsvExtract(config={"files": [entry], **top}, state=state, catalog=catalog).sync_all()
        output.flush()
    assert isinstance(output.buffer, io.BytesIO)
    return output.buffer.getvalue().decode().splitlines()


def records(messages: list[Message]) -> list[dict[str, Any]]:
    """The records, in order."""
    return [message["record"] for message in messages if message["type"] == "RECORD"]


def last_state(messages: list[Message]) -> dict[str, Any]:
    """The STATE that a runner would keep."""
    value: dict[str, Any] = [message["value"] for message in messages if message["type"] == "STATE"][-1]
    return value


def properties(messages: list[Message]) -> dict[str, Any]:
    """The properties of the last SCHEMA."""
    found: dict[str, Any] = [message["schema"]["properties"] for message in messages if message["type"] == "SCHEMA"][-1]
    return found


def until_state(messages: list[Message], count: int) -> list[Message]:
    """The messages up to the last STATE among the first `count`: what a target has that was killed there."""
    states = [place for place, message in enumerate(messages[:count]) if message["type"] == "STATE"]
    return messages[: states[-1] + 1] if states else []
