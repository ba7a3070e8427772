"""What has the ledger to look like, and what is said of one that somebody else has altered?

Nothing but a run of ours writes the ledger. One that has lost a column, has another type, demands a value of its own or
is a view would fail statement by statement, in the warehouse's words, which name neither the cause nor a way on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.columns import INTEGER, TIMESTAMPTZ, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.model.type_fit import is_whole
from singer_bulk.warehouse.dialect import Dialect, Rows
from singer_bulk.warehouse.session import Warehouse

# A VARCHAR of Redshift takes 65,535 bytes (r_Character_types), a character up to 4 of them.
MAX_TEXT_BYTES = 65_535

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
    Column("ledger_version", INTEGER),
    Column("activated_version", INTEGER),
    Column("key_properties", _LONG),  # the key columns by which the rows entered, as JSON
    Column("state_chunk", INTEGER),
    Column("state", _LONG),
)
# A ledger of an older program may lack these, and gets them.
LATER = ("ledger_version", "activated_version", "key_properties")

# So many problems are named: a ledger that is another table has them all.
MAX_NAMED = 3
MEND = (
    "restore it as it was, or name another ledger_table for a new one, which knows neither the STATE nor the loads of "
    "before"
)
# Of a statement that the warehouse refuses for a reason of its own.
_REFUSED = ("RS-SQL", "SF-SQL")


def ledger_columns(dialect: Dialect) -> list[Column]:
    """Return the columns under the names that the warehouse stores."""
    return [replace(column, name=dialect.fold(column.name)) for column in LEDGER_COLUMNS]


def columns_of_ledger(warehouse: Warehouse) -> Mapping[str, Column]:
    """Return the columns of the ledger, empty if there is none; raises ConfigError if they are not what ours are."""
    present = warehouse.columns(warehouse.ledger)
    if present and (problems := list(_problems(warehouse.dialect, present))):
        more = f"; and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
        raise ConfigError(
            f"ledger {warehouse.ledger} is not as this program makes it: {'; '.join(problems[:MAX_NAMED])}{more}. "
            f"Somebody has altered it, or it is another table: {MEND}",
            code="LOAD-LEDGER-FORM",
        )
    return present


def _problems(dialect: Dialect, present: Mapping[str, Column]) -> Iterator[str]:
    later = set(map(dialect.fold, LATER))
    wanted = ledger_columns(dialect)
    for column in wanted:
        existing = present.get(column.name)
        if existing is None and column.name not in later:
            yield f"column {column.name!r} is missing"
        elif existing is not None and not _is_like(existing.type, column.type):
            yield f"column {column.name!r} is {existing.type}, not {column.type}"
    own = {column.name for column in wanted}
    for existing in present.values():
        if not (existing.name in own or existing.nullable or existing.has_default):
            yield f"column {existing.name!r} is NOT NULL, has no default, and is none of the ledger's"


def _is_like(existing: ColumnType, wanted: ColumnType) -> bool:
    """Return whether values come back from the column as they went in; one that is too short is lengthened."""
    return existing.kind is wanted.kind or (is_whole(existing) and is_whole(wanted))


def ask_ledger(warehouse: Warehouse, query: str) -> Rows:
    """Return the rows of a query of the ledger, outside of a load."""
    with explained(warehouse.ledger, "read"):
        return warehouse.select("reading the ledger", query)


@contextmanager
def explained(ledger: Table, done: str) -> Iterator[None]:
    """Turn what the warehouse says of a statement that it refuses into an error that names the ledger and a way on."""
    try:
        yield
    except WarehouseError as error:
        if error.connection_lost or error.conflict or error.waited or error.code not in _REFUSED:
            raise
        raise WarehouseError(
            f"ledger {ledger} cannot be {done}: {error.text}; if somebody has altered it, or a view stands in its "
            f"place, {MEND}",
            code="LOAD-LEDGER-FORM",
            sql_code=error.sql_code,
        ) from error
