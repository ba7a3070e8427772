"""The ledger: one row per load and stream, written inside that load's transaction.

The STATE that a load closes stands with the load's first stream; where it is longer than a column, in rows of that
stream numbered by `state_chunk`, the counts in the first of them only.
"""

from __future__ import annotations

from collections.abc import Mapping

from singer_bulk.model.columns import INTEGER, TIMESTAMPTZ, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Load, Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect

# A VARCHAR of Redshift takes 65,535 bytes (r_Character_types), a character up to 4 of them.
MAX_TEXT_BYTES = 65_535
CHUNK_CHARACTERS = MAX_TEXT_BYTES // 4
# A literal list of this many characters stays well under the 1 MB of a Snowflake statement (query-size-limits).
MAX_INSERT_CHARACTERS = 400_000

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
    Column("activated_version", INTEGER),
    Column("state_chunk", INTEGER),
    Column("state", _LONG),
)

LedgerRow = tuple[str | int | None, ...]


def ledger_rows(load: Load, loaded: Mapping[str, int]) -> list[LedgerRow]:
    """Return the rows for a load; `loaded` is what the warehouse counted per stream."""
    first, *rest = load.tables or (None,)
    chunk, *more = _chunks(load.state)
    rows = [_row(load, first, loaded, chunk)]
    rows += [_more_state(load, first, number, later) for number, later in enumerate(more, start=2)]
    return rows + [_row(load, table, loaded, None) for table in rest]


def _chunks(state: str | None) -> list[str | None]:
    if state is None:
        return [None]
    return [state[start : start + CHUNK_CHARACTERS] for start in range(0, len(state), CHUNK_CHARACTERS)]


def _row(load: Load, table: TableLoad | None, loaded: Mapping[str, int], state: str | None) -> LedgerRow:
    """Return the first row of a stream; a load without tables only moves the STATE on."""
    batches = table.batches if table else ()
    files = [file for batch in batches for file in batch.files]
    return (
        load.load_id,
        load.pipeline_id,
        *_names(table),
        sum(batch.row_count for batch in batches) + (table.rejected if table else 0),
        sum(file.row_count for file in files),
        loaded.get(table.stream, 0) if table else 0,
        sum(file.byte_count for file in files),
        len(files),
        min((batch.first_sequence for batch in batches), default=None),
        max((batch.last_sequence for batch in batches), default=load.sequence),
        load.started_at,
        load.committed_at,
        load.connector_version,
        table.activated if table else None,
        None if state is None else 1,
        state,
    )


def _names(table: TableLoad | None) -> tuple[str | None, str | None]:
    return (table.stream, str(table.table)) if table else (None, None)


def _more_state(load: Load, table: TableLoad | None, number: int, chunk: str | None) -> LedgerRow:
    nothing = (None,) * 6
    last = max((batch.last_sequence for batch in table.batches), default=load.sequence) if table else load.sequence
    times = (load.started_at, load.committed_at, load.connector_version)
    return (load.load_id, load.pipeline_id, *_names(table), *nothing, last, *times, None, number, chunk)


def ledger_inserts(dialect: Dialect, ledger: Table, load: Load, loaded: Mapping[str, int]) -> list[str]:
    """Return the statements that write the rows of the load; `loaded` are the rows that COPY counted, by stream."""
    names = words.listed(dialect.fold(column.name) for column in LEDGER_COLUMNS)
    into = words.insert(dialect.table(ledger), names, "VALUES ")
    statements, values = [], ""
    for row in ledger_rows(load, loaded):
        text = "(" + ", ".join(words.literal(value) for value in row) + ")"
        if values and len(values) + len(text) > MAX_INSERT_CHARACTERS:
            statements.append(into + values)
            values = ""
        values = f"{values}, {text}" if values else text
    return [*statements, into + values]
