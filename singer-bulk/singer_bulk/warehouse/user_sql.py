"""Statements of the user, in a run and in its loads; whose they are is said where one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from singer_bulk.errors import WarehouseError
from singer_bulk.warehouse.dialect import Executes


@dataclass(frozen=True)
class LoadSql:
    """The user's statements at the beginning and at the end of each load's transaction."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()

    def begin(self, transaction: Executes) -> None:
        """Run those of the beginning."""
        _run(transaction, "pre_load_sql", self.before)

    def end(self, transaction: Executes) -> None:
        """Run those of the end."""
        _run(transaction, "post_load_sql", self.after)


NO_SQL = LoadSql()
_BEHIND = {"post_run_sql": "; all of this run is committed, and its STATE is out"}


def run_each(session: Executes, setting: str, statements: Sequence[str]) -> None:
    """Run statements outside of a load, each once: what it does is not known, so none is tried again."""
    for number, statement in enumerate(statements, 1):
        try:
            session.execute(statement)
        except WarehouseError as error:
            raise _told(setting, number, error) from error


def _run(transaction: Executes, setting: str, statements: Sequence[str]) -> None:
    for number, statement in enumerate(statements, 1):
        try:
            transaction.execute(statement)
        except WarehouseError as error:
            if error.connection_lost or error.conflict or error.waited:
                raise  # the whole load is tried again
            raise _told(setting, number, error) from error


def _told(setting: str, number: int, error: WarehouseError) -> WarehouseError:
    """Return the error with where its statement comes from."""
    text = f"{setting}, statement {number}: {error.text}{_BEHIND.get(setting, '')}"
    return WarehouseError(text, code="RUN-USER-SQL", sql_code=error.sql_code)
