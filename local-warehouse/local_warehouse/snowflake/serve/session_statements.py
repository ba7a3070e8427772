"""Statements about the session: transactions, USE, parameters."""

from __future__ import annotations

from typing import Any

from local_warehouse.snowflake.bind.results import SET, TCL, Result, listing, status
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.errors import no_object
from local_warehouse.snowflake.grammar.lexer import NAME, NUMBER, STRING
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.serve import parameters
from local_warehouse.snowflake.store.catalog import quote
from local_warehouse.snowflake.values.types import TEXT

DONE = "Statement executed successfully."


def _begin(session: Session, parser: QueryParser) -> Result:
    if not parser.words("WORK"):
        parser.words("TRANSACTION")
    name = parser.identifier() if parser.words("NAME") else ""
    parser.finish()
    session.work.begin(name)
    return status(DONE, TCL)


def _commit(session: Session, parser: QueryParser) -> Result:
    parser.words("WORK")
    parser.finish()
    session.work.commit()
    return status(DONE, TCL)


def _rollback(session: Session, parser: QueryParser) -> Result:
    parser.words("WORK")
    parser.finish()
    session.work.rollback()
    return status(DONE, TCL)


def _use(session: Session, parser: QueryParser) -> Result:
    if parser.words("SECONDARY", "ROLES"):
        if not parser.is_word("ALL", "NONE"):
            raise parser.error()
        parser.next()
    elif parser.words("ROLE"):
        role = parser.identifier()
        if role != session.role:
            raise no_object("Role", quote(role))
    elif parser.words("WAREHOUSE"):
        warehouse = parser.identifier()
        if session.catalog.find("warehouse", "", "", warehouse) is None:
            raise no_object("Warehouse", quote(warehouse))
        session.warehouse = warehouse
    elif parser.words("SCHEMA"):
        _use_schema(session, parser.qualified())
    else:
        parser.words("DATABASE")
        parts = parser.qualified()
        if len(parts) == 2:
            _use_schema(session, parts)
        else:
            use_database(session, parts[0])
    parser.finish()
    return status(DONE, SET)


def use_database(session: Session, database: str) -> None:
    if session.catalog.find("database", "", "", database) is None:
        raise no_object("Database", quote(database))
    session.database = database
    session.schema = "PUBLIC" if session.catalog.find("schema", database, "", "PUBLIC") else None


def _use_schema(session: Session, parts: list[str]) -> None:
    database = parts[0] if len(parts) == 2 else session.need_database()
    session.catalog.schema(database, parts[-1])
    session.database, session.schema = database, parts[-1]


def _alter_session(session: Session, parser: QueryParser) -> Result:
    if parser.words("UNSET"):
        names = [parser.identifier()]
        while parser.op(","):
            names.append(parser.identifier())
        parser.finish()
        for name in names:
            set_parameter(session, name, parameters.DEFAULTS.get(name, ""))
        return status(DONE, SET)
    parser.need("SET")
    wanted: list[tuple[str, Any]] = []
    while parser.token.kind == NAME:
        name = parser.identifier()
        parser.need_op("=")
        token = parser.next()
        if token.kind not in (NAME, STRING, NUMBER):
            raise parser.error(token)
        wanted.append((name, token.value))
        parser.op(",")
    parser.finish()
    checked = [(name, parameters.parse_value(name, value)) for name, value in wanted]
    for name, value in checked:
        set_parameter(session, name, value)
    return status(DONE, SET)


def set_parameter(session: Session, name: str, value: Any) -> None:
    value = parameters.parse_value(name, value)
    if name == "AUTOCOMMIT":
        session.work.commit()  # "ALTER SESSION SET AUTOCOMMIT" ends the open transaction, as DDL does
    session.parameters[name] = value


def _show_parameters(session: Session, parser: QueryParser) -> Result:
    pattern = parser.string() if parser.words("LIKE") else "%"
    if parser.words("IN") or parser.words("FOR"):
        parser.need("SESSION")
    parser.finish()
    from local_warehouse.snowflake.objects.show import matches

    rows = []
    for name, default in parameters.DEFAULTS.items():
        if matches(name, pattern):
            value = session.parameters[name]
            kind = "BOOLEAN" if isinstance(default, bool) else "NUMBER" if isinstance(default, int) else "STRING"
            level = "" if value == default else "SESSION"
            rows.append([name, _shown(value), _shown(default), level, "", kind])
    names = ("key", "value", "default", "level", "description", "type")
    return listing(dict.fromkeys(names, TEXT), rows)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


RUNNERS = {
    ("BEGIN",): _begin,
    ("COMMIT",): _commit,
    ("ROLLBACK",): _rollback,
    ("START", "TRANSACTION"): _begin,
    ("USE",): _use,
    ("ALTER", "SESSION"): _alter_session,
    ("SHOW", "PARAMETERS"): _show_parameters,
}
