"""The type of a column as the user has chosen it: what may be said, and how values come into it exactly.

The type decides the encoder, which writes each value as it was sent or refuses it; a chosen column never becomes
another. What no value of the property could enter is refused before the first record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.model.columns import JSON, MAX_PRECISION, TEXT, Column, ColumnType, Content
from singer_bulk.model.kinds import Kind
from singer_bulk.model.messages import MASKED
from singer_bulk.model.type_fit import fitting
from singer_bulk.schema.json_schema import alternatives

MAX_SCALE = 37  # of both: r_Numeric_types201, data-types-numeric
_WORDS = {
    "boolean": Kind.BOOLEAN, "bigint": Kind.INTEGER, "integer": Kind.INTEGER, "double": Kind.DOUBLE,
    "double precision": Kind.DOUBLE, "text": Kind.TEXT, "varchar": Kind.TEXT, "date": Kind.DATE, "time": Kind.TIME,
    "timestamp": Kind.TIMESTAMP, "timestamptz": Kind.TIMESTAMPTZ, "super": Kind.JSON, "variant": Kind.JSON,
    "json": Kind.JSON,
}  # fmt: skip
_SIZED = re.compile(r"(varchar|decimal|numeric|number) ?\( ?(\d{1,9}) ?(?:, ?(\d{1,9}) ?)?\)")
FORMS = "decimal(p, s), bigint, double, boolean, varchar(n), text, date, time, timestamp, timestamptz, super or variant"

_NUMBERS = frozenset(("integer", "number"))
_INSTANTS = frozenset((Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ))
# The JSON types whose values an encoder takes; text and documents take all.
_TAKES = {
    Kind.BOOLEAN: frozenset(("boolean",)),
    Kind.INTEGER: _NUMBERS,
    Kind.DOUBLE: _NUMBERS,
    Kind.DECIMAL: _NUMBERS | {"string"},
    **dict.fromkeys((*_INSTANTS, Kind.TIME), frozenset(("string",))),
}
# Of a property whose strings have a format: the other kinds that take some of them.
_OF_FORMAT = {Kind.TIME: frozenset((Kind.TIME,)), **dict.fromkeys((*_INSTANTS, Kind.DATETIME), _INSTANTS)}


def chosen_type(words: str) -> ColumnType:
    """Return the type that a setting says; raises ValueError, whose text says what it takes."""
    plain = " ".join(words.lower().split())
    if plain in _WORDS:
        return ColumnType(_WORDS[plain])
    found = _SIZED.fullmatch(plain)
    if found is None:
        raise ValueError(f"takes {FORMS}, got {words[:80]!r}")
    size, scale = int(found[2]), int(found[3] or 0)
    if found[1] == "varchar":
        if found[3] is not None or not size:
            raise ValueError(f"takes varchar(n) with one n of 1 or more, got {words[:80]!r}")
        return ColumnType(Kind.TEXT, max_bytes=size)
    if not 1 <= size <= MAX_PRECISION or scale > min(size, MAX_SCALE):
        bounds = f"p from 1 to {MAX_PRECISION} and s from 0 to p, {MAX_SCALE} at most"
        raise ValueError(f"takes decimal(p, s) with {bounds}, got {words[:80]!r}")
    return ColumnType(Kind.DECIMAL, size, scale)


def with_chosen(
    stream: str,
    columns: Iterable[Column],
    chosen: Mapping[str, str],
    schema: Mapping[str, Any],
    created: Callable[[ColumnType], ColumnType],
    max_text: int,
) -> list[Column]:
    """Return the columns with the types that are chosen for their properties; raises ConfigError.

    created: the type that a new column really has; max_text: the most bytes of a text.
    """
    made = []
    for column in columns:
        words = chosen.get(str(column.property))
        made.append(column if words is None else _chosen(stream, column, words, schema, created, max_text))
    return made


def _chosen(
    stream: str,
    column: Column,
    words: str,
    schema: Mapping[str, Any],
    created: Callable[[ColumnType], ColumnType],
    max_text: int,
) -> Column:
    wanted = chosen_type(words)
    if (wanted.max_bytes or 0) > max_text:
        raise _refused(stream, column, words, f"a text has {max_text} bytes at most in this warehouse")
    part = schema["properties"][column.property]
    if isinstance(part, Mapping) and MASKED in part and wanted.kind is not Kind.TEXT:
        raise _refused(stream, column, words, "and its values are masked, which makes them text")
    names = {name for name, _ in alternatives(part if isinstance(part, Mapping) else {}, schema)}
    column_type = _taking(wanted, column.type, names)
    if column_type is None:
        declared = " and ".join(sorted(names))
        raise _refused(stream, column, words, f"which takes no value of a property that is declared {declared}")
    # The size that is chosen for a text is the column's, also where the warehouse would make one of any size.
    made = column_type if column_type.kind is Kind.TEXT and column_type.max_bytes else created(column_type)
    return replace(column, type=replace(made, content=column_type.content, starts=column_type.starts), chosen=True)


def _refused(stream: str, column: Column, words: str, why: str) -> ConfigError:
    return ConfigError(
        f"stream {stream!r}: setting 'columns' makes property {column.property!r} {words}, {why}; choose another type "
        "for it",
        code="STREAM-COLUMN-TYPE",
    )


def _taking(wanted: ColumnType, natural: ColumnType, names: set[str]) -> ColumnType | None:
    """Return the type that encodes the property's values for the chosen one; None if that takes none of them.

    names: the JSON types that the SCHEMA allows; natural: the type that it makes.
    """
    if wanted.kind is Kind.TEXT:
        return replace(_as_text(natural), max_bytes=wanted.max_bytes or natural.max_bytes)
    if wanted.kind is Kind.JSON:
        return replace(JSON, starts=natural.starts) if natural.content is Content.JSON else fitting(natural, JSON)
    takes_any = not names or "any" in names
    if not (takes_any or names <= _TAKES[wanted.kind]):
        return None
    if natural.kind in _OF_FORMAT and wanted.kind not in _OF_FORMAT[natural.kind]:
        return None
    if wanted.kind is Kind.DECIMAL and (takes_any or "string" in names):
        return replace(wanted, content=Content.ANY)
    return wanted


def _as_text(natural: ColumnType) -> ColumnType:
    if natural.kind is Kind.TEXT:
        return natural
    if natural.kind is Kind.JSON:
        return replace(TEXT, content=Content.JSON, starts=natural.starts)
    return fitting(natural, TEXT) or TEXT
