"""COPYs of many small streams run side by side, into temporary tables of the session, before the transaction begins.

Rows that enter by their keys are copied into such tables anyway. Small batches of other rows are where enough COPYs run
side by side: a COPY takes a second or more however little it loads, and one after the other is what a transaction
allows. In the transaction INSERT .. SELECT then takes their rows over, in columns of the table's own types, and says
how many it has written. A large batch is copied straight into its table: its rows would be written twice.

Whatever goes wrong on this way, the load is tried again without it, for the rest of the run: then one COPY follows the
other, straight into the tables, and what is wrong is said by COPY, with file, line and column.
docs/decisions/0013-copies-side-by-side.md has what else was considered.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from singer_bulk.errors import WarehouseError
from singer_bulk.model.columns import Column
from singer_bulk.model.load import ClosedBatch, Load, Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.converted import is_converted
from singer_bulk.warehouse.dialect import Dialect, Executes, Session
from singer_bulk.warehouse.gate import ASKED_AT_ONCE
from singer_bulk.warehouse.scratch import Scratch

logger = logging.getLogger(__name__)

# Below so many, asking whether COPYs have ended takes what running them side by side saves.
FEW_COPIES = 4
# Compressed bytes of a batch that may be written twice: some 10 MB of rows, a fraction of what its COPY takes anyway.
SMALL_BYTES = 1 << 20

BatchOf = tuple[TableLoad, ClosedBatch]


@dataclass(frozen=True)
class Passing:
    """A batch that passes through a temporary table, whose columns are those of its files with the table's types."""

    dialect: Dialect
    scratch_table: Table
    columns: Sequence[Column]

    @property
    def scratch(self) -> str:
        """The temporary table."""
        return self.dialect.scratch_table(self.scratch_table)

    def insert_into(self, table: Table) -> str:
        """Return the statement that adds the rows to their table; columns that the files do not have get defaults."""
        names = words.listed(column.name for column in self.columns)
        return words.insert(self.dialect.table(table), names, f"SELECT {names} FROM {self.scratch}")


def passing_of(dialect: Dialect, scratch_table: Table, batch: ClosedBatch, known: Mapping[str, Column]) -> Passing:
    """Return a batch that passes through a temporary table; `known` are the columns of its table, as described."""
    return Passing(dialect, scratch_table, [known.get(column.name, column) for column in batch.columns])


def small_batches(load: Load, others: int) -> list[BatchOf]:
    """Return the batches that may pass through temporary tables; `others` are copied into such tables as well."""
    small = [
        (table, batch)
        for table in load.tables
        if not table.method.applies
        for batch in table.batches
        if staged_bytes(batch) <= SMALL_BYTES and not is_converted(table, batch)
    ]
    return small if len(small) + others >= FEW_COPIES else []


def staged_bytes(batch: ClosedBatch) -> int:
    """Return the compressed size of a batch."""
    return sum(file.byte_count for file in batch.files)


def copy_together(session: Session, dialect: Dialect, load_id: str, statements: Sequence[str]) -> None:
    """Run COPYs, the largest first, side by side. What they answer is not asked: whoever goes on counts the rows."""
    for statement in statements:
        logger.info("%s", dialect.masked(statement))
    at_once = dialect.copies_at_once
    calls = [call for part in range(at_once) for call in words.in_calls(statements[part::at_once])]
    logger.info("load %s: %d COPYs in %d calls side by side", load_id, len(statements), len(calls))
    session.execute_together(calls, at_once)


def rows_in(session: Executes, passing: Sequence[Passing]) -> Iterator[int]:
    """Yield how many rows each of the temporary tables has."""
    for start in range(0, len(passing), ASKED_AT_ONCE):
        part = passing[start : start + ASKED_AT_ONCE]
        found = {int(place): int(count) for place, count in session.execute(words.count_each(p.scratch for p in part))}
        yield from (found.get(place, 0) for place in range(len(part)))


@contextmanager
def giving_up_session(scratch: Scratch) -> Iterator[None]:
    """Let the load be tried again in another session, whose temporary tables are its own, if anything goes wrong:
    nobody knows what still goes on in this one."""
    try:
        yield
    except WarehouseError as error:
        raise _without(scratch, error, connection_lost=True) from error


@contextmanager
def rolling_back(scratch: Scratch) -> Iterator[None]:
    """Let the load be tried again if the table refuses what its temporary table holds: COPY says better what it is."""
    try:
        yield
    except WarehouseError as error:
        if error.connection_lost or error.conflict:
            raise
        raise _without(scratch, error, conflict=True) from error


def _without(
    scratch: Scratch, error: WarehouseError, *, connection_lost: bool = False, conflict: bool = False
) -> WarehouseError:
    scratch.side_by_side = False
    return WarehouseError(
        f"COPYs side by side have failed, one will follow the other: {error.text}",
        code=error.code,
        sql_code=error.sql_code,
        connection_lost=connection_lost,
        conflict=conflict,
    )
