"""Is the target of an UPDATE with FROM joined by an equality?  Redshift carries out no other.

The guide prints the error for outer joins; users meet it as well where FROM and target are joined by OR, by a range or
not at all. So one condition of WHERE must be an equality between the target and what FROM names.
Sources: r_UPDATE, c_Examples_of_UPDATE_statements, https://github.com/airbytehq/airbyte/issues/83304
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, words
from local_warehouse.redshift.grammar.names import name_of
from local_warehouse.redshift.grammar.references import last_part, references

NO_EQUIJOIN = "Target table must be part of an equijoin predicate"
OUTER = words("LEFT RIGHT FULL")
NO_COLUMN = words("AND AS CASE WHEN THEN ELSE END NULL TRUE FALSE IS NOT IN LIKE ILIKE SIMILAR TO BETWEEN DISTINCT")
NAMES = ("word", "quoted")


@dataclass(frozen=True)
class _Update:
    """The names of one UPDATE: the target's, and where each bare column belongs."""

    target: str
    columns: Collection[str]
    sources: Collection[str] | None  # columns of the tables in FROM; None where one of them is a query

    def sides(self, tokens: Sequence[Token]) -> set[str]:
        """Of "target" and "source", what the columns of an expression belong to."""
        found = set()
        for at, token in enumerate(tokens):
            following = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if token.kind in NAMES and following not in (".", "(") and token.word() not in NO_COLUMN:
                found |= self._side(tokens, at)
        return found

    def _side(self, tokens: Sequence[Token], at: int) -> set[str]:
        if at > 1 and tokens[at - 1].text == ".":
            return {"target" if last_part(tokens[at - 2].text) == self.target else "source"}
        name = name_of(tokens[at], True)
        if name in self.columns:
            return {"target"}
        return {"source"} if self.sources is None or name in self.sources else set()


def check(reader: Reader, table: str, columns: Collection[str], columns_of: Callable[[str], set[str]]) -> None:
    """Raise RedshiftError unless the target is joined; the reader stands after the name of the target.

    In: the target's name and columns, and what gives the columns of another table.
    """
    clauses = _clauses(reader)
    listed = clauses["FROM"]
    if not listed:
        return
    alias = [token for token in clauses[""] if token.word() != "AS"]
    target = last_part(alias[0].text) if alias else last_part(table)
    from_tables = references([Token("word", "FROM"), *listed])
    if any(reference.last_part == last_part(table) for reference in from_tables if not reference.qualified):
        raise NotSupported("UPDATE whose FROM names its target")
    has_query = any(token.word() in ("SELECT", "WITH") for token in listed) or not from_tables
    found = [columns_of(reference.name) for reference in from_tables]
    sources = None if has_query or not all(found) else set().union(*found)
    update = _Update(target, columns, sources)
    if not any(_joins(condition, update) for condition in _conditions(clauses["WHERE"])):
        raise RedshiftError("0A000", NO_EQUIJOIN)


def _clauses(reader: Reader) -> dict[str, list[Token]]:
    """The tokens of each clause: "" (an alias), SET, FROM and WHERE; one column per assignment, no outer join."""
    clauses: dict[str, list[Token]] = {"": [], "SET": [], "FROM": [], "WHERE": []}
    clause, depth = "", 0
    tokens = reader.tokens[reader.at :]
    for token, following in zip(tokens, [*tokens[1:], Token("end", "")], strict=True):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        word = token.word() if depth == 0 and token.kind == "word" else ""
        if word == "SET" and following.text == "(":
            raise syntax_error("(")
        if word in OUTER and following.text != "(":
            raise RedshiftError("0A000", NO_EQUIJOIN)
        if word in ("SET", "FROM", "WHERE"):
            clause = word
        else:
            clauses[clause].append(token)
    return clauses


def _split(tokens: Sequence[Token], word: str) -> list[list[Token]]:
    """The parts between the `word`s that stand outside parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        if depth == 0 and token.kind in ("word", "operator") and token.word() == word:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _conditions(where: Sequence[Token]) -> list[list[Token]]:
    """What must hold together: the parts between AND, parentheses around them taken off; none where OR stands."""
    if len(_split(where, "OR")) > 1:
        return []
    parts = _split(where, "AND")
    if len(parts) > 1:
        return [condition for part in parts for condition in _conditions(part)]
    reader = Reader(where)
    if reader.sees("("):
        inside = reader.group()
        if reader.ended():
            return _conditions(inside)
    return [list(where)]


def _joins(condition: Sequence[Token], update: _Update) -> bool:
    """Is it an equality between an expression of the target and one of FROM?"""
    sides = _split(condition, "=")
    if len(sides) != 2 or any(token.word() in ("SELECT", "NOT") for token in condition):
        return False
    left, right = (update.sides(side) for side in sides)
    return {frozenset(left), frozenset(right)} == {frozenset({"target"}), frozenset({"source"})}
