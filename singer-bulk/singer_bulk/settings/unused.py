"""Which names of streams in the settings belong to no stream that came?"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

logger = logging.getLogger(__name__)

# Stream maps may name streams by a pattern, and have entries of their own: __else__.
# https://sdk.meltano.com/en/latest/stream_maps.html
_NO_NAME = ("*", "?", "[")


def tell_unused(named: Mapping[str, Iterable[str]], schemas: Iterable[str], streams: Collection[str]) -> None:
    """Log a WARNING for each of the `unused_names`."""
    for sentence in unused_names(named, schemas, streams):
        logger.warning("%s", sentence)


def unused_names(named: Mapping[str, Iterable[str]], schemas: Iterable[str], streams: Collection[str]) -> list[str]:
    """Return a sentence for each name that no stream has.

    named: setting -> the names of streams in it; schemas: those in `schema_mapping`, which are parts of a name;
    streams: as the tap names them, and as stream maps do.
    """
    wanted = [(setting, name) for setting, names in named.items() for name in names if _is_name(name)]
    told = [_unused(setting, name, streams) for setting, name in wanted if name not in streams]
    parts = {part for stream in streams for part in _schemas_of(stream)}
    return told + [_unused("schema_mapping", name, parts) for name in schemas if name not in parts]


def _is_name(text: str) -> bool:
    return not text.startswith("__") and not any(character in text for character in _NO_NAME)


def _schemas_of(stream: str) -> tuple[str, str]:
    """Return what `schema_mapping` may name of a stream `database-schema-table` (schema/names.py)."""
    before = stream.rpartition("-")[0]
    return before, before.rpartition("-")[2]


def _unused(setting: str, name: str, there: Collection[str]) -> str:
    near = get_close_matches(name, [one for one in there if one], 1)
    meant = f"; is {near[0]!r} meant?" if near else ""
    return f"setting {setting!r} names {name!r}, and no stream of that name came in this run{meant}"
