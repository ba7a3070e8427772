"""Dates and times -> fields.

Timestamps are written in one shape, `YYYY-MM-DD HH:MM:SS.f`, followed by `+HH:MM` where the column has an offset. It is
the default TIMEFORMAT of Redshift's COPY, and an explicit format of Snowflake reads it: FF9 takes 1 to 9 digits,
TZH:TZM an offset with its colon.
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
https://docs.snowflake.com/en/sql-reference/date-time-input-output

What is read: RFC 3339, and other forms that taps send: a blank instead of the T, no offset, no seconds, a date alone.
Nothing is guessed: a date that no calendar has (0000-00-00, second 60, year 10000) is refused, or becomes NULL if the
user says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

import msgspec

from singer_bulk.model.columns import TIMESTAMPTZ, ColumnType
from singer_bulk.model.file_format import FieldEncoder, FileFormat, Outgrown, Unfit

_CLOCK = rb"(\d\d:\d\d)(?:(:\d\d)(?:\.(\d+))?)?"
_OFFSET = rb"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?"
_DATETIME = re.compile(rb'"(\d{4}-\d\d-\d\d)(?:[Tt ]' + _CLOCK + _OFFSET + rb')?"')
# Python writes 9:05:00 for timedelta
_TIME = re.compile(rb'"' + _CLOCK.replace(rb"\d\d", rb"\d\d?", 1) + _OFFSET + rb'"')
_UTC_OFFSETS = frozenset((b"Z", b"z", b"+00:00", b"-00:00", b"+00", b"-00", b"+0000", b"-0000"))
# No place on earth has more; Redshift takes 14:59. https://docs.aws.amazon.com/redshift/latest/dg/r_Datetime_types.html
MAX_OFFSET_HOURS = 14

_UNFIT_DATE = Unfit("is DATE", "send YYYY-MM-DD, or declare the property as string; see invalid_datetime")
_UNFIT_TIME = Unfit(
    "is TIME", "send HH:MM:SS, with no offset but that of UTC, or declare the property as string; see invalid_datetime"
)
_UNFIT_DATETIME = Unfit(
    "is a timestamp",
    "send YYYY-MM-DDTHH:MM:SS between the years 0001 and 9999, or declare the property as string; see invalid_datetime",
)
_HAS_OFFSET = Outgrown(
    TIMESTAMPTZ,
    "is TIMESTAMP without offset",
    "let on_type_change widen the column, set datetime_type to timestamptz before the table is made, or send no offset",
)


class _Invalid(Exception):
    """The text is no date or time."""


def date_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a DATE column."""

    def encode(raw: bytes) -> bytes:
        found = _match(_DATETIME, raw)
        day, clock, seconds, fraction, offset = found.groups()
        if (clock or b"00:00") != b"00:00" or (seconds or b":00") != b":00" or (fraction or b"0").strip(b"0"):
            raise _UNFIT_DATE  # a time of day would be lost
        if offset is not None and offset not in _UTC_OFFSETS:
            raise _UNFIT_DATE  # in UTC it may be another day
        _check(date.fromisoformat, day)
        return bytes(day)

    return _or_invalid(encode, _UNFIT_DATE, file_format)


def time_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a TIME column."""

    def encode(raw: bytes) -> bytes:
        found = _match(_TIME, raw)
        clock = found[1].rjust(5, b"0") + (found[2] or b":00")
        _check(time.fromisoformat, clock)
        if found[4] is not None and found[4] not in _UTC_OFFSETS:
            raise _UNFIT_TIME  # no column keeps the offset, and without it the time is another one
        return clock + b"." + _fraction(found[3], file_format)

    return _or_invalid(encode, _UNFIT_TIME, file_format)


def timestamp_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a TIMESTAMP column; it raises Outgrown for a value with an offset."""

    def encode(raw: bytes) -> bytes:
        stamp, offset = _stamp(raw, file_format)
        if offset is not None:
            raise _HAS_OFFSET
        return stamp

    return _or_invalid(encode, _UNFIT_DATETIME, file_format)


def timestamptz_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a TIMESTAMPTZ column; a value without offset is in UTC."""
    utc = b"+00" if file_format.utc else b"+00:00"

    def encode(raw: bytes) -> bytes:
        stamp, offset = _stamp(raw, file_format)
        if offset is None or offset in _UTC_OFFSETS:
            return stamp + utc
        return _at_offset(stamp, offset, file_format)

    return _or_invalid(encode, _UNFIT_DATETIME, file_format)


def _or_invalid(encode: FieldEncoder, unfit: Unfit, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder; for a date or time that does not exist it writes NULL or raises, as the user chose."""

    def checked(raw: bytes) -> bytes:
        try:
            return encode(raw)
        except _Invalid as error:
            if file_format.rules.invalid_datetime_is_null and raw[:1] == b'"':
                return file_format.null
            raise unfit from error

    return checked


def _match(pattern: re.Pattern[bytes], raw: bytes) -> re.Match[bytes]:
    if b"\\" in raw:
        try:
            raw = b'"%b"' % msgspec.json.decode(raw, type=str).encode()
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise _Invalid from error
    found = pattern.fullmatch(raw)
    if found is None:
        raise _Invalid
    return found


def _stamp(raw: bytes, file_format: FileFormat) -> tuple[bytes, bytes | None]:
    """Return (`YYYY-MM-DD HH:MM:SS.f`, offset as sent or None) of a JSON string."""
    day, clock, seconds, fraction, offset = _match(_DATETIME, raw).groups()
    stamp = b"%b %b%b" % (day, clock or b"00:00", seconds or b":00")
    _check(datetime.fromisoformat, stamp)
    return stamp + b"." + _fraction(fraction, file_format), offset


def _fraction(digits: bytes | None, file_format: FileFormat) -> bytes:
    if digits is None:
        return b"0"
    kept, excess = digits[: file_format.fraction_digits], digits[file_format.fraction_digits :]
    if excess.strip(b"0") and not file_format.rules.cut_datetime_digits:
        raise Unfit(
            f"keeps {file_format.fraction_digits} digits of a second",
            "cut them at their source or by excess_datetime_digits, or declare the property as string",
        )
    return kept


def _at_offset(stamp: bytes, offset: bytes, file_format: FileFormat) -> bytes:
    digits = offset[1:].replace(b":", b"").ljust(4, b"0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > MAX_OFFSET_HOURS or minutes > 59:
        raise _Invalid
    sign = -1 if offset[:1] == b"-" else 1
    whole, _, fraction = stamp.partition(b".")
    zone = timezone(sign * timedelta(hours=hours, minutes=minutes))
    try:
        instant = datetime.fromisoformat(whole.decode()).replace(tzinfo=zone).astimezone(timezone.utc)
    except OverflowError as error:
        raise _Invalid from error  # in UTC it is in the year 0 or 10000
    if not file_format.utc:
        return b"%b%b%02d:%02d" % (stamp, offset[:1], hours, minutes)
    return instant.replace(tzinfo=None).isoformat(" ").encode() + b"." + fraction + b"+00"


def _check(parse: Callable[[str], object], text: bytes) -> None:
    try:
        parse(text.decode())
    except ValueError as error:
        raise _Invalid from error
