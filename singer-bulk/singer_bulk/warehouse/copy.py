"""The rows of a load enter their tables: by COPY, or by COPY into a temporary table and from there by their keys.

Each statement is run where the caller says, in a session or in the transaction that is open in it. Nothing in this file
knows how to reach the warehouse, so nothing in it can come to another session.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.columns import Column
from singer_bulk.model.feed import Meaning
from singer_bulk.model.load import ClosedBatch, Load, Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import demand_unchanged
from singer_bulk.warehouse.dialect import Dialect, Executes, Session, Url
from singer_bulk.warehouse.gate import Gate
from singer_bulk.warehouse.merge import batch_of, into_history, look, merge_steps
from singer_bulk.warehouse.merge_batch import MEANINGS, MergeBatch
from singer_bulk.warehouse.obsolete_versions import obsolete_versions

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
    the one that holds the version of a row, if there is one. numbers: one for each temporary table of the process.
    """

    dialect: Dialect
    load: Load
    known: Mapping[Table, Mapping[str, Column]]
    manifests: Mapping[ClosedBatch, str]
    url: Url
    version_columns: Mapping[Table, str | None]
    numbers: Iterator[int]
    _merging: dict[ClosedBatch, MergeBatch] = field(default_factory=dict)
    _scratched: dict[ClosedBatch, int] = field(default_factory=dict)
    _said: dict[ClosedBatch, list[Meaning]] = field(default_factory=dict)

    def fill_scratch(self, session: Executes) -> None:
        """Copy the rows that enter by their keys into temporary tables of the session.

        They are made before BEGIN: on Snowflake even a temporary table commits.
        """
        entering = [(table, batch) for table in self.load.tables if table.method.applies for batch in table.batches]
        for table, batch in entering:
            self._merging[batch] = merging = self._merging_of(table, batch)
            for made in (merging.scratch_table, merging.chosen_table):
                session.execute(words.create_scratch(self.dialect, made, merging.columns))
        for table, batch in entering:
            self._scratched[batch] = self._copy(session, table, batch, self._merging[batch])
            self._said[batch] = self._look(session, self._merging[batch])

    def drop_scratch(self, session: Executes) -> None:
        """Drop them early; the end of the session does it too, so a failure is no failure of the load."""
        for merging in self._merging.values():
            for scratch in (merging.scratch, merging.chosen):
                try:
                    session.execute(words.drop_table(scratch))
                except WarehouseError as error:
                    logger.debug("a temporary table stays until the session ends: %s", error)

    def enter(self, transaction: Executes) -> dict[str, int]:
        """Bring the rows into their tables; return how many COPY has counted, by stream."""
        loaded: dict[str, int] = {}
        for table in sorted(self.load.tables, key=lambda part: part.table):
            if table.overwrite:
                self._refuse_shrinking(transaction, table)
                transaction.execute(words.delete(self.dialect.table(table.table)))
            for batch in table.batches:
                if batch in self._merging:
                    count = self._scratched[batch]
                    self._merge(transaction, table, batch, count)
                else:
                    count = self._copy(transaction, table, batch)
                loaded[table.stream] = loaded.get(table.stream, 0) + count
            if table.activated is not None:
                steps = obsolete_versions(self.dialect, table, table.activated, self.load.committed_at)
                self._gate(table.table).run(transaction, steps)
        return loaded

    def demand_unchanged(self, transaction: Executes) -> None:
        """Raise a conflict if another run has changed columns that the load fills."""
        for table in self.load.tables:
            self._demand_unchanged(transaction, table)

    def explained(self, session: Session, refused: CopyRefused) -> BulkError:
        """Return the error of a COPY that was refused, with what the warehouse says of it; raises a conflict if the
        columns have changed meanwhile. The transaction must have ended."""
        self._demand_unchanged(session, refused.table)
        return self.dialect.explain(session, refused.error, refused.table, refused.batch, self.url)

    def _demand_unchanged(self, where: Executes, table: TableLoad) -> None:
        names = [column.name for column in table.columns]
        demand_unchanged(where, self.dialect, table.table, names, self.known[table.table])

    def _merging_of(self, table: TableLoad, batch: ClosedBatch) -> MergeBatch:
        base = self.dialect.fold(f"_singer_scratch_{os.getpid()}_{next(self.numbers)}")
        scratch, chosen = Table(table.table.schema, f"{base}_1"), Table(table.table.schema, f"{base}_2")
        present = {column.name: column for column in table.columns}
        columns = [present.get(column.name, column) for column in batch.columns]
        return batch_of(self.dialect, table, scratch, chosen, columns, self.version_columns[table.table])

    def _copy(self, where: Executes, table: TableLoad, batch: ClosedBatch, merging: MergeBatch | None = None) -> int:
        """Run COPY; return the number of rows, which must be those that were read and those that were staged."""
        count = 0
        into = merging.scratch if merging else self.dialect.table(table.table)
        types = {column.name: column.type for column in (merging.columns if merging else table.columns)}
        for statement in self.dialect.copies(into, types, batch, self.url, self.manifests.get(batch)):
            logger.info("%s", self.dialect.masked(statement))
            try:
                rows = where.execute(statement)
            except WarehouseError as error:
                if error.connection_lost or error.conflict:
                    raise
                raise CopyRefused(error, table, batch) from error
            if self.dialect.copy_count is not None:
                rows = where.execute(self.dialect.copy_count)
            count += self.dialect.copied_rows(rows)
        staged = sum(file.row_count for file in batch.files)
        if not batch.row_count == staged == count:
            raise CommitError(
                f"load {self.load.load_id} was rolled back: stream {batch.stream!r} has {batch.row_count} rows read, "
                f"{staged} staged, {count} loaded by the warehouse",
                code="LOAD-COUNT",
            )
        return count

    def _merge(self, transaction: Executes, table: TableLoad, batch: ClosedBatch, count: int) -> None:
        merging = self._merging[batch]
        if table.method.live:
            rows = transaction.execute(into_history(merging, table.table, [column.name for column in table.columns]))
            self._gate(table.table).demand(rows, count, "rows of the history")
        self._gate(merging.table).run(transaction, merge_steps(merging, batch.left_out, self._said[batch]))

    def _gate(self, table: Table) -> Gate:
        return Gate(self.dialect, self.load.load_id, table)

    def _look(self, session: Executes, merging: MergeBatch) -> list[Meaning]:
        """Return what rows of the scratch table mean; raises CommitError if one has NULL in a key."""
        nulls, *counts = session.execute(look(merging))[0]
        if nulls:
            raise CommitError(
                f"load {self.load.load_id} was rolled back: {nulls} rows of {merging.table} have NULL in a key "
                "property; load the stream by append-only, or repair the keys at their source",
                code="LOAD-KEY-NULL",
            )
        return [meaning for meaning, count in zip(MEANINGS, counts, strict=True) if count]

    def _refuse_shrinking(self, transaction: Executes, table: TableLoad) -> None:
        """Refuse a full load that has lost more of the table than the user allows."""
        most = table.method.max_shrink
        if most is None:
            return
        before = transaction.execute(words.count(self.dialect.table(table.table)))[0][0]
        after = sum(batch.row_count for batch in table.batches)
        if after < before * (1 - most):
            raise CommitError(
                f"load {self.load.load_id} was rolled back: the full load of {table.stream!r} has {after} rows, table "
                f"{table.table} has {before}; that is more than overwrite_max_shrink ({most}) allows. A tap that died "
                "looks like this; if the rows are gone at the source, set the part of them that a full load may lose",
                code="LOAD-SHRINK",
            )
