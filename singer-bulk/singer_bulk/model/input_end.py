"""Did the tap end its input because it was done, or because it died?

If a tap dies at the end of a line, the input looks as if it were done. These rules find out more:

1. After a signal to this process the end is not a clean one: a terminal, a pod and a scheduler signal the whole group,
   so the tap has probably been stopped as well. This rule is kept by `run.py`; the others are in this file.
2. If a tap resumes from its STATEs, records after its last STATE mean that it died; it will send them again. It does
   so if it has sent a STATE, if its SCHEMAs name bookmark properties, or if the pipeline has a name, because a pipeline
   is named to be resumed. Any other tap cannot resume, and neither can a stream whose bookmark is empty (the Singer
   SDK ends a full table of more than 10,000 records with a RECORD). Their end counts as a clean one.
3. A full load replaces rows, so its end has to be proven. It is WHOLE after an ACTIVATE_VERSION of the stream. If the
   STATEs of the tap name the stream that it is reading (`currently_syncing`), it is WHOLE after a STATE that names
   none, and a PART otherwise. Everything else is UNPROVEN: a tap of the Singer SDK writes the same last STATE after
   SIGTERM as at its end.

What real taps send at their end, and why the rules are so: docs/decisions/0007-the-end-of-the-input.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

STATE, ANY = "state", "any"


class Grade(Enum):
    """Whether the input has shown that a full load is complete."""

    WHOLE = "whole"
    UNPROVEN = "unproven"
    PART = "part"


class _Value(msgspec.Struct):
    """The members of a STATE that tell how far a tap has come, by the conventions of singer-python and the Singer SDK.

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
    """What the messages so far show about the end of the input. Streams have the names that the tap gave.

    rule: with "auto" the rules above hold; with STATE only a STATE is a clean end; with ANY every end is one.
    """

    rule: str
    uncovered: Counter[str] = field(default_factory=Counter)  # records after the last STATE
    resumes: bool = False  # the pipeline has a name, the tap has sent a STATE, or SCHEMAs name bookmark properties
    _names_syncing: bool = False  # the tap's STATEs name the stream that it is reading
    _last_state: bytes = b"{}"
    _open: set[str] = field(default_factory=set)  # streams with a SCHEMA or RECORD after the last STATE
    _closed: set[str] = field(default_factory=set)  # streams whose records end in an ACTIVATE_VERSION
    _sent: set[str] = field(default_factory=set)  # streams that have sent records

    def schema(self, stream: str, bookmark_properties: Any) -> None:
        """Note a SCHEMA: if it names bookmark properties, the tap sends STATEs."""
        self.resumes = self.resumes or bool(bookmark_properties)
        self._continue(stream)

    def records(self, stream: str, count: int) -> None:
        """Note this number of RECORDs of a stream."""
        self.uncovered[stream] += count
        self._sent.add(stream)
        self._continue(stream)

    def version(self, stream: str) -> None:
        """Note an ACTIVATE_VERSION: it ends a stream only after records; many taps send one before the first, too."""
        if stream in self._sent:
            self._closed.add(stream)

    def state(self, value: bytes) -> None:
        """Note a STATE, which covers every record before it; `value` is its JSON text."""
        self.resumes = True
        self._names_syncing = self._names_syncing or _SYNCING in value
        self._last_state = value
        self.uncovered.clear()
        self._open.clear()

    def lacking_state(self) -> list[str]:
        """Return the streams whose last records no STATE covers, of a tap that resumes from its STATEs."""
        if self.rule == ANY or not (self.resumes or self.rule == STATE):
            return []
        return sorted(stream for stream in self.uncovered if self.rule == STATE or not self._begins_anew(stream))

    def grade(self, stream: str) -> Grade:
        """Return whether the full load of a stream is complete, as far as the input shows."""
        if self.rule == ANY or stream in self._closed:
            return Grade.WHOLE
        if not self._names_syncing:
            return Grade.PART if _has_markers(_read(self._last_state).bookmark(stream)) else Grade.UNPROVEN
        # The id in a STATE may differ from the name of the stream, so every name may mean this stream.
        is_at = _read(self._last_state).currently_syncing
        return Grade.PART if stream in self._open or is_at is not None else Grade.WHOLE

    def is_open(self, stream: str) -> bool:
        """Return whether the last SCHEMA or RECORD of a stream has no STATE or ACTIVATE_VERSION after it."""
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
        return _Value()  # not an object of these members: the tap has a convention of its own


def _has_markers(bookmark: Any) -> bool:
    """Return whether a bookmark of the Singer SDK says that its stream is not finished."""
    if not isinstance(bookmark, dict):
        return False
    partitions = bookmark.get("partitions")
    return bool(bookmark.get("progress_markers")) or (
        isinstance(partitions, list) and any(_has_markers(one) for one in partitions)
    )
