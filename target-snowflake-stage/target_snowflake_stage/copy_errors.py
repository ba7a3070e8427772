"""When COPY INTO fails: Snowflake's text already names file, line and column; stream and table are added."""

from __future__ import annotations

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.load import TableLoad

# What Snowflake's code means where its text does not say what to do.
# sql/copy-into-table, usage notes: a clustering key with functions such as DATE_TRUNC or UPPER refuses a COPY of CSV.
REMEDIES = {
    "2300": "; if the table is clustered by an expression, load it by upsert, or cluster it by plain columns: COPY "
    "INTO refuses some functions in a clustering key",
}


def explain_copy(error: WarehouseError, table: TableLoad) -> BulkError:
    """Return the error of a failed COPY."""
    remedy = REMEDIES.get(error.sql_code or "", "")
    return CommitError(
        f"stream {table.stream!r}: COPY INTO {table.table} failed: {error.text}{remedy}",
        code="SF-COPY" if error.code in ("SF-SQL", "SF-RIGHT") else error.code,
        sql_code=error.sql_code,
    )
