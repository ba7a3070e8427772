"""The clauses that SHOW statements share."""

from __future__ import annotations

import re


def matches(name: str, pattern: str) -> bool:
    """SHOW .. LIKE: case-insensitive, % and _ as in LIKE."""
    regex = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern.replace("\\\\", ""))
    return re.fullmatch(regex, name, re.IGNORECASE | re.DOTALL) is not None
