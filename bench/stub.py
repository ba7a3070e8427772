"""The targets with warehouse and S3 replaced by what drops everything: `python -m bench.stub redshift < FILE`.

Everything else is the command as it is installed: the SDK's face, the reader, the loads, their SQL, compression.
Options are `--config` and so on, as for the target; `bench.stub.config` makes a complete configuration.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from singer_bulk.cli import Connector, main
from singer_bulk.model.columns import Column
from singer_bulk.model.load import ClosedBatch, Table
from singer_bulk.stage.memory import MemoryStage
from singer_bulk.warehouse.dialect import Rows


class NullSession:
    """A warehouse that has every schema and takes every statement."""

    def execute(self, sql: str) -> Rows:
        return [(1,)] if "FROM pg_namespace" in sql or "information_schema.schemata" in sql else []

    def transaction(self) -> str:
        return "1"

    def close(self) -> None: ...


def believing(dialect: Any) -> Any:
    """Return the dialect for tables that are as they were created, and for a COPY whose count is always right."""
    counts: list[int] = []
    tables: dict[Table, tuple[Column, ...]] = {}
    described: list[Table] = []

    class Believing(type(dialect)):  # type: ignore[misc]
        def copies(self, into: str, types: Any, batch: ClosedBatch, *more: Any) -> list[str]:
            counts.append(batch.row_count)
            return list(super().copies(into, types, batch, *more))

        def copied_rows(self, rows: Rows) -> int:
            return counts.pop()

        def create_table(self, table: Table, columns: Sequence[Column]) -> str:
            tables[table] = tuple(columns)
            return str(super().create_table(table, columns))

        def add_column(self, table: Table, column: Column) -> str:
            tables[table] = (*tables[table], column)
            return str(super().add_column(table, column))

        def describe_table(self, table: Table) -> str:
            described.append(table)
            return str(super().describe_table(table))

        def described(self, rows: Rows) -> tuple[Column, ...]:
            return tables.get(described.pop(), ())

    return Believing(**{field.name: getattr(dialect, field.name) for field in fields(dialect) if field.init})


def stubbed(target: Any) -> Any:
    """Return the target's class over a stage and a warehouse that drop everything."""

    class Stubbed(target):  # type: ignore[misc]
        def connector(self) -> Connector:
            made = super().connector()
            stage = MemoryStage(keeps=False)
            warehouse = replace(
                made.warehouse,
                connect=NullSession,
                dialect=believing(made.warehouse.dialect),
                prepare=lambda session: None,
            )
            return replace(made, warehouse=warehouse, stage=stage)

    return Stubbed


REDSHIFT = {
    "host": "stub", "user": "stub", "password": "stub", "database": "stub", "default_target_schema": "bench",
    "s3_bucket": "stub", "iam_role": "arn:aws:iam::123456789012:role/stub",
}  # fmt: skip
SNOWFLAKE = {
    "account": "stub", "user": "stub", "password": "stub", "database": "stub", "default_target_schema": "bench",
    "s3_bucket": "stub", "storage_integration": "stub",
}  # fmt: skip


def target_of(name: str) -> Any:
    """Return the class of a target."""
    if name == "redshift":
        from target_redshift_copy.cli import TargetRedshiftCopy

        return TargetRedshiftCopy
    from target_snowflake_stage.cli import TargetSnowflakeStage

    return TargetSnowflakeStage


if __name__ == "__main__":
    main(stubbed(target_of(sys.argv.pop(1))))
