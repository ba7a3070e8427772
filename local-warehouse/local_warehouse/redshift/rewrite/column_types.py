"""Which types has Redshift, with which lengths by default, and what are they in PostgreSQL?

Sources: r_Character_types, r_Numeric_types201, r_VARBYTE_type
"""

from __future__ import annotations

from local_warehouse.redshift.errors import RedshiftError, syntax_error

MAX_VARCHAR_BYTES, MAX_CHAR_BYTES, MAX_VARBYTE_BYTES = 65535, 4096, 16_777_216
# Redshift's spellings -> the backend's type. A length or precision is treated per family.
TYPES = {
    "SMALLINT": "smallint", "INT2": "smallint", "INTEGER": "integer", "INT": "integer", "INT4": "integer",
    "BIGINT": "bigint", "INT8": "bigint", "DECIMAL": "numeric", "NUMERIC": "numeric", "REAL": "real",
    "FLOAT4": "real", "DOUBLE PRECISION": "double precision", "FLOAT8": "double precision",
    "FLOAT": "double precision", "BOOLEAN": "boolean", "BOOL": "boolean", "DATE": "date",
    "TIMESTAMP": "timestamp", "TIMESTAMPTZ": "timestamptz", "TIME": "time", "TIMETZ": "timetz",
    "CHAR": "char", "CHARACTER": "char", "NCHAR": "char", "BPCHAR": "bpchar", "VARCHAR": "varchar",
    "CHARACTER VARYING": "varchar", "NVARCHAR": "varchar", "TEXT": "text", "SUPER": "super",
    "VARBYTE": "varbyte", "VARBINARY": "varbyte", "BINARY VARYING": "varbyte",
}  # fmt: skip
REFUSED_TYPES = ("GEOMETRY", "GEOGRAPHY", "HLLSKETCH", "INTERVAL")
TWO_WORDS = {("DOUBLE", "PRECISION"), ("CHARACTER", "VARYING"), ("BINARY", "VARYING")}
ZONED = {"TIMESTAMP": "timestamptz", "TIME": "timetz"}


def sized(kind: str, arguments: list[str]) -> str:
    """The type with Redshift's default or checked length."""
    if kind in ("varchar", "text", "bpchar", "char"):
        default = {"varchar": "256", "text": "256", "bpchar": "256", "char": "1"}[kind]
        most = MAX_VARCHAR_BYTES if kind in ("varchar", "text") else MAX_CHAR_BYTES
        length = arguments[0] if arguments and kind != "text" else default
        length = str(most) if length == "MAX" else length
        family = "varchar" if kind in ("varchar", "text") else "char"
        if not length.isdigit() or not 1 <= int(length) <= most:
            raise RedshiftError(
                "22023",
                f"length for type {family} cannot exceed {most}"
                if length.isdigit() and int(length)
                else f"length for type {family} must be at least 1",
            )
        return f"{family}({length})"
    if kind == "numeric":
        precision = arguments[0] if arguments else "18"
        scale = arguments[1] if len(arguments) > 1 else "0"
        if not (
            precision.isdigit()
            and scale.isdigit()
            and 1 <= int(precision) <= 38
            and int(scale) <= min(37, int(precision))
        ):
            limits = "precision must be between 1 and 38, scale between 0 and precision (at most 37)"
            raise RedshiftError("22023", f"NUMERIC({precision},{scale}): {limits}")
        return f"numeric({precision},{scale})"
    if kind == "varbyte":
        length = arguments[0] if arguments else "64000"
        length = str(MAX_VARBYTE_BYTES) if length == "MAX" else length
        if not length.isdigit() or not 1 <= int(length) <= MAX_VARBYTE_BYTES:
            raise RedshiftError("22023", f"length for type varbyte cannot exceed {MAX_VARBYTE_BYTES}")
        return f"varbyte({length})"
    if kind == "double precision" and arguments:
        return "real" if int(arguments[0]) <= 24 else kind
    if arguments:
        raise syntax_error("(")
    return kind
