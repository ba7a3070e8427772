"""A column alias may be used further on in its own SELECT: in the list after it, and in WHERE.

PostgreSQL has aliases for ORDER BY and GROUP BY alone, so the expression takes the alias's place. A column of that
name in FROM goes first.
Source: r_SELECT_list
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from local_warehouse.redshift.grammar.lexer import Token, words
from local_warehouse.redshift.grammar.names import name_of
from local_warehouse.redshift.grammar.references import references

Columns = Callable[[str], set[str]]  # of a table, by name
CLAUSES = words("FROM WHERE GROUP HAVING ORDER LIMIT UNION INTERSECT EXCEPT MINUS QUALIFY")
NAMES = ("word", "quoted")


def resolve(significant: Sequence[Token], columns_of: Columns) -> None:
    """Put expressions in the place of aliases, in every SELECT of the statement."""
    for at, token in enumerate(significant):
        if token.kind == "word" and token.text.upper() == "SELECT":
            _resolve_one(significant, at + 1, columns_of)


def _resolve_one(significant: Sequence[Token], start: int, columns_of: Columns) -> None:
    parts = _parts(significant, start)
    aliases: dict[str, tuple[int, int]] = {}
    uses = []
    for first, last in parts.get("LIST", []):
        uses += _uses(significant, first, last, aliases)
        if last - first > 2 and significant[last - 2].text.upper() == "AS" and significant[last - 1].kind in NAMES:
            aliases[name_of(significant[last - 1], True)] = (first, last - 2)
    for first, last in parts.get("WHERE", []):
        uses += _uses(significant, first, last, aliases)
    if not uses:
        return
    froms = parts.get("FROM", [])
    taken = _columns_in(significant[froms[0][0] - 1 : froms[-1][1]], columns_of) if froms else set()
    for at in uses:
        name = name_of(significant[at], True)
        if taken is not None and name not in taken:
            first, last = aliases[name]
            significant[at].text = "(" + " ".join(token.text for token in significant[first:last]) + ")"


def _parts(significant: Sequence[Token], start: int) -> dict[str, list[tuple[int, int]]]:
    """The select list and the clauses of one SELECT, each as its parts between commas."""
    parts: dict[str, list[tuple[int, int]]] = {}
    clause, depth, first = "LIST", 0, start
    for at in range(start, len(significant) + 1):
        token = significant[at] if at < len(significant) else Token("operator", ")")
        if token.kind == "operator" and token.text == "(":
            depth += 1
        elif token.kind == "operator" and token.text == ")":
            depth -= 1
        ends = depth < 0 or (depth == 0 and token.kind == "word" and token.text.upper() in CLAUSES)
        if ends or (depth == 0 and token.text == ","):
            parts.setdefault(clause, []).append((first, at))
            first = at + 1
        if depth < 0:
            break
        if ends:
            clause = token.text.upper()
            if clause in ("UNION", "INTERSECT", "EXCEPT", "MINUS"):
                break
    return parts


def _uses(significant: Sequence[Token], first: int, last: int, aliases: dict[str, tuple[int, int]]) -> list[int]:
    """Where an alias stands by itself, outside of subqueries."""
    if not aliases:
        return []
    found, depth, query_depth = [], 0, 0
    for at in range(first, last):
        token = significant[at]
        if token.kind == "operator":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            query_depth = query_depth if depth >= query_depth else 0
        elif token.kind == "word" and token.text.upper() == "SELECT" and not query_depth:
            query_depth = depth
        alone = _text(significant, at - 1).upper() not in (".", "AS") and _text(significant, at + 1) not in (".", "(")
        if token.kind in NAMES and not query_depth and alone and name_of(token, True) in aliases:
            found.append(at)
    return found


def _columns_in(clause: Sequence[Token], columns_of: Columns) -> set[str] | None:
    """The columns of the tables in a FROM clause; None where a subquery stands in it."""
    if any(token.kind == "word" and token.text.upper() == "SELECT" for token in clause):
        return None
    found: set[str] = set()
    for reference in references(clause):
        found |= columns_of(reference.name)
    # A function has the columns that are listed behind it.
    return found | {name_of(token, True) for token in clause if token.kind in NAMES}


def _text(significant: Sequence[Token], at: int) -> str:
    return significant[at].text if 0 <= at < len(significant) else ""
