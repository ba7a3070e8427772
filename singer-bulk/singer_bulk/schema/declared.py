"""SCHEMA messages as they are meant (`meaning.py`): read once while a stream repeats them, odd places named once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from singer_bulk.errors import ConfigError
from singer_bulk.model.messages import Schema
from singer_bulk.schema.meaning import meaning_of

logger = logging.getLogger(__name__)

MAX_NAMED = 20  # in one warning
# A key property whose type nobody knows: text of any scalar, by which rows are found.
_KEY: dict[str, Any] = {"type": ["null", "string", "number", "boolean"]}


class SchemaReader:
    """Reads the SCHEMAs of a run; keeps_extra: whether properties that a stream's does not declare have a column."""

    def __init__(self, keeps_extra: Callable[[str], bool]) -> None:
        self._keeps_extra = keeps_extra
        self._read: dict[str, tuple[Schema, Schema]] = {}  # by stream: as sent, as meant

    def read(self, message: Schema) -> Schema:
        """Return the SCHEMA as it is meant; raises ConfigError for one that nothing can be made of."""
        sent, meant = self._read.get(message.stream, (None, message))
        if sent != message:
            meant = self._meant(message)
            self._read[message.stream] = message, meant
        return meant

    def _meant(self, message: Schema) -> Schema:
        try:
            decoded = message.properties()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(
                f"stream {message.stream!r}: the SCHEMA cannot be read ({error}); correct it at the tap",
                code="STREAM-SCHEMA",
            ) from error
        schema, odd = meaning_of(message.stream, decoded)
        if odd:
            logger.warning(
                "stream %s: what the SCHEMA says here is no JSON Schema and is passed over: %s",
                message.stream,
                listed(odd),
            )
        if not schema["properties"] and self._keeps_extra(message.stream):
            schema["properties"] = dict.fromkeys(message.key_properties or (), _KEY)
        elif not schema["properties"] and "properties" not in decoded:
            raise no_properties(message.stream)
        if schema == decoded:
            return message  # as it was sent, down to the digits of its numbers
        return msgspec.structs.replace(message, schema=msgspec.Raw(msgspec.json.encode(schema)))


def no_properties(stream: str) -> ConfigError:
    """Return the error of a SCHEMA from which no column comes."""
    return ConfigError(
        f"stream {stream!r}: the SCHEMA names no properties; check what the tap selects, or set extra_properties to "
        "column, which keeps all that records have in _sdc_extra",
        code="STREAM-NO-PROPERTIES",
    )


def listed(names: list[str]) -> str:
    """Return the names in one sentence, the first of them if there are many."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
