"""The rows of a load enter their tables: by COPY, or by COPY into a temporary table and from there by their keys, or as
they are, where many small batches are copied side by side (`side_by_side.py`).

Each statement is run where the caller says, in a session or in the transaction that is open in it. Nothing in this file
knows how to reach the warehouse, so nothing in it can come to another session.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.columns import Column
from singer_bulk.model.facts import Written
from singer_bulk.model.load import ClosedBatch, Load, Table, TableLoad
from singer_bulk.warehouse.converted import insert_converted, is_converted, written_columns
from singer_bulk.warehouse.copy_count import CopyCount
from singer_bulk.warehouse.dialect import Dialect, Executes, Read, Session, Url
from singer_bulk.warehouse.empty import empty
from singer_bulk.warehouse.gate import Gate, add_written, demand_none_lacking
from singer_bulk.warehouse.look import ASKED_AT_ONCE, Looked, look, looked
from singer_bulk.warehouse.merge import batch_of, into_history, merge_all, merge_steps, needs_choosing
from singer_bulk.warehouse.merge_batch import MergeBatch
from singer_bulk.warehouse.obsolete_versions import obsolete_versions
from singer_bulk.warehouse.scratch import Scratch
from singer_bulk.warehouse.side_by_side import (
    FEW_COPIES,
    BatchOf,
    Passing,
    copy_together,
    giving_up_session,
    passing_of,
    rolling_back,
    rows_in,
    small_batches,
    staged_bytes,
)
from singer_bulk.warehouse.times import Times
from singer_bulk.warehouse.unchanged import Filled, demand_unchanged

logger = logging.getLogger(__name__)


class CopyRefused(Exception):
    """COPY was refused. Why can be asked only when the transaction has been rolled back."""

    def __init__(self, error: WarehouseError, table: TableLoad, batch: ClosedBatch) -> None:
        super().__init__(error.text)
        self.error, self.table, self.batch = error, table, batch


@dataclass
class LoadRows:
    """The rows of one load, in one attempt to bring them in.

    known: the columns of each table, as they were found when they proved right for the rows. version_columns: by table
    the one that holds the version of a row, if there is one. scratch: makes the temporary tables of the run.
    _written: those of rows that have to be converted (`converted.py`).
    """

    dialect: Dialect
    load: Load
    known: Mapping[Table, Mapping[str, Column]]
    manifests: Mapping[ClosedBatch, str]
    url: Url
    version_columns: Mapping[Table, str | None]
    scratch: Scratch
    times: Times
    counting: CopyCount
    read: Read
    outcome: dict[str, Written] = field(default_factory=dict)  # by stream, what the warehouse has said of its rows
    _merging: dict[ClosedBatch, MergeBatch] = field(default_factory=dict)
    _looked: dict[ClosedBatch, Looked] = field(default_factory=dict)
    _written: dict[ClosedBatch, Table] = field(default_factory=dict)
    _passing: dict[ClosedBatch, Passing] = field(default_factory=dict)

    def fill_scratch(self, session: Session) -> None:
        """Copy rows into temporary tables of the session: those that enter by their keys, of which it looks what they
        are; those that have to be converted; and small batches of others, where that can be done side by side."""
        tables = self.load.tables
        entering = [(table, batch) for table in tables if table.method.applies for batch in table.batches]
        written = [(table, batch) for table in tables for batch in table.batches if is_converted(table, batch)]
        self.scratch.begin(session)
        self._merging = {batch: self._merging_of(table, batch) for table, batch in entering}
        self._written = {batch: self.scratch.name(table.table.schema) for table, batch in written}
        copied = [(table, batch) for table, batch in entering if batch not in self._written]
        together = self.dialect.copies_at_once > 1 and self.scratch.side_by_side
        passing = small_batches(self.load, len(copied)) if together else []
        self._passing = {batch: self._passing_of(table, batch) for table, batch in passing}
        if together and len(copied) + len(passing) >= FEW_COPIES:
            self._fill_together(session, [*copied, *passing])
        else:
            self._make_scratch(session)
            for table, batch in copied:
                with self.times.of_stream(table.stream):
                    self._copy(session, table, batch)
        self._fill_written(session, written)
        for start in range(0, len(entering), ASKED_AT_ONCE):
            self._look(session, [batch for _, batch in entering[start : start + ASKED_AT_ONCE]])
        for batch, count in zip(self._passing, rows_in(session, [*self._passing.values()]), strict=True):
            self._demand_all(batch, count)
        choosing = [self._merging[batch] for _, batch in entering if self._needs_choosing(batch)]
        self.scratch.make(session, ((merging.chosen_table, merging.columns) for merging in choosing))

    def _fill_written(self, session: Session, written: Sequence[BatchOf]) -> None:
        """Copy rows that have to be converted as they were written, and convert those that enter by their keys."""
        self.scratch.make(session, ((self._written[batch], written_columns(table, batch)) for table, batch in written))
        for table, batch in written:
            with self.times.of_stream(table.stream):
                self._copy(session, table, batch)
                if batch in self._merging:
                    self._convert(session, table, batch, self._merging[batch].scratch)

    def _convert(self, where: Executes, table: TableLoad, batch: ClosedBatch, into: str) -> int:
        """Bring rows from where they are as they were written into a table; return their number."""
        written = self.dialect.scratch_table(self._written[batch])
        rows = where.execute(insert_converted(self.dialect, table, batch, written, into))
        self._gate(table.table).demand(rows, batch.row_count, "rows that were converted")
        return batch.row_count

    def _make_scratch(self, session: Session) -> None:
        filled: list[MergeBatch | Passing] = [*self._merging.values(), *self._passing.values()]
        self.scratch.make(session, ((one.scratch_table, one.columns) for one in filled))

    def _fill_together(self, session: Session, batches: Sequence[BatchOf]) -> None:
        largest_first = sorted(batches, key=lambda one: -staged_bytes(one[1]))
        statements = [sql for table, batch in largest_first for sql in self._statements(table, batch)]
        with giving_up_session(self.scratch):
            self._make_scratch(session)
            copy_together(session, self.dialect, self.load.load_id, statements)

    def enter(self, transaction: Executes) -> dict[str, int]:
        """Bring the rows into their tables; return how many COPY has counted, by stream."""
        loaded: dict[str, int] = {}
        gates: list[Gate] = []
        for table in sorted(self.load.tables, key=lambda part: part.table):
            with self.times.of_stream(table.stream):
                loaded[table.stream] = loaded.get(table.stream, 0) + self._enter(transaction, table, gates)
        demand_none_lacking(transaction, gates)
        return loaded

    def _enter(self, transaction: Executes, table: TableLoad, gates: list[Gate]) -> int:
        """Bring the rows into one table; return how many there were. What is to be asked at the end goes to `gates`."""
        loaded = 0
        if table.overwrite:
            empty(transaction, self.dialect, self.load.load_id, table)
        for batch in table.batches:
            if batch in self._merging:
                gate = self._merge(transaction, table, batch)
                gates.append(gate)
                add_written(self.outcome.setdefault(table.stream, Written()), gate.written)
                loaded += self._looked[batch].row_count
            elif batch in self._written:
                loaded += self._convert(transaction, table, batch, self.dialect.table(table.table))
            elif batch in self._passing:
                loaded += self._take_over(transaction, table, batch)
            else:
                loaded += self._copy(transaction, table, batch)
        if table.activated is not None:
            steps = obsolete_versions(self.dialect, table, table.activated, self.load.committed_at)
            self._gate(table.table).run(transaction, steps)
        return loaded

    def demand_unchanged(self, transaction: Executes) -> None:
        """Raise a conflict if another run has changed columns that the load fills."""
        demand_unchanged(transaction, self.dialect, [self._filled(table) for table in self.load.tables])

    def explained(self, session: Session, refused: CopyRefused) -> BulkError:
        """Return the error of a COPY that was refused, with what the warehouse says of it; raises a conflict if the
        columns have changed meanwhile. The transaction must have ended."""
        demand_unchanged(session, self.dialect, [self._filled(refused.table)])
        return self.dialect.explain(session, refused.error, refused.table, refused.batch, self.url, self.read)

    def _filled(self, table: TableLoad) -> Filled:
        return Filled(table.table, [column.name for column in table.columns], self.known[table.table])

    def _merging_of(self, table: TableLoad, batch: ClosedBatch) -> MergeBatch:
        scratch, chosen = (self.scratch.name(table.table.schema) for _ in range(2))
        present = {column.name: column for column in table.columns}
        columns = [present.get(column.name, column) for column in batch.columns]
        return batch_of(self.dialect, table, scratch, chosen, columns, self.version_columns[table.table])

    def _passing_of(self, table: TableLoad, batch: ClosedBatch) -> Passing:
        return passing_of(self.dialect, self.scratch.name(table.table.schema), batch, self.known[table.table])

    def _take_over(self, transaction: Executes, table: TableLoad, batch: ClosedBatch) -> int:
        """Bring what was copied into a temporary table into the batch's own; return the number of rows."""
        with rolling_back(self.scratch):
            rows = transaction.execute(self._passing[batch].insert_into(table.table))
        self._gate(table.table).demand_told(rows, batch.row_count, "rows of the batch")
        return batch.row_count

    def _copy(self, where: Executes, table: TableLoad, batch: ClosedBatch) -> int:
        """Run COPY; return the number of rows, which must be those that were read and those that were staged.

        Into a temporary table, which has no other rows, they are counted by the look that follows, if COPY itself does
        not tell.
        """
        is_looked_at = batch in self._merging and batch not in self._written
        count, is_counted_later = 0, is_looked_at and self.dialect.copy_count is not None
        into, _ = self._place(table, batch)
        for statement in self._statements(table, batch):
            logger.info("%s", self.dialect.masked(statement))
            try:
                if is_counted_later:
                    where.execute(statement)
                else:
                    count += self.counting.copy(where, statement, into)
            except WarehouseError as error:
                if error.connection_lost or error.conflict:
                    raise
                raise CopyRefused(error, table, batch) from error
        if not is_counted_later:
            self._demand_all(batch, count)
        return count

    def _statements(self, table: TableLoad, batch: ClosedBatch) -> list[str]:
        """Return what copies the batch into its table, or into the temporary one."""
        into, columns = self._place(table, batch)
        types = {column.name: column.type for column in columns}
        return self.dialect.copies(into, types, batch, self.url, self.manifests.get(batch))

    def _place(self, table: TableLoad, batch: ClosedBatch) -> tuple[str, Sequence[Column]]:
        """Return what the batch is copied into: the relation, and its columns."""
        if batch in self._written:
            return self.dialect.scratch_table(self._written[batch]), written_columns(table, batch)
        if batch in self._merging:
            return self._merging[batch].scratch, self._merging[batch].columns
        if batch in self._passing:
            return self._passing[batch].scratch, table.columns
        return self.dialect.table(table.table), table.columns

    def _demand_all(self, batch: ClosedBatch, count: int) -> None:
        """Raise CommitError unless the rows that the warehouse has counted are those read and those staged."""
        staged = sum(file.row_count for file in batch.files)
        if not batch.row_count == staged == count:
            raise CommitError(
                f"load {self.load.load_id} was rolled back: stream {batch.stream!r} has {batch.row_count} rows read, "
                f"{staged} staged, {count} loaded by the warehouse",
                code="LOAD-COUNT",
            )

    def _merge(self, transaction: Executes, table: TableLoad, batch: ClosedBatch) -> Gate:
        merging, looked = self._merging[batch], self._looked[batch]
        if table.method.live:
            rows = transaction.execute(into_history(merging, table.table, [column.name for column in table.columns]))
            self._gate(table.table).demand(rows, looked.row_count, "rows of the history")
        if self._needs_choosing(batch):
            steps = merge_steps(merging, batch.left_out, looked.said)
        else:
            # A batch behind it may delete what this one has merged, and so may the end of a version.
            stays = len(table.batches) == 1 and table.activated is None
            steps = merge_all(merging, looked.row_count, stays=stays)
        gate = self._gate(merging.table)
        gate.run(transaction, steps)
        return gate

    def _needs_choosing(self, batch: ClosedBatch) -> bool:
        return needs_choosing(self._merging[batch], batch.left_out, self._looked[batch])

    def _gate(self, table: Table) -> Gate:
        return Gate(self.dialect, self.load.load_id, table)

    def _look(self, session: Executes, batches: Sequence[ClosedBatch]) -> None:
        """Look what is in the scratch tables; raises CommitError if rows are missing, or one has NULL in a key."""
        found = looked(session.execute(look([self._merging[batch] for batch in batches])))
        for place, batch in enumerate(batches):
            there = found.get(place, Looked(0, 0, 0, frozenset()))
            self._demand_all(batch, there.row_count)
            if there.null_count:
                raise CommitError(
                    f"load {self.load.load_id} was rolled back: {there.null_count} rows of "
                    f"{self._merging[batch].table} have NULL in a key property; load the stream by append-only, or "
                    "repair the keys at their source",
                    code="LOAD-KEY-NULL",
                )
            self._looked[batch] = there
