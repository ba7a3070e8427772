"""Can the table of a stream have the properties that the settings want? The SCHEMA tells which columns it has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.model.columns import Column
from singer_bulk.model.kinds import Kind
from singer_bulk.model.messages import MASKED
from singer_bulk.model.table_properties import TableProperties
from singer_bulk.settings.loads import LoadSettings


def demand_columns(stream: str, properties: TableProperties, columns: Sequence[Column]) -> None:
    """Raise ConfigError for a setting that names a column which the table will not have, or a key of documents.

    Redshift: https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
    Snowflake: https://docs.snowflake.com/en/sql-reference/sql/create-table
    """
    there = {column.name: column for column in columns}
    for setting, names in (*properties.keys, *properties.named):
        for name in names:
            if name not in there:
                raise _refused(stream, f"setting {setting!r} names column {name!r}, which the table does not have")
    for setting, names in properties.keys:
        for name in names:
            if there[name].type.kind is Kind.JSON:
                problem = f"setting {setting!r} names column {name!r}, which holds documents, and those are no key"
                raise _refused(stream, problem)


def demand_named(stream: str, settings: LoadSettings, properties: Collection[str]) -> None:
    """Raise ConfigError where the settings of this stream name a property that its SCHEMA does not have: a typo in a
    name would leave the property as it is. What is set for all streams need not be in each."""
    own = (settings.stream_settings or {}).get(stream)
    for setting in ("columns", "column_names"):
        for name in getattr(own, setting, None) or {}:
            if name not in properties:
                near = get_close_matches(name, properties, 1)
                advice = f"is {near[0]!r} meant?" if near else "correct it, or take it out"
                raise ConfigError(
                    f"stream {stream!r}: setting 'stream_settings.{stream}.{setting}' names property {name!r}, which "
                    f"the SCHEMA does not have; {advice}",
                    code="STREAM-NO-PROPERTY",
                )


def demand_unmasked(
    stream: str, columns: Sequence[Column], keys: Collection[str], schema: Mapping[str, Any], deciding: Collection[str]
) -> None:
    """Raise ConfigError where what decides over rows is masked; keys may be: equal values have equal digests.

    deciding: properties that would decide if they were there; one that is dropped has no column.
    """
    masks = schema.get(MASKED)
    if not isinstance(masks, Mapping):
        return
    found = {column.property for column in columns if column.decides and column.property in masks} - {*keys}
    for name in sorted(filter(None, found | {name for name in deciding if masks.get(name) == "drop"})):
        raise ConfigError(
            f"stream {stream!r}: property {name!r} decides what becomes of rows, as an operation, an order or a time "
            "of the feed, and a masked value cannot; take it out of the setting 'mask', or give the feed another "
            "property in cdc",
            code="STREAM-MASK",
        )


def _refused(stream: str, problem: str) -> ConfigError:
    return ConfigError(
        f"stream {stream!r}: {problem}; name another column for it in stream_settings", code="STREAM-TABLE-PROPERTY"
    )
