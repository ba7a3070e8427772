"""What the fields of a column show, by definition: field by field, as `model/seen.py` says what each number means."""

from __future__ import annotations

from collections.abc import Sequence

from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.seen import SURE_DIGITS, ColumnSeen
from singer_bulk.model.type_fit import EXACT_NUMBERS, is_whole

DOUBLE_BITS = 53  # of the digits of a double, the first one among them


def seen_of(column_type: ColumnType, fields: Sequence[bytes], null: bytes) -> ColumnSeen:
    """Return what the fields of a column show; `null` is the field that means NULL."""
    came = [field for field in fields if field != null]
    if not came:
        return ColumnSeen()
    if column_type.kind is Kind.DOUBLE:
        return ColumnSeen(len(came), digits=max(map(_digits_of_double, came)))
    if column_type.kind in (Kind.TEXT, Kind.JSON):
        return ColumnSeen(len(came), longest=max(map(_text_bytes, came)))
    if column_type.kind not in EXACT_NUMBERS:
        return ColumnSeen(len(came))
    return ColumnSeen(
        len(came),
        max(len(field.partition(b".")[0].lstrip(b"-0")) for field in came),
        max(map(_digits, came)),
        is_whole(column_type) and any(map(_is_beyond_double, came)),
    )


def _text_bytes(field: bytes) -> int:
    """Return the bytes of a quoted text: a quote inside stands twice in the field."""
    return len(field) - 2 - field.count(b'"', 1, -1) // 2


def _digits(field: bytes) -> int:
    mantissa = field.lower().partition(b"e")[0]
    return len(mantissa.replace(b".", b"").lstrip(b"-").strip(b"0"))


def _digits_of_double(field: bytes) -> int:
    digits = _digits(field)
    return digits if digits <= SURE_DIGITS else _digits(repr(float(field)).encode())


def _is_beyond_double(field: bytes) -> bool:
    number = abs(int(field))
    return bool(number >> DOUBLE_BITS) and (number // (number & -number)).bit_length() > DOUBLE_BITS
