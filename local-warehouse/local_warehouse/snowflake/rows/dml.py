"""INSERT, UPDATE and DELETE."""

from __future__ import annotations

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.results import DELETE, INSERT, UPDATE, Result, counts
from local_warehouse.snowflake.bind.scope import Bound, OutColumn, Scope, Source, Typed
from local_warehouse.snowflake.bind.session import Context, Runners, Session
from local_warehouse.snowflake.errors import compilation, invalid_identifier
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.rows.tried import fitting, logs_errors, tried
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.store.work import Step
from local_warehouse.snowflake.values.types import NULL, SEMI


def target_table(session: Session, parts: list[str], *privileges: str) -> Entry:
    """The table that DML changes; SqlError where it is a view, or a privilege is missing."""
    entry = session.find("table", parts)
    if entry.kind != "table":
        raise compilation(f"DML is not allowed on view '{quote(entry.name)}'", 2203)
    for privilege in privileges:
        session.demand(privilege, entry)
    return entry


def target_columns(entry: Entry, names: list[str] | None) -> list[ColumnDef]:
    """The columns of an INSERT or COPY list, all of them without a list."""
    if names is None:
        return list(entry.columns)
    found: list[ColumnDef] = []
    for name in names:
        column = entry.column(name)
        if column is None:
            raise invalid_identifier(quote(name))
        if column in found:
            raise compilation(f"duplicate column name '{quote(name)}'", 2025, "42S21")
        found.append(column)
    return found


def step(sql: str, context: Context, entry: Entry, reads_target: bool = True) -> Step:
    """One statement that changes `entry`; an INSERT alone gives the same rows whatever is in it."""
    reads = context.reads | {entry.id} if reads_target else set(context.reads)
    return Step(sql, context.registered, reads, {entry.id}, context.repeatable)


def default_value(session: Session, binder: QueryBinder, column: ColumnDef) -> str:
    """SQL of a column's default, NULL without one."""
    if column.default is None:
        return binder.assign(Typed("NULL", NULL), column)
    expr = session.parser(column.default).expression()
    return binder.assign(binder.expr(expr, Scope()), column)


def complete(
    session: Session, binder: QueryBinder, entry: Entry, columns: list[ColumnDef], values: list[str]
) -> tuple[str, list[str]]:
    """Column list and value list with the defaults of the columns left out."""
    ducks = [column.duck for column in columns]
    for column in entry.columns:
        if column not in columns:
            ducks.append(column.duck)
            values = [*values, default_value(session, binder, column)]
    return ", ".join(ducks), values


def _insert(session: Session, parser: QueryParser) -> Result:
    overwrite = parser.words("OVERWRITE")
    if parser.is_word("ALL", "FIRST"):
        raise parser.error()
    parser.need("INTO")
    parts = parser.qualified()
    names = parser.names() if parser.is_op("(") else None
    context = session.context()
    binder = QueryBinder(context)
    entry = target_table(session, parts, "INSERT", *(["DELETE"] if overwrite else ()))
    columns = target_columns(entry, names)
    if parser.words("VALUES"):
        rows = _value_rows(parser)
        parser.finish()
        bound = _bind_values(session, binder, rows, columns, logs_errors(entry))
    else:
        bound = binder.bind(parser.query())
        parser.finish()
    if len(bound.columns) != len(columns):
        raise compilation(
            f"Insert value list does not match column list expecting {len(columns)} but got {len(bound.columns)}",
            2020,
            "21S01",
        )
    values = [
        binder.assign(Typed(f"q.{out.duck}", out.type), column)
        for out, column in zip(bound.columns, columns, strict=True)
    ]
    ducks, listed = complete(session, binder, entry, columns, values)
    query = f"SELECT {', '.join(listed)} FROM ({bound.sql}) q"
    if logs_errors(entry):
        query = fitting(dict(zip(ducks.split(", "), listed, strict=True)), f"({bound.sql}) q")
    steps = [step(f"INSERT INTO {entry.duck} ({ducks}) {query}", context, entry, reads_target=False)]
    if overwrite:
        return _overwrite(session, entry, steps)
    return counts(["rows inserted"], [session.write(steps)[-1][0][0]], INSERT)


def _overwrite(session: Session, entry: Entry, steps: list[Step]) -> Result:
    """Truncate and insert as one statement of the transaction; the source sees the table as it was."""
    scratch = f"w{entry.id}"
    insert = steps[0]
    head, _, query = insert.sql.partition(" SELECT ")
    make = Step(f"CREATE TEMP TABLE {scratch} AS SELECT {query}", insert.tables, insert.reads, set(), insert.repeatable)
    writes = {entry.id}
    steps = [
        make,
        Step(f"DELETE FROM {entry.duck}", {}, writes, writes),
        Step(f"DELETE FROM sf_loads WHERE table_id = {entry.id}", {}, set(), writes),
        Step(f"{head} SELECT * FROM {scratch}", {}, set(), writes),
        Step(f"DROP TABLE {scratch}"),
    ]
    return counts(["rows inserted"], [session.write(steps, {entry.id})[3][0][0]], INSERT)


