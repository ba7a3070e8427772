"""ALTER TABLE, by the rules for what may change on a column.

https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
"""

from __future__ import annotations

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import SqlError, Unsupported, compilation, exists, invalid_identifier
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects.clustering import read_clustering, set_clustering
from local_warehouse.snowflake.objects.columns import column_definition, new_name
from local_warehouse.snowflake.objects.keys import (
    START,
    Key,
    add_key,
    drop_key,
    forget_columns,
    read_key,
    rename_in_keys,
)
from local_warehouse.snowflake.rows.dml import default_value
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.values.types import NULL, SEMI, T

DONE = "Statement executed successfully."


def _alter(session: Session, parser: QueryParser) -> Result:
    if_exists = parser.words("IF", "EXISTS")
    parts = parser.qualified()
    session.work.commit()  # DDL commits the open transaction
    entry = session.look_up("table", parts) if if_exists else session.find("table", parts)
    if entry is None:
        return status(DONE)
    if entry.kind != "table":
        raise compilation("Object found is of type 'VIEW', specified type 'TABLE'", 2203)
    session.demand(grants.OWNERSHIP, entry)
    entry = entry.draft()
    if parser.words("ADD"):
        _add(session, parser, entry)
    elif parser.words("RENAME", "TO"):
        rename(session, parser, entry)
    elif parser.words("RENAME", "COLUMN"):
        _rename_column(session, parser, entry)
    elif parser.words("SWAP", "WITH"):
        _swap(session, parser, entry)
    elif parser.words("DROP"):
        _drop(session, parser, entry)
    elif parser.is_word("ALTER", "MODIFY"):
        _alter_columns(session, parser, entry)
    elif parser.words("CLUSTER", "BY"):
        clustering = read_clustering(parser)
        parser.finish()
        set_clustering(session, entry, clustering)
        _save(session, entry)
    elif parser.words("SET"):
        _set(session, parser, entry)
    else:
        raise Unsupported(f"ALTER TABLE .. {parser.token.value}")
    return status(DONE)


def _set(session: Session, parser: QueryParser, entry: Entry) -> None:
    """SET COMMENT or ERROR_LOGGING."""
    properties = Properties(read(parser))
    comment, logs_errors = properties.text("COMMENT"), properties.flag("ERROR_LOGGING")
    properties.finish("TABLE")
    parser.finish()
    entry.comment = entry.comment if comment is None else comment
    if logs_errors is not None:
        entry.body["logs_errors"] = logs_errors
    _save(session, entry)


def _save(session: Session, entry: Entry) -> None:
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)


def next_duck(entry: Entry) -> str:
    """A column name for DuckDB that this table has not used: dropped ones are not used again."""
    used = max([int(column.duck[1:]) for column in entry.columns], default=0)
    number = max(used, entry.body.get("last_column", 0)) + 1
    entry.body["last_column"] = number
    return f"c{number}"


def _add(session: Session, parser: QueryParser, entry: Entry) -> None:
    if parser.is_word(*START):
        _add_key(session, parser, entry)
        return
    parser.words("COLUMN")
    wanted: list[ColumnDef] = []
    keys: list[Key] = []
    while True:
        optional = parser.words("IF", "NOT", "EXISTS")
        column = column_definition(session, parser, keys)
        taken = entry.column(column.name) is not None or any(c.name == column.name for c in wanted)
        if taken and not optional:
            raise compilation(f"column '{quote(column.name)}' already exists", 1430, "42S21")
        if not taken:
            wanted.append(column)
        if not parser.op(","):
            break
        parser.words("COLUMN")
    parser.finish()
    if not wanted:
        return
    filled = session.row_count(entry) > 0
    if filled and any(not column.nullable and column.default is None for column in wanted):
        raise compilation(
            "Non-nullable column can only be added to a non-empty table with a default value.", 1431, "42601"
        )
    with session.engine.ddl() as cursor:
        for column in wanted:
            column.duck = next_duck(entry)
            cursor.execute(f"ALTER TABLE {entry.duck} ADD COLUMN {column.duck} {column.type.stored}")
            if column.default is not None and filled:
                value = default_value(session, QueryBinder(session.context()), column)
                cursor.execute(f"UPDATE {entry.duck} SET {column.duck} = {value}")
        session.catalog.save(cursor, entry.draft())
    entry.columns += wanted
    for key in keys:
        add_key(session, entry, key)
    entry.body["added_defaults"] = added_defaults(entry) + [c.duck for c in wanted if c.default is not None]
    with session.engine.ddl() as cursor:
        for column in wanted:
            if not column.nullable:
                cursor.execute(f"ALTER TABLE {entry.duck} ALTER COLUMN {column.duck} SET NOT NULL")
        session.catalog.save(cursor, entry)


