"""A warehouse and a stage that are nowhere: empty at the beginning, and then as the run has made them.

The dialect is the warehouse's own; where it asks what tables there are, the text of the question is remembered, and the
plan answers it. A COPY has loaded the rows that were staged; each key comes once, and no row is a delete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from singer_bulk.dry_run.plan import Plan
from singer_bulk.face.connector import Connector
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.stage.base import Stage
from singer_bulk.stage.memory import MemoryStage
from singer_bulk.warehouse.dialect import Dialect, Rows, TypeTable, Url
from singer_bulk.warehouse.merge_batch import MEANINGS
from singer_bulk.warehouse.session import Wanted, Warehouse

_PLACE = re.compile(r"SELECT (\d+), (lacking|COUNT|SUM)")
_INTO = re.compile(r"INSERT INTO (.+?) \(")
_FENCE = re.compile(r'UPDATE (.+?) SET "[^"]+" = \'([^\']*)\'$')
_WHOLE_DELETE = re.compile(r"DELETE FROM [^ ]+$")


@dataclass
class Answers:
    """What the warehouse answers. exact: by the text of the question; rows: in relations that COPY has filled."""

    exact: dict[str, Callable[[], Rows]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    fences: dict[str, str] = field(default_factory=dict)

    def to(self, sql: str) -> Rows:
        """Return the answer to a statement."""
        if sql in self.exact:
            return self.exact[sql]()
        if _PLACE.match(sql):
            return [self._placed(part) for part in sql.split(" UNION ALL ")]
        if sql.startswith("SELECT"):
            return self._selected(sql)
        if fence := _FENCE.match(sql):
            self.fences[fence[1]] = fence[2]
        if (source := self._source(sql)) is not None and (sql.startswith(("INSERT INTO", "MERGE"))):
            if into := _INTO.match(sql):
                self.rows[into[1]] = self.rows[source]
            return [(self.rows[source],)]
        return [(0,)] if _WHOLE_DELETE.match(sql) else []

    def _selected(self, sql: str) -> Rows:
        if sql.startswith("SELECT COUNT("):
            return [(0,)]
        if sql.startswith("SELECT CASE"):
            return [(1,)]  # a value comes back from its conversion
        if sql.startswith("SELECT MAX(") and "GROUP BY" not in sql:
            return [(None,) * sql.partition(" FROM ")[0].count("MAX(")]
        return [(load_id,) for fence, load_id in self.fences.items() if sql.endswith(f" FROM {fence}")]

    def _placed(self, part: str) -> tuple[Any, ...]:
        match = _PLACE.match(part)
        assert match is not None, part
        place, source = int(match[1]), self._source(part)
        count = 1 if source is None else self.rows[source]
        counts = {"lacking": (0,), "COUNT": (count,), "SUM": (count, count, 0, *[0] * len(MEANINGS))}
        return place, *counts[match[2]]

    def _source(self, sql: str) -> str | None:
        """Return the relation with rows of this load that a statement reads."""
        text = sql[len(found[0]) :] if (found := _INTO.match(sql)) else sql
        return next((relation for relation in reversed(self.rows) if relation in text), None)


class NowhereSession:
    """A connection to it."""

    def __init__(self, plan: Plan, answers: Answers, copy_count: str | None) -> None:
        self._plan, self._answers = plan, answers
        self._counted = f"; {copy_count}"

    def execute(self, sql: str) -> Rows:
        """Take the statement down, and answer it; COPY may have the question for its count in the same call."""
        copy, counted, _ = sql.partition(self._counted)
        self._plan.note([copy, counted[2:]] if counted else [sql])
        return self._answers.to(sql)

    def execute_all(self, statements: Sequence[str]) -> None:
        """Take the statements down."""
        self._plan.note(statements)

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        """Take the statements of all calls down."""
        for call in calls:
            self._plan.note(call)

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        """Take the statements down; the row that was locked is there."""
        self._plan.note(statements)
        return [(1,)]

    def holders(self, tables: Sequence[Table]) -> str:
        """Return that nobody is in the way."""
        return ""

    def close(self) -> None:
        """Nothing is open."""

    def transaction(self) -> str:
        """Return a name for the open transaction."""
        return "dry-run"

    def end_transaction(self, name: str) -> None:
        """No session is ever lost."""


class NowhereDialect:
    """A dialect whose questions for tables the plan answers, and whose COPY loads what was staged."""

    def __init__(self, dialect: Dialect, plan: Plan, answers: Answers, *, has_schemas: bool) -> None:
        self._dialect, self._plan, self._answers = dialect, plan, answers
        self._has_schemas = has_schemas
        self._copied = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialect, name)

    def _of_plan(self, question: str, rows: Callable[[], Rows]) -> str:
        self._answers.exact[question] = rows
        return question

    def _rows(self, table: Table) -> Rows:
        return [catalog_row(self._dialect.types, column) for column in self._plan.tables.get(table, {}).values()]

    def schema_exists(self, schema: str) -> str:
        """Return the question for a schema: it is there unless the run is to create it."""
        return self._of_plan(self._dialect.schema_exists(schema), lambda: [(1,)] * self._has_schemas)

    def describe_table(self, table: Table) -> str:
        """Return the question for a table."""
        return self._of_plan(self._dialect.describe_table(table), lambda: self._rows(table))

    def describe_schema(self, schema: str) -> Sequence[tuple[str, int]]:
        """Return the question for all tables of a schema."""
        tables = self._plan.tables

        def rows() -> Rows:
            return [(one.name, *row) for one in tables if one.schema == schema for row in self._rows(one)]

        return [(self._of_plan(question, rows), most) for question, most in self._dialect.describe_schema(schema)]

    def describe_in_transaction(self, tables: Sequence[Table]) -> str:
        """Return the question for some tables, in a transaction."""
        return self._of_plan(
            self._dialect.describe_in_transaction(tables),
            lambda: [(one.schema, one.name, *row) for one in tables for row in self._rows(one)],
        )

    def schema_rows(self, rows: Rows) -> Rows:
        """Return them as the plan has answered."""
        return rows

    def catalog_rows(self, rows: Rows) -> Rows:
        """Return them as the plan has answered."""
        return rows

    def copies(
        self, into: str, types: Mapping[str, ColumnType], batch: ClosedBatch, url: Url, manifest_key: str | None
    ) -> list[str]:
        """Return the COPYs; they load what was staged."""
        self._plan.take(batch)
        self._answers.rows[into] = self._copied = batch.row_count
        return self._dialect.copies(into, types, batch, url, manifest_key)

    def copied_rows(self, rows: Rows) -> int:
        """Return what the last COPY has loaded, once for all of its statements."""
        copied, self._copied = self._copied, 0
        return copied


class NowhereWarehouse(Warehouse):
    """A warehouse whose tables are what the run has made of them."""

    tables: dict[Table, dict[str, Column]]

    def make_tables(self, wanted: Sequence[Wanted]) -> None:
        """Make tables; the plan has them from then on."""
        self.look_at(one.table for one in wanted)
        for one in wanted:
            self.columns(one.table)  # as they were, which decides what is sent
        for one in wanted:
            self._will_have(one.table, one.columns)
        super().make_tables(wanted)

    def make_table(
        self, table: Table, columns: Iterable[Column], *, frozen: bool = False, properties: TableProperties = PLAIN
    ) -> None:
        """Make one; the plan has it from then on."""
        wanted = list(columns)
        self.columns(table)
        self._will_have(table, wanted)
        super().make_table(table, wanted, frozen=frozen, properties=properties)

    def _will_have(self, table: Table, columns: Iterable[Column]) -> None:
        self.tables.setdefault(table, {}).update({column.name: column for column in columns})


def catalog_row(types: TypeTable, column: Column) -> tuple[Any, ...]:
    """Return what the catalog says of a column: name, type, length, precision, scale, null?, default, comment."""
    created = types.created(column.type)
    row = types.rows.get(created.kind) or types.rows[Kind.TIMESTAMPTZ]
    size = column.type.max_bytes if column.chosen else created.max_bytes
    decimal = created.kind is Kind.DECIMAL
    precision, scale = (created.precision, created.scale) if decimal else (None, None)
    return column.name, row.described[0], size, precision, scale, "YES", None, column.comment


class NowhereStage(MemoryStage):
    """A stage that keeps nothing; its addresses are those of the bucket."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        super().__init__(keeps=False)
        self._address = stage.url
        self._read_object = stage.read_object
        self._plan = plan

    def url(self, key: str) -> str:
        """Return the address that the file would have."""
        return self._address(key)

    def read_object(self, bucket: str, key: str) -> Iterator[bytes]:
        """Return the bytes of a file that a BATCH names: it is input, and is read."""
        return self._read_object(bucket, key)

    def put(self, key: str, content: bytes) -> None:
        """Count manifests."""
        self._plan.manifests += key.endswith(".manifest")


def nowhere(connector: Connector, plan: Plan, *, creates_schema: bool) -> Connector:
    """Return a connector whose warehouse and stage are nowhere."""
    answers = Answers()
    made = connector.warehouse
    dialect = NowhereDialect(made.dialect, plan, answers, has_schemas=not creates_schema)
    kept = {one.name: getattr(made, one.name) for one in fields(made) if one.init and not one.name.startswith("_")}
    warehouse = NowhereWarehouse(
        **{
            **kept,
            "connect": lambda: NowhereSession(plan, answers, made.dialect.copy_count),
            "dialect": cast(Dialect, dialect),
            "prepare": lambda session: None,
            "pause": lambda seconds: None,
        }
    )
    warehouse.tables = plan.tables
    return replace(connector, warehouse=warehouse, stage=NowhereStage(connector.stage, plan))
