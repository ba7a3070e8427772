"""What a run tells while it goes: a fact for each block, file, load and STATE, never one for each record.

The main path tells; who listens is passed in (`report/`), and is nobody unless it is. What a listener does with a fact
is none of the run's business: it may neither fail the run nor keep it waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from singer_bulk.model.load import Load, Table

READ, ENCODE, STAGE = "read", "encode", "stage"

T = TypeVar("T")


@dataclass(frozen=True)
class Began:
    """The run has begun to read."""

    run_id: str
    pipeline_id: str | None
    started_at: datetime


@dataclass(frozen=True)
class Arrived:
    """A run of records of the tap."""

    stream: str
    records: int
    byte_count: int


@dataclass(frozen=True)
class Made:
    """What maps have made of records of a stream of the tap (`of`)."""

    stream: str
    of: str
    records: int


@dataclass(frozen=True)
class Took:
    """Seconds that something took: READ, waiting for the tap; ENCODE; STAGE, waiting for S3."""

    what: str
    seconds: float
    stream: str | None = None


@dataclass(frozen=True)
class Called:
    """The warehouse has answered a call, or failed: its kind (`warehouse/times.py`), its stream if it is of one."""

    kind: str
    stream: str | None
    seconds: float


@dataclass(frozen=True)
class LoadClosed:
    """The load goes to the thread that commits."""

    load: Load


@dataclass
class Written:
    """Rows of one stream, as the warehouse has said it; None: it does not say."""

    inserted: int | None = 0
    updated: int | None = 0
    deleted: int | None = 0


@dataclass(frozen=True)
class LoadCommitted:
    """The load is in the warehouse. spent, queries: by stream (None: of several at once), then by kind of statement."""

    load: Load
    spent: Mapping[str | None, Mapping[str, float]]
    queries: Mapping[str | None, Mapping[str, list[str]]]
    written: Mapping[str, Written]
    changes: list[tuple[Table, str]]


@dataclass(frozen=True)
class StateEmitted:
    """A STATE came out."""

    state: str


@dataclass(frozen=True)
class Doing:
    """The reading thread begins to wait: READ, STAGE; or goes on: ""."""

    what: str


Fact = Began | Doing | Arrived | Made | Took | Called | LoadClosed | LoadCommitted | StateEmitted


@dataclass(frozen=True)
class Watch:
    """Tells facts to whoever listens; nothing is measured where nobody does."""

    listen: Callable[[Fact], None] | None = None
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def tell(self, fact: Fact) -> None:
        """Pass the fact on."""
        if self.listen is not None:
            self.listen(fact)

    def time(self, what: str, stream: str | None = None) -> AbstractContextManager[None]:
        """Tell what the block takes."""
        return nullcontext() if self.listen is None else self._timed(what, stream)

    def each(self, what: str, source: Iterator[T]) -> Iterator[T]:
        """Yield what the source does, and tell how long it took to come."""
        return source if self.listen is None else self._each(what, source)

    def call(self, what: str, stream: str, function: Callable[..., T]) -> Callable[..., T]:
        """Return the function, telling how long its calls take."""
        if self.listen is None:
            return function

        def timed(*arguments: object) -> T:
            with self._timed(what, stream):
                return function(*arguments)

        return timed

    @contextmanager
    def _timed(self, what: str, stream: str | None) -> Iterator[None]:
        begun = self.monotonic()
        if stream is None:
            self.tell(Doing(what))
        try:
            yield
        finally:
            self.tell(Took(what, self.monotonic() - begun, stream))

    def _each(self, what: str, source: Iterator[T]) -> Iterator[T]:
        while True:
            begun = self.monotonic()
            self.tell(Doing(what))
            one = next(source, _END)
            self.tell(Doing(""))
            self.tell(Took(what, self.monotonic() - begun))
            if one is _END:
                return
            yield one  # type: ignore[misc]


class _End:
    """Behind the last one."""


_END = _End()
UNWATCHED = Watch()
