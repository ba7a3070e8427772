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
    """Reads the SCHEMAs of a run.

    keeps_extra: whether properties that a stream's SCHEMA does not declare have a column, by the name under which the
    stream is loaded. mapped: whether that may be another one than the tap's; `demand_properties` follows then.
    """

    def __init__(self, keeps_extra: Callable[[str], bool], *, mapped: bool) -> None:
        self._keeps_extra, self._mapped = keeps_extra, mapped
        self._bare: set[str] = set()  # streams of the tap whose SCHEMA has no properties
        self._read: dict[str, tuple[Schema, Schema]] = {}  # by stream: as sent, as meant

    def read(self, message: Schema) -> Schema:
        """Return the SCHEMA as it is meant; raises ConfigError for one that nothing can be made of."""
        sent, meant = self._read.get(message.stream, (None, message))
        if sent != message:
            meant = self._meant(message)
            self._read[message.stream] = message, meant
        return meant

    def demand_properties(self, sent: str, made: Schema) -> None:
        """Raise ConfigError if the tap's SCHEMA had no properties, and the stream that maps made of it keeps none."""
        if sent not in self._bare or self._keeps_extra(made.stream):
            return
        if made.properties()["properties"].keys() <= {*(made.key_properties or ())}:
            raise no_properties(made.stream)

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
        self._bare.discard(message.stream)
        if not schema["properties"]:
            self._complete(message, schema, declares="properties" in decoded)
        if schema == decoded:
            return message  # as it was sent, down to the digits of its numbers
        return msgspec.structs.replace(message, schema=msgspec.Raw(msgspec.json.encode(schema)))

    def _complete(self, message: Schema, schema: dict[str, Any], *, declares: bool) -> None:
        """Give a SCHEMA without properties those of its keys, where the rest of a record may have a column."""
        stream, keys = message.stream, message.key_properties or ()
        if self._mapped or self._keeps_extra(stream):
            schema["properties"] = dict.fromkeys(keys, _KEY)
            if keys or not declares:
                self._bare.add(stream)
        elif not declares:
            raise no_properties(stream)


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
