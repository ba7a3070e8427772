"""Date functions: parts, arithmetic, truncation.

Weeks begin on Monday and WEEK_START is 0, the default.  https://docs.snowflake.com/en/sql-reference/functions-date-time
"""

from __future__ import annotations

from local_warehouse.snowflake.bind.binder import Binder
from local_warehouse.snowflake.bind.casts import cast
from local_warehouse.snowflake.bind.functions import FUNCTIONS, register
from local_warehouse.snowflake.bind.scope import Scope, Typed
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.datetimes import DAY_NS
from local_warehouse.snowflake.values.types import DATE, INTEGER, NTZ, STAMPS, TEXT, T, number

_PARTS = {
    **dict.fromkeys(("YEAR", "Y", "YY", "YYY", "YYYY", "YR", "YEARS", "YRS"), "year"),
    **dict.fromkeys(("MONTH", "MM", "MON", "MONS", "MONTHS"), "month"),
    **dict.fromkeys(("DAY", "D", "DD", "DAYS", "DAYOFMONTH"), "day"),
    **dict.fromkeys(("QUARTER", "Q", "QTR", "QTRS", "QUARTERS"), "quarter"),
    **dict.fromkeys(("WEEK", "W", "WK", "WEEKOFYEAR", "WOY", "WY"), "week"),
    **dict.fromkeys(("HOUR", "H", "HH", "HR", "HOURS", "HRS"), "hour"),
    **dict.fromkeys(("MINUTE", "M", "MI", "MIN", "MINUTES", "MINS"), "minute"),
    **dict.fromkeys(("SECOND", "S", "SEC", "SECONDS", "SECS"), "second"),
    **dict.fromkeys(("NANOSECOND", "NS", "NSEC", "NANOSEC", "NSECOND", "NANOSECONDS"), "nanosecond"),
    **dict.fromkeys(("DAYOFWEEK", "WEEKDAY", "DOW", "DW"), "dayofweek"),
    **dict.fromkeys(("DAYOFYEAR", "YEARDAY", "DOY", "DY"), "dayofyear"),
    **dict.fromkeys(("EPOCH_SECOND", "EPOCH", "EPOCH_SECONDS"), "epoch"),
}
_MONTHS = {"year": 12, "quarter": 3}
_NANOSECONDS = {
    "week": 7 * DAY_NS, "day": DAY_NS, "hour": 3_600_000_000_000, "minute": 60_000_000_000, "second": 1_000_000_000,
    "nanosecond": 1,
}  # fmt: skip


def part_name(node: ast.Expr) -> str:
    """A date part, written as a word or as text."""
    word = node.value if isinstance(node, ast.Text) else node.parts[0] if isinstance(node, ast.Column) else ""
    found = _PARTS.get(word.upper())
    if found is None:
        raise compilation(f"'{word}' is not a valid date/time component", 1044, "42P13")
    return found


def _wall(binder: Binder, value: Typed) -> Typed:
    """A date or time as TIMESTAMP_NTZ in wall-clock time."""
    if value.type.kind == "VARCHAR":
        raise Unsupported("date functions of text; cast it first")
    return Typed(binder.convert(value, NTZ), NTZ)


def _duck(wall: Typed) -> str:
    """A TIMESTAMP_NTZ as DuckDB's TIMESTAMP; what is below microseconds is left out."""
    return f"make_timestamp(CAST(sf_floor({wall.sql}, 1000) AS BIGINT))"


def _extract(binder: Binder, value: Typed, part: str) -> Typed:
    if value.type.kind == "TIME":
        if part not in ("hour", "minute", "second", "nanosecond"):
            raise compilation(f"'{part}' is not a valid part of a TIME", 1044, "42P13")
        value = Typed(f"CAST({value.sql} AS HUGEINT)", NTZ)
    if part == "epoch":
        if value.type.kind in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
            to = T("TIMESTAMP_LTZ", 9)
            value = Typed(cast(value.sql, value.type, to, binder.context.settings), to)
        else:
            value = _wall(binder, value)
        return Typed(f"CAST(sf_floor({value.sql}, 1000000000) AS DECIMAL(38,0))", INTEGER)
    wall = _wall(binder, value) if value.type != NTZ else value
    if part == "nanosecond":
        return Typed(f"CAST(sf_mod({wall.sql}, 1000000000) AS DECIMAL(9,0))", number(9, 0))
    word = {"dayofweek": "dow", "dayofyear": "doy"}.get(part, part)
    inner = f"date_part('{word}', {_duck(wall)})"
    return Typed(f"CAST({inner} AS DECIMAL(9,0))", number(9, 0))


