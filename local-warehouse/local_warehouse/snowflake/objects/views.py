"""Views: the text of a query and the columns it had when the view was made."""

from __future__ import annotations

from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import Unsupported, compilation, no_object
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects.alter_table import find_column, rename
from local_warehouse.snowflake.objects.ddl_objects import Create, demand_create
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.values.types import TEXT


def _named_columns(parser: QueryParser) -> list[ColumnDef] | None:
    """`(a, b COMMENT '..')`: names and comments, types come from the query."""
    if not parser.op("("):
        return None
    found: list[ColumnDef] = []
    while True:
        column = ColumnDef(parser.identifier(), "", TEXT)
        if parser.words("COMMENT"):
            parser.op("=")
            column.comment = parser.string()
        found.append(column)
        if not parser.op(","):
            break
    parser.need_op(")")
    return found


def _nameless(query: ast.Query) -> bool:
    """Whether a column of the query is an expression without a name of its own."""
    body = query.body
    if isinstance(body, ast.SetOperation):
        return _nameless(body.left)
    if isinstance(body, ast.Rows):
        return False
    return any(item.alias is None and not isinstance(item.expr, ast.Column | ast.Star) for item in body.items)


def create_view(session: Session, parser: QueryParser, create: Create) -> Result:
    if create.temporary or create.transient:
        raise Unsupported("CREATE TEMPORARY VIEW")
    parts = parser.qualified()
    columns = _named_columns(parser)
    keeps_grants = parser.words("COPY", "GRANTS")
    properties = Properties(read(parser, stop=("AS",)))
    comment = properties.text("COMMENT")
    properties.finish("VIEW")
    parser.need("AS")
    start = parser.token.at
    query = parser.query()
    text = parser.text[start : parser.token.at].rstrip().rstrip(";")
    parser.finish()
    database, schema, name = session.full_name(parts)
    demand_create(session, "view", database, schema)
    entry = Entry("view", database, schema, name, comment=comment, owner=session.role)
    bound = session.bind_in(entry, query, session.context())
    if columns is None:
        if _nameless(query):
            raise compilation("Missing column specification", 2022, "42601")
        columns = [ColumnDef(c.name, "", c.type) for c in bound.columns]
    elif len(columns) != len(bound.columns):
        raise compilation(
            f"Invalid column definition list: {len(columns)} names for {len(bound.columns)} columns", 2026
        )
    for column, out in zip(columns, bound.columns, strict=True):
        column.type = TEXT if out.type.kind == "NULL" else out.type
        if sum(other.name == column.name for other in columns) > 1:
            raise compilation(f"duplicate column name '{column.name}'", 2025, "42S21")
    entry.columns = columns
    entry.body = {"query": text, "text": parser.text, "names": [column.name for column in bound.columns]}
    old = session.catalog.find("view", database, schema, name)
    if old is not None and create.if_not_exists:
        return status(f"{name} already exists, statement succeeded.")
    if old is not None and old.kind != "view":
        raise compilation(f"Object '{quote(name)}' already exists as TABLE", 2203)
    if old is not None:
        session.demand(grants.OWNERSHIP, old)
    if not create.replace:
        session.catalog.free("view", database, schema, name, None)
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)
        if old is not None:  # behind the new one: who reads meanwhile finds one of the two
            if keeps_grants:
                grants.copy_grants(session.catalog, cursor, old, entry)
            session.catalog.remove(cursor, old)
        grants.apply_future(session.catalog, cursor, entry)
    return status(f"View {name} successfully created.")


def _find(session: Session, parser: QueryParser, if_exists: bool) -> Entry | None:
    parts = parser.qualified()
    entry = session.look_up("view", parts) if if_exists else session.find("view", parts)
    if entry is not None and entry.kind != "view":
        raise compilation("Object found is of type 'TABLE', specified type 'VIEW' is not correct", 2203)
    if entry is not None:
        session.demand(grants.OWNERSHIP, entry)
    return entry and entry.draft()


def _drop(session: Session, parser: QueryParser) -> Result:
    if_exists = parser.words("IF", "EXISTS")
    session.work.commit()
    entry = _find(session, parser, if_exists)
    parser.finish()
    if entry is None:
        return status("Drop statement executed successfully (already dropped).")
    with session.engine.ddl() as cursor:
        session.catalog.remove(cursor, entry)
    return status(f"{entry.name} successfully dropped.")


def _alter(session: Session, parser: QueryParser) -> Result:
    if_exists = parser.words("IF", "EXISTS")
    session.work.commit()
    entry = _find(session, parser, if_exists)
    if entry is None:
        return status("Statement executed successfully.")
    if parser.words("RENAME", "TO"):
        rename(session, parser, entry)
    elif parser.words("SET", "COMMENT"):
        parser.need_op("=")
        entry.comment = parser.string()
        parser.finish()
        _save(session, entry)
    else:
        raise Unsupported(f"ALTER VIEW .. {parser.token.value}")
    return status("Statement executed successfully.")


def _save(session: Session, entry: Entry) -> None:
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)


_COMMENTED = {
    ("TABLE",): "table", ("VIEW",): "view", ("STAGE",): "stage", ("FILE", "FORMAT"): "format",
    ("INTEGRATION",): "integration",
}  # fmt: skip


def _comment(session: Session, parser: QueryParser) -> Result:
    """COMMENT [IF EXISTS] ON <kind> <name> IS '..'."""
    if_exists = parser.words("IF", "EXISTS")
    parser.need("ON")
    session.work.commit()
    if parser.words("COLUMN"):
        parts = parser.qualified()
        parser.need("IS")
        text = parser.string()
        parser.finish()
        if len(parts) < 2:
            raise parser.error()
        entry = session.find("table", parts[:-1]).draft()
        session.demand(grants.OWNERSHIP, entry)
        find_column(entry, parts[-1]).comment = text
        _save(session, entry)
        return status("Statement executed successfully.")
    if parser.words("SCHEMA") or parser.words("DATABASE"):
        kind = parser.all[parser.at - 1].value.lower()
        parts = parser.qualified()
        database = "" if kind == "database" else (parts[0] if len(parts) == 2 else session.need_database())
        found = session.catalog.find(kind, database, "", parts[-1])
        found = found if found is not None and session.sees(found) else None
    else:
        kind = next((kind for words, kind in _COMMENTED.items() if parser.words(*words)), "")
        if not kind:
            raise Unsupported(f"COMMENT ON {parser.token.value}")
        parts = parser.qualified()
        found = session.look_up(kind, parts)
    parser.need("IS")
    text = parser.string()
    parser.finish()
    if found is None:
        if if_exists:
            return status("Statement executed successfully.")
        raise no_object(kind.capitalize(), ".".join(quote(part) for part in parts))
    session.demand(grants.OWNERSHIP, found)
    found = found.draft()
    found.comment = text
    _save(session, found)
    return status("Statement executed successfully.")


RUNNERS: Runners = {
    ("DROP", "VIEW"): _drop,
    ("ALTER", "VIEW"): _alter,
    ("COMMENT",): _comment,
}
