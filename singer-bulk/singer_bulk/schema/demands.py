"""Which residues are so plain that a value can be checked where it is written?

What this module says of a residue takes no value that the residue refuses. It may refuse some that are taken, 1.0 for
an integer in a document: then the check itself decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_bulk.model.check import Bounds, Choices, Demand, Shape
from singer_bulk.model.columns import INT64_MAX, INT64_MIN, Column, Content
from singer_bulk.model.kinds import Kind
from singer_bulk.model.messages import are_plain
from singer_bulk.schema.residue import VALUE_KEYWORDS, is_text_format

_TYPES = frozenset(["null", "string", "integer", "number", "boolean", "object", "array"])
_CONTAINERS = {"properties": "object", "items": "array"}
_ANY = Shape()


def demand_of(residue: Any, column: Column | None) -> Demand | None:
    """Return what a value has to be, for a column that can look at that; None for any other residue."""
    if column is None or not isinstance(residue, Mapping):
        return None
    keywords = set(residue)
    is_text = column.type.kind is Kind.TEXT and column.type.content is Content.STRINGS
    if is_text and keywords == {"enum"}:
        texts = frozenset(value for value in residue["enum"] if isinstance(value, str))
        return Choices(texts) if texts else None
    small = all(type(value) is int and INT64_MIN <= value <= INT64_MAX for value in residue.values())
    if is_text and small and keywords <= {"minLength", "maxLength"}:
        return Bounds(residue.get("minLength"), residue.get("maxLength"))
    if column.type.kind is Kind.INTEGER and small and keywords <= {"minimum", "maximum"}:
        return Bounds(residue.get("minimum"), residue.get("maximum"))
    return shape_of(residue) if column.type.kind is Kind.JSON else None


def shape_of(schema: Any) -> Shape | None:
    """Return the shape of the documents that pass a schema of which only types are demanded; None for any other."""
    if not isinstance(schema, Mapping):
        return _ANY if schema is True else None
    keywords = {name for name in schema if name in VALUE_KEYWORDS and schema[name] != {}}
    if not is_text_format(schema.get("format")):
        keywords.discard("format")
    if not keywords <= {"type", *_CONTAINERS}:
        return None
    named = schema.get("type", [name for part, name in _CONTAINERS.items() if part in keywords])
    types = frozenset([named] if isinstance(named, str) else named)
    parts = {name: shape_of(part) for name, part in schema.get("properties", {}).items()}
    items = shape_of(schema.get("items", True))
    if not types <= _TYPES or items is None or None in parts.values() or not are_plain(parts):
        return None
    return Shape(types, {name: part for name, part in parts.items() if part is not None}, items)
