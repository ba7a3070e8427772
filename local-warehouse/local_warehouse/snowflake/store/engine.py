"""The DuckDB file behind the stand-in, and DuckDB's errors in Snowflake's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.store import natives
from local_warehouse.snowflake.store.catalog import Catalog
from local_warehouse.snowflake.store.locks import Turn

_OURS = re.compile(r"SF(\d+)\|(\w{5})\|(.*)", re.DOTALL)
_RANGE = re.compile(
    r'Casting value "([^"]*)" to type DECIMAL'
    r'|Could not (?:cast|convert) (?:value|string)? ?"?([^" ]*)"? to DECIMAL'
    r'|value "?([-0-9.eE+]+)"? .*out of range'
)


def translate(error: Exception) -> SqlError:
    """A DuckDB error as Snowflake would report it."""
    text = str(error)
    if ours := _OURS.search(text):
        message = ours.group(3)
        return SqlError(re.split(r"\n\nLINE \d|\n\nAt:", message)[0].rstrip(), int(ours.group(1)), ours.group(2))
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        found = _RANGE.search(text)
        if found:
            value = next((group for group in found.groups() if group), "")
            return SqlError(f"Numeric value '{value}' is out of range", 100039, "22003")
    if isinstance(error, duckdb.ConstraintException) and "NOT NULL" in text:
        return SqlError("NULL result in a non-nullable column", 100072, "22000")
    if "Scalar subquery" in text or "More than one row returned by a subquery" in text:
        return SqlError("Single-row subquery returns more than one row.", 90150, "22000")
    if isinstance(error, duckdb.InterruptException):
        return SqlError("SQL execution canceled", 604, "57014")
    if "onflict" in text:
        return SqlError(f"the stand-in's engine met a write conflict: {text.splitlines()[0]}", 625, "57014")
    return SqlError(f"the stand-in's engine refused the statement: {text.splitlines()[0]}", 603, "XX000")


class Engine:
    """One DuckDB file, its catalog, and cursors on it; statements of DDL take turns, from first look to commit."""

    def __init__(self, path: Path) -> None:
        self.connection = duckdb.connect(str(path), config={"threads": 2, "autoinstall_known_extensions": "false"})
        self.connection.execute("SET preserve_insertion_order = true")
        natives.install(self.connection)
        self.catalog = Catalog(self.connection)
        self.turn = Turn()

    def cursor(self) -> Any:
        return self.connection.cursor()

    @contextmanager
    def ddl(self) -> Iterator[Any]:
        """A cursor with an open transaction for one DDL statement; committed at the end, else undone."""
        with self.turn.alone(), self.catalog.kept_on_error():
            cursor = self.cursor()
            try:
                cursor.execute("BEGIN")
                yield cursor
                cursor.execute("COMMIT")
            except duckdb.Error as error:
                raise translate(error) from error
            finally:
                cursor.close()  # rolls back what is still open

    def close(self) -> None:
        self.connection.close()
