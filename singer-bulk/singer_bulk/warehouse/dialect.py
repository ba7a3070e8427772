"""What the words of one warehouse must say: the seam between the order of statements (`transaction.py`, written once)
and the two dialects, each a table of types, some data and the words that the other does not have. What both say alike
stands in `words.py`. The seam to a driver's connection is here too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules

# How long a statement waits for a lock before that shows in the log: a load takes seconds to minutes.
LOCK_SECONDS = 60


def look_seconds(wait_seconds: float) -> int:
    """Return how long one statement waits for a lock, where a load waits so long in all."""
    return max(1, min(LOCK_SECONDS, int(wait_seconds)))


Rows = list[tuple[Any, ...]]
Url = Callable[[str], str]
# Returns the bytes of a staged file by its key, in parts; raises StageError.
Read = Callable[[str], Iterator[bytes]]

_CAST = "CAST({value} AS {type})"


def _as_it_is(column_type: ColumnType) -> ColumnType:
    return column_type


@dataclass(frozen=True)
class TypeWords:
    """How a warehouse has one kind of column.

    declared: in DDL, with {precision}, {scale} and {size} where the type has them; described: the words of its catalog
    (none: a column of this kind is described as one of another). chosen: in DDL, where the user has said the size and
    the warehouse would take any. Expressions: as_text: a {value}, written as a file
    has it; from_other: made of a {value} of another kind; from_field: made of a {field} of a staged file. created: the
    type that a new column really has.
    """

    declared: str
    described: tuple[str, ...] = ()
    chosen: str = ""
    as_text: str = _CAST
    from_other: str = _CAST
    from_field: str = "{field}"
    created: Callable[[ColumnType], ColumnType] = _as_it_is


@dataclass(frozen=True)
class TypeTable:
    """The types of one warehouse: a row for each kind.

    max_text: the most that a text holds, and what it holds where the catalog does not say; precision: of a decimal,
    where the catalog does not say.
    """

    rows: Mapping[Kind, TypeWords]
    max_text: int
    precision: int

    @cached_property
    def _kinds(self) -> Mapping[str, Kind]:
        """The inverse: the kind that the catalog's words describe."""
        return {words: kind for kind, row in self.rows.items() for words in row.described}

    def declared(self, column_type: ColumnType, *, is_chosen: bool = False) -> str:
        """Return the type in DDL; is_chosen: the size of a text was said by the user, if it has one."""
        size = min(column_type.max_bytes or self.max_text, self.max_text)
        row = self.rows[column_type.kind]
        words = row.chosen if is_chosen and row.chosen and column_type.max_bytes else row.declared
        return words.format(precision=column_type.precision, scale=column_type.scale, size=size)

    def described(self, data_type: str, length: int | None, precision: int | None, scale: int | None) -> ColumnType:
        """Return the type of a column as the catalog describes it.

        A type that none of ours becomes is OTHER: a column that somebody else made; a SCHEMA that needs it is refused.
        """
        kind = self._kinds.get(data_type, Kind.OTHER)
        if kind is Kind.DECIMAL:
            return ColumnType(kind, precision or self.precision, scale or 0)
        return ColumnType(kind, max_bytes=length or self.max_text if kind is Kind.TEXT else None)

    def created(self, column_type: ColumnType) -> ColumnType:
        """Return the type that a new column of this type has in the warehouse; of one that is undecided, itself."""
        row = self.rows.get(column_type.kind)
        return column_type if row is None else row.created(column_type)

    def converted(self, value: str, old_type: ColumnType, new_type: ColumnType) -> str:
        """Return the expression that turns a value of one type into the other; the session's time zone is UTC."""
        if old_type.kind is new_type.kind and old_type.kind is not Kind.DECIMAL:
            return value
        row = self.rows.get(old_type.kind)
        expression = self.rows[new_type.kind].from_other
        if new_type.kind is Kind.TEXT and row is not None:
            expression = row.as_text
        return expression.format(value=value, type=self.declared(new_type))


class Executes(Protocol):
    """What runs statements: a session, or a transaction that is open in one. It never changes to another session."""

    def execute(self, sql: str) -> Rows:
        """Run one statement and return its rows; raises WarehouseError, secrets masked.

        Of a statement that writes rows: a row of their numbers, as far as the warehouse says them.
        """


