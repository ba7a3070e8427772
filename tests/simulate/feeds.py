"""What a tap sends, made from a seed, and what tables have to hold for it.

A feed is one list of messages; a sync of the pipeline goes on to one of its ends. A tap that resumes sends the SCHEMAs
again and what stands behind its STATE, which is a place in the list. A full load sends all of its sync, from its
beginning.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

# How the rows of a stream enter its table. "changes" is a change feed without places, "ordered" one with them; the rows
# of a "versioned" one are appended, and go when an ACTIVATE_VERSION says that theirs is over.
APPEND, UPSERT, OVERWRITE, CHANGES, ORDERED = "append-only", "upsert", "overwrite", "changes", "ordered"
VERSIONED = "versioned"
KINDS = (APPEND, UPSERT, OVERWRITE, CHANGES, ORDERED, VERSIONED)
_CDC = {"operation_column": "op", "insert_values": ["I"], "update_values": ["U"], "delete_values": ["D"]}


@dataclass(frozen=True)
class StreamOf:
    """One stream of a feed. hard: what is deleted is removed, otherwise it is stamped."""

    name: str
    kind: str
    hard: bool

    @property
    def settings(self) -> dict[str, Any]:
        """What the user sets for the stream."""
        method = {VERSIONED: APPEND, CHANGES: UPSERT, ORDERED: UPSERT}.get(self.kind, self.kind)
        cdc = {CHANGES: _CDC, ORDERED: {**_CDC, "sequence_columns": ["pos"]}}.get(self.kind)
        found: dict[str, Any] = {"load_method": method, "hard_delete": self.hard or self.kind == VERSIONED}
        return found if cdc is None else {**found, "cdc": cdc}

    def schema(self, wide: bool) -> dict[str, Any]:
        """Return the SCHEMA; a wide one has a property more."""
        numbers = ["id", "v", *(["pos"] if self.kind == ORDERED else []), *(["more"] if wide else [])]
        properties: dict[str, Any] = {name: {"type": ["null", "integer"]} for name in numbers}
        for name in {"v", "more"} & properties.keys():
            properties[name]["description"] = "what is read"
        if self.kind in (CHANGES, ORDERED):
            properties["op"] = {"type": "string"}
        if self.kind == UPSERT:
            properties["_sdc_deleted_at"] = {"type": ["null", "string"], "format": "date-time"}
        keys = [] if self.kind in (APPEND, OVERWRITE, VERSIONED) else ["id"]
        return {"type": "SCHEMA", "stream": self.name, "schema": {"properties": properties}, "key_properties": keys}


@dataclass
class Feed:
    """Messages, where the syncs of the pipeline end in them, and the streams."""

    streams: dict[str, StreamOf]
    messages: list[dict[str, Any]]
    ends: list[int]

    @property
    def holds(self) -> bool:
        """Whether all is committed at the end of a sync, once."""
        return any(stream.kind == OVERWRITE for stream in self.streams.values())

    def start(self, sync: int, place: int) -> int:
        """Return where a run of a sync begins, the pipeline being at `place`."""
        begin = self.ends[sync - 1] if sync else 0
        return begin if self.holds else max(place, 0)

    def lines(self, start: int, end: int) -> list[str]:
        """Return what the tap sends, a text for each message; the SCHEMAs before `start` first."""
        schemas = {message["stream"]: message for message in self.messages[:start] if message["type"] == "SCHEMA"}
        sent = [*schemas.values(), *self.messages[start:end]]
        return [json.dumps(message) + "\n" for message in sent]

    def head(self, start: int) -> int:
        """Return how many lines come before the message at `start`."""
        return len({message["stream"] for message in self.messages[:start] if message["type"] == "SCHEMA"})

    def changes(self, start: int, end: int) -> Iterator[dict[str, Any]]:
        """Yield the messages between two places that change a table."""
        return (message for message in self.messages[start:end] if message["type"] in ("RECORD", "ACTIVATE_VERSION"))


def feed_of(seed: str, streams: Sequence[StreamOf], *, wide: bool, length: int | None) -> Feed:
    """Return the feed of a seed. wide: SCHEMAs have all properties from the beginning, so that no other pipeline fills
    columns that this one knows nothing of; length: how many messages, where it is to be shorter.
    """
    rng = random.Random(f"feed {seed}").random
    made = _Maker(rng, {stream.name: stream for stream in streams}, wide)
    ends = []
    holds = any(stream.kind == OVERWRITE for stream in streams)
    for _ in range(2 if holds or rng() < 0.4 else 1):
        made.sync()
        ends.append(len(made.messages))
    if length is not None and length < ends[-1]:
        cut = made.messages[:length]
        cut.append({"type": "STATE", "value": {"p": length + 1}})
        return Feed(made.streams, cut, [length + 1])
    return Feed(made.streams, made.messages, ends)


@dataclass
class _Maker:
    random: Callable[[], float]
    streams: dict[str, StreamOf]
    begins_wide: bool
    messages: list[dict[str, Any]] = field(default_factory=list)
    wide: dict[str, bool] = field(default_factory=dict)
    count: int = 0
    version: int = 1

    def sync(self) -> None:
        """Add the messages of a sync: a full load has more rows than the one before."""
        holds = any(stream.kind == OVERWRITE for stream in self.streams.values())
        names = [*self.streams]
        for name in names:
            if holds or name not in self.wide:
                self._schema(name)
        for name in names:
            if self.streams[name].kind == OVERWRITE:
                # A full load that nothing proves to be whole may have no row less than its table.
                before = sum(message.get("stream") == name for message in self.messages)
                for _ in range(max(3, before)):
                    self._record(name)
                    if self.random() < 0.2:
                        self._state()
        for _ in range(3 + self._below(9)):
            chance = self.random()
            name = names[self._below(len(names))]
            if chance < 0.06:
                self.wide[name] = True
                self._schema(name)
            elif chance < 0.25:
                self._state()
            elif chance < 0.4 and self.streams[name].kind == VERSIONED:
                self.version += 1
                self._record(name)
                self.messages.append({"type": "ACTIVATE_VERSION", "stream": name, "version": self.version})
            else:
                for _ in range(1 + self._below(2)):
                    self._record(name)
        self._state()

    def _below(self, count: int) -> int:
        return int(self.random() * count)

    def _state(self) -> None:
        self.messages.append({"type": "STATE", "value": {"p": len(self.messages) + 1}})

    def _schema(self, name: str) -> None:
        self.wide.setdefault(name, self.begins_wide)
        self.messages.append(self.streams[name].schema(self.wide[name]))

    def _record(self, name: str) -> None:
        stream = self.streams[name]
        self.count += 1
        deletes = stream.kind in (UPSERT, CHANGES, ORDERED) and self.random() < 0.2
        record: dict[str, Any] = {"id": 1 + self._below(4)}
        if stream.kind == ORDERED:
            record["pos"] = 1 + self._below(40)
        if stream.kind in (CHANGES, ORDERED):
            record["op"] = "D" if deletes else "U"
        if not deletes:
            record["v"] = self.count
            if self.wide[name]:
                record["more"] = -self.count
        elif stream.kind == UPSERT:
            record["_sdc_deleted_at"] = "2020-01-01T00:00:00Z"
        version = {"version": self.version} if stream.kind == VERSIONED else {}
        self.messages.append({"type": "RECORD", "stream": name, "record": record, **version})
