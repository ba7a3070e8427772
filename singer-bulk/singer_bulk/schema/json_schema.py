"""What column does a JSON Schema property become?

A property's schema is reduced to its alternatives (type lists, anyOf, oneOf; null only says that the column
may be empty), each alternative becomes a `ColumnType`, and the widest of them is the column's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from singer_bulk.model.columns import (
    BIG_INTEGER,
    BOOLEAN,
    DOUBLE,
    INT64_MAX,
    INT64_MIN,
    INTEGER,
    JSON,
    MAX_PRECISION,
    TEXT,
    Column,
    ColumnType,
    Content,
)
from singer_bulk.model.kinds import KINDS_BY_FORMAT, STARTS, Kind
from singer_bulk.model.type_fit import widest_of

DEFAULT_SCALE = 9  # of a decimal whose SCHEMA gives no scale
# UTF-8; Redshift counts VARCHAR in bytes.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
BYTES_PER_CHARACTER = 4


@dataclass(frozen=True)
class TypeRules:
    """What the user chose where a SCHEMA leaves a choice.

    number_type: "double" or "decimal" for numbers without a hint of scale; datetime_type: "auto", "timestamp" or
    "timestamptz"; datetime_as_text, json_as_text: those values become text, exactly as sent; text_bytes: of text
    without maxLength (None: what the warehouse gives).
    """

    number_type: str = "double"
    number_scale: int = DEFAULT_SCALE
    datetime_type: str = "auto"
    datetime_as_text: bool = False
    json_as_text: bool = False
    text_bytes: int | None = None


UUID_CHARACTERS = 36  # RFC 9562, section 4
DECIMAL_FORMATS = {"singer.decimal", "x-singer.decimal", "decimal"}
DATETIME_KINDS = {
    "auto": Kind.DATETIME,
    "timestamp": Kind.TIMESTAMP,
    "timestamptz": Kind.TIMESTAMPTZ,
}
MAX_REFERENCES = 50  # from one $ref to the next; a longer chain is taken for a circle


def column_type(schema: Mapping[str, Any], rules: TypeRules, root: Mapping[str, Any] | None = None) -> ColumnType:
    """Return the type of the column for a property's JSON Schema; `root` is where its `$ref`s point.

    `{}` and every mixture of objects or arrays with scalars is JSON; other mixtures are text, which holds them all.
    """
    found = list(alternatives(schema, root or {}))
    if not found:
        return json_type(rules)
    widest = _type_of(*found[0], rules)
    for name, part in found[1:]:
        other = _type_of(name, part, rules)
        widest = json_type(rules) if Content.JSON in (widest.content, other.content) else widest_of(widest, other)
    return taking(widest, {name for name, _ in found})


def taking(column_type: ColumnType, names: Collection[str]) -> ColumnType:
    """Return the column type restricted to values of these JSON types."""
    if column_type.kind is Kind.TEXT and column_type.content is Content.STRINGS and set(names) != {"string"}:
        column_type = replace(column_type, content=Content.ANY)
    if column_type.kind is Kind.JSON or column_type.content is not Content.STRINGS:
        known = all(name in STARTS for name in names)
        starts = "".join(sorted({character for name in names for character in STARTS.get(name, "")}))
        return replace(column_type, starts=starts if known and column_type.kind is not Kind.DECIMAL else "")
    return column_type


def alternatives(
    schema: Mapping[str, Any], root: Mapping[str, Any], passed: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (JSON type, schema) for each non-null alternative; a schema that allows anything yields "any".

    `passed` are the references that led to this schema; an alternative that refers back to one of them adds nothing.
    """
    if (reference := str(schema.get("$ref"))) in passed:
        return
    passed |= {reference} if "$ref" in schema else passed
    schema = _resolved(schema, root)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            for part in schema[keyword]:
                if isinstance(part, Mapping):
                    yield from alternatives({**rest, **part}, root, passed)
                elif part is True:
                    yield "any", rest
            return
    for name in _types(schema):
        if name != "null":
            yield name, schema


