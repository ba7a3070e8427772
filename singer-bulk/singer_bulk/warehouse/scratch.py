"""The temporary tables of a run: rows that enter by their keys are copied into them before any lock is taken.

They end with the session, so the last load of a run leaves them to it. In a run of several loads each load takes the
place of the one before: it replaces the tables where the warehouse does that in one statement with making them, and
else drops all of them in one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from singer_bulk.model.columns import Column
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Session


class Scratch:
    """Makes and names temporary tables, and knows which of them an earlier load has left.

    side_by_side: whether several of them may be filled at a time, as far as the run has seen.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._left: list[Table] = []
        self._count = 0
        self.side_by_side = True

    def begin(self, session: Session) -> None:
        """Begin anew with the names; what is left of the attempt before goes."""
        if self._left and not self._dialect.replaces_scratch:
            session.execute(words.drop_tables(map(self._dialect.scratch_table, self._left)))
        self._left, self._count = [], 0

    @property
    def made(self) -> Sequence[Table]:
        """The tables that are there, in the order in which they were made."""
        return tuple(self._left)

    def name(self, schema: str) -> Table:
        """Return a name that no other table of the attempt has."""
        self._count += 1
        return Table(schema, self._dialect.fold(f"_singer_scratch_{os.getpid()}_{self._count}"))

    def make(self, session: Session, tables: Iterable[tuple[Table, Sequence[Column]]]) -> None:
        """Make the tables with these columns, outside of a transaction: on Snowflake even a temporary table commits."""
        made = [*tables]
        self._left += [table for table, _ in made]
        if made:
            session.execute_all([words.create_scratch(self._dialect, table, columns) for table, columns in made])
