"""What a load is, and what the words of one warehouse must say: the seams between the order of statements
(`warehouse.py`, written once) and the two dialects (pure functions of each connector)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from singer_bulk.batch import ClosedBatch
from singer_bulk.columns import Column
from singer_bulk.errors import BulkError, WarehouseError

Rows = list[tuple[Any, ...]]
Url = Callable[[str], str]


@dataclass(frozen=True, order=True)
class Table:
    """A table's schema and name, as the warehouse stores them."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class TableLoad:
    """What a load does to one table."""

    stream: str
    table: Table
    columns: tuple[Column, ...]  # all that the table must have
    batches: tuple[ClosedBatch, ...]
    overwrite: bool = False


@dataclass(frozen=True)
class Load:
    """All that one commit makes visible, and the STATE (JSON text) that it closes."""

    load_id: str
    pipeline_id: str | None
    tables: tuple[TableLoad, ...]
    state: str | None
    started_at: str
    committed_at: str
    connector_version: str


class Session(Protocol):
    """One connection of a driver, in autocommit: a transaction is what stands between BEGIN and COMMIT."""

    def execute(self, sql: str) -> Rows:
        """Run one statement and return its rows; raises WarehouseError, secrets masked."""

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""


class Dialect(Protocol):
    """The words of one warehouse: pure functions from what we mean to its SQL."""

    @property
    def begin(self) -> str:
        """The statement that opens a transaction."""

    @property
    def copy_count(self) -> str | None:
        """The query for the rows of the last COPY, where COPY itself does not tell."""

    def fold(self, name: str) -> str:
        """Return a name as the warehouse stores it when it is written without quotes."""

    def name(self, name: str) -> str:
        """Return a stored name, quoted."""

    def table(self, table: Table) -> str:
        """Return a table's quoted and qualified name."""

    def literal(self, value: str | int | None) -> str:
        """Return the value as SQL."""

    def masked(self, text: str) -> str:
        """Return the text of a statement or an error without the secrets in it."""

    def schema_exists(self, schema: str) -> str:
        """Return a query that has a row if the schema is there."""

    def create_schema(self, schema: str) -> str:
        """Return the statement that creates a schema."""

    def describe_table(self, table: Table) -> str:
        """Return the query for a table's columns; no rows if there is no such table."""

    def described(self, rows: Rows) -> tuple[Column, ...]:
        """Return the columns that `describe_table` answered."""

    def create_table(self, table: Table, columns: Sequence[Column]) -> str:
        """Return the statement that creates the table."""

    def add_column(self, table: Table, column: Column) -> str:
        """Return the statement that adds the column."""

    def delete_rows(self, table: Table) -> str:
        """Return the statement that deletes all rows inside the transaction."""

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Return the content of the file that lists the batch's files, where COPY needs one."""

    def copies(self, table: TableLoad, batch: ClosedBatch, url: Url, manifest_key: str | None) -> list[str]:
        """Return the statements that load the batch."""

    def copied_rows(self, rows: Rows) -> int:
        """Return the number of rows that the answer to COPY, or to `copy_count`, reports."""

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url
    ) -> BulkError:
        """Return the error of a failed COPY with what the warehouse says of it; called after ROLLBACK."""
