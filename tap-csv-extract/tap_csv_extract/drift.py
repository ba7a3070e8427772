"""A file whose columns are not those of its stream: refuse it, add the columns, or leave the file unread."""

from __future__ import annotations

from collections.abc import Iterable

ERROR, ADD, QUARANTINE = "error", "add", "quarantine"

REMEDY = "correct the file, or set 'drift' to add or quarantine"


def difference(expected: Iterable[str], names: Iterable[str]) -> str | None:
    """Say what a header has more or less than expected; None if the columns are the same, in whatever order."""
    more, fewer = sorted(set(names) - set(expected)), sorted(set(expected) - set(names))
    parts = [f"has {more} more"] if more else []
    parts += [f"lacks {fewer}"] if fewer else []
    return " and ".join(parts) or None
