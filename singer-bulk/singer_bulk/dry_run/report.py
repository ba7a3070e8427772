"""What a dry run has found, as plain data: `--format json` prints it, `screen.py` makes it text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from singer_bulk.dry_run.plan import MAX_KEPT, Plan, PlannedStream
from singer_bulk.dry_run.refused import Refused
from singer_bulk.errors import BulkError
from singer_bulk.model.columns import Column
from singer_bulk.model.kinds import Kind
from singer_bulk.model.seen import ColumnSeen
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stream.stream import Stream, decided
from singer_bulk.warehouse.dialect import Dialect

# Of this form. A member that is added leaves it as it is.
DRY_RUN_VERSION = 1
# stage/s3.py: a file of more is sent in parts, with a call that begins and one that ends it. An import of that module
# would load what a dry run does without.
PART_BYTES = 8 << 20
REMOVED_AT_ONCE = 1000  # DeleteObjects


def report_of(
    plan: Plan,
    streams: Mapping[str, Stream],
    refused: Refused,
    settings: LoadSettings,
    dialect: Dialect,
    messages: Mapping[str, int],
    ended: BulkError | None,
) -> dict[str, Any]:
    """Return all of it."""
    masked = dialect.masked
    return {
        "dry_run": DRY_RUN_VERSION,
        "messages": {name: messages.get(name, 0) for name in ("SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION")},
        "ends": None if ended is None else {"code": ended.code, "text": ended.text},
        "loads": messages.get("load", 0),
        "states": plan.states,
        "streams": [_stream(plan, stream, refused, dialect) for stream in streams.values()],
        "ddl": [masked(sql) for sql in plan.ddl],
        "copies": [masked(sql) for sql in plan.copies],
        "refused": {
            "records": sum(refused.counts.values()),
            "values": sum(refused.by_place.values()),
            "ends_the_run": _ends(settings, refused),
            "by_place": [
                {"stream": stream, "place": place or None, "count": count}
                for (stream, place), count in refused.by_place.items()
            ],
            "listed": [asdict(value) for value in refused.values],
        },
        "cost": _cost(plan, settings),
    }


def _ends(settings: LoadSettings, refused: Refused) -> bool:
    """Return whether a run with these settings would end at a refused record."""
    total = sum(refused.counts.values())
    strict = any(settings.of(stream).on_invalid_record == "error" for stream in refused.counts)
    return strict or total > settings.max_rejected_records


def _stream(plan: Plan, stream: Stream, refused: Refused, dialect: Dialect) -> dict[str, Any]:
    planned = plan.streams.get(stream.name, PlannedStream())
    return {
        "stream": stream.name,
        "table": str(stream.table),
        "load_method": stream.method.name,
        "keys": list(stream.method.keys),
        "rows": planned.row_count,
        "records_refused": refused.counts[stream.name],
        "bytes": planned.byte_count,
        "staged_bytes": planned.staged_bytes,
        "file_count": planned.file_count,
        "files": [
            {"key": file.key, "row_count": file.row_count, "byte_count": file.byte_count} for file in planned.files
        ],
        "columns": [*_columns(plan, planned, stream, dialect)],
    }


def _columns(plan: Plan, planned: PlannedStream, stream: Stream, dialect: Dialect) -> Iterator[dict[str, Any]]:
    made = plan.tables.get(stream.table) or {
        column.name: column for column in decided(stream.columns + stream.added(), set())
    }
    properties = planned.properties | {one.name: one.property for one in stream.columns if one.property is not None}
    collisions = _collisions(properties.values(), dialect)
    for name, column in made.items():
        written, seen = properties.get(name), planned.seen.get(name)
        yield {
            "column": name,
            "property": written,
            "type": _declared(column, dialect),
            "renamed": written is not None and dialect.fold(written) != name,
            "collides_with": [other for other in collisions.get(written or "", ()) if other != written],
            "seen": None if seen is None or written is None else _seen(column, seen),
        }


def _declared(column: Column, dialect: Dialect) -> str:
    kind = dialect.types.created(column.type) if not column.chosen else column.type
    if kind.kind is Kind.DATETIME:
        return str(kind)
    return dialect.types.declared(kind, is_chosen=column.chosen)


def _seen(column: Column, seen: ColumnSeen) -> dict[str, int]:
    """Return what the values show: of texts and documents the longest, of numbers the digits."""
    if column.type.kind in (Kind.TEXT, Kind.JSON):
        return {"values": seen.values, "longest_bytes": seen.longest}
    if column.type.kind in (Kind.INTEGER, Kind.DECIMAL):
        return {"values": seen.values, "whole_digits": seen.whole_digits, "digits": seen.digits}
    if column.type.kind is Kind.DOUBLE:
        return {"values": seen.values, "digits": seen.digits}
    return {"values": seen.values}


def _collisions(properties: Iterable[str], dialect: Dialect) -> dict[str, list[str]]:
    """Return, by property, all that would have its column's name."""
    folded: defaultdict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(properties):
        folded[dialect.fold(name)].append(name)
    return {name: names for names in folded.values() if len(names) > 1 for name in names}


def _cost(plan: Plan, settings: LoadSettings) -> dict[str, Any]:
    files = [file for stream in plan.streams.values() for file in stream.files]
    file_count = sum(stream.file_count for stream in plan.streams.values())
    puts = sum(1 if file.byte_count <= PART_BYTES else 2 + -(-file.byte_count // PART_BYTES) for file in files)
    removed = plan.manifests + (0 if settings.keep_staged_files else file_count)
    return {
        "files": file_count,
        "manifests": plan.manifests,
        "staged_bytes": sum(stream.staged_bytes for stream in plan.streams.values()),
        "s3_writes": puts + max(0, file_count - len(files)) + plan.manifests,
        "s3_deletes": -(-removed // REMOVED_AT_ONCE),
        "statements": dict(sorted(plan.statements.items())),
        "calls": plan.calls,
        "listed_at_most": MAX_KEPT,
    }
