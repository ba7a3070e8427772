"""`_sdc_deleted_at`: a property that makes a record a delete, also where the SCHEMA says less than the records do.

pipelinewise-tap-mysql writes the SCHEMA of its log before it adds the property, so deletes bear what their SCHEMA does
not have: without its column they would be loaded as rows that live. meltanolabs-tap-postgres declares it as a string
without saying that it is a date-time.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """What the streams of a run declare of `_sdc_deleted_at`, and whether their records bear it."""

    def __init__(self) -> None:
        self._silent: dict[str, Schema] = {}  # the SCHEMAs that do not declare it
        self._borne: set[str] = set()

    def declared(self, message: Schema) -> Schema:
        """Return the SCHEMA with the property as a date-time, where it is declared or records have borne it."""
        schema = message.properties()
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        if not isinstance(properties, dict):
            return message  # refused where its columns are made
        if DELETED_AT in properties:
            self._silent.pop(message.stream, None)
            return _with(message, schema) if _is_text(properties[DELETED_AT]) else message
        self._silent[message.stream] = message
        return _with(message, schema) if message.stream in self._borne else message

    def appeared(self, records: Records) -> Schema | None:
        """Return the SCHEMA of the stream from these records on, if they are the first to bear the property."""
        message = self._silent.get(records.stream)
        if message is None or records.stream in self._borne or _MEMBER not in records.text or not _bears(records):
            return None
        self._borne.add(records.stream)
        return self.declared(message)


def _is_text(declared: Any) -> bool:
    """Return whether the property is declared as nothing more than a text."""
    types = declared.get("type") if isinstance(declared, Mapping) else None
    names = {types} if isinstance(types, str) else set(types or ())
    return names - {"null"} == {"string"} and "format" not in declared


def _with(message: Schema, schema: Mapping[str, Any]) -> Schema:
    properties = {**schema["properties"], DELETED_AT: _DATETIME}
    raw = msgspec.Raw(msgspec.json.encode({**schema, "properties": properties}))
    return msgspec.structs.replace(message, schema=raw)


def _bears(records: Records) -> bool:
    """Return whether a record has the property; its name may stand in a text as well."""
    for line in records.lines:
        if _MEMBER in line:
            try:
                if DELETED_AT in _message_of(line).record:
                    return True
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue  # refused with its line where it is encoded
    return False
