"""Whether the end of the input is the end of what the tap had to say.

A tap that dies at the end of a line ends the input like one that is done. What is known all the same:

1. A signal to this process makes the end no clean one, since whoever sent it has most likely stopped the tap as well: a
   terminal, a pod and a scheduler signal the whole group. The run looks for it (`run.py`), nothing in this file does.
2. Records behind the last STATE, of a tap that resumes from its STATEs, mean that it died; it sends them again. A tap
   that has never sent a STATE cannot resume, nor can a stream whose bookmark is empty: the Singer SDK ends a full
   table of more than 10,000 records with a RECORD. Their end is taken for a clean one.
3. Of a full load, which replaces rows, the end is WHOLE behind an ACTIVATE_VERSION of the stream, or behind a STATE
   that names no stream, of a tap that names the one it is at (`currently_syncing`); it is a PART where such a tap names
   one. Everything else is UNPROVEN: taps of the Singer SDK answer SIGTERM with the STATE that they end with, too.

What real taps send at their end, and why the rules are so: docs/decisions/0007-the-end-of-the-input.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

AUTO, STATE, ANY = "auto", "state", "any"


class Grade(Enum):
    """What the input says of a full load."""

    WHOLE = "whole"
    UNPROVEN = "unproven"
    PART = "part"


class _Value(msgspec.Struct):
    """What a STATE says of its streams, by the conventions of singer-python and of the Singer SDK.

    https://github.com/singer-io/singer-python/blob/master/singer/bookmarks.py (currently_syncing)
    https://sdk.meltano.com/en/latest/implementation/state.html (progress_markers)
    """

    currently_syncing: Any = None
    bookmarks: Any = None

    def bookmark(self, stream: str) -> Any:
        """Return the bookmark of a stream, None if it has none."""
        return self.bookmarks.get(stream) if isinstance(self.bookmarks, dict) else None


_value_of = msgspec.json.Decoder(_Value).decode
_SYNCING = b'"currently_syncing"'


@dataclass
class InputEnd:
    """What the input has said of its end so far. Streams have the names that the tap gave.

    `rule`: AUTO goes by the rules above; STATE takes a STATE for the only clean end; ANY takes every end for one.
    """

    rule: str
    uncovered: Counter[str] = field(default_factory=Counter)  # records behind the last STATE
    sends_states: bool = False  # the tap has sent a STATE, or its SCHEMAs name bookmark properties
    _names_syncing: bool = False  # the tap's STATEs name the stream that it is at
    _last_state: bytes = b"{}"
    _open: set[str] = field(default_factory=set)  # streams that have said something behind the last STATE
    _closed: set[str] = field(default_factory=set)  # streams whose records end in an ACTIVATE_VERSION
    _sent: set[str] = field(default_factory=set)  # streams that have sent records

    def schema(self, stream: str, bookmark_properties: Any) -> None:
        """A SCHEMA: a stream that has a bookmark is one whose tap sends STATEs."""
        self.sends_states = self.sends_states or bool(bookmark_properties)
        self._continue(stream)

    def records(self, stream: str, count: int) -> None:
        """So many RECORDs of a stream."""
        self.uncovered[stream] += count
        self._sent.add(stream)
        self._continue(stream)

    def version(self, stream: str) -> None:
        """An ACTIVATE_VERSION: one behind records is behind the last of them; many taps send one before the first."""
        if stream in self._sent:
            self._closed.add(stream)

    def state(self, value: bytes) -> None:
        """A STATE, which covers every record before it; `value` is its JSON text."""
        self.sends_states = True
        self._names_syncing = self._names_syncing or _SYNCING in value
        self._last_state = value
        self.uncovered.clear()
        self._open.clear()

    def lacking_state(self) -> list[str]:
        """Return the streams whose last records no STATE covers, of a tap that resumes from its STATEs."""
        if self.rule == ANY or not (self.sends_states or self.rule == STATE):
            return []
        return sorted(stream for stream in self.uncovered if self.rule == STATE or not self._begins_anew(stream))

    def may_lack_state(self) -> bool:
        """Return whether it is for the ledger to say if the pipeline has ever sent a STATE."""
        return self.rule == AUTO and bool(self.uncovered) and not self.sends_states

    def grade(self, stream: str) -> Grade:
        """Return what the input says of the full load of a stream."""
        if self.rule == ANY or stream in self._closed:
            return Grade.WHOLE
        if not self._names_syncing:
            return Grade.PART if _has_markers(_read(self._last_state).bookmark(stream)) else Grade.UNPROVEN
        # The id in a STATE may be another one than the name of the stream: any name at all may be this stream's.
        is_at = _read(self._last_state).currently_syncing
        return Grade.PART if stream in self._open or is_at is not None else Grade.WHOLE

    def is_open(self, stream: str) -> bool:
        """Return whether a stream has said something that neither a STATE nor an ACTIVATE_VERSION followed."""
        return stream in self._open and stream not in self._closed

    def _continue(self, stream: str) -> None:
        self._open.add(stream)
        self._closed.discard(stream)

    def _begins_anew(self, stream: str) -> bool:
        """Return whether the last STATE has an empty bookmark for the stream: a resume sends all of it again."""
        value = _read(self._last_state)
        known = isinstance(value.bookmarks, dict) and stream in value.bookmarks
        return known and not value.bookmark(stream) and not self._names_syncing


def _read(state: bytes) -> _Value:
    try:
        return _value_of(state)
    except msgspec.DecodeError:
        return _Value()  # a tap's own convention


def _has_markers(bookmark: Any) -> bool:
    """Return whether a bookmark of the Singer SDK is one in progress."""
    if not isinstance(bookmark, dict):
        return False
    partitions = bookmark.get("partitions")
    return bool(bookmark.get("progress_markers")) or (
        isinstance(partitions, list) and any(_has_markers(one) for one in partitions)
    )
