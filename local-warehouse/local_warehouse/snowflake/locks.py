"""Who holds which table: UPDATE, DELETE, MERGE and INSERT OVERWRITE wait for one another until COMMIT or ROLLBACK.

INSERT and COPY only add rows and take no lock.
https://docs.snowflake.com/en/sql-reference/transactions (resource locking)
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from local_warehouse.snowflake.errors import SqlError

if TYPE_CHECKING:
    from local_warehouse.snowflake.work import Work

IDLE_SECONDS = 300  # a transaction that blocks others is aborted after five minutes without a statement


class Locks:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.held: dict[int, Work] = {}

    def acquire(self, work: Work, tables: set[int], timeout_seconds: int) -> None:
        """Take all of `tables` for the transaction; SqlError 000625 after the timeout, 000604 if it is aborted."""
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while True:
                holders = {self.held[table] for table in tables if self.held.get(table, work) is not work}
                if not holders:
                    self.held.update(dict.fromkeys(tables, work))
                    return
                if work.cancelled:
                    raise SqlError("SQL execution canceled", 604, "57014")
                for holder in holders:
                    if holder.idle_seconds() > IDLE_SECONDS:
                        holder.abort("it was idle for five minutes and blocked another transaction")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SqlError(
                        f"Statement has locked table in transaction {next(iter(holders)).id} that has not yet "
                        f"completed: lock timeout of {timeout_seconds} second(s) reached.",
                        625,
                        "57014",
                    )
                self._changed.wait(min(left, 0.2))

    def release(self, work: Work) -> None:
        with self._changed:
            self.held = {table: holder for table, holder in self.held.items() if holder is not work}
            self._changed.notify_all()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
