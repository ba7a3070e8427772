"""The steps that are alike for both warehouses behind the sign-in: clock, schema, rights, ledger, views."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from singer_bulk.doctor.bucket import demand_clock
from singer_bulk.doctor.ground import Ground
from singer_bulk.doctor.steps import PROBE, NotNeeded, Part, Step, Trouble
from singer_bulk.doctor.troubles import trouble_of
from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.columns import INTEGER, Column
from singer_bulk.model.load import Table
from singer_bulk.model.rights import Feature
from singer_bulk.warehouse import words
from singer_bulk.warehouse.ledger import LEDGER_VERSION, last_sequence
from singer_bulk.warehouse.ledger_form import columns_of_ledger, explained, ledger_columns

logger = logging.getLogger(__name__)

# Of a statement that needs a right, and writes no row.
_NO_ROW = "1 = 0"
# So many tables of earlier loads are looked at.
MAX_TABLES = 50
_TEMPORARY = {Feature.UPSERT, Feature.VERSIONS}


def clock(query: str) -> Step[Ground]:
    """Return the step that compares the clocks; the query asks for the warehouse's, in UTC."""

    def run(ground: Ground) -> str:
        there: datetime = ground.session.execute(query)[0][0]
        there = there.replace(tzinfo=timezone.utc) if there.tzinfo is None else there
        return demand_clock(ground, there, "the warehouse")

    return Step("clock", "the time of the warehouse against that of this machine", run, ("signed in",), Part.WAREHOUSE)


def _schema(ground: Ground) -> str:
    """Find the schema; one that a load may make is tried under a name of this run, which goes again."""
    warehouse = ground.warehouse
    dialect, schema = warehouse.dialect, warehouse.ledger.schema
    if warehouse.select(f"looking for schema {schema!r}", dialect.schema_exists(schema)):
        further = _others(ground)
        return f"{schema} is there" + (f", and {', '.join(further)}" if further else "")
    if not warehouse.create_schema:
        warehouse.make_schema(schema)  # says what to do
    made = dialect.fold(f"{PROBE}_{ground.run_id[:12]}")
    ground.left[f"schema {made}"] = lambda: _drop_schema(ground, made)
    ground.session.execute(dialect.create_schema(made))
    ground.in_schema(made)
    return f"{schema} is not there yet, the first load makes it: tried as {made}"


def _drop_schema(ground: Ground, schema: str) -> None:
    """Drop what this run has made, which nobody else knows."""
    made = ground.warehouse.dialect.create_schema(schema).rpartition("IF NOT EXISTS ")[2]
    ground.session.execute(f"DROP SCHEMA IF EXISTS {made} CASCADE")


def _others(ground: Ground) -> list[str]:
    """Return the schemas of `schema_mapping`, each of which is there; raises ConfigError."""
    warehouse, found = ground.warehouse, []
    for entry in (ground.loads.schema_mapping or {}).values():
        named = entry.get("target_schema") if isinstance(entry, dict) else entry
        if isinstance(named, str) and not warehouse.create_schema:
            schema = warehouse.dialect.names.name_for(named)
            warehouse.make_schema(schema)
            found.append(schema)
    return found


def _columns(ground: Ground) -> list[Column]:
    return [Column(ground.warehouse.dialect.fold("id"), INTEGER)]


def _create(ground: Ground) -> str:
    """Make a table and drop it in one call, so that nothing stays where nobody goes on."""
    dialect, table = ground.warehouse.dialect, ground.table()
    with _gone(ground, table):
        ground.session.execute_all(
            [words.create_table(dialect, table, _columns(ground)), words.drop_tables([dialect.table(table)])]
        )
    return f"a table in {table.schema}, and dropped it"


@contextmanager
def _gone(ground: Ground, table: Table) -> Iterator[None]:
    """Have the table dropped at the end, unless all went well: of one call a part may have taken effect."""
    relation = ground.warehouse.dialect.table(table)
    ground.left[f"table {table}"] = lambda: _run(ground, words.drop_tables([relation]))
    yield
    del ground.left[f"table {table}"]


def _run(ground: Ground, statement: str) -> None:
    ground.session.execute(statement)


def _temporary(ground: Ground) -> str:
    dialect = ground.warehouse.dialect
    if not ground.features & _TEMPORARY and dialect.ddl_is_transactional:
        raise NotNeeded("only rows that enter by their keys pass through temporary tables")
    table = ground.table("_temporary")
    ground.session.execute(words.create_scratch(dialect, table, _columns(ground)))
    ground.session.execute(words.drop_tables([dialect.scratch_table(table)]))
    return "a temporary table"


def _views(ground: Ground) -> str:
    if Feature.VIEWS not in ground.features:
        raise NotNeeded("current_view is not set")
    dialect, table = ground.warehouse.dialect, ground.table("_viewed")
    view = Table(table.schema, dialect.names.second_name(table.name, dialect.fold("_v")))
    query = f"SELECT {words.name(_columns(ground)[0].name)} FROM {dialect.table(table)}"
    ground.left[f"view {view}"] = lambda: _run(ground, words.drop_view(dialect, view))
    with _gone(ground, table):
        # One by one, so that the error is that of the view; the table is dropped at the end in any case.
        ground.session.execute(words.create_table(dialect, table, _columns(ground)))
        ground.session.execute(words.create_view(dialect, view, query))
        ground.session.execute(words.drop_view(dialect, view))
        ground.session.execute(words.drop_tables([dialect.table(table)]))
    del ground.left[f"view {view}"]
    return "a view of a table, and dropped both"


