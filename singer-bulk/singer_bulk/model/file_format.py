"""What the two warehouses read differently in the same pipe-delimited file, and how a field refuses a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from singer_bulk.errors import ValueRejected
from singer_bulk.schema.json_schema import ColumnType

FieldEncoder = Callable[[bytes], bytes]


@dataclass(frozen=True)
class ValueRules:
    """What the user chose for values that a column cannot hold as they are; everything is refused by default.

    remove_nul: take the character NUL out of text; invalid_datetime_is_null: a date or time that does not exist
    becomes NULL; round_numbers: half to even, to the scale of a decimal or the digits of a double;
    cut_datetime_digits: of a second, where the warehouse keeps fewer than were sent.
    """

    remove_nul: bool = False
    invalid_datetime_is_null: bool = False
    round_numbers: bool = False
    cut_datetime_digits: bool = False


@dataclass(frozen=True)
class FileFormat:
    """What the two warehouses read differently in the same pipe-delimited file.

    null: the field that means NULL; fraction_digits: of a second; utc: offsets are converted, because the
    warehouse stores instants in UTC and reads `+00` only in the default format; text_max_bytes: of a TEXT column
    without a size; json_string_max_bytes: of a string inside JSON; row_max_bytes: of a row as it stands in the file
    (None: no limit of its own).
    """

    null: bytes
    fraction_digits: int
    utc: bool
    text_max_bytes: int
    json_max_bytes: int
    json_string_max_bytes: int | None = None
    row_max_bytes: int | None = None
    rules: ValueRules = field(default_factory=ValueRules)


class Unfit(Exception):
    """A value that the column cannot hold: what the column expects, and the remedy."""

    def __init__(self, expected: str, remedy: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.remedy = remedy


class Outgrown(Unfit):
    """A value that the column cannot hold, and one of the type `needed` can: this one widened, or one beside it."""

    def __init__(self, needed: ColumnType, expected: str, remedy: str) -> None:
        super().__init__(expected, remedy)
        self.needed = needed


class ColumnOutgrown(Exception):
    """An `Outgrown` with its place: the column's name, and the error that it is if the column may not change."""

    def __init__(self, column: str, needed: ColumnType, rejected: ValueRejected) -> None:
        super().__init__(column)
        self.column = column
        self.needed = needed
        self.rejected = rejected


def quoted(text: bytes) -> bytes:
    """Return the text as a quoted field: a quote inside is doubled."""
    return b'"' + text.replace(b'"', b'""') + b'"'
