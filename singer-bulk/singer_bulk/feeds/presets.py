"""What does a change feed mean by its columns: which rows are deletes, in which order did things happen?

`PRESETS` has the conventions of the common feeds, in terms of properties; the setting `cdc` picks one and may rename
its property or add values. `feed_of` turns that into a `Feed`, in terms of a table's columns. docs/change-data.md
explains each preset and names its source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from singer_bulk.errors import ConfigError
from singer_bulk.model.added import DELETED_AT, METADATA_PREFIX
from singer_bulk.model.columns import Column
from singer_bulk.model.declared import Meta, Settings
from singer_bulk.model.feed import Feed, Mark, Meaning, OrderColumn
from singer_bulk.model.kinds import Kind

Value = str | None
Meanings = Mapping[Value, Meaning]


@dataclass(frozen=True)
class Operation:
    """A property that says which operation a record is, and what its values mean."""

    property: str
    meanings: Meanings


@dataclass(frozen=True)
class Preset:
    """One convention, in terms of properties.

    operations: at least one of them must be in the SCHEMA, unless `optional`. sequences: the feed's own order, the
    first of these whose properties the SCHEMA has. times: when it happened, likewise. partial: an update may leave out
    what has not changed. prefixes: of the properties that are the feed's, not the row's.
    """

    operations: tuple[Operation, ...] = ()
    optional: bool = False
    sequences: tuple[tuple[str, ...], ...] = ()
    times: tuple[str, ...] = ()
    partial: bool = False
    prefixes: tuple[str, ...] = ()


def _words(**values: str) -> dict[Value, Meaning]:
    """Return the meanings of these words, written small, large, and with a capital."""
    found: dict[Value, Meaning] = {}
    for meaning, words in values.items():
        for word in words.split():
            found.update(dict.fromkeys((word, word.upper(), word.capitalize()), Meaning(meaning)))
    return found


def _exact(**values: str) -> dict[Value, Meaning]:
    return {word: Meaning(meaning) for meaning, words in values.items() for word in words.split()}


_FLAG: dict[Value, Meaning] = {**_exact(delete="true", update="false"), None: Meaning.UPDATE}
# __$operation 3 is the row before an update, so it counts as a delete; the 4 that follows inserts the row again, under
# the same key or another.
_SQLSERVER = _exact(delete="1 3", insert="2", update="4")
_MONGODB = _exact(
    insert="insert replace",
    update="update",
    delete="delete",
    truncate="drop dropDatabase",
    ignore="invalidate create createIndexes dropIndexes modify shardCollection reshardCollection "
    "refineCollectionShardKey",
)

PRESETS: Mapping[str, Preset] = {
    "book": Preset((Operation("operation", _words(insert="insert", update="update", delete="delete")),)),
    "dms": Preset(
        (Operation("Op", {**_exact(insert="I", update="U", delete="D"), None: Meaning.INSERT}),),
        sequences=(("AR_H_CHANGE_SEQ",),),
        times=("AR_H_TIMESTAMP",),
        prefixes=("AR_H_",),
    ),
    "debezium": Preset(
        (
            Operation("__op", _exact(insert="c r", update="u", delete="d", truncate="t", ignore="m")),
            Operation("__deleted", _FLAG),
        ),
        sequences=(
            ("__source_lsn",),
            ("__lsn",),
            ("__source_file", "__source_pos", "__source_row"),
            ("__file", "__pos", "__row"),
            ("__source_commit_lsn", "__source_change_lsn", "__source_event_serial_no"),
            ("__commit_lsn", "__change_lsn", "__event_serial_no"),
        ),
        times=("__source_ts_ms", "__ts_ms"),
        partial=True,
        prefixes=("__",),
    ),
    # The order is that of arrival, which is the log's: a tap that sends events again goes on to the newest one, so that
    # is the last again. It is not _sdc_lsn, which is null in the rows of a full table: these would count as older than
    # all events of the log.
    "sdc": Preset(optional=True, partial=True),
    "sqlserver": Preset(
        (Operation("__$operation", _SQLSERVER), Operation("_sdc_lsn_operation", _SQLSERVER)),
        sequences=(
            ("__$start_lsn", "__$command_id", "__$seqval", "__$operation"),
            ("__$start_lsn", "__$seqval", "__$operation"),
            ("_sdc_lsn_value", "_sdc_lsn_seq_value", "_sdc_lsn_operation"),
        ),
        times=("_sdc_lsn_commit_timestamp",),
        prefixes=("__$",),
    ),
    "maxwell": Preset(
        (
            Operation(
                "__type",
                _exact(
                    insert="insert bootstrap-insert",
                    update="update",
                    delete="delete",
                    ignore="bootstrap-start bootstrap-complete",
                ),
            ),
        ),
        sequences=(("__log_file", "__log_pos"),),
        times=("__ts",),
        partial=True,
        prefixes=("__",),
    ),
    "mongodb": Preset(
        (Operation("__operationType", _MONGODB), Operation("operation_type", _MONGODB)),
        sequences=(("__token",),),
        times=("__clusterTime",),
        partial=True,
        prefixes=("__",),
    ),
    "fivetran": Preset(
        (Operation("_fivetran_deleted", _FLAG),),
        optional=True,
        sequences=(("_fivetran_synced",),),
        times=("_fivetran_synced",),
        prefixes=("_fivetran_",),
    ),
}

# In these properties a longer text is later: numbers as text, and names that end in a number.
BY_LENGTH = frozenset(("_sdc_lsn", "__lsn", "__source_lsn", "__file", "__source_file", "__log_file"))

# The meanings for an operation column without a preset: the words and letters of the presets.
WORDS = _words(
    insert="insert i c create r read", update="update u", delete="delete d", truncate="truncate t", ignore=""
)

HISTORY, CURRENT = "history", "current"
_TEXTS, _NUMBERS = frozenset((Kind.TEXT,)), frozenset((Kind.INTEGER, Kind.DECIMAL))


_Name = Annotated[str, Meta(extra_json_schema={"enum": [*PRESETS]})]
_Texts = tuple[str, ...]


class CdcSettings(Settings, frozen=True, forbid_unknown_fields=True):
    """The setting `cdc`, of all streams or of one; its values come to those of the preset."""

    preset: Annotated[_Name | None, Meta(description="Convention of the feed.")] = None
    operation_column: Annotated[str | None, Meta(description="Property that holds the operation.")] = None
    insert_values: Annotated[_Texts | None, Meta(description="More of its values that mean an insert.")] = None
    update_values: Annotated[_Texts | None, Meta(description="Likewise an update.")] = None
    delete_values: Annotated[_Texts | None, Meta(description="Likewise a delete.")] = None
    truncate_values: Annotated[_Texts | None, Meta(description="Likewise that all rows are gone.")] = None
    ignore_values: Annotated[_Texts | None, Meta(description="Likewise no change of a row.")] = None
    sequence_columns: Annotated[
        _Texts | None, Meta(description="Properties that order the events, the first one first.")
    ] = None
    time_column: Annotated[str | None, Meta(description="Property that says when it happened, for valid_from.")] = None
    partial_updates: Annotated[bool | None, Meta(description="What an update leaves out is unchanged.")] = None
    apply: Annotated[
        tuple[Literal["history", "current"], ...] | None,
        Meta(description="history keeps each event as a row, current keeps the current state."),
    ] = None

    @property
    def values(self) -> Meanings:
        """The values that the user adds to the preset's."""
        return {value: meaning for meaning in Meaning for value in getattr(self, f"{meaning.value}_values") or ()}

    @property
    def declared(self) -> Preset:
        """The preset with the user's changes."""
        preset = PRESETS[self.preset] if self.preset else Preset()
        operations = preset.operations
        if self.operation_column is not None:
            meanings = operations[0].meanings if operations else WORDS
            operations = (Operation(self.operation_column, meanings),)
        operations = tuple(Operation(one.property, {**one.meanings, **self.values}) for one in operations)
        return Preset(
            operations,
            preset.optional and self.operation_column is None,
            preset.sequences if self.sequence_columns is None else (self.sequence_columns,),
            preset.times if self.time_column is None else (self.time_column,),
            preset.partial if self.partial_updates is None else self.partial_updates,
            preset.prefixes,
        )


