"""Snowflake's data types: how they are written, stored in DuckDB, and described to a client.

Stored forms (what DuckDB holds; it knows neither nine digits over the whole range nor offsets):
  TIME           BIGINT    nanoseconds since midnight
  TIMESTAMP_NTZ  HUGEINT   nanoseconds since 1970-01-01, wall clock
  TIMESTAMP_LTZ  HUGEINT   nanoseconds since 1970-01-01 UTC
  TIMESTAMP_TZ   HUGEINT   nanoseconds since 1970-01-01 UTC * 4096 + offset in minutes + 1440
  VARIANT, OBJECT, ARRAY  VARCHAR  JSON text, digits of numbers as they came
https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
"""

from __future__ import annotations

from dataclasses import dataclass

from local_warehouse.snowflake.errors import Unsupported, compilation

MAX_VARCHAR, DEFAULT_VARCHAR = 134_217_728, 16_777_216
MAX_BINARY, DEFAULT_BINARY = 67_108_864, 8_388_608


@dataclass(frozen=True)
class T:
    """A type: `size` is precision, length or fractional digits."""

    kind: str
    size: int = 0
    scale: int = 0

    def __str__(self) -> str:
        if self.kind == "NUMBER":
            return f"NUMBER({self.size},{self.scale})"
        return f"{self.kind}({self.size})" if self.kind in SIZED else self.kind

    @property
    def stored(self) -> str:
        """The DuckDB type that holds it."""
        return f"DECIMAL({self.size},{self.scale})" if self.kind == "NUMBER" else _STORED[self.kind]


SIZED = {"VARCHAR", "BINARY", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}
_STORED = {
    "FLOAT": "DOUBLE", "VARCHAR": "VARCHAR", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "BINARY": "BLOB",
    "TIME": "BIGINT", "TIMESTAMP_NTZ": "HUGEINT", "TIMESTAMP_LTZ": "HUGEINT", "TIMESTAMP_TZ": "HUGEINT",
    "VARIANT": "VARCHAR", "OBJECT": "VARCHAR", "ARRAY": "VARCHAR", "NULL": "VARCHAR",
}  # fmt: skip
STAMPS = {"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"}
SEMI = {"VARIANT", "OBJECT", "ARRAY"}

NULL = T("NULL")
INTEGER = T("NUMBER", 38, 0)
FLOAT = T("FLOAT")
TEXT = T("VARCHAR", DEFAULT_VARCHAR)
BOOLEAN = T("BOOLEAN")
DATE = T("DATE")
TIME = T("TIME", 9)
NTZ = T("TIMESTAMP_NTZ", 9)
LTZ = T("TIMESTAMP_LTZ", 9)
TZ = T("TIMESTAMP_TZ", 9)
VARIANT = T("VARIANT")
OBJECT = T("OBJECT")
ARRAY = T("ARRAY")
BINARY = T("BINARY", DEFAULT_BINARY)


def number(precision: int, scale: int) -> T:
    return T("NUMBER", min(38, max(precision, 1)), scale)


# name -> (type without arguments, how many arguments it takes)
NAMES: dict[str, tuple[T, int]] = {
    **dict.fromkeys(("NUMBER", "DECIMAL", "DEC", "NUMERIC"), (INTEGER, 2)),
    **dict.fromkeys(("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"), (INTEGER, 0)),
    **dict.fromkeys(("FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "DOUBLE PRECISION", "REAL"), (FLOAT, 0)),
    **dict.fromkeys(
        ("VARCHAR", "STRING", "TEXT", "VARCHAR2", "NVARCHAR", "NVARCHAR2", "CHAR VARYING", "NCHAR VARYING"), (TEXT, 1)
    ),
    **dict.fromkeys(("CHAR", "CHARACTER", "NCHAR"), (T("VARCHAR", 1), 1)),
    **dict.fromkeys(("BINARY", "VARBINARY"), (BINARY, 1)),
    "BOOLEAN": (BOOLEAN, 0),
    "DATE": (DATE, 0),
    "TIME": (TIME, 1),
    **dict.fromkeys(("TIMESTAMP_NTZ", "TIMESTAMPNTZ", "TIMESTAMP WITHOUT TIME ZONE", "DATETIME"), (NTZ, 1)),
    **dict.fromkeys(("TIMESTAMP_LTZ", "TIMESTAMPLTZ", "TIMESTAMP WITH LOCAL TIME ZONE"), (LTZ, 1)),
    **dict.fromkeys(("TIMESTAMP_TZ", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"), (TZ, 1)),
    "VARIANT": (VARIANT, 0),
    "OBJECT": (OBJECT, 0),
    "ARRAY": (ARRAY, 0),
}


def make_type(name: str, arguments: tuple[int, ...]) -> T:
    """The type that a declaration means; raises SqlError for an unknown name or a size out of range."""
    if name not in NAMES:
        raise Unsupported(f"data type {name}")
    default, allowed = NAMES[name]
    if len(arguments) > allowed:
        raise compilation(f"Invalid data type [{name}{arguments}].", 2040, "42601")
    if not arguments:
        return default
    size = arguments[0]
    if default.kind == "NUMBER":
        scale = arguments[1] if len(arguments) > 1 else 0
        if not 1 <= size <= 38 or not 0 <= scale <= min(size, 37):
            raise compilation(f"Invalid data type [NUMBER({size},{scale})].", 2040, "42601")
        return T("NUMBER", size, scale)
    low, high = {"VARCHAR": (1, MAX_VARCHAR), "BINARY": (1, MAX_BINARY)}.get(default.kind, (0, 9))
    if not low <= size <= high:
        raise compilation(f"Invalid data type [{name}({size})].", 2040, "42601")
    return T(default.kind, size)


_WIRE = {
    "NUMBER": "fixed", "FLOAT": "real", "VARCHAR": "text", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time",
    "TIMESTAMP_NTZ": "timestamp_ntz", "TIMESTAMP_LTZ": "timestamp_ltz", "TIMESTAMP_TZ": "timestamp_tz",
    "VARIANT": "variant", "OBJECT": "object", "ARRAY": "array", "BINARY": "binary", "NULL": "text",
}  # fmt: skip


def row_type(name: str, type_: T, nullable: bool = True) -> dict[str, object]:
    """The description of a result column in the connectors' JSON protocol."""
    kind = type_.kind
    length: int | None = None
    byte_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    if kind in ("VARCHAR", "NULL"):
        length = type_.size if kind == "VARCHAR" else DEFAULT_VARCHAR
        byte_length = min(length * 4, MAX_VARCHAR)
    elif kind == "BINARY":
        length = byte_length = type_.size
    elif kind == "NUMBER":
        precision, scale = type_.size, type_.scale
    elif kind in STAMPS or kind == "TIME":
        precision, scale = 0, type_.size
    return {
        "name": name, "type": _WIRE[kind], "nullable": nullable, "length": length, "byteLength": byte_length,
        "precision": precision, "scale": scale, "collation": None, "database": "", "schema": "", "table": "",
    }  # fmt: skip
