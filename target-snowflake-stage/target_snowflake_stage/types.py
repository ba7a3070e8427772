"""The types of Snowflake: one row for each kind of column.

Pages are those of https://docs.snowflake.com/en/.
"""

from __future__ import annotations

from dataclasses import replace

from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.warehouse.dialect import TypeTable, TypeWords

# data-types-text: VARCHAR without a length takes 16,777,216 characters. Characters are at least a byte each: what fits
# in bytes fits in characters.
DEFAULT_VARCHAR_CHARACTERS = 16_777_216
DEFAULT_PRECISION = 38  # data-types-numeric

_DATE, _TIME = "YYYY-MM-DD", "HH24:MI:SS.FF9"
_STAMP = f"{_DATE} {_TIME}"
_STAMP_TZ = f"{_STAMP}TZH:TZM"


def _created_integer(column_type: ColumnType) -> ColumnType:
    """data-types-numeric: every integer is NUMBER(38, 0)."""
    return ColumnType(Kind.DECIMAL, 38, 0)


def _created_text(column_type: ColumnType) -> ColumnType:
    return replace(column_type, max_bytes=None)


# Words in DDL, then those of DESC TABLE, and of INFORMATION_SCHEMA.COLUMNS where it has others. Fields are read by
# explicit formats, because AUTO takes all-digit text as epochs (date-time-input-output); only by functions that COPY
# allows (data-load-transform). PARSE_JSON because text is not coerced to VARIANT (data-type-conversion).
TYPES = TypeTable(
    {
        Kind.BOOLEAN: TypeWords("BOOLEAN", ("BOOLEAN",)),
        Kind.INTEGER: TypeWords("NUMBER(38, 0)", created=_created_integer),
        Kind.DECIMAL: TypeWords("NUMBER({precision}, {scale})", ("NUMBER",)),
        Kind.DOUBLE: TypeWords("FLOAT", ("FLOAT",)),
        # A length counts characters and costs nothing; without one a longer text of a later run still fits.
        # Only a column that somebody else made shorter has one: it grows to what is needed.
        Kind.TEXT: TypeWords("VARCHAR", ("VARCHAR", "TEXT"), "VARCHAR({size})", created=_created_text),
        Kind.DATE: TypeWords(
            "DATE",
            ("DATE",),
            as_text=f"TO_VARCHAR({{value}}, '{_DATE}')",
            from_field=f"TO_DATE({{field}}, '{_DATE}')",
        ),
        Kind.TIME: TypeWords(
            "TIME(9)",
            ("TIME",),
            as_text=f"TO_VARCHAR({{value}}, '{_TIME}')",
            from_field=f"TO_TIME({{field}}, '{_TIME}')",
        ),
        Kind.TIMESTAMP: TypeWords(
            "TIMESTAMP_NTZ(9)",
            ("TIMESTAMP_NTZ",),
            as_text=f"TO_VARCHAR({{value}}, '{_STAMP}')",
            from_field=f"TO_TIMESTAMP_NTZ({{field}}, '{_STAMP}')",
        ),
        Kind.TIMESTAMPTZ: TypeWords(
            "TIMESTAMP_TZ(9)",
            ("TIMESTAMP_TZ",),
            as_text=f"TO_VARCHAR({{value}}, '{_STAMP_TZ}')",
            from_field=f"TO_TIMESTAMP_TZ({{field}}, '{_STAMP_TZ}')",
        ),
        Kind.JSON: TypeWords("VARIANT", ("VARIANT",), from_field="PARSE_JSON({field})"),
    },
    max_text=DEFAULT_VARCHAR_CHARACTERS,
    precision=DEFAULT_PRECISION,
)


def field_expression(field: str, written: ColumnType, present: ColumnType) -> str:
    """Return the expression for a field that was written as one type, in a column that has another at present."""
    if present.kind is Kind.TEXT:
        return field
    if written.kind in (Kind.DATETIME, Kind.TIMESTAMP) and present.kind is Kind.TIMESTAMPTZ:
        # Written before the column was known to have offsets: those values are in UTC.
        field, kind = f"{field} || '+00:00'", Kind.TIMESTAMPTZ
    else:
        kind = Kind.TIMESTAMP if written.kind is Kind.DATETIME else written.kind
    return TYPES.rows[kind].from_field.format(field=field)