def feed_of(stream: str, settings: CdcSettings, columns: Sequence[Column], *, stamped: bool = True) -> Feed:
    """Return what the columns of the stream say; raises ConfigError where the SCHEMA does not fit the convention.

    stamped: whether a property `_sdc_deleted_at` tells deletes.
    """
    preset = settings.declared
    found = {column.property: column for column in columns if column.property is not None}
    marks = tuple(_mark(stream, one, found[one.property]) for one in preset.operations if one.property in found)
    if preset.operations and not marks and not preset.optional:
        wanted = " or ".join(repr(one.property) for one in preset.operations)
        raise ConfigError(
            f"stream {stream!r}: cdc reads operations from property {wanted}, which the SCHEMA does not have; "
            "name it in cdc.operation_column, or give the stream a cdc of its own in stream_settings ({}: none)",
            code="STREAM-CDC-PROPERTY",
        )
    times = [name for name in preset.times if name in found]
    if settings.time_column is not None and not times:
        raise _no_column(stream, "time_column", settings.time_column)
    deleted_at = found.get(DELETED_AT) if stamped else None
    return Feed(
        marks,
        deleted_at.name if deleted_at is not None else None,
        deleted_at is not None and deleted_at.type.kind is Kind.BOOLEAN,
        _order(stream, settings, preset, found),
        found[times[0]].name if times else None,
        preset.partial,
        tuple(prefix.lower() for prefix in (METADATA_PREFIX, *preset.prefixes)),
    )


