"""Threads whose order a seed decides, in virtual time: the runtime of a simulated run.

Each thread is a greenlet, and all of them run in one thread of the system. Whoever calls `step`, `sleep` or waits for
something gives the others their turn; which one goes on is drawn from the seed. Time passes when nobody can go on, and
now and then all the same, as if a thread had been kept from its core.

A process is a group of threads that dies together: what they call afterwards raises `Killed` and does nothing.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from greenlet import getcurrent, greenlet

BEGIN = datetime(2020, 6, 1, 12, tzinfo=timezone.utc)
# How often time passes although a thread could go on.
PREEMPTED = 0.05


class Killed(BaseException):
    """The process of this thread is dead: the thread unwinds, and nothing that it calls has an effect."""


class Stuck(Exception):
    """Threads wait, and nothing will ever wake them; or they go on without end."""


@dataclass(eq=False)
class Process:
    """Threads that die together; `clock` is what its clock is wrong by, in seconds; `signal`: the one that came."""

    name: str
    alive: bool = True
    clock: float = 0.0
    signal: int | None = None
    threads: list[greenlet] = field(default_factory=list)
    at_death: list[Callable[[], None]] = field(default_factory=list)
    at_exit: list[Callable[[], None]] = field(default_factory=list)  # as the interpreter ends its threads


@dataclass
class Scheduler:
    """Decides who goes on. `trace`: what has happened, if it is kept."""

    seed: int
    keeps_trace: bool = False
    max_steps: int = 20_000
    time: float = 0.0
    steps: int = 0
    problem: BaseException | None = None  # what a thread has found, for who runs them all
    trace: list[str] = field(default_factory=list)
    _ready: list[greenlet] = field(default_factory=list)
    _asleep: list[tuple[float, int, greenlet]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        # Nothing but random(): what else this class offers differs between versions of Python.
        self.random = random.Random(self.seed).random
        self._hub = getcurrent()
        self._names: dict[greenlet, tuple[Process, str]] = {}

    def below(self, count: int) -> int:
        """Return a number from 0 to count - 1."""
        return int(self.random() * count)

    def note(self, text: str) -> None:
        """Add to the trace what has happened, with the thread in which it has."""
        if self.keeps_trace:
            process, name = self._names.get(getcurrent(), (None, "hub"))
            who = f"{process.name}/{name}" if process else name
            self.trace.append(f"{self.time:.3f} {who}: {text}")

    def begin(self, process: Process, name: str, call: Callable[[], Any]) -> greenlet:
        """Begin a thread."""

        def body() -> None:
            try:
                if process.alive:
                    call()
            except Killed:
                pass
            finally:
                del self._names[thread]

        thread = greenlet(body, parent=self._hub)
        self._names[thread] = (process, name)
        process.threads.append(thread)
        self._ready.append(thread)
        return thread

    def run(self) -> None:
        """Let threads go on until all have ended; raises Stuck, and whatever ends a thread."""
        while self._ready or self._asleep:
            if self._asleep and (not self._ready or self.random() < PREEMPTED):
                self.time, _, thread = heapq.heappop(self._asleep)
            else:
                place = self.below(len(self._ready))
                self._ready[place], self._ready[-1] = self._ready[-1], self._ready[place]
                thread = self._ready.pop()
            if thread.dead:
                continue
            self.steps += 1
            if self.steps > self.max_steps:
                raise Stuck(f"no end after {self.steps} steps")
            thread.switch()
            if self.problem is not None:
                raise self.problem
        if self._names:
            raise Stuck(f"waiting for ever: {sorted(f'{process.name}/{name}' for process, name in self.names())}")

    def names(self) -> list[tuple[Process, str]]:
        """Return the threads that have not ended."""
        return list(self._names.values())

    def kill(self, process: Process) -> None:
        """End a process at once; no thread of it does anything more. Its own thread that calls this raises Killed next.

        What the others have to unwind they do at once: all that they call raises Killed.
        """
        process.alive = False
        for thread in process.threads:
            if thread is getcurrent() or thread.dead:
                continue
            thread.parent = getcurrent()
            if thread:
                thread.throw(Killed)
            else:  # not begun yet
                thread.throw()
                self._names.pop(thread, None)
        for call in process.at_death:
            call()

    def end(self) -> None:
        """Unwind every thread, whatever it waits for."""
        for process, _ in self.names():
            if process.alive:
                self.kill(process)

    def check(self) -> None:
        """Raise Killed in a thread of a dead process."""
        named = self._names.get(getcurrent())
        if named is not None and not named[0].alive:
            raise Killed

    def step(self) -> None:
        """Let others go on, perhaps."""
        self.check()
        if self._ready or self._asleep:
            self._ready.append(getcurrent())
            self._hub.switch()

    def sleep(self, seconds: float) -> None:
        """Let others go on for so long."""
        self.check()
        self._count += 1
        heapq.heappush(self._asleep, (self.time + seconds, self._count, getcurrent()))
        self._hub.switch()

    def park(self, waiting: list[greenlet] | deque[greenlet]) -> None:
        """Wait until somebody takes this thread out of `waiting` and wakes it."""
        self.check()
        waiting.append(getcurrent())
        self._hub.switch()

    def wake(self, waiting: list[greenlet] | deque[greenlet]) -> None:
        """Let all that wait go on."""
        self._ready += [thread for thread in waiting if not thread.dead]
        waiting.clear()
