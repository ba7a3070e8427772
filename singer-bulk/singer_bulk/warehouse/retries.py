"""How often what failed is tried again, and how long after.

1, 2, 4 and 8 seconds, each a little less by chance: a failover of either warehouse takes longer and ends the run, a
conflict with another load or a dropped connection does not. Every retry is logged with its count.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.errors import WarehouseError

logger = logging.getLogger(__name__)

MAX_ATTEMPTS, RETRY_SECONDS = 5, 1.0


@dataclass
class Retries:
    """The attempts at one thing that may be done again; `what` names it in the log."""

    what: str
    pause: Callable[[float], None]
    attempt: int = 1

    def wait(self, error: WarehouseError) -> None:
        """Wait for the next attempt; raises the error again if it does not pass by itself, or came too often."""
        if not (error.connection_lost or error.conflict) or self.attempt == MAX_ATTEMPTS:
            raise error
        seconds = random.uniform(0.5, 1.0) * RETRY_SECONDS * 2 ** (self.attempt - 1)  # noqa: S311 - spreads retries only
        logger.warning(
            "%s: attempt %d of %d failed (%s); again in %.1f s", self.what, self.attempt, MAX_ATTEMPTS, error, seconds
        )
        self.attempt += 1
        self.pause(seconds)
