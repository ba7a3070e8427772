"""One JSON value -> one field, exactly, or refused.

A value arrives as the bytes of its JSON text, so that the digits of a number are the digits that were sent. The
table at the end maps each kind of column to the function that checks and writes its values; nothing here depends
on a record, and everything that depends on the column is decided when its function is made.

Timestamps are written in one shape, `YYYY-MM-DD HH:MM:SS.f`, with `+HH:MM` behind it where the column has an
offset: it is COPY's default on Redshift (copy-parameters-data-conversion: TIMEFORMAT), and it fits an explicit
format on Snowflake (date-time-input-output: FF9 takes 1 to 9 digits, TZH:TZM an offset with its colon).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation

import msgspec

from singer_bulk.columns import INT64_MAX, INT64_MIN, ColumnType, Kind

FieldEncoder = Callable[[bytes], bytes]


@dataclass(frozen=True)
class FileFormat:
    """What the two warehouses read differently in the same pipe-delimited file.

    null: the field that means NULL; fraction_digits: of a second; utc: offsets are converted, because the
    warehouse stores instants in UTC and reads `+00` only in the default format; text_max_bytes: of a TEXT column
    without a size; json_string_max_bytes: of a string inside JSON (None: no limit of its own).
    """

    null: bytes
    fraction_digits: int
    utc: bool
    text_max_bytes: int
    json_max_bytes: int
    json_string_max_bytes: int | None = None


class Unfit(Exception):
    """A value that the column cannot hold: what the column expects, and the remedy."""

    def __init__(self, expected: str, remedy: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.remedy = remedy


class OffsetSeen(Exception):
    """The first value with an offset came into a column that is still undecided between the two timestamps."""

    def __init__(self, column: str = "") -> None:
        super().__init__(column)
        self.column = column


QUOTE, BACKSLASH = 0x22, 0x5C
_text_of = msgspec.json.Decoder(str).decode
_DATETIME = re.compile(
    rb'"(\d{4}-\d\d-\d\d)(?:[Tt ]((?:[01]\d|2[0-3]):\d\d)(:\d\d)?(?:\.(\d+))?)? ?([Zz]|[+-]\d\d(?::?\d\d)?)?"'
)
_TIME = re.compile(rb'"(\d\d:\d\d)(:\d\d)?(?:\.(\d+))?"')


def field_encoder(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the function from a value's JSON text (never `null`) to its field; it raises Unfit."""
    return _ENCODERS[column_type.kind](column_type, file_format)


