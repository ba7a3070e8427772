"""One load, one transaction: the order of statements, and what happens when one fails.

1. The schema, the tables and their new columns. Snowflake commits the open transaction when it meets DDL, which
   would publish half a load (sql-reference/transactions); Redshift accepts either order.
2. BEGIN.
3. The rows of tables that the load overwrites are deleted. TRUNCATE would commit on Redshift (r_TRUNCATE) and
   forget which files were loaded on Snowflake (sql/truncate-table), so it is never used.
4. One COPY for each batch, in the order of tables, so that two loads take their write locks in the same order; the
   rows that the warehouse counted must be the rows that were staged.
5. The ledger's rows, with the STATE that the load closes.
6. COMMIT.

A statement that fails before COMMIT rolls everything back; a COMMIT that fails may have worked, and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from singer_bulk.batch import ClosedBatch
from singer_bulk.columns import Column
from singer_bulk.dialect import Dialect, Load, Session, Table, TableLoad
from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.ledger import LEDGER_COLUMNS, ledger_rows
from singer_bulk.stage import Stage

logger = logging.getLogger(__name__)

# A literal list of this many characters stays well under the 1 MB of a Snowflake statement (query-size-limits).
MAX_INSERT_CHARACTERS = 400_000


@dataclass
class Warehouse:
    """The connection of a run and what it knows of the tables."""

    connect: Callable[[], Session]
    dialect: Dialect
    stage: Stage
    ledger: Table
    prepare: Callable[[Session], None] = lambda session: None  # what must be there before the first COPY
    _session: Session | None = None
    _tables: dict[Table, dict[str, Column]] = field(default_factory=dict)
    _schemas: set[str] = field(default_factory=set)

    @property
    def session(self) -> Session:
        """The session, opened when it is first needed."""
        if self._session is None:
            self._session = self.connect()
        return self._session

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def columns(self, table: Table) -> dict[str, Column]:
        """Return the columns of a table by name; empty if it is not there."""
        if table not in self._tables:
            rows = self.session.execute(self.dialect.describe_table(table))
            self._tables[table] = {column.name: column for column in self.dialect.described(rows)}
        return self._tables[table]

    def last_sequence(self) -> int:
        """Return the highest sequence number that a load has committed; 0 if there is none."""
        if not self.columns(self.ledger):
            return 0
        name = self.dialect.name(self.dialect.fold("last_sequence"))
        rows = self.session.execute(f"SELECT MAX({name}) FROM {self.dialect.table(self.ledger)}")
        return int(rows[0][0] or 0)

    def make_table(self, table: Table, columns: Iterable[Column]) -> None:
        """Create the table, or add the columns that it lacks."""
        wanted = list(columns)
        if table.schema not in self._schemas:
            if not self.session.execute(self.dialect.schema_exists(table.schema)):
                self.session.execute(self.dialect.create_schema(table.schema))
            self._schemas.add(table.schema)
        present = self.columns(table)
        if not present:
            self.session.execute(self.dialect.create_table(table, wanted))
        for column in wanted:
            if present and column.name not in present:
                self.session.execute(self.dialect.add_column(table, column))
                logger.info("table %s: column %s added", table, column.name)
        self._tables[table] = {**{column.name: column for column in wanted}, **present}

    def commit(self, load: Load) -> None:
        """Make the load visible, all of it or nothing.

        Raises CommitError, after which nothing of the load is visible unless its text says that nobody knows.
        """
        self._make_tables(load)
        manifests = self._stage_manifests(load)
        try:
            self._commit(load, manifests)
        finally:
            self._remove([*manifests.values()])

    def _commit(self, load: Load, manifests: dict[ClosedBatch, str]) -> None:
        execute = self.session.execute
        execute(self.dialect.begin)
        try:
            loaded = self._copy_all(load, manifests)
            for statement in self._ledger_inserts(load, loaded):
                execute(statement)
        except BaseException as error:
            self._roll_back()
            if isinstance(error, WarehouseError) and not isinstance(error, CommitError):
                raise CommitError(f"load {load.load_id} was rolled back: {error}", code=error.code) from error
            raise
        try:
            execute("COMMIT")
        except WarehouseError as error:
            raise CommitError(
                f"load {load.load_id}: COMMIT was not answered ({error}); it may have worked: "
                f"look for this load_id in {self.ledger}"
            ) from error

    def _make_tables(self, load: Load) -> None:
        fold = self.dialect.fold
        self.make_table(self.ledger, [replace(column, name=fold(column.name)) for column in LEDGER_COLUMNS])
        for table in load.tables:
            self.make_table(table.table, table.columns)
        self.prepare(self.session)

    def _stage_manifests(self, load: Load) -> dict[ClosedBatch, str]:
        keys = {}
        for table in load.tables:
            for batch in table.batches:
                content = self.dialect.manifest(batch, self.stage.url)
                if content is not None:
                    keys[batch] = f"{batch.files[0].key}.manifest"
                    self.stage.put(keys[batch], content)
        return keys

    def _copy_all(self, load: Load, manifests: dict[ClosedBatch, str]) -> dict[str, int]:
        loaded: dict[str, int] = {}
        for table in sorted(load.tables, key=lambda part: part.table):
            if table.overwrite:
                self.session.execute(self.dialect.delete_rows(table.table))
            for batch in table.batches:
                count = self._copy(load, table, batch, manifests.get(batch))
                loaded[table.stream] = loaded.get(table.stream, 0) + count
        return loaded

    def _copy(self, load: Load, table: TableLoad, batch: ClosedBatch, manifest_key: str | None) -> int:
        count = 0
        for statement in self.dialect.copies(table, batch, self.stage.url, manifest_key):
            logger.info("%s", self.dialect.masked(statement))
            try:
                rows = self.session.execute(statement)
            except WarehouseError as error:
                self._roll_back()
                raise self.dialect.explain(self.session, error, table, batch, self.stage.url) from error
            if self.dialect.copy_count is not None:
                rows = self.session.execute(self.dialect.copy_count)
            count += self.dialect.copied_rows(rows)
        if count != batch.row_count:
            raise CommitError(
                f"load {load.load_id} was rolled back: stream {batch.stream!r} has {batch.row_count} rows read, "
                f"{sum(file.row_count for file in batch.files)} staged, {count} loaded by the warehouse"
            )
        return count

    def _ledger_inserts(self, load: Load, loaded: dict[str, int]) -> list[str]:
        names = ", ".join(self.dialect.name(self.dialect.fold(column.name)) for column in LEDGER_COLUMNS)
        into = f"INSERT INTO {self.dialect.table(self.ledger)} ({names}) VALUES "
        statements, values = [], ""
        for row in ledger_rows(load, loaded):
            text = "(" + ", ".join(self.dialect.literal(value) for value in row) + ")"
            if values and len(values) + len(text) > MAX_INSERT_CHARACTERS:
                statements.append(into + values)
                values = ""
            values = f"{values}, {text}" if values else text
        return [*statements, into + values]

    def _roll_back(self) -> None:
        try:
            self.session.execute("ROLLBACK")
        except BulkError as error:
            # Never hides the first error. A session that cannot roll back is closed: the warehouse does it then.
            logger.warning("ROLLBACK was not answered (%s); the session is closed instead", error)
            self.close()

    def _remove(self, keys: list[str]) -> None:
        if not keys:
            return
        try:
            self.stage.remove(keys)
        except BulkError as error:
            logger.warning("a staged file stays: %s", error)
