"""What time is it for what was issued: a clock that a test may move on, so that hours need not be waited for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


class Clock:
    """The time of day, and what it was moved by.

    Sessions, tokens and their signatures end by it. What a client signs itself while it logs in (the JWT of a key pair,
    the request of AWS) has the client's time, which nobody moves, and is held against the real one.
    """

    def __init__(self) -> None:
        self.moved = 0.0

    def now(self) -> float:
        return time.time() + self.moved

    def move(self, request: Mapping[str, Any]) -> None:
        """Admin command {"do": "clock", "seconds": ...}: so much later, from now on."""
        self.moved += float(request["seconds"])