def _order(stream: str, settings: CdcSettings, preset: Preset, found: Mapping[str, Column]) -> tuple[OrderColumn, ...]:
    for sequence in preset.sequences:
        missing = [name for name in sequence if name not in found]
        if not missing:
            return tuple(
                OrderColumn(found[name].name, name in BY_LENGTH and found[name].type.kind is Kind.TEXT)
                for name in sequence
            )
        if settings.sequence_columns is not None:
            raise _no_column(stream, "sequence_columns", missing[0])
    return ()


def _no_column(stream: str, setting: str, name: str) -> ConfigError:
    return ConfigError(
        f"stream {stream!r}: cdc.{setting} names property {name!r}, which the SCHEMA does not have",
        code="STREAM-CDC-PROPERTY",
    )


def _mark(stream: str, operation: Operation, column: Column) -> Mark:
    kind = column.type.kind
    values: dict[str | int | bool | None, Meaning] = {}
    for value, meaning in operation.meanings.items():
        if value is None or kind in _TEXTS:
            values[value] = meaning
        elif kind in _NUMBERS and value.lstrip("-").isdigit():
            values[int(value)] = meaning
        elif kind is Kind.BOOLEAN and value in ("true", "false"):
            values[value == "true"] = meaning
    if not any(value is not None for value in values):
        raise ConfigError(
            f"stream {stream!r}: operations are read from column {column.name!r}, which is {kind.value} and can hold "
            f"none of {', '.join(str(value) for value in operation.meanings)}; name another in cdc.operation_column",
            code="STREAM-CDC-TYPE",
        )
    return Mark(column.name, operation.property, kind, tuple(values.items()))


def whole_values(feed: Feed) -> dict[str, frozenset[bytes]]:
    """Return, for each operation property, the JSON texts whose records are whole: what they lack is null."""
    return {
        mark.property: frozenset(msgspec.json.encode(value) for value in mark.of(Meaning.INSERT)) for mark in feed.marks
    }


def known_values(feed: Feed) -> dict[str, list[str | int | bool | None]]:
    """Return the values that each operation property may have; others are refused, never guessed."""
    return {mark.property: [value for value, _ in mark.values] for mark in feed.marks}


def needed_properties(feed: Feed) -> frozenset[str]:
    """Return the operation properties that each record must have, because null is none of their values."""
    return frozenset(mark.property for mark in feed.marks if None not in dict(mark.values))
