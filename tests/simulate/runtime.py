"""The seam of `singer_bulk.model.runtime`, filled with virtual time and threads of one simulated process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from greenlet import greenlet

from tests.simulate.schedule import BEGIN, Process, Scheduler
from tests.simulate.threads import Threads


class Condition:
    """A lock and those who wait for what it protects."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._held = False
        self._locked_out: list[greenlet] = []
        self._waiting: list[greenlet] = []

    def __enter__(self) -> Condition:
        self._scheduler.step()
        while self._held:
            self._scheduler.park(self._locked_out)
        self._held = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._held = False
        self._scheduler.wake(self._locked_out)

    def wait_for(self, is_so: Callable[[], bool]) -> bool:
        """Wait until it is so; whoever changes it calls `notify_all`."""
        while not is_so():
            self._held = False
            self._scheduler.wake(self._locked_out)
            self._scheduler.park(self._waiting)
            self.__enter__()
        return True

    def notify_all(self) -> None:
        """Let all who wait look again."""
        self._scheduler.wake(self._waiting)


@dataclass
class Simulated:
    """A `Runtime` of one process."""

    scheduler: Scheduler
    process: Process

    def now(self) -> datetime:
        """Return the time of day as the clock of the process has it."""
        return BEGIN + timedelta(seconds=self.scheduler.time + self.process.clock)

    def monotonic(self) -> float:
        """Return the virtual seconds."""
        return self.scheduler.time

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.scheduler.sleep(seconds)

    def threads(self, count: int, name: str) -> Any:
        """Return threads of the process."""
        return Threads(self.scheduler, self.process, count, name)

    def condition(self) -> Any:
        """Return a condition."""
        return Condition(self.scheduler)
