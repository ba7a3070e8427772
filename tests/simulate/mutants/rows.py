"""Broken doubles of how rows enter tables: full loads, turns, keys, order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from singer_bulk.encode import added_fields, workers
from singer_bulk.model.feed import Meaning
from singer_bulk.open_load import OpenLoad
from singer_bulk.run import Run
from singer_bulk.stream import from_schema
from singer_bulk.warehouse import copy, merge, transaction, turn
from singer_bulk.warehouse.copy import LoadRows
from singer_bulk.warehouse.events import Events
from singer_bulk.warehouse.turn import Turn

from tests.simulate.mutants.base import Replacement, before, mutant, nothing

ENTER = LoadRows.enter


@mutant(13, "a full load ends at a STATE")
def _() -> Iterable[Replacement]:
    yield OpenLoad, "may_close", property(lambda self: not self.is_empty and self.covered)
    yield Run, "_take_state", _take_state_of_no_full_load


def _take_state_of_no_full_load(self: Run, state: str) -> None:
    self._open.cover(state)
    if self._open.is_empty:
        self._committer.emit(state)
    elif self._open.due:
        self._flush()


@mutant(13, "a full load lets STATEs out before its COMMIT")
def _() -> Iterable[Replacement]:
    yield Run, "_take_state", before(Run._take_state, lambda self, state: self._committer.emit(state))


@mutant(13, "a full load leaves the rows of before")
def _() -> Iterable[Replacement]:
    yield copy, "empty", nothing


@mutant(15, "no turn is taken")
def _() -> Iterable[Replacement]:
    yield Turn, "take", nothing


@mutant(15, "the turn is taken when the rows have entered")
def _() -> Iterable[Replacement]:
    take, turns = Turn.take, list[Callable[[], None]]()

    def enter(self: LoadRows, opened: Any) -> dict[str, int]:
        loaded = ENTER(self, opened)
        turns.pop()()
        return loaded

    yield Turn, "take", lambda self, session: turns.append(lambda: take(self, session))
    yield LoadRows, "enter", enter


@mutant(15, "the snapshot is taken before the turn")
def _() -> Iterable[Replacement]:
    def first(self: Turn, session: Any) -> None:
        if self.locks:
            session.execute(f"SELECT COUNT(*) FROM {self.dialect.table(self.locks[0].table)}")

    yield Turn, "take", before(Turn.take, first)


@mutant(15, "each pipeline has a turn of its own")
def _() -> Iterable[Replacement]:
    yield transaction, "Turn", turn.Turn
    of = turn.Turns.of

    def apart(self: Any, load: Any, fence: Any) -> Any:
        found = of(self, load, fence)
        return replace(found, locks=[lock for lock in found.locks if fence is not None and lock.table == fence.table])

    yield turn.Turns, "of", apart


@mutant(22, "the first record of a key wins")
def _() -> Iterable[Replacement]:
    order = Events.order
    yield Events, "order", lambda self, last_first=False: order(self, last_first=not last_first)


@mutant(22, "a batch is merged as it is, whatever is in it")
def _() -> Iterable[Replacement]:
    yield copy, "needs_choosing", lambda batch, left_out, looked: False


@mutant(22, "batches of a load are merged last first")
def _() -> Iterable[Replacement]:
    enter = LoadRows._enter
    yield (
        LoadRows,
        "_enter",
        lambda self, opened, table, gates: enter(self, opened, replace(table, batches=table.batches[::-1]), gates),
    )


@mutant(22, "a block that a thread has encoded goes before one that came back")
def _() -> Iterable[Replacement]:
    def take_first(self: workers.Workers) -> None:
        blocks, block, piece = self._under_way.popleft()
        try:
            taken = piece.result()
        except Exception:
            blocks.unsure.append(block)
        else:
            blocks.on_piece(taken, block.records.count)

    yield workers.Workers, "_take_first", take_first


@mutant(23, "deletes are merged like other records")
def _() -> Iterable[Replacement]:
    says = Events.says
    yield Events, "says", lambda self, meaning: "" if meaning is Meaning.DELETE else says(self, meaning)


@mutant(23, "a delete leaves its row")
def _() -> Iterable[Replacement]:
    yield merge, "_remove", lambda batch: []
    yield merge, "_stamp", lambda batch: []


@mutant(23, "a late event replaces a newer row")
def _() -> Iterable[Replacement]:
    yield merge, "drop_late", lambda batch: []


@mutant(23, "the places of deleted keys are forgotten")
def _() -> Iterable[Replacement]:
    yield merge, "_remove", _remove_and_forget


def _remove_and_forget(batch: Any) -> list[Any]:
    return [merge.Step(merge.words.delete(batch.target, batch.matching, using=batch.chosen))]


@mutant(25, "a run numbers its rows by its clock alone")
def _() -> Iterable[Replacement]:
    yield from_schema, "first_sequence", lambda at, last: added_fields.first_sequence(at, 0)


@mutant(25, "a load has the number of its last row")
def _() -> Iterable[Replacement]:
    close = OpenLoad.close

    def again(self: OpenLoad, also: Any = ()) -> Any:
        made = close(self, also)
        self.sequence -= 2
        return made

    yield OpenLoad, "close", again


@mutant(25, "each part of a load begins with the same number")
def _() -> Iterable[Replacement]:
    add = OpenLoad.add

    def same(self: OpenLoad, records: Any) -> None:
        before = self.sequence
        add(self, records)
        self.sequence = before + 1

    yield OpenLoad, "add", same


@mutant(24, "an ACTIVATE_VERSION takes the rows of its own version too")
def _() -> Iterable[Replacement]:
    steps = copy.obsolete_versions
    yield copy, "obsolete_versions", lambda dialect, table, version, now: steps(dialect, table, version + 1, now)


@mutant(24, "an ACTIVATE_VERSION leaves the version before it")
def _() -> Iterable[Replacement]:
    steps = copy.obsolete_versions
    yield copy, "obsolete_versions", lambda dialect, table, version, now: steps(dialect, table, version - 1, now)


@mutant(24, "an ACTIVATE_VERSION without records behind it is forgotten")
def _() -> Iterable[Replacement]:
    yield OpenLoad, "activate", nothing