def _types(schema: Mapping[str, Any]) -> Sequence[str]:
    types = schema.get("type")
    if types is not None:
        return [types] if isinstance(types, str) else types
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return sorted({_json_type(value) for value in values}) if values else ["any"]


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema with its `$ref` followed and its `allOf` merged in; what cannot be followed allows anything."""
    for _ in range(MAX_REFERENCES):
        if "$ref" in schema:
            rest = {name: value for name, value in schema.items() if name != "$ref"}
            schema = {**_referred(schema["$ref"], root), **rest}
        elif "allOf" in schema:
            merged: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
            for part in schema["allOf"]:
                merged = {**part, **merged} if isinstance(part, Mapping) else merged
            schema = merged
        else:
            return schema
    return {}


def _referred(reference: object, root: Mapping[str, Any]) -> Mapping[str, Any]:
    place: Any = root
    for part in str(reference).removeprefix("#/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        place = place.get(part) if isinstance(place, Mapping) else None
    return place if isinstance(place, Mapping) else {}


def _json_type(value: object) -> str:
    names: dict[type, str] = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
        type(None): "null",
    }
    return names.get(type(value), "object")


def _type_of(name: str, schema: Mapping[str, Any], rules: TypeRules) -> ColumnType:
    if name == "boolean":
        return BOOLEAN
    if name == "integer":
        return _integer(schema)
    if name == "number":
        return _number(schema, rules)
    if name == "string":
        return _string(schema, rules)
    return json_type(rules)


def json_type(rules: TypeRules) -> ColumnType:
    """Return the type of a column for values of any type."""
    return replace(TEXT, content=Content.JSON) if rules.json_as_text else JSON


def _integer(schema: Mapping[str, Any]) -> ColumnType:
    bounds = [schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if key in schema]
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    # Some taps write 2**63 as the float 9223372036854775807.0, which is one more than the largest BIGINT.
    if any(not INT64_MIN <= bound <= INT64_MAX + 1 for bound in numbers):
        return BIG_INTEGER
    return INTEGER


def _number(schema: Mapping[str, Any], rules: TypeRules) -> ColumnType:
    step = schema.get("multipleOf")
    # A step that no decimal type has (1e-38, which taps write for a NUMERIC without scale) is no hint.
    if isinstance(step, int | float) and step > 0 and scale_of(step) < MAX_PRECISION:
        return _decimal(schema.get("precision"), scale_of(step))
    if schema.get("format") in DECIMAL_FORMATS or "scale" in schema or rules.number_type == "decimal":
        return _decimal(schema.get("precision"), schema.get("scale", rules.number_scale))
    return DOUBLE


def scale_of(step: float) -> int:
    """Return how many decimal places a multiple of `step` needs: 0.01 -> 2, 0.25 -> 2, 5 -> 0."""
    exponent = Decimal(repr(step)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _decimal(precision: Any, scale: Any) -> ColumnType:
    digits = min(max(1, precision), MAX_PRECISION) if _is_count(precision) else MAX_PRECISION
    places = min(max(0, scale), digits, MAX_PRECISION - 1) if _is_count(scale) else min(DEFAULT_SCALE, digits)
    return ColumnType(Kind.DECIMAL, digits, places)


def _is_count(hint: object) -> bool:
    return isinstance(hint, int) and not isinstance(hint, bool)


def _string(schema: Mapping[str, Any], rules: TypeRules) -> ColumnType:
    text_format = schema.get("format")
    kind = KINDS_BY_FORMAT.get(text_format) if isinstance(text_format, str) else None
    if kind is not None:
        if rules.datetime_as_text:
            return ColumnType(Kind.TEXT, max_bytes=rules.text_bytes)
        return ColumnType(DATETIME_KINDS[rules.datetime_type] if kind is Kind.DATETIME else kind)
    if text_format in DECIMAL_FORMATS:
        return replace(_decimal(schema.get("precision"), schema.get("scale", rules.number_scale)), content=Content.ANY)
    length = schema.get("maxLength", UUID_CHARACTERS if text_format == "uuid" else None)
    if _is_count(length) and length > 0:
        return ColumnType(Kind.TEXT, max_bytes=length * (1 if text_format == "uuid" else BYTES_PER_CHARACTER))
    return ColumnType(Kind.TEXT, max_bytes=rules.text_bytes)


def columns_of(schema: Mapping[str, Any], rules: TypeRules, names: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns for a SCHEMA's properties, in its order; `names` maps each property to its column."""
    required = schema.get("required")
    required = required if isinstance(required, list) else []
    made = []
    for name, part in (schema.get("properties") or {}).items():
        declared = part if isinstance(part, Mapping) else {}
        null = takes_null(declared, schema)
        made.append(Column(names[name], column_type(declared, rules, schema), name, null, null or name not in required))
    return tuple(made)


def takes_null(schema: Mapping[str, Any], root: Mapping[str, Any], passed: frozenset[str] = frozenset()) -> bool:
    """Return whether a property's JSON Schema lets it be null; `passed` as for `alternatives`."""
    if (reference := str(schema.get("$ref"))) in passed:
        return False
    passed |= {reference} if "$ref" in schema else passed
    schema = _resolved(schema, root)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            parts = [part for part in schema[keyword] if isinstance(part, Mapping)]
            return len(parts) < len(schema[keyword]) or any(
                takes_null({**rest, **part}, root, passed) for part in parts
            )
    if "enum" in schema and None not in schema["enum"]:
        return False
    if "const" in schema and schema["const"] is not None:
        return False
    return "type" not in schema or "null" in _types(schema)
