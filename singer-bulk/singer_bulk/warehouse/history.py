"""What the ledger says of past loads, for `--history` and `--explain`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.model.past import Explained, PastLoad, PastStream
from singer_bulk.warehouse import words
from singer_bulk.warehouse.ledger_form import ask_ledger, columns_of_ledger
from singer_bulk.warehouse.session import Warehouse

# A load_id, or its beginning, a dash, and its number in the run, as `--history` shows it.
_SHORT = re.compile(r"([0-9a-f]{4,32})-([0-9]{1,9})")

_SUMS = """SELECT load_id, MIN(pipeline_id), COUNT(DISTINCT stream), SUM(rows_loaded), SUM(byte_count), SUM(file_count),
  MIN(started_at), MAX(committed_at)
FROM {ledger}{where}
GROUP BY load_id ORDER BY MAX(committed_at) DESC, load_id DESC LIMIT {count}"""
_ROWS = """SELECT load_id, stream, table_name, rows_read, rows_staged, rows_loaded, byte_count, file_count,
  first_sequence, last_sequence, pipeline_id, started_at, committed_at, connector_version, state_chunk, state
FROM {ledger} WHERE {where} ORDER BY table_name, stream, state_chunk"""


def history(warehouse: Warehouse, count: int, pipeline_id: str | None) -> list[PastLoad]:
    """Return the last loads, of the pipeline if it is named, the latest first; raises BulkError."""
    if not columns_of_ledger(warehouse):
        return []
    where = "" if pipeline_id is None else f" WHERE pipeline_id = {words.literal(pipeline_id)}"
    ledger = warehouse.dialect.table(warehouse.ledger)
    rows = ask_ledger(warehouse, _SUMS.format(ledger=ledger, where=where, count=count))
    loads = [
        PastLoad(
            load_id=load_id,
            pipeline_id=pipeline,
            streams=int(streams),
            rows=int(loaded or 0),
            bytes=int(byte_count or 0),
            files=int(files or 0),
            started_at=started,
            committed_at=committed,
        )
        for load_id, pipeline, streams, loaded, byte_count, files, started, committed in rows
    ]
    ends: dict[str, datetime] = {}
    for load in reversed(loads):
        run = load.load_id.partition("-")[0]
        load.seconds = round((load.committed_at - ends.get(run, load.started_at)).total_seconds(), 3)
        ends[run] = load.committed_at
    return loads


def explain(warehouse: Warehouse, load_id: str) -> Explained:
    """Return one load; `load_id` may be shortened as `--history` shows it. Raises ConfigError if there is none."""
    found = _SHORT.fullmatch(load_id)
    if found is None:
        raise ConfigError(
            f"--explain {load_id!r} is no load_id; --history and the ledger show them", code="CFG-LOAD-ID"
        )
    rows: list[tuple[Any, ...]] = []
    if columns_of_ledger(warehouse):
        ledger = warehouse.dialect.table(warehouse.ledger)
        where = f"load_id LIKE {words.literal(f'{found[1]}%-{found[2]}')}"
        rows = [*ask_ledger(warehouse, _ROWS.format(ledger=ledger, where=where))]
    names = sorted({str(row[0]) for row in rows})
    if len(names) != 1:
        several = f"begins several: {', '.join(names[:3])}" if names else "is not there"
        raise ConfigError(f"load {load_id} {several}, in ledger {warehouse.ledger}", code="CFG-LOAD-ID")
    return _explained(names[0], rows)


def _explained(load_id: str, rows: list[tuple[Any, ...]]) -> Explained:
    pipeline_id, started, committed, version = rows[0][10:14]
    chunks = sorted((int(row[14]), row[15]) for row in rows if row[14] is not None)
    return Explained(
        load_id=load_id,
        pipeline_id=pipeline_id,
        started_at=started,
        committed_at=committed,
        connector_version=version,
        state="".join(text for _, text in chunks) if chunks else None,
        streams=[
            PastStream(
                stream=row[1],
                table=row[2],
                rows_read=int(row[3] or 0),
                rows_staged=int(row[4] or 0),
                rows_loaded=int(row[5] or 0),
                bytes=int(row[6] or 0),
                files=int(row[7] or 0),
                first_sequence=row[8],
                last_sequence=row[9],
            )
            for row in rows
            if row[3] is not None  # a further part of a long STATE has no counts
        ],
    )
