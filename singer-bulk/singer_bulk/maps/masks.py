"""Values that nobody is to see: masked where a record is taken, before it is staged, set aside, logged or in an error.

What comes behind this module, the rows, rejected records, errors and COPY, has masked text only. What comes before, the
reading of lines and stream maps, shows nothing of a line while any stream is masked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

import msgspec

from singer_bulk.identity.references import resolve
from singer_bulk.maps.masked_lines import Plan, inside, line_masker
from singer_bulk.maps.masked_schema import Tree, masked_schema
from singer_bulk.maps.masked_values import DROP, Mask, mask_of, unless_masked
from singer_bulk.model.messages import Records, Schema
from singer_bulk.settings.loads import LoadSettings

logger = logging.getLogger(__name__)


class Masks:
    """What is masked in the streams of a run."""

    def __init__(self, settings: LoadSettings) -> None:
        self._settings = settings
        self._key = (resolve("mask_key", settings.mask_key) if settings.mask_key else "").encode()
        self._maskers: dict[str, Callable[[bytes, int], bytes]] = {}
        self._schemas: dict[str, tuple[Schema, Schema]] = {}  # by stream: as it came, masked
        self._found: set[str] = set()

    @property
    def hides(self) -> bool:
        """Whether anything is masked in this run, so that no line may be shown before it is."""
        return any(one.mask for one in self._settings.anywhere)

    def schema(self, message: Schema) -> Schema:
        """Return the SCHEMA of masked records; raises ConfigError."""
        masks = self._settings.masks_of(message.stream)
        if not masks:
            return message
        before, masked = self._schemas.get(message.stream, (None, message))
        if before != message:
            masked = self._masked(message, masks)
            self._schemas[message.stream] = message, masked
        return masked

    def _masked(self, message: Schema, masks: Mapping[str, str]) -> Schema:
        own = (self._settings.stream_settings or {}).get(message.stream)
        keys = message.key_properties or []
        made = masked_schema(message.stream, message.properties(), masks, (own and own.mask) or {}, keys)
        self._found |= made.found
        self._maskers[message.stream] = line_masker(self._of_tree(made.tree, made.again), not _is_flat(made.tree))
        bookmarks = message.bookmark_properties if isinstance(message.bookmark_properties, list) else []
        if seen := [name for name in bookmarks if name in masks]:
            logger.warning(
                "stream %s: the STATE has values of %s as the tap writes them: a bookmark is not masked",
                message.stream,
                ", ".join(map(repr, seen)),
            )
        return msgspec.structs.replace(message, schema=msgspec.Raw(msgspec.json.encode(made.schema)))

    def _of_tree(self, tree: Tree, again: Collection[str], path: str = "") -> Plan:
        return {
            name: inside(self._of_tree(part, again, f"{path}{name}."))
            if isinstance(part, dict)
            else self._of_method(part, is_masked=f"{path}{name}" in again)
            for name, part in tree.items()
        }

    def _of_method(self, method: str, *, is_masked: bool) -> Mask | None:
        if method == DROP:
            return None
        mask = mask_of(method, self._key)
        return unless_masked(mask) if is_masked else mask

    def records(self, records: Records) -> Records:
        """Return the records with what is masked in them; raises MessageError for a line that cannot be read."""
        masker = self._maskers.get(records.stream)
        if masker is None:
            return records
        lines = [masker(line, number) for line, number in zip(records.lines, records.line_numbers, strict=True)]
        return Records.of_lines(records.stream, lines, records.line_numbers)

    def tell_unused(self) -> None:
        """Log a WARNING for each name in `mask` that no SCHEMA of the run had."""
        for name in sorted(set(self._settings.mask or {}) - self._found):
            logger.warning("setting 'mask' names %r, and no SCHEMA of this run has such a property", name)


def _is_flat(tree: Tree) -> bool:
    return all(isinstance(part, str) for part in tree.values())
