"""A transaction that is open: bound to the session that began it, by which every statement of it is run.

A lost session is not replaced: its statements fail, and the code that began the transaction decides what to do
(`loads.py`). COMMIT on another session would succeed and commit nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Rows, Session

logger = logging.getLogger(__name__)


class OpenTransaction:
    """What BEGIN returns. As a context it ends in COMMIT, or after an error in ROLLBACK.

    `name` is what other sessions know it by. `is_over`: COMMIT or ROLLBACK was answered. One that is not over, of a
    session that was lost, may hold locks; with `commit_sent` it may have been committed.
    """

    def __init__(self, session: Session, dialect: Dialect) -> None:
        session.execute(words.BEGIN)
        self._session = session
        self.name = session.transaction()
        self.commit_sent = False
        self.is_over = False

    def __enter__(self) -> OpenTransaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.commit()
        elif not (isinstance(error, WarehouseError) and error.connection_lost):
            self.roll_back()

    def execute(self, sql: str) -> Rows:
        """Run one statement of the transaction; raises WarehouseError."""
        return self._session.execute(sql)

    def commit(self) -> None:
        """Send COMMIT. Raises WarehouseError; then the outcome is unknown, whatever the driver says, unless the error
        is a conflict with another transaction."""
        self.commit_sent = True
        try:
            self._session.execute(words.COMMIT)
        except WarehouseError as error:
            if error.conflict:
                self.roll_back()
            raise
        self.is_over = True

    def roll_back(self) -> None:
        """Send ROLLBACK. A failure never hides the error before it: the session is closed, which rolls back too."""
        try:
            self._session.execute(words.ROLLBACK)
        except BulkError as error:
            logger.warning("ROLLBACK was not answered (%s); the session is closed instead", error)
            self._session.close()
            return
        self.is_over = True


@contextmanager
def all_or_none(session: Session, dialect: Dialect) -> Iterator[OpenTransaction]:
    """Let DDL statements stand or fall together, where the warehouse lets them; no ledger tells whether they stand."""
    transaction = OpenTransaction(session, dialect)
    try:
        with transaction:
            yield transaction
    finally:
        if transaction.commit_sent and not transaction.is_over:
            transaction.roll_back()
