"""How does a field of a file become a value of its column?  SQL over the stage, by type; nothing is guessed.

For each target column three expressions over one text: the text to convert, the code of the load error it
would cause, and its value. The codes are those of r_Load_Error_Reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_warehouse.redshift.copy import datetimes
from local_warehouse.redshift.grammar.copy_statement import Copy
from local_warehouse.redshift.postgres.connection import literal, quoted

INTEGERS = {"int2": "Short", "int4": "Integer", "int8": "Long"}
CHARACTERS = ("varchar", "bpchar")
BLANKS = "E' \\t\\r\\n\\f\\v'"
DECIMAL = "'^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)$'"
FLOAT = "'^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$'"
BOOLEANS = "('t', 'true', 'y', 'yes', '1', 'f', 'false', 'n', 'no', '0')"


@dataclass(frozen=True)
class LoadColumn:
    """A column of the target, as the backend describes it."""

    name: str
    type: str
    typmod: int
    not_null: bool
    default: str | None
    identity: bool
    always_identity: bool

    @property
    def max_bytes(self) -> int:
        return self.typmod - 4 if self.type in CHARACTERS else self.typmod

    @property
    def precision(self) -> tuple[int, int]:
        return ((self.typmod - 4) >> 16) & 0xFFFF, (self.typmod - 4) & 0x7FF

    @property
    def shown_length(self) -> str:
        if self.type == "numeric":
            return "{}, {}".format(*self.precision)
        return str(self.max_bytes) if self.type in (*CHARACTERS, "varbyte") and self.typmod > 0 else "0"


def text_sql(column: LoadColumn, field: str, copy: Copy) -> str:
    """The text to convert, NULL where the field loads as NULL."""
    if column.type not in CHARACTERS:
        return f"nullif(btrim({field}, {BLANKS}), '')"
    if copy.trim_blanks and column.type == "varchar":
        field = f"rtrim({field}, {BLANKS})"
    if copy.blanks_as_null:
        # Zero-length fields are EMPTYASNULL's; this one takes fields of white space only.
        field = f"CASE WHEN {field} <> '' AND btrim({field}, {BLANKS}) = '' THEN NULL ELSE {field} END"
    if copy.empty_as_null:
        field = f"nullif({field}, '')"
    return field


def fault_sql(column: LoadColumn, text: str, copy: Copy) -> str:
    """An integer expression: the load error of `text`, NULL if it can be loaded."""
    cases = [f"WHEN {text} IS NULL THEN {'1213' if column.not_null and not column.default else 'NULL'}"]
    cases += [f"WHEN {condition} THEN {code}" for condition, code in _faults(column, text, copy)]
    return f"CASE {' '.join(cases)} END"


def _faults(column: LoadColumn, text: str, copy: Copy) -> list[tuple[str, int]]:
    kind = column.type
    if kind in INTEGERS:
        return [(f"{text} !~ '^[+-]?[0-9]+$'", 1207), (f"NOT pg_input_is_valid({text}, '{kind}')", 1222)]
    if kind == "numeric":
        precision, scale = column.precision
        number = _decimal(text, scale, copy)
        faults = [(f"{text} !~ {DECIMAL}", 1207), (f"abs({number}) >= 1e{precision - scale}::numeric", 1204)]
        if precision == 19:  # held in 8 bytes (r_Numeric_types201)
            faults.append((f"abs({number}) * 1e{scale}::numeric > 9223372036854775807", 1204))
        return faults
    if kind in ("float4", "float8"):
        return [(f"{text} !~ {FLOAT}", 1208), (f"NOT pg_input_is_valid({text}, '{kind}')", 1204)]
    if kind == "bool":
        return [(f"lower({text}) NOT IN {BOOLEANS}", 1210)]
    if kind in datetimes.TYPES:
        return datetimes.faults(kind, text, copy)
    if kind == "varchar":
        too_long = f"octet_length({text}) > {column.max_bytes} AND {_bytes(text)} > {column.max_bytes}"
        return [] if copy.truncate_columns else [(too_long, 1204)]
    if kind == "bpchar":
        faults = [(f"octet_length({text}) <> char_length({text})", 1220)]
        return faults if copy.truncate_columns else [*faults, (f"{_bytes(text)} > {column.max_bytes}", 1204)]
    if kind == "super":
        return [(f"rs_super_fault({text}) IS NOT NULL", 1224)]
    if kind == "varbyte":
        return [(f"{text} !~ '^([0-9a-fA-F]{{2}})*$'", 1207), (f"char_length({text}) / 2 > {column.max_bytes}", 1204)]
    return [("true", 1223)]


def _bytes(text: str) -> str:
    return f"octet_length(rtrim({text}, ' '))"  # blanks beyond the length are cut, not an error


def _decimal(text: str, scale: int, copy: Copy) -> str:
    # COPY cuts the digits beyond the scale; ROUNDEC makes it round.
    return f"{'round' if copy.round_decimals else 'trunc'}({text}::numeric, {scale})"


def value_sql(column: LoadColumn, text: str, copy: Copy) -> str:
    """The value that is stored; `text` is known to be without fault."""
    kind = column.type
    if kind == "numeric":
        value = _decimal(text, column.precision[1], copy)
    elif kind in CHARACTERS:
        value = f"rs_cut_bytes({text}, {column.max_bytes})" if copy.truncate_columns else text
        value = f"{value}::{kind}"
    elif kind == "super":
        value = f"rs_json_compact({text})::json::super"
    elif kind == "varbyte":
        value = f"decode({text}, 'hex')::varbyte"
    elif kind in datetimes.TYPES:
        value = datetimes.value(kind, text, copy)
    else:
        value = f"{text}::{kind}"
    if column.not_null and column.default:
        return f"coalesce({value}, {column.default})"
    return value


REASONS = {
    1204: "String length exceeds DDL length",
    1205: "Invalid Date Format - length must be 10 or more",
    1206: "Invalid Timestamp Format or Value [YYYY-MM-DD HH24:MI:SS]",
    1208: "Invalid float value",
    1210: "Invalid boolean value",
    1213: "Missing data for not-null field",
    1223: "Data type not supported",
    1224: "Invalid JSON format in input",
}


def reason(column: LoadColumn, code: int, text: str) -> tuple[str, int]:
    """What stl_load_errors says about a fault, and the position in the field."""
    label = INTEGERS.get(column.type, "Decimal")
    if code == 1207:
        if column.type == "varbyte":
            return "Invalid hexadecimal value for VARBYTE", 0
        at = _bad_digit(text, column.type == "numeric")
        return f"Invalid digit, Value '{text[at : at + 1]}', Pos {at}, Type: {label}", at
    if code == 1222:
        return f"Overflow, Value '{text}', Pos 0, Type: {label}", 0
    if code == 1204 and column.type not in (*CHARACTERS, "varbyte"):
        return f"Numeric value out of range for {column.type}", 0
    if code == 1220:
        found = next(letter for letter in text if letter > "\x7f")
        shown = " ".join(f"{byte:x}" for byte in found.encode())
        return f"Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: {shown}", 0
    if code == 1206 and column.type in ("time", "timetz"):
        return "Invalid Time Format or Value", 0
    return REASONS.get(code, "Unknown parse error"), 0


def _bad_digit(text: str, decimal: bool) -> int:
    found = re.match(r"[+-]?\d*(?:\.\d*)?" if decimal else r"[+-]?\d*", text)
    return found.end() if found else 0


def insert_sql(target: str, columns: list[LoadColumn], copy: Copy, only_good: bool) -> str:
    """INSERT ... SELECT from the stage into the target."""
    names = ", ".join(quoted(column.name) for column in columns)
    values = ", ".join(value_sql(column, f"v{n}", copy) for n, column in enumerate(columns))
    overriding = " OVERRIDING SYSTEM VALUE" if any(column.always_identity for column in columns) else ""
    where = f" WHERE ({faulty_sql(columns, copy)}) IS NOT TRUE" if only_good else ""
    return f"INSERT INTO {target} ({names}){overriding} SELECT {values} FROM {staged_sql(columns, copy)}{where}"


def staged_sql(columns: list[LoadColumn], copy: Copy, numbered: bool = False) -> str:
    """The stage's rows as texts v0, v1, ...; OFFSET 0 keeps each text from being computed several times."""
    texts = ", ".join(f"{text_sql(column, f'c{n}', copy)} AS v{n}" for n, column in enumerate(columns))
    number = "row_number() OVER () AS row_number, " if numbered else ""
    return f"(SELECT {number}{texts} FROM pg_temp.rs_stage OFFSET 0) AS staged"


