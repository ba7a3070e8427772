"""What is left of a JSON Schema to be checked when the columns have taken the values that they can hold?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from singer_bulk.model.columns import INT64_MAX, INT64_MIN, Column, Content
from singer_bulk.model.kinds import STRING_KINDS, Kind
from singer_bulk.schema.json_schema import alternatives, scale_of

Json = Mapping[str, Any]

# Keywords that a value can fail; all others only describe.
# fmt: off
VALUE_KEYWORDS = frozenset([
    "type", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength",
    "minLength", "pattern", "format", "items", "prefixItems", "additionalItems", "maxItems", "minItems", "uniqueItems",
    "contains", "maxContains", "minContains", "maxProperties", "minProperties", "required", "properties",
    "patternProperties", "additionalProperties", "dependencies", "dependentRequired", "dependentSchemas",
    "propertyNames", "if", "then", "else", "allOf", "anyOf", "oneOf", "not", "$ref", "unevaluatedItems",
    "unevaluatedProperties",
])
# The formats that jsonschema-rs checks, without date-time, date and time, which the columns check.
_TEXT_FORMATS = frozenset([
    "uuid", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri",
    "iri-reference", "uri-template", "json-pointer", "relative-json-pointer", "regex", "duration",
])
# fmt: on
# Of the record itself, beyond what columns, names and required say; unknown properties are not refused.
RECORD_KEYWORDS = VALUE_KEYWORDS - {"type", "properties", "required", "additionalProperties", "unevaluatedProperties"}
_DEFINITIONS = ("definitions", "$defs")
_JUDGED_KEYWORDS = VALUE_KEYWORDS | frozenset(_DEFINITIONS)
# The values of the first are schemas by name; those of the second are data, even if they look like schemas.
_SCHEMAS_BY_NAME = frozenset([*_DEFINITIONS, "properties", "patternProperties", "dependentSchemas", "dependencies"])
_DATA_KEYWORDS = frozenset(["enum", "const"])


def definitions(schema: Json) -> Json:
    """Return the keywords that hold schemas for a `$ref` to point to."""
    return {keyword: schema[keyword] for keyword in _DEFINITIONS if keyword in schema}


def judged(schema: Any) -> Any:
    """Return the part of a schema that a value can fail, without descriptions and formats that the columns check."""
    if not isinstance(schema, Mapping):
        return [judged(part) for part in schema] if isinstance(schema, list) else schema
    return {
        keyword: _judged_part(keyword, part)
        for keyword, part in schema.items()
        if keyword in _JUDGED_KEYWORDS and (keyword != "format" or is_text_format(part))
    }


def _judged_part(keyword: str, part: Any) -> Any:
    if keyword in _DATA_KEYWORDS:
        return part
    if keyword in _SCHEMAS_BY_NAME and isinstance(part, Mapping):
        return {name: judged(one) for name, one in part.items()}
    return judged(part)


def is_text_format(name: object) -> bool:
    """Return whether a text can fail the format."""
    return isinstance(name, str) and name in _TEXT_FORMATS


def residue_of(part: Any, root: Json, column: Column, *, rounds: bool) -> Any:
    """Return what is left of a property's schema when its column has taken the value; {} if nothing is."""
    if not isinstance(part, Mapping):
        return part
    left = {keyword: value for keyword, value in part.items() if keyword in VALUE_KEYWORDS}
    if not is_text_format(left.get("format")):
        left.pop("format", None)
    if "type" in left and _column_checks_type(part, root, column, rounds=rounds):
        # Each other keyword applies only to values of its own types, so `type` can be left out.
        del left["type"]
    if _column_checks_step(left.get("multipleOf"), column):
        del left["multipleOf"]
    if column.type.kind is Kind.INTEGER and left.get("minimum", 1) <= INT64_MIN:
        del left["minimum"]
    if column.type.kind is Kind.INTEGER and left.get("maximum", 1) >= INT64_MAX:
        del left["maximum"]
    return left


def _column_checks_type(part: Json, root: Json, column: Column, *, rounds: bool) -> bool:
    if any(keyword in part for keyword in ("anyOf", "oneOf", "allOf", "$ref")):
        return False
    names = {name for name, _ in alternatives(part, root)}
    kind = column.type.kind
    if kind is Kind.DECIMAL and "number" not in names and rounds:
        return False  # 1.5 would be rounded, and the SCHEMA demands integers
    if kind is Kind.INTEGER or (kind is Kind.DECIMAL and column.type.scale == 0):
        return bool(names & {"integer", "number"}) and column.type.content is Content.STRINGS
    if kind in (Kind.DECIMAL, Kind.DOUBLE):
        return "number" in names and column.type.content is Content.STRINGS
    if kind is Kind.BOOLEAN:
        return "boolean" in names
    if kind in STRING_KINDS or (kind is Kind.TEXT and column.type.content is Content.STRINGS):
        return "string" in names
    return bool(column.type.starts) and not ("integer" in names and "number" not in names)


def _column_checks_step(step: object, column: Column) -> bool:
    if not isinstance(step, int | float) or step <= 0:
        return False
    if column.type.kind is Kind.INTEGER:
        return step == 1
    scale = scale_of(step)
    is_power_of_ten = Decimal(repr(step)) == Decimal(1).scaleb(-scale)
    return column.type.kind is Kind.DECIMAL and column.type.scale == scale and is_power_of_ten
