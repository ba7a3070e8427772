"""What a query says of tables: SQLite reckons, the tables are given to it as they are to be seen.

Statements come as our code has sent them, with plain names of tables; what SQLite says otherwise is put into its words.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = tuple[Any, ...]
Rows = dict[int, Row]  # by a number that a row keeps for as long as it is there

_POSITION = re.compile(r"POSITION\(('(?:[^']|'')*') IN ([^()]+)\) > 0")
_MERGE = re.compile(
    r'MERGE INTO ("[^"]+") USING ("[^"]+") ON (.+) WHEN MATCHED THEN UPDATE SET (.+) '
    r"WHEN NOT MATCHED THEN INSERT \((.+)\) VALUES \((.+)\)"
)
_DELETE_USING = re.compile(r'DELETE FROM ("[^"]+") USING ("[^"]+") WHERE (.+)')


@dataclass(frozen=True, eq=False)
class Table:
    """Columns, each with its declared type, and rows; never changed. A row may end early: the rest of it is NULL."""

    columns: tuple[tuple[str, str], ...]
    rows: Rows

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _ in self.columns]


class Engine:
    """Reckons for one warehouse; remembers what SQLite has of each table."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.create_function("CONTAINS", 2, lambda text, part: None if text is None else part in text)
        self._loaded: dict[str, Table] = {}

    def query(self, sql: str, tables: Mapping[str, Table]) -> list[Row]:
        """Return the rows of a query."""
        for name, table in tables.items():
            self._load(name, table)
        return self._db.execute(_POSITION.sub(r"CONTAINS(\2, \1)", sql)).fetchall()

    def change(self, sql: str, target: str, tables: Mapping[str, Table]) -> tuple[Rows, int]:
        """Return the rows of the target behind an UPDATE or DELETE, and how many it has changed."""
        using = _DELETE_USING.fullmatch(sql)
        if using:
            where = f"SELECT {using[1]}.rowid FROM {using[1]}, {using[2]} WHERE {using[3]}"
            sql = f"DELETE FROM {using[1]} WHERE rowid IN ({where})"
        for name, table in tables.items():
            self._load(name, table)
        count = self._db.execute(_POSITION.sub(r"CONTAINS(\2, \1)", sql)).rowcount
        rows = {row[0]: row[1:] for row in self._db.execute(f'SELECT rowid, * FROM "{target}"')}
        self._loaded[target] = Table(tables[target].columns, rows)
        return rows, count

    def loaded(self, target: str) -> Table | None:
        """Return what SQLite has of a table, if it has it: who puts this very object back spares the loading."""
        return self._loaded.get(target)

    def _load(self, name: str, table: Table) -> None:
        before = self._loaded.get(name)
        if before is table:
            return
        if before is None or before.columns != table.columns:
            self._db.execute(f'DROP TABLE IF EXISTS "{name}"')
            self._db.execute(f'CREATE TABLE "{name}" ({listed(table.names)})')
        else:
            self._db.execute(f'DELETE FROM "{name}"')
        width = len(table.columns)
        if table.rows:
            marks = ", ".join("?" * (width + 1))
            rows = [(number, *padded(row, width)) for number, row in table.rows.items()]
            self._db.executemany(f'INSERT INTO "{name}" (rowid, {listed(table.names)}) VALUES ({marks})', rows)
        self._loaded[name] = table


def listed(names: Iterable[str]) -> str:
    """Return names in quotes."""
    return ", ".join(f'"{name}"' for name in names)


def padded(row: Row, width: int) -> Row:
    """Return a row with all of its columns."""
    return row if len(row) == width else row + (None,) * (width - len(row))


def parts_of_merge(sql: str) -> tuple[str, str, str, str]:
    """Return a MERGE as an UPDATE of what matches and the query for what does not, with its target and its columns."""
    match = _MERGE.fullmatch(sql)
    assert match, sql
    target, source, on, sets, names, values = match.groups()
    update = f"UPDATE {target} SET {sets} FROM {source} WHERE {on}"
    query = f"SELECT {values} FROM {source} WHERE NOT EXISTS (SELECT 1 FROM {target} WHERE {on})"
    return update, query, target.strip('"'), names
