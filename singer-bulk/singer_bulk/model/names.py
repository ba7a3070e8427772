"""What does a warehouse do with names?"""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass

DEFAULT_SCHEMA = "public"
HASH_CHARACTERS = 8  # 32 bits: enough to distinguish the few names that fold to one, and names that are cut

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
    """What a warehouse does with names: their case, their greatest length, and the names of columns that are taken.

    max_bytes, max_characters: of a name (None: no limit of this kind). kept_columns: the warehouse takes no column of
    such a name. own_columns, own_prefixes: a column of such a name, or one that begins so, is the loader's; only the
    properties `granted` may fill it, as they are written.
    """

    upper_case: bool
    max_bytes: int | None = None
    max_characters: int | None = None
    kept_columns: frozenset[str] = frozenset()
    own_columns: frozenset[str] = frozenset()
    own_prefixes: tuple[str, ...] = ()
    granted: frozenset[str] = frozenset()

    def fold(self, written: str) -> str:
        """Return the name in the case in which the warehouse keeps it."""
        return upper(written) if self.upper_case else lower(written)

    def is_short(self, name: str) -> bool:
        """Return whether the warehouse takes the whole name."""
        long_bytes = self.max_bytes is not None and len(name.encode()) > self.max_bytes
        return not long_bytes and not (self.max_characters is not None and len(name) > self.max_characters)

    def name_for(self, written: str) -> str:
        """Return the name of the table or schema of a stream."""
        return self._short(self._plain(written), written)

    def column_for(self, written: str) -> str:
        """Return the column name of a property, unless another one has that name already."""
        name = self._plain(written)
        if name in self.kept_columns:
            name += "_"
        if self.is_own(name) and written not in self.granted:
            name = "_" + name
        return self._short(name, written)

    def is_own(self, name: str) -> bool:
        """Return whether a column of this name is the loader's."""
        return name in self.own_columns or name.startswith(self.own_prefixes)

    def _plain(self, written: str) -> str:
        printable = "".join(c if c.isprintable() and not _is_surrogate(c) else "_" for c in written) or "_"
        return self.fold(printable)

    def _short(self, name: str, written: str) -> str:
        return name if self.is_short(name) else self.with_suffix(name, name_hash(written))

    def with_suffix(self, name: str, suffix: str) -> str:
        """Return `name_suffix`, the name cut where both would be too long."""
        suffix = self.fold("_" + suffix)
        while name and not self.is_short(name + suffix):
            name = name[:-1]
        return name + suffix

    def second_name(self, name: str, suffix: str) -> str:
        """Return the name of a second table or a view of a table: the name and the suffix, cut and hashed if long."""
        whole = name + self.fold(suffix)
        if self.is_short(whole):
            return whole
        return self.with_suffix(name, name_hash(name) + suffix)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def name_hash(written: str) -> str:
    """Return the suffix that distinguishes names which would be equal: short, and always the same for a name."""
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARACTERS]
