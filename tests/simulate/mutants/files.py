"""Broken doubles of the stage, of what bounds memory, and of what keeps runs of one pipeline apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from singer_bulk import run
from singer_bulk.commit_thread import Committer
from singer_bulk.model.input_end import Grade, InputEnd
from singer_bulk.run import Run
from singer_bulk.stage.owner import OwnedWriter, RunStage
from singer_bulk.stage.s3 import S3Stage, S3Writer
from singer_bulk.stage.sending import Sender
from singer_bulk.stream.stream import Stream
from singer_bulk.warehouse import empty
from singer_bulk.warehouse.fence import Fence
from singer_bulk.warehouse.open_transaction import OpenTransaction
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.transaction import Attempt
from target_snowflake_stage import copy_into

from tests.simulate.mutants.base import ENDED, REFUSED, Replacement, before, mutant, nothing


@mutant(26, "a load does not wait for its files")
def _() -> Iterable[Replacement]:
    def wait(self: RunStage, keys: Iterable[str]) -> None:
        for key in keys:
            del self._opened[key]
            self._arrived.add(key)

    yield RunStage, "wait", wait


@mutant(26, "files are removed before their load")
def _() -> Iterable[Replacement]:
    def early(self: Committer, load: Any, _: Any) -> None:
        keys = [file.key for table in load.tables for batch in table.batches for file in batch.files]
        self._stage._stage.remove(keys[:1])

    yield Committer, "_commit", before(Committer._commit, early)


@mutant(26, "a part does not wait for the one before it")
def _() -> Iterable[Replacement]:
    send = Sender.send
    yield Sender, "send", lambda self, count, call, after: send(self, count, call, None)


@mutant(26, "an error of S3 is passed over", ("put", "error"), ("part", "error"), ("complete", "error"))
def _() -> Iterable[Replacement]:
    def checked(self: S3Writer, call: Any, content: Any) -> None:
        try:
            call(content)
        except Exception:
            self._give_up_parts()

    yield S3Writer, "_checked", checked


@mutant(28, "files of a committed load stay")
def _() -> Iterable[Replacement]:
    yield RunStage, "remove", lambda self, keys: self.release(keys)


@mutant(28, "a run that fails leaves its files", *ENDED)
def _() -> Iterable[Replacement]:
    yield RunStage, "remove_rest", nothing


@mutant(28, "a file that is open at an error is forgotten", *ENDED)
def _() -> Iterable[Replacement]:
    yield OwnedWriter, "abort", nothing


@mutant(28, "a file is closed twice")
def _() -> Iterable[Replacement]:
    yield OwnedWriter, "close", before(OwnedWriter.close, OwnedWriter.close)


@mutant(28, "what is removed is not waited for", *ENDED)
def _() -> Iterable[Replacement]:
    def remove(self: S3Stage, keys: Iterable[str]) -> None:
        names = list(keys)
        for key in names:
            self._closed.pop(key, None)
        REMOVE(self, names)

    yield S3Stage, "remove", remove
    yield RunStage, "_has_arrived", lambda self, key: False


REMOVE = S3Stage.remove


@mutant(30, "there is always room")
def _() -> Iterable[Replacement]:
    yield Sender, "has_room", lambda self: True


@mutant(30, "no file is closed early")
def _() -> Iterable[Replacement]:
    yield Run, "_make_room", nothing


@mutant(30, "what is being sent is not counted")
def _() -> Iterable[Replacement]:
    def has_room(self: Sender) -> bool:
        return self._gathered <= self._max_bytes

    yield Sender, "has_room", has_room


@mutant(33, "an input that was cut off counts as whole", ("READ", "cut off"))
def _() -> Iterable[Replacement]:
    yield run, "demand_clean_end", nothing


@mutant(35, "the row of the fence is not compared")
def _() -> Iterable[Replacement]:
    enter = Fence.enter

    def quietly(self: Fence, opened: Any, load_id: str) -> None:
        (name,) = {self.dialect.fold("load_id")}
        rows = opened.execute(f'SELECT "{name}" FROM {self.dialect.table(self.table)}')
        self._known = frozenset(row[0] for row in rows) - {"-"}
        enter(self, opened, load_id)

    yield Fence, "enter", quietly


@mutant(35, "the fence is not moved on")
def _() -> Iterable[Replacement]:
    def enter(self: Fence, opened: Any, load_id: str) -> None:
        opened.execute(f'SELECT "{self.dialect.fold("load_id")}" FROM {self.dialect.table(self.table)}')

    yield Fence, "enter", enter


@mutant(35, "the fence is entered outside of the transaction")
def _() -> Iterable[Replacement]:
    begin = Attempt._begin

    def early(self: Attempt, session: Any) -> OpenTransaction:
        if self.fence is not None:
            self.fence.enter(session, self.load.load_id)
            self.fence, self.turn = None, replace(self.turn, locks=self.turn.locks[:-1])
        return begin(self, session)

    yield Attempt, "_begin", early


@mutant(35, "a load of the run itself does not pass the fence")
def _() -> Iterable[Replacement]:
    yield Fence, "passed", nothing


@mutant(11, "a session is not closed")
def _() -> Iterable[Replacement]:
    def forgotten(self: Warehouse) -> None:
        self._session = None

    yield Warehouse, "close", forgotten


@mutant(10, "a file that Snowflake remembers is not loaded again", *REFUSED)
def _() -> Iterable[Replacement]:
    yield copy_into, "COPY_OPTIONS", {**copy_into.COPY_OPTIONS, "FORCE": "FALSE"}


# The end of the input


@mutant(32, "records that no STATE covers are not counted", ("READ", "cut off"))
def _() -> Iterable[Replacement]:
    yield InputEnd, "lacking_state", lambda self: []


@mutant(32, "a tap that has sent a STATE does not resume from it", ("READ", "cut off"))
def _() -> Iterable[Replacement]:
    yield InputEnd, "_begins_anew", lambda self, stream: True


@mutant(33, "every full load counts as whole", ("READ", "cut off at a STATE"))
def _() -> Iterable[Replacement]:
    yield InputEnd, "grade", lambda self, stream: Grade.WHOLE


@mutant(33, "a full load that nothing proves may lose rows", ("READ", "cut off at a STATE"))
def _() -> Iterable[Replacement]:
    yield Stream, "may_be_part", nothing


@mutant(33, "a table that shrinks is not refused", ("READ", "cut off at a STATE"))
def _() -> Iterable[Replacement]:
    yield empty, "_refuse_shrinking", nothing
