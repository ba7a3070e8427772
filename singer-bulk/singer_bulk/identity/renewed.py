"""A value that ends, such as a password or a token, and is got again before it does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from singer_bulk.errors import BulkError
from singer_bulk.model.runtime import STANDARD, Runtime

T = TypeVar("T")

# How long before its end a value is got again: longer than any connection takes to be made. One that lives less than
# twice as long is got again at half of its life.
EARLY = timedelta(minutes=5)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ending(Generic[T]):
    """A value and when it ends, in UTC; None: it does not end by itself."""

    value: T
    ends: datetime | None


class Renewed(Generic[T]):
    """Gives a value to whoever needs it next, from any thread; `get` is called for the first one and for each new one.

    `what`: how a log calls it. No value comes into a log.
    """

    def __init__(
        self, get: Callable[[], Ending[T]], what: str, *, early: timedelta = EARLY, runtime: Runtime = STANDARD
    ) -> None:
        self._get = get
        self._what = what
        self._early = early
        self._runtime = runtime
        self._lock = runtime.condition()
        self._had: Ending[T] | None = None
        self._due: datetime | None = None  # when it is got again

    def value(self) -> T:
        """Return the value; raises what `get` raises, unless the one that is there has some time left."""
        with self._lock:
            if self._had is None:
                return self._renew()
            if self._due is None or self._runtime.now() < self._due:
                return self._had.value
            try:
                return self._renew()
            except BulkError as error:
                assert self._had.ends is not None
                if self._runtime.now() >= self._had.ends:
                    raise
                logger.warning("%s could not be renewed, and is used until it ends: %s", self._what, error)
                return self._had.value

    def drop(self) -> None:
        """Forget the value: whoever was given it has refused it."""
        with self._lock:
            self._had = None

    def _renew(self) -> T:
        begun = self._runtime.now()
        self._had = got = self._get()
        self._due = None
        if got.ends is not None:
            self._due = got.ends - min(self._early, (got.ends - begun) / 2)
            logger.debug("%s is good until %s", self._what, got.ends.isoformat())
        return got.value
