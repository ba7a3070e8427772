"""Where a property goes when its table exists: the decisions, and the statements that alter a table step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.columns import (
    BIG_INTEGER,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    JSON,
    TEXT,
    TIMESTAMPTZ,
    Column,
    ColumnType,
    Content,
)
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.model.type_fit import fitting, grown, holds_all
from singer_bulk.schema.placement import EvolutionRules, Placement
from singer_bulk.warehouse.alter_table import demand_held, describe, fit_table, recover, recovered
from singer_bulk.warehouse.unchanged import Filled, demand_unchanged
from target_redshift_copy.copy_access import CopyAccess
from target_redshift_copy.sql import Redshift
from target_snowflake_stage.sql import Place, Snowflake

DATE, TIME = ColumnType(Kind.DATE), ColumnType(Kind.TIME)
CENTS, MILLS = ColumnType(Kind.DECIMAL, 12, 2), ColumnType(Kind.DECIMAL, 12, 3)
TIMESTAMP, DATETIME = ColumnType(Kind.TIMESTAMP), ColumnType(Kind.DATETIME)
SHORT, LONG = replace(TEXT, max_bytes=10), replace(TEXT, max_bytes=100)
ALL = [BOOLEAN, INTEGER, BIG_INTEGER, CENTS, MILLS, DOUBLE, TEXT, SHORT, LONG, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, JSON]
ORDERS = Table("s", "orders")
REDSHIFT = Redshift(CopyAccess("default"))
SNOWFLAKE = Snowflake("D", Place("D", "S", "STAGE"), Place("D", "S", "F"), "")

# (column in the table, what the SCHEMA declares, does it fit as it is, what both would fit in)
DECISIONS: list[tuple[ColumnType, ColumnType, bool, ColumnType | None]] = [
    (INTEGER, INTEGER, True, None),
    (INTEGER, BIG_INTEGER, False, BIG_INTEGER),
    (BIG_INTEGER, INTEGER, True, None),
    (INTEGER, CENTS, False, ColumnType(Kind.DECIMAL, 21, 2)),
    (CENTS, MILLS, False, ColumnType(Kind.DECIMAL, 13, 3)),
    (MILLS, CENTS, False, ColumnType(Kind.DECIMAL, 13, 3)),
    (INTEGER, DOUBLE, False, DOUBLE),
    (DOUBLE, INTEGER, True, None),
    (DOUBLE, CENTS, False, None),
    (CENTS, DOUBLE, False, None),
    (SHORT, LONG, False, LONG),
    (LONG, SHORT, True, None),
    (SHORT, TEXT, True, None),  # no maxLength: it grows when a value needs it
    (INTEGER, TEXT, False, TEXT),
    (DOUBLE, TEXT, False, TEXT),
    (BOOLEAN, SHORT, False, replace(TEXT, max_bytes=64)),
    (TEXT, INTEGER, True, None),
    (TEXT, DATE, True, None),
    (DATE, TIMESTAMP, False, TIMESTAMP),
    (DATE, DATETIME, False, DATETIME),
    (TIMESTAMP, DATE, True, None),
    (TIMESTAMP, DATETIME, True, None),
    (TIMESTAMP, TIMESTAMPTZ, False, TIMESTAMPTZ),
    (TIMESTAMPTZ, TIMESTAMP, True, None),
    (TIMESTAMPTZ, DATETIME, True, None),
    (JSON, TEXT, True, None),
    (JSON, INTEGER, True, None),
    (TEXT, JSON, False, None),
    (INTEGER, JSON, False, None),
    (BOOLEAN, INTEGER, False, None),
    (INTEGER, BOOLEAN, False, None),
    (DATE, TIME, False, None),
    (ColumnType(Kind.OTHER), INTEGER, False, None),
    (ColumnType(Kind.OTHER), TEXT, False, None),
]


@pytest.mark.parametrize(("existing", "wanted", "fits", "wider"), DECISIONS)
def test_decisions(existing: ColumnType, wanted: ColumnType, fits: bool, wider: ColumnType | None) -> None:
    """Each pair of what the table has and what the SCHEMA declares has one decision."""
    assert (fitting(wanted, existing) is not None) is fits
    if not fits:
        assert grown(existing, wanted) == wider


@pytest.mark.parametrize("existing", ALL, ids=str)
def test_a_column_fits_its_own_type(existing: ColumnType) -> None:
    """A SCHEMA that has not changed changes nothing; what has grown holds both."""
    assert fitting(existing, existing) == existing
    assert holds_all(existing, existing)
    for wanted in ALL:
        wider = grown(existing, wanted)
        if wider is not None and wider.kind is not Kind.DATETIME:
            assert fitting(wanted, wider.as_in_table()) is not None, wanted


def test_values_in_text_columns_say_what_they_are() -> None:
    """Numbers of an integer property in a text column are written as their JSON text, strings are refused."""
    fit = fitting(INTEGER, TEXT)
    assert fit is not None
    assert fit.content is Content.ANY
    assert '"' not in fit.starts


def placement(present: dict[str, ColumnType], lossless: bool = True, **rules: Any) -> Placement:
    columns = {name: Column(name, kind) for name, kind in present.items()}
    return Placement("s", columns, EvolutionRules(**rules), REDSHIFT.names, lambda existing, new_type: lossless)


def test_new_columns_are_found_again() -> None:
    """A property with a second column keeps to it, and gets the next one if that does not fit either."""
    columns = {"v": INTEGER, "v__s": SHORT, "v__d": CENTS}
    made = placement(columns, on_type_change="new_column")
    assert made.place(Column("v", TEXT, "v")).name == "v__s"
    assert made.place(Column("v", JSON, "v")).name == "v__j"
    assert placement(columns, on_type_change="new_column").place(Column("v", MILLS, "v")).name == "v__d2"


def test_values_that_would_change_are_not_widened() -> None:
    """Where the warehouse says that a value would change, the property gets a second column."""
    assert placement({"v": INTEGER}).place(Column("v", DOUBLE, "v")) == Column("v", DOUBLE, "v")
    assert placement({"v": INTEGER}, lossless=False).place(Column("v", DOUBLE, "v")).name == "v__f"


@pytest.mark.parametrize("rules", [{"on_type_change": "error"}, {"frozen": True}])
def test_forbidden_changes_are_named(rules: dict[str, Any]) -> None:
    """A change that the user forbids names stream, column, both types and the remedy."""
    with pytest.raises(ConfigError, match=r"stream 's': column 'v' is integer in the table, the SCHEMA declares text"):
        placement({"v": INTEGER}, **rules).place(Column("v", TEXT, "v"))


def test_keys_of_an_upsert_stay_in_their_columns() -> None:
    """A key property whose type changes is widened or refused: rows could not be found in two columns."""
    made = placement({"v": BOOLEAN})
    made.place(Column("v", INTEGER, "v"))
    with pytest.raises(ConfigError, match="property 'v' changed its type"):
        made.keep({"v"})
    made = placement({"v": INTEGER})
    assert made.place(Column("v", TEXT, "v")).name == "v"
    made.keep({"v"})


class Database:
    """A table that understands the statements of both dialects, and dies before the n-th change."""

    def __init__(self, columns: dict[str, list[Any]], dies_at: int = 0) -> None:
        self.columns = dict(columns)  # name -> [type words, values]
        self.dies_at = dies_at
        self.changes = 0
        self._saved: dict[str, list[Any]] | None = None

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        if sql.startswith("SELECT column_name"):
            return [self._described(name, words) for name, (words, _) in self.columns.items()]
        if sql.startswith("SELECT table_schema"):
            described = [self._described(name, words) for name, (words, _) in self.columns.items()]
            return [(ORDERS.schema, ORDERS.name, *row) for row in described]
        if sql.startswith("DESC TABLE"):
            shown = [(name, words.partition(" COMMENT")[0]) for name, (words, _) in self.columns.items()]
            return [(name, words, "COLUMN", "Y", None, "N", "N", None, None, None) for name, words in shown]
        if sql.startswith("SELECT COUNT"):
            return [(0,)]
        if sql == "BEGIN":
            self._saved = {name: [words, list(values)] for name, (words, values) in self.columns.items()}
            return []
        self.changes += 1
        if self.changes == self.dies_at:
            raise ConnectionError("the process died")
        if sql in ("COMMIT", "ROLLBACK"):
            if sql == "ROLLBACK" and self._saved is not None:
                self.columns = self._saved
            self._saved = None
            return []
        self._alter(sql)
        return []

    def _alter(self, sql: str) -> None:
        quoted = [name for name in re.findall(r'"([^"]*)"', sql) if name not in ("D", "s", "orders")]
        if " ADD COLUMN " in sql:
            count = len(next(iter(self.columns.values()))[1])
            self.columns[quoted[0]] = [sql.partition(f'"{quoted[0]}" ')[2], [None] * count]
        elif " RENAME COLUMN " in sql:
            if quoted[1] in self.columns:
                raise WarehouseError("column exists", code="RS-SQL")
            self.columns[quoted[1]] = self._pop(quoted[0])
        elif " DROP COLUMN " in sql:
            self._pop(quoted[0])
        elif sql.startswith("UPDATE"):
            new, old = quoted[0], quoted[1]
            pairs = zip(self.columns[new][1], self.columns[old][1], strict=True)
            only_empty = " WHERE " in sql
            self.columns[new][1] = [mine if only_empty and mine is not None else its for mine, its in pairs]

    def _pop(self, name: str) -> list[Any]:
        if name not in self.columns:
            raise WarehouseError("no such column", code="RS-SQL")
        return self.columns.pop(name)

    def _described(self, name: str, words: str) -> tuple[Any, ...]:
        if words.startswith(("NUMBER", "DECIMAL")):
            precision, scale = (int(part) for part in words.partition("(")[2].partition(")")[0].split(","))
            return (name, "NUMBER" if words[0] == "N" else "numeric", None, precision, scale, "YES", None, None)
        kind = {"VARCHAR": "TEXT", "BIGINT": "bigint", "FLOAT": "FLOAT"}.get(words.partition("(")[0], words)
        if kind == "TEXT" and "(" in words:
            kind = "character varying"
        return (name, kind, 65535 if kind == "character varying" else None, None, None, "YES", None, None)

    def close(self) -> None:
        """Nothing is open."""

    def transaction(self) -> str:
        return ""

    def end_transaction(self, transaction: str) -> None:
        """There are no other sessions."""


def databases(dies_at: int = 0) -> Iterator[tuple[Any, Database, ColumnType]]:
    yield REDSHIFT, Database({"id": ["BIGINT", [1, 2]], "v": ["BIGINT", [7, None]]}, dies_at), TEXT
    yield SNOWFLAKE, Database({"ID": ["NUMBER(38, 0)", [1, 2]], "V": ["NUMBER(38, 0)", [7, None]]}, dies_at), TEXT


@pytest.mark.parametrize("which", [0, 1], ids=["redshift", "snowflake"])
def test_crash_at_any_statement_leaves_what_the_next_run_completes(which: int) -> None:
    """Whichever statement of a type change dies: every value is in a readable column, and the next run finishes."""
    survived = False
    for dies_at in range(1, 20):
        dialect, database, new_type = list(databases(dies_at))[which]
        name = dialect.fold("v")
        wanted = [Column(dialect.fold("id"), dialect.types.created(INTEGER)), Column(name, new_type)]
        try:
            fit_table(database, dialect, ORDERS, wanted, describe(database, dialect, ORDERS), frozen=False)
            survived = True
        except ConnectionError:
            if dialect is REDSHIFT:
                database.columns = database._saved or database.columns  # the server rolls back
                database._saved = None
        values = [list(values) for column, (_, values) in database.columns.items() if name in column]
        assert [7, None] in values, dies_at
        database.dies_at = 0
        if recover(database, dialect, ORDERS, describe(database, dialect, ORDERS)):
            assert dialect is SNOWFLAKE
        present = describe(database, dialect, ORDERS)
        fit_table(database, dialect, ORDERS, wanted, present, frozen=False)
        assert set(database.columns) == {dialect.fold("id"), name}, dies_at
        assert database.columns[name][1] == [7, None]
        assert describe(database, dialect, ORDERS)[name].type.kind is Kind.TEXT
        if survived:
            break
    assert survived
    assert dies_at > 4


def test_late_rows_are_not_lost() -> None:
    """A row that another pipeline wrote into the old column while it was copied is carried over."""
    dialect, database, _ = list(databases())[1]
    database.columns = {"ID": ["NUMBER(38, 0)", [1, 2]], "_SDC_NARROW_V": ["NUMBER(38, 0)", [7, 8]],
                        "_SDC_WIDENED_V": ["VARCHAR", ["7", None]]}  # fmt: skip
    assert recover(database, dialect, ORDERS, describe(database, dialect, ORDERS))
    assert database.columns == {"ID": ["NUMBER(38, 0)", [1, 2]], "V": ["VARCHAR", ["7", 8]]}


def test_another_run_was_faster() -> None:
    """A change that another run has made meanwhile is found done; a refusal with nothing changed is an error."""
    dialect, database, _ = list(databases())[1]
    before = describe(database, dialect, ORDERS)
    execute = database.execute

    def refusing(sql: str) -> list[tuple[Any, ...]]:
        if " ADD COLUMN " in sql:
            execute(sql) if "NEW" not in database.columns else None
            raise WarehouseError("column exists", code="RS-SQL")
        return execute(sql)

    database.execute = refusing  # type: ignore[method-assign]
    wanted = [Column("NEW", TEXT)]
    assert "NEW" in fit_table(database, dialect, ORDERS, wanted, before, frozen=False)
    with pytest.raises(WarehouseError):
        fit_table(database, dialect, ORDERS, [Column("OTHER", TEXT)], describe(database, dialect, ORDERS), frozen=False)


def test_a_load_notices_that_its_column_is_being_swapped() -> None:
    """A load that knew the table before a change of its column began is told so before COMMIT, at every step of it."""
    steps = 0
    for dies_at in range(1, 20):
        dialect, database, new_type = list(databases(dies_at))[1]
        known = describe(database, dialect, ORDERS)
        demand_unchanged(database, dialect, [Filled(ORDERS, ["ID", "V"], known)])
        try:
            wanted = [Column("ID", dialect.types.created(INTEGER)), Column("V", new_type)]
            fit_table(database, dialect, ORDERS, wanted, known, frozen=False)
        except ConnectionError:
            steps += 1
        if dies_at > 1:
            with pytest.raises(WarehouseError, match="another run") as caught:
                demand_unchanged(database, dialect, [Filled(ORDERS, ["ID", "V"], known)])
            assert caught.value.conflict
        if steps < dies_at:
            break
    assert steps == 7


def test_values_of_a_load_that_commits_late_are_copied() -> None:
    """A load has looked at the table before a change of its column, and commits when the new one has its name."""
    dialect, database, new_type = list(databases())[1]

    def commits(seconds: float) -> None:
        assert {"V", "_SDC_NARROW_V"} <= database.columns.keys()
        for name, value in (("ID", 2), ("V", None), ("_SDC_NARROW_V", 9)):
            database.columns[name][1].append(value)

    wanted = [Column("ID", dialect.types.created(INTEGER)), Column("V", new_type)]
    fit_table(database, dialect, ORDERS, wanted, describe(database, dialect, ORDERS), frozen=False, pause=commits)
    assert database.columns["V"][1][-1] == 9
    assert database.columns.keys() == {"ID", "V"}


def test_rows_are_not_loaded_into_a_column_that_became_another() -> None:
    """What was written as an integer goes into text or a decimal that another run has made of the column, not into a
    double, which may not keep it."""
    written = [Column("v", INTEGER), Column("_singer_order", INTEGER)]
    for held in (INTEGER, TEXT, BIG_INTEGER):
        demand_held(ORDERS, written, {"v": Column("v", held)})
    with pytest.raises(WarehouseError, match="double while rows were written for integer; run again"):
        demand_held(ORDERS, written, {"v": Column("v", DOUBLE)})


def test_a_dead_run_that_lives_is_no_error() -> None:
    """A change that was taken for left behind, and went on while it was being completed, is looked at again."""
    dialect, database, _ = list(databases())[1]
    database.columns = {"ID": ["NUMBER(38, 0)", [1]], "_SDC_NARROW_V": ["NUMBER(38, 0)", [7]],
                        "_SDC_WIDENED_V": ["VARCHAR", ["7"]]}  # fmt: skip
    execute = database.execute

    def overtaken(sql: str) -> list[tuple[Any, ...]]:
        if sql.startswith("UPDATE"):
            database.columns = {"ID": ["NUMBER(38, 0)", [1]], "V": ["VARCHAR", ["7"]]}
            raise WarehouseError("no such column", code="RS-SQL")
        return execute(sql)

    database.execute = overtaken  # type: ignore[method-assign]
    assert set(recovered(database, dialect, ORDERS)) == {"ID", "V"}


@pytest.mark.parametrize("dialect", [REDSHIFT, SNOWFLAKE], ids=["redshift", "snowflake"])
@pytest.mark.parametrize("kind", [TEXT, ColumnType(Kind.OTHER)], ids=str)
def test_constraint_of_somebody_else_stays(dialect: Any, kind: ColumnType) -> None:
    """A NOT NULL column that no property fills, of a type of ours or not: refused by name before any statement."""
    present = {"id": Column("id", INTEGER), "owner": Column("owner", kind, nullable=False)}
    with pytest.raises(ConfigError, match=r"column 'owner' is NOT NULL, has no default, .*; fill it by a stream map"):
        fit_table(_Refusing(), dialect, ORDERS, [Column("id", INTEGER)], present, frozen=False)
    given = {**present, "owner": replace(present["owner"], has_default=True)}
    assert fit_table(_Refusing(), dialect, ORDERS, [Column("id", INTEGER)], given, frozen=False) == given


def test_column_of_another_type_that_came_in_mid_run_is_named() -> None:
    """Somebody has made the column anew, of a type that nothing is converted from: no crash, and no statement."""
    present = {"id": Column("id", ColumnType(Kind.OTHER))}
    for wanted in (INTEGER, TEXT, JSON):
        with pytest.raises(ConfigError, match="another program has made it during this run"):
            fit_table(_Refusing(), REDSHIFT, ORDERS, [Column("id", wanted)], present, frozen=False)


def test_what_goes_is_told_before(caplog: pytest.LogCaptureFixture) -> None:
    """NOT NULL that goes, and a column that is replaced, are warnings that stand before the first statement."""
    present = {"id": Column("id", INTEGER, nullable=False)}
    with pytest.raises(AssertionError, match="ALTER TABLE"):
        fit_table(_Refusing(), SNOWFLAKE, ORDERS, [Column("id", INTEGER)], present, frozen=False)
    with pytest.raises(AssertionError, match=r"BEGIN|SELECT"):
        fit_table(_Refusing(), REDSHIFT, ORDERS, [Column("id", INTEGER)], present, frozen=False)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [("NOT NULL is dropped" in text, "is replaced by one at the end" in text) for text in told] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip


class _Refusing:
    """A session that takes no statement."""

    def execute(self, sql: str) -> Any:
        raise AssertionError(sql)

    def close(self) -> None:
        """Nothing to end."""

    def transaction(self) -> str:
        return "1"

    def end_transaction(self, name: str) -> None:
        """Nothing to end."""
