"""The rows of a load, and a session that answers what a test says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from singer_bulk.errors import WarehouseError
from singer_bulk.model.columns import INTEGER, TEXT, Column
from singer_bulk.model.load import ClosedBatch, Load, StagedFile, Table, TableLoad
from singer_bulk.settings.methods import MethodRules
from singer_bulk.stage.memory import MemoryStage
from singer_bulk.warehouse.copy import LoadRows
from singer_bulk.warehouse.copy_count import CopyCount
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.scratch import Scratch
from singer_bulk.warehouse.times import Times

from tests.fidelity.encoding import DIALECTS

# Of one scratch table: rows, keys, rows with NULL in a key, truncates, deletes, ignored.
Counts = tuple[int | None, int, int, int, int, int]
PLAIN: Counts = (3, 3, 0, 0, 0, 0)


@dataclass
class Session:
    """A session whose scratch tables hold what a test says, by place; filled: those that have no keys."""

    counts: list[tuple[int, Counts]]
    filled: Rows = field(default_factory=list)
    answers: dict[str, Rows | WarehouseError] = field(default_factory=dict)  # to statements that have the text in them
    sent: list[str] = field(default_factory=list)
    together: list[list[list[str]]] = field(default_factory=list)
    refusal: WarehouseError | None = None

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        for answer in (answer for part, answer in self.answers.items() if part in sql):
            if isinstance(answer, WarehouseError):
                raise answer
            return answer
        if sql.startswith("SELECT 0, COUNT("):
            return self.filled
        if sql.startswith("SELECT 0, SUM("):
            return [(place, *counts) for place, counts in self.counts]
        if sql.startswith("COPY"):
            return [("f", "LOADED", 3, 3)]
        return [(3, 0)] if sql.startswith(("MERGE", "INSERT")) else []

    def execute_all(self, statements: Any) -> None:
        for sql in statements:
            self.execute(sql)

    def execute_together(self, calls: Any, at_once: int) -> None:
        """Fails where a test says so, some of the statements having taken effect."""
        self.together.append(calls)
        if self.refusal is not None:
            raise self.refusal


def rows_of(
    warehouse: str,
    *counts: tuple[int, Counts],
    streams: str = "a",
    copies_at_once: int = 1,
    methods: Mapping[str, str] = MappingProxyType({}),
    byte_counts: Mapping[str, int] = MappingProxyType({}),
) -> tuple[LoadRows, Session]:
    """Return the rows of a load of three rows into each stream's table, and the session that answers.

    By stream, methods: other than upsert; byte_counts: compressed, other than 1.
    """
    dialect = replace(DIALECTS[warehouse], copies_at_once=copies_at_once)
    columns = (Column(dialect.fold("id"), INTEGER, "id"), Column(dialect.fold("note"), TEXT, "note"))
    tables = []
    for stream in streams:
        batch = ClosedBatch(stream, columns, b"", (StagedFile("k", 3, byte_counts.get(stream, 1)),), 3, 1, 1, 3)
        method = MethodRules(methods.get(stream, "upsert")).of(stream, ("id",), columns)
        tables.append(TableLoad(stream, Table("s", stream), columns, (batch,), method))
    load = Load("load 1", None, tuple(tables), None, 4, "", "", "1")
    manifests = {batch: "m" for table in tables for batch in table.batches}
    versions = {table.table: None for table in tables}
    known = {table.table: {column.name: column for column in columns} for table in tables}
    made = LoadRows(
        dialect,
        load,
        known,
        manifests,
        str,
        versions,
        Scratch(dialect),
        Times(lambda: 0.0),
        CopyCount(dialect),
        MemoryStage().read,
    )
    passing = sum(1 for stream in streams if methods.get(stream, "upsert") != "upsert")
    return made, Session([*counts], [(place, 3) for place in range(passing)])
