"""What `--catalog` takes: the catalog of `--discover`, as its user has changed it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tap_csv_extract.errors import ConfigError

Names = str | list[str] | None


class Option(msgspec.Struct):
    """One way to read a property."""

    type: Names = None
    format: str | None = None
    multipleOf: int | float | None = None  # noqa: N815 - JSON Schema's name


class Property(Option):
    """The JSON Schema of a column, as far as a type is read from it."""

    anyOf: list[Option] | None = None  # noqa: N815 - JSON Schema's name


class Schema(msgspec.Struct):
    """The JSON Schema of a stream."""

    properties: dict[str, Property]


class Metadata(msgspec.Struct):
    """What is chosen for a stream or a column."""

    breadcrumb: list[str]
    metadata: dict[str, Any]


class Entry(msgspec.Struct):
    """One stream."""

    tap_stream_id: str
    schema: Schema
    metadata: list[Metadata] = []
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None


class Catalog(msgspec.Struct):
    """All streams."""

    streams: list[Entry]


def read_catalog(text: str) -> Any:
    """Return the catalog of a file."""
    catalog = json.loads(text)
    check_catalog(catalog)
    return catalog


def check_catalog(catalog: Any) -> None:
    """Raise ConfigError that names the place at which a catalog is none."""
    try:
        msgspec.convert(catalog, Catalog)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"is no catalog: {error}; make it with --discover and change that", code="CSV-CFG-CATALOG"
        ) from error
