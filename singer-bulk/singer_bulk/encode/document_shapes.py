r"""Which documents need no parse, because one like them has already been found to be kept as it is?

Whether a document is kept (`documents.py`) depends on the names in its objects, the digits of its numbers and the
escapes in its strings. So a document is kept, too, if it differs from a kept one only in the text of its strings, in
its short numbers and literals, and in how often an array repeats an element. All such documents have one shape, which
is a regular expression: that of `{"id": 7, "tags": ["a", "b"]}` matches all objects with these two names in this order,
a scalar after the first and an array of scalars after the second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from singer_bulk.encode.documents import SAFE_BRACKETS
from singer_bulk.encode.patterns import STRING, one_value, whole_column

# A DECIMAL of 38 digits keeps every plain number of at most 37 characters.
SCALAR = f"(?:{STRING}|-?[0-9.]{{1,37}}|true|false|null)"
# A column with more shapes is given up: its objects are probably used as maps, each with names of its own.
MAX_SHAPES = 12
# Of all shapes of a column, about 70 values and their names: they take 5 ns a byte, decoding and writing takes 14. With
# 40,000 characters RE2 needs more than its 8 MiB, and takes 20 to 26.
MAX_PATTERN_CHARACTERS = 16_000
# Shapes are given up after this many blocks that they do not match, less one for each block that they match.
PATIENCE = 20

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[ \t\r]+|[^\[\]{}:,"\s]+', re.DOTALL)


class Shapes:
    """The shapes of one column's documents, learnt from those that were found to be kept."""

    def __init__(self) -> None:
        self._patterns: list[str] = []
        self._covers: Callable[[bytes], bool] | None = None
        self._patience = PATIENCE
        self._room = MAX_PATTERN_CHARACTERS

    def cover(self, values: bytes) -> bool:
        """Return whether each of the documents, one after each SEPARATOR, has a known shape or is null."""
        if self._covers is None or not self._patience:
            return False
        covered = self._covers(values)
        self._patience = min(self._patience + 1, PATIENCE) if covered else self._patience - 1
        return covered

    def learn(self, documents: Iterable[bytes]) -> None:
        """Remember the shapes of these documents, which are kept."""
        if not self._patience:
            return
        known = one_value(["null", *self._patterns])
        for document in map(bytes, documents):
            if known(document) or document[:1] not in b"{[":
                continue  # the pattern of a scalar matches every type
            pattern = pattern_of(document)
            if pattern is None or pattern in self._patterns:
                continue  # long, or with a long number or an odd escape
            self._room -= len(pattern)
            if len(self._patterns) == MAX_SHAPES or self._room < 0:
                self._patience = 0
                return
            self._patterns.append(pattern)
            known = one_value(["null", *self._patterns])
        self._covers = whole_column(tuple(self._patterns)) if self._patterns else None


def pattern_of(document: bytes) -> str | None:
    """Return the pattern of the documents with the shape of this one, or None if it would be too long."""
    if document.count(b"{") + document.count(b"[") > SAFE_BRACKETS:
        return None
    pattern = _value(iter(_TOKEN.findall(document)))
    return pattern if len(pattern) <= MAX_PATTERN_CHARACTERS else None


def _value(tokens: Iterator[bytes]) -> str:
    token = next(tokens)
    if token == b"{":
        return _object(tokens)
    return _array(tokens) if token == b"[" else SCALAR


def _object(tokens: Iterator[bytes]) -> str:
    """Return the pattern of an object: its text, with patterns for its values."""
    parts = [r"\{"]
    for token in tokens:
        parts.append(_literal(token))
        if token == b"}":
            break
        if token == b":":
            parts += _up_to_value(tokens)
    return "".join(parts)


def _up_to_value(tokens: Iterator[bytes]) -> Iterator[str]:
    for token in tokens:
        if token.isspace():
            yield _literal(token)
            continue
        yield _value(chain([token], tokens))
        return


def _array(tokens: Iterator[bytes]) -> str:
    """Return the pattern of an array: any number of elements with the shapes of these, and the blanks of these."""
    elements: dict[str, None] = {}
    gaps: list[str] = [""]
    for token in tokens:
        if token == b"]":
            break
        if token == b"," or token.isspace():
            gaps[-1] += _literal(token)
            continue
        elements[_value(chain([token], tokens))] = None
        gaps.append("")
    if not elements:
        return rf"\[{gaps[0]}\]"
    one = f"(?:{'|'.join(elements)})"
    first, *between, last = gaps
    more = f"(?:(?:{'|'.join(dict.fromkeys(between))}){one})*" if between else ""
    return rf"\[(?:{first}{one}{more}{last})?\]"


def _literal(token: bytes) -> str:
    return re.escape(token.decode("latin-1"))
