"""Conversions between Snowflake's types, as DuckDB expressions over the stored forms.

`cast` gives SQL that yields the converted value or raises the error Snowflake names; combinations that Snowflake does
not have, or whose result we do not know, are refused.
https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local_warehouse.snowflake.errors import SqlError, compilation
from local_warehouse.snowflake.values.datetimes import DAY_NS, OUTPUT, elements
from local_warehouse.snowflake.values.types import DATE, SEMI, STAMPS, T


@dataclass
class Settings:
    """What a session (or a file format) says about texts of dates and binaries."""

    zone: str = "America/Los_Angeles"
    input: dict[str, str] = field(
        default_factory=lambda: {"DATE": "AUTO", "TIME": "AUTO", "TIMESTAMP": "AUTO", "BINARY": "HEX"}
    )
    output: dict[str, str] = field(default_factory=lambda: dict(OUTPUT))

    def input_format(self, kind: str) -> str:
        return self.input["TIMESTAMP" if kind in STAMPS else kind]


def literal(text: str) -> str:
    """A DuckDB string literal."""
    quoted = text.replace("'", "''")
    if "\0" in text:
        return "(" + " || chr(0) || ".join(f"'{part}'" for part in quoted.split("\0")) + ")"
    return f"'{quoted}'"


def fail(code: int, sqlstate: str, text: str, stored: str) -> str:
    """An expression of DuckDB type `stored` that raises an error; `text` is an SQL expression.

    Not DuckDB's own error(): it is volatile, and TRY() does not take volatile functions.
    """
    start = literal(f"SF{code}|{sqlstate}|")
    return f"CAST(sf_fail({start} || {text}) AS {stored})"


def failure(stored: str, code: int, sqlstate: str, before: str, value: str, after: str) -> str:
    """The same for a message around (at most 80 characters of) a value."""
    return fail(code, sqlstate, f"{literal(before)} || left({value}, 80) || {literal(after)}", stored)


_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


def _text_to_number(x: str, to: T) -> str:
    bad = failure(to.stored, 100038, "22018", "Numeric value '", x, "' is not recognized")
    large = failure(to.stored, 100039, "22003", "Numeric value '", x, "' is out of range")
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN regexp_full_match({x}, '{_NUMBER}') "
        f"THEN coalesce(TRY_CAST({x} AS {to.stored}), {large}) ELSE {bad} END"
    )


def _text_to_float(x: str) -> str:
    bad = failure("DOUBLE", 100038, "22018", "Numeric value '", x, "' is not recognized")
    large = failure("DOUBLE", 100039, "22003", "Numeric value '", x, "' is out of range")
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN regexp_full_match({x}, '{_NUMBER}') "
        f"THEN CASE WHEN isinf(TRY_CAST({x} AS DOUBLE)) THEN {large} ELSE TRY_CAST({x} AS DOUBLE) END "
        f"WHEN lower({x}) IN ('nan', 'inf', '-inf') THEN CAST({x} AS DOUBLE) ELSE {bad} END"
    )


def _text_to_boolean(x: str) -> str:
    bad = failure("BOOLEAN", 100037, "22018", "Boolean value '", x, "' is not recognized")
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN lower({x}) IN ('true','t','yes','y','on','1') THEN TRUE "
        f"WHEN lower({x}) IN ('false','f','no','n','off','0') THEN FALSE ELSE {bad} END"
    )


_ISO = re.compile(r'^YYYY-MM-DD(?: |T|"T")HH24:MI:SS(\.FF[1-9]?)?( ?)(TZH:TZM|TZHTZM)?$', re.IGNORECASE)
_MINUTE = "60000000000"


def _fast_stamp(x: str, kind: str, format_: str, zone: str) -> tuple[str, str] | None:
    """For year-first formats: a regular expression and SQL that converts what it matches (NULL: no such day).

    A COPY of 200,000 rows with two such columns costs the server 2.8 s of processor time, and 7.2 s if `sf_parse_time`,
    which calls Python, converts them.
    """
    match = _ISO.match(format_)
    if match is None:
        return None
    digits = int((match.group(1) or ".FF0")[3:] or "9")
    offset = match.group(3)
    if (offset is None and kind != "TIMESTAMP_NTZ" and zone != "UTC") or (offset and kind == "TIMESTAMP_NTZ"):
        return None
    middle = "T" if "T" in format_[10:14].upper() else " "
    pattern = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{middle}([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    pattern += rf"\.[0-9]{{1,{digits}}}" if digits else ""
    wall = f"CAST(epoch_us(TRY_CAST(left({x}, 19) AS TIMESTAMP)) AS HUGEINT) * 1000"
    if digits:
        wall += f" + CAST(rpad(regexp_extract({x}, '[.]([0-9]+)', 1), 9, '0') AS BIGINT)"
    minutes = "0"
    if offset:
        pattern += match.group(2) + (r"[+-][0-1][0-9]:[0-5][0-9]" if ":" in offset else r"[+-][0-1][0-9][0-5][0-9]")
        back = 6 if ":" in offset else 5
        sign = f"CASE WHEN {x}[-{back}] = '-' THEN -1 ELSE 1 END"
        hours = f"CAST(substr({x}, length({x}) - {back - 2}, 2) AS INTEGER)"
        minutes = f"{sign} * ({hours} * 60 + CAST(right({x}, 2) AS INTEGER))"
        wall = f"({wall}) - ({minutes}) * CAST({_MINUTE} AS HUGEINT)"
    if kind == "TIMESTAMP_TZ":
        wall = f"({wall}) * 4096 + ({minutes}) + 1440"
    return pattern, f"({wall})"


def _text_to_time(x: str, to: T, format_: str, zone: str) -> str:
    slow = f"sf_parse_time({x}, '{to.kind}', {literal(format_)}, '{zone}')"
    if to.kind == "DATE":
        slow_day = f"DATE '1970-01-01' + CAST({slow} AS INTEGER)"
        if format_.upper() in ("AUTO", "YYYY-MM-DD"):
            # 2.8 s of processor time for a COPY of 200,000 rows with one such column, without this 4.0 s.
            shape = f"regexp_full_match({x}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') AND {x} >= '0001'"
            fast = f"{shape} THEN TRY_CAST({x} AS DATE)"
            return f"CASE WHEN {x} IS NULL THEN NULL ELSE coalesce(CASE WHEN {fast} END, {slow_day}) END"
        return f"({slow_day})"
    slow_number = f"CAST({slow} AS {to.stored})"
    if to.kind == "TIME":
        elements(format_)
        return trim_digits(slow_number, 9, to.size)
    formats = [format_]
    if format_.upper() == "AUTO":
        tail = "" if to.kind == "TIMESTAMP_NTZ" else "TZH:TZM"
        formats = [f"YYYY-MM-DD HH24:MI:SS{fraction}{tail}" for fraction in (".FF", "")]
    else:
        elements(format_)
    branches = [found for one in formats if (found := _fast_stamp(x, to.kind, one, zone))]
    if not branches:
        return trim_stamp(slow_number, to)
    fast = " ".join(
        f"WHEN regexp_full_match({x}, '{pattern}') AND {x} >= '0001' THEN {sql}" for pattern, sql in branches
    )
    whole = f"CASE WHEN {x} IS NULL THEN NULL ELSE coalesce(CASE {fast} END, {slow_number}) END"
    return trim_stamp(whole, to)


def trim_digits(sql: str, digits: int, wanted: int) -> str:
    """Nanoseconds cut (towards the past) to `wanted` fractional digits."""
    if wanted >= digits:
        return sql
    unit = 10 ** (9 - wanted)
    return f"(sf_floor({sql}, {unit}) * {unit})"


def trim_stamp(sql: str, to: T) -> str:
    if to.size >= 9:
        return sql
    if to.kind != "TIMESTAMP_TZ":
        return trim_digits(sql, 9, to.size)
    return f"({trim_digits(instant(sql), 9, to.size)} * 4096 + sf_mod({sql}, 4096))"


def instant(sql: str) -> str:
    """The nanoseconds UTC of a TIMESTAMP_TZ."""
    return f"sf_floor({sql}, 4096)"


def fit_text(x: str, to: T, loading: bool = False) -> str:
    """Text that must not be longer than its column; COPY (`loading`) has words of its own for it."""
    if loading:
        before = f"User character length limit ({to.size}) exceeded by string '"
        long = failure("VARCHAR", 100074, "54000", before, x, "'")
        return f"CASE WHEN length({x}) > {to.size} THEN {long} ELSE {x} END"
    long = failure("VARCHAR", 100078, "22000", "String '", x, "' is too long and would be truncated")
    return f"CASE WHEN length({x}) > {to.size} THEN {long} ELSE {x} END"


def fit_binary(x: str, to: T) -> str:
    long = failure("BLOB", 100145, "22000", "Binary value '", f"hex({x})", "' is too long and would be truncated")
    return f"CASE WHEN octet_length({x}) > {to.size} THEN {long} ELSE {x} END"


def _from_text(x: str, to: T, settings: Settings, format_: str | None) -> str:
    kind = to.kind
    if kind == "VARCHAR":
        return x
    if kind == "NUMBER":
        return _text_to_number(x, to)
    if kind == "FLOAT":
        return _text_to_float(x)
    if kind == "BOOLEAN":
        return _text_to_boolean(x)
    if kind == "BINARY":
        wanted = (format_ or settings.input["BINARY"]).upper()
        if wanted not in ("HEX", "BASE64", "UTF-8", "UTF8"):
            raise compilation(f"Invalid binary format '{wanted}'", 1008, "22023")
        return fit_binary(f"unhex(sf_to_hex({x}, '{wanted}'))", to)
    if kind == "VARIANT":
        return f"CAST(to_json({x}) AS VARCHAR)"
    if kind in ("ARRAY", "OBJECT"):
        raise no_cast("VARCHAR", kind)
    return _text_to_time(x, to, format_ or settings.input_format(kind), settings.zone)


def no_cast(source: str, to: str) -> SqlError:
    return compilation(f"invalid type [CAST({source} AS {to})] for parameter 'TO_{to}'", 1065, "22023")


def to_text(x: str, source: T, settings: Settings, format_: str | None = None) -> str:
    """A value as VARCHAR in the session's output format, or in `format_`."""
    kind = source.kind
    if kind in ("VARCHAR", "NULL"):
        return x
    if kind == "FLOAT":
        return f"regexp_replace(CAST({x} AS VARCHAR), '[.]0$', '')"
    if kind in ("NUMBER", "BOOLEAN"):
        return f"CAST({x} AS VARCHAR)"
    if kind == "BINARY":
        return f"sf_from_hex(hex({x}), {literal((format_ or 'HEX').upper().replace('UTF-8', 'UTF8'))})"
    if kind in SEMI:
        return f"sf_variant_text({x})"
    number = f"CAST({x} - DATE '1970-01-01' AS VARCHAR)" if kind == "DATE" else f"CAST({x} AS VARCHAR)"
    chosen = format_ or settings.output[kind]
    elements(chosen)
    return f"sf_render_time({number}, '{kind}', {literal(chosen)}, '{settings.zone}')"


