"""A small load that is no load: rows with hard values are staged, copied and read back by the code of every load.

It ends before the transaction of one: rows go into a temporary table, or into a table of a transaction that is rolled
back where the user may make no temporary one. So nothing of it is ever visible, and nothing stays if the process dies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from singer_bulk.doctor.ground import Ground
from singer_bulk.doctor.steps import PROBE, NotTried, Outcome, Part, Step, Trouble
from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.load import Load, TableLoad
from singer_bulk.model.messages import Records, Schema
from singer_bulk.stage.owner import RunStage
from singer_bulk.stream.from_schema import Opening
from singer_bulk.stream.stream import StreamContext
from singer_bulk.warehouse import words
from singer_bulk.warehouse.copy import CopyRefused, LoadRows
from singer_bulk.warehouse.copy_count import CopyCount
from singer_bulk.warehouse.loads import stage_manifests
from singer_bulk.warehouse.scratch import Scratch

# What loaders lose: the empty text beside NULL, delimiters, quotes, escapes, line ends, blanks, characters of 4 bytes.
VALUES = (
    "plain", "", None, "a|b", 'a "quoted" text', "two\nlines", "\\", "\\N", "NULL", " blanks  ", "tab\there",
    "\u00fc\u4e2d\U0001f600", "'", "a,b;c", "x" * 1000,
)  # fmt: skip
_SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "value": {"type": ["null", "string"], "maxLength": 1000}},
}


def staged(ground: Ground, stage: RunStage, *, keyed: bool) -> Load:
    """Stage the rows as a load does; return the load that they would be."""
    loads = ground.loads
    settings = type(loads)(
        default_target_schema=ground.warehouse.ledger.schema,
        s3_key_prefix=loads.s3_key_prefix,
        load_method="upsert" if keyed else "append-only",
        encoders=0,
        lock_wait_seconds=loads.lock_wait_seconds,
    )
    warehouse, connector = ground.warehouse, ground.connector
    context = StreamContext(
        settings=settings,
        file_format=connector.file_format,
        open_file=stage.open,
        new_key=ground.names.for_rows,
        fold=warehouse.dialect.fold,
        runtime=ground.runtime,
        started_at=ground.started_at,
        rejects=None,
        layout=partial(connector.layout, warehouse),
    )
    message = Schema(f"{PROBE}_{ground.run_id[:12]}", msgspec.Raw(json.dumps(_SCHEMA).encode()), ["id"])
    stream = Opening(lambda: warehouse, warehouse.dialect, context).stream(message, lambda name, table: [])
    lines = [
        json.dumps({"type": "RECORD", "stream": message.stream, "record": {"id": number, "value": value}}).encode()
        for number, value in enumerate(VALUES)
    ]
    stream.add(Records.of_lines(message.stream, lines, range(1, len(lines) + 1)), 1)
    table = stream.take_load()
    stage.wait(file.key for batch in table.batches for file in batch.files)
    return Load(f"{ground.run_id}-1", None, (table,), None, len(VALUES), "", "", "")


def _copy(ground: Ground, may_make_temporary: bool) -> str:
    """Stage, copy and read back; raises BulkError, or Trouble for a value that came back as another one."""
    stage = RunStage(ground.connector.stage)
    ground.left["files of the probe"] = stage.remove_rest
    try:
        load = staged(ground, stage, keyed=may_make_temporary)
        rows = _rows(ground, stage, load)
        try:
            found = _in_scratch(ground, rows) if may_make_temporary else _in_transaction(ground, rows, load.tables[0])
        except CopyRefused as refused:
            raise ground.warehouse.dialect.explain(
                ground.session, refused.error, refused.table, refused.batch, stage.url, stage.read
            ) from refused.error
    finally:
        stage.remove_rest()
        del ground.left["files of the probe"]
    _compare(found)
    files = sum(len(batch.files) for batch in load.tables[0].batches)
    return f"{len(found)} rows in {files} file, each read back byte by byte"


def _rows(ground: Ground, stage: RunStage, load: Load) -> LoadRows:
    dialect = ground.warehouse.dialect
    return LoadRows(
        dialect,
        load,
        {table.table: {column.name: column for column in table.columns} for table in load.tables},
        stage_manifests(dialect, stage, load, ".manifest"),
        stage.url,
        {table.table: None for table in load.tables},
        Scratch(dialect),
        ground.warehouse.times,
        CopyCount(dialect),
        stage.read,
    )


def _in_scratch(ground: Ground, rows: LoadRows) -> list[tuple[Any, ...]]:
    rows.fill_scratch(ground.session)
    return _read(ground, ground.warehouse.dialect.scratch_table(rows.scratch.made[0]), rows.load.tables[0])


def _in_transaction(ground: Ground, rows: LoadRows, table: TableLoad) -> list[tuple[Any, ...]]:
    """Copy into a table that is gone with its transaction; a second time where COPY does not tell how many rows."""
    dialect = ground.warehouse.dialect
    for is_last in (False, True):
        ground.session.execute(words.BEGIN)
        try:
            ground.session.execute(words.create_table(dialect, table.table, table.columns))
            rows.enter(ground.session)
            return _read(ground, dialect.table(table.table), table)
        except WarehouseError as error:
            if is_last or not error.conflict:
                raise
        finally:
            ground.session.execute(words.ROLLBACK)
    raise AssertionError("the second time returns or raises")


def _read(ground: Ground, relation: str, table: TableLoad) -> list[tuple[Any, ...]]:
    number, value = (words.name(column.name) for column in table.columns[:2])
    return ground.session.execute(f"SELECT {number}, {value} FROM {relation} ORDER BY {number}")


def _compare(found: Sequence[tuple[Any, ...]]) -> None:
    """Raise Trouble for the first value that is another one than was sent, to the byte."""
    if len(found) != len(VALUES):
        raise Trouble(f"{len(VALUES)} rows were copied, {len(found)} are there", "report this", code="LOAD-COUNT")
    for (_, back), sent in zip(found, VALUES, strict=True):
        if _bytes(back) != _bytes(sent):
            raise Trouble(f"{sent!r} came back as {back!r}", "report this", code="LOAD-COUNT")


def _bytes(value: Any) -> bytes | None:
    return None if value is None else str(value).encode()


def copy_step(prepare: str | None, remedy: Callable[[Ground, BulkError], Trouble]) -> Step[Ground]:
    """Return the step. prepare: the step that it needs besides the schema, which makes what COPY reads from; remedy:
    given the ground and the error of COPY, it returns what is to be added, literally."""

    def run(ground: Ground) -> str:
        may_make_temporary = ground.outcomes.get("temporary") is Outcome.OK
        if not may_make_temporary and ground.outcomes.get("create") is not Outcome.OK:
            raise NotTried("needs 'create' or 'temporary', which failed")
        try:
            return _copy(ground, may_make_temporary)
        except BulkError as error:
            raise remedy(ground, error) from error

    return Step(
        "copy", "rows with hard values: staged, copied as COPY's own identity, read back", run,
        ("schema", "put", *([prepare] if prepare else [])), Part.ALL, "docs/sign-in/staging.md#what-copy-reads-with",
    )  # fmt: skip
