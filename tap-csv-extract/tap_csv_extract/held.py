"""Secrets that settings name instead of holding them: each is read once, renewed before it ends, and told to nobody.

    scheme:place        a reference; `scheme:place#key` where a source holds several parts under one name
    literal:text        the text itself, whatever it begins with
    anything else       the text itself; only how a text begins counts, so `my env:x` is no reference

What a reference leads to is not read as a reference again. No message has a reference or a value in it: a password may
begin like one.

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

LITERAL = "literal:"
# How long before its end a value is got again, longer than any connection takes to be made; one that lives less than
# twice as long is got again at half of its life.
EARLY_SECONDS = 300
# What does not end by itself is looked at again after so long, by whoever asks next: secrets are rotated.
AGAIN_SECONDS = 3600
# A lease is looked after at least so often, and, where renewing it fails, at most so often.
LONGEST_SECONDS, SHORTEST_SECONDS = 3600, 5

logger = logging.getLogger(__name__)


class NotResolved(Exception):
    """What is wrong with where a reference leads, and what to do; neither has the reference or a value in it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Found:
    """What a source holds: one text, or parts by name.

    `ends`: seconds of the clock, None if it does not end by itself. `renew`: makes it end later and returns when, None
    if it cannot any more.
    """

    text: str | None = field(default=None, repr=False)
    parts: Mapping[str, Any] | None = field(default=None, repr=False)
    ends: float | None = None
    renew: Callable[[], float | None] | None = None


@dataclass(frozen=True)
class Source:
    """Where secrets are kept. `what`: how a message calls one; `has_parts`: whether `#key` may stand behind a place."""

    what: str
    read: Callable[[str], Found]
    has_parts: bool = True


@dataclass(frozen=True)
class _Held:
    found: Found
    got: float

    @property
    def due(self) -> float:
        """When it is got again or looked at again."""
        if self.found.ends is None:
            return self.got + AGAIN_SECONDS
        return self.found.ends - min(EARLY_SECONDS, (self.found.ends - self.got) / 2)


def in_background(work: Callable[[], None]) -> None:
    """Do the work in a thread that ends with the process."""
    threading.Thread(target=work, name="leases", daemon=True).start()


class Secrets:
    """The values of references, each read once, from any thread."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        hide: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        start: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        """sources: scheme -> where; hide: is given each value before anybody has it; start: begins `_look_after`."""
        self._sources = sources
        self._hide = hide
        self._clock = clock
        self._start = start
        self._is_looked_after = False
        self._lock = threading.RLock()
        self._held: dict[tuple[str, str], _Held] = {}

    def is_reference(self, text: str) -> bool:
        """Return whether the text is not its own value."""
        return text.startswith(LITERAL) or (":" in text and text.partition(":")[0] in self._sources)

    def values(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return the value of each setting's text; what one source holds, a user and its password, is of one reading.

        Raises NotResolved, whose problem begins with the setting's name.
        """
        with self._lock:
            now, fresh = self._clock(), dict[tuple[str, str], Found]()
            return {setting: self._value(setting, text, now, fresh) for setting, text in texts.items()}

    def _value(self, setting: str, text: str, now: float, fresh: dict[tuple[str, str], Found]) -> str:
        if not self.is_reference(text):
            return text
        if text.startswith(LITERAL):
            self._hide(text[len(LITERAL) :])
            return text[len(LITERAL) :]
        scheme, _, place = text.partition(":")
        source, key = self._sources[scheme], ""
        if source.has_parts:
            place, _, key = place.partition("#")
        try:
            if not place:
                raise NotResolved("whose name is missing", f"write it behind {scheme}:")
            if (scheme, place) not in fresh:
                fresh[scheme, place] = self._fresh(scheme, place, now)
            value = _part(fresh[scheme, place], key)
        except NotResolved as error:
            told = f"setting {setting!r} is a reference ({scheme}:) to {source.what}, {error.problem}"
            escape = f"or, if the text is the secret itself, write {LITERAL} before it"
            raise NotResolved(told, f"{error.remedy}, {escape}") from error.__cause__
        self._hide(value)
        return value

    def _fresh(self, scheme: str, place: str, now: float) -> Found:
        held = self._held.get((scheme, place))
        if held is not None and now < held.due:
            return held.found
        if held is not None and (renewed := self._renewed(held, now)):
            self._held[scheme, place] = renewed
            return renewed.found
        try:
            found = self._sources[scheme].read(place)
        except NotResolved as error:
            # A secret store that is away for a moment takes nothing from a value that still holds.
            if held is None or (held.found.ends is not None and held.found.ends <= now):
                raise
            logger.warning("a secret that was due could not be read again, the one before is used: %s", error)
            return held.found
        self._held[scheme, place] = _Held(found, now)
        if found.renew is not None and not self._is_looked_after:
            self._is_looked_after = True
            self._start(self._look_after)
        return found

    def _renewed(self, held: _Held, now: float) -> _Held | None:
        """Return what is held with a later end; None where it has to be read anew."""
        if held.found.renew is None or held.found.ends is None or held.found.ends <= now:
            return None
        try:
            ends = held.found.renew()
        except NotResolved as error:
            logger.warning("a lease could not be renewed: %s", error)
            return None
        # At the end of all renewals a lease is given less and less: then a new one is taken in time.
        life = held.found.ends - held.got
        if ends is None or ends - now < life / 2:
            return None
        return _Held(replace(held.found, ends=ends), now)

    def renew_due(self) -> None:
        """Renew the leases that are due, on whose end sessions would lose what they have.

        One that cannot be renewed stays with whoever has it until its end, and whoever asks next gets another.
        """
        with self._lock:
            now = self._clock()
            for key, held in list(self._held.items()):
                if held.found.renew is not None and held.due <= now and (renewed := self._renewed(held, now)):
                    self._held[key] = renewed

    def _look_after(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(self._pause_seconds())
            try:
                self.renew_due()
            except Exception as error:  # a thread that ends in a traceback would leave all leases to their end
                logger.warning("leases could not be looked after: %s: %s", type(error).__name__, error)

    def _pause_seconds(self) -> float:
        with self._lock:
            now = self._clock()
            due = [held.due - now for held in self._held.values() if held.found.renew is not None]
        return max(SHORTEST_SECONDS, min([LONGEST_SECONDS, *due]))


def _part(found: Found, key: str) -> str:
    """Return the text, or the part of that name."""
    value: Any = found.text
    if key:
        parts = found.parts if found.parts is not None else _object(found.text or "")
        if key not in parts:
            raise NotResolved("which has no part of that name", "correct what stands behind #")
        value = parts[key]
    elif found.text is None:
        raise NotResolved("which has parts, and none is named", "write # and the name of one behind it")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise NotResolved("which is no text there", "name a part that is one")
    if not value:
        raise NotResolved("which is empty", "put the secret there")
    if "\0" in value:
        raise NotResolved("which has the character NUL, at which drivers cut a text", "remove it")
    return value


def _object(text: str) -> Mapping[str, Any]:
    try:
        parts = json.loads(text)
    except ValueError:
        parts = None
    if not isinstance(parts, dict):
        raise NotResolved("which is no JSON object and has no parts", "leave out # and what stands behind it")
    return parts