def _to_variant(x: str, source: T, settings: Settings) -> str:
    if source.kind in SEMI:
        return x
    if source.kind == "NUMBER":
        text = f"CAST({x} AS VARCHAR)"
        return f"regexp_replace({text}, '[.]?0+$', '')" if source.scale else text
    if source.kind == "FLOAT":
        return f"sf_variant_double(CAST({x} AS VARCHAR))"
    if source.kind == "BOOLEAN":
        return to_text(x, source, settings)
    if source.kind == "BINARY":
        raise no_cast("BINARY", "VARIANT")
    return f"CAST(to_json({to_text(x, source, settings)}) AS VARCHAR)"


def _between_times(x: str, source: T, to: T, settings: Settings) -> str:
    zone, kinds = settings.zone, (source.kind, to.kind)
    if source.kind == "DATE":
        if to.kind == "TIME":
            raise no_cast("DATE", "TIME")
        midnight = f"(CAST({x} - DATE '1970-01-01' AS HUGEINT) * {DAY_NS})"
        return _between_times(midnight, T("TIMESTAMP_NTZ", 9), to, settings)
    if source.kind == "TIME":
        raise no_cast("TIME", to.kind)
    if to.kind in ("DATE", "TIME"):
        wall = _between_times(x, source, T("TIMESTAMP_NTZ", 9), settings)
        if to.kind == "DATE":
            return f"(DATE '1970-01-01' + CAST(sf_floor({wall}, {DAY_NS}) AS INTEGER))"
        return trim_digits(f"CAST(sf_mod({wall}, {DAY_NS}) AS BIGINT)", 9, to.size)
    if source.kind == to.kind:
        return x
    if kinds == ("TIMESTAMP_TZ", "TIMESTAMP_LTZ"):
        return instant(x)
    if kinds == ("TIMESTAMP_TZ", "TIMESTAMP_NTZ"):
        return f"({instant(x)} + (sf_mod({x}, 4096) - 1440) * CAST({_MINUTE} AS HUGEINT))"
    if zone == "UTC":
        return f"({x} * 4096 + 1440)" if to.kind == "TIMESTAMP_TZ" else x
    return f"CAST(sf_rezone(CAST({x} AS VARCHAR), '{source.kind}', '{to.kind}', '{zone}') AS HUGEINT)"


