"""One batch of a load that enters by its keys: its relations, and what can be said of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from singer_bulk.model.columns import Column
from singer_bulk.model.feed import Meaning
from singer_bulk.model.load import LoadMethod, Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.events import Events
from singer_bulk.warehouse.gate import Step

# Of the rows of a batch, what is counted before they are merged: statements for what no row says are not sent.
MEANINGS = (Meaning.TRUNCATE, Meaning.DELETE, Meaning.IGNORE)


@dataclass(frozen=True)
class MergeBatch:
    """The tables of a batch. `scratch_table` and `chosen_table` are temporary, with the batch's columns.

    version, missing: names of the columns of the table version, and of what an event left out, where there are such.
    deleted_table: of the places of deleted keys, where removed rows would forget them. said: of MEANINGS those that a
    row of the batch has.
    """

    dialect: Dialect
    table: Table
    scratch_table: Table
    chosen_table: Table
    columns: Sequence[Column]  # of the batch, the order column last
    method: LoadMethod
    version: str | None = None
    missing: str | None = None
    deleted_table: Table | None = None
    said: frozenset[Meaning] = frozenset(MEANINGS)

    @property
    def target(self) -> str:
        """The table that the rows enter."""
        return self.dialect.table(self.table)

    @property
    def scratch(self) -> str:
        """The rows as they came."""
        return self.dialect.scratch_table(self.scratch_table)

    @property
    def chosen(self) -> str:
        """The rows that were chosen among them."""
        return self.dialect.scratch_table(self.chosen_table)

    @property
    def deleted(self) -> str | None:
        """The places of deleted keys."""
        return None if self.deleted_table is None else self.dialect.table(self.deleted_table)

    @property
    def arrival(self) -> str:
        """The name of the column that numbers the rows as they came."""
        return self.columns[-1].name

    @property
    def events(self) -> Events:
        """What can be said of the rows of a relation with the batch's columns."""
        names = [column.name for column in self.columns]
        return Events(self.dialect, self.method.feed, self.method.keys, names, self.arrival, self.version, self.missing)

    @property
    def arrived(self) -> Events:
        """What can be said of the rows of the batch: without the meanings that none of them has."""
        return replace(self.events, without=frozenset(MEANINGS) - self.said)

    @property
    def names(self) -> str:
        """The batch's columns, as a list."""
        return words.listed(column.name for column in self.columns)

    @property
    def stored(self) -> list[Column]:
        """The columns that the table has too."""
        own = {self.arrival, self.missing}
        return [column for column in self.columns if column.name not in own]

    @property
    def matching(self) -> str:
        """The condition that a row of the table has the key of a chosen one."""
        return self.events.same_key(self.target, self.chosen)

    @property
    def unmatched(self) -> str:
        """The condition that the table does not have the key of a chosen row."""
        return f"NOT EXISTS (SELECT 1 FROM {self.target} WHERE {self.matching})"

    def choose(self, rows: str) -> Step:
        """Return the statement that puts the rows of a query into `chosen`."""
        return Step(words.insert(self.chosen, self.names, rows), counted=words.count(self.chosen))