@register("DATE_PART", low=2)
def _date_part(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    return _extract(binder, binder.expr(node.args[1], scope), part_name(node.args[0]))


@register("YEAR", "MONTH", "DAY", "DAYOFMONTH", "QUARTER", "WEEK", "HOUR", "MINUTE", "SECOND", "DAYOFWEEK", "DAYOFYEAR")
def _part(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    return _extract(binder, binder.expr(node.args[0], scope), _PARTS[node.name])


@register("DATEADD", "TIMESTAMPADD", "TIMEADD", low=3)
def _dateadd(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    part = part_name(node.args[0])
    count = f"CAST({binder.convert(binder.expr(node.args[1], scope), INTEGER)} AS BIGINT)"
    value = binder.expr(node.args[2], scope)
    if value.type.kind not in STAMPS | {"DATE"}:
        raise Unsupported(f"{node.name} of {value.type.kind}")
    if part in ("year", "quarter", "month"):
        if value.type.kind in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
            raise Unsupported(f"{node.name} of months to {value.type.kind}")
        months = f"CAST({count} * {_MONTHS.get(part, 1)} AS INTEGER)"
        if value.type.kind == "DATE":
            return Typed(f"CAST({value.sql} + to_months({months}) AS DATE)", DATE)
        moved = f"epoch_us({_duck(value)} + to_months({months}))"
        return Typed(f"(CAST({moved} AS HUGEINT) * 1000 + sf_mod({value.sql}, 1000))", value.type)
    if part not in _NANOSECONDS:
        raise compilation(f"'{part}' cannot be added", 1044, "42P13")
    if value.type.kind == "DATE" and part in ("day", "week"):
        days = 7 if part == "week" else 1
        return Typed(f"({value.sql} + CAST({count} * {days} AS INTEGER))", DATE)
    if value.type.kind == "DATE":
        value = _wall(binder, value)
    step = f"CAST({count} AS HUGEINT) * {_NANOSECONDS[part]}"
    if value.type.kind == "TIMESTAMP_TZ":
        step = f"({step}) * 4096"
    return Typed(f"({value.sql} + {step})", value.type)


@register("DATEDIFF", "TIMESTAMPDIFF", "TIMEDIFF", low=3)
def _datediff(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    part = part_name(node.args[0])
    low, high = (_wall(binder, binder.expr(arg, scope)) for arg in node.args[1:])
    if part in ("nanosecond", "second", "minute", "hour", "day"):
        unit = _NANOSECONDS[part]
        return Typed(
            f"CAST(sf_floor({high.sql}, {unit}) - sf_floor({low.sql}, {unit}) AS DECIMAL(18,0))", number(18, 0)
        )
    if part not in ("year", "quarter", "month", "week"):
        raise compilation(f"'{part}' cannot be counted", 1044, "42P13")
    return Typed(f"CAST(date_diff('{part}', {_duck(low)}, {_duck(high)}) AS DECIMAL(9,0))", number(9, 0))


@register("DATE_TRUNC", low=2)
def _date_trunc(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    part = part_name(node.args[0])
    value = binder.expr(node.args[1], scope)
    if value.type.kind not in ("DATE", "TIMESTAMP_NTZ") or part not in (
        "year", "quarter", "month", "week", "day", "hour", "minute", "second",
    ):  # fmt: skip
        raise Unsupported(f"DATE_TRUNC({part}) of {value.type.kind}")
    if value.type.kind == "DATE":
        return Typed(f"CAST(date_trunc('{part}', {value.sql}) AS DATE)", DATE)
    return Typed(f"(CAST(epoch_us(date_trunc('{part}', {_duck(value)})) AS HUGEINT) * 1000)", value.type)


@register("CONVERT_TIMEZONE", low=2, high=3)
def _convert_timezone(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    raise Unsupported("CONVERT_TIMEZONE")


@register("DAYNAME", "MONTHNAME")
def _name(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    wall = _wall(binder, binder.expr(node.args[0], scope))
    return Typed(f"left({node.name.lower()}({_duck(wall)}), 3)", TEXT)


__all__ = ["FUNCTIONS"]
