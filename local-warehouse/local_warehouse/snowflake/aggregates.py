"""Aggregate and window functions."""

from __future__ import annotations

from local_warehouse.snowflake import ast
from local_warehouse.snowflake.binder import Binder
from local_warehouse.snowflake.casts import instant
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.functions import FUNCTIONS
from local_warehouse.snowflake.scope import Scope, Typed
from local_warehouse.snowflake.types import BOOLEAN, FLOAT, SEMI, TEXT, T, number

COUNT = T("NUMBER", 18, 0)
AGGREGATES = {"COUNT", "SUM", "AVG", "MIN", "MAX", "COUNT_IF", "LISTAGG", "ANY_VALUE", "BOOLOR_AGG", "BOOLAND_AGG"}


def is_aggregate(node: object) -> bool:
    return isinstance(node, ast.Call) and node.name in AGGREGATES and node.over is None


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


def _rank(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    if node.args or node.over is None or (node.name != "ROW_NUMBER" and not node.over.order):
        raise compilation(f"Invalid use of window function [{node.name}]", 2303, "42601")
    return Typed(f"CAST({node.name.lower()}(){_over(binder, node, scope)} AS DECIMAL(18,0))", COUNT)


def _neighbour(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    if node.over is None or not 1 <= len(node.args) <= 2:
        raise Unsupported(f"{node.name} with these arguments")
    value = binder.expr(node.args[0], scope)
    offset = f", CAST({binder.expr(node.args[1], scope).sql} AS BIGINT)" if len(node.args) > 1 else ""
    return Typed(f"{node.name.lower()}({value.sql}{offset}){_over(binder, node, scope)}", value.type)


FUNCTIONS.update(
    {
        "COUNT": _count, "SUM": _sum, "AVG": _avg, "MIN": _extreme, "MAX": _extreme, "COUNT_IF": _count_if,
        "ANY_VALUE": _any_value, "LISTAGG": _listagg, "BOOLOR_AGG": _boolean, "BOOLAND_AGG": _boolean,
        "ROW_NUMBER": _rank, "RANK": _rank, "DENSE_RANK": _rank, "LAG": _neighbour, "LEAD": _neighbour,
        "FIRST_VALUE": _neighbour, "LAST_VALUE": _neighbour,
    }
)  # fmt: skip
