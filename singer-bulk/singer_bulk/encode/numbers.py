"""Numbers -> fields, digit by digit: a number is written as it was sent, never as a binary double rounds it."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal

from singer_bulk.model.columns import BIG_INTEGER, INT64_MAX, INT64_MIN, INTEGER, MAX_PRECISION, ColumnType, Content
from singer_bulk.model.file_format import FieldEncoder, FileFormat, Outgrown, Unfit

# sign, digits before the point, after it, exponent; a number in a string may leave out digits on one side
_NUMBER = re.compile(rb"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?")
# An exponent of more digits counts as 10**18, which is beyond every column as well.
MAX_EXPONENT_DIGITS = 18
# A decimal of so many digits is the same after conversion to a double and back.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html
EXACT_DOUBLE_DIGITS = 15
MIN_DOUBLE = 2.2250738585072014e-308  # below it a double has fewer digits
TOO_LONG: int = 10 ** (MAX_PRECISION + 1)  # stands for every longer number
_SEND_NUMBER = "send a JSON number, or declare the property as string"


def integer_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of an INTEGER column. JSON Schema counts 1.0 and 1e3 as integers."""
    outgrown = Outgrown(
        BIG_INTEGER,
        "is a 64-bit integer",
        "let on_type_change widen the column, or declare minimum and maximum in the SCHEMA before the table is made",
    )
    too_long = Unfit("is a 64-bit integer", "declare the property as string: no number type has so many digits")

    def encode(raw: bytes) -> bytes:
        try:
            number = int(raw)
        except ValueError:
            number = _whole_number(raw)
        if not INT64_MIN <= number <= INT64_MAX:
            raise outgrown if abs(number) < 10**MAX_PRECISION else too_long
        return b"%d" % number

    return encode


def _whole_number(raw: bytes) -> int:
    sign, digits, exponent = _parts(raw, "is an integer", allow_text=False)
    if exponent < 0:
        raise Unfit("is an integer", "send a whole number or declare the property as number")
    if len(digits) + exponent > MAX_PRECISION + 1:
        return TOO_LONG
    return int(sign + digits + b"0" * exponent)


def _parts(raw: bytes, expected: str, *, allow_text: bool) -> tuple[bytes, bytes, int]:
    """Return (sign, digits, exponent) of a number without zeros at the ends of its digits; zero is (b"", b"0", 0)."""
    text = raw[1:-1] if allow_text and raw[:1] == b'"' else raw
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise Unfit(expected, _SEND_NUMBER)
    places = found[3] or b""
    digits = (found[2] + places).lstrip(b"0")
    stripped = digits.rstrip(b"0")
    if not stripped:
        return b"", b"0", 0
    exponent = _exponent(found[4] or b"0") - len(places) + len(digits) - len(stripped)
    return found[1].replace(b"+", b""), stripped, exponent


def _exponent(text: bytes) -> int:
    digits = text.lstrip(b"+-").lstrip(b"0") or b"0"
    number = int(digits) if len(digits) <= MAX_EXPONENT_DIGITS else int(10**MAX_EXPONENT_DIGITS)
    return -number if text[:1] == b"-" else number


