"""The SQL that is sent, kept as text beside this file, reviewed there.

`<warehouse>-load.sql` has whole runs, `<warehouse>.sql` what becomes of tables, `-change-data.sql` merges and views.

`UPDATE_GOLDEN_SQL=1 pytest tests/sql` writes the files anew, a clause a line (layout.py). Each statement is read by
sqlglot, a parser that is not ours, where it knows the statement.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from singer_bulk.model.columns import TEXT, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.self_test.corpus import GROUPS
from singer_bulk.stream.stream import decided
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import fit_table, is_lossless, recover

from tests.fidelity.encoding import DIALECTS, Encoding
from tests.sql.change_data import change_data
from tests.sql.layout import folded, laid_out
from tests.sql.scenarios import loads, other_runs
from tests.sql.shapes import shape

HERE = Path(__file__).parent
# How statements begin for which sqlglot has no grammar, it keeps their text.
UNREAD = {"redshift": {"LOCK", "SET"}, "snowflake": {"SHOW"}}
NOT_ITS_WORDS = re.compile(r"BACKUP (?:YES|NO) |INTERLEAVED (?=SORTKEY)")
DESCRIBES = ("SELECT column_name", "DESC TABLE")
MAX_LINE = 120
MAX_SHORT = 3  # lines of a statement that is always shown

PROPERTIES: dict[str, Any] = {
    "id": {"type": "integer"},
    "Big": {"type": ["null", "integer"], "maximum": 2**64},
    "amount": {"type": ["null", "number"], "multipleOf": 0.01},
    "ratio": {"type": ["null", "number"]},
    "precise": {"type": ["null", "string"], "format": "singer.decimal", "precision": 19, "scale": 4},
    "note": {"type": ["null", "string"]},
    "code": {"type": ["null", "string"], "maxLength": 10},
    "long text": {"type": ["null", "string"], "maxLength": 20_000},
    'it\'s "quoted"': {"type": ["null", "string"]},
    "back\\slash": {"type": ["null", "string"], "format": "uuid"},
    "at": {"type": ["null", "string"], "format": "date-time"},
    "day": {"type": ["null", "string"], "format": "date"},
    "clock": {"type": ["null", "string"], "format": "time"},
    "done": {"type": ["null", "boolean"]},
    "order": {"type": ["null", "object"]},
    "tags": {"type": ["null", "array"]},
    "any": {},
    "oid": {"type": ["null", "integer", "string"]},
}


class Recorder:
    """A session that answers that nothing stands in the way, and keeps what it was told."""

    def __init__(self, described: list[list[tuple[Any, ...]]]) -> None:
        self.statements: list[str] = []
        self._described = iter(described)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        self.statements.append(sql)
        if sql.startswith("SELECT COUNT"):
            return [(0,)]
        return next(self._described) if sql.startswith(DESCRIBES) else []

    def execute_all(self, statements: list[str]) -> None:
        self.statements.extend(statements)

    def close(self) -> None:
        """Nothing is open."""

    def transaction(self) -> str:
        return ""

    def end_transaction(self, transaction: str) -> None:
        """There are no other sessions."""


def row(warehouse: str, column: Column) -> tuple[Any, ...]:
    """How the catalogue describes the column."""
    words = {
        "redshift": {Kind.INTEGER: "bigint", Kind.DECIMAL: "numeric", Kind.TEXT: "character varying", Kind.DOUBLE:
                     "double precision", Kind.TIMESTAMP: "timestamp without time zone", Kind.BOOLEAN: "boolean"},
        "snowflake": {Kind.DECIMAL: "NUMBER({},{})", Kind.TEXT: "VARCHAR", Kind.DOUBLE: "FLOAT",
                      Kind.TIMESTAMP: "TIMESTAMP_NTZ(9)", Kind.BOOLEAN: "BOOLEAN"},
    }[warehouse]  # fmt: skip
    kind = DIALECTS[warehouse].types.created(column.type)
    if warehouse == "snowflake":
        shown = words[kind.kind].format(kind.precision, kind.scale) + (f"({kind.max_bytes})" if kind.max_bytes else "")
        return (column.name, shown, "COLUMN", "Y" if column.nullable else "N", None, "N", "N", None, None,
                column.comment)  # fmt: skip
    size = kind.max_bytes or 65_535
    return (column.name, words[kind.kind], size, kind.precision, kind.scale, "YES" if column.nullable else "NO", None,
            column.comment)  # fmt: skip


DECIMAL, STAMP = ColumnType(Kind.DECIMAL, 12, 2), ColumnType(Kind.TIMESTAMP)
SHORT, LONG = ColumnType(Kind.TEXT, max_bytes=10), ColumnType(Kind.TEXT, max_bytes=99)
CHANGES = [
    ("add a column", None, Column("new", TEXT)),
    ("lengthen text", Column("v", SHORT), Column("v", LONG)),
    ("more digits", Column("v", DECIMAL), Column("v", ColumnType(Kind.DECIMAL, 20, 2))),
    ("integer to decimal", Column("v", ColumnType(Kind.INTEGER)), Column("v", ColumnType(Kind.DECIMAL, 38, 2))),
    ("integer to text", Column("v", ColumnType(Kind.INTEGER)), Column("v", TEXT)),
    ("boolean to text", Column("v", ColumnType(Kind.BOOLEAN)), Column("v", TEXT)),
    ("timestamp to timestamptz", Column("v", STAMP), Column("v", ColumnType(Kind.TIMESTAMPTZ))),
    ("timestamp to text", Column("v", STAMP), Column("v", TEXT)),
    ("not null goes", Column("v", ColumnType(Kind.INTEGER), nullable=False), Column("v", ColumnType(Kind.INTEGER))),
]


def statements(warehouse: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (what for, the statements)."""
    dialect, table = DIALECTS[warehouse], Table(DIALECTS[warehouse].fold("sales"), DIALECTS[warehouse].fold("orders"))
    columns = decided(Encoding(warehouse, {"properties": PROPERTIES}).columns, ())
    session = Recorder([[row(warehouse, Column(dialect.fold("id"), ColumnType(Kind.INTEGER)))]] * 2)
    _fit(session, dialect, table, columns, {})
    yield "create a table", list(itertools.takewhile(lambda sql: not sql.startswith(DESCRIBES), session.statements))
    for title, here, wanted in CHANGES:
        name = dialect.fold(wanted.name)
        created = dialect.types.created(here.type) if here is not None and here.type is not SHORT else SHORT
        present = {} if here is None else {name: Column(name, created, nullable=here.nullable)}
        present = {
            **present,
            dialect.fold("id"): Column(dialect.fold("id"), dialect.types.created(ColumnType(Kind.INTEGER))),
        }
        session = Recorder([])
        needed = Column(name, dialect.types.created(wanted.type) if wanted.type is not LONG else LONG)
        _fit(session, dialect, table, [needed], present)
        yield title, [sql for sql in session.statements if not sql.startswith(DESCRIBES)]
    session = Recorder([])
    old, new = ColumnType(Kind.DOUBLE), TEXT
    is_lossless(session, dialect, table, Column(dialect.fold("v"), old), new)
    yield "is a double kept as text", session.statements
    narrow, widened = dialect.fold("_sdc_narrow_v"), dialect.fold("_sdc_widened_v")
    left = [row(warehouse, Column(narrow, DECIMAL)), row(warehouse, Column(widened, TEXT))]
    session = Recorder([left] * 9)
    recover(session, dialect, table, {column.name: column for column in words.described(dialect, left)})
    yield "finish a change that died", [sql for sql in session.statements if not sql.startswith(("SELECT", *DESCRIBES))]


