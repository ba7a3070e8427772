"""Broken doubles of what is counted, committed, and looked up where a COMMIT was not answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from singer_bulk.commit_thread import Committer
from singer_bulk.errors import WarehouseError
from singer_bulk.warehouse import copy, loads, retries
from singer_bulk.warehouse.copy import LoadRows
from singer_bulk.warehouse.gate import Gate
from singer_bulk.warehouse.loads import Loads
from singer_bulk.warehouse.open_transaction import OpenTransaction
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.times import TimedSession

from tests.simulate.mutants.base import ENDED, LOST, REFUSED, UNANSWERED, Replacement, mutant, nothing


@mutant(9, "the gate behind COPY is off by one", ("COPY", "row left out"))
def _() -> Iterable[Replacement]:
    demand = LoadRows._demand_all

    def short(self: LoadRows, batch: Any, count: int) -> None:
        demand(self, batch, count + 1 if count == batch.row_count - 1 else count)

    yield LoadRows, "_demand_all", short


@mutant(9, "what is in a scratch table is not counted", ("COPY SCRATCH", "row left out"))
def _() -> Iterable[Replacement]:
    looked = copy.looked

    def as_staged(rows: Any) -> Any:
        return {place: _Unasked(one) for place, one in looked(rows).items()}

    demand = LoadRows._demand_all
    yield copy, "looked", as_staged
    yield (
        LoadRows,
        "_demand_all",
        lambda self, batch, count: demand(self, batch, batch.row_count if isinstance(count, _AnyNumber) else count),
    )


class _AnyNumber(int):
    """A number that nobody compares."""


def _Unasked(one: Any) -> Any:  # noqa: N802 - stands for a class
    return replace(one, row_count=_AnyNumber(one.row_count))


@mutant(9, "what a merge has written is not compared with what was chosen", ("MERGE", "row left out"))
def _() -> Iterable[Replacement]:
    yield Gate, "_demand", nothing


@mutant(9, "rows of the ledger are not counted", ("WRITE LEDGER", "row left out"))
def _() -> Iterable[Replacement]:
    yield Gate, "demand", nothing


@mutant(10, "a COMMIT without an answer counts as one that failed", *UNANSWERED)
def _() -> Iterable[Replacement]:
    yield loads, "has_load", lambda warehouse, load_id: False


@mutant(10, "a COMMIT without an answer counts as one that worked", ("COMMIT", "cut before"))
def _() -> Iterable[Replacement]:
    yield loads, "has_load", lambda warehouse, load_id: True


@mutant(10, "the ledger is asked while the lost session may still commit", ("COMMIT", "late"))
def _() -> Iterable[Replacement]:
    yield TimedSession, "end_transaction", nothing


@mutant(10, "the last COMMIT that fails is not looked up", *UNANSWERED)
def _() -> Iterable[Replacement]:
    yield Loads, "_has_worked", lambda self, load: False
    yield retries, "MAX_ATTEMPTS", 1


@mutant(10, "a retry does not ask the ledger", *UNANSWERED)
def _() -> Iterable[Replacement]:
    yield Loads, "_was_committed", lambda self, load: False


@mutant(11, "a lost session is replaced inside a transaction", *LOST)
def _() -> Iterable[Replacement]:
    execute, session = TimedSession.execute, Warehouse.session
    made: list[Warehouse] = []

    def again(self: TimedSession, sql: str) -> Any:
        try:
            return execute(self, sql)
        except WarehouseError as error:
            if not error.connection_lost or not made:
                raise
            self._session = made[-1].connect()
            return execute(self, sql)

    def noted(self: Warehouse) -> Any:
        made.append(self)
        assert session.fget is not None
        return session.fget(self)

    yield TimedSession, "execute", again
    yield Warehouse, "session", property(noted)


@mutant(11, "COMMIT goes to a new session where the old one is lost", ("COMMIT", "cut before"))
def _() -> Iterable[Replacement]:
    execute, made = TimedSession.execute, dict[int, Any]()
    session = Warehouse.session

    def noted(self: Warehouse) -> Any:
        assert session.fget is not None
        found = session.fget(self)
        made[id(found)] = self
        return found

    def again(self: TimedSession, sql: str) -> Any:
        try:
            return execute(self, sql)
        except WarehouseError as error:
            if not error.connection_lost or sql != "COMMIT" or id(self) not in made:
                raise
            self._session = made[id(self)].connect()
            return execute(self, sql)

    yield TimedSession, "execute", again
    yield Warehouse, "session", property(noted)


@mutant(11, "a conflict at COMMIT counts as a commit", ("COMMIT", "conflict"))
def _() -> Iterable[Replacement]:
    commit = OpenTransaction.commit

    def passed(self: OpenTransaction) -> None:
        try:
            commit(self)
        except WarehouseError as error:
            if not error.conflict:
                raise

    yield OpenTransaction, "commit", passed


@mutant(12, "a load does not wait for the one before it")
def _() -> Iterable[Replacement]:
    def commit(self: Committer, load: Any, rejects: Sequence[str]) -> None:
        if self._made is None:
            self._made = self._runtime.threads(2, "commit")
        self._under_way = self._made.submit(self._commit, load, rejects)

    yield Committer, "commit", commit


@mutant(12, "the error of the load before is passed over", *REFUSED)
def _() -> Iterable[Replacement]:
    def wait(self: Committer) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.exception()

    yield Committer, "wait", wait


@mutant(12, "a run that fails does not wait for its load, and takes its files", *ENDED)
def _() -> Iterable[Replacement]:
    yield Committer, "end", nothing
