r"""Snowflake SQL text to tokens.

Strings know '' and backslash escapes and $$..$$; unquoted names come out in upper case; `@stage/path` is one
token, because the path has an alphabet of its own.
https://docs.snowflake.com/en/sql-reference/data-types-text  https://docs.snowflake.com/en/sql-reference/identifiers-syntax
"""

from __future__ import annotations

import re
from typing import NamedTuple

from local_warehouse.snowflake.errors import compilation, syntax

NAME, QUOTED, STRING, NUMBER, DOLLAR, STAGE, OP, END = (
    "name", "quoted", "string", "number", "dollar", "stage", "op", "end",
)  # fmt: skip


MAX_NAME = 255  # identifiers-syntax


class Token(NamedTuple):
    kind: str
    value: str  # names: as stored (unquoted ones upper-cased); strings: decoded
    at: int  # offset in the statement
    end: int


_TOKEN = re.compile(
    r"""
    (?P<space>(?:\s|--[^\n]*|//[^\n]*|/\*.*?\*/)+)
  | (?P<string>'(?:[^'\\]|''|\\.)*')
  | (?P<dollars>\$\$.*?\$\$)
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<stage>@[%~]?(?:(?:"(?:[^"]|"")*"|[\w$]+)(?:\.(?:"(?:[^"]|"")*"|[%\w$]+)){0,2})?(?:/[^\s;(),']*)?)
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<dollar>\$\d+)
  | (?P<name>[^\W\d][\w$]*)
  | (?P<op>::|:=|=>|<>|!=|<=|>=|\|\||->>|[-+*/%=<>(),.;:\[\]{}?])
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_ESCAPE = re.compile(r"''|\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([0-3]?[0-7]{2,3})|(.))", re.DOTALL)


def decode_string(body: str) -> str:
    r"""The text between the quotes of a literal: '' and \\, \n, \t, \0, \x41, \u00e9, \101 decoded.

    >>> decode_string(r"it''s \\N")
    "it's \\N"
    """
    if "'" not in body and "\\" not in body:
        return body

    def one(match: re.Match[str]) -> str:
        hexa, uni, octal, other = match.groups()
        if hexa or uni:
            return chr(int(hexa or uni, 16))
        if octal:
            return chr(int(octal, 8))
        return "'" if other is None else _ESCAPES.get(other, other)

    return _ESCAPE.sub(one, body)


def position(text: str, at: int) -> tuple[int, int]:
    """Line (from 1) and column (from 0) of an offset."""
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)


def _check_length(name: str) -> None:
    if len(name) > MAX_NAME:
        raise compilation(f"Identifier '{name[:80]}' is longer than {MAX_NAME} characters", 2026, "42622")


def tokens(text: str) -> list[Token]:
    """All tokens of `text`, ended by one END; raises SqlError where no token begins."""
    found: list[Token] = []
    at, size = 0, len(text)
    match_at = _TOKEN.match
    while at < size:
        match = match_at(text, at)
        if match is None:
            line, column = position(text, at)
            if text[at] in "'\"":
                raise compilation(f"parse error line {line} at position {column} near '{text[at : at + 20]}'.")
            raise syntax(text[at], line, column)
        kind, value, end = str(match.lastgroup), match.group(), match.end()
        if end - at > MAX_NAME and kind in ("name", "quoted"):
            _check_length(value[1:-1].replace('""', '"') if kind == "quoted" else value)
        if kind == "name":
            found.append(Token(NAME, value.upper(), at, end))
        elif kind == "string":
            found.append(Token(STRING, decode_string(value[1:-1]), at, end))
        elif kind == "dollars":
            found.append(Token(STRING, value[2:-2], at, end))
        elif kind == "quoted":
            found.append(Token(QUOTED, value[1:-1].replace('""', '"'), at, end))
        elif kind != "space":
            found.append(Token(kind, value, at, end))
        at = end
    found.append(Token(END, "", size, size))
    return found


def split_statements(text: str) -> list[str]:
    """The statements of a text, cut at semicolons that stand outside strings and comments."""
    parts: list[str] = []
    start = 0
    any_token = False
    for token in tokens(text):
        if token.kind == END or (token.kind == OP and token.value == ";"):
            if any_token:
                parts.append(text[start : token.at].strip())
            start, any_token = token.end, False
        else:
            any_token = True
    return parts
