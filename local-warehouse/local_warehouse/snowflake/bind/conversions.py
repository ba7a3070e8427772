"""The TO_, TRY_TO_ and PARSE_ functions.

https://docs.snowflake.com/en/sql-reference/functions-conversion
"""

from __future__ import annotations

from local_warehouse.snowflake.bind.binder import Binder
from local_warehouse.snowflake.bind.casts import from_epoch, to_text
from local_warehouse.snowflake.bind.functions import FUNCTIONS, Function, arity, constant, register
from local_warehouse.snowflake.bind.scope import Scope, Typed
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.types import (
    ARRAY,
    BINARY,
    BOOLEAN,
    DATE,
    FLOAT,
    LTZ,
    NTZ,
    OBJECT,
    SEMI,
    STAMPS,
    TEXT,
    TIME,
    TZ,
    VARIANT,
    T,
)  # fmt: skip


def _to_time(to: T, attempt: bool) -> Function:
    def function(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
        arity(node, 1, 2)
        value = binder.expr(node.args[0], scope)
        if value.type.kind == "NUMBER" and to.kind in STAMPS and len(node.args) == 2:
            scale = _size(node, 1, 0)
            if scale > 9:
                raise compilation(f"Invalid scale {scale} in {node.name}", 1008, "22023")
            return Typed(f"({from_epoch(value.sql, to, binder.context.settings, scale)})", to)
        format_ = constant(binder, node, scope, 1)
        if format_ is not None and value.type.kind not in ("VARCHAR", "NULL"):
            raise Unsupported(f"{node.name} of {value.type.kind} with a format")
        sql = binder.convert(value, to, format_)
        return Typed(f"TRY({sql})" if attempt else f"({sql})", to)

    return function


for _names, _type in (
    (("DATE", "TO_DATE"), DATE),
    (("TIME", "TO_TIME"), TIME),
    (("TO_TIMESTAMP", "TO_TIMESTAMP_NTZ"), NTZ),
    (("TO_TIMESTAMP_LTZ",), LTZ),
    (("TO_TIMESTAMP_TZ",), TZ),
):
    for _name in _names:
        FUNCTIONS[_name] = _to_time(_type, False)
        FUNCTIONS[f"TRY_{_name}"] = _to_time(_type, True)


def _size(node: ast.Call, at: int, default: int) -> int:
    if len(node.args) <= at:
        return default
    argument = node.args[at]
    if not isinstance(argument, ast.Number) or not argument.text.isdigit():
        raise Unsupported(f"{node.name} with an argument that is not a literal number")
    return int(argument.text)


def _to_number(attempt: bool) -> Function:
    def function(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
        arity(node, 1, 3)
        if len(node.args) > 1 and isinstance(node.args[1], ast.Text):
            raise Unsupported(f"{node.name} with a format")
        precision, scale = _size(node, 1, 38), _size(node, 2, 0)
        if not 1 <= precision <= 38 or scale > min(precision, 37):
            raise compilation(f"Invalid precision or scale in {node.name}", 1008, "22023")
        to = T("NUMBER", precision, scale)
        value = binder.expr(node.args[0], scope)
        sql = binder.convert(value, to)
        return Typed(f"TRY({sql})" if attempt else f"({sql})", to)

    return function


for _name in ("NUMBER", "DECIMAL", "NUMERIC"):
    FUNCTIONS[f"TO_{_name}"] = _to_number(False)
    FUNCTIONS[f"TRY_TO_{_name}"] = _to_number(True)


def _to_plain(to: T, attempt: bool) -> Function:
    def function(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
        arity(node, 1, 1)
        sql = binder.convert(binder.expr(node.args[0], scope), to)
        return Typed(f"TRY({sql})" if attempt else f"({sql})", to)

    return function


for _name, _type in (("TO_DOUBLE", FLOAT), ("TO_BOOLEAN", BOOLEAN)):
    FUNCTIONS[_name], FUNCTIONS[f"TRY_{_name}"] = _to_plain(_type, False), _to_plain(_type, True)
for _name, _type in (("TO_VARIANT", VARIANT), ("TO_OBJECT", OBJECT), ("TO_ARRAY", ARRAY)):
    FUNCTIONS[_name] = _to_plain(_type, False)


def _to_binary(attempt: bool) -> Function:
    def function(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
        arity(node, 1, 2)
        value = binder.expr(node.args[0], scope)
        sql = binder.convert(value, BINARY, constant(binder, node, scope, 1))
        return Typed(f"TRY({sql})" if attempt else f"({sql})", BINARY)

    return function


FUNCTIONS["TO_BINARY"], FUNCTIONS["TRY_TO_BINARY"] = _to_binary(False), _to_binary(True)


@register("TO_CHAR", "TO_VARCHAR", low=1, high=2)
def _to_char(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = binder.expr(node.args[0], scope)
    format_ = constant(binder, node, scope, 1)
    if format_ is not None and value.type.kind not in STAMPS | {"DATE", "TIME", "BINARY"}:
        raise Unsupported(f"{node.name} of {value.type.kind} with a format")
    return Typed(to_text(value.sql, value.type, binder.context.settings, format_), TEXT)


@register("PARSE_JSON", low=1, high=2)
def _parse_json(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    mode = constant(binder, node, scope, 1) or "s"
    if mode not in ("d", "s"):
        raise compilation(f"Invalid parameter '{mode}' for function PARSE_JSON", 1008, "22023")
    function = "sf_parse_json" if mode == "s" else "sf_parse_json_last"
    return Typed(f"{function}({binder.convert(binder.expr(node.args[0], scope), TEXT)})", VARIANT)


@register("TRY_PARSE_JSON")
def _try_parse_json(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    return Typed(f"TRY({_parse_json(binder, node, scope).sql})", VARIANT)


@register("CHECK_JSON")
def _check_json(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    text = binder.convert(binder.expr(node.args[0], scope), TEXT)
    bad = "'not a JSON document'"
    return Typed(
        f"CASE WHEN {text} IS NULL OR trim({text}) = '' OR TRY(sf_parse_json({text})) IS NOT NULL "
        f"THEN NULL ELSE {bad} END",
        TEXT,
    )


@register("TO_JSON")
def _to_json(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = binder.expr(node.args[0], scope)
    if value.type.kind == "NULL":
        return Typed("CAST(NULL AS VARCHAR)", TEXT)
    if value.type.kind not in SEMI:
        raise compilation(f"Invalid argument types for function 'TO_JSON': ({value.type})", 1044, "42P13")
    return Typed(value.sql, TEXT)
