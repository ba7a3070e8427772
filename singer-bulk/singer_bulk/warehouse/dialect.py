"""What the words of one warehouse must say: the seam between the order of statements (`transaction.py`, written once)
and the two dialects (pure functions of each connector), and that to a driver's connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules

Rows = list[tuple[Any, ...]]
Url = Callable[[str], str]


class Executes(Protocol):
    """What runs statements: a session, or a transaction that is open in one. It never changes to another session."""

    def execute(self, sql: str) -> Rows:
        """Run one statement and return its rows; raises WarehouseError, secrets masked."""


class Session(Executes, Protocol):
    """One connection of a driver, in autocommit: a transaction is what stands between BEGIN and COMMIT."""

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""

    def transaction(self) -> str:
        """Return what names the open transaction to another session."""

    def end_transaction(self, name: str) -> None:
        """See to it that a transaction of another, lost session has ended; it may have been committed.

        Raises WarehouseError where nobody can tell.
        """


class Dialect(Protocol):
    """The words of one warehouse: pure functions from what we mean to its SQL."""

    @property
    def begin(self) -> str:
        """The statement that opens a transaction."""

    @property
    def copy_count(self) -> str | None:
        """The query for the rows of the last COPY, where COPY itself does not tell."""

    @property
    def names(self) -> NameRules:
        """What the warehouse does with names."""

    @property
    def max_columns(self) -> int | None:
        """The most columns that a table may have; None: nobody says."""

    @property
    def ddl_is_transactional(self) -> bool:
        """Whether DDL takes part in a transaction; otherwise each statement commits."""

    @property
    def comments_inline(self) -> bool:
        """Whether `create_table` and `add_column` write the columns' comments."""

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

    def stored(self, column_type: ColumnType) -> ColumnType:
        """Return the type that a new column of this type has in the warehouse."""

    def alter_type(self, table: Table, here: Column, new_type: ColumnType) -> str | None:
        """Return the statement that changes the column's type in place; None if there is none."""

    def drop_not_null(self, table: Table, name: str) -> str | None:
        """Return the statement that lets the column be NULL; None if there is none."""

    def rename_column(self, table: Table, name: str, new_name: str) -> str:
        """Return the statement that renames the column."""

    def drop_column(self, table: Table, name: str) -> str:
        """Return the statement that drops the column."""

    def comment_column(self, table: Table, name: str, comment: str) -> str:
        """Return the statement that sets the column's comment."""

    def converted(self, value: str, old_type: ColumnType, new_type: ColumnType) -> str:
        """Return the expression that turns a value of one type into the other."""

    def contains(self, text: str, part: str) -> str:
        """Return the condition that an expression's text contains another, which is given as it is."""

    def create_view(self, view: Table, query: str) -> str:
        """Return the statement that creates or replaces a view."""

    def drop_view(self, view: Table) -> str:
        """Return the statement that drops a view, if it is there."""

    def lock(self, table: Table, column: str) -> str:
        """Return the statement that waits for other transactions that have locked the table, and locks it until COMMIT;
        `column` is one that every row has a value in.

        Two loads that merge the same new key need it: a MERGE that has waited for another one to commit may still see
        the table as it was when the transaction or the MERGE began, and would insert the key again.
        """

    def delete_rows(self, table: Table) -> str:
        """Return the statement that deletes all rows inside the transaction."""

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Return the content of the file that lists the batch's files, where COPY needs one."""

    def scratch_table(self, table: Table) -> str:
        """Return the quoted name of a temporary table."""

    def create_scratch(self, table: Table, columns: Sequence[Column]) -> str:
        """Return the statement that creates a temporary table."""

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return the statements that load the batch into a table (its quoted name) with columns of these types."""

    def copied_rows(self, rows: Rows) -> int:
        """Return the number of rows that the answer to COPY, or to `copy_count`, reports."""

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url
    ) -> BulkError:
        """Return the error of a failed COPY with what the warehouse says of it; called after ROLLBACK."""
