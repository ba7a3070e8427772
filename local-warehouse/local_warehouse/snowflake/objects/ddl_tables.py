"""CREATE, ALTER, DROP and TRUNCATE TABLE."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.scope import Bound, Typed
from local_warehouse.snowflake.bind.session import Context, Runners, Session
from local_warehouse.snowflake.errors import Unsupported, compilation, exists, no_object
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import alter_table
from local_warehouse.snowflake.objects.clustering import read_clustering, set_clustering
from local_warehouse.snowflake.objects.columns import column_definition
from local_warehouse.snowflake.objects.ddl_objects import Create, demand_create, demand_replace
from local_warehouse.snowflake.objects.keys import PRIMARY, START, Key, add_key, keys_of, read_key
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.values.types import T


def _columns(session: Session, parser: QueryParser) -> tuple[list[ColumnDef], list[Key]]:
    """The columns of CREATE TABLE, and the keys among and behind them."""
    columns: list[ColumnDef] = []
    keys: list[Key] = []
    parser.need_op("(")
    while True:
        if parser.is_word("CHECK"):
            raise Unsupported("CHECK constraints")
        if parser.is_word(*START) and (key := read_key(session, parser)) is not None:
            keys.append(key)
        else:
            column = column_definition(session, parser, keys)
            if any(other.name == column.name for other in columns):
                raise compilation(f"duplicate column name '{column.name}'", 2025, "42S21")
            columns.append(column)
        if not parser.op(","):
            break
    parser.need_op(")")
    for column in columns:
        if any(key["kind"] == PRIMARY and column.name in key["columns"] for key in keys):
            column.nullable = False
    return columns, keys


def demand_tags(parser: QueryParser) -> None:
    """`[WITH] TAG (name = 'value', ..)`, behind the comment: there is no CREATE TAG, so no tag that it names exists."""
    parser.words("WITH")
    if not parser.words("TAG"):
        return
    parser.need_op("(")
    names = []
    while True:
        names.append(parser.qualified())
        parser.need_op("=")
        parser.string()
        if not parser.op(","):
            break
    parser.need_op(")")
    raise no_object("Tag", ".".join(map(quote, names[0])))


def number_columns(columns: list[ColumnDef]) -> list[ColumnDef]:
    for i, column in enumerate(columns, 1):
        column.duck = f"c{i}"
    return columns


def copied(columns: list[ColumnDef]) -> list[ColumnDef]:
    return [ColumnDef(**vars(column)) for column in columns]


def _from_query(bound: Bound, named: list[ColumnDef] | None) -> list[ColumnDef]:
    if named is not None and len(named) != len(bound.columns):
        raise compilation("Number of columns in the query and in the table differ", 2020, "21S01")
    columns = named or [
        ColumnDef(c.name, "", T("VARCHAR", 16777216) if c.type.kind == "NULL" else c.type) for c in bound.columns
    ]
    for column in columns:
        if sum(other.name == column.name for other in columns) > 1:
            raise compilation(f"duplicate column name '{column.name}'", 2025, "42S21")
    return columns


def create_table(session: Session, parser: QueryParser, create: Create) -> Result:
    parts = parser.qualified()
    columns: list[ColumnDef] | None = None
    keys: list[Key] = []
    source: Entry | None = None
    bound: Bound | None = None
    context = session.context()
    clone = False
    if parser.is_op("("):
        columns, keys = _columns(session, parser)
    if parser.words("LIKE") or parser.words("CLONE"):
        clone = parser.all[parser.at - 1].value == "CLONE"
        source = session.find("table", parser.qualified())
        if source.kind != "table":
            raise compilation(f"'{quote(source.name)}' is not a table", 2203)
    clustering = read_clustering(parser) if parser.words("CLUSTER", "BY") else None
    properties = Properties(read(parser, stop=("AS", "WITH", "TAG")))
    demand_tags(parser)
    comment = properties.text("COMMENT")
    logs_errors = properties.flag("ERROR_LOGGING")
    retention = properties.number("DATA_RETENTION_TIME_IN_DAYS")
    if retention not in (None, 0, 1):
        raise Unsupported("Time Travel")
    properties.finish("TABLE")
    if parser.words("AS"):
        if logs_errors:
            raise Unsupported("CREATE TABLE .. AS with ERROR_LOGGING")
        bound = QueryBinder(context).bind(parser.query())
        columns = _from_query(bound, columns)
    parser.finish()
    database, schema, name = session.full_name(parts)
    demand_create(session, "table", database, schema, create.temporary)
    if source is not None and clone:
        session.demand("SELECT", source)
    if source is not None:
        if clone and source.session is not None and not create.temporary:
            raise compilation(
                "Temp table cannot be cloned to a permanent table; clone to a temporary table instead.", 2119
            )
        columns = copied(source.columns)
    if columns is None:
        raise parser.error()
    entry = Entry("table", database, schema, name, columns=columns, owner=session.role, comment=comment)
    entry.session = session.id if create.temporary else None
    for key in keys:
        add_key(session, entry, key)
    if source is not None:
        entry.body["keys"] = deepcopy(keys_of(source))
    if clustering is not None:
        set_clustering(session, entry, clustering)
    elif source is not None and clone:
        entry.body |= {
            name: source.body[name] for name in ("clustering", "clustered_by_columns") if name in source.body
        }
    if logs_errors:
        entry.body["logs_errors"] = True
    if create.transient:
        entry.body["transient"] = True
    if retention is not None:
        entry.body["retention"] = retention
    fill = f"SELECT * FROM {source.duck}" if source is not None and clone else None
    if bound is not None:
        fill = filled(bound, columns, context)
    return store_table(session, entry, create, fill, context)


def filled(bound: Bound, columns: list[ColumnDef], context: Context) -> str:
    """The rows of a query, converted to columns."""
    binder = QueryBinder(context)
    listed = ", ".join(
        binder.assign(Typed(out.duck, out.type), column) for out, column in zip(bound.columns, columns, strict=True)
    )
    return f"SELECT {listed} FROM ({bound.sql}) q"


def store_table(session: Session, entry: Entry, create: Create, fill: str | None, context: Context) -> Result:
    catalog = session.catalog
    old = catalog.entries.get(("table", entry.database, entry.schema, entry.name, entry.session))
    if old is not None and create.if_not_exists:
        return status(f"{entry.name} already exists, statement succeeded.")
    if old is not None and not create.replace:
        raise exists("Object", quote(entry.name))
    if old is not None and old.kind != "table":
        raise compilation(f"Object found is of type '{old.kind.upper()}', specified type 'TABLE'", 2203)
    demand_replace(session, "table", entry.database, entry.schema, entry.name)
    entry.id = catalog.new_id()
    number_columns(entry.columns)
    with session.engine.ddl() as cursor:
        cursor.execute(table_ddl(entry))
        if fill is not None:
            for name, table in context.registered.items():
                cursor.register(name, table)
            cursor.execute(f"INSERT INTO {entry.duck} {fill}")
        if old is not None:
            forget(catalog, cursor, old)
        catalog.save(cursor, entry)
        if entry.session is None:
            grants.apply_future(catalog, cursor, entry)
    return status(f"Table {entry.name} successfully created.")


def table_ddl(entry: Entry) -> str:
    columns = ", ".join(
        f"{column.duck} {column.type.stored}{'' if column.nullable else ' NOT NULL'}" for column in entry.columns
    )
    return f"CREATE TABLE {entry.duck} ({columns})"


def forget(catalog: Any, cursor: Any, entry: Entry) -> None:
    """Drop a table with its load metadata."""
    cursor.execute(f"DROP TABLE {entry.duck}")
    cursor.execute(f"DELETE FROM sf_loads WHERE table_id = {entry.id}")
    catalog.remove(cursor, entry)


def _drop_table(session: Session, parser: QueryParser) -> Result:
    if_exists = parser.words("IF", "EXISTS")
    parts = parser.qualified()
    if not parser.words("CASCADE"):
        parser.words("RESTRICT")
    parser.finish()
    session.work.commit()
    entry = session.look_up("table", parts) if if_exists else session.find("table", parts)
    if entry is None:
        return status("Drop statement executed successfully " + f"({parts[-1]} already dropped).")
    if entry.kind != "table":
        raise compilation("Object found is of type 'VIEW', specified type 'TABLE'", 2203)
    session.demand(grants.OWNERSHIP, entry)
    with session.engine.ddl() as cursor:
        forget(session.catalog, cursor, entry)
    return status(f"{entry.name} successfully dropped.")


def _truncate(session: Session, parser: QueryParser) -> Result:
    """TRUNCATE [TABLE]: refused inside a transaction, because the sources disagree whether it commits."""
    parser.words("TABLE")
    if_exists = parser.words("IF", "EXISTS")
    parts = parser.qualified()
    parser.finish()
    if session.work.open:
        raise Unsupported("TRUNCATE inside a transaction")
    entry = session.look_up("table", parts) if if_exists else session.find("table", parts)
    if entry is not None:
        session.demand("TRUNCATE", entry)
        with session.engine.ddl() as cursor:
            cursor.execute(f"DELETE FROM {entry.duck}")
            cursor.execute(f"DELETE FROM sf_loads WHERE table_id = {entry.id}")
    return status("Statement executed successfully.")


RUNNERS: Runners = {
    **alter_table.RUNNERS,
    ("DROP", "TABLE"): _drop_table,
    ("TRUNCATE",): _truncate,
}
