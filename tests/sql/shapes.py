"""The shape of a statement: what is left of it when names, values, types and the length of lists do not matter."""

from __future__ import annotations

import re

# One after the other; the last ones until nothing changes.
_TYPES = "BIGINT|FLOAT|DOUBLE PRECISION|BOOLEAN|DATE|TIME|TIMESTAMP(?:TZ)?|SUPER|VARIANT|VARCHAR"
_ONCE = [
    (re.compile(r"""'(?:[^'\\]|\\.|'')*'"""), "?"),
    (re.compile(r'(?:"(?:[^"]|"")*"|\b(?:traced|said_\d+)\b)(?:\."(?:[^"]|"")*")*'), "n"),
    (re.compile(r"\$?\b\d+\b"), "?"),
    (re.compile(r"\b(?:VARCHAR|DECIMAL|NUMBER|TIMESTAMP_NTZ|TIMESTAMP_TZ|TIME)\(\?(?:, \?)?\)"), "t"),
    (re.compile(rf"\b(?:{_TYPES})\b"), "t"),
    (re.compile(r"\b(?:TO_DATE|TO_TIME|TO_TIMESTAMP_NTZ|TO_TIMESTAMP_TZ)\(\?(?: \|\| \?)?, \?\)"), "?"),
    (re.compile(r"\bNULL\b(?=[,)])"), "?"),
    (re.compile(r"PARSE_JSON\(((?:\?|NVL2\([^)]*\)+, \?\)))\)"), r"\1"),
]
_LISTS = [
    (re.compile(r"(\bn t|\bn = n|\?|\bn\b)(?:, \1)+"), r"\1"),
    (re.compile(r"(\bn = n)(?: AND \1)+"), r"\1"),
    (re.compile(r"(\bn IS NULL)(?: OR \1)+"), r"\1"),
]


def shape(sql: str) -> str:
    """Return the shape of a statement."""
    for pattern, instead in _ONCE:
        sql = pattern.sub(instead, sql)
    before = ""
    while before != sql:
        before = sql
        for pattern, instead in _LISTS:
            sql = pattern.sub(instead, sql)
    return sql
