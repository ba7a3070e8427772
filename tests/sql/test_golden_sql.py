"""The SQL that tables are made, altered and changed with, kept as text beside this file, reviewed there.

`UPDATE_GOLDEN_SQL=1 pytest tests/sql` writes the files anew. Each statement is read by sqlglot, a parser that is not
ours, where it knows the statement.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from singer_bulk.model.columns import TEXT, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.stream import decided
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import fit_table, is_lossless, recover

from tests.fidelity.corpus import GROUPS
from tests.fidelity.encoding import DIALECTS, Encoding
from tests.sql.change_data import change_data

HERE = Path(__file__).parent
# Of these sqlglot has no grammar, it keeps their text; counted so that a new one is looked at.
UNREAD = {"redshift": 0, "snowflake": 0}

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
        return next(self._described) if sql.startswith("SELECT column_name") else []

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
        "snowflake": {Kind.INTEGER: "NUMBER", Kind.DECIMAL: "NUMBER", Kind.TEXT: "TEXT", Kind.DOUBLE: "FLOAT",
                      Kind.TIMESTAMP: "TIMESTAMP_NTZ", Kind.BOOLEAN: "BOOLEAN"},
    }[warehouse]  # fmt: skip
    kind = DIALECTS[warehouse].types.stored(column.type)
    size = kind.max_bytes or (16_777_216 if warehouse == "snowflake" else 65_535)
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
    yield "create a table", list(itertools.takewhile(lambda sql: not sql.startswith("SELECT"), session.statements))
    for title, here, wanted in CHANGES:
        name = dialect.fold(wanted.name)
        stored = dialect.types.stored(here.type) if here is not None and here.type is not SHORT else SHORT
        present = {} if here is None else {name: Column(name, stored, nullable=here.nullable)}
        present = {
            **present,
            dialect.fold("id"): Column(dialect.fold("id"), dialect.types.stored(ColumnType(Kind.INTEGER))),
        }
        session = Recorder([])
        needed = Column(name, dialect.types.stored(wanted.type) if wanted.type is not LONG else LONG)
        _fit(session, dialect, table, [needed], present)
        yield title, [sql for sql in session.statements if not sql.startswith("SELECT column_name")]
    session = Recorder([])
    old, new = ColumnType(Kind.DOUBLE), TEXT
    is_lossless(session, dialect, table, Column(dialect.fold("v"), old), new)
    yield "is a double kept as text", session.statements
    narrow, widened = dialect.fold("_sdc_narrow_v"), dialect.fold("_sdc_widened_v")
    left = [row(warehouse, Column(narrow, DECIMAL)), row(warehouse, Column(widened, TEXT))]
    session = Recorder([left] * 9)
    recover(session, dialect, table, {column.name: column for column in words.described(dialect, left)})
    yield "finish a change that died", [sql for sql in session.statements if not sql.startswith("SELECT")]


def _fit(session: Recorder, dialect: Any, table: Table, columns: Any, present: dict[str, Column]) -> None:
    with contextlib.suppress(StopIteration):  # the statements are all there is to see
        fit_table(session, dialect, table, list(columns), present, frozen=False)


GOLDEN = {"": statements, "-change-data": change_data}


@pytest.mark.parametrize("part", GOLDEN)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_golden_sql(warehouse: str, part: str) -> None:
    """The statements are those that were reviewed."""
    made = "".join(
        f"-- {title}\n" + "".join(f"{sql};\n" for sql in sqls) + "\n" for title, sqls in GOLDEN[part](warehouse)
    )
    path = HERE / f"{warehouse}{part}.sql"
    if os.environ.get("UPDATE_GOLDEN_SQL"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_another_parser_reads_it(warehouse: str) -> None:
    """sqlglot reads every statement of the golden files in the warehouse's dialect."""
    unread = 0
    for _, sqls in (*statements(warehouse), *change_data(warehouse)):
        for sql in sqls:
            tree = sqlglot.parse_one(sql, dialect=warehouse)
            unread += isinstance(tree, sqlglot.exp.Command) and sql not in ("BEGIN", "COMMIT")
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
