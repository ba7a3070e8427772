"""Which table does a stream load, and which column does a property fill? docs/names.md has the rule in words."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.schema.json_schema import Column

DEFAULT_SCHEMA = "public"
HASH_CHARACTERS = 8  # 32 bits: enough to part the few names that fold to one, and to part cut names
_COMMENT = re.compile(r'Singer property (".*")', re.DOTALL)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


def lower(written: str) -> str:
    """Return the name with its ASCII letters in lower case; other letters have none that every system agrees on."""
    return written.translate(_LOWER)


def upper(written: str) -> str:
    """Return the name with its ASCII letters in upper case."""
    return written.translate(_UPPER)


@dataclass(frozen=True)
class NameRules:
    """What a warehouse does with names: the case of a stored one, its longest, and the columns that it keeps itself.

    max_bytes, max_characters: of a name (None: no limit of this kind).
    """

    upper_case: bool
    max_bytes: int | None = None
    max_characters: int | None = None
    kept_columns: frozenset[str] = frozenset()

    def fold(self, written: str) -> str:
        """Return the name as it is stored."""
        return upper(written) if self.upper_case else lower(written)

    def is_short(self, stored: str) -> bool:
        """Return whether the warehouse takes the whole name."""
        long_bytes = self.max_bytes is not None and len(stored.encode()) > self.max_bytes
        return not long_bytes and not (self.max_characters is not None and len(stored) > self.max_characters)

    def stored(self, written: str) -> str:
        """Return the name that a property or a stream has in the warehouse, if no other one is in its way."""
        printable = "".join(c if c.isprintable() and not _is_surrogate(c) else "_" for c in written) or "_"
        name = self.fold(printable)
        if name in self.kept_columns:
            name += "_"
        return name if self.is_short(name) else self.with_suffix(name, _hash(written))

    def with_suffix(self, name: str, suffix: str) -> str:
        """Return `name_suffix`, the name cut where both would be too long."""
        suffix = self.fold("_" + suffix)
        while name and not self.is_short(name + suffix):
            name = name[:-1]
        return name + suffix

    def beside(self, name: str, suffix: str) -> str:
        """Return the name of what belongs to a table: its own with the suffix, told apart by a hash where it is cut."""
        whole = name + self.fold(suffix)
        if self.is_short(whole):
            return whole
        return self.with_suffix(name, _hash(name) + suffix)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _hash(written: str) -> str:
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARACTERS]


def table_name(
    stream: str, default_schema: str | None, schema_mapping: Mapping[str, Any], rules: NameRules
) -> tuple[str, str]:
    """Return the stored schema and name of a stream's table.

    `schema-table` is split at its last dash, as the taps for databases write it. The schema is what `schema_mapping`
    has for the stream's own, else the setting `default_target_schema`, else the stream's own (Singer SDK:
    SQLSink.schema_name; PipelineWise: schema_mapping, with `target_schema` inside).
    """
    first, _, last = stream.rpartition("-")
    own = first.rpartition("-")[2]
    mapped = schema_mapping.get(first, schema_mapping.get(own))
    if isinstance(mapped, Mapping):
        mapped = mapped.get("target_schema")
    if mapped is not None and not isinstance(mapped, str):
        raise ConfigError(f"schema_mapping: {own!r} must be the name of a schema, or hold target_schema")
    name = rules.stored(last or stream)
    # A name that begins with # is a temporary table's on Redshift (r_names).
    return rules.stored(mapped or default_schema or own or DEFAULT_SCHEMA), f"_{name}" if name[:1] == "#" else name


def column_names(properties: Iterable[str], present: Collection[Column], rules: NameRules) -> dict[str, str]:
    """Return the column name of each property; `present` are the columns of the table that is there.

    A property that a column's comment names has that column. Of the others that would share a name, the one that is
    written like it keeps it, else the first in the order of characters; the rest get a suffix of their own. Nothing
    depends on the order within the SCHEMA.
    """
    remembered = {owner: column.name for column in present if (owner := property_in(column.comment)) is not None}
    names = {written: remembered[written] for written in properties if written in remembered}
    taken = set(remembered.values())
    for written in sorted(set(properties) - set(names), key=lambda name: (not is_plain(name, rules), name)):
        name = rules.stored(written)
        if name in taken:
            name = rules.with_suffix(name, _hash(written))
        if name in taken:
            raise ConfigError(f"property {written!r} has no column name that is free; rename it by a stream map")
        taken.add(name)
        names[written] = name
    return names


def is_plain(written: str, rules: NameRules) -> bool:
    """Return whether the column's name tells the property's, so that no comment is needed."""
    return lower(written) == written and rules.stored(written) == rules.fold(written)


def comment_of(written: str, rules: NameRules) -> str | None:
    """Return the comment that keeps the property's name at its column; None if the column's own name tells it."""
    return None if is_plain(written, rules) else f"Singer property {json.dumps(written, ensure_ascii=False)}"


def property_in(comment: str | None) -> str | None:
    """Return the property that a column's comment names."""
    found = _COMMENT.fullmatch(comment or "")
    if found is None:
        return None
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return None  # somebody else's words
