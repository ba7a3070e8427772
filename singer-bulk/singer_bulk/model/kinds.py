"""Which kinds of columns are there, and what is known of each? One row per kind; the other tables derive from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# What a JSON text begins with, by its JSON type.
_DIGITS = "-0123456789"
STARTS = {"object": "{", "array": "[", "string": '"', "boolean": "tf", "integer": _DIGITS, "number": _DIGITS}


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


INSTANTS = frozenset((Kind.TIMESTAMP, Kind.TIMESTAMPTZ))
_NONE: frozenset[Kind] = frozenset()


@dataclass(frozen=True)
class KindRow:
    """What is known of a kind.

    suffix: of the name of a column of this kind beside one that cannot hold the values; starts: what the JSON texts of
    its values begin with ("": with anything); text_format: the `format` of a JSON string that becomes a column of this
    kind.

    Of its values, besides what columns of its own kind, of text and of documents do: taken_by: columns of these kinds
    take them all, written for that column; read_by: the field that was written for this kind is the same value in
    columns of these; grows_into: what a column of this kind may become, its values kept.
    """

    suffix: str
    starts: str
    text_format: str | None = None
    taken_by: frozenset[Kind] = _NONE
    read_by: frozenset[Kind] = _NONE
    grows_into: frozenset[Kind] = _NONE


KINDS = {
    Kind.BOOLEAN: KindRow("b", STARTS["boolean"]),
    Kind.INTEGER: KindRow("i", STARTS["integer"], read_by=frozenset([Kind.DECIMAL])),
    Kind.DECIMAL: KindRow("d", STARTS["number"]),
    Kind.DOUBLE: KindRow("f", STARTS["number"]),
    Kind.TEXT: KindRow("s", STARTS["string"]),
    Kind.DATE: KindRow("dt", STARTS["string"], "date", taken_by=INSTANTS, grows_into=INSTANTS | {Kind.DATETIME}),
    Kind.TIME: KindRow("t", STARTS["string"], "time"),
    Kind.DATETIME: KindRow("tz", STARTS["string"], "date-time", taken_by=INSTANTS, read_by=INSTANTS),
    Kind.TIMESTAMP: KindRow(
        "ts",
        STARTS["string"],
        taken_by=frozenset([Kind.TIMESTAMPTZ]),
        read_by=frozenset([Kind.TIMESTAMPTZ]),
        grows_into=frozenset([Kind.TIMESTAMPTZ]),
    ),
    Kind.TIMESTAMPTZ: KindRow("tz", STARTS["string"]),
    Kind.JSON: KindRow("j", ""),
    Kind.OTHER: KindRow("", ""),
}

# Of a property that is a string with a format of its own.
KINDS_BY_FORMAT = {row.text_format: kind for kind, row in KINDS.items() if row.text_format is not None}
# Their values are strings, and not any string.
STRING_KINDS = frozenset(kind for kind, row in KINDS.items() if row.starts == STARTS["string"]) - {Kind.TEXT}
