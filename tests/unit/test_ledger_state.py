"""The STATE in the ledger comes back whole, however long it is, and only that of the last load."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Load, Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.ledger import CHUNK_CHARACTERS, last_state, ledger_inserts
from singer_bulk.warehouse.ledger_form import LATER, LEDGER_COLUMNS, columns_of_ledger, ledger_columns

from tests.fakes import MemoryDialect
from tests.fidelity.encoding import DIALECTS

LEDGER = Table("analytics", "_singer_loads")


class SqlLedger:
    """A ledger in SQLite, as far as the reading of a STATE asks a warehouse."""

    dialect, ledger = MemoryDialect(), LEDGER

    def __init__(self) -> None:
        self._base = sqlite3.connect(":memory:")
        self._base.execute("ATTACH ':memory:' AS analytics")
        names = ", ".join(f'"{column.name}"' for column in LEDGER_COLUMNS)
        self._base.execute(f"CREATE TABLE analytics._singer_loads ({names})")

    def columns(self, table: Table) -> dict[str, Any]:
        return {column.name: column for column in LEDGER_COLUMNS}

    def select(self, what: str, query: str) -> list[Any]:
        return self._base.execute(query).fetchall()

    def write(self, pipeline_id: str, sequence: int, state: str | None) -> None:
        """Write the rows of a load."""
        load = Load(f"run-{sequence}", pipeline_id, (), state, sequence, "2020-06-01", "2020-06-01", "1")
        for statement, _ in ledger_inserts(self.dialect, LEDGER, load, {}, "2020-06-01"):  # type: ignore[arg-type]
            self._base.execute(statement)

    def close(self) -> None:
        self._base.close()


# What the catalogs say of the columns that we make.
DESCRIBED = {
    "redshift": {
        Kind.TEXT: ("character varying", 1024, None, None, "YES", None, None),
        Kind.INTEGER: ("bigint", None, 64, 0, "YES", None, None),
        Kind.TIMESTAMPTZ: ("timestamp with time zone", None, None, None, "YES", None, None),
    },
    "snowflake": {
        kind: (shown, "COLUMN", "Y", None, "N", "N", None, None, None, None)
        for kind, shown in {
            Kind.TEXT: "VARCHAR(16777216)", Kind.INTEGER: "NUMBER(38,0)", Kind.TIMESTAMPTZ: "TIMESTAMP_TZ(9)",
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("name", DESCRIBED)
def test_ledger_as_it_is_made_is_known_again(name: str) -> None:
    """By what each warehouse says of its columns; that of an older program lacks some and is taken, too."""
    dialect = DIALECTS[name]
    rows = [(column.name, *DESCRIBED[name][column.type.kind]) for column in ledger_columns(dialect)]
    whole = {column.name: column for column in words.described(dialect, rows)}
    warehouse: Any = SqlLedger()
    warehouse.dialect, warehouse.columns = dialect, lambda table: whole
    assert columns_of_ledger(warehouse) == whole
    for column in LATER:
        del whole[dialect.fold(column)]
    assert columns_of_ledger(warehouse) == whole
    warehouse.close()


def test_state_of_any_size_comes_back_whole() -> None:
    """17 MB are more chunks than a page of rows would have."""
    ledger: Any = SqlLedger()
    long = "".join(f'{{"n": {number}}}' for number in range(1_300_000))
    assert len(long) > 1000 * CHUNK_CHARACTERS
    ledger.write("p", 5, '"older"')
    ledger.write("p", 7, long)
    ledger.write("q", 9, '"other"')
    ledger.write("p", 11, None)
    assert last_state(ledger, "p") == long
    assert last_state(ledger, "q") == '"other"'
    assert last_state(ledger, "nothing") is None
    ledger.close()