def _ledger(ground: Ground) -> str:
    warehouse = ground.warehouse
    dialect, ledger = warehouse.dialect, warehouse.ledger
    present = columns_of_ledger(warehouse)
    if not present:
        _prove_unseen(ground, ledger)
        unseen = ", or is hidden from this role" if dialect.locks_rows else ""
        return f"{ledger} is not there yet{unseen}: the first load makes it"
    last = last_sequence(warehouse)  # refuses a newer version
    relation, (first, *_) = dialect.table(ledger), ledger_columns(dialect)
    name = words.name(first.name)
    with explained(ledger, "written"):
        ground.session.execute(words.insert(relation, name, f"SELECT {name} FROM {relation} WHERE {_NO_ROW}"))
        if dialect.locks_rows or ground.features & {*_TEMPORARY, Feature.OVERWRITE}:
            ground.session.execute(words.update(relation, f"{name} = {name}", _NO_ROW))
    return f"{ledger} is ours, of version {LEDGER_VERSION} or older" + (", with loads" if last else ", empty")


def _prove_unseen(ground: Ground, table: Table) -> None:
    """Ask a table that no catalog shows: one that is there and may not be read says so, where the warehouse does."""
    try:
        ground.session.execute(words.look(ground.warehouse.dialect.table(table)))
    except WarehouseError as error:
        if error.connection_lost or "permission denied" in error.text.lower():
            raise


def _tables(ground: Ground) -> str:
    """Look at the tables of earlier loads: each right that the features need of them, by a statement without rows."""
    warehouse = ground.warehouse
    if not warehouse.columns(warehouse.ledger):
        raise NotNeeded("no load has made a table yet")
    dialect = warehouse.dialect
    name = words.name(dialect.fold("table_name"))
    query = (
        f"SELECT DISTINCT {name} FROM {dialect.table(warehouse.ledger)} WHERE {name} IS NOT NULL "
        f"ORDER BY {name} LIMIT {MAX_TABLES}"
    )
    found = [Table(*str(row[0]).partition(".")[::2]) for row in ground.session.execute(query)]
    looked, unseen, troubles = 0, [], []
    for table in found:
        try:
            if warehouse.columns(table):
                looked += 1
                for statement in _asking(ground, table):
                    ground.session.execute(statement)
            else:
                _prove_unseen(ground, table)
                unseen.append(str(table))
        except BulkError as error:
            troubles.append(trouble_of(error))
    if troubles:
        raise Trouble(
            "; ".join(one.found for one in troubles),
            troubles[0].remedy,
            tuple(dict.fromkeys(statement for one in troubles for statement in one.statements)),
            troubles[0].code,
        )
    hidden = f"; gone, or hidden from this role: {', '.join(unseen)}" if unseen else ""
    return f"{looked} tables of earlier loads, each right that the settings ask for{hidden}"


def _asking(ground: Ground, table: Table) -> Iterator[str]:
    """Yield a statement for each right that these features need of a table."""
    dialect, features = ground.warehouse.dialect, ground.features
    relation, column = dialect.table(table), words.name(next(iter(ground.warehouse.columns(table))))
    if features & {Feature.UPSERT, Feature.DELETES, Feature.VIEWS, Feature.VERSIONS} or not dialect.locks_rows:
        yield words.look(relation)
    yield words.insert(relation, column, f"SELECT {column} FROM {relation} WHERE {_NO_ROW}")
    if features & {Feature.UPSERT, Feature.VERSIONS}:
        yield words.update(relation, f"{column} = {column}", _NO_ROW)
    if features & {Feature.OVERWRITE, Feature.DELETES}:
        yield words.delete(relation, _NO_ROW)


def _clean(ground: Ground) -> str:
    stays = ground.clean_up()
    if stays:
        raise Trouble("; ".join(stays), "remove it by hand", code="STAGE-LEFT")
    return "nothing of this run stays"


def signed_in(query: str, show: str) -> Step[Ground]:
    """Return the step that opens the session; the query asks who it is, `show` puts the answer in words."""

    def run(ground: Ground) -> str:
        try:
            row = ground.session.execute(query)[0]
        except BulkError as error:
            if "parameter" not in error.text.lower() or not ground.config.get("session_parameters"):
                raise
            raise Trouble(trouble_of(error).found, "correct session_parameters", code=error.code) from error
        return show.format(*("none" if value is None else value for value in row))

    return Step(
        "signed in", "a session as a load opens it, and who it is", run, ("reached", "secrets"), Part.WAREHOUSE,
        "docs/sign-in.md",
    )  # fmt: skip


SCHEMA = Step("schema", "the schema of tables and ledger, and those of schema_mapping", _schema, ("signed in",),
              Part.WAREHOUSE, "docs/rights.md")  # fmt: skip
CREATE = Step("create", "CREATE TABLE and DROP TABLE in it", _create, ("schema",), Part.WAREHOUSE, "docs/rights.md")
TEMPORARY = Step("temporary", "a temporary table", _temporary, ("signed in",), Part.WAREHOUSE, "docs/rights.md")
VIEWS = Step("views", "a view, where current_view asks for them", _views, ("create",), Part.WAREHOUSE,
             "docs/change-data.md")  # fmt: skip
LEDGER = Step("ledger", "its columns, its version, and statements of a load that write no row", _ledger, ("schema",),
              Part.WAREHOUSE, "docs/loads.md")  # fmt: skip
TABLES = Step("tables", "each right that the settings ask for, on tables of earlier loads", _tables, ("ledger",),
              Part.WAREHOUSE, "docs/rights.md")  # fmt: skip
CLEAN = Step("clean", "files, tables and schemas of this run are removed", _clean)
