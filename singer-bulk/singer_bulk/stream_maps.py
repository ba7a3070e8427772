"""Stream maps and flattening: messages through the SDK's mapper, and back into lines for the same record path."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.mapper import PluginMapper

from singer_bulk.errors import MessageError
from singer_bulk.model.messages import Records, Schema, mended
from singer_bulk.schema.json_schema import alternatives, takes_null

# Numbers pass as Decimal, so that a mapped record keeps the digits of what it does not touch; NaN and Infinity too,
# which stay what they are and are refused by their columns. A float that is one would become null.
_encode = msgspec.json.Encoder(decimal_format="number").encode


def _decode(line: bytes) -> Any:
    import json

    return json.loads(line, parse_float=Decimal, parse_constant=Decimal)


class StreamMapper:
    """The SDK's mapper behind the two questions of a run."""

    def __init__(self, mapper: PluginMapper) -> None:
        self._mapper = mapper

    def schemas(self, message: Schema) -> list[Schema]:
        """Return one SCHEMA for each stream that the map makes of this one."""
        schema = message.properties()
        if self._mapper.flattening_options is not None and isinstance(schema, dict):
            schema = typed(schema, schema)
        self._mapper.register_raw_stream_schema(message.stream, schema, message.key_properties or [])
        return [
            Schema(
                stream_map.stream_alias,
                msgspec.Raw(_encode(stream_map.transformed_schema)),
                list(stream_map.transformed_key_properties or []),
            )
            for stream_map in self._mapper.stream_maps[message.stream]
            if stream_map.transformed_schema is not None
        ]

    def records(self, records: Records) -> list[Records]:
        """Return the mapped records, the ones that a filter drops left out, line numbers kept."""
        maps = self._mapper.stream_maps.get(records.stream)
        if maps is None:
            return [records]  # refused with its line by the run: no SCHEMA yet
        made = []
        for stream_map in maps:
            lines, numbers = [], []
            for number, line in zip(records.line_numbers, records.lines, strict=True):
                message = _message(line, number)
                try:
                    mapped = stream_map.transform(dict(message["record"]))
                except MapExpressionError as error:
                    problem = f"stream {records.stream!r}: {error} ({error.__cause__})"
                    raise MessageError(number, problem, "mend the expression in stream_maps", code="REC-MAP") from error
                except UnicodeEncodeError:
                    if mended(line) == line:
                        raise
                    mapped = message["record"]  # half a character, which no column takes, in a digest: refused as sent
                if mapped is not None:
                    lines.append(_line({**message, "stream": stream_map.stream_alias, "record": mapped}))
                    numbers.append(number)
            if lines:
                made.append(Records.of_lines(stream_map.stream_alias, lines, numbers))
        return made


# What a flattened property may hold whose JSON Schema says nothing: an object or array in it becomes JSON text.
_SCALARS = ("string", "number", "boolean")


def typed(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with a `type` for each property, which is what the SDK flattens by.

    Of a property that has `anyOf` instead it would keep the first alternative, and take one that has nothing for text.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return dict(schema)
    return {**schema, "properties": {name: _typed_property(part, root) for name, part in properties.items()}}


def _typed_property(part: Any, root: Mapping[str, Any]) -> Any:
    if not isinstance(part, Mapping):
        return part
    if "type" in part:
        return typed(part, root)
    kept: list[dict[str, Any]] = []
    for name, one in alternatives(part, root):
        if name == "any":
            kept += [{"type": scalar} for scalar in _SCALARS]
        else:
            kept.append({"type": "string"} if name in ("array", "object") else {**one, "type": name})
    if takes_null(part, root):
        kept.append({"type": "null"})
    return {"type": sorted({one["type"] for one in kept}), "anyOf": kept}


def _line(message: dict[str, Any]) -> bytes:
    try:
        return _encode(message)
    except UnicodeEncodeError:
        return _escaped(message)


def _escaped(value: Any) -> bytes:
    """Return the JSON text in which half a pair of surrogates stays an escape, to be refused by its column."""
    import json

    if isinstance(value, str):
        return json.dumps(value).encode()
    if isinstance(value, dict):
        return b"{" + b",".join(_escaped(name) + b":" + _escaped(member) for name, member in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_escaped, value)) + b"]"
    return _encode(value)


def _message(line: bytes, number: int) -> dict[str, Any]:
    try:
        message: dict[str, Any] = _decode(line)
    except ValueError as error:
        raise MessageError(
            number, f"broken JSON ({error})", "each line must be one JSON object", code="IN-JSON"
        ) from error
    if not isinstance(message.get("record"), dict):
        raise MessageError(number, "a RECORD without record", "check the tap", code="IN-MESSAGE")
    return message
