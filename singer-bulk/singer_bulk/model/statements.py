"""What are the statements of a text of SQL, and which words do they begin with?"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A backslash escapes in the strings of both warehouses, `$$` and `$tag$` quote, `//` begins a comment in Snowflake. A
# name may have `$` in it, which quotes nothing behind a letter. A carriage return ends a line of Redshift's, too.
# https://docs.snowflake.com/en/sql-reference/data-types-text
# https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
_TOKEN = re.compile(
    r"(?:--|//)[^\n\r]*(?P<lone>\r(?!\n|\Z))?|(?P<block>/\*.*?(?:\*/|\Z))"
    r"|(?P<text>'(?:[^'\\]|''|\\.)*(?:'|\Z))"
    r'|(?P<name>"(?:[^"]|"")*(?:"|\Z))'
    r"|(?P<dollars>(?P<tag>\$\w*\$).*?(?:(?P=tag)|\Z))"
    r"|(?P<end>;)"
    r"|(?P<flow>->>)"
    r"|(?P<word>\w[\w$]*)"
    r"|[^;'\"$/\w-]+|.",
    re.DOTALL,
)
_COMMENTS = re.compile(r"(?:\s|\(|(?:--|//)[^\n\r]*|/\*.*?\*/)*", re.DOTALL)


def statements_of(text: str) -> list[str]:
    """Return the statements of a text, which semicolons divide."""
    return [one for one in (part.strip() for part in _parts(text)) if _COMMENTS.sub("", one, count=1)]


def _parts(text: str) -> Iterator[str]:
    part = ""
    for token in _TOKEN.finditer(text):
        if token["end"]:
            yield part
            part = ""
        else:
            part += token[0]
    yield part


def first_words(statement: str, count: int = 2) -> tuple[str, ...]:
    """Return the first words of a statement, in capitals, without what stands before and between them."""
    words: list[str] = []
    rest = statement
    while len(words) < count:
        rest = rest[_COMMENTS.match(rest).end() :]  # type: ignore[union-attr]  # it matches nothing, too
        found = re.match(r"\w+", rest)
        if found is None:
            break
        words.append(found[0].upper())
        rest = rest[found.end() :]
    return tuple(words)


def steps_of(statement: str) -> list[str]:
    """Return the statements that a chain of Snowflake's is made of, each of which reads what the one before gives.

    https://docs.snowflake.com/en/sql-reference/operators-flow
    """
    steps = [""]
    for token in _TOKEN.finditer(statement):
        if token["flow"]:
            steps.append("")
        else:
            steps[-1] += token[0]
    return steps


def names_in(statement: str) -> list[str]:
    """Return the words and quoted names outside of strings and comments, in capitals."""
    found = (token["word"] or (token["name"] or "").strip('"') for token in _TOKEN.finditer(statement))
    return [name.upper() for name in found if name]


def is_clear(text: str) -> bool:
    """Return whether every reader ends its comments in the same place: Redshift nests them and ends a line at a lone
    carriage return, and other readers do neither."""
    tokens = _TOKEN.finditer(text)
    return not any(token["lone"] or (token["block"] and "/*" in token["block"][2:]) for token in tokens)