def cast(x: str, source: T, to: T, settings: Settings, format_: str | None = None) -> str:
    """SQL that converts `x`; lengths of texts are not checked here (see `fit_text`)."""
    if source.kind == "NULL":
        return f"CAST({x} AS {to.stored})"
    if source.kind == "VARCHAR":
        return _from_text(x, to, settings, format_)
    if to.kind == "VARCHAR":
        return to_text(x, source, settings)
    if source.kind in SEMI:
        return _from_semi(x, source, to, settings)
    if to.kind == "VARIANT":
        return _to_variant(x, source, settings)
    if source.kind == to.kind == "BINARY":
        return x if to.size >= source.size else fit_binary(x, to)
    times = STAMPS | {"DATE", "TIME"}
    if source.kind in times and to.kind in times:
        if source.kind == to.kind:
            return x if to == DATE else trim_digits(x, source.size, to.size) if to.kind == "TIME" else trim_stamp(x, to)
        return (
            trim_stamp(_between_times(x, source, to, settings), to)
            if to.kind in STAMPS
            else _between_times(x, source, to, settings)
        )
    if source.kind == "NUMBER" and to.kind in STAMPS:
        return trim_stamp(from_epoch(x, to, settings, 0), to)
    if source.kind == "FLOAT" and to.kind == "BOOLEAN":
        bad = failure("BOOLEAN", 100037, "22018", "Boolean value '", f"CAST({x} AS VARCHAR)", "' is not recognized")
        return f"CASE WHEN isnan({x}) OR isinf({x}) THEN {bad} ELSE {x} <> 0 END"
    if source.kind in ("NUMBER", "FLOAT", "BOOLEAN") and to.kind in ("NUMBER", "FLOAT", "BOOLEAN"):
        return x if source == to else f"CAST({x} AS {to.stored})"
    raise no_cast(source.kind, to.kind)


