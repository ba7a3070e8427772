"""Which type holds the values of another, or of both?"""

from __future__ import annotations

from dataclasses import replace

from singer_bulk.model.columns import DOUBLE, JSON, MAX_PRECISION, TIMESTAMPTZ, ColumnType, Content
from singer_bulk.model.kinds import KINDS, Kind

EXACT_NUMBERS = frozenset((Kind.INTEGER, Kind.DECIMAL))

# Every value of a kind other than TEXT and JSON is shorter when it is written as text.
SCALAR_TEXT_BYTES = 64


def fitting(wanted: ColumnType, existing: ColumnType) -> ColumnType | None:
    """Return the type that encodes values of the type `wanted` for a column of the type `existing`; None if that cannot
    hold them all, and no encoder would notice."""
    kind, other = wanted.kind, existing.kind
    if kind is other is Kind.TEXT:
        fits = wanted.max_bytes is None or existing.max_bytes is None or wanted.max_bytes <= existing.max_bytes
        return replace(wanted, max_bytes=existing.max_bytes) if fits else None
    if kind in EXACT_NUMBERS and other in EXACT_NUMBERS:
        fits = whole_digits(wanted) <= whole_digits(existing) and wanted.scale <= existing.scale
        widest = existing.precision == MAX_PRECISION and wanted.scale <= existing.scale  # no other has more digits
        return replace(existing, content=wanted.content) if fits or widest else None
    if kind is other:
        return wanted
    if other in KINDS[kind].taken_by:
        return existing
    if is_whole(wanted) and wanted.content is Content.STRINGS and other is Kind.DOUBLE:
        return replace(existing, content=Content.INTEGERS)
    if other is Kind.JSON:
        return replace(existing, starts=_starts(wanted))
    if other is Kind.TEXT and kind is not Kind.JSON:
        return replace(existing, content=Content.ANY, starts=_starts(wanted))
    return None


def is_whole(column_type: ColumnType) -> bool:
    return column_type.kind in EXACT_NUMBERS and column_type.scale == 0


def _starts(wanted: ColumnType) -> str:
    if wanted.content is not Content.STRINGS or wanted.kind is Kind.JSON:
        return wanted.starts
    return KINDS[wanted.kind].starts


def grown(existing: ColumnType, wanted: ColumnType) -> ColumnType | None:
    """Return the type that holds the column's values and the wanted ones; None if that takes a second column."""
    kind, other = wanted.kind, existing.kind
    if kind is other is Kind.TEXT:
        return wanted
    if kind in EXACT_NUMBERS and other in EXACT_NUMBERS:
        widest = widest_of(wanted.as_in_table(), existing.as_in_table())
        if widest.kind is not Kind.DECIMAL:
            # Not all numbers of the two types fit into 38 digits; those in the column may, and the warehouse is asked.
            widest = ColumnType(Kind.DECIMAL, MAX_PRECISION, max(wanted.scale, existing.scale))
        return replace(widest, content=wanted.content)
    if kind is Kind.DOUBLE and is_whole(existing):
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
    if not is_read_alike(old, new):
        return False
    return whole_digits(old) <= whole_digits(new) and old.scale <= new.scale


def is_read_alike(old: ColumnType, new: ColumnType) -> bool:
    """Return whether a field that was written for a column of the old type is read by one of the new type as the value
    that conversion gives, if the new type holds it at all."""
    return old.kind is new.kind or new.kind in KINDS[old.kind].read_by


def widest_of(one: ColumnType, other: ColumnType) -> ColumnType:
    """Return the narrowest type that holds the values of both, without altering any."""
    if one.as_in_table() == other.as_in_table():
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
