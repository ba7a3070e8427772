"""Are the tables of a load still what they were when their rows were written? Asked once for all, before COMMIT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from singer_bulk.errors import WarehouseError
from singer_bulk.model.columns import Column
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import half_done, table_gone
from singer_bulk.warehouse.dialect import Dialect, Executes

# Tables in one question; their columns are far fewer rows than a catalog's answer may have.
ASKED_AT_ONCE = 200


@dataclass(frozen=True, eq=False)
class Filled:
    """A table that a load fills, the columns of it that are filled, and all as they were found before."""

    table: Table
    names: Sequence[str]
    known: Mapping[str, Column]


def demand_unchanged(session: Executes, dialect: Dialect, filled: Sequence[Filled]) -> None:
    """Raise a conflict unless the columns are what they were when the load began to fill them, and an error that ends
    the run where a table is gone.

    Called before COMMIT. Where DDL is not part of a transaction, another run may replace a column that this one has
    just filled, without having copied these values. Where DDL waits for the lock that COPY holds, the columns are still
    those that COPY found; whether they hold the fields that were written is checked by `demand_held`.

    What an answer for many tables has otherwise is asked for once more, by itself: such an answer might be cut off.
    """
    for start in range(0, len(filled), ASKED_AT_ONCE):
        part = filled[start : start + ASKED_AT_ONCE]
        doubtful = _otherwise(session, dialect, part)
        for one in doubtful:
            still = doubtful if len(part) == 1 else _otherwise(session, dialect, [one])
            for problem in still.values():
                raise problem


def _otherwise(session: Executes, dialect: Dialect, filled: Sequence[Filled]) -> dict[Filled, WarehouseError]:
    """Return the tables that are no longer what they were, with the errors that say so."""
    found = _found(session, dialect, filled)
    problems = {one: _problem(dialect, one, found.get(one.table, {})) for one in filled}
    return {one: problem for one, problem in problems.items() if problem is not None}


def _found(session: Executes, dialect: Dialect, filled: Sequence[Filled]) -> dict[Table, dict[str, Column]]:
    rows = session.execute(dialect.describe_in_transaction([one.table for one in filled]))
    tables: dict[Table, list[tuple[object, ...]]] = {}
    for schema, name, *row in rows:
        tables.setdefault(Table(schema, name), []).append(tuple(row))
    return {table: {column.name: column for column in words.described(dialect, rows)} for table, rows in tables.items()}


def _problem(dialect: Dialect, filled: Filled, found: Mapping[str, Column]) -> WarehouseError | None:
    """Return the error of a table that is no longer what it was."""
    if not found:
        return table_gone(filled.table)
    changed = [name for name in filled.names if name not in found or found[name].type != filled.known[name].type]
    if not changed and not half_done(dialect, found):
        return None
    return WarehouseError(
        f"table {filled.table}: another run is changing its columns {changed or ''}", conflict=True, code="TABLE-BUSY"
    )
