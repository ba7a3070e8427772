"""Which names are the loader's, and what becomes of a tap that uses one? docs/names.md has the rule in words.

A source that a Singer target has loaded has `_sdc_` columns of its own: they are values like any others. A property
whose column would be one that the loader writes or reads gets a `_` in front. Only `_sdc_deleted_at` is shared: by it
a tap tells deletes, unless the user says that it is a value. A table of the loader's takes no stream at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from singer_bulk.errors import ConfigError
from singer_bulk.model.added import (
    BATCHED_AT,
    DELETED_AT,
    EXTRA_NAME,
    METADATA_TYPES,
    MISSING_NAME,
    NARROW,
    OWN_PREFIX,
    RECEIVED_AT,
    SEQUENCE,
    SYNC_STARTED_AT,
    TABLE_VERSION,
    WIDENED,
)
from singer_bulk.model.load import LoadMethod, Table
from singer_bulk.model.names import NameRules, lower
from singer_bulk.model.rights import is_fence
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import VALUE

# Only loaders have these: a SCHEMA with one of them is that of a table that a Singer target has loaded.
_TRACES = frozenset((RECEIVED_AT, BATCHED_AT, SEQUENCE, TABLE_VERSION, SYNC_STARTED_AT))


def names_of(settings: LoadSettings, rules: NameRules) -> NameRules:
    """Return the rules for the columns of the stream: with the columns that are the loader's under the settings."""
    own = {*(METADATA_TYPES if settings.add_record_metadata or settings.current_view else ())}
    own |= {EXTRA_NAME} if settings.extra_properties == "column" else set()
    own |= {MISSING_NAME} if settings.method.cdc.declared.partial else set()
    is_value = settings.sdc_deleted_at == VALUE
    return replace(
        rules,
        own_columns=frozenset(map(rules.fold, own | ({DELETED_AT} if is_value else set()))),
        own_prefixes=tuple(map(rules.fold, (OWN_PREFIX, WIDENED, NARROW))),
        granted=frozenset() if is_value else frozenset((DELETED_AT,)),
    )


def demand_free(stream: str, table: Table, ledger: Table) -> None:
    """Raise ConfigError if the table is one of the loader's: a ledger, a fence, or one that only a statement needs."""
    name = lower(table.name)
    is_ledger = table == ledger or (table.schema == ledger.schema and is_fence(name, lower(ledger.name)))
    if is_ledger or name.startswith(OWN_PREFIX):
        what = "is the ledger of loads or belongs to it" if is_ledger else f"is the loader's own ({OWN_PREFIX}*)"
        raise ConfigError(
            f"stream {stream!r}: table {table} {what}, and takes no stream; leave the stream out at the tap, or give "
            f'it another name by a stream map: {{"{stream}": {{"__alias__": "..."}}}}',
            code="STREAM-OWN-NAME",
        )


def demand_clear_stamp(stream: str, properties: Collection[str], method: LoadMethod, said: str | None) -> None:
    """Raise ConfigError where `_sdc_deleted_at` would decide over rows and may be a value of the source."""
    traces = sorted(_TRACES & {lower(written) for written in properties})
    if said is None and traces and DELETED_AT in properties and (method.applies or method.viewed):
        raise ConfigError(
            f"stream {stream!r}: property {DELETED_AT!r} may tell deletes, or be a value of a source that a Singer "
            f"target has loaded, as {', '.join(map(repr, traces))} shows; set sdc_deleted_at to delete or to value, "
            "for all streams or for this one in stream_settings",
            code="STREAM-DELETED-AT",
        )