def string_of(raw: bytes) -> str:
    """Return the text of a JSON string, refusing what UTF-8 cannot hold."""
    try:
        return _text_of(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unfit("takes valid unicode", "repair the text at its source") from error


def quoted(text: bytes) -> bytes:
    """Return the text as a quoted field: a quote inside is doubled."""
    return b'"' + text.replace(b'"', b'""') + b'"'


def _boolean(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    def encode(raw: bytes) -> bytes:
        if raw not in (b"true", b"false"):
            raise Unfit("is BOOLEAN", "send true or false, or declare another type in the SCHEMA")
        return raw

    return encode


def _integer(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    def encode(raw: bytes) -> bytes:
        try:
            number = int(raw)
        except ValueError:
            number = _whole_number(raw)
        if not INT64_MIN <= number <= INT64_MAX:
            raise Unfit(
                "is a 64-bit integer",
                "declare minimum and maximum in the SCHEMA, so that the column is a decimal",
            )
        return b"%d" % number

    return encode


def _whole_number(raw: bytes) -> int:
    """JSON Schema counts 1.0 and 1e3 as integers."""
    number = _decimal_of(raw, "is an integer", allow_text=False)
    if number != number.to_integral_value():
        raise Unfit("is an integer", "send a whole number or declare the property as number")
    return int(number)


def _decimal_of(raw: bytes, expected: str, *, allow_text: bool) -> Decimal:
    text = raw[1:-1] if allow_text and raw[:1] == b'"' else raw
    try:
        number = Decimal(text.decode("ascii"))
    except (InvalidOperation, UnicodeDecodeError):
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 10_000:
        raise Unfit(expected, "send a JSON number, or declare the property as string")
    return number


def _decimal(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    precision, scale = column_type.precision, column_type.scale
    expected = f"is DECIMAL({precision}, {scale})"
    places = b"(?:\\.\\d{1,%d})?" % scale if scale else b""
    # What fits as it stands is written as it stands.
    fits = re.compile(b"-?\\d{1,%d}%s" % (precision - scale, places)).fullmatch if precision > scale else None

    def encode(raw: bytes) -> bytes:
        if fits is not None and fits(raw):
            return raw
        number = _decimal_of(raw, expected, allow_text=True)
        _, digits, exponent = number.normalize().as_tuple() if number else (0, (0,), 0)
        if not isinstance(exponent, int) or -exponent > scale:
            raise Unfit(expected, "round it at its source, or give the column more scale by multipleOf")
        if len(digits) + exponent > precision - scale:
            raise Unfit(expected, "declare a wider type in the SCHEMA")
        return format(number.normalize() if number else Decimal(0), "f").encode()

    return encode


def _double(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    def encode(raw: bytes) -> bytes:
        try:
            number = float(raw)
        except ValueError:
            number = float("inf")
        if number in (float("inf"), float("-inf")) or (number == 0.0 and raw.strip(b"-0.eE+") and _is_not_zero(raw)):
            raise Unfit("is DOUBLE", "send a number between 2.3e-308 and 1.7e308, or declare multipleOf for a decimal")
        return raw

    return encode


def _is_not_zero(raw: bytes) -> bool:
    return bool(raw.lower().partition(b"e")[0].strip(b"-0."))


def _text(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    max_bytes = min(column_type.max_bytes or file_format.text_max_bytes, file_format.text_max_bytes)
    expected = f"holds {max_bytes} bytes of text"

    def encode(raw: bytes) -> bytes:
        if raw[0] != QUOTE:
            text = raw  # a number or a document in a column that holds all types: its JSON text
        elif BACKSLASH not in raw:
            if len(raw) - 2 > max_bytes:
                raise Unfit(expected, "raise maxLength in the SCHEMA or shorten the text at its source")
            return raw  # a JSON string without an escape is a quoted field already
        else:
            text = string_of(raw).encode()
        if b"\0" in text:
            raise Unfit("cannot hold the character NUL", "remove it at its source or by a stream map")
        if len(text) > max_bytes:
            raise Unfit(expected, "raise maxLength in the SCHEMA or shorten the text at its source")
        return quoted(text)

    return encode


def _json(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    def encode(raw: bytes) -> bytes:
        if len(raw) > file_format.json_max_bytes:
            raise Unfit(f"holds documents of {file_format.json_max_bytes} bytes", "flatten or split the document")
        if b"\\u0000" in raw and _has_nul(raw):
            raise Unfit("cannot hold the character NUL", "remove it at its source or by a stream map")
        return quoted(raw)

    return encode


_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an odd number of backslashes before u0000


def _has_nul(document: bytes) -> bool:
    return _NUL_ESCAPE.search(document) is not None


def _date(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    unfit = Unfit("is DATE", "send YYYY-MM-DD, or declare the property as string")

    def encode(raw: bytes) -> bytes:
        found = _DATETIME.fullmatch(raw)
        if found is None:
            raise unfit
        day, clock, seconds, fraction, _ = found.groups()
        if (clock or b"00:00") != b"00:00" or (seconds or b":00") != b":00" or (fraction or b"0").strip(b"0"):
            raise unfit  # a time of day would be lost
        _check(date.fromisoformat, day, unfit)
        return bytes(day)

    return encode


def _time(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    unfit = Unfit("is TIME", "send HH:MM:SS, or declare the property as string")

    def encode(raw: bytes) -> bytes:
        found = _TIME.fullmatch(raw)
        if found is None:
            raise unfit
        clock = found[1] + (found[2] or b":00")
        _check(time.fromisoformat, clock, unfit)
        return clock + b"." + _fraction(found[3], file_format, unfit)

    return encode


def _timestamp(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    unfit = Unfit(
        "is TIMESTAMP without offset",
        "set datetime_type to timestamptz before the table is made, or send no offset",
    )

    def encode(raw: bytes) -> bytes:
        stamp, offset = _stamp(raw, file_format)
        if offset is not None:
            raise unfit
        return stamp

    return encode


class UndecidedDatetime:
    """Writes date-times without offset until one has an offset; knows whether it has written any."""

    def __init__(self, column_type: ColumnType, file_format: FileFormat) -> None:
        self._file_format = file_format
        self.seen = False

    def __call__(self, raw: bytes) -> bytes:
        stamp, offset = _stamp(raw, self._file_format)
        if offset is not None:
            raise OffsetSeen
        self.seen = True
        return stamp


def _timestamptz(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    utc = b"+00" if file_format.utc else b"+00:00"

    def encode(raw: bytes) -> bytes:
        stamp, offset = _stamp(raw, file_format)
        if offset in (None, b"Z", b"z", b"+00:00", b"-00:00", b"+00", b"+0000"):
            return stamp + utc
        assert offset is not None
        return _at_offset(stamp, offset, file_format)

    return encode


_UNFIT_DATETIME = Unfit(
    "is a timestamp",
    "send YYYY-MM-DDTHH:MM:SS between the years 0001 and 9999, or declare the property as string",
)


def _stamp(raw: bytes, file_format: FileFormat) -> tuple[bytes, bytes | None]:
    """Return (`YYYY-MM-DD HH:MM:SS.f`, offset as sent or None) of a JSON string."""
    found = _DATETIME.fullmatch(raw)
    if found is None:
        raise _UNFIT_DATETIME
    day, clock, seconds, fraction, offset = found.groups()
    stamp = b"%b %b%b" % (day, clock or b"00:00", seconds or b":00")
    _check(datetime.fromisoformat, stamp, _UNFIT_DATETIME)
    return stamp + b"." + _fraction(fraction, file_format, _UNFIT_DATETIME), offset


def _fraction(digits: bytes | None, file_format: FileFormat, unfit: Unfit) -> bytes:
    if digits is None:
        return b"0"
    if len(digits) > file_format.fraction_digits:
        kept, cut = digits[: file_format.fraction_digits], digits[file_format.fraction_digits :]
        if cut.strip(b"0"):
            raise Unfit(
                f"keeps {file_format.fraction_digits} digits of a second",
                "cut them at their source, or declare the property as string",
            ) from unfit
        return kept
    return digits


def _at_offset(stamp: bytes, offset: bytes, file_format: FileFormat) -> bytes:
    digits = offset[1:].replace(b":", b"").ljust(4, b"0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise _UNFIT_DATETIME
    if not file_format.utc:
        return b"%b%b%02d:%02d" % (stamp, offset[:1], hours, minutes)
    whole, _, fraction = stamp.partition(b".")
    sign = -1 if offset[:1] == b"-" else 1
    zone = timezone(sign * timedelta(hours=hours, minutes=minutes))
    try:
        instant = datetime.fromisoformat(whole.decode()).replace(tzinfo=zone).astimezone(timezone.utc)
    except OverflowError as error:
        raise _UNFIT_DATETIME from error
    # strftime does not pad a year below 1000
    return instant.replace(tzinfo=None).isoformat(" ").encode() + b"." + fraction + b"+00"


def _check(parse: Callable[[str], object], text: bytes, unfit: Unfit) -> None:
    try:
        parse(text.decode())
    except ValueError as error:
        raise unfit from error


_ENCODERS: dict[Kind, Callable[[ColumnType, FileFormat], FieldEncoder]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATETIME: UndecidedDatetime,
    Kind.TIMESTAMP: _timestamp,
    Kind.TIMESTAMPTZ: _timestamptz,
    Kind.JSON: _json,
}
