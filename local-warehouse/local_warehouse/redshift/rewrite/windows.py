"""What may stand in OVER (...)?  Less than in PostgreSQL: frames of ROWS, and only where a frame belongs.

Sources: r_Window_function_synopsis, r_WF_LAG, r_WF_LEAD, r_WF_first_value
"""

from __future__ import annotations

from local_warehouse.redshift.errors import RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, split_at_commas, words

RANKING = words("ROW_NUMBER RANK DENSE_RANK NTILE PERCENT_RANK CUME_DIST")
OFFSETS = words("LAG LEAD")
NEEDS_FRAME = "Aggregate window functions with an ORDER BY clause require a frame clause"


def refuse(significant: list[Token]) -> None:
    """Raise RedshiftError for a window that Redshift does not take."""
    for at, token in enumerate(significant):
        if token.kind == "word" and token.text.upper() == "OVER" and at and significant[at - 1].text == ")":
            reader = Reader(significant[at + 1 :])
            if not reader.sees("("):  # there are no named windows
                raise syntax_error(reader.peek().text)
            function, arguments = _call_before(significant, at - 1)
            _check(function, arguments, reader.group())


def _call_before(significant: list[Token], closing: int) -> tuple[str, list[list[Token]]]:
    """The function whose parentheses close at `closing`, and its arguments."""
    depth, at = 0, closing
    while at >= 0:
        depth += {")": 1, "(": -1}.get(significant[at].text, 0) if significant[at].kind == "operator" else 0
        if depth == 0:
            break
        at -= 1
    return significant[at - 1].word(), split_at_commas(significant[at + 1 : closing])


def _check(function: str, arguments: list[list[Token]], window: list[Token]) -> None:
    clauses = _clauses(window)
    for clause in ("PARTITION", "ORDER"):
        for item in split_at_commas(clauses.get(clause, [])):
            if item[0].kind in ("string", "number") and (len(item) == 1 or item[1].word() in ("ASC", "DESC", "NULLS")):
                raise RedshiftError("0A000", f"constant expressions are not supported in {clause.lower()} by clauses")
    if any(word in clauses for word in ("RANGE", "GROUPS", "EXCLUDE")):
        raise syntax_error(next(word for word in ("RANGE", "GROUPS", "EXCLUDE") if word in clauses).lower())
    if function in RANKING or function in OFFSETS:
        if "ROWS" in clauses:
            raise syntax_error("rows")
        if function in OFFSETS and "ORDER" not in clauses:
            raise RedshiftError("42601", f"window function {function.lower()}() requires an ORDER BY clause")
        if function in OFFSETS and len(arguments) > 2:  # there is no default value
            raise RedshiftError("42883", f"function {function.lower()}() takes at most two arguments")
    elif "ORDER" in clauses and "ROWS" not in clauses:
        raise RedshiftError("42601", NEEDS_FRAME)


def _clauses(window: list[Token]) -> dict[str, list[Token]]:
    """The parts of a window: its first word -> what follows it, without BY."""
    parts: dict[str, list[Token]] = {}
    depth, current = 0, ""
    for token in window:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        if depth == 0 and token.word() in ("PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS", "EXCLUDE"):
            current = token.word()
            parts[current] = []
        elif current and not (token.word() == "BY" and not parts[current]):
            parts[current].append(token)
    return parts
