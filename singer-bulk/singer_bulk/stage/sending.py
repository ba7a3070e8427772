"""Threads that send bytes to S3 while another thread reads the input.

Bytes that are written and not sent yet are counted, and the reading thread waits until there is room for more
(`Sender.has_room`). So memory is bounded however slow S3 is.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from singer_bulk.model.runtime import STANDARD, Runtime

# Up to four files are sent at the same time, the parts of one file one after the other.
THREADS = 4


class Sender:
    """The threads, and the bytes that wait for them: at most `max_bytes` when `has_room` returns."""

    def __init__(self, max_bytes: int, runtime: Runtime = STANDARD) -> None:
        self._max_bytes = max_bytes
        self._gathered = 0  # written, not yet enough for a call
        self._sending = 0
        self._runtime = runtime
        self._sent = runtime.condition()
        self._made: Executor | None = None

    def gather(self, byte_count: int) -> None:
        """Count bytes that were written; a negative number takes back those that will not be sent."""
        self._gathered += byte_count

    def has_room(self) -> bool:
        """Return whether no more than `max_bytes` wait; waits for calls under way if that may help."""
        if self._gathered + self._sending <= self._max_bytes:
            return True
        with self._sent:
            self._sent.wait_for(lambda: not self._sending or self._gathered + self._sending <= self._max_bytes)
        return self._gathered + self._sending <= self._max_bytes

    def send(self, byte_count: int, call: Callable[[], None], after: Future[None] | None) -> Future[None]:
        """Make the call in a thread, behind the one that the same file waits for; if that fails, it is not made."""
        if self._made is None:
            self._made = self._runtime.threads(THREADS, "send")
        with self._sent:
            self._gathered -= byte_count
            self._sending += byte_count
        return self._made.submit(self._call, byte_count, call, after)

    def _call(self, byte_count: int, call: Callable[[], None], after: Future[None] | None) -> None:
        try:
            if after is not None:
                after.result()  # it was submitted earlier, so a thread is running it or has ended: no deadlock
            call()
        finally:
            with self._sent:
                self._sending -= byte_count
                self._sent.notify_all()
