"""Which tables does a statement name?  By token: what follows FROM, JOIN, USING, INTO, UPDATE or a comma between them.

Names of a WITH clause and functions in FROM are no tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local_warehouse.redshift.grammar.lexer import Token, words

INTRODUCING = words("FROM JOIN USING INTO UPDATE")
# Functions with FROM among their arguments.
WITH_FROM_INSIDE = words("EXTRACT TRIM SUBSTRING OVERLAY POSITION")
ENDING = words("WHERE GROUP HAVING ORDER LIMIT OFFSET UNION INTERSECT EXCEPT MINUS SELECT SET VALUES WHEN QUALIFY")
SYSTEM_PREFIXES = ("pg_", "stl_", "stv_", "svl_", "svv_", "svcs_", "sys_")
SYSTEM_SCHEMAS = ("pg_catalog", "information_schema")


@dataclass(frozen=True)
class Reference:
    """A table's name: the tokens from `start` up to but without `end`."""

    start: int
    end: int
    name: str

    @property
    def qualified(self) -> bool:
        return self.end - self.start > 1

    @property
    def last_part(self) -> str:
        return last_part(self.name)

    @property
    def is_catalog(self) -> bool:
        """Is it a table of the leader node: PG_..., or one of the information schema?"""
        return self.last_part.startswith("pg_") or _schema(self.name) in SYSTEM_SCHEMAS

    @property
    def is_system(self) -> bool:
        return is_system(self.name)


@dataclass
class _Level:
    """What is known inside one pair of parentheses."""

    function: str = ""
    expects: bool = False  # a table's name comes next
    listing: bool = False  # a comma brings the next name


def references(significant: Sequence[Token]) -> list[Reference]:
    """The tables that a statement names, in order; `significant` has no white space in it."""
    with_names = _with_names(significant)
    found: list[Reference] = []
    levels = [_Level()]
    at = 0
    while at < len(significant):
        token, level = significant[at], levels[-1]
        if token.kind == "operator":
            _pass_operator(significant, at, levels)
        elif level.expects and token.kind in ("word", "quoted"):
            level.expects = False
            end = _end_of_name(significant, at)
            name = "".join(part.text for part in significant[at:end])
            target = _word(significant, at - 1) in ("INTO", "UPDATE")
            called = _text(significant, end) == "(" and not target
            if not called and (end - at > 1 or last_part(name) not in with_names):
                found.append(Reference(at, end, name))
            at = end
            continue
        elif token.kind == "word":
            _pass_word(significant, at, level)
        at += 1
    return found


def _pass_operator(significant: Sequence[Token], at: int, levels: list[_Level]) -> None:
    text, level = significant[at].text, levels[-1]
    if text == "(":
        inner = _Level(function=_word(significant, at - 1))
        if level.expects:
            level.expects = False
            # Parentheses around a join hold names as FROM does; those around a query do not.
            inner.expects = inner.listing = _word(significant, at + 1) not in ("SELECT", "WITH", "VALUES")
        levels.append(inner)
    elif text == ")" and len(levels) > 1:
        levels.pop()
    elif text == "," and level.listing:
        level.expects = True


def _pass_word(significant: Sequence[Token], at: int, level: _Level) -> None:
    word = significant[at].text.upper()
    if word in INTRODUCING and _introduces(significant, at, word, level):
        level.expects = True
        level.listing = word not in ("INTO", "UPDATE")
    elif word in ENDING:
        level.listing = False


def _introduces(significant: Sequence[Token], at: int, word: str, level: _Level) -> bool:
    before = _word(significant, at - 1)
    if word == "FROM":
        return level.function not in WITH_FROM_INSIDE and not (
            before == "DISTINCT" and _word(significant, at - 2) in ("IS", "NOT")
        )
    if word == "UPDATE":
        return before not in ("THEN", "FOR")
    if word == "USING":  # JOIN ... USING (columns)
        return _text(significant, at + 1) != "(" or _word(significant, at + 2) in ("SELECT", "WITH")
    return True


def _with_names(significant: Sequence[Token]) -> set[str]:
    """Names that a WITH clause of the statement gives to its queries."""
    names = set()
    for at, token in enumerate(significant):
        if token.kind not in ("word", "quoted") or _word(significant, at - 1) not in ("WITH", "RECURSIVE", ","):
            continue
        after = at + 1
        if _text(significant, after) == "(":  # the list of its columns
            while after < len(significant) and significant[after].text != ")":
                after += 1
            after += 1
        if _word(significant, after) == "AS" and _text(significant, after + 1) == "(":
            names.add(last_part(token.text))
    return names


def _end_of_name(significant: Sequence[Token], at: int) -> int:
    end = at + 1
    while _text(significant, end) == "." and end + 1 < len(significant):
        end += 2
    return end


def _text(significant: Sequence[Token], at: int) -> str:
    token = significant[at] if 0 <= at < len(significant) else None
    return token.text if token is not None and token.kind != "string" else ""


def _word(significant: Sequence[Token], at: int) -> str:
    return _text(significant, at).upper()


def last_part(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip('"').lower()


def is_system(name: str) -> bool:
    return last_part(name).startswith(SYSTEM_PREFIXES) or _schema(name) in SYSTEM_SCHEMAS


def _schema(name: str) -> str:
    return last_part(name.rpartition(".")[0])
