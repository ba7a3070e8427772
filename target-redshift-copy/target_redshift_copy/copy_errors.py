"""When COPY fails, ask the warehouse why and say it; if asking fails, the first error stands unchanged."""

from __future__ import annotations

import logging

from singer_bulk.errors import BulkError, CommitError, WarehouseError
from singer_bulk.model.load import ClosedBatch, TableLoad
from singer_bulk.warehouse.copy_fault import CopyFault, fault_error
from singer_bulk.warehouse.dialect import Read, Rows, Session, Url
from singer_bulk.warehouse.words import literal

from target_redshift_copy.remedies import READ_REMEDY, ROLE_REFUSED, ROLE_REMEDY

logger = logging.getLogger(__name__)

FILE_NAME_CHARACTERS = 256  # r_STL_LOAD_ERRORS, SYS_LOAD_ERROR_DETAIL: longer names are cut

# STL_LOAD_ERRORS shows the value but does not cover serverless (r_STL_LOAD_ERRORS); SYS_LOAD_ERROR_DETAIL covers both.
# The columns are padded with blanks. The table also has errors of other loads, so the query names our files.
_QUERIES = (
    "SELECT trim(filename), line_number, trim(colname), trim(type), trim(col_length), trim(raw_field_value), "
    "err_code, trim(err_reason) FROM stl_load_errors WHERE trim(filename) IN ({files}) LIMIT 1",
    "SELECT trim(file_name), line_number, trim(column_name), trim(column_type), trim(column_length), '', "
    "error_code, trim(error_message) FROM sys_load_error_detail WHERE trim(file_name) IN ({files}) LIMIT 1",
)


def explain_copy(
    session: Session, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Url, read: Read
) -> BulkError:
    """Return the error of a failed COPY, told by the record where the warehouse knows file, line and column."""
    found: Rows = []
    keys = {name[:FILE_NAME_CHARACTERS]: file.key for file in batch.files for name in (file.key, url(file.key))}
    for query in _QUERIES:
        found = found or _ask(session, query, [literal(name) for name in keys])
    if not found:
        return _of_reading(error, table)
    file, line, column, kind, length, value, code, reason = found[0]
    fault = CopyFault(
        keys.get(str(file), str(file)),
        int(line),
        f"{reason} (code {code})",
        column=column or None,
        value=value or None,
        limit=f"{kind} {length}".strip(),
    )
    return fault_error(fault, error, table, batch, read, code="RS-COPY-ROW")


def _of_reading(error: WarehouseError, table: TableLoad) -> BulkError:
    """Return the error of a COPY that could not read S3, with its remedy; any other unchanged."""
    text = error.text
    if ROLE_REFUSED in text:
        return CommitError(
            f"stream {table.stream!r}: COPY into {table.table}: {text}; {ROLE_REMEDY}",
            code="RS-COPY-ROLE",
            sql_code=error.sql_code,
        )
    if "S3ServiceException" not in text:
        return error
    reason = text.partition("S3ServiceException:")[2].split(",", 1)[0]
    place = text.partition("s3://")[2].split(" ", 1)[0]
    return CommitError(
        f"stream {table.stream!r}: COPY into {table.table} cannot read s3://{place}: {reason}; {READ_REMEDY}",
        code="RS-COPY-ROLE",
        sql_code=error.sql_code,
    )


def _ask(session: Session, query: str, files: list[str]) -> Rows:
    try:
        return session.execute(query.format(files=", ".join(files)))
    except BulkError as problem:
        logger.debug("the load errors could not be asked for: %s", problem)
        return []
