"""What does a statement do here?  Passed on, rewritten, run by us, or refused: one rule per first word.

Unknown SQL reaches PostgreSQL as it is and fails there loudly; what PostgreSQL can do and Redshift cannot is
refused before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.copy_statement import CopyParser
from local_warehouse.redshift.grammar.lexer import Reader, Token, text_of
from local_warehouse.redshift.grammar.names import LongNames, normalise
from local_warehouse.redshift.grammar.references import is_system, last_part
from local_warehouse.redshift.rewrite import (
    aliases,
    alter,
    catalogs,
    ddl,
    equijoin,
    foreign,
    merge,
    super_values,
    users,
)
from local_warehouse.redshift.rewrite.expressions import rewrite_expressions
from local_warehouse.redshift.rewrite.late_views import SHOWING, LateViews, create_view, show_view
from local_warehouse.redshift.rewrite.parameters import reset_parameter, set_parameter, show_parameter
from local_warehouse.redshift.rewrite.plans import Plan

READING = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "(")
WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE")
CHANGING = ("CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE")


@dataclass
class Context:
    """What a rule needs to know of the session, and may ask of it."""

    names: LongNames
    late_views: LateViews
    target: Callable[[str, str], super_values.Columns]  # takes a table's lock, checks that it is one; its columns
    columns: aliases.Columns
    case_sensitive: bool = False


def plan(tokens: list[Token], context: Context) -> Plan:
    """Decide what to do with one statement; raises RedshiftError for what is refused."""
    significant = [token for token in tokens if token.kind != "space"]
    verb = significant[0].word()
    foreign.refuse(tokens)
    if verb == "COPY":
        return Plan(copy=CopyParser(tokens, context.names, context.case_sensitive).parse())
    normalise(tokens, context.names, context.case_sensitive)
    rewrite_expressions(significant)
    rule = RULES.get(verb)
    if rule is None:
        raise syntax_error(significant[0].text)
    made = rule(tokens, context)
    made.uses_last_copy = any(t.kind == "word" and t.word().startswith("PG_LAST_") for t in significant)
    made.changes_catalog = verb in CHANGING
    return made


def _pass(tokens: list[Token], context: Context) -> Plan:
    return Plan([text_of(tokens)])


def _read(tokens: list[Token], context: Context) -> Plan:
    """A query, or a statement with one in it: late-binding views are bound now."""
    significant = [token for token in tokens if token.kind != "space"]
    aliases.resolve(significant, context.columns)
    catalogs.widen(significant)
    shows_late = any(token.kind == "word" and token.text.upper() in SHOWING for token in significant)
    tables = context.late_views.expand(significant)
    before = context.late_views.describe() if shows_late else []
    catalog_only = significant[0].word() in ("SELECT", "WITH") and bool(tables) and all(map(is_system, tables))
    return Plan([text_of(tokens)], before=before, tables=tables, catalog_only=catalog_only)


def _with(tokens: list[Token], context: Context) -> Plan:
    """WITH stands before SELECT, UPDATE and DELETE, and nothing is written inside it (r_WITH_clause)."""
    reader = Reader(tokens)
    reader.accept("WITH")
    while not reader.ended() and not reader.sees("SELECT"):
        if reader.sees("("):
            inside = Reader(reader.group())
            if inside.peek().word() in WRITING:
                raise syntax_error(inside.peek().text)
        elif reader.peek().word() in ("UPDATE", "DELETE"):
            return _write_rows(tokens, reader, context)
        elif reader.next().word() in WRITING:
            raise syntax_error(reader.peek(-1).text)
    return _read(tokens, context)


def _insert(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    if not reader.accept("INSERT", "INTO"):
        raise syntax_error(reader.peek(1).text)
    table = _dotted(reader)
    if reader.sees("AS") or any(token.word() == "OVERRIDING" for token in reader.tokens[:4096]):
        raise syntax_error("as" if reader.sees("AS") else "overriding")
    super_values.mark_insert(reader, context.target(table, "ROW EXCLUSIVE"))
    return _read(tokens, context)


def _write(tokens: list[Token], context: Context) -> Plan:
    return _write_rows(tokens, Reader(tokens), context)


def _write_rows(tokens: list[Token], reader: Reader, context: Context) -> Plan:
    """UPDATE and DELETE take the table's write lock first, and the snapshot after it; readers go on."""
    verb = reader.next().word()
    if verb == "DELETE" and not reader.accept("FROM"):  # FROM is optional (r_DELETE)
        reader.peek(-1).text += " FROM"
    if reader.peek().kind not in ("word", "quoted"):
        raise syntax_error(reader.peek().text)
    table = _dotted(reader)
    columns = context.target(table, WRITE_LOCK)
    if verb == "UPDATE":
        equijoin.check(reader, table, dict(columns), context.columns)
        super_values.mark_update(reader, columns)
    elif reader.peek().word() not in ("", "USING", "WHERE"):  # no alias (r_DELETE)
        raise syntax_error(reader.peek().text)
    made = _read(tokens, context)
    made.before.append(_write_lock(table))
    return made


WRITE_LOCK = "SHARE ROW EXCLUSIVE"


