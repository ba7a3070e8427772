"""Where does a rejected record go? Into a file of its own in the stage, as the line that was read.

The object is a Singer stream: the SCHEMA, then each RECORD line with its reason in a member of its own, which no
target reads. `aws s3 cp s3://bucket/key - | target ...` loads it again when the cause is repaired. It is staged before
the load that goes without these records commits; if that load fails, the stage removes it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from singer_bulk.errors import RecordRejected
from singer_bulk.model.messages import Schema
from singer_bulk.stage.base import StageWriter

logger = logging.getLogger(__name__)


@dataclass
class Rejects:
    """The rejected records of a run; max_records is for all of its streams together."""

    open_file: Callable[[str], StageWriter]
    new_key: Callable[[str], str]
    url: Callable[[str], str]
    max_records: int
    counts: Counter[str] = field(default_factory=Counter)
    _files: dict[str, tuple[str, StageWriter]] = field(default_factory=dict)

    def take(self, schema: Schema, line: bytes, reason: RecordRejected) -> None:
        """Keep the record; raises its rejection when there are more than the user allows."""
        if self.counts.total() >= self.max_records:
            logger.error("more than max_rejected_records = %s records are rejected", self.max_records)
            raise reason
        stream = schema.stream
        if stream not in self._files:
            key = self.new_key(stream)
            self._files[stream] = (key, self.open_file(key))
            self._files[stream][1].write(msgspec.json.encode(_message(schema)) + b"\n")
        if not self.counts[stream]:
            logger.warning("record rejected: %s", reason)
        self.counts[stream] += 1
        self._files[stream][1].write(with_reason(line, str(reason)) + b"\n")

    def stage(self) -> list[str]:
        """Stage what was rejected since the last call; return the keys."""
        keys = []
        for stream, (key, file) in self._files.items():
            file.close()
            keys.append(key)
            logger.warning(
                "stream %s: %s records of this run rejected; they are in %s",
                stream,
                self.counts[stream],
                self.url(key),
            )
        self._files = {}
        return keys


def _message(schema: Schema) -> dict[str, object]:
    keys = schema.key_properties
    message: dict[str, object] = {"type": "SCHEMA", "stream": schema.stream, "schema": schema.schema}
    return message if keys is None else {**message, "key_properties": keys}


def with_reason(line: bytes, reason: str) -> bytes:
    """Return a RECORD line with the reason as its last member; the record's own text stays as it was."""
    return line.rstrip()[:-1].rstrip() + b',"rejected_because":' + msgspec.json.encode(reason) + b"}"
