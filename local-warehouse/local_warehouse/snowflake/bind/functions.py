"""The functions that the stand-in knows, each with its result type; any other name is an unknown function."""

from __future__ import annotations

from collections.abc import Callable

from local_warehouse.snowflake.bind.binder import Binder, common_type
from local_warehouse.snowflake.bind.casts import literal
from local_warehouse.snowflake.bind.scope import Scope, Typed
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.types import (
    BOOLEAN,
    DATE,
    FLOAT,
    INTEGER,
    LTZ,
    NTZ,
    NULL,
    SEMI,
    TEXT,
    TIME,
    VARIANT,
    T,
    number,
)

Function = Callable[[Binder, ast.Call, Scope], Typed]
FUNCTIONS: dict[str, Function] = {}


def arity(node: ast.Call, low: int, high: int) -> None:
    if node.distinct or node.star or node.named or node.within or node.over:
        raise Unsupported(f"{node.name} with DISTINCT, *, named arguments or OVER")
    if len(node.args) < low:
        raise compilation(f"not enough arguments for function [{node.name}], expected {low}, got {len(node.args)}", 938)
    if len(node.args) > high:
        raise compilation(f"too many arguments for function [{node.name}] expected {high}, got {len(node.args)}", 939)


def register(*names: str, low: int = 1, high: int | None = None) -> Callable[[Function], Function]:
    """Make a scalar function known by its names."""

    def add(function: Function) -> Function:
        def checked(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
            arity(node, low, low if high is None else high)
            return function(binder, node, scope)

        for name in names:
            FUNCTIONS[name] = checked
        return function

    return add


def texts(binder: Binder, node: ast.Call, scope: Scope) -> list[str]:
    return [binder.convert(binder.expr(arg, scope), TEXT) for arg in node.args]


def constant(binder: Binder, node: ast.Call, scope: Scope, at: int) -> str | None:
    """The string literal at this place; None if the argument is left out."""
    if len(node.args) <= at:
        return None
    value = binder.expr(node.args[at], scope).constant
    if value is None:
        raise Unsupported(f"{node.name} with a format that is not a string literal")
    return value


def _simple(name: str, template: str, types: tuple[T, ...], result: T, low: int | None = None) -> None:
    """A function that DuckDB has in the same meaning: `{0}`, `{1}`, ... or `{all}` in the template."""

    def function(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
        arity(node, len(types) if low is None else low, len(types))
        sql = [binder.convert(binder.expr(arg, scope), type_) for arg, type_ in zip(node.args, types, strict=False)]
        return Typed(template.format(*sql, all=", ".join(sql)), result)

    FUNCTIONS[name] = function


_I = T("NUMBER", 18, 0)
for _name in ("UPPER", "LOWER"):
    _simple(_name, f"{_name.lower()}({{0}})", (TEXT,), TEXT)
for _name in ("LENGTH", "LEN"):
    _simple(_name, "CAST(length({0}) AS DECIMAL(18,0))", (TEXT,), _I)
_simple("OCTET_LENGTH", "CAST(octet_length(encode({0})) AS DECIMAL(18,0))", (TEXT,), _I)
_simple("REPLACE", "replace({0}, {1}, {2})", (TEXT, TEXT, TEXT), TEXT)
_simple("LEFT", "left({0}, CAST({1} AS BIGINT))", (TEXT, INTEGER), TEXT)
_simple("RIGHT", "right({0}, CAST({1} AS BIGINT))", (TEXT, INTEGER), TEXT)
_simple("REPEAT", "repeat({0}, CAST({1} AS BIGINT))", (TEXT, INTEGER), TEXT)
_simple("LPAD", "lpad({0}, CAST({1} AS INTEGER), {2})", (TEXT, INTEGER, TEXT), TEXT)
_simple("RPAD", "rpad({0}, CAST({1} AS INTEGER), {2})", (TEXT, INTEGER, TEXT), TEXT)
_simple("REVERSE", "reverse({0})", (TEXT,), TEXT)
_simple("CHR", "chr(CAST({0} AS INTEGER))", (INTEGER,), TEXT)
_simple("ASCII", "CAST(ascii({0}) AS DECIMAL(18,0))", (TEXT,), _I)
_simple("CONTAINS", "contains({0}, {1})", (TEXT, TEXT), BOOLEAN)
_simple("STARTSWITH", "starts_with({0}, {1})", (TEXT, TEXT), BOOLEAN)
_simple("ENDSWITH", "suffix({0}, {1})", (TEXT, TEXT), BOOLEAN)
_simple("MD5", "md5({0})", (TEXT,), T("VARCHAR", 32))
_simple("MD5_HEX", "md5({0})", (TEXT,), T("VARCHAR", 32))
_simple("REGEXP_REPLACE", "regexp_replace({0}, {1}, {2}, 'g')", (TEXT, TEXT, TEXT), TEXT)
_simple("REGEXP_LIKE", "regexp_full_match({0}, {1})", (TEXT, TEXT), BOOLEAN)
_simple("HEX_DECODE_STRING", "sf_from_hex({0}, 'UTF8')", (TEXT,), TEXT)
_simple("HEX_ENCODE", "upper(hex({0}))", (TEXT,), TEXT)
_simple("BASE64_ENCODE", "to_base64(encode({0}))", (TEXT,), TEXT)


@register("TRIM", "LTRIM", "RTRIM", low=1, high=2)
def _trim(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    return Typed(f"{node.name.lower()}({', '.join(texts(binder, node, scope))})", TEXT)


@register("SUBSTR", "SUBSTRING", low=2, high=3)
def _substr(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = binder.convert(binder.expr(node.args[0], scope), TEXT)
    rest = [f"CAST({binder.convert(binder.expr(arg, scope), INTEGER)} AS BIGINT)" for arg in node.args[1:]]
    start = f"CASE WHEN {rest[0]} = 0 THEN 1 ELSE {rest[0]} END"
    length = f", greatest({rest[1]}, 0)" if len(rest) > 1 else ""
    return Typed(f"substr({value}, {start}{length})", TEXT)


@register("SPLIT_PART", low=3)
def _split_part(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value, separator = (binder.convert(binder.expr(arg, scope), TEXT) for arg in node.args[:2])
    part = f"CAST({binder.convert(binder.expr(node.args[2], scope), INTEGER)} AS BIGINT)"
    return Typed(
        f"CASE WHEN {separator} = '' THEN CASE WHEN {part} IN (-1, 0, 1) THEN {value} ELSE '' END "
        f"ELSE split_part({value}, {separator}, CASE WHEN {part} = 0 THEN 1 ELSE {part} END) END",
        TEXT,
    )


@register("CONCAT", low=1, high=1000)
def _concat(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    return Typed("(" + " || ".join(texts(binder, node, scope)) + ")", TEXT)


@register("IFF", low=3)
def _iff(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    condition, then, other = node.args
    return binder.case(ast.Case(None, [(condition, then)], other), scope)


@register("NVL", "IFNULL", "COALESCE", low=2, high=1000)
def _coalesce(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    values = [binder.expr(arg, scope) for arg in node.args]
    type_ = common_type([value.type for value in values])
    return Typed(f"coalesce({', '.join(binder.convert(value, type_) for value in values)})", type_)


@register("NVL2", low=3)
def _nvl2(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    return binder.case(ast.Case(None, [(ast.IsNull(node.args[0], True), node.args[1])], node.args[2]), scope)


@register("NULLIF", low=2)
def _nullif(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    left, right = (binder.expr(arg, scope) for arg in node.args)
    return Typed(f"CASE WHEN {binder.compare('=', left, right)} THEN NULL ELSE {left.sql} END", left.type)


@register("EQUAL_NULL", low=2)
def _equal_null(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    left, right = (binder.expr(arg, scope) for arg in node.args)
    return Typed(binder.compare("IS NOT DISTINCT FROM", left, right), BOOLEAN)


@register("GREATEST", "LEAST", low=1, high=1000)
def _greatest(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    values = [binder.expr(arg, scope) for arg in node.args]
    type_ = common_type([value.type for value in values])
    if type_.kind in SEMI or type_.kind == "TIMESTAMP_TZ":
        raise Unsupported(f"{node.name} of {type_.kind}")
    sql = [binder.convert(value, type_) for value in values]
    any_null = " OR ".join(f"{one} IS NULL" for one in sql)
    return Typed(f"CASE WHEN {any_null} THEN NULL ELSE {node.name.lower()}({', '.join(sql)}) END", type_)


@register("ABS", "CEIL", "FLOOR", "SIGN")
def _math(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = binder.expr(node.args[0], scope)
    if value.type.kind not in ("NUMBER", "FLOAT"):
        value = Typed(binder.convert(value, FLOAT), FLOAT)
    type_ = value.type
    if node.name != "ABS" and type_.kind == "NUMBER":
        type_ = number(min(38, type_.size + 1), 0)
    return Typed(f"CAST({node.name.lower()}({value.sql}) AS {type_.stored})", type_)


@register("ROUND", "TRUNC", "TRUNCATE", low=1, high=2)
def _round(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = binder.expr(node.args[0], scope)
    digits = 0
    if len(node.args) > 1:
        if not isinstance(node.args[1], ast.Number) or not node.args[1].text.isdigit():
            raise Unsupported(f"{node.name} with a scale that is not a literal")
        digits = int(node.args[1].text)
    if value.type.kind != "NUMBER":
        raise Unsupported(f"{node.name} of {value.type.kind}; cast to NUMBER first")
    scale = min(digits, value.type.scale)
    to = number(value.type.size + 1, scale)
    if node.name == "ROUND":
        return Typed(f"CAST({value.sql} AS {to.stored})", to)
    half = f"CAST({'0.' + '0' * scale}5 AS DECIMAL(38,{scale + 1}))" if scale < value.type.scale else "0"
    return (
        Typed(f"CAST({value.sql} - sign({value.sql}) * {half} AS {to.stored})", to)
        if half == "0"
        else _truncate(value, to, scale)
    )


def _truncate(value: Typed, to: T, scale: int) -> Typed:
    text = f"CAST({value.sql} AS VARCHAR)"
    cut = f"regexp_extract({text}, '^-?[0-9]*' || {literal('([.][0-9]{' + str(scale) + '})' if scale else '')})"
    return Typed(f"CAST({cut} AS {to.stored})", to)


@register("GET", low=2)
def _get(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    key = node.args[1]
    if isinstance(key, ast.Text):
        return binder.path(ast.Path(node.args[0], [key.value]), scope)
    if isinstance(key, ast.Number) and key.text.isdigit():
        return binder.path(ast.Path(node.args[0], [int(key.text)]), scope)
    raise Unsupported("GET with a key that is not a literal")


@register("TYPEOF")
def _typeof(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    x = binder.convert(binder.expr(node.args[0], scope), VARIANT)
    kinds = (
        f"CASE WHEN {x}[1] = '{{' THEN 'OBJECT' WHEN {x}[1] = '[' THEN 'ARRAY' WHEN {x}[1] = '\"' THEN 'VARCHAR' "
        f"WHEN {x} IN ('true','false') THEN 'BOOLEAN' WHEN {x} = 'null' THEN 'NULL_VALUE' "
        f"WHEN contains({x}, 'e') THEN 'DOUBLE' WHEN contains({x}, '.') THEN 'DECIMAL' ELSE 'INTEGER' END"
    )
    return Typed(f"CASE WHEN {x} IS NULL THEN NULL ELSE {kinds} END", TEXT)


@register("CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "SYSDATE", "CURRENT_DATE", "CURRENT_TIME", low=0, high=1)
def _now(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    now = Typed(f"CAST('{binder.context.facts['now']}' AS HUGEINT)", LTZ)
    to = {"SYSDATE": NTZ, "CURRENT_DATE": DATE, "CURRENT_TIME": TIME}.get(node.name, LTZ)
    if node.name == "SYSDATE":
        return Typed(now.sql, NTZ)
    return Typed(binder.convert(now, to), to)


def _fact(name: str) -> None:
    @register(name, low=0)
    def function(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
        value = binder.context.facts.get(name)
        return Typed("NULL", NULL) if value is None else Typed(literal(str(value)), TEXT)


for _name in (
    "CURRENT_USER", "CURRENT_ROLE", "CURRENT_DATABASE", "CURRENT_SCHEMA", "CURRENT_WAREHOUSE", "CURRENT_ACCOUNT",
    "CURRENT_REGION", "CURRENT_SESSION", "CURRENT_TRANSACTION", "CURRENT_VERSION", "CURRENT_ACCOUNT_NAME",
    "CURRENT_ORGANIZATION_NAME",
):  # fmt: skip
    _fact(_name)


@register("LAST_QUERY_ID", low=0, high=1)
def _last_query_id(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    back = -1
    if node.args:
        argument = node.args[0]
        if not isinstance(argument, ast.Number):
            raise Unsupported("LAST_QUERY_ID with an argument that is not a literal")
        back = int(argument.text)
    ids = binder.context.facts["query_ids"]
    try:
        return Typed(literal(ids[back if back < 0 else back - 1]), TEXT)
    except IndexError:
        return Typed("NULL", NULL)


@register("UUID_STRING", low=0)
def _uuid(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    binder.context.repeatable = False
    return Typed("CAST(uuid() AS VARCHAR)", TEXT)


@register("RANDOM", low=0)
def _random(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    binder.context.repeatable = False
    return Typed("CAST((random() - 0.5) * 1.8e19 AS DECIMAL(38,0))", INTEGER)
