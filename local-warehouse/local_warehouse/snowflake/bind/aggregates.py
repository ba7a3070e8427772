"""Aggregate and window functions."""

from __future__ import annotations

from local_warehouse.snowflake.bind.binder import Binder, common_type
from local_warehouse.snowflake.bind.casts import instant
from local_warehouse.snowflake.bind.functions import FUNCTIONS
from local_warehouse.snowflake.bind.scope import Scope, Typed
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.types import BOOLEAN, FLOAT, INTEGER, SEMI, TEXT, T, number

COUNT = T("NUMBER", 18, 0)
AGGREGATES = {
    "COUNT", "SUM", "AVG", "MIN", "MAX", "COUNT_IF", "LISTAGG", "ANY_VALUE", "BOOLOR_AGG", "BOOLAND_AGG", "MAX_BY",
    "MIN_BY",
}  # fmt: skip


def has_aggregate(node: object) -> bool:
    return any(isinstance(one, ast.Call) and one.name in AGGREGATES and one.over is None for one in ast.inside(node))


def _value(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    if len(node.args) != 1 or node.star or node.named:
        raise compilation(f"wrong number of arguments for function [{node.name}]", 938)
    return binder.expr(node.args[0], scope)


def _over(binder: Binder, node: ast.Call, scope: Scope) -> str:
    return binder.window(node.over, scope) if node.over else ""


def _count(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    if node.star or not node.args:
        inner = "*"
    else:
        values = [binder.expr(arg, scope) for arg in node.args]
        if len(values) > 1:
            raise Unsupported("COUNT of several expressions")
        inner = binder.comparable(values[0], values[0].type) if node.distinct else values[0].sql
    distinct = "DISTINCT " if node.distinct else ""
    return Typed(f"CAST(count({distinct}{inner}){_over(binder, node, scope)} AS DECIMAL(18,0))", COUNT)


def _sum(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = _value(binder, node, scope)
    distinct = "DISTINCT " if node.distinct else ""
    over = _over(binder, node, scope)
    if value.type.kind == "NUMBER":
        to = number(38, value.type.scale)
        return Typed(f"CAST(sum({distinct}CAST({value.sql} AS {to.stored})){over} AS {to.stored})", to)
    return Typed(f"sum({distinct}{binder.convert(value, FLOAT)}){over}", FLOAT)


def _avg(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = _value(binder, node, scope)
    distinct = "DISTINCT " if node.distinct else ""
    over = _over(binder, node, scope)
    if value.type.kind != "NUMBER":
        return Typed(f"avg({distinct}{binder.convert(value, FLOAT)}){over}", FLOAT)
    scale = max(value.type.scale, min(value.type.scale + 6, 12))
    total = f"CAST(sum({distinct}CAST({value.sql} AS {number(38, value.type.scale).stored})){over} AS VARCHAR)"
    count = f"CAST(count({distinct}{value.sql}){over} AS VARCHAR)"
    by = f"nullif({count}, '0')"
    return Typed(f"CAST(sf_divide({total}, {by}, '{scale}') AS DECIMAL(38,{scale}))", number(38, scale))


def _extreme(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = _value(binder, node, scope)
    if value.type.kind in SEMI:
        raise Unsupported(f"{node.name} of {value.type.kind}")
    over = _over(binder, node, scope)
    if value.type.kind == "TIMESTAMP_TZ" and not over:
        word = "arg_min" if node.name == "MIN" else "arg_max"
        return Typed(f"{word}({value.sql}, {instant(value.sql)})", value.type)
    return Typed(f"{node.name.lower()}({value.sql}){over}", value.type)


def _count_if(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    condition = binder.convert(_value(binder, node, scope), BOOLEAN)
    return Typed(f"CAST(count(*) FILTER (WHERE {condition}){_over(binder, node, scope)} AS DECIMAL(18,0))", COUNT)


def _any_value(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    binder.context.repeatable = False
    value = _value(binder, node, scope)
    return Typed(f"any_value({value.sql}){_over(binder, node, scope)}", value.type)


def _listagg(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    if not 1 <= len(node.args) <= 2 or node.over:
        raise Unsupported("LISTAGG with these arguments")
    values = [binder.convert(binder.expr(arg, scope), TEXT) for arg in node.args]
    order = f" ORDER BY {binder.order(node.within, scope)}" if node.within else ""
    if not order:
        binder.context.repeatable = False
    distinct = "DISTINCT " if node.distinct else ""
    separator = values[1] if len(values) > 1 else "''"
    return Typed(f"coalesce(string_agg({distinct}{values[0]}, {separator}{order}), '')", TEXT)


def _boolean(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    word = "bool_or" if node.name == "BOOLOR_AGG" else "bool_and"
    return Typed(f"{word}({binder.convert(_value(binder, node, scope), BOOLEAN)}){_over(binder, node, scope)}", BOOLEAN)


def _ordered(node: ast.Call, framed: bool) -> ast.Window:
    """The window of a function that ranks: it needs ORDER BY, and takes a frame only if its page has one."""
    over = node.over
    if over is None or not over.order:
        message = f"Window function type [{node.name}] requires ORDER BY in window specification"
        raise compilation(message, 2303, "42601")
    if over.frame and not framed:
        raise compilation(f"Sliding window frame unsupported for function {node.name}", 2303, "42601")
    return over


def _rank(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    if node.args or node.distinct or node.star:
        raise compilation(f"too many arguments for function [{node.name}] expected 0, got {len(node.args)}", 939)
    over = binder.window(_ordered(node, framed=False), scope)
    return Typed(f"CAST({node.name.lower()}(){over} AS DECIMAL(18,0))", COUNT)


def _neighbour(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    """LAG and LEAD: value, offset, and what stands where there is no such row."""
    if not 1 <= len(node.args) <= 3 or node.distinct:
        raise compilation(f"not enough arguments for function [{node.name}], expected 1, got {len(node.args)}", 938)
    window = _ordered(node, framed=False)
    value = binder.expr(node.args[0], scope)
    type_ = value.type
    rest = ""
    if len(node.args) > 1:
        rest += f", CAST({binder.convert(binder.expr(node.args[1], scope), INTEGER)} AS BIGINT)"
    if len(node.args) > 2:
        default = binder.expr(node.args[2], scope)
        type_ = common_type([type_, default.type])
        rest += f", {binder.convert(default, type_)}"
    nulls = " IGNORE NULLS" if node.ignore_nulls else ""
    inner = f"{binder.convert(value, type_)}{rest}{nulls}"
    return Typed(f"{node.name.lower()}({inner}){binder.window(window, scope)}", type_)


# FIRST_VALUE and LAST_VALUE see the whole partition by default, not as far as the current row as ANSI has it.
_WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"


def _end_value(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = _value(binder, node, scope)
    nulls = " IGNORE NULLS" if node.ignore_nulls else ""
    over = binder.window(_ordered(node, framed=True), scope, _WHOLE)
    return Typed(f"{node.name.lower()}({value.sql}{nulls}){over}", value.type)


def _by(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    """MAX_BY and MIN_BY: a column of the row where another is greatest or least; that other is not NULL."""
    if len(node.args) != 2 or node.over or node.distinct:
        raise Unsupported(f"{node.name} with these arguments")
    binder.context.repeatable = False  # which of several such rows is not defined
    value, key = (binder.expr(arg, scope) for arg in node.args)
    word = "arg_max_null" if node.name == "MAX_BY" else "arg_min_null"
    return Typed(f"{word}({value.sql}, {binder.comparable(key, key.type)})", value.type)


FUNCTIONS.update(
    {
        "COUNT": _count, "SUM": _sum, "AVG": _avg, "MIN": _extreme, "MAX": _extreme, "COUNT_IF": _count_if,
        "ANY_VALUE": _any_value, "LISTAGG": _listagg, "BOOLOR_AGG": _boolean, "BOOLAND_AGG": _boolean,
        "MAX_BY": _by, "MIN_BY": _by,
        "ROW_NUMBER": _rank, "RANK": _rank, "DENSE_RANK": _rank, "LAG": _neighbour, "LEAD": _neighbour,
        "FIRST_VALUE": _end_value, "LAST_VALUE": _end_value,
    }
)  # fmt: skip
