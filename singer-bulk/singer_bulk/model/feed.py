"""What do the columns of a change feed mean: which rows are deletes, in which order did the events happen?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from singer_bulk.model.added import METADATA_PREFIX
from singer_bulk.model.kinds import Kind


class Meaning(str, Enum):
    """What a value of an operation column says of its row."""

    INSERT = "insert"  # the whole row: what is missing is null
    UPDATE = "update"  # of a partial feed: what is missing is unchanged
    DELETE = "delete"
    TRUNCATE = "truncate"  # all rows before it are gone; it has no key
    IGNORE = "ignore"  # no change of a row


@dataclass(frozen=True)
class Mark:
    """An operation column; `values` as its column holds them (text, a number, true or false, null)."""

    column: str
    property: str
    kind: Kind
    values: tuple[tuple[str | int | bool | None, Meaning], ...]

    def of(self, meaning: Meaning) -> tuple[str | int | bool | None, ...]:
        """Return the values that mean this."""
        return tuple(value for value, said in self.values if said is meaning)


@dataclass(frozen=True)
class OrderColumn:
    """A column of the feed's own order; by_length: of two texts the longer one is later."""

    column: str
    by_length: bool = False


@dataclass(frozen=True)
class Feed:
    """What the columns of a table say of its rows. A row is a delete, too, where `deleted_at` is not null, or true if
    it is a flag (is_flag).

    order: the feed's own, before the order of arrival; time: when the event happened. partial: an update may leave out
    what has not changed. hidden: prefixes of the columns that are the feed's, not the row's, in small letters.
    """

    marks: tuple[Mark, ...] = ()
    deleted_at: str | None = None
    is_flag: bool = False
    order: tuple[OrderColumn, ...] = ()
    time: str | None = None
    partial: bool = False
    hidden: tuple[str, ...] = (METADATA_PREFIX,)

    def says(self, meaning: Meaning) -> bool:
        """Return whether a row can mean this."""
        return any(mark.of(meaning) for mark in self.marks)

    def is_hidden(self, column: str) -> bool:
        """Return whether the column is the feed's or the loader's, not the row's."""
        return column.lower().startswith(self.hidden) or column in {mark.column for mark in self.marks}
