"""Which type holds the values of another, or of both?"""

from __future__ import annotations

from dataclasses import replace

from singer_bulk.model.columns import DOUBLE, JSON, MAX_PRECISION, TIMESTAMPTZ, ColumnType, Content
from singer_bulk.model.kinds import KINDS, Kind

EXACT_NUMBERS = frozenset((Kind.INTEGER, Kind.DECIMAL))

# Every value of these kinds, written as text, is shorter.
SCALAR_TEXT_BYTES = 64


def fitting(wanted: ColumnType, here: ColumnType) -> ColumnType | None:
    """Return the type by which values of `wanted` are written into a column of the type `here`; None if it cannot
    hold them all, or their encoder could not tell."""
    kind, other = wanted.kind, here.kind
    if kind is other is Kind.TEXT:
        fits = wanted.max_bytes is None or here.max_bytes is None or wanted.max_bytes <= here.max_bytes
        return replace(wanted, max_bytes=here.max_bytes) if fits else None
    if kind in EXACT_NUMBERS and other in EXACT_NUMBERS:
        fits = whole_digits(wanted) <= whole_digits(here) and wanted.scale <= here.scale
        widest = here.precision == MAX_PRECISION and wanted.scale <= here.scale  # no other has more digits
        return replace(here, content=wanted.content) if fits or widest else None
    if kind is other:
        return wanted
    if other in KINDS[kind].taken_by:
        return here
    if is_whole(wanted) and wanted.content is Content.STRINGS and other is Kind.DOUBLE:
        return replace(here, content=Content.INTEGERS)
    if other is Kind.JSON:
        return replace(here, starts=_starts(wanted))
    if other is Kind.TEXT and kind is not Kind.JSON:
        return replace(here, content=Content.ANY, starts=_starts(wanted))
    return None


def is_whole(column_type: ColumnType) -> bool:
    return column_type.kind in EXACT_NUMBERS and column_type.scale == 0


def _starts(wanted: ColumnType) -> str:
    if wanted.content is not Content.STRINGS or wanted.kind is Kind.JSON:
        return wanted.starts
    return KINDS[wanted.kind].starts


def grown(here: ColumnType, wanted: ColumnType) -> ColumnType | None:
    """Return the type that holds what is in the column and what is wanted; None where only a new column does."""
    kind, other = wanted.kind, here.kind
    if kind is other is Kind.TEXT:
        return wanted
    if kind in EXACT_NUMBERS and other in EXACT_NUMBERS:
        widest = widest_of(wanted.stored(), here.stored())
        if widest.kind is not Kind.DECIMAL:
            # Not every number of both has 38 digits or less; those that are there may have.
            widest = ColumnType(Kind.DECIMAL, MAX_PRECISION, max(wanted.scale, here.scale))
        return replace(widest, content=wanted.content)
    if kind is Kind.DOUBLE and is_whole(here):
        return DOUBLE
    if kind in KINDS[other].grows_into:
        return wanted
    if kind is Kind.TEXT and other not in (Kind.JSON, Kind.OTHER):
        size = wanted.max_bytes
        return replace(wanted, max_bytes=None if size is None else max(size, SCALAR_TEXT_BYTES))
    return None


def holds_all(old: ColumnType, new: ColumnType) -> bool:
    """Return whether every field that was written for one type is read as the same value by the other."""
    if new.kind is Kind.TEXT:
        return True
    if old.kind is not new.kind and new.kind not in KINDS[old.kind].read_by:
        return False
    return whole_digits(old) <= whole_digits(new) and old.scale <= new.scale


def widest_of(one: ColumnType, other: ColumnType) -> ColumnType:
    """Return the narrowest type that holds the values of both, without altering any."""
    if one.stored() == other.stored():
        return one if one == other else replace(one, content=Content.ANY, starts="")
    kinds = {one.kind, other.kind}
    if Kind.JSON in kinds:
        return JSON
    if kinds == {Kind.TEXT}:
        sizes = [size for size in (one.max_bytes, other.max_bytes) if size is not None]
        content = one.content if one.content is other.content else Content.ANY
        return ColumnType(Kind.TEXT, max_bytes=max(sizes) if len(sizes) == 2 else None, content=content)
    if kinds == {Kind.INTEGER, Kind.DOUBLE}:
        return DOUBLE
    if kinds <= {Kind.INTEGER, Kind.DECIMAL}:
        scale = max(one.scale, other.scale)
        whole = max(whole_digits(one), whole_digits(other))
        if whole + scale <= MAX_PRECISION:
            return ColumnType(Kind.DECIMAL, whole + scale, scale)
    if kinds == {Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
        return TIMESTAMPTZ
    return ColumnType(Kind.TEXT, content=Content.ANY)


def whole_digits(column_type: ColumnType) -> int:
    """Return the digits before the point that an INTEGER or DECIMAL column takes."""
    return 19 if column_type.kind is Kind.INTEGER else column_type.precision - column_type.scale
