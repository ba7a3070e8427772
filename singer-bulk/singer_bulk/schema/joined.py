"""The parts of a table whose SCHEMA has changed between two STATEs become what one load does to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from singer_bulk.errors import ConfigError
from singer_bulk.model.load import LoadMethod, Table, TableLoad
from singer_bulk.schema.placement import with_pending


def joined(parts: Iterable[TableLoad]) -> tuple[TableLoad, ...]:
    """Join the parts of a table whose SCHEMA has changed; its columns are those of all parts. Raises ConfigError."""
    found: dict[Table, TableLoad] = {}
    for part in parts:
        first = found.get(part.table)
        if first is None:
            found[part.table] = part
            continue
        columns = tuple(with_pending({column.name: column for column in first.columns}, part.columns).values())
        forms = first.forms or (first.columns,)
        found[part.table] = replace(
            part,
            columns=columns,
            batches=first.batches + tuple(replace(batch, form=len(forms)) for batch in part.batches),
            forms=(*forms, part.columns),
            method=_joined_method(part.stream, first.method, part.method),
            activated=max((one for one in (first.activated, part.activated) if one is not None), default=None),
            rejected=first.rejected + part.rejected,
        )
    return tuple(found.values())


def _joined_method(stream: str, first: LoadMethod, second: LoadMethod) -> LoadMethod:
    """Return the method of a table whose SCHEMA changed; what tells a delete may be in one SCHEMA only."""
    if first.applies and first.keys != second.keys:
        raise ConfigError(
            f"stream {stream!r}: its key properties changed from {first.keys} to {second.keys} before a STATE ended "
            "the load of the former, so it cannot be loaded by its keys; load it by append-only or overwrite",
            code="STREAM-KEYS-CHANGED",
        )
    deleted_at, marks = second.feed.deleted_at or first.feed.deleted_at, second.feed.marks or first.feed.marks
    is_flag = second.feed.is_flag if second.feed.deleted_at else first.feed.is_flag
    return replace(second, feed=replace(second.feed, deleted_at=deleted_at, is_flag=is_flag, marks=marks))
