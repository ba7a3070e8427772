"""The rows of a load enter their tables: by COPY, or by COPY into a temporary table and from there by their keys.

Each statement is run where the caller says, in a session or in the transaction that is open in it. Nothing in this file
knows how to reach the warehouse, so nothing in it can come to another session.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.columns import Column
from singer_bulk.model.load import ClosedBatch, Load, Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.copy_count import CopyCount
from singer_bulk.warehouse.dialect import Dialect, Executes, Session, Url
from singer_bulk.warehouse.gate import Gate, demand_none_lacking, told
from singer_bulk.warehouse.look import ASKED_AT_ONCE, Looked, look, looked
from singer_bulk.warehouse.merge import batch_of, into_history, merge_all, merge_steps, needs_choosing
from singer_bulk.warehouse.merge_batch import MergeBatch
from singer_bulk.warehouse.obsolete_versions import obsolete_versions
from singer_bulk.warehouse.scratch import Scratch
from singer_bulk.warehouse.times import Times
from singer_bulk.warehouse.unchanged import Filled, demand_unchanged

logger = logging.getLogger(__name__)

# Below so many, asking whether COPYs have ended takes what running them side by side saves.
FEW_COPIES = 4


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
    _merging: dict[ClosedBatch, MergeBatch] = field(default_factory=dict)
    _looked: dict[ClosedBatch, Looked] = field(default_factory=dict)

    def fill_scratch(self, session: Session) -> None:
        """Copy the rows that enter by their keys into temporary tables of the session, and look what they are."""
        entering = [(table, batch) for table in self.load.tables if table.method.applies for batch in table.batches]
        self.scratch.begin(session)
        self._merging = {batch: self._merging_of(table, batch) for table, batch in entering}
        self.scratch.make(session, ((merging.scratch_table, merging.columns) for merging in self._merging.values()))
        if len(entering) >= FEW_COPIES and self.dialect.copies_at_once > 1 and self.scratch.side_by_side:
            self._copy_together(session, entering)
        else:
            for table, batch in entering:
                with self.times.of_stream(table.stream):
                    self._copy(session, table, batch)
        for start in range(0, len(entering), ASKED_AT_ONCE):
            self._look(session, [batch for _, batch in entering[start : start + ASKED_AT_ONCE]])
        choosing = [self._merging[batch] for _, batch in entering if self._needs_choosing(batch)]
        self.scratch.make(session, ((merging.chosen_table, merging.columns) for merging in choosing))

    def _copy_together(self, session: Session, entering: Sequence[tuple[TableLoad, ClosedBatch]]) -> None:
        """Copy into the scratch tables side by side. What the statements answer is not asked: the look counts the rows.

        If anything is wrong with it, the load is tried again in another session, whose scratch tables are its own:
        nobody knows what goes on in this one. There one COPY follows the other, and says better what is wrong.
        """
        largest_first = sorted(entering, key=lambda one: -sum(file.byte_count for file in one[1].files))
        statements = [sql for table, batch in largest_first for sql in self._statements(table, batch)]
        for statement in statements:
            logger.info("%s", self.dialect.masked(statement))
        at_once = self.dialect.copies_at_once
        calls = [call for part in range(at_once) for call in words.in_calls(statements[part::at_once])]
        logger.info("load %s: %d COPYs in %d calls side by side", self.load.load_id, len(statements), len(calls))
        try:
            session.execute_together(calls, at_once)
        except WarehouseError as error:
            self.scratch.side_by_side = False
            raise WarehouseError(
                f"COPYs side by side have failed, one will follow the other: {error.text}",
                code=error.code,
                sql_code=error.sql_code,
                connection_lost=True,
            ) from error

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
            self._empty(transaction, table)
        for batch in table.batches:
            if batch in self._merging:
                gates.append(self._merge(transaction, table, batch))
                loaded += self._looked[batch].row_count
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
        return self.dialect.explain(session, refused.error, refused.table, refused.batch, self.url)

    def _filled(self, table: TableLoad) -> Filled:
        return Filled(table.table, [column.name for column in table.columns], self.known[table.table])

    def _merging_of(self, table: TableLoad, batch: ClosedBatch) -> MergeBatch:
        scratch, chosen = (self.scratch.name(table.table.schema) for _ in range(2))
        present = {column.name: column for column in table.columns}
        columns = [present.get(column.name, column) for column in batch.columns]
        return batch_of(self.dialect, table, scratch, chosen, columns, self.version_columns[table.table])

    def _copy(self, where: Executes, table: TableLoad, batch: ClosedBatch) -> int:
        """Run COPY; return the number of rows, which must be those that were read and those that were staged.

        Into a temporary table, which has no other rows, they are counted by the look that follows, if COPY itself does
        not tell.
        """
        merging = self._merging.get(batch)
        count, is_counted_later = 0, merging is not None and self.dialect.copy_count is not None
        into = merging.scratch if merging else self.dialect.table(table.table)
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
        merging = self._merging.get(batch)
        into = merging.scratch if merging else self.dialect.table(table.table)
        types = {column.name: column.type for column in (merging.columns if merging else table.columns)}
        return self.dialect.copies(into, types, batch, self.url, self.manifests.get(batch))

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

    def _empty(self, transaction: Executes, table: TableLoad) -> None:
        """Delete the rows of a table that is overwritten; raises CommitError if too many of them do not come again.

        How many there were is what DELETE answers, where the warehouse says that it does, else it is asked before.
        """
        most, target = table.method.max_shrink, self.dialect.table(table.table)
        asks = most is not None and not self.dialect.tells_written
        before = int(transaction.execute(words.count(target))[0][0]) if asks else None
        rows = transaction.execute(words.delete(target))
        if most is not None:
            self._refuse_shrinking(table, told(rows) if before is None else before, most)

    def _refuse_shrinking(self, table: TableLoad, before: int | None, most: float) -> None:
        """Refuse a full load that has lost more of the table than the user allows, or may have lost it."""
        after = sum(batch.row_count for batch in table.batches)
        if before is None or after < before * (1 - most):
            had = "nobody knows how many" if before is None else before
            raise CommitError(
                f"load {self.load.load_id} was rolled back: the full load of {table.stream!r} has {after} rows, table "
                f"{table.table} has {had}; that is more than overwrite_max_shrink ({most}) allows. A tap that died "
                "looks like this; if the rows are gone at the source, set the part of them that a full load may lose",
                code="LOAD-SHRINK",
            )
