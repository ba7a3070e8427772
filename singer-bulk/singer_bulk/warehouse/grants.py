"""Who may read a table or a view that has just been made: granted with it, or told.

On Redshift both are one message, which is a transaction. On Snowflake each statement commits, so a table may be there
that nobody else can read: a later run finds it made and grants nothing, so the error says what is left to be run.
"""

from __future__ import annotations

from collections.abc import Sequence

from singer_bulk.errors import WarehouseError
from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Dialect, Session


def run_granted(
    session: Session, dialect: Dialect, relation: Table, made: Sequence[str], grants: Sequence[str]
) -> None:
    """Run what makes a table or a view, then what grants it; raises WarehouseError."""
    if dialect.ddl_is_transactional or not grants:
        run_together(session, [*made, *grants])
    else:
        run_together(session, made)
        _grant(session, relation, grants)


def run_together(session: Session, statements: Sequence[str]) -> None:
    """Run what belongs together in one call."""
    if len(statements) > 1:
        session.execute_all(statements)
    else:
        session.execute(statements[0])


def _grant(session: Session, relation: Table, grants: Sequence[str]) -> None:
    try:
        run_together(session, grants)
    except WarehouseError as error:
        raise UngrantedError(
            f"{relation} has been made, and is not granted as the setting 'grants' says: {error.text}; correct the "
            f"setting, and run {'; '.join(grants)}: a later run grants only what it makes",
            code="TABLE-GRANT",
            sql_code=error.sql_code,
        ) from error


class UngrantedError(WarehouseError):
    """What was made is there, and others may not read it yet."""
