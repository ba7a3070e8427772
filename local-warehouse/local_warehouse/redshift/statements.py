"""What does a statement do here?  Passed on, rewritten, run by us, or refused: one rule per first word.

Unknown SQL reaches PostgreSQL as it is and fails there loudly; what PostgreSQL can do and Redshift cannot is
refused before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local_warehouse.redshift import alter, ddl, foreign, merge, super_values
from local_warehouse.redshift.connection import literal
from local_warehouse.redshift.copy_statement import CopyParser
from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.expressions import rewrite_expressions
from local_warehouse.redshift.lexer import Reader, Token, text_of
from local_warehouse.redshift.names import LongNames, normalise
from local_warehouse.redshift.parameters import reset_parameter, set_parameter, show_parameter
from local_warehouse.redshift.plans import Plan

READING = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "(")


@dataclass
class Context:
    """What a rule needs to know of the session."""

    names: LongNames
    late_views: set[str]
    columns_of: super_values.Columns
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
    if verb in ("INSERT", "UPDATE"):
        super_values.mark(tokens, context.columns_of)
    rule = RULES.get(verb)
    if rule is None:
        raise syntax_error(significant[0].text)
    made = rule(tokens, context)
    made.uses_last_copy = any(t.kind == "word" and t.word().startswith("PG_LAST_") for t in significant)
    if verb in READING:
        made.tables = tables_of(significant)
        late = [name for name in made.tables if last_part(name) in context.late_views]
        made.before[:0] = [f"SELECT pg_catalog.rs_rebind({literal(name)})" for name in late]
    return made


def tables_of(significant: list[Token]) -> list[str]:
    """The names that follow FROM, JOIN, INTO, UPDATE, USING or a comma after them, as far as tokens tell."""
    reader = Reader(significant)
    found = []
    for n, token in enumerate(reader.tokens):
        if token.kind == "word" and token.text.upper() in ("FROM", "JOIN", "INTO", "UPDATE", "USING"):
            reader.at = n + 1
            while reader.peek().kind in ("word", "quoted"):
                found.append(_dotted(reader))
                reader.accept("AS")
                if reader.peek(1).text == ",":
                    reader.next()
                if not reader.accept(","):
                    break
    return found


def _dotted(reader: Reader) -> str:
    name = reader.next().text
    while reader.accept("."):
        name += "." + reader.next().text
    return name


def last_part(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip('"').lower()


def _pass(tokens: list[Token], context: Context) -> Plan:
    return Plan([text_of(tokens)])


def _with(tokens: list[Token], context: Context) -> Plan:
    """WITH stands before SELECT only, and nothing is written inside it."""
    reader = Reader(tokens)
    reader.accept("WITH")
    while not reader.ended() and not reader.sees("SELECT"):
        if reader.sees("("):
            inside = Reader(reader.group())
            if inside.peek().word() in ("INSERT", "UPDATE", "DELETE", "MERGE"):
                raise syntax_error(inside.peek().text)
        elif reader.next().word() in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            raise syntax_error(reader.peek(-1).text)
    return Plan([text_of(tokens)])


def _write(tokens: list[Token], context: Context) -> Plan:
    """UPDATE and DELETE take the table's write lock first, and the snapshot after it; readers go on."""
    reader = Reader(tokens)
    reader.next()
    reader.accept("FROM")
    if reader.peek().kind not in ("word", "quoted"):
        raise syntax_error(reader.peek().text)
    return Plan([text_of(tokens)], before=[_write_lock(_dotted(reader))])


def _write_lock(table: str) -> str:
    return f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"


def _merge(tokens: list[Token], context: Context) -> Plan:
    parts = merge.Merge(tokens)
    lock = _write_lock(parts.target)
    if parts.removes_duplicates:
        before, last = parts.duplicate_statements()
        return Plan([last], before=[lock, *before], tag="MERGE")
    parts.check_actions()
    return Plan([text_of(tokens)], before=[lock])


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
        return _create_view(tokens)
    words = [reader.peek(n).word() for n in range(3)]
    kind = next((word for word in words if word not in ("LOCAL", "TEMP", "TEMPORARY", "OR", "REPLACE")), "")
    if kind == "TABLE":
        return Plan(ddl.create_table(tokens, context.names, context.case_sensitive))
    if kind == "DATABASE":
        return _create_database(tokens)
    if kind in ("SCHEMA", "USER", "GROUP", "ROLE"):
        return Plan([text_of(tokens)])
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


def _create_view(tokens: list[Token]) -> Plan:
    words = [token for token in tokens if token.kind != "space"]
    late = [token.word() for token in words[-4:]] == ["WITH", "NO", "SCHEMA", "BINDING"]
    if not late:
        return Plan([text_of(tokens)])
    for token in words[-4:]:
        token.text = ""
    reader = Reader(words[:-4])
    while reader.next().word() != "VIEW":
        pass
    name = _dotted(reader)
    while not reader.ended() and not reader.accept("AS"):
        reader.next()
    query = " ".join(token.text for token in reader.tokens[reader.at :])
    unbind = f"SELECT pg_catalog.rs_unbind({literal(name)}, {literal(query)})"
    return Plan([text_of(tokens), unbind], late_view=last_part(name))


def _alter(tokens: list[Token], context: Context) -> Plan:
    reader = Reader(tokens)
    reader.accept("ALTER")
    if reader.sees("TABLE"):
        return alter.alter_table(tokens, context.names, context.case_sensitive)
    if reader.accept("DATABASE"):
        return _alter_database(reader)
    if reader.peek().word() in ("SCHEMA", "USER", "GROUP", "ROLE", "VIEW"):
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
    **dict.fromkeys(("SELECT", "INSERT", "(", "COMMIT", "END"), _pass),
    **dict.fromkeys(("UPDATE", "DELETE"), _write),
    "MERGE": _merge,
    **dict.fromkeys(("GRANT", "REVOKE", "COMMENT", "EXPLAIN", "DECLARE", "FETCH", "CLOSE"), _pass),
    **dict.fromkeys(("PREPARE", "EXECUTE", "DEALLOCATE"), _pass),
    **dict.fromkeys(("BEGIN", "START"), _begin),
    **dict.fromkeys(("ROLLBACK", "ABORT"), _rollback),
    **dict.fromkeys(("UNLOAD", "CALL", "CANCEL", "REFRESH", "USE", "ATTACH", "DETACH", "DESC"), _refuse),
    **dict.fromkeys(("SAVEPOINT", "RELEASE", "LISTEN", "NOTIFY", "DO", "CLUSTER", "REINDEX"), _no_savepoint),
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "TRUNCATE": _truncate,
    "SET": lambda tokens, context: set_parameter(tokens),
    "SHOW": lambda tokens, context: show_parameter(tokens),
    "RESET": lambda tokens, context: reset_parameter(tokens),
    "VACUUM": _vacuum,
    "ANALYZE": _analyze,
    "LOCK": _lock,
}
