"""How do the rows of each stream enter its table: what the user chose, for all streams and for one?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from singer_bulk.errors import ConfigError
from singer_bulk.feeds.presets import CURRENT, HISTORY, CdcSettings, feed_of
from singer_bulk.model.columns import Column
from singer_bulk.model.declared import Meta, Settings
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import APPEND, OVERWRITE, UPSERT, LoadMethod
from singer_bulk.settings import values

Method = Annotated[
    Literal["append-only", "upsert", "overwrite"],
    Meta(
        description="append-only keeps history: each record becomes a row. upsert: the last record of each key "
        "replaces the row of its key. overwrite: the records of a run replace the rows of their tables, in one commit "
        "at the end of input."
    ),
]
Cdc = Annotated[
    CdcSettings,
    Meta(
        description="The change feed: {preset, operation_column, insert_values, update_values, delete_values, "
        "truncate_values, ignore_values, sequence_columns, time_column, partial_updates, apply}; docs/change-data.md. "
        "Without it only _sdc_deleted_at tells a delete."
    ),
]
CurrentView = Annotated[
    bool,
    Meta(
        description="Keep the views <table>__current, the last event of each key without deletes, and "
        "<table>__history, with valid_from and valid_to; needs load_method append-only and an order: "
        "add_record_metadata or cdc.sequence_columns."
    ),
]


DELETE, VALUE = "delete", "value"
Stamp = Annotated[
    Literal["delete", "value"],
    Meta(
        description="What a property _sdc_deleted_at is: delete, by which the tap tells that a record was deleted; "
        "value, of a source that a Singer target has loaded, like any other property. Default: delete; a SCHEMA with "
        "other columns of a loader is refused where rows would be deleted by it."
    ),
]


class StreamSettings(Settings, frozen=True, forbid_unknown_fields=True):
    """What differs for a stream; None: as for all. The names are those of `LoadSettings`."""

    load_method: Method | None = None
    cdc: Cdc | None = None
    current_view: CurrentView | None = None
    sdc_deleted_at: Stamp | None = None
    hard_delete: values.HardDelete | None = None
    validate_records: values.ValidateRecords | None = None
    on_invalid_record: values.OnInvalidRecord | None = None
    overwrite_max_shrink: values.OverwriteMaxShrink | None = None
    overwrite_allow_empty: values.OverwriteAllowEmpty | None = None
    number_type: values.NumberType | None = None
    number_scale: values.NumberScale | None = None
    datetime_type: values.DatetimeType | None = None
    invalid_datetime: values.InvalidDatetime | None = None
    excess_datetime_digits: values.ExcessDatetimeDigits | None = None
    rounding: values.Rounding | None = None
    nul_characters: values.NulCharacters | None = None
    json_as_text: values.JsonAsText | None = None
    extra_properties: values.ExtraProperties | None = None
    schema_evolution: values.SchemaEvolution | None = None
    on_type_change: values.OnTypeChange | None = None


OfStreams = Annotated[
    dict[str, StreamSettings],
    Meta(
        description='What differs for a stream: {"orders": {"load_method": "upsert"}}; '
        f"{', '.join(StreamSettings.__struct_fields__)} may."
    ),
]


@dataclass(frozen=True)
class MethodRules:
    """How the rows of each stream enter its table: for all streams, and what differs per stream.

    ordered: whether the tables get `_sdc_sequence`.
    """

    load_method: str = APPEND
    by_stream: Mapping[str, StreamSettings] = field(default_factory=dict)
    hard_delete: bool = False
    max_shrink: float | None = None
    cdc: CdcSettings = field(default_factory=CdcSettings)
    current_view: bool = False
    ordered: bool = False
    stamp: str | None = None  # what `_sdc_deleted_at` is, as the user has said

    def of(self, stream: str, keys: Iterable[str], columns: Sequence[Column]) -> LoadMethod:
        """Return the method of a stream; `keys` are its key properties, `columns` those of its properties.

        Raises ConfigError for what needs keys or an order and has none, and for settings that exclude each other.
        """
        rules = self.by_stream.get(stream, StreamSettings())
        cdc, viewed = self.cdc_of(stream), self.is_viewed(stream)
        name, live = _method_of(stream, rules.load_method or self.load_method, cdc.apply or ())
        names = {column.property: column.name for column in columns}
        method = LoadMethod(
            name,
            tuple(names[key] for key in keys if key in names),
            self.hard_delete,
            self.max_shrink,
            feed_of(stream, cdc, columns, stamped=self.stamp_of(stream) != VALUE),
            live=live,
            viewed=viewed,
        )
        self._refuse(stream, method)
        documents = [column for column in columns if column.name in method.keys and column.type.kind is Kind.JSON]
        if documents and (method.applies or viewed):
            raise ConfigError(
                f"stream {stream!r}: key property {documents[0].property!r} holds documents, which are not compared; "
                "declare its type in the SCHEMA, or load the stream by append-only",
                code="STREAM-KEY-DOCUMENT",
            )
        return method

    def cdc_of(self, stream: str) -> CdcSettings:
        """Return the change feed that the stream is."""
        rules = self.by_stream.get(stream)
        return self.cdc if rules is None or rules.cdc is None else rules.cdc

    def is_viewed(self, stream: str) -> bool:
        """Return whether the stream's table has views."""
        rules = self.by_stream.get(stream)
        return self.current_view if rules is None or rules.current_view is None else rules.current_view

    def stamp_of(self, stream: str) -> str | None:
        """Return what the user has said that `_sdc_deleted_at` is."""
        rules = self.by_stream.get(stream)
        return self.stamp if rules is None or rules.sdc_deleted_at is None else rules.sdc_deleted_at

    def preset_of(self, stream: str) -> str | None:
        """Return the name of the preset of a stream."""
        return self.cdc_of(stream).preset

    def presets(self) -> set[str]:
        """Return the names of all presets that some stream may have."""
        found = [self.cdc, *(rules.cdc for rules in self.by_stream.values() if rules.cdc is not None)]
        return {cdc.preset for cdc in found if cdc.preset is not None}

    def _refuse(self, stream: str, method: LoadMethod) -> None:
        if method.name == UPSERT and not method.keys:
            raise ConfigError(
                f"stream {stream!r} has no key properties, so it cannot be loaded by upsert; "
                "set load_method append-only or overwrite for it in stream_settings",
                code="STREAM-NO-KEYS",
            )
        if not (method.live or method.viewed):
            return
        what = "cdc.apply current" if method.live else "current_view"
        if method.name != APPEND:
            raise ConfigError(
                f"stream {stream!r}: {what} needs the history, and load_method {method.name} keeps none; "
                "set load_method append-only for it in stream_settings",
                code="STREAM-NO-HISTORY",
            )
        if not method.keys:
            raise ConfigError(
                f"stream {stream!r}: {what} needs key properties, and the SCHEMA has none; "
                "let the tap name them, or leave the stream out in stream_settings",
                code="STREAM-NO-KEYS",
            )
        if not (method.feed.order or self.ordered):
            raise ConfigError(
                f"stream {stream!r}: {what} needs an order; set add_record_metadata, which numbers the rows by "
                "_sdc_sequence, or name the feed's own order in cdc.sequence_columns",
                code="STREAM-NO-ORDER",
            )
        if method.viewed and method.feed.time is None and not self.ordered:
            raise ConfigError(
                f"stream {stream!r}: current_view needs a time for valid_from; set add_record_metadata, or name the "
                "feed's own in cdc.time_column",
                code="STREAM-NO-TIME",
            )

    def replaces(self) -> bool:
        """Return whether any stream may be loaded by overwrite: then all streams commit once, at the end."""
        return OVERWRITE in (self.load_method, *(rules.load_method for rules in self.by_stream.values()))


def _method_of(stream: str, load_method: str, apply: tuple[str, ...]) -> tuple[str, bool]:
    """Return the load method, and whether the current state has a table of its own."""
    if not apply:
        return load_method, False
    if load_method == OVERWRITE:
        raise ConfigError(
            f"stream {stream!r}: cdc.apply and load_method overwrite exclude each other; give the stream one of them",
            code="STREAM-CDC-OVERWRITE",
        )
    return (APPEND, CURRENT in apply) if HISTORY in apply else (UPSERT, False)
