"""A work list: the parts of one load in their order, each with its source, the version of it, and its receipt.

JSON lines: an object for each part, `{"source", "version", "receipt"}`; before them there may be the head,
`{"work_list": 1, "id", "made_at"}`. Or one JSON object: the head with the member `parts`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import msgspec

from singer_bulk.errors import BulkError, ConfigError, shown

WORK_LIST_VERSION = 1
# Rows of one part: so many numbers are its own, 2**20 microseconds of those that a run counts by (added_fields.py).
MAX_PART_ROWS = 1 << 30
_SHIFT = 10  # 1,024 numbers to a microsecond, as runs have them


@dataclass(frozen=True)
class Part:
    """One part. version: of the source, as receipts say it; None: any."""

    source: str
    receipt: str
    version: str | None = None


@dataclass(frozen=True)
class WorkList:
    """The parts in their order. made_at, id: of the head; they tell lists of the same parts apart."""

    parts: tuple[Part, ...]
    id: str | None = None
    made_at: datetime | None = None

    @property
    def hash(self) -> str:
        """What names the list: SHA-256 over its head and its parts, however they are written."""
        made_at = None if self.made_at is None else self.made_at.isoformat()
        said = [self.id, made_at, [[part.source, part.version, part.receipt] for part in self.parts]]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()

    @property
    def load_id(self) -> str:
        """The id of its load, which the ledger has: it follows from the list alone."""
        return f"{self.hash[:32]}-1"

    def first_number(self, place: int) -> int:
        """Return the number of the first row of a part: rows of later parts have higher ones.

        Raises ConfigError without made_at, by which the list has its place among the loads before and after it.
        """
        if self.made_at is None:
            raise _wrong(
                "the work list does not say when it was made, and the place of a part decides by that: give "
                'its head, {"work_list": 1, "made_at": "2026-12-01T00:00:00Z"}'
            )
        microseconds = int(self.made_at.timestamp()) * 1_000_000 + self.made_at.microsecond
        return (microseconds << _SHIFT) + place * MAX_PART_ROWS


def work_list_of(text: bytes, where: str) -> WorkList:
    """Return the work list that a text is; raises ConfigError."""
    try:
        head, parts = _read(text)
        found = WorkList(
            tuple(msgspec.convert(part, Part) for part in parts),
            msgspec.convert(head.get("id"), str | None),
            _moment(msgspec.convert(head.get("made_at"), datetime | None)),
        )
    except (msgspec.MsgspecError, AttributeError, TypeError) as error:
        raise _wrong(f"{where} is no work list ({error})") from error
    version = head.get("work_list", WORK_LIST_VERSION)
    if version != WORK_LIST_VERSION:
        raise _wrong(
            f"{where} is a work list of version {version!r}, this program knows {WORK_LIST_VERSION}; update it"
        )
    if not found.parts:
        raise _wrong(f"{where} has no part")
    _demand_once("source", [part.source for part in found.parts], where)
    _demand_once("receipt", [part.receipt for part in found.parts], where)
    return found


def _read(text: bytes) -> tuple[dict[str, Any], Sequence[Any]]:
    lines = [msgspec.json.decode(line) for line in text.splitlines() if line.strip()] if _is_lines(text) else []
    if not lines:
        whole = msgspec.json.decode(text)
        return (whole, whole["parts"]) if isinstance(whole, dict) and "parts" in whole else ({}, whole)
    if "work_list" in lines[0]:
        return (lines[0], lines[0]["parts"]) if "parts" in lines[0] else (lines[0], lines[1:])
    return {}, lines


def _is_lines(text: bytes) -> bool:
    """Return whether the first line is an object of its own."""
    first = next((line for line in text.splitlines() if line.strip()), b"")
    try:
        return isinstance(msgspec.json.decode(first), dict)
    except msgspec.MsgspecError:
        return False


def _moment(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=timezone.utc) if moment is not None and moment.tzinfo is None else moment


def _demand_once(what: str, values: Iterable[str], where: str) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        more = f" and {len(twice) - 1} more" if len(twice) > 1 else ""
        raise _wrong(f"{where} names {what} {shown(twice[0])}{more} twice, and its rows would come twice")


def _wrong(why: str) -> BulkError:
    return ConfigError(why, code="LOAD-WORK-LIST")
