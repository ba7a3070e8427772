"""Queries: ast to one DuckDB SELECT with named, typed output columns."""

from __future__ import annotations

from local_warehouse.snowflake.bind import conversions, dates, semi
from local_warehouse.snowflake.bind.aggregates import has_aggregate
from local_warehouse.snowflake.bind.binder import Binder, common_type
from local_warehouse.snowflake.bind.casts import fit_text
from local_warehouse.snowflake.bind.functions import FUNCTIONS
from local_warehouse.snowflake.bind.relations import Relations
from local_warehouse.snowflake.bind.scope import Bound, OutColumn, Scope, Source, Typed
from local_warehouse.snowflake.bind.session import Context
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.store.catalog import ColumnDef
from local_warehouse.snowflake.values.types import SEMI, T


class QueryBinder(Binder, Relations):
    """Binds whole queries."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.functions = FUNCTIONS
        self.ctes: list[dict[str, Bound]] = []

    loading = False  # COPY words the error of a text that is too long in its own way

    def assign(self, value: Typed, column: ColumnDef) -> str:
        """SQL of a value as it enters a column: converted, and refused if it is too long."""
        to = column.type
        if value.type.kind == "VARCHAR" and to.kind in (*SEMI, "BINARY"):
            raise compilation(
                f"Expression type does not match column data type, expecting {to} but got {value.type} "
                f"for column {column.name}",
                2023,
                "22000",
            )
        sql = self.convert(value, to)
        if to.kind == "VARCHAR" and not (value.type.kind == "VARCHAR" and value.type.size <= to.size):
            return fit_text(sql, to, self.loading)
        return sql

    def subquery(self, query: ast.Query, scope: Scope) -> tuple[str, T]:
        bound = self.bind(query, scope)
        if len(bound.columns) != 1:
            raise compilation("Invalid argument types for a subquery: it must have one column", 1044, "42P13")
        return bound.sql, bound.columns[0].type

    def bind(self, query: ast.Query, outer: Scope | None = None) -> Bound:
        level: dict[str, Bound] = {}
        self.ctes.append(level)
        try:
            for name, columns, inner in query.with_:
                bound = self.bind(inner, outer)
                if columns:
                    bound = _renamed(bound, columns)
                level[name] = bound
            return self._body(query, outer)
        finally:
            self.ctes.pop()

    def _body(self, query: ast.Query, outer: Scope | None) -> Bound:
        if isinstance(query.body, ast.Select):
            return self._select(query.body, query, outer)
        bound = self._rows(query.body) if isinstance(query.body, ast.Rows) else self._set(query.body, outer)
        if not query.order and query.limit is None:
            return bound
        alias = self.context.name("s")
        scope = Scope([Source("", alias, bound.columns)], outer)
        sql = f"SELECT * FROM ({bound.sql}) {alias}" + self._tail(query, scope, bound.columns)
        return Bound(sql, bound.columns)

    def _rows(self, rows: ast.Rows) -> Bound:
        scope = Scope()
        values = [[self.expr(one, scope) for one in row] for row in rows.rows]
        width = len(values[0])
        if any(len(row) != width for row in values):
            raise compilation("Invalid expression in VALUES clause: rows differ in length", 2014, "22000")
        types = [common_type([row[i].type for row in values]) for i in range(width)]
        lines = [
            "(" + ", ".join(self.convert(value, type_) for value, type_ in zip(row, types, strict=True)) + ")"
            for row in values
        ]
        columns = [OutColumn(f"COLUMN{i + 1}", self.context.name("o"), type_) for i, type_ in enumerate(types)]
        names = ", ".join(column.duck for column in columns)
        return Bound(f"SELECT * FROM (VALUES {', '.join(lines)}) v({names})", columns)

    def _set(self, operation: ast.SetOperation, outer: Scope | None) -> Bound:
        left, right = self.bind(operation.left, outer), self.bind(operation.right, outer)
        if len(left.columns) != len(right.columns):
            raise compilation("invalid number of result columns for set operator input branches", 2057, "42601")
        columns: list[OutColumn] = []
        sides: list[list[str]] = [[], []]
        for a, b in zip(left.columns, right.columns, strict=True):
            type_ = common_type([a.type, b.type])
            if operation.op != "UNION ALL" and (type_.kind in SEMI or type_.kind == "TIMESTAMP_TZ"):
                raise Unsupported(f"{operation.op} of {type_.kind} values")
            out = OutColumn(a.name, self.context.name("o"), type_)
            for side, column in zip(sides, (a, b), strict=True):
                side.append(f"{self.convert(Typed(column.duck, column.type), type_)} AS {out.duck}")
            columns.append(out)
        halves = [
            f"SELECT {', '.join(side)} FROM ({bound.sql}) x" for side, bound in zip(sides, (left, right), strict=True)
        ]
        return Bound(f" {operation.op} ".join(halves), columns)

    def _select(self, select: ast.Select, query: ast.Query, outer: Scope | None) -> Bound:
        scope = Scope(outer=outer)
        source = ""
        if select.source is not None:
            if isinstance(select.source, ast.Table) and select.where is not None:
                scope.demanded = _demanded(select.where)
            source = " FROM " + self.relation(select.source, scope)
        values: list[Typed] = []
        columns: list[OutColumn] = []
        for item in select.items:
            for name, value in self._item(item, scope):
                values.append(value)
                columns.append(OutColumn(name, self.context.name("o"), value.type))
                if item.alias:
                    scope.aliases.setdefault(item.alias, Typed(f"({value.sql})", value.type))
        if select.distinct and any(v.type.kind in SEMI or v.type.kind == "TIMESTAMP_TZ" for v in values):
            raise Unsupported("DISTINCT over VARIANT or TIMESTAMP_TZ values")
        listed = ", ".join(f"{value.sql} AS {column.duck}" for value, column in zip(values, columns, strict=True))
        sql = f"SELECT {'DISTINCT ' if select.distinct else ''}{listed}{source}"
        if select.where is not None:
            _no_aggregate(select.where, "WHERE")
            sql += f" WHERE {self.condition(select.where, scope)}"
        groups = self._groups(select, values, scope)
        if groups:
            sql += f" GROUP BY {', '.join(groups)}"
        if select.having is not None:
            sql += f" HAVING {self.condition(select.having, scope)}"
        if select.qualify is not None:
            if not ast.has_window([select.qualify, *(item.expr for item in select.items)]):
                raise compilation("QUALIFY clause requires at least one window function", 2303, "42601")
            sql += f" QUALIFY {self.condition(select.qualify, scope)}"
        return Bound(sql + self._tail(query, scope, columns), columns)

    def _item(self, item: ast.Item, scope: Scope) -> list[tuple[str, Typed]]:
        if isinstance(item.expr, ast.Star):
            wanted = [
                (column.name, Typed(f'{source.duck}."{column.duck}"', column.type))
                for source, column in scope.star(item.expr.table)
                if not column.name.startswith("METADATA$")
            ]
            missing = set(item.expr.exclude) - {name for name, _ in wanted}
            if missing:
                raise compilation(f"column {min(missing)} in EXCLUDE does not exist", 904)
            return [(name, value) for name, value in wanted if name not in item.expr.exclude]
        value = self.expr(item.expr, scope)
        name = item.alias or (item.expr.parts[-1] if isinstance(item.expr, ast.Column) else item.text.upper())
        return [(name, value)]

    def _groups(self, select: ast.Select, values: list[Typed], scope: Scope) -> list[str]:
        if not select.group_all:
            return [self._group(node, values, scope) for node in select.group]
        if any(isinstance(item.expr, ast.Star) for item in select.items):
            raise Unsupported("GROUP BY ALL of *")
        positions = [i + 1 for i, item in enumerate(select.items) if not has_aggregate(item.expr)]
        return [self._group(ast.Number(str(i)), values, scope) for i in positions]

    def _group(self, node: ast.Expr, values: list[Typed], scope: Scope) -> str:
        if isinstance(node, ast.Number) and node.text.isdigit():
            at = int(node.text)
            if not 1 <= at <= len(values):
                raise compilation(f"GROUP BY position {at} is not in the select list", 1100)
            value = values[at - 1]
        else:
            value = self.expr(node, scope)
        if value.type.kind in SEMI or value.type.kind == "TIMESTAMP_TZ":
            raise Unsupported(f"GROUP BY of {value.type.kind} values")
        return value.sql

    def _tail(self, query: ast.Query, scope: Scope, columns: list[OutColumn]) -> str:
        sql = ""
        if query.order:
            sql += " ORDER BY " + ", ".join(self._order(item, scope, columns) for item in query.order)
        if query.limit is not None:
            self.context.repeatable = False
            sql += f" LIMIT {self._count(query.limit)}"
            if query.offset is not None:
                sql += f" OFFSET {self._count(query.offset)}"
        return sql

    def _count(self, node: ast.Expr) -> str:
        if not isinstance(node, ast.Number) or not node.text.isdigit():
            raise compilation("Invalid row count in LIMIT or OFFSET", 1003)
        return node.text

    def _order(self, item: ast.Order, scope: Scope, columns: list[OutColumn]) -> str:
        node = item.expr
        if isinstance(node, ast.Number) and node.text.isdigit():
            if not 1 <= int(node.text) <= len(columns):
                raise compilation(f"ORDER BY position {node.text} is not in the select list", 1100)
            column = columns[int(node.text) - 1]
            return self.order_sql(Typed(column.duck, column.type), item)
        if isinstance(node, ast.Column) and len(node.parts) == 1:
            named = [column for column in columns if column.name == node.parts[0]]
            if len(named) == 1:
                return self.order_sql(Typed(named[0].duck, named[0].type), item)
        return self.order_sql(self.expr(node, scope), item)


def _demanded(where: ast.Expr) -> dict[str, str]:
    """The columns that must equal a text for a row to pass, with that text."""
    if not isinstance(where, ast.Binary):
        return {}
    if where.op == "AND":
        return {**_demanded(where.left), **_demanded(where.right)}
    column, text = where.left, where.right
    if where.op == "=" and isinstance(column, ast.Column) and len(column.parts) == 1 and isinstance(text, ast.Text):
        return {column.parts[0]: text.value}
    return {}


def _no_aggregate(node: ast.Expr, clause: str) -> None:
    if has_aggregate(node):
        raise compilation(f"Invalid aggregate function in {clause.lower()} clause", 2076, "42601")


def _renamed(bound: Bound, names: list[str]) -> Bound:
    if len(names) != len(bound.columns):
        raise compilation(f"expected {len(bound.columns)} column names, got {len(names)}", 2053, "42601")
    columns = [OutColumn(name, c.duck, c.type, c.nullable) for name, c in zip(names, bound.columns, strict=True)]
    return Bound(bound.sql, columns)


__all__ = ["QueryBinder", "conversions", "dates", "semi"]
