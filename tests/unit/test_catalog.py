"""The catalog is asked once for all tables of a schema; what an answer leaves out is asked for alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.model.columns import TEXT, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.warehouse.catalog import GOOD_FOR_SECONDS
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.session import Wanted, Warehouse
from singer_bulk.warehouse.unchanged import Filled, demand_unchanged
from singer_bulk.warehouse.words import MAX_CATALOG_ROWS

from tests.fidelity.encoding import DIALECTS

REFUSED = WarehouseError("too much data", code="SF-SQL", sql_code="90030")
MISSING = WarehouseError("does not exist or not authorized", code="SF-SQL", sql_code="2003")
INTEGER = ColumnType(Kind.DECIMAL, 38, 0)


@dataclass
class Session:
    """A warehouse with tables of one integer column each, in schema S, whose answers can be cut off or refused."""

    tables: list[str]
    limits: dict[str, int] = field(default_factory=dict)  # beginning of a statement -> the most rows of its answer
    fails: dict[str, WarehouseError] = field(default_factory=dict)  # beginning of a statement -> its error
    columns: int = 1
    sent: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        for beginning, error in self.fails.items():
            if sql.startswith(beginning):
                raise error
        rows = self._rows(sql)
        return rows[: next((most for one, most in self.limits.items() if sql.startswith(one)), None)]

    def _rows(self, sql: str) -> Rows:
        if sql.startswith("SHOW COLUMNS"):
            shown = json.dumps({"type": "FIXED", "precision": 38, "scale": 0, "nullable": True})
            return [(one, "S", name, shown, "true", "", "COLUMN", "", "", "D", "", None) for one, name in self._all()]
        described = ("NUMBER", None, 38, 0, "YES", None, None)
        if sql.startswith("SELECT table_name"):
            return [(one, name, *described) for one, name in self._all()]
        if sql.startswith("SELECT table_schema"):
            return [("S", one, name, *described) for one, name in self._all() if f"'{one}'" in sql]
        if sql.startswith("DESC TABLE"):
            rows = [(name, "NUMBER(38,0)", "COLUMN", "Y", None, "N", "N", None, None, None) for one, name in self._all()
                    if sql.endswith(f'"{one}"')]  # fmt: skip
            if not rows:
                raise MISSING
            return rows
        if sql.startswith("CREATE TABLE"):
            self.tables.append(sql.split('"')[5])
        return []

    def execute_all(self, statements: list[str]) -> None:
        for sql in statements:
            self.execute(sql)

    def _all(self) -> list[tuple[str, str]]:
        return [(table, f"C{number}") for table in self.tables for number in range(self.columns)]

    def kinds(self) -> list[str]:
        kinds = [" ".join(sql.split()[:2]) for sql in self.sent]
        self.sent.clear()
        return kinds


def warehouse_of(session: Any, seconds: list[float]) -> Warehouse:
    made = Warehouse(lambda: session, DIALECTS["snowflake"], Table("S", "LEDGER"), monotonic=lambda: seconds[0])
    made.make_schema = lambda schema: None  # type: ignore[method-assign]
    return made


def names(count: int) -> list[str]:
    return [f"T{number:03}" for number in range(count)]


def test_one_question_describes_all_tables() -> None:
    """Tables, and those that are missing, are known from one answer; a minute later each is asked for alone, several
    by one question again; and what another run may have altered is asked anew."""
    seconds = [0.0]
    session = Session(names(9))
    warehouse = warehouse_of(session, seconds)
    assert [bool(warehouse.columns(Table("S", name))) for name in ("T000", "T001", "X")] == [True, True, False]
    assert session.kinds() == ["SHOW COLUMNS"]
    seconds[0] += GOOD_FOR_SECONDS
    assert warehouse.columns(Table("S", "T002"))
    assert session.kinds() == ["DESC TABLE"]
    warehouse.look_at([Table("S", name) for name in ("T003", "T004", "T005")])
    assert all(warehouse.columns(Table("S", name)) for name in ("T003", "T004", "T005"))
    assert session.kinds() == ["SHOW COLUMNS"]
    warehouse.forget_tables()
    warehouse.look_at([Table("S", name) for name in ("T000", "T001")])
    assert warehouse.columns(Table("S", "T000"))
    assert session.kinds() == ["SHOW COLUMNS"]


def test_answer_that_is_cut_off_is_noticed() -> None:
    """300 tables of 60 columns are more than SHOW answers with: the query answers instead; where that is cut off too,
    or refused, or a schema is not there, each table is asked for alone, and none is taken for missing."""
    session = Session(names(300), {"SHOW": 10_000}, columns=60)
    warehouse = warehouse_of(session, [0.0])
    assert {len(warehouse.columns(Table("S", name))) for name in names(300)} == {60}
    assert session.kinds() == ["SHOW COLUMNS", "SELECT table_name,"]
    for cut in (
        Session(names(500), {"SHOW": 10_000, "SELECT table_name": MAX_CATALOG_ROWS}, columns=60),
        Session(names(300), {"SHOW": 10_000}, {"SELECT table_name": REFUSED}, columns=60),
        Session(names(300), {}, {"SHOW": REFUSED}, columns=60),
    ):
        warehouse = warehouse_of(cut, [0.0])
        assert len(warehouse.columns(Table("S", "T299"))) == 60
        assert cut.kinds()[-1] == "DESC TABLE"
        assert len(warehouse.columns(Table("S", "T298"))) == 60
        assert cut.kinds() == ["DESC TABLE"]
    missing = Session([], {}, {"SHOW": MISSING})
    assert warehouse_of(missing, [0.0]).columns(Table("S", "T000")) == {}
    assert missing.kinds() == ["SHOW COLUMNS"]


@pytest.mark.parametrize("shown", ['{"kind": "FIXED"}', "FIXED", None])
def test_answer_of_another_form_says_nothing(shown: Any) -> None:
    """A type that is not written as the page has it makes no column of another type: the table is asked for alone."""

    class Other(Session):
        def _rows(self, sql: str) -> Rows:
            rows = super()._rows(sql)
            return [(*row[:3], shown, *row[4:]) for row in rows] if sql.startswith("SHOW") else rows

    session = Other(names(2))
    assert warehouse_of(session, [0.0]).columns(Table("S", "T001"))["C0"].type == INTEGER
    assert session.kinds() == ["SHOW COLUMNS", "DESC TABLE"]


@pytest.mark.parametrize(
    ("shown", "kind", "size"),
    [
        ({"type": "FIXED", "precision": 12, "scale": 2, "nullable": False}, Kind.DECIMAL, (None, 12, 2)),
        ({"type": "REAL", "nullable": True}, Kind.DOUBLE, (None, 0, 0)),
        ({"type": "TEXT", "length": 10, "byteLength": 40, "nullable": True, "fixed": False}, Kind.TEXT, (10, 0, 0)),
        ({"type": "BOOLEAN", "nullable": True}, Kind.BOOLEAN, (None, 0, 0)),
        ({"type": "DATE", "nullable": True}, Kind.DATE, (None, 0, 0)),
        ({"type": "TIME", "precision": 0, "scale": 9, "nullable": True}, Kind.TIME, (None, 0, 0)),
        ({"type": "TIMESTAMP_NTZ", "precision": 0, "scale": 9, "nullable": True}, Kind.TIMESTAMP, (None, 0, 0)),
        ({"type": "TIMESTAMP_TZ", "precision": 0, "scale": 9, "nullable": True}, Kind.TIMESTAMPTZ, (None, 0, 0)),
        ({"type": "VARIANT", "nullable": True}, Kind.JSON, (None, 0, 0)),
        ({"type": "BINARY", "length": 8, "byteLength": 8, "nullable": True}, Kind.OTHER, (None, 0, 0)),
        ({"type": "VECTOR", "vectorElementType": "FLOAT", "dimension": 3}, Kind.OTHER, (None, 0, 0)),
    ],
)
def test_types_that_show_columns_shows(shown: dict[str, Any], kind: Kind, size: tuple[int | None, int, int]) -> None:
    """Type, size, NULL, default and comment of SHOW COLUMNS are those that DESC TABLE would say."""

    class Shown(Session):
        def _rows(self, sql: str) -> Rows:
            return [("T", "S", "C", json.dumps(shown), "", "7", "COLUMN", "", "c", "D", "", None)]

    column = warehouse_of(Shown([]), [0.0]).columns(Table("S", "T"))["C"]
    assert (column.nullable, column.has_default, column.comment) == (shown.get("nullable", True), True, "c")
    assert column.type.kind is kind
    assert (column.type.max_bytes, column.type.precision or 0, column.type.scale or 0) == size


def test_tables_that_are_missing_are_made_at_once() -> None:
    """Ten new tables are looked at in one question, made in one call, and looked at again; what cannot be made at once
    is made one by one; a table that is there already is asked nothing more."""
    wanted = [Wanted(Table("S", name), [Column("C0", INTEGER)]) for name in names(10)]
    session = Session(["T000"])
    warehouse = warehouse_of(session, [0.0])
    warehouse.make_tables(wanted)
    assert session.kinds() == ["SHOW COLUMNS", *["CREATE TABLE"] * 9, "SHOW COLUMNS"]
    warehouse.make_tables(wanted)
    assert session.kinds() == []

    class OneByOne(Session):
        def execute_all(self, statements: list[str]) -> None:
            raise REFUSED

    refusing = OneByOne([])
    warehouse_of(refusing, [0.0]).make_tables(wanted[:2])
    assert refusing.tables == names(2)


def test_tables_are_looked_at_once_before_commit() -> None:
    """One question for all tables of a load; a table that its answer lacks, or has otherwise, is asked for once more
    alone before it counts as gone, which ends the run, or changed, which is a conflict."""
    dialect, known = DIALECTS["snowflake"], {"C0": Column("C0", INTEGER)}
    filled = [Filled(Table("S", name), ["C0"], known) for name in names(3)]
    session = Session(names(3))
    demand_unchanged(session, dialect, filled)
    assert session.kinds() == ["SELECT table_schema,"]

    class CutOff(Session):
        def _rows(self, sql: str) -> Rows:
            rows = super()._rows(sql)
            return rows[:1] if "'T000'" in sql and "'T001'" in sql else rows

    cut = CutOff(names(3))
    demand_unchanged(cut, dialect, filled)
    assert cut.kinds() == ["SELECT table_schema,"] * 3
    with pytest.raises(WarehouseError, match="T002 was there before") as gone:
        demand_unchanged(Session(names(2)), dialect, filled)
    assert (gone.value.code, gone.value.conflict) == ("TABLE-GONE", False)
    changed = [*filled[:2], Filled(Table("S", "T002"), ["C0"], {"C0": Column("C0", TEXT)})]
    with pytest.raises(WarehouseError, match="T002: another run is changing its columns") as busy:
        demand_unchanged(Session(names(3)), dialect, changed)
    assert busy.value.conflict
