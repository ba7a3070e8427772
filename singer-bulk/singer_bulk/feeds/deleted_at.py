"""`_sdc_deleted_at`: a property that makes a record a delete, even if the SCHEMA does not declare it.

pipelinewise-tap-mysql writes the SCHEMA of its log before it adds the property, so its deletes have a property that the
SCHEMA lacks; without a column for it they would be loaded as rows that exist. meltanolabs-tap-postgres declares it as a
string, but not as a date-time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from singer_bulk.model.added import DELETED_AT
from singer_bulk.model.messages import Records, Schema

_MEMBER = b'"%b"' % DELETED_AT.encode()
_DATETIME = {"type": ["null", "string"], "format": "date-time"}


class _Message(msgspec.Struct):
    record: dict[str, msgspec.Raw]


_message_of = msgspec.json.Decoder(_Message).decode


class Deletes:
    """Which streams of a run declare `_sdc_deleted_at`, and which have it in their records.

    is_value: whether the user has said that the property of a stream tells nothing.
    """

    def __init__(self, is_value: Callable[[str], bool] = lambda stream: False) -> None:
        self._is_value = is_value
        self._silent: dict[str, Schema] = {}  # the SCHEMAs that do not declare it
        self._seen: set[str] = set()

    def declared(self, message: Schema) -> Schema:
        """Return the SCHEMA with the property as a date-time, if it or the records have it."""
        if self._is_value(message.stream):
            return message
        schema = message.properties()
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        if not isinstance(properties, dict):
            return message  # refused where its columns are made
        if DELETED_AT in properties:
            self._silent.pop(message.stream, None)
            return _with(message, schema) if _is_text(properties[DELETED_AT]) else message
        self._silent[message.stream] = message
        return _with(message, schema) if message.stream in self._seen else message

    def appeared(self, records: Records) -> Schema | None:
        """Return the SCHEMA of the stream from these records on, if they are the first that have the property."""
        message = self._silent.get(records.stream)
        if message is None or records.stream in self._seen or _MEMBER not in records.text or not _has_property(records):
            return None
        self._seen.add(records.stream)
        return self.declared(message)


def _is_text(declared: Any) -> bool:
    """Return whether the property is declared as a string without a format."""
    types = declared.get("type") if isinstance(declared, Mapping) else None
    names = types if isinstance(types, list) else [types]
    return [name for name in names if name != "null"] == ["string"] and "format" not in declared


def _with(message: Schema, schema: Mapping[str, Any]) -> Schema:
    properties = {**schema["properties"], DELETED_AT: _DATETIME}
    raw = msgspec.Raw(msgspec.json.encode({**schema, "properties": properties}))
    return msgspec.structs.replace(message, schema=raw)


def _has_property(records: Records) -> bool:
    """Return whether a record has the property; a line may also have its name within a text."""
    for line in records.lines:
        if _MEMBER in line:
            try:
                if DELETED_AT in _message_of(line).record:
                    return True
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue  # refused with its line where it is encoded
    return False
