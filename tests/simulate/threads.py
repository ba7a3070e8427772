"""Threads of one simulated process, and what they return: the few methods of concurrent.futures that are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

from greenlet import greenlet

from tests.simulate.schedule import Killed, Process, Scheduler


class Future:
    """What a call will return, with the few methods of concurrent.futures.Future that are used."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiting: list[greenlet] = []

    def run(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Make the call."""
        try:
            self._value = call(*arguments)
        except Killed:
            raise
        except BaseException as error:
            self._error = error
        self._done = True
        self._scheduler.wake(self._waiting)

    def done(self) -> bool:
        """Return whether the call has ended."""
        self._scheduler.step()
        return self._done

    def exception(self) -> BaseException | None:
        """Wait for the call; return its error."""
        self._scheduler.step()
        while not self._done:
            self._scheduler.park(self._waiting)
        return self._error

    def result(self) -> Any:
        """Wait for the call; return its value, or raise its error."""
        error = self.exception()
        if error is not None:
            raise error
        return self._value


class Threads:
    """An executor: threads that do what they are given, in the order in which it came."""

    def __init__(self, scheduler: Scheduler, process: Process, count: int, name: str) -> None:
        self._scheduler, self._process = scheduler, process
        self._count, self._name = count, name
        self._queue: deque[tuple[Future, Callable[..., Any], tuple[Any, ...]]] = deque()
        self._idle: list[greenlet] = []
        self._begun = self._ended = 0
        self._closed = False
        self._waiting: list[greenlet] = []
        process.at_exit.append(self.shutdown)

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future:
        """Give the threads a call."""
        self._scheduler.step()
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future(self._scheduler)
        self._queue.append((future, call, arguments))
        if self._idle:
            self._scheduler.wake(self._idle)
        elif self._begun < self._count:
            self._begun += 1
            self._scheduler.begin(self._process, f"{self._name}-{self._begun}", self._work)
        return future

    def shutdown(self, wait: bool = True) -> None:
        """End the threads behind what they have been given."""
        self._closed = True
        self._scheduler.wake(self._idle)
        self._scheduler.step()
        while wait and self._ended < self._begun:
            self._scheduler.park(self._waiting)

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.shutdown()

    def _work(self) -> None:
        while True:
            self._scheduler.step()
            if self._queue:
                future, call, arguments = self._queue.popleft()
                future.run(call, arguments)
            elif self._closed:
                break
            else:
                self._scheduler.park(self._idle)
        self._ended += 1
        self._scheduler.wake(self._waiting)
