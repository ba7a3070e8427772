"""Broken doubles of what waits for a STATE, a signal, and the end of the input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from singer_bulk import clean_end, run
from singer_bulk.commit_thread import Committer
from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.open_load import OpenLoad
from singer_bulk.run import Run
from singer_bulk.warehouse.copy import LoadRows
from singer_bulk.warehouse.loads import Loads
from singer_bulk.warehouse.open_transaction import OpenTransaction
from singer_bulk.warehouse.transaction import Attempt

from tests.simulate.mutants.base import ENDED, REFUSED, Replacement, before, mutant, nothing


@mutant(1, "the STATE comes out before its load is committed")
def _() -> Iterable[Replacement]:
    yield Committer, "_commit", before(Committer._commit, lambda self, load, _: self._emit_once(load.state))


@mutant(1, "a load that has failed counts as committed", *REFUSED)
def _() -> Iterable[Replacement]:
    commit = Loads.commit

    def quietly(self: Loads, load: Any) -> list[str]:
        try:
            return commit(self, load)
        except BulkError:
            return []

    yield Loads, "commit", quietly


@mutant(1, "a STATE behind records that wait comes out at once")
def _() -> Iterable[Replacement]:
    yield OpenLoad, "is_empty", property(lambda self: not self._ended and len(self._busy) < 2)


@mutant(2, "a STATE that needs no load does not wait for the load under way")
def _() -> Iterable[Replacement]:
    yield Committer, "emit", lambda self, state: self._emit_once(state)


@mutant(2, "the last STATE is kept back")
def _() -> Iterable[Replacement]:
    emit = Committer._emit_once
    yield Committer, "_emit_once", lambda self, state: None if self._emitted is not None else emit(self, state)


@mutant(2, "a STATE comes out twice")
def _() -> Iterable[Replacement]:
    yield Committer, "_emit_once", lambda self, state: None if state is None else self._emit(state)


@mutant(3, "what is old is committed, whether a STATE covers it or not")
def _() -> Iterable[Replacement]:
    yield OpenLoad, "may_close", property(lambda self: not self.is_empty and not self.holds)


@mutant(3, "a full batch is committed at once")
def _() -> Iterable[Replacement]:
    add = OpenLoad.add

    def covered(self: OpenLoad, records: Any) -> None:
        add(self, records)
        self.covered = self.covered or (self.due and self.state is not None)

    yield OpenLoad, "add", covered


@mutant(3, "a record leaves the STATE before it covering all")
def _() -> Iterable[Replacement]:
    def first(self: OpenLoad) -> None:
        if self.is_empty:
            self._first_row_at = self._monotonic()
        self.covered = self.covered and self.state is not None

    yield OpenLoad, "_uncover", first


@mutant(4, "after an error what is open is committed", *ENDED)
def _() -> Iterable[Replacement]:
    def committed(self: OpenLoad) -> None:
        if not self.is_empty and RUNS:
            RUNS[-1]._commit(self.close())
            RUNS[-1]._committer.end()

    yield OpenLoad, "abort", committed
    yield Run, "read", before(Run.read, lambda self, source: RUNS.append(self))


@mutant(4, "what follows a broken line is passed over", ("READ", "broken line"))
def _() -> Iterable[Replacement]:
    messages_of = run.messages_of

    def lenient(block: Any) -> Iterator[Any]:
        try:
            yield from messages_of(block)
        except BulkError:
            return

    yield run, "messages_of", lenient


@mutant(4, "records behind the last STATE are committed although the tap resumes from it", ("READ", "cut off"))
def _() -> Iterable[Replacement]:
    yield clean_end, "_refuse_uncovered", nothing


@mutant(5, "a signal is not looked for while input is read", ("READ", "signal"))
def _() -> Iterable[Replacement]:
    yield Run, "_stop_if_signalled", nothing
    yield Attempt, "_stop_if_signalled", nothing


@mutant(5, "a transaction does not look for the signal", ("READ", "signal"))
def _() -> Iterable[Replacement]:
    yield Attempt, "_stop_if_signalled", nothing


@mutant(5, "a transaction looks for the signal when it begins, and not before COMMIT", ("READ", "signal"))
def _() -> Iterable[Replacement]:
    def inside(self: Attempt, opened: OpenTransaction) -> None:
        self.stop_signal = lambda: None
        _RUN_INSIDE(self, opened)

    yield Attempt, "_run_inside", inside


_RUN_INSIDE = Attempt._run_inside
RUNS: list[Run] = []


@mutant(8, "COMMIT stands between the rows and the ledger")
def _() -> Iterable[Replacement]:
    enter = LoadRows.enter

    def committed(self: LoadRows, opened: Any) -> dict[str, int]:
        loaded = enter(self, opened)
        opened.execute("COMMIT")
        opened.execute("BEGIN")
        return loaded

    yield LoadRows, "enter", committed


@mutant(8, "the rows enter before BEGIN")
def _() -> Iterable[Replacement]:
    begin = Attempt._begin

    def early(self: Attempt, session: Any) -> OpenTransaction:
        loaded = ENTER(self.rows, session)
        self.rows.enter = lambda where: loaded  # type: ignore[method-assign]
        return begin(self, session)

    yield Attempt, "_begin", early


ENTER = LoadRows.enter


@mutant(8, "each table is committed by itself")
def _() -> Iterable[Replacement]:
    enter = LoadRows._enter

    def one(self: LoadRows, opened: Any, *others: Any) -> int:
        loaded = enter(self, opened, *others)
        opened.execute("COMMIT")
        opened.execute("BEGIN")
        return loaded

    yield LoadRows, "_enter", one


@mutant(8, "an error in a transaction is passed over, and COMMIT follows", *REFUSED)
def _() -> Iterable[Replacement]:
    leave = OpenTransaction.__exit__

    def committed(self: OpenTransaction, kind: Any, error: Any, at: Any) -> Any:
        return (
            leave(self, None, None, None) or True if isinstance(error, WarehouseError) else leave(self, kind, error, at)
        )

    yield OpenTransaction, "__exit__", committed
