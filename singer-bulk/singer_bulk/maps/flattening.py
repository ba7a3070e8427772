"""Flattening, as the SDK documents it: the properties of an object become properties of the record.

The names are the SDK's. Its own functions overwrite a value where two properties get one name, take a null object for a
property that nobody has declared, and lose an object that declares no properties; so ours are in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key
from singer_sdk.singerlib.json import serialize_json

from singer_bulk.errors import ConfigError
from singer_bulk.schema.json_schema import alternatives, takes_null

Json = Mapping[str, Any]

# What a flattened property may hold whose JSON Schema says nothing: an object or array in it becomes JSON text.
_SCALARS = ("string", "number", "boolean")


class SameName(Exception):
    """Two properties of a record get one name."""

    def __init__(self, one: str, other: str, name: str) -> None:
        super().__init__(f"{one} and {other} both become property {name!r}")


@dataclass
class Flattening:
    """The flattening of one stream; `schema` comes before its records."""

    options: FlatteningOptions
    _names: set[str] = field(default_factory=set)  # of the properties that there are when it is flat
    _objects: set[str] = field(default_factory=set)  # names of the objects whose properties take their place

    def schema(self, stream: str, schema: Json) -> dict[str, Any]:
        """Return the flat SCHEMA, without what was demanded of the whole record; raises ConfigError."""
        flat: dict[str, Any] = {}
        places: dict[str, str] = {}
        for place, name, part in self._leaves(typed(schema, schema), (), ""):
            if name in flat:
                raise ConfigError(
                    f"stream {stream!r}: {SameName(places[name], place, name)}; set another flattening_separator or "
                    "flattening_max_key_length, or rename one of the two by a stream map",
                    code="STREAM-FLAT-NAME",
                )
            flat[name], places[name] = part, place
        self._names = set(flat)
        kept = {keyword: schema[keyword] for keyword in ("required", "$defs") if keyword in schema}
        return {"type": "object", "properties": flat, **kept}

    def _leaves(self, schema: Json, above: tuple[str, ...], place: str) -> Iterator[tuple[str, str, Any]]:
        """Yield the place, the name and the schema of each property."""
        for name, part in schema["properties"].items():
            key, where = self._key(name, above), f"{place or '$'}.{name}"
            kinds = _kinds(part)
            is_object = kinds and kinds <= {"object", "null"} and bool(part.get("properties"))
            if is_object and len(above) < self.options.max_level:
                self._objects.add(key)
                yield from self._leaves(part, (*above, name), where)
            elif kinds & {"object", "array"}:
                yield where, key, {"type": ["string", "null"] if "null" in kinds else "string"}
            else:
                yield where, key, part

    def record(self, record: Json) -> dict[str, Any]:
        """Return the flat record; raises SameName."""
        flat: dict[str, Any] = {}
        places: dict[str, str] = {}
        for place, name, value in self._values(record, (), ""):
            if name in flat:
                raise SameName(places[name], place, name)
            flat[name], places[name] = value, place
        return flat

    def _values(self, members: Json, above: tuple[str, ...], place: str) -> Iterator[tuple[str, str, Any]]:
        for name, value in members.items():
            key, where = self._key(name, above), f"{place or '$'}.{name}"
            if isinstance(value, dict) and key not in self._names and len(above) < self.options.max_level:
                yield from self._values(value, (*above, name), where)
            elif value is None and key in self._objects:
                continue  # its properties are null
            else:
                yield where, key, serialize_json(value) if isinstance(value, dict | list) else value

    def _key(self, name: str, above: tuple[str, ...]) -> str:
        options = self.options
        return flatten_key(name, list(above), options.separator, max_key_length=options.max_key_length)


def _kinds(part: Any) -> set[str]:
    """Return the JSON types of a property."""
    kinds = part.get("type", ()) if isinstance(part, Mapping) else ()
    return {kinds} if isinstance(kinds, str) else set(kinds)


def typed(schema: Json, root: Json) -> dict[str, Any]:
    """Return the schema with a `type` for each property, as its alternatives have it."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return dict(schema)
    return {**schema, "properties": {name: _typed_property(part, root) for name, part in properties.items()}}


def _typed_property(part: Any, root: Json) -> Any:
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
