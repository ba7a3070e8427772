"""Threads, waits and clocks: the one seam through which a run meets time and the order of events.

Production takes `STANDARD`, the standard library's. Whoever passes another one decides what time it is, how long a wait
takes and which thread goes on, and so can try every order of events.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Protocol


class Runtime(Protocol):
    """Time and threads."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def threads(self, count: int, name: str) -> Executor:
        """Return threads that do what they are given, in the order in which it came."""

    def condition(self) -> threading.Condition:
        """Return a condition with a lock of its own, for threads to wait on."""


class Standard:
    """The standard library's."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def threads(self, count: int, name: str) -> Executor:
        """Return threads; they are made when they are first needed."""
        return ThreadPoolExecutor(count, thread_name_prefix=name)

    def condition(self) -> threading.Condition:
        """Return a condition with a lock of its own."""
        return threading.Condition()


STANDARD: Runtime = Standard()
