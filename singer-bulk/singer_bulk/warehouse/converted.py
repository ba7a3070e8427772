"""Rows that were written before a column of theirs became another type, in the same load.

They are copied into a temporary table whose columns are what they were when its rows were written. From there they go
on by the conversions that a table's rows go through when its column is replaced (`alter_table.py`): so it makes no
difference whether a load came between. What COPY reads alike in the new column (`type_fit.is_read_alike`) needs none
of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import pairwise

from singer_bulk.model.columns import Column
from singer_bulk.model.load import ClosedBatch, TableLoad
from singer_bulk.model.type_fit import is_read_alike
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import demand_held
from singer_bulk.warehouse.dialect import Dialect


def is_converted(table: TableLoad, batch: ClosedBatch) -> bool:
    """Return whether the rows go by a temporary table: a column has become a type whose fields have another form."""
    steps = (step for column in batch.columns for step in pairwise(table.types_of(batch, column.name)))
    return any(not is_read_alike(old, new) for old, new in steps)


def demand_fields_held(table: TableLoad, batch: ClosedBatch, present: Mapping[str, Column]) -> None:
    """Raise unless the columns hold the fields of the batch, or are what it was found that its values can become;
    another run may have changed them since."""
    changed = {column.name for column in batch.columns if len(table.types_of(batch, column.name)) > 1}
    demand_held(table.table, [column for column in batch.columns if column.name not in changed], present)
    demand_held(table.table, [column for column in table.columns if column.name in changed], present, exactly=True)


def written_columns(table: TableLoad, batch: ClosedBatch) -> list[Column]:
    """Return the columns of the temporary table."""
    return [Column(one.name, next(iter(table.types_of(batch, one.name)), one.type)) for one in batch.columns]


def insert_converted(dialect: Dialect, table: TableLoad, batch: ClosedBatch, written: str, into: str) -> str:
    """Return the statement that takes the rows of the temporary table, which is given by its quoted name."""
    values = ", ".join(_converted(dialect, table, batch, column) for column in batch.columns)
    names = words.listed(column.name for column in batch.columns)
    return words.insert(into, names, f"SELECT {values} FROM {written}")


def _converted(dialect: Dialect, table: TableLoad, batch: ClosedBatch, column: Column) -> str:
    steps = pairwise(table.types_of(batch, column.name))
    return reduce(lambda value, step: dialect.types.converted(value, *step), steps, words.name(column.name))
