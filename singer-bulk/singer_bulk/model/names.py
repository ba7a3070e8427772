"""What does a warehouse do with names?"""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass

DEFAULT_SCHEMA = "public"
HASH_CHARACTERS = 8  # 32 bits: enough to part the few names that fold to one, and to part cut names

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
        return name if self.is_short(name) else self.with_suffix(name, name_hash(written))

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
        return self.with_suffix(name, name_hash(name) + suffix)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def name_hash(written: str) -> str:
    """Return what parts names that would be one: few characters, always the same for a name."""
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARACTERS]
