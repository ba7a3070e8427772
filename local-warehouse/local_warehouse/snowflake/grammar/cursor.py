"""A place in the tokens of one statement, and the small things that every parser takes from it."""

from __future__ import annotations

from local_warehouse.snowflake.errors import SqlError, syntax
from local_warehouse.snowflake.grammar.lexer import END, NAME, NUMBER, OP, QUOTED, STRING, Token, position, tokens
from local_warehouse.snowflake.grammar.reserved import RESERVED
from local_warehouse.snowflake.values.types import T, make_type


class Cursor:
    """A place in the tokens of one statement."""

    def __init__(self, text: str, session_timestamp: str = "TIMESTAMP_NTZ", folds_quoted: bool = False) -> None:
        self.text = text
        self.all = tokens(text)
        if folds_quoted:  # QUOTED_IDENTIFIERS_IGNORE_CASE
            self.all = [t._replace(value=t.value.upper()) if t.kind == QUOTED else t for t in self.all]
        self.at = 0
        self.timestamp = session_timestamp  # what plain TIMESTAMP means (TIMESTAMP_TYPE_MAPPING)

    @property
    def token(self) -> Token:
        return self.all[self.at]

    def ahead(self, count: int = 1) -> Token:
        return self.all[min(self.at + count, len(self.all) - 1)]

    def next(self) -> Token:
        token = self.all[self.at]
        if token.kind != END:
            self.at += 1
        return token

    def error(self, token: Token | None = None) -> SqlError:
        token = token or self.token
        what = self.text[token.at : token.end] or "<EOF>"
        return syntax(what, *position(self.text, token.at))

    def is_word(self, *words: str) -> bool:
        token = self.all[self.at]
        return token.kind == NAME and token.value in words

    def words(self, *sequence: str) -> bool:
        """Take these words if they come next, all of them."""
        for offset, word in enumerate(sequence):
            token = self.ahead(offset)
            if token.kind != NAME or token.value != word:
                return False
        self.at += len(sequence)
        return True

    def op(self, *symbols: str) -> str | None:
        token = self.all[self.at]
        if token.kind == OP and token.value in symbols:
            self.at += 1
            return token.value
        return None

    def is_op(self, symbol: str, offset: int = 0) -> bool:
        token = self.ahead(offset)
        return token.kind == OP and token.value == symbol

    def need_op(self, symbol: str) -> None:
        if self.op(symbol) is None:
            raise self.error()

    def need(self, *sequence: str) -> None:
        if not self.words(*sequence):
            raise self.error()

    def identifier(self, barred: frozenset[str] = frozenset()) -> str:
        """A name; an unquoted one may not be a reserved word or one of `barred`."""
        token = self.next()
        if token.kind != QUOTED and (token.kind != NAME or token.value in RESERVED or token.value in barred):
            raise self.error(token)
        return token.value

    def string(self) -> str:
        token = self.next()
        if token.kind != STRING:
            raise self.error(token)
        return token.value

    def integer(self) -> int:
        token = self.next()
        if token.kind != NUMBER or not token.value.isdigit():
            raise self.error(token)
        return int(token.value)

    def qualified(self) -> list[str]:
        """`a`, `a.b`, `a.b.c`, `a..c` (the middle part is then empty)."""
        parts = [self.identifier()]
        while self.op("."):
            parts.append("" if self.is_op(".") else self.identifier())
        return parts

    def names(self) -> list[str]:
        """`(a, b, c)`."""
        self.need_op("(")
        found = [self.identifier()]
        while self.op(","):
            found.append(self.identifier())
        self.need_op(")")
        return found

    def finish(self) -> None:
        self.op(";")
        if self.token.kind != END:
            raise self.error()

    def type(self) -> T:
        name = self.identifier()
        if name == "DOUBLE" and self.words("PRECISION"):
            name = "DOUBLE PRECISION"
        elif name in ("CHAR", "NCHAR") and self.words("VARYING"):
            name += " VARYING"
        elif name == "TIMESTAMP":
            name = self.timestamp
            for words in (("WITHOUT", "TIME", "ZONE"), ("WITH", "LOCAL", "TIME", "ZONE"), ("WITH", "TIME", "ZONE")):
                if self.words(*words):
                    name = " ".join(("TIMESTAMP", *words))
                    break
        arguments: list[int] = []
        if self.op("("):
            arguments.append(self.integer())
            while self.op(","):
                arguments.append(self.integer())
            self.need_op(")")
        return make_type(name, tuple(arguments))
