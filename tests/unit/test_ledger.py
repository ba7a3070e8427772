"""The ledger and the tables of a run that somebody else alters, replaces or drops; versions of the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.errors import (
    ConfigError,
    WarehouseError,
)
from singer_bulk.model.columns import INTEGER, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.warehouse.dialect import Rows

from tests.fakes import Bench, Failure, lines, record, schema, state

TEXT = ColumnType(Kind.TEXT)
ORDERS, LEDGER = "analytics.orders", "analytics._singer_loads"
THREE = lines(schema(), record(id=1), record(id=2), record(id=3), state({"id": 3}))


class FailureOf(Failure):
    """Raises at statements that begin so."""

    def __init__(self, begin: str, error: Exception) -> None:
        super().__init__(error=error)
        self.begin = begin

    def of(self, sql: str) -> None:
        """Raise if it is one of them."""
        if sql.startswith(self.begin):
            raise self.error


def test_ledger_tells_when_the_commit_was_sent() -> None:
    """`committed_at` is the clock of the last statement before COMMIT, not that of the load's beginning."""
    bench = Bench()
    execute = bench.warehouse.execute

    def slow(sql: str) -> Rows:
        bench.clock.pass_seconds(60 if sql.startswith("COPY") else 0)
        return execute(sql)

    bench.warehouse.execute = slow  # type: ignore[method-assign]
    bench.run(THREE)
    (row,) = [json.loads(text) for text in bench.warehouse.rows(LEDGER)]
    assert row[11:13] == ["2020-06-01 12:00:00+00:00", "2020-06-01 12:01:00+00:00"]


def test_ledger_of_a_newer_version_is_refused() -> None:
    """Nobody knows what else a newer program's loads ask of ours: nothing is loaded, and the remedy is named."""
    bench = Bench()
    bench.run(THREE)
    rows = bench.warehouse.committed[LEDGER]
    newer = json.loads(rows[0])
    newer[14] += 1
    rows.append(json.dumps(newer))
    with pytest.raises(ConfigError, match=r"is of version 4, this program knows 3; update it"):
        bench.run(THREE)
    assert len(bench.warehouse.rows(ORDERS)) == 3


def test_ledger_of_an_older_version_is_written_on() -> None:
    """It gets the column that it lacks; rows of both versions count for the sequence."""
    bench = Bench()
    bench.run(THREE)
    bench.warehouse.columns[LEDGER] = [one for one in bench.warehouse.columns[LEDGER] if one.name != "ledger_version"]
    bench.run(THREE)
    assert "ledger_version" in [column.name for column in bench.warehouse.columns[LEDGER]]
    assert len(bench.warehouse.rows(ORDERS)) == 6


@pytest.mark.parametrize(
    ("altered", "told"),
    [
        ({"state": None}, "column 'state' is missing"),
        ({"load_id": None, "load": Column("load", TEXT)}, "column 'load_id' is missing"),
        ({"last_sequence": Column("last_sequence", TEXT)}, "column 'last_sequence' is text of"),
        ({"committed_at": Column("committed_at", TEXT)}, "column 'committed_at' is text of"),
        ({"state": Column("state", INTEGER)}, "column 'state' is integer, not text"),
        ({"owner": Column("owner", TEXT, nullable=False)}, "column 'owner' is NOT NULL, has no default"),
    ],
)
def test_ledger_that_somebody_has_altered_is_refused(altered: dict[str, Column | None], told: str) -> None:
    """By its name, what is wrong and how to go on, before a row is read."""
    bench = Bench()
    bench.run(THREE)
    columns = {column.name: column for column in bench.warehouse.columns[LEDGER]} | altered
    bench.warehouse.columns[LEDGER] = [column for column in columns.values() if column is not None]
    copies = bench.warehouse.statements.count("COMMIT")
    with pytest.raises(ConfigError, match=f"ledger {LEDGER} is not as .*: {told}.*restore it.*ledger_table") as refused:
        bench.run(THREE)
    assert refused.value.code == "LOAD-LEDGER-FORM"
    assert bench.warehouse.statements.count("COMMIT") == copies


def test_ledger_that_others_may_add_columns_to() -> None:
    """A column more that may be NULL is no matter, nor is a number that is a decimal without a fraction."""
    bench = Bench()
    bench.run(THREE)
    columns = bench.warehouse.columns[LEDGER]
    columns[10] = replace(columns[10], type=ColumnType(Kind.DECIMAL, 38))
    columns.append(Column("owner", TEXT))
    bench.run(THREE)
    assert len(bench.warehouse.rows(ORDERS)) == 6


@pytest.mark.parametrize(("begin", "done"), [("SELECT MAX(", "read"), (f"INSERT INTO {LEDGER}", "written")])
def test_what_the_warehouse_refuses_of_the_ledger_names_a_way_on(begin: str, done: str) -> None:
    """As of a view in its place: the ledger, what the warehouse says, and what to do; nothing is committed."""
    bench = Bench()
    bench.run(THREE)
    raw = WarehouseError("Redshift: cannot insert into a view", code="RS-SQL", sql_code="42809")
    bench.warehouse.failure = FailureOf(begin, raw)
    with pytest.raises(WarehouseError, match=f"ledger {LEDGER} cannot be {done}: Redshift: cannot insert") as refused:
        bench.run(THREE)
    assert refused.value.code == "LOAD-LEDGER-FORM"
    assert "another ledger_table" in str(refused.value)
    assert len(bench.warehouse.rows(ORDERS)) == 3


class Dropping(Bench):
    """A bench at which somebody drops a table before the n-th statement that begins so, and COPY then finds none."""

    def __init__(self, table: str, begin: str, count: int) -> None:
        super().__init__()
        self.table, self.begin, self.count = table, begin, count

    def connect(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.warehouse, name)

    def execute(self, sql: str) -> Rows:
        """Run the statement, on what somebody has left."""
        self.count -= sql.startswith(self.begin)
        if self.count <= 0:
            self.warehouse.columns.pop(self.table, None)
            if sql.startswith((f"COPY {self.table} ", f"INSERT INTO {self.table} ")):
                raise WarehouseError("Redshift: relation does not exist", code="RS-SQL", sql_code="42P01")
        return self.warehouse.execute(sql)


@pytest.mark.parametrize("table", [ORDERS, LEDGER])
@pytest.mark.parametrize(("begin", "count"), [("BEGIN", 1), ("BEGIN", 2), ("COPY", 2), ("ROLLBACK", 1)])
def test_table_that_is_dropped_in_mid_run_is_not_made_anew(table: str, begin: str, count: int) -> None:
    """Its earlier rows would be missing without a word: the run ends, by the table's name and what to do."""
    bench = Dropping(table, begin, count)
    messages = [schema(), record(id=1), state(1), record(id=2), state(2), record(id=3), state(3)]
    if begin == "ROLLBACK":  # another transaction is in the way of the second load, and the table goes meanwhile
        conflict = WarehouseError("in the way", code="RS-CONFLICT", conflict=True)
        bench.warehouse.failure = FailureOf("COPY", conflict)
    with pytest.raises(
        WarehouseError, match=f"table {table} was there before in this run, and is not any more"
    ) as told:
        bench.run(lines(*messages), batch_size_rows=1)
    assert told.value.code == "TABLE-GONE"
    creates = [sql for sql in bench.warehouse.statements if sql.startswith(f"CREATE TABLE IF NOT EXISTS {table} ")]
    assert len(creates) == 1
    assert bench.emitted == {1: [], 2: ["1"]}[count]
