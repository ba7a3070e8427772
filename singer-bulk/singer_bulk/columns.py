"""What column does a JSON Schema property become?

A property's schema is reduced to its alternatives (type lists, anyOf, oneOf; null only says that the column
may be empty), each alternative becomes a `ColumnType`, and the widest of them is the column's.
The types are those of no warehouse: a dialect's table turns them into its own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
MAX_PRECISION = 38  # DECIMAL on Redshift and NUMBER on Snowflake: r_Numeric_types201, data-types-numeric
DEFAULT_SCALE = 9  # of a decimal whose SCHEMA gives no scale
BYTES_PER_CHARACTER = 4  # UTF-8; Redshift counts VARCHAR in bytes: r_Character_types


class Kind(str, Enum):
    """What a column holds."""

    BOOLEAN = "boolean"
    INTEGER = "integer"  # 64 bits signed
    DECIMAL = "decimal"
    DOUBLE = "double"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"  # date-time whose values have not shown yet whether they bear an offset
    TIMESTAMP = "timestamp"  # without offset
    TIMESTAMPTZ = "timestamptz"
    JSON = "json"
    OTHER = "of a type that no property becomes"


@dataclass(frozen=True)
class ColumnType:
    """A kind and its size. `max_bytes` is for TEXT (None: what the warehouse gives), the other two for DECIMAL."""

    kind: Kind
    precision: int = 0
    scale: int = 0
    max_bytes: int | None = None


@dataclass(frozen=True)
class Column:
    """One column of a table, and the property whose values it takes (None: a metadata column)."""

    name: str
    type: ColumnType
    property: str | None = None


@dataclass(frozen=True)
class TypeRules:
    """What the user chose where a SCHEMA leaves a choice.

    number_type: "double" or "decimal" for numbers without a hint of scale; datetime_type: "auto", "timestamp"
    or "timestamptz".
    """

    number_type: str = "double"
    number_scale: int = DEFAULT_SCALE
    datetime_type: str = "auto"


BOOLEAN = ColumnType(Kind.BOOLEAN)
INTEGER = ColumnType(Kind.INTEGER)
BIG_INTEGER = ColumnType(Kind.DECIMAL, MAX_PRECISION, 0)
DOUBLE = ColumnType(Kind.DOUBLE)
TEXT = ColumnType(Kind.TEXT)
DATE = ColumnType(Kind.DATE)
TIME = ColumnType(Kind.TIME)
TIMESTAMPTZ = ColumnType(Kind.TIMESTAMPTZ)
JSON = ColumnType(Kind.JSON)

DECIMAL_FORMATS = {"singer.decimal", "x-singer.decimal", "decimal"}
DATETIME_KINDS = {
    "auto": Kind.DATETIME,
    "timestamp": Kind.TIMESTAMP,
    "timestamptz": Kind.TIMESTAMPTZ,
}


def column_type(schema: Mapping[str, Any], rules: TypeRules) -> ColumnType:
    """Return the type of the column for a property's JSON Schema.

    `{}` and whatever mixes objects or arrays with scalars is JSON; other mixtures are text, which holds them all.
    """
    found = [_type_of(kind, part, rules) for kind, part in _alternatives(schema)]
    if not found:
        return JSON
    widest = found[0]
    for other in found[1:]:
        widest = widest_of(widest, other)
    return widest


def _alternatives(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (JSON type, schema) for each non-null alternative; a schema that allows anything yields "any"."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            for part in schema[keyword]:
                if isinstance(part, Mapping):
                    yield from _alternatives({**rest, **part})
            return
    types = schema.get("type")
    if types is None:
        types = sorted({_json_type(value) for value in schema["enum"]}) if "enum" in schema else ["any"]
    for name in [types] if isinstance(types, str) else types:
        if name != "null":
            yield name, schema


def _json_type(value: object) -> str:
    names: dict[type, str] = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
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
    return JSON


def _integer(schema: Mapping[str, Any]) -> ColumnType:
    bounds = [schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if key in schema]
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    # Some taps write 2**63 as the float 9223372036854775807.0, which is one more than the largest BIGINT.
    if any(not INT64_MIN <= bound <= INT64_MAX + 1 for bound in numbers):
        return BIG_INTEGER
    return INTEGER


def _number(schema: Mapping[str, Any], rules: TypeRules) -> ColumnType:
    step = schema.get("multipleOf")
    if isinstance(step, int | float) and step > 0:
        return _decimal(MAX_PRECISION, scale_of(step))
    if schema.get("format") in DECIMAL_FORMATS or "scale" in schema or rules.number_type == "decimal":
        return _decimal(schema.get("precision", MAX_PRECISION), schema.get("scale", rules.number_scale))
    return DOUBLE


def scale_of(step: float) -> int:
    """Return how many decimal places a multiple of `step` needs: 0.01 -> 2, 0.25 -> 2, 5 -> 0."""
    exponent = Decimal(repr(step)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _decimal(precision: int, scale: int) -> ColumnType:
    precision = min(max(1, int(precision)), MAX_PRECISION)
    return ColumnType(Kind.DECIMAL, precision, min(max(0, int(scale)), precision, MAX_PRECISION - 1))


def _string(schema: Mapping[str, Any], rules: TypeRules) -> ColumnType:
    text_format = schema.get("format")
    if text_format == "date-time":
        return ColumnType(DATETIME_KINDS[rules.datetime_type])
    if text_format == "date":
        return DATE
    if text_format == "time":
        return TIME
    if text_format in DECIMAL_FORMATS:
        return _decimal(schema.get("precision", MAX_PRECISION), schema.get("scale", rules.number_scale))
    length = schema.get("maxLength")
    if isinstance(length, int) and length > 0:
        return ColumnType(Kind.TEXT, max_bytes=length * BYTES_PER_CHARACTER)
    return TEXT


def widest_of(one: ColumnType, other: ColumnType) -> ColumnType:
    """Return the narrowest type that holds the values of both, without altering any."""
    if one == other:
        return one
    kinds = {one.kind, other.kind}
    if Kind.JSON in kinds:
        return JSON
    if kinds == {Kind.TEXT}:
        sizes = [size for size in (one.max_bytes, other.max_bytes) if size is not None]
        return ColumnType(Kind.TEXT, max_bytes=max(sizes) if len(sizes) == 2 else None)
    if kinds == {Kind.INTEGER, Kind.DOUBLE}:
        return DOUBLE
    if kinds <= {Kind.INTEGER, Kind.DECIMAL}:
        scale = max(one.scale, other.scale)
        whole = max(_whole_digits(one), _whole_digits(other))
        return ColumnType(Kind.DECIMAL, min(MAX_PRECISION, whole + scale), scale)
    return TEXT


def _whole_digits(column_type: ColumnType) -> int:
    return 19 if column_type.kind is Kind.INTEGER else column_type.precision - column_type.scale


def columns_of(schema: Mapping[str, Any], rules: TypeRules, names: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns for a SCHEMA's properties, in its order; `names` maps each property to its column."""
    return tuple(
        Column(names[name], column_type(part if isinstance(part, Mapping) else {}, rules), name)
        for name, part in schema.get("properties", {}).items()
    )


def with_type(columns: Sequence[Column], name: str, new_type: ColumnType) -> tuple[Column, ...]:
    """Return the columns, the one called `name` with another type."""
    return tuple(replace(column, type=new_type) if column.name == name else column for column in columns)
