"""Where do the files of a load go when they are loaded again, and may they?

The columns of the load are those of its files. A table that has changed since is loaded where each value stays the
same: what is missing is added, a column that is wider now takes the values by the conversion that its own rows went
through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from singer_bulk.errors import ConfigError
from singer_bulk.model.columns import Column
from singer_bulk.model.load import Load, Table, TableLoad, seen_by_column
from singer_bulk.model.seen import ColumnSeen, keeps
from singer_bulk.model.type_fit import fitting, holds_all
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.session import Warehouse


def refuse(why: str) -> ConfigError:
    """Return the error of a load that is not loaded again."""
    return ConfigError(why, code="LOAD-REPLAY")


def placed(load: Load, into: Sequence[str], dialect: Dialect) -> dict[TableLoad, Table]:
    """Return the parts of the load that are loaded again, and the table of each; raises ConfigError.

    into: what --into says, TABLE or STREAM=TABLE, the table with its schema or without; none: the load's own tables.
    """
    by_stream = {part.stream: part for part in load.tables if part.batches}
    if not by_stream:
        raise refuse(f"load {load.load_id} has no files: it has moved a STATE on, or named tables")
    if not into:
        return {part: part.table for part in by_stream.values()}
    found: dict[TableLoad, Table] = {}
    for text in into:
        stream, named, table = text.rpartition("=")
        if not named and len(by_stream) > 1:
            raise refuse(
                f"load {load.load_id} has the streams {', '.join(map(repr, by_stream))}: say which goes where, "
                "--into STREAM=TABLE, once for each"
            )
        part = by_stream.get(stream) if named else next(iter(by_stream.values()))
        if part is None:
            raise refuse(f"load {load.load_id} has no stream {stream!r}, it has {', '.join(map(repr, by_stream))}")
        schema, dot, name = table.rpartition(".")
        found[part] = Table(dialect.fold(schema) if dot else part.table.schema, dialect.fold(name))
    return found


def fitted(part: TableLoad, table: Table, warehouse: Warehouse, *, frozen: bool) -> TableLoad:
    """Return the part for a table as it is now; raises ConfigError where a value might not stay the same."""
    present = warehouse.columns(table)
    seen = seen_by_column(part.batches)
    columns = tuple(_fitted(column, table, present, seen.get(column.name), warehouse) for column in part.columns)
    forms = part.forms or (part.columns,)
    changed = any(now.type != before.type for now, before in zip(columns, part.columns, strict=True))
    return replace(
        part,
        table=table,
        columns=columns,
        forms=(*forms, columns) if changed else part.forms,
        rejected=0,
        frozen=frozen,
    )


def _fitted(
    column: Column, table: Table, present: Mapping[str, Column], seen: ColumnSeen | None, warehouse: Warehouse
) -> Column:
    """Return the column with the type that the table has for it."""
    existing = present.get(column.name)
    if existing is None or column.type.as_in_table() == existing.type or holds_all(column.type, existing.type):
        same_kind = existing is None or existing.type.kind is column.type.kind
        return column if same_kind or existing is None else replace(column, type=existing.type)
    old, new = column.type.as_in_table(), existing.type
    is_kept = fitting(old, new) is not None and keeps(seen or ColumnSeen(1), old, new, warehouse.is_same)
    if not is_kept:
        raise refuse(
            f"table {table}: column {column.name!r} is {new} now, and the files were written for {old}: not every "
            "value would stay as it is; load them --into another table"
        )
    return replace(column, type=new)
