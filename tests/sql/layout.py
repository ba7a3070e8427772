"""A statement on several lines, a clause on each: nothing but white space is added, so that a review is a diff.

White space is added where there is some, behind `(` and before `)`; `folded` takes it out again. What stands in quotes
is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Union

WIDTH = 118  # with the semicolon, and one to spare
STEP = "  "

_PIECES = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|\s+|[()]|[^\s'"()]+""", re.DOTALL)
_CLAUSE = re.compile(
    r"(?:FROM|WHERE|SET|VALUES|USING|ON|WHEN (?:NOT )?MATCHED|UNION ALL|ORDER BY|GROUP BY|LIMIT|SELECT|WITH|"
    r"IAM_ROLE|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|MANIFEST|REGION AS|FORMAT AS|"
    r"DELIMITER AS|QUOTE AS|NULL AS|GZIP|COMPUPDATE|STATUPDATE|[A-Z_]+ =) "
)
_NO_CLAUSE = re.compile(r"(?:DELETE|COMMENT|=) ")  # what stands before one of these words and belongs to it
_WHOLE = re.compile(r"(?:ALTER|COMMENT|GRANT|DESC|DROP|SHOW|LOCK|SET) ")  # one clause
_SOFT = ("AND", "OR", "WHEN", "ELSE")  # where a clause is cut that is longer than a line

# What white space separates: pieces of text, and what stands between parentheses.
Word = list[Union[str, "list[Word]"]]


def laid_out(sql: str) -> str:
    """Return the statement with a clause a line and no line longer than WIDTH, unless a name or a text is."""
    words = _words(sql)
    if _WHOLE.match(sql) and len(sql) <= WIDTH:
        return sql
    return "\n".join(_clauses(words, ""))


def folded(text: str) -> str:
    """Return the text with one blank for white space outside of quotes, and none at the inside of parentheses."""
    pieces = [" " if piece.isspace() else piece for piece in _PIECES.findall(text)]
    kept = [
        piece
        for before, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False)
        if piece != " " or not (before in ("", "(") or after in ("", ")"))
    ]
    return "".join(kept)


def _words(sql: str) -> list[Word]:
    stack: list[list[Word]] = [[[]]]
    for piece in _PIECES.findall(sql):
        if piece == "(":
            stack.append([[]])
        elif piece == ")":
            inner = [word for word in stack.pop() if word]
            stack[-1][-1].append(inner)
        elif piece.isspace():
            stack[-1].append([])
        else:
            stack[-1][-1].append(piece)
    assert len(stack) == 1, sql
    return [word for word in stack[0] if word]


def _flat(words: list[Word]) -> str:
    return " ".join("".join(part if isinstance(part, str) else f"({_flat(part)})" for part in word) for word in words)


def _clauses(words: list[Word], indent: str) -> Iterator[str]:
    """Yield the lines of what stands between two parentheses, or of a whole statement."""
    starts = [place for place in range(1, len(words)) if _begins_clause(words, place)]
    for start, end in zip([0, *starts], [*starts, len(words)], strict=True):
        yield from _clause(words[start:end], indent)


def _begins_clause(words: list[Word], place: int) -> bool:
    before, behind = _flat([words[place - 1]]) + " ", _flat(words[place : place + 4]) + " "
    return _CLAUSE.match(behind) is not None and not _NO_CLAUSE.match(before)


def _clause(words: list[Word], indent: str) -> Iterator[str]:
    """Yield the lines of a clause: one, or as many as it needs, cut between words and inside parentheses."""
    if len(indent + _flat(words)) <= WIDTH:
        yield indent + _flat(words)
        return
    later = indent + STEP if re.fullmatch("[A-Z]+", _flat(words[:1])) else indent
    line = indent
    was_cut = False
    for unit in _units(words):
        is_cut = len(later + _flat(unit)) > WIDTH and len(unit) > 1
        if (is_cut or was_cut) and line.strip():
            yield line
            line = later
        for piece in [[word] for word in unit] if is_cut else [unit]:
            *lines, line = _added(piece, line, later + STEP if is_cut else later)
            yield from lines
        was_cut = is_cut
    yield line


def _units(words: list[Word]) -> list[list[Word]]:
    """Return what is not cut while it fits into a line: the items of a list, else words."""
    ends = [place for place, word in enumerate(words, start=1) if isinstance(word[-1], str) and word[-1].endswith(",")]
    if not ends:
        return [[word] for word in words]
    units = [words[start:end] for start, end in zip([0, *ends], [*ends, len(words)], strict=True)]
    return [unit for unit in units if unit]


def _added(unit: list[Word], line: str, later: str) -> Iterator[str]:
    """Yield the line with the unit behind it, or on a line of its own, or on several."""
    text = _flat(unit)
    if not line.strip() and len(line + text) <= WIDTH:
        yield line + text
    elif len(f"{line} {text}") <= WIDTH and (text not in _SOFT or line == "CREATE"):
        yield f"{line} {text}"
    elif line.strip() and len(later + text) <= WIDTH and not _leads(line, unit[0]):
        yield line
        yield later + text
    else:
        yield from _opened(unit[0], line)


def _leads(line: str, word: Word) -> bool:
    """Return whether the line ends with a word like AND or OVER that should not stand alone before parentheses."""
    opening = _flat([word]).partition("(")
    return re.search(r"\b[A-Z]+$", line) is not None and opening[1] != "" and len(f"{line} {opening[0]}(") <= WIDTH


def _opened(word: Word, line: str) -> Iterator[str]:
    """Yield the lines of a word that has no room in one: what it has in parentheses goes on lines of its own."""
    outer = line[: len(line) - len(line.lstrip())]
    line += " " if line.strip() else ""
    for part in word:
        if isinstance(part, str):
            line += part
        elif len(f"{line}({_flat(part)})") <= WIDTH:
            line += f"({_flat(part)})"
        else:
            yield f"{line}("
            yield from _clauses(part, outer + STEP)
            line = f"{outer})"
    yield line