def _write_lock(table: str) -> str:
    return f"LOCK TABLE {table} IN {WRITE_LOCK} MODE"


def _dotted(reader: Reader) -> str:
    name = reader.next().text
    while reader.accept("."):
        name += "." + reader.next().text
    return name


def _merge(tokens: list[Token], context: Context) -> Plan:
    parts = merge.Merge(tokens)
    context.target(parts.target, WRITE_LOCK)
    lock = _write_lock(parts.target)
    if parts.removes_duplicates:
        before, last = parts.duplicate_statements()
        return Plan([last], before=[lock, *before], tag="MERGE", tables=[parts.target, parts.source])
    parts.check_actions()
    made = _read(tokens, context)
    made.before.append(lock)
    return made


def _begin(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    if not reader.accept("START", "TRANSACTION"):
        reader.accept("BEGIN")
        reader.accept("WORK") or reader.accept("TRANSACTION")
    read_only = ""
    while not reader.ended():
        # Every level name is taken and none changes anything: the database has one level.
        if reader.accept("ISOLATION", "LEVEL"):
            levels = (
                ("SERIALIZABLE",),
                ("SNAPSHOT",),
                ("READ", "COMMITTED"),
                ("READ", "UNCOMMITTED"),
                ("REPEATABLE", "READ"),
            )
            if not any(reader.accept(*level) for level in levels):
                raise syntax_error(reader.peek().text)
        elif reader.accept("READ", "ONLY"):
            read_only = " READ ONLY"
        elif not reader.accept("READ", "WRITE") and not reader.accept(","):
            raise syntax_error(reader.peek().text)
    return Plan(["BEGIN" + read_only])


def _rollback(tokens: list[Token], context: Context) -> Plan:
    if any(token.word() in ("TO", "PREPARED") for token in tokens):
        raise RedshiftError("0A000", 'SQL command "ROLLBACK TO SAVEPOINT" not supported.')
    return Plan([text_of(tokens)])


def _create(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("CREATE")
    if reader.sees("OR", "REPLACE", "VIEW") or reader.sees("VIEW"):
        return create_view(tokens, context.late_views)
    words = [reader.peek(n).word() for n in range(3)]
    kind = next((word for word in words if word not in ("LOCAL", "TEMP", "TEMPORARY", "OR", "REPLACE")), "")
    if kind == "TABLE":
        return _create_table(tokens, context)
    if kind == "DATABASE":
        return _create_database(tokens)
    if kind == "SCHEMA":
        return _create_schema(tokens)
    if kind == "USER":
        return users.user(tokens, "CREATE USER")
    if kind in ("GROUP", "ROLE"):
        return Plan([text_of(tokens)], tag=f"CREATE {kind}")
    if kind == "EXTERNAL":
        return Plan(
            refusal="CREATE EXTERNAL", outside_block="CREATE EXTERNAL TABLE cannot run inside a transaction block"
        )
    if kind in ("PROCEDURE", "FUNCTION", "MATERIALIZED", "LIBRARY", "MODEL", "DATASHARE", "IDENTITY", "MASKING", "RLS"):
        raise NotSupported(f"CREATE {kind}")
    if kind in (
        "INDEX",
        "UNIQUE",
        "SEQUENCE",
        "TRIGGER",
        "TYPE",
        "DOMAIN",
        "EXTENSION",
        "RULE",
        "UNLOGGED",
        "AGGREGATE",
        "OPERATOR",
        "CAST",
    ):
        raise RedshiftError("0A000", f'SQL command "CREATE {kind}" not supported.')
    raise syntax_error(kind)


def _create_schema(tokens: list[Token]) -> Plan:
    reader = Reader(tokens)
    reader.accept("CREATE", "SCHEMA")
    reader.accept("IF", "NOT", "EXISTS")
    if reader.peek().text.strip('"').lower().startswith("pg_"):
        raise RedshiftError("42939", f'unacceptable schema name "{last_part(reader.peek().text)}"')
    if any(token.word() == "QUOTA" for token in reader.tokens):
        raise NotSupported("CREATE SCHEMA with QUOTA")
    return Plan([text_of(tokens)])


def _create_table(tokens: list[Token], context: Context) -> Plan:
    significant = [token for token in tokens if token.kind != "space"]
    is_query = any(token.word() in ("SELECT", "WITH") for token in significant)
    tables = context.late_views.expand(significant) if is_query else []
    return Plan(ddl.create_table(tokens, context.names, context.case_sensitive), tables=tables)


def _alter(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("ALTER")
    if reader.sees("TABLE"):
        made = alter.alter_table(tokens, context.names, context.case_sensitive)
        if any(token.word() == "RENAME" for token in reader.tokens):
            made.late_view = last_part(reader.tokens[-1].text)
        return made
    if reader.accept("DATABASE"):
        return _alter_database(reader)
    if reader.sees("USER"):
        return users.user(tokens)
    if reader.peek().word() in ("SCHEMA", "GROUP", "ROLE", "VIEW"):
        return Plan([text_of(tokens)])
    raise NotSupported(f"ALTER {reader.peek().word()}")


def _alter_database(reader: Reader) -> Plan:
    name = reader.next().text
    if not reader.accept("ISOLATION", "LEVEL"):
        raise NotSupported("ALTER DATABASE other than ISOLATION LEVEL")
    return Plan(
        [_isolation(name, reader.next().word())],
        outside_block="ALTER DATABASE ISOLATION LEVEL cannot run inside a transaction block",
    )


def _isolation(database: str, level: str) -> str:
    if level not in ("SNAPSHOT", "SERIALIZABLE"):
        raise syntax_error(level)
    backend_level = {"SNAPSHOT": "repeatable read", "SERIALIZABLE": "serializable"}[level]
    return f"ALTER DATABASE {database} SET default_transaction_isolation TO '{backend_level}'"


def _create_database(tokens: list[Token]) -> Plan:
    reader = Reader(tokens)
    reader.accept("CREATE", "DATABASE")
    name = reader.next().text
    reader.accept("WITH")
    level = "SNAPSHOT"
    while not reader.ended():
        if reader.accept("ISOLATION", "LEVEL"):
            level = reader.next().word()
        elif not (reader.accept("OWNER") and (reader.accept("=") or True) and reader.next().text):
            raise syntax_error(reader.peek().text)
    outside = "CREATE DATABASE cannot run inside a transaction block"
    return Plan([f"CREATE DATABASE {name} STRATEGY file_copy"], outside_block=outside, after=[_isolation(name, level)])


def _drop(tokens: list[Token], context: Context) -> Plan:
    kind = Reader(tokens).peek(1).word()
    if kind == "DATABASE":
        return Plan([text_of(tokens)], outside_block="DROP DATABASE cannot run inside a transaction block")
    if kind not in ("TABLE", "VIEW", "SCHEMA", "USER", "GROUP", "ROLE"):
        raise NotSupported(f"DROP {kind}")
    return Plan([text_of(tokens)])


def _truncate(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("TRUNCATE")
    reader.accept("TABLE")
    table = ddl.TableReader(reader, context.names, context.case_sensitive).table()
    if not reader.ended():
        raise syntax_error(reader.peek().text)
    return Plan([f"TRUNCATE TABLE {table}"], commits=True)


def _vacuum(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("VACUUM")
    for word in ("FULL", "SORT", "DELETE", "REINDEX", "RECLUSTER"):
        if reader.accept(word):
            break
    reader.accept("ONLY")
    table = (
        ""
        if reader.ended() or reader.sees("TO")
        else ddl.TableReader(reader, context.names, context.case_sensitive).table()
    )
    return Plan([f"VACUUM {table}"], outside_block="VACUUM cannot run inside a transaction block")


def _analyze(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("ANALYZE")
    if reader.sees("COMPRESSION"):
        raise NotSupported("ANALYZE COMPRESSION")
    reader.accept("VERBOSE")
    table = "" if reader.ended() else ddl.TableReader(reader, context.names, context.case_sensitive).table()
    return Plan([f"ANALYZE {table}"])


def _show(tokens: list[Token]) -> Plan:
    return show_view(tokens) if Reader(tokens).sees("SHOW", "VIEW") else show_parameter(tokens)


def _lock(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("LOCK")
    reader.accept("TABLE")
    if any(token.word() == "MODE" for token in reader.tokens):
        raise syntax_error("in")
    tables = " ".join(token.text for token in reader.tokens[reader.at :])
    return Plan([f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"])


def _refuse(tokens: list[Token], context: Context) -> Plan:
    raise NotSupported(Reader(tokens).peek().word())


def _no_savepoint(tokens: list[Token], context: Context) -> Plan:
    raise RedshiftError("0A000", f'SQL command "{Reader(tokens).peek().word()}" not supported.')


RULES: dict[str, Callable[[list[Token], Context], Plan]] = {
    "WITH": _with,
    **dict.fromkeys(("SELECT", "(", "EXPLAIN", "DECLARE", "PREPARE"), _read),
    "INSERT": _insert,
    **dict.fromkeys(("UPDATE", "DELETE"), _write),
    "MERGE": _merge,
    **dict.fromkeys(("COMMIT", "END", "COMMENT", "FETCH", "CLOSE", "EXECUTE", "DEALLOCATE"), _pass),
    **dict.fromkeys(("GRANT", "REVOKE"), lambda tokens, context: users.grant(tokens)),
    **dict.fromkeys(("BEGIN", "START"), _begin),
    **dict.fromkeys(("ROLLBACK", "ABORT"), _rollback),
    **dict.fromkeys(("UNLOAD", "CALL", "CANCEL", "REFRESH", "USE", "ATTACH", "DETACH", "DESC"), _refuse),
    **dict.fromkeys(("SAVEPOINT", "RELEASE", "LISTEN", "NOTIFY", "DO", "CLUSTER", "REINDEX"), _no_savepoint),
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "TRUNCATE": _truncate,
    "SET": lambda tokens, context: set_parameter(tokens),
    "SHOW": lambda tokens, context: _show(tokens),
    "RESET": lambda tokens, context: reset_parameter(tokens),
    "VACUUM": _vacuum,
    "ANALYZE": _analyze,
    "LOCK": _lock,
}
