"""Which keywords of a SCHEMA say something, and what does a `$ref` lead to?

A keyword with a value that JSON Schema does not know says nothing. What a `$ref` leads to is collected in `$defs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import msgspec

from singer_bulk.errors import shown

Json = Mapping[str, Any]

JSON_TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
DEFS = "$defs"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)  # type: ignore[operator, call-overload]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_type(value: object) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and bool(names) and all(isinstance(one, str) and one in JSON_TYPES for one in names)


@lru_cache(maxsize=1024)
def _is_pattern(value: object) -> bool:
    try:
        jsonschema_rs.Draft201909Validator({"pattern": value})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


# What is no schema in itself: keyword -> the test of its value.
_VALUES: Mapping[str, Callable[[Any], bool]] = {
    "type": _is_type,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    **dict.fromkeys(("minimum", "maximum"), _is_number),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), lambda value: isinstance(value, bool | int | float)),
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"),
        _is_count,
    ),
    **dict.fromkeys(("maxContains", "minContains"), _is_count),
    "uniqueItems": lambda value: isinstance(value, bool),
    "pattern": lambda value: _is_text(value) and _is_pattern(value),
    "format": _is_text,
    "required": _is_texts,
    "dependentRequired": lambda value: isinstance(value, Mapping) and all(map(_is_texts, value.values())),
    "$ref": _is_text,
}
_ONE_SCHEMA = frozenset(
    ("additionalItems", "contains", "propertyNames", "if", "then", "else", "not", "additionalProperties")
) | {"unevaluatedItems", "unevaluatedProperties"}
_LISTS = frozenset(("anyOf", "oneOf", "allOf", "prefixItems"))
_BY_NAME = frozenset(("properties", "patternProperties", "dependentSchemas", "dependencies"))
# Draft 4 says by a boolean that the bound beside it is excluded.
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
# Where a SCHEMA keeps what its references lead to: what is needed of it stands in `$defs`.
_STORES = frozenset(("definitions", DEFS))


@dataclass
class KeywordReader:
    """Reads one SCHEMA; `odd` are the places that say nothing, with what was found there."""

    root: Any
    odd: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)  # name in $defs -> schema
    _names: dict[str, str] = field(default_factory=dict)  # reference -> name in $defs

    def schema(self, value: Any, path: str) -> Any:
        """Return the schema as it is meant; `path` says where it stands."""
        if isinstance(value, bool):
            return value
        if not isinstance(value, Mapping):
            return self._without(path, value)
        read: dict[str, Any] = {}
        for keyword, part in value.items():
            if keyword not in _STORES:
                read.update(self._keyword(keyword, part, f"{path}.{keyword}"))
        return _with_null(_with_bounds(read))

    def _keyword(self, keyword: str, part: Any, path: str) -> dict[str, Any]:
        """Return the keyword with its value as it is meant; nothing where it says nothing."""
        if keyword in _ONE_SCHEMA or (keyword == "items" and not isinstance(part, list)):
            return {keyword: self.schema(part, path)} if isinstance(part, Mapping | bool) else self._without(path, part)
        if keyword in _LISTS or keyword == "items":
            if not isinstance(part, list) or not part:
                return self._without(path, part)
            return {keyword: [self.schema(one, f"{path}[{number}]") for number, one in enumerate(part)]}
        if keyword in _BY_NAME:
            return self._by_name(keyword, part, path)
        if keyword in _VALUES and not _VALUES[keyword](_distinct(part)):
            return self._without(path, part)
        if keyword == "$ref":
            return self._reference(part, path)
        return {keyword: _distinct(part) if keyword in ("type", "required") else part}

    def _by_name(self, keyword: str, part: Any, path: str) -> dict[str, Any]:
        if not isinstance(part, Mapping):
            return self._without(path, part)
        read = {}
        for name, one in part.items():
            place = f"{path}.{name}"
            if keyword == "patternProperties" and not _is_pattern(name):
                self._pass_over(place, name)
            elif keyword == "dependencies" and _is_texts(one):
                read[name] = one
            else:
                read[name] = self.schema(one, place)
        return {keyword: read}

    def _without(self, path: str, part: Any) -> dict[str, Any]:
        self._pass_over(path, part)
        return {}

    def _pass_over(self, path: str, part: Any) -> None:
        self.odd.append(f"{path} {shown(msgspec.json.encode(part))}")

    def _reference(self, reference: str, path: str) -> dict[str, Any]:
        if reference not in self._names:
            target = _target(self.root, reference)
            if target is None:
                return self._without(path, reference)
            name = self._names[reference] = str(len(self._names) + 1)
            self.found[name] = self.schema(target, reference)
        return {"$ref": f"#/{DEFS}/{self._names[reference]}"}


def _distinct(part: Any) -> Any:
    """Return a list of texts with each of them once."""
    return list(dict.fromkeys(part)) if _is_texts(part) else part


def _target(root: Any, reference: str) -> Any:
    """Return the schema that a reference within the SCHEMA leads to; None where there is none."""
    if not re.match(r"#(/|$)", reference):
        return None
    place = root
    for part in unquote(reference[1:]).split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        else:
            place = place.get(part) if isinstance(place, Mapping) else None
    return place if isinstance(place, Mapping | bool) else None


def _with_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    for keyword, bound in _BOUNDS.items():
        is_excluded = schema.get(keyword)
        if isinstance(is_excluded, bool):
            del schema[keyword]
            if is_excluded and bound in schema:
                schema[keyword] = schema.pop(bound)
    return schema


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with null among its values where it is meant."""
    if schema.get("nullable") is True and "type" in schema:
        names = schema["type"]
        schema["type"] = _distinct([*([names] if isinstance(names, str) else names), "null"])
    types = schema.get("type")
    if types == "null" or (isinstance(types, list) and "null" in types):
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        if schema.get("const") is not None:
            schema["enum"] = [schema.pop("const"), None]
    return schema