def added_defaults(entry: Entry) -> list[str]:
    """Columns whose default came with ADD COLUMN: it fills their older rows, so it stays (sql/alter-table-column)."""
    return list(entry.body.get("added_defaults", ()))


def _add_key(session: Session, parser: QueryParser, entry: Entry) -> None:
    key = read_key(session, parser)
    parser.finish()
    if key is None:
        raise parser.error()
    add_key(session, entry, key)
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)


def rename(session: Session, parser: QueryParser, entry: Entry) -> None:
    database, schema, name = session.full_name(parser.qualified())
    parser.finish()
    place = session.schema_entry(database, schema)
    if (database, schema) != (entry.database, entry.schema):
        session.demand(f"CREATE {grants.shown(entry.kind)}", place, primary=True)
    session.catalog.free(entry.kind, database, schema, name, entry.session)
    with session.engine.ddl() as cursor:
        session.catalog.rename(cursor, entry, database, schema, name)


def _swap(session: Session, parser: QueryParser, entry: Entry) -> None:
    other = session.find("table", parser.qualified()).draft()
    parser.finish()
    session.demand(grants.OWNERSHIP, other)
    if other.kind != "table" or (other.session is None) != (entry.session is None):
        raise compilation("a permanent table and a temporary table or a view cannot be swapped", 2119)
    ours = (entry.database, entry.schema, entry.name)
    theirs = (other.database, other.schema, other.name)
    with session.engine.ddl() as cursor, session.catalog.lock:
        session.catalog.rename(cursor, entry, *theirs)
        other.database, other.schema, other.name = ours
        session.catalog.save(cursor, other)


def find_column(entry: Entry, name: str) -> ColumnDef:
    column = entry.column(name)
    if column is None:
        raise invalid_identifier(quote(name))
    return column


def _rename_column(session: Session, parser: QueryParser, entry: Entry) -> None:
    column = find_column(entry, parser.identifier())
    parser.need("TO")
    name = new_name(parser)
    parser.finish()
    if entry.column(name) is not None:
        raise exists("Column", quote(name))
    with session.engine.ddl() as cursor:
        rename_in_keys(entry, column.name, name)
        column.name = name
        session.catalog.save(cursor, entry)


def _drop(session: Session, parser: QueryParser, entry: Entry) -> None:
    if parser.is_word(*START):
        drop_key(session, parser, entry)
        with session.engine.ddl() as cursor:
            session.catalog.save(cursor, entry)
        return
    if parser.words("CLUSTERING", "KEY"):
        parser.finish()
        entry.body = {name: value for name, value in entry.body.items() if not name.startswith("cluster")}
        _save(session, entry)
        return
    parser.words("COLUMN")
    if_exists = parser.words("IF", "EXISTS")
    names = [parser.identifier()]
    while parser.op(","):
        names.append(parser.identifier())
    parser.finish()
    columns = [find_column(entry, name) for name in names if not (if_exists and entry.column(name) is None)]
    if len(columns) == len(entry.columns):
        raise compilation("the last column of a table cannot be dropped", 2027)
    with session.engine.ddl() as cursor:
        entry.body["last_column"] = max(int(column.duck[1:]) for column in entry.columns)
        for column in columns:
            cursor.execute(f"ALTER TABLE {entry.duck} DROP COLUMN {column.duck}")
        entry.columns = [column for column in entry.columns if column not in columns]
        forget_columns(entry, set(names))
        session.catalog.save(cursor, entry)


