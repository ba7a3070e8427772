"""Expressions: ast to DuckDB SQL with a known Snowflake type; what is not known here is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from local_warehouse.snowflake.bind.casts import cast, fail, fit_text, instant, literal
from local_warehouse.snowflake.bind.scope import Scope, Typed
from local_warehouse.snowflake.bind.session import Context
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.types import BOOLEAN, FLOAT, NULL, SEMI, STAMPS, TEXT, VARIANT, T, number


def common_type(types: Sequence[T]) -> T:
    """The type that values of all these types share; SqlError if there is none."""
    found = NULL
    for type_ in types:
        found = _pair(found, type_)
    return found


def _pair(a: T, b: T) -> T:
    if a.kind == "NULL":
        return b
    if b.kind == "NULL":
        return a
    if a.kind == b.kind:
        if a.kind == "NUMBER":
            scale = max(a.scale, b.scale)
            return number(max(a.size - a.scale, b.size - b.scale) + scale, scale)
        return a if a.size >= b.size else b
    kinds = {a.kind, b.kind}
    if "VARCHAR" in kinds:
        return b if a.kind == "VARCHAR" else a
    if "VARIANT" in kinds:
        return b if a.kind == "VARIANT" else a
    if kinds == {"NUMBER", "FLOAT"}:
        return FLOAT
    if kinds <= STAMPS | {"DATE"}:
        for kind in ("TIMESTAMP_TZ", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ"):
            if kind in kinds:
                return T(kind, 9)
    if kinds == {"BOOLEAN", "NUMBER"}:
        return BOOLEAN
    raise compilation(f"Can not convert parameter of type [{b}] into expected type [{a}]", 2016, "22000")


class Binder:
    """Binds expressions; queries come from the subclass in `queries`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.functions: dict[str, Callable[[Binder, ast.Call, Scope], Typed]] = {}

    def convert(self, value: Typed, to: T, format_: str | None = None) -> str:
        """The SQL of `value` as type `to`."""
        if value.type == to and to.kind != "VARCHAR":
            return value.sql
        return cast(value.sql, value.type, to, self.context.settings, format_)

    def expr(self, node: ast.Expr, scope: Scope) -> Typed:
        name = _METHODS.get(type(node))
        if name is None:
            raise Unsupported(type(node).__name__)
        bound: Typed = getattr(self, name)(node, scope)
        return bound

    def condition(self, node: ast.Expr, scope: Scope) -> str:
        return self.convert(self.expr(node, scope), BOOLEAN)

    def comparable(self, value: Typed, to: T) -> str:
        """SQL that compares as Snowflake compares: instants, not offsets."""
        sql = self.convert(value, to)
        if to.kind == "TIMESTAMP_TZ":
            return instant(sql)
        if to.kind in SEMI:
            raise Unsupported(f"comparison of {to.kind} values; cast them first")
        return sql

    def order(self, items: list[ast.Order], scope: Scope) -> str:
        out = []
        for item in items:
            value = self.expr(item.expr, scope)
            out.append(self.order_sql(value, item))
        return ", ".join(out)

    def order_sql(self, value: Typed, item: ast.Order) -> str:
        first = item.descending if item.nulls_first is None else item.nulls_first
        direction = "DESC" if item.descending else "ASC"
        return f"{self.comparable(value, value.type)} {direction} NULLS {'FIRST' if first else 'LAST'}"

    def subquery(self, query: ast.Query, scope: Scope) -> tuple[str, T]:
        raise NotImplementedError

    def window(self, window: ast.Window, scope: Scope, frame: str = "") -> str:
        """The OVER clause; `frame` is the one that holds where the query names none."""
        self.context.repeatable = False  # ties in the order may fall otherwise next time
        parts = []
        if window.partition:
            keys = [self.expr(key, scope) for key in window.partition]
            parts.append("PARTITION BY " + ", ".join(self.comparable(key, key.type) for key in keys))
        if window.order:
            parts.append("ORDER BY " + self.order(window.order, scope))
        if window.frame or frame:
            parts.append(window.frame or frame)
        return " OVER (" + " ".join(parts) + ")"

    def null(self, node: ast.Null, scope: Scope) -> Typed:
        return Typed("NULL", NULL)

    def bool(self, node: ast.Bool, scope: Scope) -> Typed:
        return Typed("TRUE" if node.value else "FALSE", BOOLEAN)

    def column(self, node: ast.Column, scope: Scope) -> Typed:
        return scope.resolve(node.parts)

    def field(self, node: ast.Field, scope: Scope) -> Typed:
        sources = [s for s in scope.sources if node.alias is None or s.alias == node.alias]
        if len(sources) != 1:
            raise compilation(f"invalid identifier '${node.number}'", 904)
        columns = [c for c in sources[0].columns if not c.name.startswith("METADATA$")]
        if not 1 <= node.number <= len(columns):
            raise compilation(f"invalid identifier '${node.number}'", 904)
        column = columns[node.number - 1]
        return Typed(f'{sources[0].duck}."{column.duck}"', column.type)

    def number(self, node: ast.Number, scope: Scope) -> Typed:
        text = node.text
        if "e" in text.lower():
            return Typed(f"CAST('{text}' AS DOUBLE)", FLOAT)
        whole, _, fraction = text.lstrip("-").partition(".")
        precision = max(len(whole.lstrip("0")) + len(fraction), len(fraction), 1)
        if precision > 38 or len(fraction) > 37:
            raise compilation(f"Numeric value '{text[:80]}' is out of range", 100039, "22003")
        type_ = T("NUMBER", precision, len(fraction))
        return Typed(f"CAST('{text}' AS {type_.stored})", type_)

    def text(self, node: ast.Text, scope: Scope) -> Typed:
        return Typed(literal(node.value), T("VARCHAR", max(len(node.value), 1)), node.value)

    def unary(self, node: ast.Unary, scope: Scope) -> Typed:
        if node.op == "NOT":
            return Typed(f"(NOT {self.condition(node.operand, scope)})", BOOLEAN)
        value = self.expr(node.operand, scope)
        if value.type.kind not in ("NUMBER", "FLOAT"):
            value = Typed(self.convert(value, T("NUMBER", 38, 5)), T("NUMBER", 38, 5))
        return Typed(f"(-{value.sql})", value.type)

    def binary(self, node: ast.Binary, scope: Scope) -> Typed:
        op = node.op
        if op in ("AND", "OR"):
            return Typed(f"({self.condition(node.left, scope)} {op} {self.condition(node.right, scope)})", BOOLEAN)
        left, right = self.expr(node.left, scope), self.expr(node.right, scope)
        if op == "||":
            if "BINARY" in (left.type.kind, right.type.kind):
                raise Unsupported("concatenation of BINARY")
            return Typed(f"({self.convert(left, TEXT)} || {self.convert(right, TEXT)})", TEXT)
        if op in ("+", "-", "*", "/", "%"):
            return self.arithmetic(op, left, right)
        return Typed(self.compare(op, left, right), BOOLEAN)

    def compare(self, op: str, left: Typed, right: Typed) -> str:
        shared = common_type([left.type, right.type])
        if shared.kind == "NUMBER" and left.type.kind == right.type.kind == "NUMBER":
            return f"({left.sql} {op} {right.sql})"
        return f"({self.comparable(left, shared)} {op} {self.comparable(right, shared)})"

    def arithmetic(self, op: str, left: Typed, right: Typed) -> Typed:
        kinds = {left.type.kind, right.type.kind}
        if "DATE" in kinds and op in "+-":
            return self._date_arithmetic(op, left, right)
        if "FLOAT" in kinds:
            a, b = self.convert(left, FLOAT), self.convert(right, FLOAT)
            if op in "/%":
                zero = fail(100051, "22012", "'Division by zero'", "DOUBLE")
                a = f"CASE WHEN {b} = 0 THEN {zero} ELSE {a} END"
            return Typed(f"({a} {op} {b})", FLOAT)
        return _decimal(op, self._as_number(left), self._as_number(right))

    def _as_number(self, value: Typed) -> Typed:
        if value.type.kind == "NUMBER":
            return value
        if value.type.kind not in ("VARCHAR", "VARIANT", "NULL"):
            raise compilation(f"Invalid argument types for function: ({value.type})", 1044, "42P13")
        to = T("NUMBER", 18, 5)
        return Typed(self.convert(value, to), to)

    def _date_arithmetic(self, op: str, left: Typed, right: Typed) -> Typed:
        if left.type.kind == right.type.kind == "DATE" and op == "-":
            return Typed(f"CAST({left.sql} - {right.sql} AS DECIMAL(9,0))", number(9, 0))
        if left.type.kind != "DATE" or right.type.kind != "NUMBER":
            raise Unsupported(f"{left.type.kind} {op} {right.type.kind}")
        return Typed(f"({left.sql} {op} CAST({right.sql} AS INTEGER))", left.type)

    def is_null(self, node: ast.IsNull, scope: Scope) -> Typed:
        value = self.expr(node.operand, scope)
        return Typed(f"({value.sql} IS {'NOT ' if node.negated else ''}NULL)", BOOLEAN)

    def in_list(self, node: ast.InList, scope: Scope) -> Typed:
        values = [self.expr(one, scope) for one in (node.operand, *node.options)]
        shared = common_type([value.type for value in values])
        first, *rest = (self.comparable(value, shared) for value in values)
        return Typed(f"({first} {'NOT ' if node.negated else ''}IN ({', '.join(rest)}))", BOOLEAN)

    def in_query(self, node: ast.InQuery, scope: Scope) -> Typed:
        value = self.expr(node.operand, scope)
        sql, type_ = self.subquery(node.query, scope)
        inner = Typed("q.c", type_)
        shared = common_type([value.type, type_])
        column = f"SELECT {self.comparable(inner, shared)} FROM ({sql}) q(c)"
        word = "NOT IN" if node.negated else "IN"
        return Typed(f"({self.comparable(value, shared)} {word} ({column}))", BOOLEAN)

    def between(self, node: ast.Between, scope: Scope) -> Typed:
        low = ast.Binary(">=", node.operand, node.low)
        high = ast.Binary("<=", node.operand, node.high)
        both = self.expr(ast.Binary("AND", low, high), scope).sql
        return Typed(f"(NOT {both})" if node.negated else both, BOOLEAN)

    def like(self, node: ast.Like, scope: Scope) -> Typed:
        value = self.convert(self.expr(node.operand, scope), TEXT)
        pattern = self.convert(self.expr(node.pattern, scope), TEXT)
        if node.op == "RLIKE":
            sql = f"regexp_full_match({value}, {pattern})"
        else:
            sql = f"({value} {node.op} {pattern}"
            sql += f" ESCAPE {self.convert(self.expr(node.escape, scope), TEXT)})" if node.escape else ")"
        return Typed(f"(NOT {sql})" if node.negated else sql, BOOLEAN)

    def case(self, node: ast.Case, scope: Scope) -> Typed:
        results = [self.expr(result, scope) for _, result in node.branches]
        default = self.expr(node.default, scope) if node.default else Typed("NULL", NULL)
        type_ = common_type([*(r.type for r in results), default.type])
        sql = "CASE"
        for (condition, _), result in zip(node.branches, results, strict=True):
            test = condition if node.operand is None else ast.Binary("=", node.operand, condition)
            sql += f" WHEN {self.condition(test, scope)} THEN {self.convert(result, type_)}"
        return Typed(f"{sql} ELSE {self.convert(default, type_)} END", type_)

    def cast(self, node: ast.Cast, scope: Scope) -> Typed:
        value = self.expr(node.operand, scope)
        if node.attempt and value.type.kind not in ("VARCHAR", "NULL"):
            raise compilation(f"invalid type [TRY_CAST({value.type.kind} AS {node.type})]", 1065, "22023")
        sql = self.convert(value, node.type)
        if node.type.kind == "VARCHAR" and node.type.size < TEXT.size:
            sql = fit_text(sql, node.type)
        return Typed(f"TRY({sql})" if node.attempt else f"({sql})", node.type)

    def path(self, node: ast.Path, scope: Scope) -> Typed:
        value = self.expr(node.operand, scope)
        if value.type.kind not in SEMI:
            raise compilation(f"Invalid argument types for function 'GET': ({value.type})", 1044, "42P13")
        sql = value.sql
        for step in node.steps:
            key = f"#{step}" if isinstance(step, int) else f".{step}"
            sql = f"sf_get({sql}, {literal(key)})"
        return Typed(sql, VARIANT)

    def exists(self, node: ast.Exists, scope: Scope) -> Typed:
        return Typed(f"EXISTS ({self.subquery(node.query, scope)[0]})", BOOLEAN)

    def scalar(self, node: ast.Scalar, scope: Scope) -> Typed:
        sql, type_ = self.subquery(node.query, scope)
        return Typed(f"({sql})", type_)

    def call(self, node: ast.Call, scope: Scope) -> Typed:
        function = self.functions.get(node.name)
        if function is None:
            raise compilation(f"Unknown function {node.name}", 2141, "42601")
        if node.ignore_nulls and node.name not in ("LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"):
            raise Unsupported(f"{node.name} with IGNORE NULLS")
        return function(self, node, scope)


