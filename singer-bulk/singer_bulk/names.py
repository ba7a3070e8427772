"""Which table does a stream load, and which column does a property fill?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from singer_bulk.dialect import Table
from singer_bulk.errors import ConfigError

DEFAULT_SCHEMA = "public"


def table_of(stream: str, default_schema: str | None, fold: Callable[[str], str]) -> Table:
    """Return the table of a stream.

    `schema-table` is split at its last dash, as the taps for databases write it; the setting
    `default_target_schema` goes before the stream's own schema (Singer SDK: SQLSink.schema_name, table_name).
    """
    first, _, last = stream.rpartition("-")
    schema = default_schema or first.rpartition("-")[2] or DEFAULT_SCHEMA
    return Table(fold(schema), fold(last or stream))


def column_names(stream: str, properties: Iterable[str], fold: Callable[[str], str]) -> dict[str, str]:
    """Return the column name of each property.

    Raises ConfigError where two properties would fill one column.
    """
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in properties:
        column = fold(name)
        if column in taken:
            raise ConfigError(
                f"stream {stream!r}: properties {taken[column]!r} and {name!r} are both column {column!r}; "
                "rename one by a stream map"
            )
        taken[column] = name
        names[name] = column
    return names
