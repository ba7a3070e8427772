"""The types of Amazon Redshift: one row for each kind of column.

Pages are those of https://docs.aws.amazon.com/redshift/latest/dg/.
"""

from __future__ import annotations

from dataclasses import replace

from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.warehouse.dialect import TypeTable, TypeWords

# r_Character_types: VARCHAR counts bytes, 65,535 at most.
MAX_VARCHAR_BYTES = 65_535
DEFAULT_PRECISION = 18  # r_Numeric_types201

_STAMP = "YYYY-MM-DD HH24:MI:SS.US"


def _created_decimal(column_type: ColumnType) -> ColumnType:
    """r_Numeric_types201: a DECIMAL of 19 digits is held in 64 bits, which not all numbers of 19 digits fit."""
    return replace(column_type, precision=20) if column_type.precision == 19 else column_type


def _created_text(column_type: ColumnType) -> ColumnType:
    too_long = (column_type.max_bytes or 0) > MAX_VARCHAR_BYTES
    return replace(column_type, max_bytes=MAX_VARCHAR_BYTES) if too_long else column_type


# Words in DDL, SVV_COLUMNS.data_type.
TYPES = TypeTable(
    {
        Kind.BOOLEAN: TypeWords(
            "BOOLEAN",
            ("boolean",),
            as_text="CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' END",
            from_other="CASE {value} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
        ),
        Kind.INTEGER: TypeWords("BIGINT", ("bigint",)),
        Kind.DECIMAL: TypeWords("DECIMAL({precision}, {scale})", ("numeric", "decimal"), created=_created_decimal),
        Kind.DOUBLE: TypeWords("DOUBLE PRECISION", ("double precision",)),
        Kind.TEXT: TypeWords("VARCHAR({size})", ("character varying",), created=_created_text),
        Kind.DATE: TypeWords("DATE", ("date",)),
        Kind.TIME: TypeWords("TIME", ("time without time zone",)),
        Kind.TIMESTAMP: TypeWords(
            "TIMESTAMP", ("timestamp without time zone",), as_text=f"TO_CHAR({{value}}, '{_STAMP}')"
        ),
        Kind.TIMESTAMPTZ: TypeWords(
            "TIMESTAMPTZ",
            ("timestamp with time zone",),
            as_text=f"TO_CHAR({{value}} AT TIME ZONE 'UTC', '{_STAMP}') || '+00:00'",
        ),
        Kind.JSON: TypeWords("SUPER", ("super",)),
    },
    max_text=MAX_VARCHAR_BYTES,
    precision=DEFAULT_PRECISION,
)
