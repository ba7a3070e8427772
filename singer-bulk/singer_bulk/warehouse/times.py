"""How long did the warehouse take, for which kind of statement and for which stream?

Every call to a session is measured (`TimedSession`). What a statement is says its first word; whose it is, the code
that sends statements for one stream (`Times.of_stream`). Statements for several streams at once are nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from singer_bulk.model.facts import UNWATCHED, Called, Watch
from singer_bulk.model.label import Label
from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Rows, Session

# The first word of a statement -> what it is called in the log; others by their own name.
_KINDS = {
    **dict.fromkeys(("SELECT", "SHOW", "DESC"), "questions"),
    **dict.fromkeys(("CREATE", "ALTER", "DROP", "COMMENT"), "tables"),
    **dict.fromkeys(("BEGIN", "COMMIT", "ROLLBACK"), "transactions"),
}
LOCKS = "locks"
# Of which the history of the warehouse may be asked.
SHOWN_QUERIES = ("COPY", "MERGE", "INSERT", "DELETE", "UPDATE")
SHOWN_STREAMS = 5


@dataclass
class Spent:
    """Calls of one kind, and the seconds that their answers took."""

    calls: int = 0
    seconds: float = 0.0
    queries: list[str] = field(default_factory=list)  # ids, where the driver knows them and somebody may look them up


ByKind = dict[str, Spent]


@dataclass
class Times:
    """What was spent since it was last taken, by stream (None: nobody's) and kind."""

    monotonic: Callable[[], float]
    label: Label = field(default_factory=Label)
    watch: Watch = UNWATCHED
    _spent: dict[str | None, ByKind] = field(default_factory=dict)
    _stream: str | None = None
    under_way: tuple[str, str | None] | None = None  # kind and stream of the call that has no answer yet

    @contextmanager
    def of_stream(self, stream: str) -> Iterator[None]:
        """Let what is sent meanwhile be the stream's, by its label too."""
        self._stream = self.label.stream = stream
        try:
            yield
        finally:
            self._stream, self.label.stream = None, ""

    @contextmanager
    def call(self, kind: str, count: int = 1) -> Iterator[None]:
        """Measure a call, or so many of them at once; one that fails counts too."""
        begun = self.monotonic()
        self.under_way = kind, self._stream
        try:
            yield
        finally:
            self.under_way = None
            spent = self._spent.setdefault(self._stream, {}).setdefault(kind, Spent())
            spent.calls += count
            seconds = self.monotonic() - begun
            spent.seconds += seconds
            self.watch.tell(Called(kind, self._stream, seconds))

    def note_queries(self, kind: str, queries: Sequence[str]) -> None:
        """Keep the ids of what a call has run."""
        if kind in SHOWN_QUERIES:
            self._spent.setdefault(self._stream, {}).setdefault(kind, Spent()).queries.extend(queries)

    def take(self) -> Taken:
        """Return what was spent, and begin anew."""
        spent, self._spent = self._spent, {}
        return Taken(spent)


@dataclass(frozen=True)
class Taken:
    """What was spent in some time."""

    by_stream: dict[str | None, ByKind] = field(default_factory=dict)

    def add(self, other: Taken) -> None:
        """Count another time to this one."""
        for stream, kinds in other.by_stream.items():
            _add(self.by_stream.setdefault(stream, {}), kinds)

    @property
    def seconds(self) -> dict[str | None, dict[str, float]]:
        """By stream and kind."""
        return {
            stream: {kind: spent.seconds for kind, spent in kinds.items()} for stream, kinds in self.by_stream.items()
        }

    @property
    def queries(self) -> dict[str | None, dict[str, list[str]]]:
        """Ids, by stream and kind."""
        return {
            stream: {kind: spent.queries for kind, spent in kinds.items() if spent.queries}
            for stream, kinds in self.by_stream.items()
        }

    def of(self, stream: str) -> str:
        """Return what a stream's statements took, for the log; "" if it had none of its own."""
        kinds = self.by_stream.get(stream)
        return f" ({_listed(kinds)})" if kinds else ""

    def __str__(self) -> str:
        together: ByKind = {}
        for kinds in self.by_stream.values():
            _add(together, kinds)
        calls = sum(spent.calls for spent in together.values())
        return f"{calls} calls of the warehouse took {_seconds(together):.1f} s: {_listed(together)}"

    def longest(self) -> str:
        """Return the streams that took longest, for the log; "" where there are no two of them."""
        streams = {stream: kinds for stream, kinds in self.by_stream.items() if stream is not None}
        if len(streams) < 2:
            return ""
        first = sorted(streams, key=lambda stream: -_seconds(streams[stream]))[:SHOWN_STREAMS]
        return "; longest: " + "; ".join(
            f"{one} {_seconds(streams[one]):.1f} s ({_listed(streams[one])})" for one in first
        )


def _add(kinds: ByKind, more: ByKind) -> None:
    for kind, spent in more.items():
        sum_of = kinds.setdefault(kind, Spent())
        sum_of.calls += spent.calls
        sum_of.seconds += spent.seconds


def _seconds(kinds: ByKind) -> float:
    return sum(spent.seconds for spent in kinds.values())


def _listed(kinds: ByKind) -> str:
    ordered = sorted(kinds.items(), key=lambda one: -one[1].seconds)
    return ", ".join(f"{kind} {spent.seconds:.1f} s in {spent.calls}" for kind, spent in ordered)


def kind_of(sql: str) -> str:
    """Return what a statement is called in the log."""
    word = sql.split(None, 1)[0].upper()
    return _KINDS.get(word, word)


class TimedSession:
    """A session whose calls are measured."""

    def __init__(self, session: Session, times: Times) -> None:
        self._session = session
        self._times = times

    def execute(self, sql: str) -> Rows:
        kind = kind_of(sql)
        with self._times.call(kind):
            rows = self._session.execute(sql)
        self._note(kind)
        return rows

    def execute_all(self, statements: Sequence[str]) -> None:
        with self._times.call(kind_of(statements[0])):
            self._session.execute_all(statements)

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        with self._times.call(kind_of(calls[0][0]), len(calls)):
            self._session.execute_together(calls, at_once)
        self._note(kind_of(calls[0][0]))

    def _note(self, kind: str) -> None:
        """Take the ids of queries from a session whose driver knows them."""
        if ran := getattr(self._session, "ran", None):
            self._times.note_queries(kind, ran)
            ran.clear()

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        with self._times.call(LOCKS):
            return self._session.lock(statements, max_seconds)

    def holders(self, tables: Sequence[Table]) -> str:
        return self._session.holders(tables)

    def close(self) -> None:
        self._session.close()

    def transaction(self) -> str:
        with self._times.call("transactions"):
            return self._session.transaction()

    def end_transaction(self, name: str) -> None:
        with self._times.call("transactions"):
            self._session.end_transaction(name)
