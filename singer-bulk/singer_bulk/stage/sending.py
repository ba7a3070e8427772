"""Calls that send bytes to S3, made in threads beside the one that reads the input.

What has been written and is not sent yet is counted: whoever reads waits for room (`Uploads.has_room`), so that memory
is bounded however slow S3 is.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from singer_bulk.model.runtime import STANDARD, Runtime

# Files are sent side by side, the parts of one file one after the other.
THREADS = 4


class Uploads:
    """The threads, and the bytes that wait for them: `max_bytes` at most, and what is written between two looks."""

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
        """Return whether no more than `max_bytes` wait; waits for calls that are on their way if that may help."""
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
                after.result()  # it was handed in earlier, so a thread has it: this cannot wait for itself
            call()
        finally:
            with self._sent:
                self._sending -= byte_count
                self._sent.notify_all()
