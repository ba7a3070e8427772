"""How often what failed is tried again, and how long after.

1, 2, 4 and 8 seconds, each a little less by chance: a failover of either warehouse takes longer and ends the run, a
conflict with another load or a dropped connection does not. What others hold for now is waited for by time, not by
count: the warehouse may refuse at once (Snowflake lets 20 statements wait for a lock), or after it has waited itself.
Every retry is logged with its count.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.errors import WarehouseError

logger = logging.getLogger(__name__)

MAX_ATTEMPTS, RETRY_SECONDS = 5, 1.0
# Between two looks at what others hold.
MAX_PAUSE_SECONDS = 10.0


@dataclass
class Waiting:
    """The wait for what others hold: it is bounded by time."""

    pause: Callable[[float], None]
    monotonic: Callable[[], float]
    max_seconds: float
    seconds: float = 0.0  # that it has lasted
    _begun: float | None = None
    _looks: int = 0

    def begin(self) -> None:
        """Count from now, unless it is counted already."""
        if self._begun is None:
            self._begun = self.monotonic()

    def passed(self) -> float:
        """Return how many seconds it has lasted until now."""
        if self._begun is not None:
            self.seconds = self.monotonic() - self._begun
        return self.seconds

    def goes_on(self, what: str, error: WarehouseError) -> bool:
        """Wait a little and return True, or False if it has lasted too long; `what` says who waits, for whom."""
        self.begin()
        if self.passed() >= self.max_seconds:
            return False
        logger.warning("%s, since %.0f s, %.0f s at most: %s", what, self.seconds, self.max_seconds, error)
        self._looks += 1
        self.pause(min(_spread(RETRY_SECONDS * 2 ** min(self._looks - 1, 8)), MAX_PAUSE_SECONDS))
        self.passed()
        return True


@dataclass
class Retries:
    """The attempts at one thing that may be done again; `what` names it in the log."""

    what: str
    pause: Callable[[float], None]
    waiting: Waiting | None = None
    attempt: int = 1

    def wait(self, error: WarehouseError) -> None:
        """Wait for the next attempt; raises the error again if it does not pass by itself, or came too often."""
        if error.waited and self.waiting is not None:
            if not self.waiting.goes_on(f"{self.what}: another transaction has what it needs", error):
                raise error
            return
        if not (error.connection_lost or error.conflict) or self.attempt == MAX_ATTEMPTS:
            raise error
        seconds = _spread(RETRY_SECONDS * 2 ** (self.attempt - 1))
        logger.warning(
            "%s: attempt %d of %d failed (%s); again in %.1f s", self.what, self.attempt, MAX_ATTEMPTS, error, seconds
        )
        self.attempt += 1
        self.pause(seconds)


def _spread(seconds: float) -> float:
    return random.uniform(0.5, 1.0) * seconds  # noqa: S311 - spreads retries only
