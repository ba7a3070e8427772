"""Expressions of Snowflake SQL: tokens to ast, by precedence climbing."""

from __future__ import annotations

from local_warehouse.snowflake.errors import Unsupported
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.cursor import Cursor
from local_warehouse.snowflake.grammar.lexer import DOLLAR, NAME, NUMBER, OP, QUOTED, STRING, Token
from local_warehouse.snowflake.grammar.reserved import NO_COLUMN_REFERENCE, RESERVED
from local_warehouse.snowflake.values.types import make_type

_COMPARISONS = {"=", "<>", "!=", "<", ">", "<=", ">="}
# Words that end an expression or a relation, so they are never taken for an alias.
_NO_CALL = {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER"}


class ExpressionParser(Cursor):
    """Expressions; the query parser adds subqueries."""

    def query(self) -> ast.Query:
        raise NotImplementedError

    def expression(self) -> ast.Expr:
        left = self._and()
        while self.words("OR"):
            left = ast.Binary("OR", left, self._and())
        return left

    def _and(self) -> ast.Expr:
        left = self._not()
        while self.words("AND"):
            left = ast.Binary("AND", left, self._not())
        return left

    def _not(self) -> ast.Expr:
        if self.words("NOT"):
            return ast.Unary("NOT", self._not())
        return self._comparison()

    def _comparison(self) -> ast.Expr:
        left = self._additive()
        while True:
            token = self.token
            if token.kind == OP and token.value in _COMPARISONS:
                self.at += 1
                op = "<>" if token.value == "!=" else token.value
                left = ast.Binary(op, left, self._additive())
            elif self.words("IS"):
                left = self._is(left)
            else:
                negated = self.is_word("NOT") and self.ahead().value in ("IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE")
                if negated:
                    self.at += 1
                if self.words("IN"):
                    left = self._in(left, negated)
                elif self.words("BETWEEN"):
                    low = self._additive()
                    self.need("AND")
                    left = ast.Between(left, low, self._additive(), negated)
                elif self.is_word("LIKE", "ILIKE", "RLIKE"):
                    op = self.next().value
                    if self.is_word("ANY", "ALL"):
                        raise self.error()
                    pattern = self._additive()
                    escape = self._additive() if self.words("ESCAPE") else None
                    left = ast.Like(op, left, pattern, escape, negated)
                else:
                    return left

    def _is(self, left: ast.Expr) -> ast.Expr:
        negated = self.words("NOT")
        if self.words("NULL"):
            return ast.IsNull(left, negated)
        if self.words("DISTINCT", "FROM"):
            same: ast.Expr = ast.Call("EQUAL_NULL", [left, self._additive()])
            return same if negated else ast.Unary("NOT", same)
        if self.is_word("TRUE", "FALSE"):
            wanted = ast.Bool(self.next().value == "TRUE")
            same = ast.Call("EQUAL_NULL", [left, wanted])
            return ast.Unary("NOT", same) if negated else same
        raise self.error()

    def _in(self, left: ast.Expr, negated: bool) -> ast.Expr:
        self.need_op("(")
        if self.is_word("SELECT", "WITH"):
            query = self.query()
            self.need_op(")")
            return ast.InQuery(left, query, negated)
        options = [self.expression()]
        while self.op(","):
            options.append(self.expression())
        self.need_op(")")
        return ast.InList(left, options, negated)

    def _additive(self) -> ast.Expr:
        left = self._multiplicative()
        while op := self.op("+", "-", "||"):
            left = ast.Binary(op, left, self._multiplicative())
        return left

    def _multiplicative(self) -> ast.Expr:
        left = self._unary()
        while op := self.op("*", "/", "%"):
            left = ast.Binary(op, left, self._unary())
        return left

    def _unary(self) -> ast.Expr:
        if op := self.op("-", "+"):
            operand = self._unary()
            if isinstance(operand, ast.Number):
                return ast.Number(operand.text if op == "+" else f"-{operand.text}".replace("--", ""))
            return operand if op == "+" else ast.Unary("-", operand)
        return self._postfix(self._primary())

    def _postfix(self, expr: ast.Expr) -> ast.Expr:
        while True:
            if self.op("::"):
                expr = ast.Cast(expr, self.type())
            elif self.is_op(":") and self.ahead().kind in (NAME, QUOTED):
                self.at += 1
                steps: list[str | int] = [self._key()]
                while self.op("."):
                    steps.append(self._key())
                expr = ast.Path(expr, steps)
            elif self.op("["):
                step: str | int = self.string() if self.token.kind == STRING else self.integer()
                self.need_op("]")
                steps = [step]
                while self.op("."):
                    steps.append(self._key())
                expr = ast.Path(expr, steps)
            else:
                return expr

    def _key(self) -> str:
        token = self.next()
        if token.kind == NAME:
            return self.text[token.at : token.end]  # keys keep the case they are written in
        if token.kind == QUOTED:
            return token.value
        raise self.error(token)

    def _primary(self) -> ast.Expr:
        token = self.next()
        if token.kind == NUMBER:
            return ast.Number(token.value)
        if token.kind == STRING:
            return ast.Text(token.value)
        if token.kind == DOLLAR:
            return ast.Field(int(token.value[1:]))
        if token.kind == OP and token.value == "(":
            return self._parenthesis()
        if token.kind == OP and token.value == "*":
            return self._star(None)
        if token.kind == QUOTED:
            return self._column(token)
        if token.kind == NAME:
            return self._word(token)
        raise self.error(token)

    def _parenthesis(self) -> ast.Expr:
        if self.is_word("SELECT", "WITH"):
            query = self.query()
            self.need_op(")")
            return ast.Scalar(query)
        inner = self.expression()
        if self.is_op(","):
            raise self.error()
        self.need_op(")")
        return inner

    def _star(self, table: str | None) -> ast.Expr:
        exclude: list[str] = []
        if self.words("EXCLUDE"):
            exclude = self.names() if self.is_op("(") else [self.identifier()]
        return ast.Star(table, exclude)

    def _word(self, token: Token) -> ast.Expr:
        word = token.value
        if word == "NULL":
            return ast.Null()
        if word in ("TRUE", "FALSE"):
            return ast.Bool(word == "TRUE")
        if word == "CASE":
            return self._case()
        if word in ("CAST", "TRY_CAST") and self.op("("):
            operand = self.expression()
            self.need("AS")
            cast = ast.Cast(operand, self.type(), word == "TRY_CAST")
            self.need_op(")")
            return cast
        if word == "EXISTS" and self.op("("):
            query = self.query()
            self.need_op(")")
            return ast.Exists(query)
        if word == "EXTRACT" and self.op("("):
            part = self.next().value
            self.need("FROM")
            operand = self.expression()
            self.need_op(")")
            return ast.Call("DATE_PART", [ast.Text(part), operand])
        if word in ("DATE", "TIME", "TIMESTAMP") and self.token.kind == STRING:
            kind = self.timestamp if word == "TIMESTAMP" else word
            return ast.Cast(ast.Text(self.string()), make_type(kind, ()))
        if word == "X" and self.token.kind == STRING and self.token.at == token.end:
            return ast.Call("TO_BINARY", [ast.Text(self.string()), ast.Text("HEX")])
        if word == "INTERVAL":
            raise self.error(token)
        if self.is_op("("):
            return self._call(word)
        if word in _NO_CALL:
            return ast.Call(word, [])
        if word in RESERVED or word in NO_COLUMN_REFERENCE:
            raise self.error(token)
        return self._column(token)

    def _column(self, token: Token) -> ast.Expr:
        parts = [token.value]
        while self.is_op("."):
            self.at += 1
            if self.op("*"):
                return self._star(parts[-1])
            if self.token.kind == DOLLAR:
                return ast.Field(int(self.next().value[1:]), parts[-1])
            parts.append(self.identifier())
        if len(parts) > 1 and self.is_op("("):
            return self._call(".".join(parts))
        return ast.Column(parts, token.kind == QUOTED)

    def _case(self) -> ast.Expr:
        operand = None if self.is_word("WHEN") else self.expression()
        branches: list[tuple[ast.Expr, ast.Expr]] = []
        while self.words("WHEN"):
            condition = self.expression()
            self.need("THEN")
            branches.append((condition, self.expression()))
        default = self.expression() if self.words("ELSE") else None
        self.need("END")
        return ast.Case(operand, branches, default)

    def _call(self, name: str) -> ast.Expr:
        self.need_op("(")
        call = ast.Call(name, [])
        call.distinct = self.words("DISTINCT")
        if self.is_op("*") and self.is_op(")", 1):
            self.at += 1
            call.star = True
        while not self.is_op(")"):
            if self.token.kind == NAME and self.is_op("=>", 1):
                key = self.identifier()
                self.need_op("=>")
                call.named[key] = self.expression()
            elif self.is_word("SELECT", "WITH"):
                call.args.append(ast.Scalar(self.query()))
            else:
                call.args.append(self.expression())
            if not self.op(","):
                break
        self.need_op(")")
        if self.words("WITHIN", "GROUP"):
            self.need_op("(")
            self.need("ORDER", "BY")
            call.within = self.order_items()
            self.need_op(")")
        call.ignore_nulls = self.words("IGNORE", "NULLS")
        if not call.ignore_nulls:
            self.words("RESPECT", "NULLS")
        if self.words("OVER"):
            call.over = self._window()
        return call

    def _window(self) -> ast.Window:
        self.need_op("(")
        window = ast.Window([], [])
        if self.words("PARTITION", "BY"):
            window.partition.append(self.expression())
            while self.op(","):
                window.partition.append(self.expression())
        if self.words("ORDER", "BY"):
            window.order = self.order_items()
        if self.is_word("ROWS", "RANGE"):
            if not window.order:  # functions-window-syntax: a frame needs a known order
                raise self.error()
            window.frame = self._frame()
        self.need_op(")")
        return window

    def _frame(self) -> str:
        unit = self.next().value
        bounds = []
        if self.words("BETWEEN"):
            bounds.append(self._bound())
            self.need("AND")
        bounds.append(self._bound())
        if unit == "RANGE" and any(bound[0].isdigit() for bound in bounds):
            raise Unsupported("RANGE with an offset")
        return f"{unit} BETWEEN {' AND '.join(bounds)}" if len(bounds) > 1 else f"{unit} {bounds[0]}"

    def _bound(self) -> str:
        if self.words("CURRENT", "ROW"):
            return "CURRENT ROW"
        amount = "UNBOUNDED" if self.words("UNBOUNDED") else str(self.integer())
        if not self.is_word("PRECEDING", "FOLLOWING"):
            raise self.error()
        return f"{amount} {self.next().value}"

    def order_items(self) -> list[ast.Order]:
        found: list[ast.Order] = []
        while True:
            expr = self.expression()
            descending = self.words("DESC")
            if not descending:
                self.words("ASC")
            first: bool | None = None
            if self.words("NULLS", "FIRST"):
                first = True
            elif self.words("NULLS", "LAST"):
                first = False
            found.append(ast.Order(expr, descending, first))
            if not self.op(","):
                return found
