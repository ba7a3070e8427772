"""Queries of Snowflake SQL: WITH, SELECT, VALUES, set operations, joins, stages in FROM."""

from __future__ import annotations

from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.lexer import NAME, QUOTED, STAGE, STRING
from local_warehouse.snowflake.grammar.parser import ExpressionParser
from local_warehouse.snowflake.grammar.reserved import NO_BARE_ALIAS, NO_RELATION


class QueryParser(ExpressionParser):
    def query(self) -> ast.Query:
        with_: list[tuple[str, list[str], ast.Query]] = []
        if self.words("WITH"):
            if self.is_word("RECURSIVE"):
                raise self.error()
            with_.append(self._cte())
            while self.op(","):
                with_.append(self._cte())
        query = self._set_operation()
        query.with_ = with_ + query.with_
        return query

    def _cte(self) -> tuple[str, list[str], ast.Query]:
        name = self.identifier()
        columns = self.names() if self.is_op("(") else []
        self.need("AS")
        self.need_op("(")
        query = self.query()
        self.need_op(")")
        return name, columns, query

    def _set_operation(self) -> ast.Query:
        left = self._intersection()
        while self.is_word("UNION", "EXCEPT", "MINUS"):
            op = self.next().value.replace("MINUS", "EXCEPT")
            if op == "UNION" and self.words("ALL"):
                op = "UNION ALL"
            left = ast.Query(ast.SetOperation(op, left, self._intersection()))
        self._tail(left)
        return left

    def _intersection(self) -> ast.Query:
        left = self._term()
        while self.words("INTERSECT"):
            left = ast.Query(ast.SetOperation("INTERSECT", left, self._term()))
        return left

    def _term(self) -> ast.Query:
        if self.op("("):
            inner = self.query()
            self.need_op(")")
            return ast.Query(ast.Select([ast.Item(ast.Star(), None, "*")], source=ast.Derived(inner)))
        if self.words("VALUES"):
            return ast.Query(ast.Rows(self.value_rows()))
        return ast.Query(self._select())

    def _tail(self, query: ast.Query) -> None:
        if self.words("ORDER", "BY"):
            query.order = self.order_items()
        if self.words("LIMIT"):
            query.limit = None if self.words("NULL") else self.expression()
            if self.words("OFFSET"):
                query.offset = self.expression()
        if self.is_word("FETCH", "FOR"):
            raise self.error()

    def value_rows(self) -> list[list[ast.Expr]]:
        rows: list[list[ast.Expr]] = []
        while True:
            self.need_op("(")
            row = [self.expression()]
            while self.op(","):
                row.append(self.expression())
            self.need_op(")")
            rows.append(row)
            if not self.op(","):
                return rows

    def _select(self) -> ast.Select:
        self.need("SELECT")
        select = ast.Select([], distinct=self.words("DISTINCT"))
        if not select.distinct:
            self.words("ALL")
        if self.is_word("TOP"):
            raise self.error()
        select.items.append(self._item())
        while self.op(","):
            select.items.append(self._item())
        if self.words("FROM"):
            select.source = self.relations()
        if self.words("WHERE"):
            select.where = self.expression()
        if self.words("GROUP", "BY"):
            if self.is_word("ROLLUP", "CUBE", "GROUPING"):
                raise self.error()
            select.group_all = self.words("ALL")
            if not select.group_all:
                select.group.append(self.expression())
            while not select.group_all and self.op(","):
                select.group.append(self.expression())
        if self.words("HAVING"):
            select.having = self.expression()
        if self.words("QUALIFY"):
            select.qualify = self.expression()
        return select

    def _item(self) -> ast.Item:
        start = self.token.at
        expr = self.expression()
        text = self.text[start : self.all[self.at - 1].end]
        return ast.Item(expr, self.alias(), text)

    def alias(self) -> str | None:
        if self.words("AS"):
            return self.identifier()
        token = self.token
        if token.kind == QUOTED or (token.kind == NAME and token.value not in NO_BARE_ALIAS):
            return self.identifier()
        return None

    def relations(self) -> ast.Relation:
        left = self._joined()
        while self.op(","):
            left = ast.Join("CROSS", left, self._joined(), None, [])
        return left

    def _joined(self) -> ast.Relation:
        left = self.relation()
        while True:
            kind = self._join_kind()
            if kind is None:
                return left
            right = self.relation()
            on: ast.Expr | None = None
            using: list[str] = []
            if self.words("ON"):
                on = self.expression()
            elif self.words("USING"):
                using = self.names()
            elif kind != "CROSS":
                raise self.error()
            left = ast.Join(kind, left, right, on, using)

    def _join_kind(self) -> str | None:
        if self.words("JOIN") or self.words("INNER", "JOIN"):
            return "INNER"
        if self.words("CROSS", "JOIN"):
            return "CROSS"
        for side in ("LEFT", "RIGHT", "FULL"):
            if self.words(side, "OUTER", "JOIN") or self.words(side, "JOIN"):
                return side
        return None

    def relation(self) -> ast.Relation:
        if self.token.kind == STAGE or (self.token.kind == STRING and self.token.value.startswith("@")):
            return self._staged()
        if self.op("("):
            if self.is_word("SELECT", "WITH", "VALUES"):
                query = self.query()
                self.need_op(")")
                alias = self.alias()
                return ast.Derived(query, alias, self.names() if alias and self.is_op("(") else [])
            inner = self.relations()
            self.need_op(")")
            return inner
        if self.words("VALUES"):
            query = ast.Query(ast.Rows(self.value_rows()))
            alias = self.alias()
            return ast.Derived(query, alias, self.names() if alias and self.is_op("(") else [])
        if self.is_word("TABLE", "LATERAL") and (self.is_op("(", 1) or self.ahead().value == "FLATTEN"):
            return self._table_call()
        if self.is_word(*NO_RELATION):
            raise self.error()
        table = ast.Table(self.qualified())
        if self.is_op("("):
            raise self.error()
        table.alias = self.alias()
        if table.alias and self.is_op("("):
            table.column_aliases = self.names()
        return table

    def _table_call(self) -> ast.Relation:
        lateral = self.next().value == "LATERAL"
        if not lateral:
            self.need_op("(")
        call = self.expression()
        if not isinstance(call, ast.Call):
            raise self.error()
        if not lateral:
            self.need_op(")")
        return ast.TableCall(call, self.alias())

    def _staged(self) -> ast.Relation:
        staged = ast.Staged(self.next().value, {})
        if self.op("("):
            while True:
                key = self.identifier()
                self.need_op("=>")
                token = self.token
                if token.kind == STRING:
                    staged.options[key] = self.string()
                else:
                    start = token.at
                    self.qualified()
                    staged.options[key] = self.text[start : self.all[self.at - 1].end]
                if not self.op(","):
                    break
            self.need_op(")")
        staged.alias = self.alias()
        return staged
