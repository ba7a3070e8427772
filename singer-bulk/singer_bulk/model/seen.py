"""What have the fields of a column shown, while no load has committed them and the warehouse cannot be asked?

A type change in the middle of a run is decided by it (`keeps`), as the warehouse decides in the next run by looking at
the rows of the table (`warehouse/alter_table.is_lossless`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import KINDS, Kind
from singer_bulk.model.type_fit import EXACT_NUMBERS, whole_digits

# A number of so many digits is the same after conversion to a double and back. No page says that for a double and its
# text on Snowflake.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html
# https://docs.snowflake.com/en/sql-reference/data-types-numeric
SURE_DIGITS = 15
# Written with 1 to 17 places, each is the shortest text of its double; and the digits of a double beyond 2**53.
_SAMPLE_DOUBLE, _SAMPLE_WHOLE = 0.32528887428177183, 1.2345678901234567

# Takes a value as a file has it, its type and another; returns whether the warehouse says that it is the same after
# conversion to the other and back.
Asks = Callable[[str, ColumnType, ColumnType], bool]


@dataclass(frozen=True)
class ColumnSeen:
    """What the fields of one column show, of a batch or of several; of fields as they stand in the file.

    values: fields that are not NULL, of every column.

    Of INTEGER and DECIMAL columns, the sign left out:
    whole_digits: the most digits before the point, without zeros that lead (`0.50` has none, `120` three).
    digits: the most digits in all, without zeros at either end (`0.50` has one, `120` two, `1.05` three).
    beyond_double: whether a number is no double exactly: divided by two as often as that leaves no rest, it has more
    than 53 bits. Only of columns without places (INTEGER, DECIMAL of scale 0); False of others.

    Of DOUBLE columns:
    digits: the most digits in all, without zeros at either end, sign, point and exponent left out, of the shortest text
    that is read as the same double: as written where that has at most 15, 17 at most.

    longest: bytes of the longest value, of TEXT and JSON columns: of the text as the column has it, in UTF-8, or of the
    JSON text.

    0 and False are what other columns have, and columns without a value. A number that is zero has no digits.
    """

    values: int = 0
    whole_digits: int = 0
    digits: int = 0
    beyond_double: bool = False
    longest: int = 0


def merge(one: ColumnSeen, other: ColumnSeen) -> ColumnSeen:
    """Return what the fields of both show."""
    return ColumnSeen(
        one.values + other.values,
        max(one.whole_digits, other.whole_digits),
        max(one.digits, other.digits),
        one.beyond_double or other.beyond_double,
        max(one.longest, other.longest),
    )


def keeps(seen: ColumnSeen, old: ColumnType, new: ColumnType, asks: Asks) -> bool:
    """Return whether each of the values is the same after conversion to a wider type (`type_fit.grown`) and back.

    asks: how many digits a conversion keeps beyond those that are sure is the warehouse's to say; it is asked about one
    value that has as many as were seen.
    """
    if not seen.values:
        return True
    if old.kind in EXACT_NUMBERS and new.kind in EXACT_NUMBERS:
        return seen.whole_digits <= whole_digits(new) and old.scale <= new.scale
    if seen.beyond_double and new.kind is Kind.DOUBLE:
        # 10**36 is no double, and yet comes back where a decimal is made of 15 digits of one.
        value = _sample_beyond(seen) if old.kind is Kind.DECIMAL and seen.digits <= SURE_DIGITS else None
        return value is not None and asks(value, old, new)
    if Kind.DOUBLE in (old.kind, new.kind):
        sure = SURE_DIGITS if new.kind is Kind.DOUBLE else 0
        return seen.digits <= sure or asks(_sample(seen.digits, old), old, new)
    return new.kind is Kind.TEXT or new.kind in KINDS[old.kind].grows_into


def _sample(digits: int, column_type: ColumnType) -> str:
    """Return a value of a DOUBLE column, or of one of integers, that has so many digits and is a double exactly."""
    if column_type.kind is Kind.DOUBLE:
        return f"{_SAMPLE_DOUBLE:.{digits}f}"
    return str(int(_SAMPLE_WHOLE * 10.0 ** (digits - 1)))


def _sample_beyond(seen: ColumnSeen) -> str | None:
    """Return a whole number that has so many digits and is no double, if there is one."""
    first, zeros = 10 ** (seen.digits - 1), 10 ** (seen.whole_digits - seen.digits)
    numbers = (number * zeros for number in range(first, min(first + 100, 10 * first)) if number % 10)
    return next((str(number) for number in numbers if int(float(number)) != number), None)