class Session(Executes, Protocol):
    """One connection of a driver, in autocommit: a transaction is what stands between BEGIN and COMMIT."""

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements whose answers say nothing, outside of a transaction, in as few calls as the driver needs.

        Raises WarehouseError; those before the one that fails may have taken effect.
        """

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        """Run statements whose answers say nothing, outside of a transaction: those of a call one after the other, of
        the calls `at_once` side by side. Only where `Dialect.copies_at_once` is more than one.

        Raises WarehouseError. Then any of the statements may have taken effect, or may yet take it: whatever the error
        says, the session is to be given up.
        """

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        """Run statements of `Dialect.lock`, each of which may wait so long; return the rows of the first.

        Raises WarehouseError, with `waited` if others hold a lock for that time.
        """

    def holders(self, tables: Sequence[Table]) -> str:
        """Return who holds locks of the tables, as far as this user can see it; "" if not. Outside a transaction."""

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""

    def transaction(self) -> str:
        """Return what names the open transaction to another session."""

    def end_transaction(self, name: str) -> None:
        """See to it that a transaction of another, lost session has ended; it may have been committed.

        Raises WarehouseError if that cannot be found out.
        """


class Dialect(Protocol):
    """What only one warehouse says: data, and pure functions from what we mean to its SQL."""

    @property
    def names(self) -> NameRules:
        """What the warehouse does with names."""

    @property
    def types(self) -> TypeTable:
        """Its types."""

    @property
    def max_columns(self) -> int | None:
        """The most columns that a table may have; None: no limit is documented."""

    @property
    def ddl_is_transactional(self) -> bool:
        """Whether DDL takes part in a transaction; otherwise each statement commits."""

    @property
    def comments_inline(self) -> bool:
        """Whether CREATE TABLE and ADD COLUMN write the columns' comments."""

    @property
    def drops_not_null(self) -> bool:
        """Whether ALTER COLUMN can let a column be NULL."""

    @property
    def temporary(self) -> str:
        """What a table of the session is called in CREATE TABLE."""

    @property
    def view_clauses(self) -> tuple[str, str]:
        """What stands behind the name of a view that is made, and behind its query; each with its blank."""

    @property
    def view_in_grant(self) -> str:
        """What GRANT calls a view."""

    @property
    def json_in_expressions(self) -> bool:
        """Whether a page says that a function of SQL takes documents: COALESCE."""

    @property
    def replaces_scratch(self) -> bool:
        """Whether CREATE takes the place of a temporary table of the same name, as `temporary` then says."""

    @property
    def copies_at_once(self) -> int:
        """How many COPYs into temporary tables one session may run side by side; 1: none beside another."""

    @property
    def copy_count(self) -> str | None:
        """The query for the rows of the last COPY, where COPY itself does not tell; sent in one call with it."""

    @property
    def tells_written(self) -> bool:
        """Whether INSERT, UPDATE, DELETE and MERGE answer with the rows that they have written, by their pages."""

    def fold(self, name: str) -> str:
        """Return a name as the warehouse stores it when it is written without quotes."""

    def table(self, table: Table) -> str:
        """Return a table's quoted and qualified name."""

    def scratch_table(self, table: Table) -> str:
        """Return the quoted name of a temporary table."""

    def masked(self, text: str) -> str:
        """Return the text of a statement or an error without the secrets in it."""

    def schema_exists(self, schema: str) -> str:
        """Return a query that has a row if the schema is there."""

    def create_schema(self, schema: str) -> str:
        """Return the statement that creates a schema."""

    def ask_properties(self, tables: Sequence[Table]) -> list[str]:
        """Return the questions for how tables lie: what their `TableProperties.shown` is about."""

    def shown_properties(self, answers: Sequence[Rows]) -> dict[Table, dict[str, str]]:
        """Return from the answers what the catalog shows of each table, in the words of `TableProperties.shown`."""

    def view_marks(self, schema: str, views: Sequence[str]) -> str | None:
        """Return the query for the comments of views, by name; None where replacing a view is in nobody's way."""

    def show_view(self, view: Table) -> str:
        """Return the statement that shows of what a view is made."""

    def view_text(self, rows: Rows, view: Table) -> str | None:
        """Return that text from its answer; None if there is no such view, "" if it is not shown to this user."""

    def drop_schema(self, schema: str) -> str:
        """Return the statement that drops a schema with all that is in it."""

    @property
    def before_reading(self) -> str | None:
        """What the session is told so that each value is read back as it is; None: nothing."""

    def read_back(self, value: str, means: str) -> str:
        """Return the expression by which a value is read back as it is: instant, timestamp or time may be more than
        the driver's own type shows."""

    def describe_table(self, table: Table) -> str:
        """Return the query for a table's columns; if there is no such table, no rows or an error (`is_missing`)."""

    def describe_schema(self, schema: str) -> Sequence[tuple[str, int]]:
        """Return the queries for the columns of all tables of a schema, each with the number of rows from which on its
        answer may be cut off; the next one is for that case. An error (`is_missing`) if there is no such schema."""

    def schema_rows(self, rows: Rows) -> Rows:
        """Return the answer to one of them as rows of `catalog_rows` behind the name of their table."""

    def describe_in_transaction(self, tables: Sequence[Table]) -> str:
        """Return the query for the columns of tables inside a transaction, which it leaves open: rows of `catalog_rows`
        behind schema and name of their table; no rows of one that is not there."""

    def catalog_rows(self, rows: Rows) -> Rows:
        """Return the answer to `describe_table` as a row for each column, in order: name, type, length, precision,
        scale, "YES" if it may be NULL, default, comment. Rows that are so already stay."""

    def is_missing(self, error: WarehouseError) -> bool:
        """Return whether `describe_table` was refused because there is no such table."""

    def type_clause(self, old_type: ColumnType, new_type: ColumnType) -> str | None:
        """Return what ALTER COLUMN says to change a type in place; None if it cannot."""

    def contains(self, text: str, part: str) -> str:
        """Return the condition that an expression's text contains another, which is given as it is."""

    @property
    def locks_rows(self) -> bool:
        """Whether the lock of a table is that of its rows, so that one without a row cannot be locked."""

    def lock(self, tables: Sequence[tuple[Table, str]]) -> list[str]:
        """Return what waits for other transactions that have locked the tables, and locks them until COMMIT, in order;
        each is given with a column that every row has a value in. If `locks_rows`, a statement for each of them.

        Two loads that merge the same new key need it: a MERGE that has waited for another one to commit may still see
        the table as it was when the transaction or the MERGE began, and would insert the key again.
        """

    def manifest(self, batch: ClosedBatch, url: Url) -> bytes | None:
        """Return the content of the file that lists the batch's files, where COPY needs one."""

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return the statements that load the batch into a table (its quoted name) with columns of these types."""

    def copied_rows(self, rows: Rows) -> int:
        """Return the number of rows that the answer to COPY, or to `copy_count`, reports."""

    def explain(
        self, session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url, read: Read
    ) -> BulkError:
        """Return the error of a failed COPY with what the warehouse says of it; called after ROLLBACK."""
