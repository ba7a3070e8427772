"""Stream maps and flattening: messages through the SDK's mapper, and back into lines for the same record path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec
from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.mapper import CustomStreamMap, PluginMapper, RemoveRecordTransform, StreamMap

from singer_bulk.errors import ConfigError, MessageError
from singer_bulk.maps.flattening import Flattening, SameName
from singer_bulk.model.messages import Records, Schema, mended
from singer_bulk.schema.residue import RECORD_KEYWORDS

# Numbers pass as Decimal, so that a mapped record keeps the digits of what it does not touch; NaN and Infinity too,
# which stay what they are and are refused by their columns. A float that is one would become null.
value_text = msgspec.json.Encoder(decimal_format="number").encode


def decode_line(line: bytes) -> Any:
    """Return what a JSON text says, numbers as Decimal; halves of surrogate pairs, NaN and Infinity as they are."""
    import json

    return json.loads(line, parse_float=Decimal, parse_constant=Decimal)


TOLD_CHARACTERS = 300  # of what the SDK says, which names the map's expression


class StreamMapper:
    """The SDK's mapper behind the two questions of a run; flattening comes behind it (`flattening.py`)."""

    def __init__(self, mapper: PluginMapper) -> None:
        self._mapper = mapper
        options = mapper.flattening_options
        self._flattens = options if options is not None and options.enabled and options.max_level > 0 else None
        mapper.flattening_options = None  # type: ignore[assignment]
        self._flat: dict[str, Flattening] = {}  # by the name of the stream that a map makes

    def schemas(self, message: Schema) -> list[Schema]:
        """Return one SCHEMA for each stream that the map makes of this one; raises ConfigError."""
        schema = message.properties()
        try:
            self._mapper.register_raw_stream_schema(message.stream, schema, message.key_properties or [])
        except Exception as error:
            raise ConfigError(
                f"stream {message.stream!r}: stream_maps cannot be applied: {told(error)}; mend the map of the stream",
                code="STREAM-MAP",
            ) from error
        return [
            self._made(stream_map, {keyword: schema[keyword] for keyword in ("$defs",) if keyword in schema})
            for stream_map in self._mapper.stream_maps[message.stream]
            if not isinstance(stream_map, RemoveRecordTransform)
        ]

    def _made(self, stream_map: StreamMap, referred: Mapping[str, Any]) -> Schema:
        name = stream_map.stream_alias
        if not isinstance(name, str) or not name:
            raise ConfigError(f"stream_maps: {name!r} is no name of a stream; mend the map", code="STREAM-MAP")
        schema = {**stream_map.transformed_schema, **referred}
        if isinstance(stream_map, CustomStreamMap):
            # What is demanded of the whole record was demanded of the record that the tap sent.
            schema = {keyword: part for keyword, part in schema.items() if keyword not in RECORD_KEYWORDS}
        if self._flattens is not None:
            self._flat[name] = Flattening(self._flattens)
            schema = self._flat[name].schema(name, schema)
        return Schema(name, msgspec.Raw(value_text(schema)), list(stream_map.transformed_key_properties or []))

    def records(self, records: Records) -> list[Records]:
        """Return the mapped records, the ones that a filter drops left out, line numbers kept."""
        maps = self._mapper.stream_maps.get(records.stream)
        if maps is None:
            return [records]  # refused with its line by the run: no SCHEMA yet
        made = []
        for stream_map in maps:
            name = stream_map.stream_alias
            lines, numbers = [], []
            for number, line in zip(records.line_numbers, records.lines, strict=True):
                message = _message(line, number)
                try:
                    mapped = self._mapped(stream_map, message["record"])
                except UnicodeEncodeError:
                    if mended(line) == line:
                        raise
                    mapped = message["record"]  # half a character, which no column takes, in a digest: refused as sent
                except SameName as error:
                    remedy = "set another flattening_separator, or rename one of the two by a stream map"
                    raise _cannot(records.stream, number, str(error), remedy) from error
                except Exception as error:
                    raise _cannot(records.stream, number, told(error), "mend the expression in stream_maps") from error
                if mapped is not None:
                    lines.append(line_of({**message, "stream": name, "record": mapped}))
                    numbers.append(number)
            if lines:
                made.append(Records.of_lines(name, lines, numbers))
        return made

    def _mapped(self, stream_map: StreamMap, record: Mapping[str, Any]) -> dict[str, Any] | None:
        mapped = stream_map.transform(dict(record))
        if mapped is None and stream_map.get_filter_result(dict(record)):
            mapped = {}  # the SDK drops a record that has nothing left, which no filter does
        flat = self._flat.get(stream_map.stream_alias)
        return mapped if mapped is None or flat is None else flat.record(mapped)


@contextmanager
def settings_of_maps() -> Iterator[None]:
    """Turn what the SDK says of the settings into ConfigError."""
    try:
        yield
    except Exception as error:
        raise ConfigError(
            f"stream_maps or flattening: {told(error)}; see https://sdk.meltano.com/en/latest/stream_maps.html",
            code="CFG-MAPS",
        ) from error


def _cannot(stream: str, line_number: int, problem: str, remedy: str) -> MessageError:
    return MessageError(line_number, f"stream {stream!r}: {problem}", remedy, code="REC-MAP")


def told(error: BaseException) -> str:
    """Return what an error of the SDK's mapper says, with its cause, in one line."""
    cause = [str(error.__cause__)] if error.__cause__ is not None else []
    texts = [str(error) or type(error).__name__, *map(str, getattr(error, "errors", ())), *cause]
    name = "" if isinstance(error, (StreamMapConfigError, MapExpressionError)) else f"{type(error).__name__}: "
    text = " ".join(" ".join(texts).split())
    return name + (text if len(text) <= TOLD_CHARACTERS else text[: TOLD_CHARACTERS - 3] + "...")


def line_of(message: dict[str, Any]) -> bytes:
    """Return the JSON text of what `decode_line` has read."""
    try:
        return value_text(message)
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
    return value_text(value)


def _message(line: bytes, number: int) -> dict[str, Any]:
    try:
        message: dict[str, Any] = decode_line(line)
    except RecursionError as error:
        remedy = "flatten the record at its source"
        raise MessageError(number, "nested too deep for a stream map", remedy, code="IN-DEEP") from error
    except ValueError as error:
        raise MessageError(
            number, f"broken JSON ({error})", "each line must be one JSON object", code="IN-JSON"
        ) from error
    if not isinstance(message.get("record"), dict):
        raise MessageError(number, "a RECORD without record", "check the tap", code="IN-MESSAGE")
    return message
