"""The messages of a tap as they are loaded: SCHEMAs as they are meant, streams and records as maps make them."""

from __future__ import annotations

from collections.abc import Iterator

from singer_sdk.mapper import PluginMapper

from singer_bulk.errors import BulkError, MessageError
from singer_bulk.feeds.deleted_at import Deletes
from singer_bulk.feeds.envelopes import ENVELOPES, EnvelopeMapper, Mapper
from singer_bulk.maps.masks import Masks
from singer_bulk.maps.stream_maps import StreamMapper
from singer_bulk.model.messages import Records, Schema
from singer_bulk.schema.declared import SchemaReader
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import VALUE


def mapper_of(settings: LoadSettings, maps: PluginMapper | None) -> Mapper | None:
    """Return what maps the streams: the SDK's stream maps, where there are any, then the envelopes of change feeds."""
    mapper: Mapper | None = None if maps is None else StreamMapper(maps)
    if any(one.method.cdc.preset in ENVELOPES for one in settings.anywhere):
        return EnvelopeMapper(lambda stream: settings.of(stream).method.cdc.preset, mapper)
    return mapper


class Intake:
    """Turns SCHEMAs and records of the tap into those that are loaded, of streams by the names that maps give them."""

    def __init__(self, settings: LoadSettings, mapper: Mapper | None = None) -> None:
        self._mapper = mapper
        self._schemas = SchemaReader(
            lambda stream: settings.of(stream).extra_properties == "column", mapped=mapper is not None
        )
        self._masks = Masks(settings)
        self._deletes = Deletes(lambda stream: settings.of(stream).sdc_deleted_at == VALUE)

    @property
    def hides(self) -> bool:
        """Whether no line may be shown, because a value in it may be masked later."""
        return self._masks.hides

    def tell_unused(self) -> None:
        """Log what the settings of masks name in vain."""
        self._masks.tell_unused()

    def made_of(self, message: Schema | Records) -> Iterator[Schema | Records]:
        """Yield what the message becomes, masked where that is set; a SCHEMA also before records that have what it
        lacks. Raises BulkError."""
        made = self._made_of(message)
        while True:
            try:
                one = next(made, None)
            except MessageError as error:
                if self.hides:
                    raise _hidden(message, error) from None
                raise
            if one is None:
                return
            yield self._masks.schema(one) if isinstance(one, Schema) else self._masks.records(one)

    def _made_of(self, message: Schema | Records) -> Iterator[Schema | Records]:
        if isinstance(message, Schema):
            meant = self._schemas.read(message)
            for schema in self._mapper.schemas(meant) if self._mapper else (meant,):
                self._schemas.demand_properties(message.stream, schema)
                yield self._deletes.declared(schema)
            return
        for records in self._mapper.records(message) if self._mapper else (message,):
            appeared = self._deletes.appeared(records)
            if appeared is not None:
                yield appeared
            yield records


def _hidden(message: Schema | Records, error: MessageError) -> BulkError:
    """Return the error of a map or an envelope without what it says of the record."""
    return MessageError(
        error.line_number,
        f"stream {message.stream!r}: a stream map or the form of the feed refuses the record, and why is not shown, "
        "because values are masked",
        "run it without 'mask' on data that may be seen",
        code=error.code,
    )
