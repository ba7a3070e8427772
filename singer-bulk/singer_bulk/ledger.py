"""The ledger: one row per load and stream, written inside that load's transaction.

The STATE that a load closes stands with the load's first stream; where it is longer than a column, in rows of that
stream numbered by `state_chunk`, the counts in the first of them only.
"""

from __future__ import annotations

from singer_bulk.columns import INTEGER, TIMESTAMPTZ, Column, ColumnType, Kind
from singer_bulk.dialect import Load, TableLoad

LEDGER_NAME = "_singer_loads"
# A VARCHAR of Redshift takes 65,535 bytes (r_Character_types), a character up to 4 of them.
MAX_TEXT_BYTES = 65_535
CHUNK_CHARACTERS = MAX_TEXT_BYTES // 4

_NAME = ColumnType(Kind.TEXT, max_bytes=1024)
_LONG = ColumnType(Kind.TEXT, max_bytes=MAX_TEXT_BYTES)

LEDGER_COLUMNS = (
    Column("load_id", _NAME),
    Column("pipeline_id", _NAME),
    Column("stream", _NAME),
    Column("table_name", _NAME),
    Column("rows_read", INTEGER),
    Column("rows_staged", INTEGER),
    Column("rows_loaded", INTEGER),
    Column("byte_count", INTEGER),
    Column("file_count", INTEGER),
    Column("first_sequence", INTEGER),
    Column("last_sequence", INTEGER),
    Column("started_at", TIMESTAMPTZ),
    Column("committed_at", TIMESTAMPTZ),
    Column("connector_version", _NAME),
    Column("state_chunk", INTEGER),
    Column("state", _LONG),
)

LedgerRow = tuple[str | int | None, ...]


def ledger_rows(load: Load, loaded: dict[str, int]) -> list[LedgerRow]:
    """Return the rows for a load; `loaded` is what the warehouse counted per stream."""
    chunks = _chunks(load.state)
    rows: list[LedgerRow] = []
    for position, table in enumerate(load.tables):
        own = chunks if position == 0 else [None]
        rows.append(_row(load, table, loaded.get(table.stream, 0), own[0]))
        rows.extend(_more_state(load, table, number, chunk) for number, chunk in enumerate(own[1:], start=2))
    return rows


def _chunks(state: str | None) -> list[str | None]:
    if state is None:
        return [None]
    return [state[start : start + CHUNK_CHARACTERS] for start in range(0, len(state), CHUNK_CHARACTERS)]


def _row(load: Load, table: TableLoad, loaded: int, state: str | None) -> LedgerRow:
    batches = table.batches
    files = [file for batch in batches for file in batch.files]
    return (
        load.load_id,
        load.pipeline_id,
        table.stream,
        str(table.table),
        sum(batch.row_count for batch in batches),
        sum(file.row_count for file in files),
        loaded,
        sum(file.byte_count for file in files),
        len(files),
        min((batch.first_sequence for batch in batches), default=None),
        max((batch.last_sequence for batch in batches), default=load.sequence),
        load.started_at,
        load.committed_at,
        load.connector_version,
        None if state is None else 1,
        state,
    )


def _more_state(load: Load, table: TableLoad, number: int, chunk: str | None) -> LedgerRow:
    nothing = (None,) * 6
    last = max((batch.last_sequence for batch in table.batches), default=load.sequence)
    times = (load.started_at, load.committed_at, load.connector_version)
    return (load.load_id, load.pipeline_id, table.stream, str(table.table), *nothing, last, *times, number, chunk)
