"""Which features does a configuration ask for? Rights are listed by them (`model/rights.py`)."""

from __future__ import annotations

from collections.abc import Iterator

from singer_bulk.feeds.presets import CURRENT, HISTORY
from singer_bulk.model.load import APPEND, OVERWRITE, UPSERT
from singer_bulk.model.rights import Feature
from singer_bulk.settings.loads import LoadSettings

_METHODS = {APPEND: Feature.APPEND, UPSERT: Feature.UPSERT, OVERWRITE: Feature.OVERWRITE}


def features_of(settings: LoadSettings) -> frozenset[Feature]:
    """Return what the loads of any stream may need; what is made for the files is up to the warehouse."""
    found = {Feature.EVERY_RUN, Feature.MAKE_TABLES, Feature.SHARED, Feature.RECOVERY}
    for one in (settings, *map(settings.of, settings.stream_settings or {})):
        found.update(_of_streams(one))
    return frozenset(found)


def _of_streams(settings: LoadSettings) -> Iterator[Feature]:
    apply = (settings.cdc and settings.cdc.apply) or ()
    if HISTORY in apply or not apply:
        yield _METHODS[settings.load_method]
    if CURRENT in apply:
        yield Feature.UPSERT
    asked = {
        Feature.FEEDS: settings.cdc is not None,
        Feature.DELETES: settings.hard_delete or CURRENT in apply,
        Feature.VERSIONS: settings.add_record_metadata and settings.process_activate_version_messages,
        Feature.VIEWS: settings.current_view,
        Feature.COLUMNS: settings.schema_evolution == "evolve",
        Feature.CREATE_SCHEMA: settings.create_schema,
        Feature.TAGS: bool(getattr(settings, "tags", None)),  # of one warehouse
    }
    yield from (feature for feature, is_asked in asked.items() if is_asked)
