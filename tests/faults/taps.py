"""The taps of whole pipelines: all send the same rows, and each ends, is interrupted and resumes as its kind does.

`python -m tests.faults.taps KIND --config FILE [--state FILE]`; the configuration says how many rows, and how long to
pause after each line. A file of tap-csv-extract is that tap's own.

What these kinds send at their end and after a signal was recorded from real taps.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, cast

from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from tap_csv_extract.cli import main as tap_csv_extract

STREAMS = ("orders", "users")
PROPERTIES = {"id": {"type": "integer"}, "note": {"type": "string"}}
Config = Mapping[str, Any]
State = Mapping[str, Any]


def note(key: int) -> str:
    """Return the note of the row with this key."""
    return f"new {key}"


def wait_at(key: int, config: Config) -> None:
    """Before the row `hold` say by a file that this waits, and wait until another file says to go on."""
    if key == config["hold"]:
        Path(config["held"]).touch()
        while not Path(config["go"]).exists():
            time.sleep(0.01)


class Plain:
    """A tap without a library: a line and a flush for each message, no signal is handled, STATE is a number."""

    def __init__(self, config: Config, state: State) -> None:
        self.config = config
        self.begin = 0 if config["method"] == "overwrite" else state.get("next", 0)

    def run(self) -> None:
        """Send both streams, interleaved; `states` says behind which steps a STATE follows: all, last, none."""
        for stream in STREAMS:
            self.send(
                {"type": "SCHEMA", "stream": stream, "schema": {"properties": PROPERTIES}, "key_properties": ["id"]}
            )
        steps = range(self.begin, self.config["rows"] // self.config["step"])
        for step in steps:
            for key in range(step * self.config["step"], (step + 1) * self.config["step"]):
                self.records(key)
            if self.config["states"] == "all" or (self.config["states"] == "last" and step == steps[-1]):
                self.send({"type": "STATE", "value": {"next": step + 1}})
        for key in range(self.config["rows"], self.config["rows"] + self.config.get("behind", 0)):
            self.records(key)

    def records(self, key: int) -> None:
        """Send a row of each stream."""
        wait_at(key, self.config)
        for stream in STREAMS:
            self.send({"type": "RECORD", "stream": stream, "record": {"id": key, "note": note(key)}})

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one line."""
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
        time.sleep(self.config["pause"])


class SingerPython(Plain):
    """A tap as the documentation of singer-python has it: the streams one behind the other, named in STATE.

    The package itself wants jsonschema 2, which cannot be installed beside the SDK's; its functions write_schema,
    write_record, write_state and write_bookmark leave exactly these lines, and it handles no signal.
    """

    def __init__(self, config: Config, state: State) -> None:
        super().__init__(config, state)
        self.state: dict[str, Any] = {} if config["method"] == "overwrite" else json.loads(json.dumps(state))

    def run(self) -> None:
        """Send the streams, from the one that was being read when the last run ended."""
        current = self.state.get("currently_syncing")
        for stream in STREAMS[STREAMS.index(current) if current else 0 :]:
            self.state["currently_syncing"] = stream
            self.send({"type": "STATE", "value": self.state})
            self.send(
                {"type": "SCHEMA", "stream": stream, "schema": {"properties": PROPERTIES}, "key_properties": ["id"]}
            )
            self.rows(stream)
        self.state["currently_syncing"] = None
        self.send({"type": "STATE", "value": self.state})

    def rows(self, stream: str) -> None:
        """Send the rows behind the bookmark; a full table has no bookmark."""
        last = self.state.get("bookmarks", {}).get(stream, {}).get("id", -1)
        for key in range(last + 1, self.config["rows"]):
            wait_at(key, self.config)
            self.send({"type": "RECORD", "stream": stream, "record": {"id": key, "note": note(key)}})
            if (key + 1) % self.config["step"] == 0:
                if self.config["method"] != "overwrite":
                    self.state.setdefault("bookmarks", {}).setdefault(stream, {})["id"] = key
                self.send({"type": "STATE", "value": self.state})


class SdkStream(Stream):
    """A stream of the SDK: sorted and incremental by its key, or a full table."""

    schema = th.PropertiesList(th.Property("id", th.IntegerType), th.Property("note", th.StringType)).to_dict()
    primary_keys = ("id",)
    is_sorted = True

    def __init__(self, tap: Tap, name: str) -> None:
        super().__init__(tap, name=name)
        if self.config["method"] != "overwrite":
            self.replication_key = "id"
            self.STATE_MSG_FREQUENCY = int(self.config["step"])  # the SDK's own is 10,000

    def get_records(self, context: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows behind the bookmark; between them signals are heard.

        The SDK's handler writes a STATE wherever it is called. Between a RECORD and the bookmark that is moved on for
        it that STATE does not know the RECORD, and a resume sends it again: the tap's fault, not that of a target.
        """
        tap = cast(SdkTap, self._tap)
        # Not by get_starting_replication_key_value: the SDK takes a bookmark of 0 for none.
        last = self.get_context_state(context).get("replication_key_value") if self.replication_key else None
        for key in range(0 if last is None else last + 1, int(self.config["rows"])):
            yield {"id": key, "note": note(key)}
            wait_at(key + 1, self.config)
            time.sleep(float(self.config["pause"]))
            tap.end_if_asked()


class SdkTap(Tap):
    """A tap of the SDK, whose handler of SIGTERM and SIGINT writes a STATE and ends with status 0."""

    name = "tap-of-the-sdk"
    config_jsonschema = th.PropertiesList(
        th.Property("method", th.StringType),
        th.Property("rows", th.IntegerType),
        th.Property("step", th.IntegerType),
        th.Property("pause", th.NumberType),
        th.Property("hold", th.IntegerType),
        th.Property("held", th.StringType),
        th.Property("go", th.StringType),
    ).to_dict()

    _asked: int | None = None

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self._asked = signum

    def end_if_asked(self) -> None:
        """Do now what the SDK does when a signal comes."""
        if self._asked is not None:
            super()._handle_termination(self._asked, None)

    def discover_streams(self) -> list[SdkStream]:
        """Return both streams."""
        return [SdkStream(self, name) for name in STREAMS]


def main() -> None:
    """Be the tap that the first argument names."""
    kind = sys.argv.pop(1)
    if kind in _COMMANDS:
        _COMMANDS[kind]()
        return
    config, state = [json.loads(Path(path).read_text()) for path in sys.argv[2::2]] + [{}] * (
        sys.argv.count("--state") == 0
    )
    with contextlib.suppress(BrokenPipeError):
        _CLASSES[kind](config, state).run()


_COMMANDS = {"sdk": SdkTap.cli, "csv": tap_csv_extract}
_CLASSES = {"plain": Plain, "singer-python": SingerPython}

if __name__ == "__main__":
    main()