def decimal_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a DECIMAL column; it takes numbers, and numbers in strings if the SCHEMA has those."""
    precision, scale = column_type.precision, column_type.scale
    allow_text = column_type.content is Content.ANY
    expected = f"is DECIMAL({precision}, {scale})" if scale else f"is an integer of {precision} digits"
    outgrown = Outgrown(
        replace(column_type, precision=MAX_PRECISION),
        expected,
        "let on_type_change widen the column, or declare a wider type in the SCHEMA before the table is made",
    )
    too_long = Unfit(expected, "declare the property as string: no number type has so many digits")
    too_fine = Unfit(expected, "round it at its source or by rounding, or give the column more scale by multipleOf")
    # A number that fits as it was sent is written as it was sent.
    places = b"(?:\\.\\d{1,%d})?" % scale if scale else b""
    fits = re.compile(b"-?\\d{1,%d}%b" % (precision - scale, places)).fullmatch if precision > scale else None

    def encode(raw: bytes) -> bytes:
        if fits is not None and fits(raw):
            return raw
        sign, digits, exponent = _parts(raw, expected, allow_text=allow_text)
        if -exponent > scale:
            if not file_format.rules.round_numbers:
                raise too_fine
            sign, digits, exponent = _rounded(sign, digits, exponent, scale)
        whole = max(len(digits) + exponent, 0)
        if whole > precision - scale:
            raise outgrown if whole <= MAX_PRECISION - scale and precision < MAX_PRECISION else too_long
        return sign + _plain(digits, exponent)

    return encode


def _rounded(sign: bytes, digits: bytes, exponent: int, scale: int) -> tuple[bytes, bytes, int]:
    if len(digits) + exponent < -scale:
        return b"", b"0", 0
    context = Context(prec=len(digits) + scale + abs(exponent) + 1, rounding=ROUND_HALF_EVEN)
    number = Decimal((0, [digit - 48 for digit in digits], exponent))
    rounded = number.quantize(Decimal((0, (1,), -scale)), context=context)
    kept_sign, kept, exponent = _parts(format(rounded, "f").encode(), "", allow_text=False)
    return (sign if kept != b"0" else kept_sign), kept, exponent


def _plain(digits: bytes, exponent: int) -> bytes:
    """Return the digits without an exponent, which DECIMAL does not take.

    https://docs.aws.amazon.com/redshift/latest/dg/t_preparing-input-data.html
    """
    if exponent >= 0:
        return digits + b"0" * exponent if digits != b"0" else b"0"
    digits = digits.rjust(1 - exponent, b"0")
    return digits[:exponent] + b"." + digits[exponent:]


def double_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a DOUBLE column: a number that a double holds with every digit that was sent."""
    out_of_range = Unfit("is DOUBLE", "send a number between 2.3e-308 and 1.7e308, or declare multipleOf for a decimal")
    too_fine = Unfit(
        "is DOUBLE, which has 15 to 17 digits",
        "set number_type to decimal, declare multipleOf in the SCHEMA, or allow rounding",
    )

    def encode(raw: bytes) -> bytes:
        try:
            number = float(raw)
        except ValueError:
            raise Unfit("is DOUBLE", _SEND_NUMBER) from None
        if not MIN_DOUBLE <= abs(number) < float("inf") and raw.strip(b"-0."):
            _, digits, _ = _parts(raw, "is DOUBLE", allow_text=False)
            if digits != b"0":
                raise out_of_range
            return b"-0" if raw[:1] == b"-" else b"0"  # no warehouse says which exponents of zero it reads
        if len(raw) > EXACT_DOUBLE_DIGITS and not is_exact_double(raw):
            if column_type.content is Content.INTEGERS:
                raise _beyond_double(raw)
            if not file_format.rules.round_numbers:
                raise too_fine
            return repr(number).encode()
        return raw

    return encode


def _beyond_double(raw: bytes) -> Unfit:
    """Return the error for an integer with more digits than a double has: it needs a column of integers."""
    expected = "is DOUBLE, which has 15 to 17 digits"
    number = _whole_number(raw)
    if abs(number) >= 10**MAX_PRECISION:
        return Unfit(expected, "declare the property as string: no number type has so many digits")
    needed = INTEGER if INT64_MIN <= number <= INT64_MAX else BIG_INTEGER
    return Outgrown(needed, expected, "let on_type_change give it a second column, or load into another table")


def is_exact_double(raw: bytes) -> bool:
    """Return whether the nearest double is the number: written in its shortest form, or with as many digits as were
    sent, it has those digits."""
    try:
        _, digits, exponent = _parts(raw, "", allow_text=False)
    except Unfit:
        return False
    number = abs(float(raw))
    if digits == b"0":
        return True
    if not MIN_DOUBLE <= number < float("inf"):
        return False
    if len(digits) <= EXACT_DOUBLE_DIGITS:
        return True
    forms = (repr(number).encode(), b"%.*e" % (len(digits) - 1, number))
    return any(_parts(form, "", allow_text=False) == (b"", digits, exponent) for form in forms)
