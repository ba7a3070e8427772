"""CREATE and DROP of roles and users.

https://docs.snowflake.com/en/sql-reference/sql/create-user
"""

from __future__ import annotations

from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import Unsupported, compilation, no_object
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects.ddl_objects import Create, Creators
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Entry, quote

TYPES = ("PERSON", "SERVICE", "LEGACY_SERVICE")


def _save(session: Session, create: Create, entry: Entry, what: str) -> Result:
    old = session.catalog.find(entry.kind, "", "", entry.name)
    if old is not None and create.if_not_exists:
        return status(f"{entry.name} already exists, statement succeeded.")
    if old is not None and create.replace:
        raise Unsupported(f"CREATE OR REPLACE {what.upper()}")
    session.catalog.free(entry.kind, "", "", entry.name, None)
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)
    return status(f"{what} {entry.name} successfully created.")


def _role(session: Session, parser: QueryParser, create: Create) -> Result:
    name = parser.identifier()
    properties = Properties(read(parser))
    comment = properties.text("COMMENT")
    properties.finish("ROLE")
    parser.finish()
    session.demand("CREATE ROLE", grants.ACCOUNT)
    return _save(session, create, Entry("role", "", "", name, comment=comment, owner=session.role), "Role")


def _user(session: Session, parser: QueryParser, create: Create) -> Result:
    name = parser.identifier()
    properties = Properties(read(parser))
    secondary = properties.texts("DEFAULT_SECONDARY_ROLES")
    kind = properties.word("TYPE", TYPES) or "PERSON"
    body = {
        "password": properties.text("PASSWORD"),
        "role": (properties.name("DEFAULT_ROLE") or [grants.PUBLIC])[-1],
        "public_keys": [key for key in (properties.text("RSA_PUBLIC_KEY"), properties.text("RSA_PUBLIC_KEY_2")) if key],
        "secondary": secondary != [],  # ('ALL') by default
    }
    if body["password"] is not None and kind == "SERVICE":
        raise compilation("a user of TYPE = SERVICE has no password", 1420, "22023")
    if properties.flag("MUST_CHANGE_PASSWORD"):
        raise Unsupported("MUST_CHANGE_PASSWORD = TRUE")
    comment = properties.text("COMMENT")
    properties.finish("USER")
    parser.finish()
    session.demand("CREATE USER", grants.ACCOUNT)
    return _save(session, create, Entry("user", "", "", name, comment=comment, owner=session.role, body=body), "User")


def _drop_user(session: Session, parser: QueryParser) -> Result:
    if_exists = parser.words("IF", "EXISTS")
    name = parser.identifier()
    parser.finish()
    session.work.commit()
    entry = session.catalog.find("user", "", "", name)
    if entry is None and not if_exists:
        raise no_object("User", quote(name))
    if entry is not None:
        session.demand(grants.OWNERSHIP, entry)
        with session.engine.ddl() as cursor:
            session.catalog.remove(cursor, entry)
    return status(f"{name} successfully dropped.")


CREATORS: Creators = {("ROLE",): _role, ("USER",): _user}
RUNNERS: Runners = {("DROP", "USER"): _drop_user}
