"""When COPY INTO fails: Snowflake's text names file, line, row and column; it is told by the record.

VALIDATE is no help: it does not know COPYs that select their fields, nor those that ABORT_STATEMENT has ended.
https://docs.snowflake.com/en/sql-reference/functions/validate
"""

from __future__ import annotations

import re

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.load import ClosedBatch, TableLoad
from singer_bulk.warehouse.copy_fault import CopyFault, fault_error
from singer_bulk.warehouse.dialect import Read

# What Snowflake's code means where its text does not say what to do.
# sql/copy-into-table, usage notes: a clustering key with functions such as DATE_TRUNC or UPPER refuses a COPY of CSV.
REMEDIES = {
    "2300": "; if the table is clustered by an expression, load it by upsert, or cluster it by plain columns: COPY "
    "INTO refuses some functions in a clustering key",
}
# The text ends in advice for other values of ON_ERROR. The column is `"TABLE"["NAME":4]`, its place in the table or
# among the fields of the file behind the colon.
_PLACE = re.compile(
    r"(?P<reason>.*?)\s+File '(?P<file>[^']*)', line (?P<line>\d+), character \d+\s+Row (?P<row>\d+)"
    r'(?:, column (?:"[^"]*"\[)?"?(?P<column>[^"\n]*?)"?(?::(?P<place>\d+))?\]?)?\s*(?:\n|If you|$)',
    re.DOTALL,
)


def explain_copy(error: WarehouseError, table: TableLoad, batch: ClosedBatch, read: Read) -> BulkError:
    """Return the error of a failed COPY."""
    is_of_copy = error.code in ("SF-SQL", "SF-RIGHT")
    place = _PLACE.search(error.text)
    if place is not None:
        fault = _fault(place, batch)
        return fault_error(fault, error, table, batch, read, code="SF-COPY" if is_of_copy else error.code)
    remedy = REMEDIES.get(error.sql_code or "", "")
    return CommitError(
        f"stream {table.stream!r}: COPY INTO {table.table} failed: {error.text}{remedy}",
        code="SF-COPY" if is_of_copy else error.code,
        sql_code=error.sql_code,
    )


def _fault(place: re.Match[str], batch: ClosedBatch) -> CopyFault:
    """Return what the text says: a file of ours by the end of its key, a column of ours by its name or its place."""
    key = next((file.key for file in batch.files if _same(file.key, place["file"])), place["file"])
    names = [column.name for column in batch.columns]
    column = place["column"] or None
    if column not in names and place["place"] and int(place["place"]) <= len(names):
        column = names[int(place["place"]) - 1]
    return CopyFault(key, int(place["line"]), place["reason"].strip(), int(place["row"]), column)


def _same(key: str, shown: str) -> bool:
    """Return whether a file is the one that is shown: by its key, a part of it below the stage, or its address."""
    return key.endswith(shown) or shown.endswith(key)
