"""The targets with warehouse and S3 replaced by what drops everything: `python -m bench.stub redshift < FILE`.

Everything else is the command as it is installed: the SDK's face, the reader, the loads, their SQL, compression.
Options are `--config` and so on, as for the target; `bench.stub.config` makes a complete configuration.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from functools import partial
from typing import Any

from singer_bulk.model.start_up import imports

# As the installed commands begin; not where tests import this, whose process goes on.
with imports() if __name__ == "__main__" else nullcontext():
    from singer_bulk.cli import main
    from singer_bulk.face.connector import Connector
    from singer_bulk.model.load import ClosedBatch
    from singer_bulk.stage.memory import MemoryStage
    from singer_bulk.warehouse.dialect import Rows, TypeTable

_MADE = re.compile(
    r'(?:CREATE (?:TRANSIENT )?TABLE IF NOT EXISTS|ALTER TABLE) .*?"([^"]+)" (?:ADD COLUMN|\()(.*)$', re.DOTALL
)
_COLUMN = re.compile(r'"([^"]+)" ([A-Z_]+(?: PRECISION)?)(?:\((\d+)(?:, (\d+))?\))?')


class Tables:
    """The catalog of a warehouse whose tables are as they were created, their names those of one schema."""

    def __init__(self, types: TypeTable) -> None:
        self._described = {
            row.declared.partition("(")[0]: row.described[0] for row in types.rows.values() if row.described
        }
        self._tables: dict[str, Rows] = {}

    def take(self, sql: str) -> None:
        """Keep what a statement makes."""
        if made := _MADE.match(sql):
            self._tables.setdefault(made[1], []).extend(self._row(*column) for column in _COLUMN.findall(made[2]))

    def columns(self, query: str) -> Rows | None:
        """Return the answer to what describes tables; None to any other query."""
        if query.startswith("DESC TABLE"):
            return [_desc(*row) for row in self._tables.get(query.split('"')[-2], [])]
        if query.startswith("SHOW COLUMNS"):
            return [_shown(table, *row) for table, rows in self._tables.items() for row in rows]
        if " column_default, " not in query:
            return None
        first = query.split()[1].strip(",")
        if first == "table_name":
            return [(table, *row) for table, rows in self._tables.items() for row in rows]
        asked = [
            (schema, table)
            for schema, tables in re.findall(r"table_schema = '([^']*)' AND table_name IN \(([^)]*)\)", query)
            for table in re.findall("'([^']*)'", tables)
        ]
        before = (lambda *_: ()) if first == "column_name" else (lambda *names: names)
        return [(*before(*names), *row) for names in asked for row in self._tables.get(names[1], [])]

    def _row(self, name: str, words: str, size: str, scale: str) -> tuple[Any, ...]:
        return (name, self._described[words], int(size or 0), int(size or 0), int(scale or 0), "YES", None, None)


def _desc(name: str, words: str, size: int, precision: int, scale: int, *more: Any) -> tuple[Any, ...]:
    """Return the row of DESC TABLE for a column."""
    sized = {"VARCHAR": f"({size or 16_777_216})", "NUMBER": f"({precision},{scale})"}
    return (name, words + sized.get(words, ""), "COLUMN", "Y", None, "N", "N", None, None, None, None, None)


def _shown(table: str, name: str, words: str, size: int, precision: int, scale: int, *more: Any) -> tuple[Any, ...]:
    """Return the row of SHOW COLUMNS for a column."""
    kind = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}.get(words, words)
    sized = {"TEXT": {"length": size or 16_777_216}, "FIXED": {"precision": precision, "scale": scale}}
    shown = json.dumps({"type": kind, **sized.get(kind, {}), "nullable": True})
    return (table, "", name, shown, "true", "", "COLUMN", "", "", "", "", None)


class NullSession:
    """A warehouse that has every schema and takes every statement."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def execute(self, sql: str) -> Rows:
        self._tables.take(sql)
        there = [(1,)] if "FROM pg_namespace" in sql or "information_schema.schemata" in sql else []
        return self._tables.columns(sql) or there

    def execute_all(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self.execute(statement)

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        for call in calls:
            self.execute_all(call)

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        answers = [self.execute(sql) for sql in statements]
        return answers[0]

    def holders(self, tables: Any) -> str:
        return ""

    def transaction(self) -> str:
        return "1"

    def close(self) -> None: ...


def believing(dialect: Any) -> Any:
    """Return the dialect for a COPY whose count is always right."""
    counts: list[int] = []

    class Believing(type(dialect)):  # type: ignore[misc]
        def copies(self, into: str, types: Any, batch: ClosedBatch, *more: Any) -> list[str]:
            statements = list(super().copies(into, types, batch, *more))
            counts.extend([*[0] * (len(statements) - 1), batch.row_count])  # the first is told of all rows
            return statements

        def copied_rows(self, rows: Rows) -> int:
            return counts.pop()

    return Believing(**{field.name: getattr(dialect, field.name) for field in fields(dialect) if field.init})


def stubbed(target: Any) -> Any:
    """Return the target's class over a stage and a warehouse that drop everything."""

    class Stubbed(target):  # type: ignore[misc]
        def connector(self) -> Connector:
            made = super().connector()
            # Each COPY straight into its table, because no scratch table here has rows to count.
            stage, dialect = MemoryStage(keeps=False), believing(replace(made.warehouse.dialect, copies_at_once=1))
            warehouse = replace(
                made.warehouse,
                connect=partial(NullSession, Tables(dialect.types)),
                dialect=dialect,
                prepare=lambda session: None,
            )
            return replace(made, warehouse=warehouse, stage=stage)

    return Stubbed


REDSHIFT = {
    "host": "stub", "user": "stub", "password": "stub", "database": "stub", "default_target_schema": "bench",
    "create_schema": True, "s3_bucket": "stub", "iam_role": "arn:aws:iam::123456789012:role/stub",
}  # fmt: skip
SNOWFLAKE = {
    "account": "stub", "user": "stub", "password": "stub", "database": "stub", "default_target_schema": "bench",
    "create_schema": True, "s3_bucket": "stub", "storage_integration": "stub",
}  # fmt: skip


def target_of(name: str) -> Any:
    """Return the class of a target."""
    if name == "redshift":
        from target_redshift_copy.cli import TargetRedshiftCopy

        return TargetRedshiftCopy
    from target_snowflake_stage.cli import TargetSnowflakeStage

    return TargetSnowflakeStage


if __name__ == "__main__":
    with imports():
        target = target_of(sys.argv.pop(1))
    main(stubbed(target))
