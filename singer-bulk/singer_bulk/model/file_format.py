"""How does a warehouse want its files: how many, how large, and in which format? And the errors of fields that refuse a
value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from singer_bulk.errors import ValueRejected
from singer_bulk.model.columns import Column, ColumnType

FieldEncoder = Callable[[bytes], bytes]

# Redshift: 1 MB to 1 GB after compression.
# https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html
MIN_BYTES = 1 << 20
# An open file holds up to 8 MiB before they are sent (s3.PART_BYTES), and all of them `max_memory`, 64 MiB: a batch
# of 32 files is closed with 2 MiB of each.
MAX_PARTS = 32


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

    def of(self, column: Column) -> ValueRules:
        """Return what holds for the values of a column: one that decides over rows is never altered to fit.

        Of a stamp only that it is there decides, not its last digits.
        """
        return ValueRules(cut_datetime_digits=column.is_stamp and self.cut_datetime_digits) if column.decides else self


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


@dataclass(frozen=True)
class FileLayout:
    """How the warehouse wants the files of one COPY.

    parts: how many of them share the work; max_bytes: of each, compressed.
    """

    parts: int = 1
    max_bytes: int = 1_000_000_000

    def place(self, sizes: Sequence[int]) -> int:
        """Return the index of the file that the next piece goes into, len(sizes) for one more, given their bytes.

        A small batch stays one file; the others begin when that one has the least that is worth reading in parallel.
        """
        begun = len(sizes)
        if not begun or (begun < self.parts and sizes[0] >= MIN_BYTES):
            return begun
        return min(range(begun), key=sizes.__getitem__)

    def is_full(self, sizes: Sequence[int]) -> bool:
        """Return whether the smallest file is near the bound; a sixteenth is left for rows being compressed."""
        return bool(sizes) and min(sizes) >= self.max_bytes - self.max_bytes // 16


class Unfit(Exception):
    """A value that the column cannot hold: what the column expects, the remedy, and the place within a document."""

    def __init__(self, expected: str, remedy: str, path: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.remedy = remedy
        self.path = path

    def bare(self) -> Unfit:
        """Return it without its traceback: one is raised for many values, and would keep the frames of them all."""
        return self.with_traceback(None)


class Outgrown(Unfit):
    """A value that the column cannot hold, and one of the type `needed` can: this one widened, or a second one."""

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
