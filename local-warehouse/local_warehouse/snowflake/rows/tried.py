"""Tables with ERROR_LOGGING = TRUE: DML leaves out the rows that do not fit and goes on with the others.

Here that is what does not fit while it enters a column: a conversion that fails, a text that is too long. An error in
the query behind an INSERT, and NULL for NOT NULL, fail the statement as ever; the pages name wrong types and CHECK.
https://docs.snowflake.com/en/user-guide/data-engineering/error-logging-dml
"""

from __future__ import annotations

from collections.abc import Mapping

from local_warehouse.snowflake.store.catalog import Entry


def logs_errors(entry: Entry) -> bool:
    return bool(entry.body.get("logs_errors"))


def tried(values: Mapping[str, str]) -> str:
    """An expression that holds all values, and is NULL where one of them raises."""
    return "TRY({" + ", ".join(f"'{name}': {sql}" for name, sql in values.items()) + "})"


def fitting(values: Mapping[str, str], source: str) -> str:
    """A query of the values of those rows of `source` for which none of them raises."""
    listed = ", ".join(f"r.{name} AS {name}" for name in values)
    return f"SELECT {listed} FROM (SELECT {tried(values)} AS r FROM {source}) WHERE r IS NOT NULL"
