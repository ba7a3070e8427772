"""A tap that resumes exactly at its STATE: two streams, interleaved, with a STATE that covers both."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

Row = tuple[int, str]  # id, note
Rows = Counter[Row]

NEW_PER_STATE = 5
# What the tables hold before a full load.
OLD: Rows = Counter({(1000 + number, "old"): 1 for number in range(3)})


@dataclass(frozen=True)
class Feed:
    """What a tap sends. Each step of the feed brings new keys and one key again, for each stream, and then a STATE."""

    method: str
    steps: int = 6
    streams: tuple[str, ...] = ("orders", "users")
    name: str = ""  # told apart from another feed by its notes
    first_key: int = 0
    new_per_state: int = NEW_PER_STATE
    padding: int = 0  # characters of each note that do not compress well

    def records(self, step: int) -> list[Row]:
        """Return the records that the step brings to each stream."""
        start = self.first_key + step * self.new_per_state
        new = [(start + number, f"{self.name}new in {step}") for number in range(self.new_per_state)]
        again = (self.first_key + step // 2, f"{self.name}again in {step}")
        return [(key, note + self._padding(f"{key} {note}")) for key, note in (*new, again)]

    def _padding(self, seed: str) -> str:
        return base64.b64encode(random.Random(seed).randbytes(self.padding * 3 // 4)).decode()

    def messages(self, begin: int = 0) -> bytes:
        """Return the messages from STATE `begin` on; a full load (overwrite) always begins anew."""
        properties = {"id": {"type": "integer"}, "note": {"type": "string"}}
        lines: list[dict[str, Any]] = [
            {"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}, "key_properties": ["id"]}
            for stream in self.streams
        ]
        for step in range(0 if self.method == "overwrite" else begin, self.steps):
            for key, note in self.records(step):
                record = {"id": key, "note": note}
                lines += [{"type": "RECORD", "stream": stream, "record": record} for stream in self.streams]
            lines.append({"type": "STATE", "value": {"next": step + 1}})
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    def rows(self, step: int | None = None) -> Rows:
        """Return the rows that a table has when the warehouse stands at the STATE `step`; None: at the end."""
        stands_at = self.steps if step is None else step
        if self.method == "overwrite" and stands_at < self.steps:
            return OLD
        rows = [row for number in range(stands_at) for row in self.records(number)]
        return Counter(dict(rows).items() if self.method == "upsert" else rows)

    def stands_at(self, tables: list[Rows]) -> int | None:
        """Return the STATE at which all tables stand; None if they stand at none, or at different ones."""
        for step in range(self.steps, -1, -1):
            if all(rows == self.rows(step) for rows in tables):
                return step
        return None
