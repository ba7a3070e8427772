"""One JSON value -> one field, exactly, or refused.

A value arrives as the bytes of its JSON text, so that the digits of a number are the digits that were sent. The
table at the end maps each kind of column to the function that checks and writes its values. Whatever depends on the
column is decided when this function is made, not for each record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from singer_bulk.encode.datetimes import date_field, time_field, timestamp_field, timestamptz_field
from singer_bulk.encode.documents import NUL, json_field
from singer_bulk.encode.numbers import decimal_field, double_field, integer_field
from singer_bulk.model.columns import Column, ColumnType, Content
from singer_bulk.model.file_format import FieldEncoder, FileFormat, Outgrown, Unfit, quoted
from singer_bulk.model.kinds import STARTS, Kind

QUOTE, BACKSLASH = 0x22, 0x5C
_text_of = msgspec.json.Decoder(str).decode


def field_encoder(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the function from a value's JSON text (never `null`) to its field; it raises Unfit."""
    encode = _ENCODERS[column_type.kind](column_type, file_format)
    if not column_type.starts:
        return encode
    starts = frozenset(column_type.starts.encode())
    return lambda raw: encode(raw) if raw[0] in starts else _refuse_type(column_type)


def column_encoder(column: Column, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a column's values, under the rules that hold for it; false is no delete."""
    own = replace(file_format, rules=file_format.rules.of(column))
    if not column.is_stamp or column.type.kind is Kind.BOOLEAN:
        return field_encoder(column.type, own)
    encode = field_encoder(column.type, own)
    return lambda raw: own.null if raw == b"false" else encode(raw)


def _refuse_type(column_type: ColumnType) -> bytes:
    names = [name for name, starts in STARTS.items() if set(starts) <= set(column_type.starts)]
    remedy = "send what the SCHEMA declares, name the type that comes in it, or set validate_records to false"
    raise Unfit(f"takes {' or '.join(names)}", remedy)


def string_of(raw: bytes) -> str:
    """Return the text of a JSON string, refusing what UTF-8 cannot hold."""
    try:
        return _text_of(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unfit("takes valid unicode", "repair the text at its source") from error


def _boolean(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    def encode(raw: bytes) -> bytes:
        if raw not in (b"true", b"false"):
            raise Unfit("is BOOLEAN", "send true or false, or declare another type in the SCHEMA")
        return raw

    return encode


def _text(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    max_bytes = min(column_type.max_bytes or file_format.text_max_bytes, file_format.text_max_bytes)
    content = column_type.content

    def encode(raw: bytes) -> bytes:
        if content is Content.JSON:
            text = raw
        elif raw[0] != QUOTE:
            if content is Content.STRINGS:
                raise Unfit("is text", "send a string, or name the type that comes in the SCHEMA")
            text = raw
        elif BACKSLASH not in raw and b"\0" not in raw:
            if len(raw) - 2 > max_bytes:
                raise _too_long(len(raw) - 2)
            return raw  # a JSON string without an escape is a quoted field already
        else:
            text = string_of(raw).encode()
        if b"\0" in text:
            if not file_format.rules.remove_nul:
                raise NUL
            text = text.replace(b"\0", b"")
        if len(text) > max_bytes:
            raise _too_long(len(text))
        return quoted(text)

    def _too_long(byte_count: int) -> Unfit:
        expected = f"holds {max_bytes} bytes of text"
        if byte_count > file_format.text_max_bytes:
            return Unfit(expected, f"shorten the text at its source: {byte_count} bytes are more than any column holds")
        needed = replace(column_type, max_bytes=min(1 << (byte_count - 1).bit_length(), file_format.text_max_bytes))
        return Outgrown(needed, expected, "raise maxLength in the SCHEMA, or let schema_evolution widen the column")

    return encode


_ENCODERS: dict[Kind, Callable[[ColumnType, FileFormat], FieldEncoder]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: integer_field,
    Kind.DECIMAL: decimal_field,
    Kind.DOUBLE: double_field,
    Kind.TEXT: _text,
    Kind.DATE: date_field,
    Kind.TIME: time_field,
    Kind.DATETIME: timestamp_field,  # until a value has an offset
    Kind.TIMESTAMP: timestamp_field,
    Kind.TIMESTAMPTZ: timestamptz_field,
    Kind.JSON: json_field,
}
