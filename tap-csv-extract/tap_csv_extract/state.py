"""What `--state` takes: one STATE, or a file of STATE lines, as targets write it, of which the last one counts.

What is no STATE is refused rather than read as an empty one, which would send every row again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from tap_csv_extract.errors import VALUE_CHARACTERS, ConfigError, cut

Value = str | int | float | None

REMEDY = "give the STATE that the target wrote last, or leave --state out, which sends every row again"


class OpenRow(msgspec.Struct):
    """Where a last row without line end begins."""

    offset: int
    line: int
    rows: int


class FileMark(msgspec.Struct):
    """What STATE says about one file; its size and times are compared, not used."""

    offset: int
    line: int
    rows: int
    head: str
    tail: str
    crc32: int
    done: bool
    open_row: OpenRow | None = None

    def __post_init__(self) -> None:
        row = self.open_row
        if min(self.offset, self.line, self.rows, self.crc32) < 0 or (row and min(row.offset, row.line, row.rows) < 0):
            raise ValueError("a number below 0")


class KeyValue(msgspec.Struct):
    """The highest value of a replication key."""

    replication_key: str | None = None
    replication_key_order: str | None = None
    replication_key_value: Value = None


class Bookmark(KeyValue):
    """What STATE says about a stream of this tap."""

    files: dict[str, FileMark] = {}
    unfinished: KeyValue | None = None


def read_state(text: str) -> dict[str, Any]:
    """Return the STATE of a file. Raises ConfigError that names the line that is none."""
    if not text.strip():
        raise ConfigError(f"holds no STATE; {REMEDY}", code="CSV-STATE-FORM")
    try:
        return _state_of(json.loads(text), "")
    except (json.JSONDecodeError, RecursionError):
        pass
    state: dict[str, Any] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                state = _state_of(json.loads(line), f"line {number}: ")
            except (json.JSONDecodeError, RecursionError) as error:
                raise ConfigError(f"line {number}: is no JSON: {error}; {REMEDY}", code="CSV-STATE-FORM") from error
    return state


def _state_of(value: Any, place: str) -> dict[str, Any]:
    """The STATE in a value: the value itself, or that of a whole message."""
    if isinstance(value, dict) and value.get("type") == "STATE" and "value" in value:
        value = value["value"]
    if not isinstance(value, dict):
        raise ConfigError(f"{place}{json.dumps(value)[:VALUE_CHARACTERS]} is no STATE; {REMEDY}", code="CSV-STATE-FORM")
    if "type" in value and "stream" in value:
        raise ConfigError(
            f"{place}is a message {cut(str(value['type']))} and no STATE; {REMEDY}", code="CSV-STATE-FORM"
        )
    bookmarks = value.get("bookmarks", {})
    if not isinstance(bookmarks, dict) or not all(isinstance(bookmark, dict) for bookmark in bookmarks.values()):
        raise ConfigError(
            f"{place}'bookmarks' does not hold an object for each stream; {REMEDY}", code="CSV-STATE-FORM"
        )
    return value


def check_bookmarks(state: Mapping[str, Any], streams: Collection[str]) -> None:
    """Raise ConfigError unless the bookmarks of these streams, those of this tap, are as it writes them."""
    for stream, bookmark in _state_of(state, "--state: ").get("bookmarks", {}).items():
        if stream in streams:
            try:
                msgspec.convert(bookmark, Bookmark)
            except msgspec.ValidationError as error:
                raise ConfigError(
                    f"--state: the bookmark of stream {stream!r} is not as this tap writes it: {error}; {REMEDY}, or "
                    "take the stream's bookmark out",
                    code="CSV-STATE-FORM",
                ) from error
