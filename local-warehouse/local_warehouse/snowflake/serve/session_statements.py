"""Statements about the session: transactions and USE."""

from __future__ import annotations

from local_warehouse.snowflake.bind.results import SET, TCL, Result, status
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.errors import no_object
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.store.catalog import quote

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
        session.secondary = parser.next().value == "ALL"
    elif parser.words("ROLE"):
        role = parser.identifier()
        if role not in session.granted:
            raise no_object("Role", quote(role))
        session.role = role
    elif parser.words("WAREHOUSE"):
        warehouse = parser.identifier()
        found = session.catalog.find("warehouse", "", "", warehouse)
        if found is None or not session.sees(found):
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
    found = session.catalog.find("database", "", "", database)
    if found is None or not session.sees(found):
        raise no_object("Database", quote(database))
    session.database = database
    public = session.catalog.find("schema", database, "", "PUBLIC")
    session.schema = "PUBLIC" if public is not None and session.sees(public) else None


def _use_schema(session: Session, parts: list[str]) -> None:
    database = parts[0] if len(parts) == 2 else session.need_database()
    session.schema_entry(database, parts[-1])
    session.database, session.schema = database, parts[-1]


RUNNERS = {
    ("BEGIN",): _begin,
    ("COMMIT",): _commit,
    ("ROLLBACK",): _rollback,
    ("START", "TRANSACTION"): _begin,
    ("USE",): _use,
}
