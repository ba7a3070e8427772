"""How rows enter a table by their keys: the statements between COPY into a scratch table and COMMIT.

COPY fills `scratch`, whose last column numbers the rows in the order of arrival. `chosen` then gets one row per key:

1. The last row of each key that is no delete is merged into the table: matched rows are updated in the columns of the
   SCHEMA, and only in those; the others are inserted.
2. A key whose last row is a delete is removed (`hard_delete`), or its row is stamped: what a delete does not say,
   because it holds only the key, stays as it is.

Both warehouses take the same words. A subquery as the source of MERGE is not in every page of Redshift's
documentation (r_MERGE), a table is. Keys compare by `=`, so a NULL in a key would never match: it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from singer_bulk.columns import Column
from singer_bulk.dialect import Dialect, LoadMethod, Table

_RANK = "_singer_rank"


@dataclass(frozen=True)
class Merge:
    """The statements for one batch. `scratch` and `chosen` are temporary tables with the batch's columns."""

    dialect: Dialect
    table: Table
    scratch: Table
    chosen: Table
    columns: Sequence[Column]  # of the batch, the order column last
    method: LoadMethod

    def null_keys(self) -> str:
        """Return the query for the number of rows with NULL in a key."""
        some = " OR ".join(f"{self._name(key)} IS NULL" for key in self.method.keys)
        return f"SELECT COUNT(*) FROM {self._scratch} WHERE {some}"

    def statements(self) -> list[str]:
        """Return what applies the scratch table's rows, in order."""
        statements = [self._choose(deletes=False), self._merge()]
        if self._delete_test():
            statements += [f"DELETE FROM {self._chosen}", self._choose(deletes=True)]
            statements += [self._remove()] if self.method.hard_delete else self._stamp()
        return statements

    @property
    def _scratch(self) -> str:
        return self.dialect.scratch_table(self.scratch)

    @property
    def _chosen(self) -> str:
        return self.dialect.scratch_table(self.chosen)

    @property
    def _target(self) -> str:
        return self.dialect.table(self.table)

    def _name(self, stored: str) -> str:
        return self.dialect.name(stored)

    def _choose(self, *, deletes: bool) -> str:
        """Return the statement that puts the last row of each key, that is or is no delete, into `chosen`."""
        names = ", ".join(self._name(column.name) for column in self.columns)
        keys = ", ".join(self._name(key) for key in self.method.keys)
        order, rank = self._name(self.columns[-1].name), self._name(self.dialect.fold(_RANK))
        test = self._delete_test()
        # Deletes are chosen among all rows of the key: one that a later row revives must not be applied.
        among = f" WHERE NOT ({test})" if test and not deletes else ""
        kept = f" AND ({test})" if deletes else ""
        return (
            f"INSERT INTO {self._chosen} ({names}) SELECT {names} FROM (SELECT {names}, ROW_NUMBER() OVER "
            f"(PARTITION BY {keys} ORDER BY {order} DESC) AS {rank} FROM {self._scratch}{among}) AS ranked "
            f"WHERE {rank} = 1{kept}"
        )

    def _delete_test(self) -> str:
        """Return the condition under which a row is a delete, never NULL itself; "" if no row can be one."""
        method = self.method
        names = {column.name for column in self.columns}
        tests = []
        if method.deleted_at in names and method.deleted_at is not None:
            tests.append(f"{self._name(method.deleted_at)} IS NOT NULL")
        if method.operation in names and method.operation is not None and method.delete_values:
            values = ", ".join(self.dialect.literal(value) for value in method.delete_values)
            tests.append(f"COALESCE({self._name(method.operation)} IN ({values}), FALSE)")
        return " OR ".join(tests)

    def _matching(self) -> str:
        keys = self.method.keys
        return " AND ".join(f"{self._target}.{self._name(key)} = {self._chosen}.{self._name(key)}" for key in keys)

    def _stored(self) -> list[str]:
        return [self._name(column.name) for column in self.columns[:-1]]

    def _merge(self) -> str:
        names = self._stored()
        sets = ", ".join(f"{name} = {self._chosen}.{name}" for name in names)
        values = ", ".join(f"{self._chosen}.{name}" for name in names)
        return (
            f"MERGE INTO {self._target} USING {self._chosen} ON {self._matching()} "
            f"WHEN MATCHED THEN UPDATE SET {sets} "
            f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"
        )

    def _remove(self) -> str:
        return f"DELETE FROM {self._target} USING {self._chosen} WHERE {self._matching()}"

    def _stamp(self) -> list[str]:
        names = self._stored()
        sets = ", ".join(f"{name} = COALESCE({self._chosen}.{name}, {self._target}.{name})" for name in names)
        values = ", ".join(f"{self._chosen}.{name}" for name in names)
        return [
            f"UPDATE {self._target} SET {sets} FROM {self._chosen} WHERE {self._matching()}",
            f"INSERT INTO {self._target} ({', '.join(names)}) SELECT {values} FROM {self._chosen} "
            f"WHERE NOT EXISTS (SELECT 1 FROM {self._target} WHERE {self._matching()})",
        ]
