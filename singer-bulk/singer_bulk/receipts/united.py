"""What the receipts say of each table becomes one part of one load: columns for all, and as few COPYs as can be.

Files whose columns have the same names in the same order go into one COPY, as the fields of all are read by the types
of the united columns as what they were. Where the SCHEMAs differ more, there is a COPY for each form. Rows that enter
by their keys keep the order of the parts: only files that follow one another go together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce

from singer_bulk.errors import shown
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, LoadMethod, Table, TableLoad, seen_by_column
from singer_bulk.model.seen import ColumnSeen, merge
from singer_bulk.model.type_fit import holds_all, is_read_alike, widest_of
from singer_bulk.receipts.receipt import wrong

_SEEN = ColumnSeen(1)  # of a column that nobody has looked at: it may have values


def united(parts: Iterable[TableLoad]) -> tuple[TableLoad, ...]:
    """Return a part for each table; raises ConfigError where two say what does not go together."""
    by_table: dict[Table, list[TableLoad]] = {}
    for part in parts:
        by_table.setdefault(part.table, []).append(part)
    return tuple(_united(found) for found in by_table.values())


def _united(parts: Sequence[TableLoad]) -> TableLoad:
    first = parts[0]
    for other in parts[1:]:
        _demand_same(first, other)
    columns = _columns(first.stream, parts)
    by_name = {column.name: column for column in columns}
    batches = [_in_common(first.stream, batch, by_name) for part in parts for batch in part.batches]
    return replace(
        first,
        columns=columns,
        batches=tuple(_together(batches, in_order=first.method.applies)),
        method=replace(first.method, max_shrink=_least([part.method.max_shrink for part in parts])),
        rejected=sum(part.rejected for part in parts),
        forms=(),
    )


def _demand_same(first: TableLoad, other: TableLoad) -> None:
    """Raise ConfigError where two parts of a table are not of one kind."""
    said = [
        ("stream", first.stream, other.stream),
        ("key properties", first.method.keys, other.method.keys),
        ("load_method", first.method.name, other.method.name),
        ("version of ACTIVATE_VERSION", first.activated, other.activated),
        ("settings of the load", _settled(first.method), _settled(other.method)),
    ]
    for what, one, another in said:
        if one != another:
            raise wrong(
                f"receipts contradict one another: stream {first.stream!r}, table {first.table}: {what} "
                f"{shown(one)} and {shown(another)}; stage all parts with one configuration"
            )


def _settled(method: LoadMethod) -> LoadMethod:
    return replace(method, max_shrink=None)


def _least(shrinks: Sequence[float | None]) -> float | None:
    return min((one for one in shrinks if one is not None), default=None)


def _columns(stream: str, parts: Sequence[TableLoad]) -> tuple[Column, ...]:
    """Return the columns of all parts. A column without a value in a part has any type there."""
    found: dict[str, list[tuple[Column, bool]]] = {}
    for part in parts:
        seen = seen_by_column(part.batches)
        for column in part.columns:
            has_values = bool(part.batches) and seen.get(column.name, _SEEN).values > 0
            found.setdefault(column.name, []).append((column, has_values))
    return tuple(_column(stream, forms, len(parts)) for forms in found.values())


def _column(stream: str, forms: Sequence[tuple[Column, bool]], part_count: int) -> Column:
    first, in_all = forms[0][0], len(forms) == part_count
    types = dict.fromkeys(column.type for column, has_values in forms if has_values) or {first.type: None}
    return replace(
        first,
        type=reduce(lambda one, other: _wider(stream, first.name, one, other), types),
        nullable=not in_all or any(column.nullable for column, _ in forms),
        takes_null=not in_all or any(column.takes_null for column, _ in forms),
    )


def _wider(stream: str, name: str, one: ColumnType, other: ColumnType) -> ColumnType:
    found = widest_of(one, other)
    if _is_read_as(one, found) and _is_read_as(other, found):
        return found
    raise wrong(
        f"receipts contradict one another: stream {stream!r}, column {name!r} is {one} and {other}, which no COPY "
        "reads alike; say its type by the setting columns, or let the source have one"
    )


def _is_read_as(old: ColumnType, new: ColumnType) -> bool:
    """Return whether each field that was written for a type is read by the other as the same value."""
    return is_read_alike(old, new) and holds_all(old, new)


def _in_common(stream: str, batch: ClosedBatch, columns: dict[str, Column]) -> ClosedBatch:
    """Return the batch with the columns that all have, where its fields are read by these."""
    seen = {column.name: one for column, one in zip(batch.columns, batch.seen, strict=False)}
    read = []
    for column in batch.columns:
        new = columns.get(column.name, column)
        if column.type.kind is Kind.DATETIME:
            new = replace(new, type=column.type)  # written as it came, whatever its type was decided to be
        elif seen.get(column.name, _SEEN).values and not _is_read_as(column.type, new.type):
            raise wrong(
                f"stream {stream!r}: column {column.name!r} became {new.type} within a part, and its rows before were "
                f"written for {column.type}; say its type by the setting columns"
            )
        read.append(new)
    return replace(batch, columns=tuple(read), form=0)


def _together(batches: Iterable[ClosedBatch], *, in_order: bool) -> list[ClosedBatch]:
    """Return the batches, those of one form as one."""
    groups: list[list[ClosedBatch]] = []
    known: dict[tuple[object, ...], list[ClosedBatch]] = {}
    for batch in batches:
        form = (batch.columns, batch.null)
        if in_order and groups and groups[-1] is not known.get(form):
            known.clear()
        if form not in known:
            known[form] = []
            groups.append(known[form])
        known[form].append(batch)
    return [_one(group) for group in groups]


def _one(group: Sequence[ClosedBatch]) -> ClosedBatch:
    if len(group) == 1:
        return group[0]
    seen = seen_by_column(group)
    looked_at = max(len(batch.seen) for batch in group)
    return replace(
        group[0],
        files=tuple(file for batch in group for file in batch.files),
        row_count=sum(batch.row_count for batch in group),
        byte_count=sum(batch.byte_count for batch in group),
        first_sequence=min(batch.first_sequence for batch in group),
        last_sequence=max(batch.last_sequence for batch in group),
        seen=tuple(merge(ColumnSeen(), seen[column.name]) for column in group[0].columns[:looked_at]),
        left_out=frozenset[str]().union(*(batch.left_out for batch in group)),
    )
