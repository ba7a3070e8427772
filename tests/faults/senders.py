"""What each of many pipelines sends that load at once: keys that all of them send, and keys of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Rows of each load: half of them of keys that every pipeline of the table sends.
ROWS = 20


@dataclass(frozen=True)
class Sender:
    """One pipeline: what it sends, and where to; `activates`: its table is new, and its version comes into force."""

    number: int
    stream: str
    loads: int
    activates: bool = False

    def schema(self) -> dict[str, Any]:
        """Return its SCHEMA."""
        properties = {
            "id": {"type": "integer"},
            "status": {"type": ["null", "string"]},
            "lsn": {"type": "integer"},
            "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"},
        }
        return {
            "type": "SCHEMA",
            "stream": self.stream,
            "schema": {"properties": properties},
            "key_properties": ["id"],
        }

    def events(self, load: int) -> list[tuple[int, str]]:
        """Return the rows of a load: keys that all send, and keys of its own."""
        own = (self.number + 1) * 1000 + load * ROWS
        keys = [*range(ROWS // 2), *range(own, own + ROWS // 2)]
        return [(key, f"pipeline {self.number}, load {load}") for key in keys]

    def position(self, load: int) -> int:
        """Return the place of the load's events in the log: of one key, a later load or a later pipeline is newer."""
        return load * 1000 + self.number

    def records(self, load: int) -> list[dict[str, Any]]:
        """Return the RECORDs of a load."""
        rows = self.events(load)
        records = [{"id": key, "status": status, "lsn": self.position(load)} for key, status in rows]
        return [{"type": "RECORD", "stream": self.stream, "version": 1, "record": record} for record in records]

    def messages(self) -> list[bytes]:
        """Return its lines; behind each load stands a STATE."""
        lines = [self.schema()]
        for load in range(self.loads):
            lines += self.records(load)
            if self.activates and not load:
                lines.append({"type": "ACTIVATE_VERSION", "stream": self.stream, "version": 1})
            lines.append({"type": "STATE", "value": {"load": load}})
        return [json.dumps(line).encode() + b"\n" for line in lines]


def events_of(sent: Iterable[tuple[Sender, int]]) -> Counter[tuple[int, str]]:
    """Return all rows of the loads of senders."""
    return Counter(event for sender, load in sent for event in sender.events(load))


def newest_of(sent: Iterable[tuple[Sender, int]]) -> Counter[tuple[int, str]]:
    """Return the row of each key that is the newest, of the loads of senders."""
    rows: dict[int, str] = {}
    for sender, load in sorted(sent, key=lambda one: one[0].position(one[1])):
        rows.update(sender.events(load))
    return Counter(rows.items())