def faulty_sql(columns: list[LoadColumn], copy: Copy) -> str:
    return " OR ".join(f"({fault_sql(column, f'v{n}', copy)}) IS NOT NULL" for n, column in enumerate(columns))


def faults_sql(columns: list[LoadColumn], copy: Copy, limit: int) -> str:
    """Row number, column number, code and text of the first `limit` rows that cannot be loaded."""
    cases = ""
    for n, column in enumerate(columns):
        fault = fault_sql(column, f"v{n}", copy)
        cases += f" WHEN ({fault}) IS NOT NULL THEN ARRAY['{n}', ({fault})::text, coalesce(v{n}, '')]"
    return (
        f"SELECT row_number, fault[1], fault[2], fault[3] FROM (SELECT row_number, CASE{cases} END AS fault"
        f" FROM {staged_sql(columns, copy, True)}) AS judged WHERE fault IS NOT NULL ORDER BY row_number LIMIT {limit}"
    )


def columns_sql(schema: str | None, table: str) -> str:
    """What LoadColumn needs, for the table that the name means in this session."""
    name = literal(quoted(table) if schema is None else f"{quoted(schema)}.{quoted(table)}")
    return (
        "SELECT c.oid, n.nspname, c.relname, c.relkind, a.attname, t.typname, a.atttypmod, a.attnotnull,"
        " pg_get_expr(d.adbin, d.adrelid), a.attidentity"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        f" WHERE c.oid = {name}::regclass ORDER BY a.attnum"
    )