def from_epoch(x: str, to: T, settings: Settings, scale: int) -> str:
    """A number of seconds (or of 10**-scale seconds) since 1970 as a timestamp; always counted in UTC."""
    instant_sql = f"CAST(CAST({x} AS DECIMAL(38,9)) * {10 ** (9 - scale)} AS HUGEINT)"
    if to.kind != "TIMESTAMP_TZ":
        return instant_sql
    return cast(instant_sql, T("TIMESTAMP_LTZ", 9), T("TIMESTAMP_TZ", 9), settings)


def _from_semi(x: str, source: T, to: T, settings: Settings) -> str:
    if to.kind in ("VARIANT", source.kind):
        return x
    if to.kind in ("ARRAY", "OBJECT"):
        bad = failure("VARCHAR", 100071, "22000", "Failed to cast variant value ", x, f" to {to.kind}")
        opening = "[" if to.kind == "ARRAY" else "{"
        return f"CASE WHEN {x} IS NULL OR {x} = 'null' THEN NULL WHEN {x}[1] = '{opening}' THEN {x} ELSE {bad} END"
    if source.kind != "VARIANT":
        raise no_cast(source.kind, to.kind)
    text = f"sf_variant_text({x})"
    if to.kind in ("NUMBER", "FLOAT"):
        text = f"CASE {x} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"
    elif to.kind in STAMPS:  # a number there counts from the session's zone: not done here
        number = fail(2, "0A000", literal("Unsupported feature 'number in a VARIANT as a timestamp'."), "VARCHAR")
        text = f"CASE WHEN {x}[1] IN ('-','0','1','2','3','4','5','6','7','8','9') THEN {number} ELSE {text} END"
    return _from_text(text, to, settings, None)
