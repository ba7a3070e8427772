"""The error that ends a run whose load could not be committed: it names the load, and what is in the tables."""

from __future__ import annotations

import logging

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.load import Load
from singer_bulk.warehouse.alter_table import table_gone
from singer_bulk.warehouse.session import Warehouse

# Of a statement that the warehouse refuses for whatever reason, one being that a table is gone.
REFUSALS = ("RS-SQL", "SF-SQL", "SF-RIGHT", "SF-COPY", "LOAD-LEDGER-FORM")

logger = logging.getLogger(__name__)


def given_up(warehouse: Warehouse, load: Load, error: WarehouseError, *, unanswered: bool) -> WarehouseError:
    """Return the error of the load; unanswered: whether its COMMIT was sent, and neither it nor the ledger answered."""
    if unanswered:
        return CommitError(
            f"load {load.load_id}: COMMIT was not answered, nor was the ledger ({error.text}); "
            f"the load may be in the warehouse: look for this load_id in {warehouse.ledger}",
            code="LOAD-UNKNOWN",
        )
    gone = _gone(warehouse, load) if error.code in REFUSALS else None
    if isinstance(error, CommitError) and gone is None:
        return error  # says it already
    error = error if gone is None else gone
    return CommitError(
        f"load {load.load_id} was rolled back, its tables are as the load before it left them: {error.text}",
        code=error.code,
        sql_code=error.sql_code,
    )


def _gone(warehouse: Warehouse, load: Load) -> WarehouseError | None:
    """Return the error of a table of the load that has gone in mid-run: the warehouse's own names no way on."""
    try:
        table = warehouse.gone([*(table.table for table in load.tables), warehouse.ledger])
    except BulkError as unknown:
        logger.debug("load %s: its tables could not be looked at: %s", load.load_id, unknown)
        return None
    return None if table is None else table_gone(table)
