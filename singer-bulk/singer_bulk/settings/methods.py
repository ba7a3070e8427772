"""How do the rows of a stream enter its table, under what the user chose?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from singer_bulk.errors import ConfigError
from singer_bulk.feeds.presets import CURRENT, HISTORY, CdcSettings, feed_of
from singer_bulk.model.columns import Column
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import APPEND, OVERWRITE, UPSERT, LoadMethod
from singer_bulk.settings.per_stream import VALUE


@dataclass(frozen=True)
class MethodRules:
    """How the rows of a stream enter its table.

    ordered: whether the tables get `_sdc_sequence`.
    """

    load_method: str = APPEND
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
        name, live = _method_of(stream, self.load_method, self.cdc.apply or ())
        names = {column.property: column.name for column in columns}
        method = LoadMethod(
            name,
            tuple(names[key] for key in keys if key in names),
            self.hard_delete,
            self.max_shrink,
            feed_of(stream, self.cdc, columns, stamped=self.stamp != VALUE),
            live=live,
            viewed=self.current_view,
        )
        self._refuse(stream, method)
        documents = [column for column in columns if column.name in method.keys and column.type.kind is Kind.JSON]
        if documents and (method.applies or method.viewed):
            raise ConfigError(
                f"stream {stream!r}: key property {documents[0].property!r} holds documents, which are not compared; "
                "declare its type in the SCHEMA, or load the stream by append-only",
                code="STREAM-KEY-DOCUMENT",
            )
        return method

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
