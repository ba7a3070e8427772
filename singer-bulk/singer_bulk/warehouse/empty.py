"""A full load empties its table first, if what it brings is not too little."""

from __future__ import annotations

from singer_bulk.errors import CommitError
from singer_bulk.model.load import TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Executes
from singer_bulk.warehouse.gate import told


def empty(transaction: Executes, dialect: Dialect, load_id: str, table: TableLoad) -> None:
    """Delete the rows of a table that is overwritten; raises CommitError if too many of them do not come again.

    How many there were is what DELETE answers, where the warehouse says that it does, else it is asked before.
    """
    most, target = table.method.max_shrink, dialect.table(table.table)
    asks = most is not None and not dialect.tells_written
    before = int(transaction.execute(words.count(target))[0][0]) if asks else None
    rows = transaction.execute(words.delete(target))
    if most is not None:
        _refuse_shrinking(load_id, table, told(rows) if before is None else before, most)


def _refuse_shrinking(load_id: str, table: TableLoad, before: int | None, most: float) -> None:
    """Refuse a full load that has lost more of the table than the user allows, or may have lost it."""
    after = sum(batch.row_count for batch in table.batches)
    if before is None or after < before * (1 - most):
        had = "nobody knows how many" if before is None else before
        raise CommitError(
            f"load {load_id} was rolled back: the full load of {table.stream!r} has {after} rows, table "
            f"{table.table} has {had}; that is more than overwrite_max_shrink ({most}) allows. A tap that died "
            "looks like this; if the rows are gone at the source, set the part of them that a full load may lose",
            code="LOAD-SHRINK",
        )
