"""Which columns of a stream decide what becomes of its rows, and can they?

Keys, the operation, the order of the feed and the stamp of a delete decide. Their values are never altered to fit, and
never go to a second column; what they cannot be compared by is refused before the first row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.model.columns import Column
from singer_bulk.model.kinds import STARTS, Kind
from singer_bulk.model.load import LoadMethod
from singer_bulk.schema.json_schema import alternatives

_TIMES = ("date", "time", "date-time")
# Types that a text may come into in several forms.
_OF_TEXTS = frozenset((Kind.DECIMAL, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ))
# What `_sdc_deleted_at` may be: 0 and {} say neither yes nor no.
_STAMPS = frozenset((Kind.BOOLEAN, Kind.TEXT, Kind.DATE, Kind.DATETIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ))


def demand_keys(stream: str, keys: Iterable[str], properties: Iterable[str]) -> None:
    """Raise ConfigError for a key property that the SCHEMA does not have."""
    there = list(properties)
    for key in keys:
        if key in there:
            continue
        alike = [name for name in there if name.casefold() == key.casefold()]
        raise ConfigError(
            f"stream {stream!r}: key property {key!r} is not among the SCHEMA's properties"
            f"{f', {alike[0]!r} is' if alike else ''}; let the tap select it, or set the keys by a stream map: "
            f'{{"{stream}": {{"__key_properties__": [..]}}}}',
            code="STREAM-KEY-MISSING",
        )


def deciding(
    stream: str, columns: Sequence[Column], method: LoadMethod, properties: Mapping[str, Any]
) -> tuple[Column, ...]:
    """Return the columns with those marked that decide; raises ConfigError for one that cannot."""
    feed = method.feed
    places = {one.column: one.by_length for one in feed.order}
    names = {*method.keys, *places, *(mark.column for mark in feed.marks), feed.time}
    active = names if method.applies or method.viewed else set()
    made = tuple(
        replace(column, decides=True, is_stamp=column.name == feed.deleted_at)
        if column.name in active or column.name == feed.deleted_at
        else column
        for column in columns
    )
    if not active:
        return made
    for column in made:
        if column.chosen and (column.name in places or column.name in method.keys):
            _demand_told_apart(stream, column, properties, is_key=column.name in method.keys)
        if column.name in places and _is_written_as_text(column, properties, by_length=places[column.name]):
            raise ConfigError(
                f"stream {stream!r}: events are ordered by property {column.property!r}, whose column is text and "
                "would compare dates or numbers character by character; set invalid_datetime to error, load into a "
                "table whose column is none of text, or name another order in cdc.sequence_columns",
                code="STREAM-CDC-TYPE",
            )
        if column.is_stamp and column.type.kind not in _STAMPS:
            raise ConfigError(
                f"stream {stream!r}: property {column.property!r} tells deletes, and its column is {column.type}, in "
                "which not every value says yes or no; declare it as a date-time or a boolean, map it to one by a "
                "stream map, or set sdc_deleted_at to value",
                code="STREAM-DELETED-AT",
            )
    return made


def _demand_told_apart(stream: str, column: Column, properties: Mapping[str, Any], *, is_key: bool) -> None:
    """Raise ConfigError where a chosen type makes one key of several, or orders values by their texts.

    "007" and "7" are two keys and one decimal, "12:00" and "12:00:00" one time.
    """
    kind = column.type.kind
    declared = properties.get(str(column.property))
    kinds = alternatives(declared if isinstance(declared, Mapping) else {}, {"properties": properties})
    texts = [part for name, part in kinds if name in ("string", "any") and part.get("format") not in _TIMES]
    if kind is Kind.JSON or (is_key and texts and kind in _OF_TEXTS):
        raise ConfigError(
            f"stream {stream!r}: setting 'columns' makes property {column.property!r} {column.type}, by which rows are "
            "told apart or ordered, and different values of it would not be; take it out of the setting, or declare "
            "its type in the SCHEMA",
            code="STREAM-COLUMN-TYPE",
        )


def _is_written_as_text(column: Column, properties: Mapping[str, Any], *, by_length: bool) -> bool:
    """Return whether a TEXT column holds values of another type, whose texts are in another order than they are."""
    if column.type.kind is not Kind.TEXT:
        return False
    declared = properties.get(str(column.property))
    is_date = isinstance(declared, Mapping) and declared.get("format") in _TIMES
    return is_date or (not by_length and bool(set(column.type.starts) & set(STARTS["number"])))
