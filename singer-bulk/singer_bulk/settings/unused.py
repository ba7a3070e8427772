"""Which names of streams in the settings belong to no stream that came?"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

logger = logging.getLogger(__name__)

# Stream maps may name streams by a pattern, and have entries of their own: __else__.
# https://sdk.meltano.com/en/latest/stream_maps.html
_NO_NAME = ("*", "?", "[")


def tell_unused(
    named: Mapping[str, Collection[str]], schemas: Iterable[str], made_of: Mapping[str, Collection[str]]
) -> None:
    """Log a WARNING for each of the `unused_names` and of the `renamed`; made_of: the tap's stream -> those of maps."""
    streams = {*made_of, *(name for made in made_of.values() for name in made)}
    for sentence in unused_names(named, schemas, streams) + renamed(named["stream_settings"], made_of):
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


def renamed(names: Collection[str], made_of: Mapping[str, Collection[str]]) -> list[str]:
    """Return a sentence for each name in `stream_settings` that stream maps have replaced by one that is not there."""
    return [
        f"setting 'stream_settings' names {name!r}, of which stream maps make {', '.join(map(repr, sorted(made)))}; "
        "what it says holds for streams under the names that maps give them"
        for name, made in sorted(made_of.items())
        if name in names and not {name, *names}.intersection(made)
    ]


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
