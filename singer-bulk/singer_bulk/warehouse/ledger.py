"""The ledger: one row per load and stream, written inside that load's transaction. All of its SQL is in this file,
its columns are in `ledger_form.py`.

The STATE that a load closes stands with the load's first stream; where it is longer than a column, in rows of that
stream numbered by `state_chunk`, the counts in the first of them only.

Each row has the version of the ledger that its program wrote. An older ledger gets the columns that it lacks and is
written on. A newer one is refused, because nobody knows what else its loads ask of ours: so the first row of this
version keeps older programs from beginning a run. Those that had begun before lock the ledger itself where ours take
turns by table; while there may be some (`older_runs`), our loads lock it as well.
A column that an older program may leave empty makes no version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.load import Load, Table, TableLoad
from singer_bulk.model.messages import is_same
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Rows
from singer_bulk.warehouse.known_tables import key_text
from singer_bulk.warehouse.ledger_form import (
    LEDGER_COLUMNS,
    MAX_TEXT_BYTES,
    ask_ledger,
    columns_of_ledger,
    ledger_columns,
)
from singer_bulk.warehouse.session import Warehouse

# Of the ledger and what belongs to it. 1: without fences (`fence.py`), and without this column. 2: loads that merge
# lock the ledger. 3: they take turns by table (`turn.py`).
LEDGER_VERSION, TURNS_VERSION = 3, 3
# How long a run of an older program may be silent and still come with a load, as of a tap that streams.
OLDER_RUN_DAYS = 7
# The pipeline of rejected records that are loaded again: each STATE of it names an object that is done.
REJECTED_PIPELINE = "--replay-rejected"
CHUNK_CHARACTERS = MAX_TEXT_BYTES // 4
# A literal list of this many characters stays well under the 1 MB of a Snowflake statement (query-size-limits).
MAX_INSERT_CHARACTERS = 400_000

LedgerRow = tuple[str | int | None, ...]


def older_runs(dialect: Dialect, ledger: Table, now: datetime) -> str:
    """Return the query for the number of rows that programs which lock the ledger have written lately."""
    version, committed = _names_of(dialect, "ledger_version", "committed_at")
    since = (now - timedelta(days=OLDER_RUN_DAYS)).strftime("%Y-%m-%d %H:%M:%S+00:00")
    older = f"({version} IS NULL OR {version} < {TURNS_VERSION}) AND {committed} > {words.literal(since)}"
    return words.count(dialect.table(ledger), older)


def activated_version(dialect: Dialect, ledger: Table, table: Table) -> str:
    """Return the query for the version of the table that is in force, for use in another one."""
    version, name = _names_of(dialect, "activated_version", "table_name")
    return f"(SELECT MAX({version}) FROM {dialect.table(ledger)} WHERE {name} = {words.literal(str(table))})"


def has_load(warehouse: Warehouse, load_id: str) -> bool:
    """Return whether the load was committed; raises WarehouseError where the ledger cannot be asked."""
    dialect = warehouse.dialect
    (name,) = _names_of(dialect, "load_id")
    query = words.count(dialect.table(warehouse.ledger), f"{name} = {words.literal(load_id)}")
    return bool(warehouse.session.execute(query)[0][0])


def last_sequence(warehouse: Warehouse) -> int:
    """Return the highest sequence number that a load has committed; 0 if there is none.

    Raises ConfigError for a ledger of a newer version.
    """
    dialect, ledger = warehouse.dialect, warehouse.ledger
    columns = columns_of_ledger(warehouse)
    if not columns:
        return 0
    asked = ["last_sequence", "ledger_version"][: 2 if dialect.fold("ledger_version") in columns else 1]
    highest = ", ".join(f"MAX({name})" for name in _names_of(dialect, *asked))
    sequence, *versions = ask_ledger(warehouse, f"SELECT {highest} FROM {dialect.table(ledger)}")[0]
    if versions and (versions[0] or 0) > LEDGER_VERSION:
        raise ConfigError(
            f"ledger {ledger} is of version {versions[0]}, this program knows {LEDGER_VERSION}; update it, or name "
            "another ledger_table for its pipelines",
            code="LOAD-LEDGER-NEWER",
        )
    return int(sequence or 0)


def replays_of(warehouse: Warehouse, load_id: str) -> list[tuple[str, str]]:
    """Return the loads that have brought the files of a load in once more: id and table, `replay_begin` says which."""
    begin = replay_begin(load_id)
    key, name = _names_of(warehouse.dialect, "load_id", "table_name")
    # All that begins so: a dot is the next character behind a dash.
    where = f"{key} >= {words.literal(begin)} AND {key} < {words.literal(begin[:-1] + '.')}"
    return [(row[0], row[1]) for row in _asked(warehouse, f"{key}, {name}", where)]


def replay_begin(load_id: str) -> str:
    """Return how the ids of those loads begin: with that of the run whose files they load, so that it stays known."""
    return f"{load_id}-replay-"


def is_committed(warehouse: Warehouse, load_id: str) -> bool:
    """Return whether the ledger has the load, outside of a load; False where there is no ledger."""
    (key,) = _names_of(warehouse.dialect, "load_id")
    return bool(_asked(warehouse, key, f"{key} = {words.literal(load_id)}"))


def sequence_of(warehouse: Warehouse, table: Table) -> int:
    """Return the highest sequence number that a load has committed into a table; 0 if there is none."""
    name, last = _names_of(warehouse.dialect, "table_name", "last_sequence")
    rows = _asked(warehouse, f"MAX({last})", f"{name} = {words.literal(str(table))}")
    return int((rows and rows[0][0]) or 0)


def states_of(warehouse: Warehouse, pipeline_id: str) -> set[str]:
    """Return all STATEs of a pipeline, each of which fits into one row."""
    pipeline, state = _names_of(warehouse.dialect, "pipeline_id", "state")
    where = f"{pipeline} = {words.literal(pipeline_id)} AND {state} IS NOT NULL"
    return {row[0] for row in _asked(warehouse, f"DISTINCT {state}", where)}


def _asked(warehouse: Warehouse, what: str, where: str) -> Rows:
    if not columns_of_ledger(warehouse):
        return []
    return ask_ledger(warehouse, f"SELECT {what} FROM {warehouse.dialect.table(warehouse.ledger)} WHERE {where}")


def committed_runs(warehouse: Warehouse) -> set[str]:
    """Return the ids of the runs that have a load in the ledger."""
    if not columns_of_ledger(warehouse):
        return set()
    (name,) = _names_of(warehouse.dialect, "load_id")
    rows = ask_ledger(warehouse, f"SELECT DISTINCT {name} FROM {warehouse.dialect.table(warehouse.ledger)}")
    return {row[0].partition("-")[0] for row in rows}


def last_state(warehouse: Warehouse, pipeline_id: str) -> str | None:
    """Return the STATE of the pipeline's last committed load, put together from its chunks, or None.

    Raises ConfigError where the ledger may be there and this user may not see it: a tap that is given no STATE
    begins anew, and every row comes twice.
    """
    if not warehouse.columns(warehouse.ledger):
        _prove_no_ledger(warehouse)
    last_sequence(warehouse)  # refuses a newer version
    dialect = warehouse.dialect
    load_id, pipeline, sequence, committed, chunk, state = _names_of(
        dialect, "load_id", "pipeline_id", "last_sequence", "committed_at", "state_chunk", "state"
    )
    ledger = dialect.table(warehouse.ledger)
    where = f"{pipeline} = {words.literal(pipeline_id)} AND {state} IS NOT NULL"
    order = f"{sequence} DESC, {committed} DESC, {load_id}"
    last = ask_ledger(warehouse, f"SELECT {load_id} FROM {ledger} WHERE {where} ORDER BY {order} LIMIT 1")
    if not last:
        return None
    # All chunks of one load: however long a STATE is, it comes back whole.
    one_load = f"{load_id} = {words.literal(last[0][0])} AND {state} IS NOT NULL"
    return "".join(
        row[0] for row in ask_ledger(warehouse, f"SELECT {state} FROM {ledger} WHERE {one_load} ORDER BY {chunk}")
    )


def is_news(warehouse: Warehouse, pipeline_id: str | None, state: str | None) -> bool:
    """Return whether the ledger has another STATE of the pipeline, or none."""
    if pipeline_id is None or state is None:
        return False
    before = last_state(warehouse, pipeline_id)
    return before is None or not is_same(before, state)


def _prove_no_ledger(warehouse: Warehouse) -> None:
    """Make the ledger that cannot be seen: one that is there and hidden by missing rights then shows itself.

    Neither warehouse tells a table that is not there from one that may not be seen, in what lists tables.
    https://docs.snowflake.com/en/sql-reference/sql/desc-table
    """
    dialect, ledger = warehouse.dialect, warehouse.ledger
    try:
        warehouse.make_schema(ledger.schema)
        warehouse.session.execute(words.create_table(dialect, ledger, ledger_columns(dialect)))
        warehouse.session.execute(words.count(dialect.table(ledger)))
    except WarehouseError as error:
        if error.connection_lost:
            raise
        raise ConfigError(
            f"ledger {ledger} can neither be seen nor made, so nobody knows where the pipeline stands: "
            f"{error.text}; or correct default_target_schema and ledger_table",
            code="LOAD-LEDGER",
        ) from error


def _names_of(dialect: Dialect, *names: str) -> list[str]:
    return [words.name(dialect.fold(name)) for name in names]


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
        LEDGER_VERSION,
        table.activated if table else None,
        key_text(table.method.keys) if table and table.method.applies else None,
        None if state is None else 1,
        state,
    )


def _names(table: TableLoad | None) -> tuple[str | None, str | None]:
    return (table.stream, str(table.table)) if table else (None, None)


def _more_state(load: Load, table: TableLoad | None, number: int, chunk: str | None) -> LedgerRow:
    nothing = (None,) * 6
    last = max((batch.last_sequence for batch in table.batches), default=load.sequence) if table else load.sequence
    times = (load.started_at, load.committed_at, load.connector_version, LEDGER_VERSION)
    return (load.load_id, load.pipeline_id, *_names(table), *nothing, last, *times, None, None, number, chunk)


def ledger_inserts(
    dialect: Dialect, ledger: Table, load: Load, loaded: Mapping[str, int], committed_at: str
) -> list[tuple[str, int]]:
    """Return the statements that write the rows of the load, each with their number; `loaded` are the rows that COPY
    counted, by stream.

    committed_at: the time of COMMIT as well as it is known before, that of these statements.
    """
    names = ", ".join(_names_of(dialect, *(column.name for column in LEDGER_COLUMNS)))
    into = f"INSERT INTO {dialect.table(ledger)} ({names}) VALUES "
    statements: list[tuple[str, int]] = []
    values, count = "", 0
    for row in ledger_rows(replace(load, committed_at=committed_at), loaded):
        text = "(" + ", ".join(words.literal(value) for value in row) + ")"
        if values and len(values) + len(text) > MAX_INSERT_CHARACTERS:
            statements.append((into + values, count))
            values, count = "", 0
        values, count = f"{values}, {text}" if values else text, count + 1
    return [*statements, (into + values, count)]