def _decimal(op: str, a: Typed, b: Typed) -> Typed:
    """Exact arithmetic; result types by the documented rules of Snowflake's operators.

    https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    """
    whole = (a.type.size - a.type.scale, b.type.size - b.type.scale)
    if op in "+-":
        scale = max(a.type.scale, b.type.scale)
        to = number(max(whole) + scale + 1, scale)
        return Typed(f"CAST(CAST({a.sql} AS {to.stored}) {op} CAST({b.sql} AS {to.stored}) AS {to.stored})", to)
    if op == "*":
        scale = min(a.type.scale + b.type.scale, max(a.type.scale, b.type.scale, 12))
        to = number(sum(whole) + scale, scale)
        return Typed(f"CAST({a.sql} * {b.sql} AS {to.stored})", to)
    if op == "/":
        scale = max(a.type.scale, min(a.type.scale + 6, 12))
        to = number(whole[0] + b.type.scale + scale, scale)
        quotient = f"sf_divide(CAST({a.sql} AS VARCHAR), CAST({b.sql} AS VARCHAR), '{scale}')"
        return Typed(f"CAST({quotient} AS {to.stored})", to)
    scale = max(a.type.scale, b.type.scale)
    to = number(max(whole) + scale, scale)
    zero = fail(100051, "22012", "'Division by zero'", a.type.stored)
    return Typed(f"CAST(CASE WHEN {b.sql} = 0 THEN {zero} ELSE {a.sql} END % {b.sql} AS {to.stored})", to)


_METHODS: dict[type, str] = {
    ast.Null: "null", ast.Bool: "bool", ast.Number: "number", ast.Text: "text", ast.Column: "column", ast.Field:
    "field", ast.Unary: "unary", ast.Binary: "binary", ast.IsNull: "is_null", ast.InList: "in_list", ast.InQuery:
    "in_query", ast.Between: "between", ast.Like: "like", ast.Case: "case", ast.Cast: "cast", ast.Path: "path",
    ast.Exists: "exists", ast.Scalar: "scalar", ast.Call: "call",
}  # fmt: skip