def _alter_columns(session: Session, parser: QueryParser, entry: Entry) -> None:
    """`ALTER [COLUMN] c ..` or `MODIFY (c .., d ..)`: every clause is checked before any is done."""
    parser.next()
    enclosed = parser.op("(") is not None
    changes: list[tuple[ColumnDef, str, object]] = []
    while True:
        parser.words("COLUMN")
        column = find_column(entry, parser.identifier())
        changes.append((column, *_change(session, parser, entry, column)))
        if not parser.op(","):
            break
    if enclosed:
        parser.need_op(")")
    parser.finish()
    with session.engine.ddl() as cursor:
        for column, what, value in changes:
            if what == "comment":
                column.comment = value if isinstance(value, str) else None
            elif what == "null":
                column.nullable = bool(value)
                word = "DROP" if value else "SET"
                cursor.execute(f"ALTER TABLE {entry.duck} ALTER COLUMN {column.duck} {word} NOT NULL")
            elif what == "drop default":
                column.default = None
            elif isinstance(value, T):
                if value.stored != column.type.stored:
                    cursor.execute(f"ALTER TABLE {entry.duck} ALTER COLUMN {column.duck} TYPE {value.stored}")
                column.type = value
        session.catalog.save(cursor, entry)


def _change(session: Session, parser: QueryParser, entry: Entry, column: ColumnDef) -> tuple[str, object]:
    if parser.words("COMMENT"):
        return "comment", parser.string()
    if parser.words("UNSET", "COMMENT"):
        return "comment", None
    if parser.words("DROP", "NOT", "NULL"):
        return "null", True
    if parser.words("SET", "NOT", "NULL") or parser.words("NOT", "NULL"):
        _check_no_nulls(session, entry, column)
        return "null", False
    if parser.words("DROP", "DEFAULT"):
        if column.duck in added_defaults(entry):
            raise compilation(f"default of column '{quote(column.name)}' was added with the column and stays", 1473)
        return "drop default", None
    if parser.words("SET", "DEFAULT"):
        raise Unsupported("SET DEFAULT")
    if not parser.words("SET", "DATA", "TYPE"):
        parser.words("TYPE")
    to = parser.type()
    _check_type(session, entry, column, to)
    return "type", to


def _check_no_nulls(session: Session, entry: Entry, column: ColumnDef) -> None:
    rows = session.work.query(f"SELECT count(*), count({column.duck}) FROM {entry.duck}")
    if rows[0][0] != rows[0][1]:
        raise SqlError(
            f"Column '{quote(column.name)}' contains null values. Not null constraint cannot be added.", 2054, "23000"
        )
    if column.type.kind in SEMI and rows[0][0]:
        raise Unsupported(f"SET NOT NULL on a {column.type.kind} column of a table that is not empty")


def _check_type(session: Session, entry: Entry, column: ColumnDef, to: T) -> None:
    """Text and precision may grow; precision may shrink where the values fit; nothing else changes."""
    old = column.type
    if old == to:
        return
    refused = compilation(f"cannot change column {quote(column.name)} from type {old} to {to}", 2108, "22000")
    if old.kind != to.kind or old.kind in (NULL.kind, "BINARY"):
        raise refused
    if old.kind == "VARCHAR":
        if to.size < old.size:
            raise compilation(
                f"cannot change column {quote(column.name)} from type {old} to {to} because reducing the byte-length "
                "of a varchar is not supported.",
                2108,
                "22000",
            )
        return
    if old.kind != "NUMBER" or old.scale != to.scale:
        raise refused
    if to.size < old.size:
        limit = f"CAST('{'9' * (to.size - to.scale) or '0'}{'.' + '9' * to.scale if to.scale else ''}' AS {old.stored})"
        found = session.work.query(f"SELECT count(*) FROM {entry.duck} WHERE abs({column.duck}) > {limit}")
        if found[0][0]:
            raise compilation(
                f"cannot change column {quote(column.name)} from type {old} to {to} because existing values do not fit",
                2108,
                "22000",
            )


RUNNERS: Runners = {("ALTER", "TABLE"): _alter}
