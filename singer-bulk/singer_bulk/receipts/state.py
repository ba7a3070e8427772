"""The STATEs of all parts as one: their members together, where none says otherwise than another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


class StatesContradict(Exception):
    """Two STATEs have different values for one member."""


def joined_state(states: Iterable[str | None]) -> str | None:
    """Return the STATE of all, None if there is none; raises StatesContradict, whose text names the member."""
    found = [json.loads(state) for state in states if state is not None]
    if not found:
        return None
    whole = found[0]
    for other in found[1:]:
        whole = _joined(whole, other, "")
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False)


def _joined(one: Any, other: Any, where: str) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        both = one.keys() & other.keys()
        return {**one, **other, **{key: _joined(one[key], other[key], f"{where}.{key}") for key in both}}
    if one != other or type(one) is not type(other):
        raise StatesContradict(where.removeprefix(".") or "the whole")
    return one
