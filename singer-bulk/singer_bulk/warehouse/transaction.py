"""One load, one transaction: the order of statements, and what happens when one fails.

1. The schema, the tables, their new columns and their views (`warehouse/tables.py`).
2. Rows that enter by their keys, or have to be converted (`converted.py`), are copied into temporary tables, before any
   lock is taken. From this step on the load is bound to its session (`Attempt`, `copy.py`, `open_transaction.py`).
3. BEGIN. A load that merges, deletes or stamps rows then takes its turn at their tables, and waits for others that do
   so: it sees what they have committed (`turn.py`). With a pipeline_id it enters the pipeline's fence (`fence.py`):
   behind all locks, because its query is where the transaction's snapshot is taken on Redshift.
4. The user's `pre_load_sql`. The rows of tables that the load overwrites are deleted. TRUNCATE would commit on Redshift
   and forget which files were loaded on Snowflake, so it is never used.
   https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
   https://docs.snowflake.com/en/sql-reference/sql/truncate-table
5. For each batch its COPY, or what takes its rows from the temporary table, in the order of tables, so that two loads
   take their write locks in the same order. Of each COPY the rows that the warehouse counted must be those staged, and
   what was chosen for a merge must be written (`gate.py`).
6. The ledger's rows, with the STATE that the load closes.
7. A look whether another run has changed the columns that were filled, and whether a signal has ended the run.
8. The user's `post_load_sql`, and COMMIT.

A statement that fails before COMMIT rolls everything back; what then is tried again, `loads.py` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.errors import Interrupted, WarehouseError
from singer_bulk.model.load import Load, Table
from singer_bulk.warehouse.copy import CopyRefused, LoadRows
from singer_bulk.warehouse.dialect import Dialect, Session
from singer_bulk.warehouse.fence import Fence
from singer_bulk.warehouse.gate import Gate
from singer_bulk.warehouse.ledger import ledger_inserts
from singer_bulk.warehouse.ledger_form import explained
from singer_bulk.warehouse.open_transaction import OpenTransaction
from singer_bulk.warehouse.turn import Turn
from singer_bulk.warehouse.user_sql import NO_SQL, LoadSql


@dataclass
class Attempt:
    """Steps 2 to 8 for one load, on one session. No `Warehouse` is within reach: there is no way to another session."""

    dialect: Dialect
    ledger: Table
    load: Load
    rows: LoadRows
    fence: Fence | None
    turn: Turn
    stop_signal: Callable[[], int | None]
    now: Callable[[], str]
    user_sql: LoadSql = NO_SQL
    transaction: OpenTransaction | None = None

    def run(self, session: Session) -> None:
        """Commit the load. Raises BulkError; `transaction` then tells whether one was begun, and whether it has ended.

        What COPY refused is asked about when the transaction has been rolled back.
        """
        try:
            self.rows.fill_scratch(session)
            with self._begin(session) as transaction:
                self._run_inside(transaction)
        except CopyRefused as refused:
            raise self.rows.explained(session, refused) from refused.error

    def _begin(self, session: Session) -> OpenTransaction:
        """Return a transaction that has its turn."""
        self.turn.waiting.begin()
        while True:
            self._stop_if_signalled()
            self.transaction = OpenTransaction(session, self.dialect)
            try:
                self.turn.take(session)
            except WarehouseError as error:
                if error.connection_lost:
                    raise
                self.transaction.roll_back()
                self.turn.again(session, error)
            else:
                self.turn.taken()
                return self.transaction

    def _run_inside(self, transaction: OpenTransaction) -> None:
        load = self.load
        if self.fence is not None:
            self.fence.enter(transaction, load.load_id)
        self.user_sql.begin(transaction)
        loaded = self.rows.enter(transaction)
        gate = Gate(self.dialect, load.load_id, self.ledger)
        for statement, count in ledger_inserts(self.dialect, self.ledger, load, loaded, self.now()):
            with explained(self.ledger, "written"):
                rows = transaction.execute(statement)
            gate.demand(rows, count, "rows of the ledger")
        self.rows.demand_unchanged(transaction)
        self.user_sql.end(transaction)
        self._stop_if_signalled()

    def _stop_if_signalled(self) -> None:
        number = self.stop_signal()
        if number is not None:
            raise Interrupted(
                number, f"load {self.load.load_id} was rolled back, its tables are as they were before it"
            )
