"""When COPY INTO fails: Snowflake's text already names file, line and column; stream and table are added."""

from __future__ import annotations

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.load import TableLoad


def explain_copy(error: WarehouseError, table: TableLoad) -> BulkError:
    """Return the error of a failed COPY."""
    return CommitError(
        f"stream {table.stream!r}: COPY INTO {table.table} failed: {error.text}",
        code="SF-COPY" if error.code == "SF-SQL" else error.code,
        sql_code=error.sql_code,
    )