def _fit(session: Recorder, dialect: Any, table: Table, columns: Any, present: dict[str, Column]) -> None:
    with contextlib.suppress(StopIteration):  # the statements are all there is to see
        fit_table(session, dialect, table, list(columns), present, frozen=False)


@cache
def _loads(warehouse: str) -> list[tuple[str, list[str]]]:
    return list(loads(warehouse))


GOLDEN: dict[str, Callable[[str], Iterable[tuple[str, list[str]]]]] = {
    "": statements,
    "-change-data": change_data,
    "-load": _loads,
}


def _golden(warehouse: str, part: str) -> Iterator[str]:
    """Yield the text of a golden file; of a long statement of a run that the file has shown, only both its ends."""
    known: set[str] = set()
    for title, sqls in GOLDEN[part](warehouse):
        yield f"-- {title}\n"
        for sql in sqls:
            text = sql if sql.startswith("--") else f"{laid_out(sql)};\n"
            again = part == "-load" and text.count("\n") > MAX_SHORT and text in known
            yield f"-- again: {_ends(sql)}\n" if again else text
            known.add(text)
        yield "\n"


def _ends(sql: str) -> str:
    return sql.splitlines()[0].removeprefix("-- ") if sql.startswith("--") else f"{sql[:48]} .. {sql[-48:]}"


