"""Parameters on three levels: what the account says holds for its users, what a user says for its sessions.

A session takes the values of account and user when it begins; whether one that runs already would follow a change the
page does not say.
https://docs.snowflake.com/en/sql-reference/parameters (parameter hierarchy and types)
"""

from __future__ import annotations

from typing import Any

from local_warehouse.snowflake.bind.results import SET, Result, listing, status
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import no_object
from local_warehouse.snowflake.grammar.lexer import NAME, NUMBER, STRING
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects.show import matches
from local_warehouse.snowflake.serve import parameters
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Catalog, Entry, quote
from local_warehouse.snowflake.values.types import TEXT

DONE = "Statement executed successfully."
LEVELS = ("account", "user")
_SHOWN = ("key", "value", "default", "level", "description", "type")


def holder(catalog: Catalog, level: str, name: str) -> Entry:
    """What keeps the parameters of the account or of a user."""
    return catalog.find(level, "", "", name) or Entry(level, "", "", name)


def inherited(catalog: Catalog, user: str) -> dict[str, tuple[str, Any]]:
    """Parameter -> level and value, where the account or the user has one; the user's goes first."""
    found: dict[str, tuple[str, Any]] = {}
    for level, name in zip(LEVELS, ("", user), strict=True):
        for parameter, value in holder(catalog, level, name).body.get("parameters", {}).items():
            found[parameter] = (level.upper(), value)
    return found


def assignments(parser: QueryParser) -> list[tuple[str, Any]]:
    """`name = value [,] ...` up to the end of the statement."""
    found: list[tuple[str, Any]] = []
    while parser.token.kind == NAME:
        name = parser.identifier()
        parser.need_op("=")
        token = parser.next()
        if token.kind not in (NAME, STRING, NUMBER):
            raise parser.error(token)
        found.append((name, token.value))
        parser.op(",")
    parser.finish()
    return found


def names(parser: QueryParser) -> list[str]:
    """`name, ...` up to the end of the statement."""
    found = [parser.identifier()]
    while parser.op(","):
        found.append(parser.identifier())
    parser.finish()
    return found


def change(session: Session, parser: QueryParser, entry: Entry) -> None:
    """SET or UNSET parameters of an account or a user."""
    kept = dict(entry.body.get("parameters", {}))
    if parser.words("UNSET"):
        for name in names(parser):
            parameters.parse_value(name, parameters.DEFAULTS.get(name, ""))
            kept.pop(name, None)
    else:
        parser.need("SET")
        kept.update({name: parameters.parse_value(name, value) for name, value in assignments(parser)})
    entry = entry.draft()
    entry.body["parameters"] = kept
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)


def _alter_account(session: Session, parser: QueryParser) -> Result:
    session.work.commit()
    session.demand(grants.OWNERSHIP, grants.ACCOUNT)
    change(session, parser, holder(session.catalog, "account", ""))
    return status(DONE, SET)


def _alter_session(session: Session, parser: QueryParser) -> Result:
    if parser.words("UNSET"):
        wanted = [
            (name, session.inherited.get(name, ("", parameters.DEFAULTS.get(name, "")))[1]) for name in names(parser)
        ]
    else:
        parser.need("SET")
        wanted = assignments(parser)
    for name, value in [(name, parameters.parse_value(name, value)) for name, value in wanted]:
        set_parameter(session, name, value)
    return status(DONE, SET)


def set_parameter(session: Session, name: str, value: Any) -> None:
    value = parameters.parse_value(name, value)
    if name == "AUTOCOMMIT":
        session.work.commit()  # "ALTER SESSION SET AUTOCOMMIT" ends the open transaction, as DDL does
    session.parameters[name] = value


def _show_parameters(session: Session, parser: QueryParser) -> Result:
    pattern = parser.string() if parser.words("LIKE") else "%"
    values, levels = session.parameters, {name: level for name, (level, _) in session.inherited.items()}
    if parser.words("IN") or parser.words("FOR"):
        if parser.words("ACCOUNT"):
            of_account = holder(session.catalog, "account", "").body.get("parameters", {})
            values, levels = {**parameters.DEFAULTS, **of_account}, dict.fromkeys(of_account, "ACCOUNT")
        elif parser.words("USER"):
            user = parser.identifier()
            if session.catalog.find("user", "", "", user) is None:
                raise no_object("User", quote(user))
            known = inherited(session.catalog, user)
            values = {**parameters.DEFAULTS, **{name: value for name, (_, value) in known.items()}}
            levels = {name: level for name, (level, _) in known.items()}
        else:
            parser.need("SESSION")
    parser.finish()
    rows = []
    for name, default in parameters.DEFAULTS.items():
        if matches(name, pattern):
            kind = "BOOLEAN" if isinstance(default, bool) else "NUMBER" if isinstance(default, int) else "STRING"
            own = values is session.parameters and values[name] != session.inherited.get(name, ("", default))[1]
            level = "SESSION" if own else levels.get(name, "")
            rows.append([name, _shown(values[name]), _shown(default), level, "", kind])
    return listing(dict.fromkeys(_SHOWN, TEXT), rows)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _alter_user(session: Session, parser: QueryParser) -> Result:
    user = parser.identifier()
    session.work.commit()
    entry = session.catalog.find("user", "", "", user)
    if entry is None:
        raise no_object("User", quote(user))
    session.demand(grants.OWNERSHIP, entry)
    change(session, parser, entry)
    return status(DONE, SET)


RUNNERS: Runners = {
    ("ALTER", "USER"): _alter_user,
    ("ALTER", "ACCOUNT"): _alter_account,
    ("ALTER", "SESSION"): _alter_session,
    ("SHOW", "PARAMETERS"): _show_parameters,
}
