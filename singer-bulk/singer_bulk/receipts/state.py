"""The STATEs of all parts as one: their members together, where none says otherwise than another.

A value stays the text that it is: a tap gets back the digits that it sent.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

Members = dict[str, msgspec.Raw]


class StatesContradict(Exception):
    """Two STATEs have different values for one member."""


def joined_state(states: Iterable[str | None]) -> str | None:
    """Return the STATE of all, None if there is none; raises StatesContradict, whose text names the member."""
    found = [state.encode() for state in states if state is not None]
    if not found:
        return None
    whole = found[0]
    for other in found[1:]:
        whole = _joined(whole, other, "")
    return whole.decode()


def _joined(one: bytes, other: bytes, where: str) -> bytes:
    if one == other:
        return one
    mine, its = _members(one), _members(other)
    if mine is None or its is None:
        raise StatesContradict(where.removeprefix(".") or "the whole")
    both = {key: _joined(bytes(mine[key]), bytes(its[key]), f"{where}.{key}") for key in mine.keys() & its.keys()}
    return msgspec.json.encode({**mine, **its, **{key: msgspec.Raw(text) for key, text in both.items()}})


def _members(text: bytes) -> Members | None:
    """Return the members of an object, None of another value."""
    try:
        return msgspec.json.decode(text, type=Members)
    except msgspec.MsgspecError:
        return None
