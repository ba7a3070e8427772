"""What do errors say: the text of each, as it stands in the code, with a dash where a value comes in.

docs/troubleshooting.md is written from it. A text that is put together elsewhere is not found here; its code stands in
docs/errors.md all the same.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.error_codes import ErrorCodes

VALUE = "…"
MIN_WORDS = 3
CODED = "code"
# Of the errors that are made of parts: which arguments say the text, in their order.
TEXTS = ("text", "problem", "expected", "reason", "remedy")


def texts(table: ErrorCodes) -> dict[str, list[str]]:
    """Return the texts of each code, in the order of files and lines."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for path in table.sources:
        for code, text in _texts_of(path, table):
            found[code][text] = None
    return {code: list(found.get(code, ())) for code in table.codes}


def _texts_of(path: Path, table: ErrorCodes) -> Iterator[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in sorted((node for node in ast.walk(tree) if isinstance(node, ast.Call)), key=lambda node: node.lineno):
        codes = [word.value for word in call.keywords if word.arg == CODED]
        for code in codes:
            if isinstance(code, ast.Constant) and code.value in table.codes:
                said = [*call.args, *(word.value for word in call.keywords if word.arg in TEXTS)]
                text = "; ".join(part for part in map(_text, said) if part)
                if len(text.replace(VALUE, " ").split()) >= MIN_WORDS:
                    yield str(code.value), text


def _text(node: ast.expr) -> str:
    """Return the text that an expression makes, empty if it makes none that can be seen here."""
    if isinstance(node, ast.Constant):
        return " ".join(node.value.split()) if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else VALUE for part in node.values]
        return " ".join("".join(map(str, parts)).split())
    if isinstance(node, ast.BinOp):
        return f"{_text(node.left)} {_text(node.right)}".strip()
    return ""
