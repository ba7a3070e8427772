r"""The values of one column in a block -> its fields, checked all at once.

`fields.field_encoder` defines the fields value by value; a splice finds the same for a whole column. It gets the JSON
texts of the values twice, as a list and joined, each after a SEPARATOR (a control character, which JSON text cannot
hold). It returns the fields joined in the same way, or None if it is not sure; then the definition encodes each value.
Where the values are fields as they are, it returns the same bytes object: the caller compares by identity.

A splice relies on each value being valid JSON: a value of nothing but digits and "-" is an integer, one that begins
with n is null, and so on. `null` passes through a splice unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from singer_bulk.encode.document_shapes import Shapes
from singer_bulk.encode.patterns import CLOCK, DAY, SEPARATOR, whole_column
from singer_bulk.model.columns import MAX_PRECISION, ColumnType, Content
from singer_bulk.model.file_format import FieldEncoder, FileFormat
from singer_bulk.model.kinds import KINDS, Kind

NULL_VALUE = SEPARATOR + b"null"
Splice = Callable[[bytes, Sequence[Any]], bytes | None]

# Digits become 0, so that a search for a text finds every number of its shape.
_SHAPE = bytes.maketrans(b"123456789", b"0" * 9)
_NULLS = b"nul" + SEPARATOR
_read, _write = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


def without_escapes(values: bytes, encode: FieldEncoder) -> tuple[bytes, dict[int, bytes]]:
    """Return the values with each one that has a backslash replaced by null, and the fields of those by position."""
    kept: list[bytes] = []
    fields, done, position = dict[int, bytes](), 0, -1
    while (backslash := values.find(b"\\", done)) >= 0:
        start = values.rfind(SEPARATOR, 0, backslash) + 1
        end = values.find(SEPARATOR, backslash) % (len(values) + 1)
        position += values.count(SEPARATOR, done, start)
        fields[position] = encode(values[start:end])
        kept += values[done:start], b"null"
        done = end
    return b"".join([*kept, values[done:]]), fields


def splice_of(column_type: ColumnType, file_format: FileFormat) -> Splice:
    """Return the splice of a column; one that takes more JSON types than the column checks them first."""
    splice = _SPLICES.get(column_type.kind, _no_splice)(column_type, file_format)
    has_types = _type_check(column_type)
    if has_types is None or column_type.kind is Kind.JSON:
        return splice
    return lambda values, raw: splice(values, raw) if has_types(values, raw) else None


def _type_check(column_type: ColumnType) -> Callable[[bytes, Sequence[Any]], bool] | None:
    """Return the test that all values are of JSON types that the column takes; None if its splice takes no others."""
    allowed, spliced = set(column_type.starts), set(KINDS[column_type.kind].starts)
    if not allowed or (spliced and spliced <= allowed):
        return None
    heads = [SEPARATOR + character.encode() for character in allowed]
    return lambda values, raw: sum(map(values.count, heads)) + values.count(NULL_VALUE) == len(raw)


def _no_splice(column_type: ColumnType, file_format: FileFormat) -> Splice:
    return lambda values, raw: None


def _boolean(column_type: ColumnType, file_format: FileFormat) -> Splice:
    # Without a digit, a quote or a bracket only the three words are left.
    return lambda values, raw: None if values.translate(None, b"truefals" + _NULLS) else values


def _integer(column_type: ColumnType, file_format: FileFormat) -> Splice:
    return _matching("-?[1-9][0-9]{0,17}|0")


def _decimal(column_type: ColumnType, file_format: FileFormat) -> Splice:
    whole_digits, places = column_type.precision - column_type.scale, column_type.scale
    if not whole_digits:
        return _no_splice(column_type, file_format)
    return _matching(f"-?[0-9]{{1,{whole_digits}}}" + (rf"(?:\.[0-9]{{1,{places}}})?" if places else ""))


def _matching(pattern: str) -> Splice:
    """Return a splice that returns the values unchanged if all match the pattern."""

    def splice(values: bytes, raw: Sequence[Any]) -> bytes | None:
        return values if whole_column((pattern,))(values) else None

    return splice


_read_doubles = msgspec.json.Decoder(list[float | None]).decode


def _double(column_type: ColumnType, file_format: FileFormat) -> Splice:
    def splice(values: bytes, raw: Sequence[Any]) -> bytes | None:
        is_short = len(values) <= 16 * len(raw) and max(map(len, raw)) <= 15
        if is_short and not values.translate(None, b"0123456789.-" + _NULLS):
            return values  # every number of 15 digits comes back from a double
        numbers = array_of(values)
        if b"e" in numbers:
            numbers = numbers.replace(b"e-0", b"e-").replace(b"e+", b"e")  # two spellings of exponents by common taps
        try:
            # The shortest text of a double has all its digits, except below 1e-300, where doubles have fewer.
            same = b"e-3" not in numbers and _write(_read_doubles(numbers)) == numbers
        except msgspec.MsgspecError:
            return None
        return values if same else None

    return splice


def _text(column_type: ColumnType, file_format: FileFormat) -> Splice:
    max_bytes = min(column_type.max_bytes or file_format.text_max_bytes, file_format.text_max_bytes)

    def splice(values: bytes, raw: Sequence[Any]) -> bytes | None:
        if not whole_column(('"[^"\\\\]*"',))(values):
            return None
        if len(values) > max_bytes and max(map(len, raw)) > max_bytes + 2:
            return None
        return values  # `without_escapes`: a JSON string without an escape is a quoted field already

    return splice if column_type.content is not Content.JSON else lambda values, raw: None


def _date(column_type: ColumnType, file_format: FileFormat) -> Splice:
    def splice(values: bytes, raw: Sequence[Any]) -> bytes | None:
        are_days = whole_column((f'"{DAY}"',))
        return values.translate(None, b'"') if are_days(values) else None

    return splice


_STAMP_SHAPE = re.compile(rb'"0000-00-00[T ]00:00:00(?:\.(0+))?(Z|\+00:00)?"')
_T_IS_BLANK = bytes.maketrans(b"T", b" ")


def _stamp(column_type: ColumnType, file_format: FileFormat) -> Splice:
    """Return a splice of date-times that all have the shape of the first one, without an offset or in UTC."""
    offset = b""
    if column_type.kind is Kind.TIMESTAMPTZ:
        offset = b"+00" if file_format.utc else b"+00:00"

    def splice(values: bytes, raw: Sequence[Any]) -> bytes | None:
        start = values.find(b'"')
        found = _STAMP_SHAPE.match(values[start : start + MAX_STAMP_BYTES].translate(_SHAPE)) if start >= 0 else None
        if found is None:
            return None
        fraction, sent = (part or b"" for part in found.groups())
        if (sent and not offset) or len(fraction) > file_format.fraction_digits:
            return None
        places = rf"\.[0-9]{{{len(fraction)}}}" if fraction else ""
        if not whole_column((f'"{DAY}[T ]{CLOCK}{places}{re.escape(sent.decode())}"',))(values):
            return None
        stamps = values.translate(_T_IS_BLANK, b'"')
        end = (b"" if fraction else b".0") + offset
        if sent:
            return stamps.replace(sent, end)
        ended = stamps.replace(SEPARATOR, end + SEPARATOR)[len(end) :] + end if end else stamps
        return ended.replace(NULL_VALUE + end, NULL_VALUE)

    return splice


MAX_STAMP_BYTES = 50  # a longer date-time is left to the definition


# A document of at most 2,000 bytes opens at most 1,000 brackets, so it has no more levels than a document may have.
SHALLOW_BYTES = 2000
_BLANKS = b" \t\r"
_NUMBER_SHAPE = bytes.maketrans(b"123456789.E", b"0000000000e")
_ODD_ESCAPES = (b"\\u0022", b"\\u003a", b"\\u003A")


def _json(column_type: ColumnType, file_format: FileFormat) -> Splice:
    max_bytes = min(file_format.json_max_bytes, file_format.json_string_max_bytes or file_format.json_max_bytes)
    has_types = _type_check(column_type) or (lambda values, raw: True)
    shapes = Shapes()

    def splice(values: bytes, raw: Sequence[Any]) -> bytes | None:
        if len(values) > max_bytes and max(map(len, raw)) > max_bytes:
            return None
        if not shapes.cover(values):
            if max(map(len, raw)) > SHALLOW_BYTES or b"\\u0000" in values or not has_types(values, raw):
                return None
            if not _are_kept(array_of(values)):
                return None
            shapes.learn(raw)
        fields = values.replace(b'"', b'""').replace(SEPARATOR, b'"\x1f"')[1:] + b'"'
        return fields.replace(SEPARATOR + b'"null"', NULL_VALUE)

    return splice


def _are_kept(documents: bytes) -> bool:
    """Return whether each name stands once in its object, and a DECIMAL or DOUBLE keeps every number."""
    try:
        written = _write(_read(documents))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    # Shapes: digits are 0, blanks are gone. With short numbers two texts of one shape are the same but for blanks.
    shape, written_shape = documents.translate(_NUMBER_SHAPE, _BLANKS), written.translate(_NUMBER_SHAPE, _BLANKS)
    if b"0e-000" in shape or b"0" * MAX_PRECISION in shape:
        return False
    if b"0" * 16 not in shape:
        if shape == written_shape:
            return True  # nothing was lost
    else:
        return documents.translate(None, _BLANKS) == written.translate(None, _BLANKS)
    # Escapes or numbers are written in another way; a name that stood twice would leave fewer `":`.
    if b"0e000" in shape or b"0e+000" in shape or any(text in documents for text in _ODD_ESCAPES):
        return False
    return msgspec.json.format(documents, indent=-1).count(b'":') == written.count(b'":')


def array_of(values: bytes) -> bytes:
    """Return the JSON array of the values."""
    return b"[" + values[1:].replace(SEPARATOR, b",") + b"]"


_SPLICES: dict[Kind, Callable[[ColumnType, FileFormat], Splice]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.DATETIME: _stamp,
    Kind.TIMESTAMP: _stamp,
    Kind.TIMESTAMPTZ: _stamp,
    Kind.JSON: _json,
}