def _value_rows(parser: QueryParser) -> list[list[ast.Expr | None]]:
    rows: list[list[ast.Expr | None]] = []
    while True:
        parser.need_op("(")
        row: list[ast.Expr | None] = []
        while True:
            row.append(None if parser.words("DEFAULT") else parser.expression())
            if not parser.op(","):
                break
        parser.need_op(")")
        rows.append(row)
        if not parser.op(","):
            return rows


def _bind_values(
    session: Session, binder: QueryBinder, rows: list[list[ast.Expr | None]], columns: list[ColumnDef], tries: bool
) -> Bound:
    """VALUES of an INSERT: constants and scalar functions, converted to the columns row by row.

    With `tries`, rows that cannot be converted are left out.
    """
    lines: list[str] = []
    scope = Scope()
    for row in rows:
        if len(row) != len(columns):
            raise compilation(
                f"Insert value list does not match column list expecting {len(columns)} but got {len(row)}",
                2020,
                "21S01",
            )
        values: list[str] = []
        for expr, column in zip(row, columns, strict=True):
            if expr is None:
                values.append(default_value(session, binder, column))
                continue
            value = binder.expr(expr, scope)
            if value.type.kind in SEMI:
                raise compilation("Invalid expression in VALUES clause; use INSERT .. SELECT", 2014, "22000")
            values.append(binder.assign(value, column))
        one = {f"v{i}": value for i, value in enumerate(values)}
        lines.append(fitting(one, "(SELECT 1)") if tries else f"({', '.join(values)})")
    out = [OutColumn(column.name, f"v{i}", column.type) for i, column in enumerate(columns)]
    if tries:
        return Bound(" UNION ALL ".join(lines), out)
    return Bound(f"SELECT * FROM (VALUES {', '.join(lines)}) v({', '.join(c.duck for c in out)})", out)


def target_scope(entry: Entry, alias: str | None, duck: str) -> Scope:
    columns = [OutColumn(c.name, c.duck, c.type, c.nullable) for c in entry.columns]
    return Scope([Source(alias or entry.name, duck, columns, [entry.database, entry.schema, entry.name])])


def column_name(parser: QueryParser, entry: Entry, alias: str | None) -> ColumnDef:
    """A column on the left of `=`; a qualifier must be the target."""
    parts = parser.qualified()
    column = entry.column(parts[-1])
    qualifier = parts[:-1]
    known = ([alias or entry.name], [entry.schema, entry.name], [entry.database, entry.schema, entry.name])
    if column is None or (qualifier and qualifier not in known):
        raise invalid_identifier(".".join(quote(part) for part in parts))
    return column


def _update(session: Session, parser: QueryParser) -> Result:
    entry = target_table(session, parser.qualified(), "UPDATE")
    alias = parser.alias()
    parser.need("SET")
    settings: list[tuple[ColumnDef, ast.Expr]] = []
    while True:
        column = column_name(parser, entry, alias)
        parser.need_op("=")
        settings.append((column, parser.expression()))
        if not parser.op(","):
            break
    source = parser.relations() if parser.words("FROM") else None
    where = parser.expression() if parser.words("WHERE") else None
    parser.finish()
    if source is not None or where is not None:
        session.demand(
            "SELECT", entry
        )  # its rows decide; the pages do not say it, so whoever has it is on the safe side
    context = session.context()
    binder = QueryBinder(context)
    scope = target_scope(entry, alias, "target")
    sql = f"UPDATE {entry.duck} AS target SET "
    from_ = ""
    if source is not None:
        from_ = " FROM " + binder.relation(source, scope)
        context.repeatable = False
    values = {column.duck: binder.assign(binder.expr(expr, scope), column) for column, expr in settings}
    sql += ", ".join(f"{duck} = {value}" for duck, value in values.items())
    if len({column.name for column, _ in settings}) != len(settings):
        raise compilation("duplicate column name in SET", 2025, "42S21")
    tests = [binder.condition(where, scope)] if where is not None else []
    if logs_errors(entry):
        tests.append(f"{tried(values)} IS NOT NULL")
    sql += from_ + (f" WHERE {' AND '.join(f'({test})' for test in tests)}" if tests else "")
    count = session.write([step(sql, context, entry)], {entry.id})[0][0][0]
    return counts(["rows updated", "multi-joined rows updated"], [count, 0], UPDATE)


def _delete(session: Session, parser: QueryParser) -> Result:
    parser.need("FROM")
    entry = target_table(session, parser.qualified(), "DELETE")
    alias = parser.alias()
    source = parser.relations() if parser.words("USING") else None
    where = parser.expression() if parser.words("WHERE") else None
    parser.finish()
    if source is not None or where is not None:
        session.demand(
            "SELECT", entry
        )  # its rows decide; the pages do not say it, so whoever has it is on the safe side
    context = session.context()
    binder = QueryBinder(context)
    scope = target_scope(entry, alias, "target")
    sql = f"DELETE FROM {entry.duck} AS target"
    if source is not None:
        sql += " USING " + binder.relation(source, scope)
    if where is not None:
        sql += f" WHERE {binder.condition(where, scope)}"
    return counts(["rows deleted"], [session.write([step(sql, context, entry)], {entry.id})[0][0][0]], DELETE)


RUNNERS: Runners = {
    ("INSERT",): _insert,
    ("UPDATE",): _update,
    ("DELETE",): _delete,
}
