"""Standard input and named pipes: read once, and waiting for them ends when a signal asks for it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO, cast

from tap_csv_extract.errors import SourceError


class Wait:
    """Whether the tap waits for somebody who writes: then a signal must not wait with it.

    Python begins a call anew that a signal has interrupted, unless the signal's handler raises.
    """

    is_on = False
    stop: Callable[[], None] = staticmethod(lambda: None)  # ends the run if a signal has asked for it

    @classmethod
    @contextmanager
    def for_writer(cls) -> Iterator[None]:
        """Mark a call that may wait without end."""
        cls.is_on = True
        try:
            cls.stop()
            yield
        finally:
            cls.is_on = False


class ReadOnce:
    """Standard input or a named pipe, which can be read once: what discovery reads of it is kept for the sync."""

    tracked = False

    def __init__(self, name: str, open_raw: Callable[[], int]) -> None:
        self.name = self.path = name
        self._open_raw = cache(open_raw)
        self._seen: list[bytes] = []
        self._keeps = True

    def stamp(self) -> dict[str, int | str]:
        return {}

    def open(self) -> BinaryIO:
        try:
            with Wait.for_writer():
                raw = self._open_raw()
        except (OSError, ValueError, AttributeError) as error:  # closed, a socket, no terminal
            reason = error.strerror if isinstance(error, OSError) else "it is closed"
            raise SourceError(
                f"{self.name}: cannot be opened: {reason}; name a file or a pipe in 'path'", code="CSV-SRC-OPEN"
            ) from error
        return cast("BinaryIO", io.BufferedReader(_Replay(raw, self._seen, self._keeps), 1 << 16))

    def read_last(self) -> None:
        """Say that the next reading is the last: nothing is kept any more."""
        self._keeps = False


class _Replay(io.RawIOBase):
    """Gives the bytes that were kept, then those that follow."""

    def __init__(self, raw: int, seen: list[bytes], keeps: bool) -> None:
        self._raw, self._seen, self._keeps, self._next = raw, seen, keeps, 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            if self._next < len(self._seen):
                self._rest = self._seen[self._next]
                self._next += 1
                if not self._keeps:
                    self._seen[self._next - 1] = b""
            else:
                with Wait.for_writer():
                    self._rest = os.read(self._raw, len(buffer))
                if self._keeps:
                    self._seen.append(self._rest)
                    self._next += 1
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


STANDARD_INPUT = ReadOnce("-", lambda: sys.stdin.fileno())


@cache
def pipe(path: str) -> ReadOnce:
    """The pipe of this name, one for discovery and sync."""
    return ReadOnce(path, lambda: os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
