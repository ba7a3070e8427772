"""Parameters of the session: those that our statements depend on, and that nobody else sets."""

from __future__ import annotations

from singer_bulk.warehouse.dialect import LOCK_SECONDS

# What an account or a user may have set otherwise, and our statements depend on. docs/session-parameters.md goes
# through the whole list, https://docs.snowflake.com/en/sql-reference/parameters.
# TIMEZONE: a value without offset is read in the session's (date-time-input-output), Los Angeles by default.
# TRANSACTION_ABORT_ON_ERROR: a failed statement otherwise leaves the transaction open and COMMIT keeps the rest
# (sql-reference/transactions). LOCK_TIMEOUT: 12 hours by default, in which nobody would hear of us; a run that waits
# less in all (`lock_wait_seconds`) has less.
# *_INPUT_FORMAT: literals in TIMESTAMP_TZ columns, those of the ledger, are read by it (date-time-input-output).
# MULTI_STATEMENT_COUNT: a call has as many statements as we count in it; with 0 it may have any.
# ROWS_PER_RESULTSET: what a query answers is cut off there, be it a catalog or a STATE in parts; 0: no limit.
SESSION_PARAMETERS = {
    "QUERY_TAG": "target-snowflake-stage",
    "MULTI_STATEMENT_COUNT": 1,
    "TIMEZONE": "UTC",
    "AUTOCOMMIT": True,
    "TRANSACTION_ABORT_ON_ERROR": True,
    "LOCK_TIMEOUT": LOCK_SECONDS,
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "BINARY_INPUT_FORMAT": "HEX",
    "TWO_DIGIT_CENTURY_START": 1970,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "ROWS_PER_RESULTSET": 0,
}
TAG_CHARACTERS = 2000

_DEPENDS = "may not be set: the statements of a load depend on its value"
# Name in small letters -> what to do instead of setting it.
REFUSED = {
    **{name.lower(): _DEPENDS for name in SESSION_PARAMETERS},
    "query_tag": "use 'query_tag'",
    "lock_timeout": "use 'lock_wait_seconds'",
    "statement_timeout_in_seconds": "use 'statement_timeout_seconds'",
    "multi_statement_count": "may not be set: each call says how many statements it has",
    "default_ddl_collation": "may not be set: keys that differ in their letters alone would be one",
}

# What a statement inside of a load's transaction may begin with; all else may commit it.
# https://docs.snowflake.com/en/sql-reference/transactions
OF_LOAD = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "SHOW", "DESC", "DESCRIBE")
COMMITS = "DDL, CALL and blocks would commit it in its middle; use 'pre_run_sql' or 'post_run_sql'"