@pytest.mark.parametrize("part", GOLDEN)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_golden_sql(warehouse: str, part: str) -> None:
    """The statements are those that were reviewed."""
    made = "".join(_golden(warehouse, part))
    path = HERE / f"{warehouse}{part}.sql"
    if os.environ.get("UPDATE_GOLDEN_SQL"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", GOLDEN)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_golden_text_is_the_statement(warehouse: str, part: str) -> None:
    """What a golden file shows of a statement is the statement but for white space, and no line is too long to read."""
    for _, sqls in GOLDEN[part](warehouse):
        for sql in sqls:
            assert folded(laid_out(sql)) == folded(sql) or sql.startswith("--")
    assert max(map(len, "".join(_golden(warehouse, part)).splitlines())) <= MAX_LINE


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_every_statement_of_a_run_is_golden(warehouse: str) -> None:
    """Runs by other settings, of other columns and with failures send nothing whose like no golden file has."""
    known = {shape(sql) for part in GOLDEN.values() for _, sqls in part(warehouse) for sql in sqls}
    statements_sent = {sql for sqls in other_runs(warehouse) for sql in sqls if not sql.startswith("--")}
    assert [sql for sql in sorted(statements_sent) if shape(sql) not in known] == []


def test_shapes_differ_by_words() -> None:
    """A shape keeps every word of the language and drops names, values and lengths of lists."""
    columns = """INSERT INTO "a"."b" ("x", "y") VALUES (1, NULL), ('a', 'it''s')"""
    assert shape(columns) == "INSERT INTO n (n) VALUES (?), (?)"
    assert shape('CREATE TABLE "t" ("a" DECIMAL(38, 2), "b" BIGINT)') == shape('CREATE TABLE "u" ("c" VARCHAR(9))')
    assert shape('DELETE FROM "t" WHERE "a" = 1') != shape('DELETE FROM "t" WHERE "a" > 1')


def test_layout_leaves_what_is_quoted() -> None:
    """White space in texts and names is no white space of the layout, nor are words in them clauses."""
    words = "a  FROM (b) \n WHERE c, " * 9
    condition = r"WHERE a = '\\' AND b IN ('(', ')') AND c = '\'' AND d = ''"
    sql = f"""SELECT 'it''s {words}' AS "x  FROM (y" FROM t {condition}"""
    laid = laid_out(sql)
    assert folded(laid) == folded(sql) == sql
    assert laid.splitlines()[-2:] == ["FROM t", condition]


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_another_parser_reads_it(warehouse: str) -> None:
    """sqlglot reads every statement of the golden files in the warehouse's dialect."""
    unread = set()
    for _, sqls in (*statements(warehouse), *change_data(warehouse), *_loads(warehouse)):
        for sql in sqls:
            text = NOT_ITS_WORDS.sub("", sql)
            if not sql.startswith("--") and isinstance(sqlglot.parse_one(text, dialect=warehouse), sqlglot.exp.Command):
                unread.add(sql.split()[0])
    assert unread == UNREAD[warehouse]


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_every_type_of_the_corpus_can_be_created(warehouse: str) -> None:
    """The CREATE TABLE of every group of the corpus is read by another parser, with the column that was asked for."""
    dialect = DIALECTS[warehouse]
    for group in GROUPS:
        columns = decided(Encoding(warehouse, {"properties": {"v": group.schema}}, group.settings).columns, ())
        tree = sqlglot.parse_one(words.create_table(dialect, Table("s", "t"), columns), dialect=warehouse)
        (column,) = tree.find_all(sqlglot.exp.ColumnDef)
        assert column.name == dialect.fold("v")
        assert column.kind is not None


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_tables_are_joined_by_an_equality(warehouse: str) -> None:
    """An UPDATE or DELETE that names a second table joins it by an equality: Redshift refuses or loops otherwise."""
    changes = [
        sqlglot.parse_one(sql, dialect=warehouse)
        for part in GOLDEN.values()
        for _, sqls in part(warehouse)
        for sql in sqls
        if sql.startswith(("UPDATE", "DELETE"))
    ]
    joined = [tree for tree in changes if any(tree.args.get(name) for name in ("from_", "from", "using"))]
    assert joined
    assert [tree.sql(warehouse) for tree in joined if not any(map(_joins, _conjuncts(tree.args["where"].this)))] == []


def _conjuncts(test: Any) -> list[Any]:
    return list(test.flatten()) if isinstance(test, sqlglot.exp.And) else [test]


def _joins(test: Any) -> bool:
    sides = [test.this, test.expression] if isinstance(test, sqlglot.exp.EQ) else []
    return len({side.table for side in sides if isinstance(side, sqlglot.exp.Column)}) == 2
