"""Where does a token of Redshift SQL begin and end?  One regular expression; no grammar.

A backslash escapes inside '...', as in PostgreSQL 8.0, which Redshift comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^'\\]|\\.|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<dollar>\$\$.*?\$\$)
  | (?P<parameter>\$\d+)
  | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<word>[A-Za-z_\#\x80-\U0010ffff][\w$\#]*)
  | (?P<operator>::|->>|->|@>|<@|\#>>|\#>|<>|!=|<=|>=|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class Token:
    """A piece of a statement; `text` may be replaced, the joined texts are what the backend gets."""

    kind: str
    text: str

    def word(self) -> str:
        """The keyword in capitals; for other kinds of token the text itself."""
        return self.text.upper() if self.kind == "word" else self.text

    def string(self) -> str:
        """The value of a string literal."""
        return _unescape(self.text[1:-1])


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _unescape(body: str) -> str:
    if "\\" not in body:
        return body.replace("''", "'")
    return re.sub(r"''|\\([0-7]{1,3}|.)", _unescape_one, body, flags=re.DOTALL)


def _unescape_one(found: re.Match[str]) -> str:
    escaped = found.group(1)
    if escaped is None:
        return "'"
    if escaped[0] in "01234567":
        return chr(int(escaped, 8) & 255)
    return _ESCAPES.get(escaped, escaped)


def tokens_of(sql: str) -> list[Token]:
    return [Token(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(sql)]


def statements_of(sql: str) -> list[list[Token]]:
    """The statements of one query string, each without its semicolon; empty ones are left out."""
    statements: list[list[Token]] = [[]]
    for token in tokens_of(sql):
        if token.text != ";":  # a string or a name has its quotes
            statements[-1].append(token)
        else:
            statements.append([])
    return [statement for statement in statements if any(token.kind != "space" for token in statement)]


def words(text: str) -> frozenset[str]:
    """A set of keywords, written one after the other."""
    return frozenset(text.split())


def text_of(tokens: Iterable[Token]) -> str:
    return "".join(token.text for token in tokens)


class Reader:
    """The significant tokens of a statement, read from left to right."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self.tokens = [token for token in tokens if token.kind != "space"]
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        index = self.at + ahead
        return self.tokens[index] if 0 <= index < len(self.tokens) else Token("end", "")

    def next(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def sees(self, *words: str) -> bool:
        return all(self.peek(n).kind != "string" and self.peek(n).word() == word for n, word in enumerate(words))

    def accept(self, *words: str) -> bool:
        """Pass over `words` if they come next."""
        if self.sees(*words):
            self.at += len(words)
            return True
        return False

    def ended(self) -> bool:
        return self.at >= len(self.tokens)

    def group(self) -> list[Token]:
        """The tokens inside the parentheses that open here; the closing one is passed."""
        depth, inside = 0, []
        while not self.ended():
            token = self.next()
            if token.kind == "operator" and token.text == "(":
                depth += 1
                if depth == 1:
                    continue
            elif token.kind == "operator" and token.text == ")":
                depth -= 1
                if depth == 0:
                    break
            inside.append(token)
        return inside


def split_at_commas(tokens: Iterable[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "operator":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.text == "," and depth == 0:
                parts.append([])
                continue
        parts[-1].append(token)
    return [part for part in parts if part]
