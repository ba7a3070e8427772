"""What does MERGE mean in PostgreSQL?  Its two forms, with Redshift's restrictions.

Source: r_MERGE
"""

from __future__ import annotations

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token
from local_warehouse.redshift.postgres.connection import literal

OTHER_COMPARISONS = {"<", ">", "<>", "!=", "<=", ">=", "OR", "LIKE", "IN", "BETWEEN", "NOT"}


class Merge:
    """The parts of one MERGE statement, as texts for the backend."""

    def __init__(self, tokens: list[Token]) -> None:
        self.reader = Reader(tokens)
        if not self.reader.accept("MERGE"):
            raise syntax_error(self.reader.peek().text)
        self.reader.accept("INTO")
        self.target = self._name()
        if not self.reader.accept("USING"):
            raise syntax_error(self.reader.peek().text)
        self._source()
        if not self.reader.accept("ON"):
            raise syntax_error(self.reader.peek().text)
        self.condition = self._until("WHEN", "REMOVE")
        self.actions = self.reader.tokens[self.reader.at :]
        self._check()

    def _name(self) -> str:
        name = self.reader.next().text
        while self.reader.accept("."):
            name += "." + self.reader.next().text
        return name

    def _source(self) -> None:
        if self.reader.sees("("):
            inside = self.reader.group()
            if any(_same(token.text, self.target) for token in inside):
                raise RedshiftError("0A000", "Source view/subquery in Merge statement cannot reference target table.")
            self.source = "(" + " ".join(token.text for token in inside) + ")"
        else:
            self.source = self._name()
            if _same(self.source, self.target):
                raise RedshiftError("0A000", "Source and target of a MERGE statement cannot be the same table.")
        self.reader.accept("AS")
        self.alias = "" if self.reader.sees("ON") else self.reader.next().text

    def _until(self, *words: str) -> list[Token]:
        taken = []
        while not self.reader.ended() and self.reader.peek().word() not in words:
            taken.append(self.reader.next())
        return taken

    def _check(self) -> None:
        for token in self.condition:
            if token.kind != "string" and token.word() in OTHER_COMPARISONS:
                raise RedshiftError("0A000", "MERGE condition must consist of equal predicates")
        names = [token for token in (*self.condition, *self.actions) if token.kind == "operator" and token.text == "["]
        if names:
            raise RedshiftError("0A000", "Partial reference of SUPER column is not supported in MERGE statement.")

    @property
    def removes_duplicates(self) -> bool:
        return [token.word() for token in self.actions] == ["REMOVE", "DUPLICATES"]

    def check_actions(self) -> None:
        """Both WHEN clauses, each once, in this order, without further conditions."""
        reader = Reader(self.actions)
        for words, allowed in ((("MATCHED",), ("UPDATE", "DELETE")), (("NOT", "MATCHED"), ("INSERT",))):
            if not reader.accept("WHEN", *words, "THEN"):
                raise syntax_error(reader.peek().text or "end of input")
            if reader.peek().word() not in allowed:
                raise syntax_error(reader.peek().text)
            while not reader.ended() and not reader.sees("WHEN"):
                reader.next()
        if not reader.ended():
            raise syntax_error("when")

    def duplicate_statements(self) -> tuple[list[str], str]:
        """REMOVE DUPLICATES: what runs before, and the last statement."""
        if self.source.startswith("("):
            raise NotSupported("MERGE REMOVE DUPLICATES with a subquery")
        alias = self.alias or self.source
        condition = " ".join(token.text for token in self.condition).replace(" . ", ".")
        keys = self._source_keys(alias)
        check = ", ".join(literal(text) for text in (self.target, self.source, alias, condition, keys))
        delete = f"DELETE FROM {self.target} USING {self.source} AS {_last(alias)} WHERE {condition}"
        insert = f"INSERT INTO {self.target} SELECT * FROM {self.source}"
        return [f"SELECT pg_catalog.rs_check_merge({check})", delete], insert

    def _source_keys(self, alias: str) -> str:
        """The source's columns in the condition, comma-separated."""
        keys = []
        texts = [token.text for token in self.condition]
        for n in range(len(texts) - 2):
            if texts[n + 1] == "." and _same(texts[n], _last(alias)):
                keys.append(f"{_last(alias)}.{texts[n + 2]}")
        if not keys:
            raise NotSupported("MERGE REMOVE DUPLICATES whose condition does not name columns of the source")
        return ", ".join(keys)


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _same(one: str, other: str) -> bool:
    return _last(one).strip('"').lower() == _last(other).strip('"').lower()
