"""GRANT and REVOKE of privileges, ownership and roles; DROP ROLE.

https://docs.snowflake.com/en/sql-reference/sql/grant-privilege  https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
"""

from __future__ import annotations

from dataclasses import dataclass

from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import SqlError, Unsupported, compilation, no_object
from local_warehouse.snowflake.grammar.lexer import NAME
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Entry, quote

DONE = "Statement executed successfully."
KINDS = {
    ("FILE", "FORMAT"): "format", ("STORAGE", "INTEGRATION"): "integration", ("INTEGRATION",): "integration",
    ("DATABASE",): "database", ("SCHEMA",): "schema", ("TABLE",): "table", ("VIEW",): "view", ("STAGE",): "stage",
    ("WAREHOUSE",): "warehouse", ("ROLE",): "role", ("USER",): "user", ("ACCOUNT",): "account",
}  # fmt: skip
PLURALS = {
    ("FILE", "FORMATS"): "format", ("SCHEMAS",): "schema", ("TABLES",): "table", ("VIEWS",): "view",
    ("STAGES",): "stage",
}  # fmt: skip


@dataclass
class _On:
    """What stands behind ON: objects that are there, or those of a kind that will come into a container."""

    kind: str
    entries: list[Entry]
    future: Entry | None = None


def read_kind(parser: QueryParser, table: dict[tuple[str, ...], str]) -> str:
    for words, kind in table.items():
        if parser.words(*words):
            return kind
    raise Unsupported(f"GRANT or REVOKE ON {parser.token.value}")


def object_named(session: Session, parser: QueryParser, kind: str) -> Entry:
    """The object of a kind whose name comes next; SqlError if the role does not see it."""
    if kind == "account":
        return grants.ACCOUNT
    parts = parser.qualified()
    if kind == "schema":
        database = parts[0] if len(parts) == 2 else session.need_database()
        return session.schema_entry(database, parts[-1])
    if kind in ("database", "warehouse", "role", "user"):
        found = session.catalog.find(kind, "", "", parts[-1])
        if found is None or not (kind in ("role", "user") or session.sees(found)):
            raise no_object(kind.capitalize(), quote(parts[-1]))
        return found
    found = session.find(kind, parts)
    if kind in ("table", "view") and found.kind != kind:
        raise compilation(f"Object found is of type '{found.kind.upper()}', specified type '{kind.upper()}'", 2203)
    return found


def _privileges(parser: QueryParser) -> list[str]:
    """The privileges up to ON, each of one or more words."""
    found: list[str] = []
    while True:
        words: list[str] = []
        while parser.token.kind == NAME and not parser.is_word("ON"):
            words.append(parser.next().value)
        found.append(" ".join(words))
        if not parser.op(","):
            return found


def _on(session: Session, parser: QueryParser) -> _On:
    parser.need("ON")
    future = parser.words("FUTURE")
    if not future and not parser.words("ALL"):
        kind = read_kind(parser, KINDS)
        return _On(kind, [object_named(session, parser, kind)])
    kind = read_kind(parser, PLURALS)
    parser.need("IN")
    container = object_named(session, parser, read_kind(parser, {("SCHEMA",): "schema", ("DATABASE",): "database"}))
    if future:
        return _On(kind, [], container)
    place = (container.database, container.name) if container.kind == "schema" else (container.name,)
    inside = [
        entry
        for entry in session.catalog.all(kind, session.id)
        if (entry.database, entry.schema)[: len(place)] == place and entry.session is None
    ]
    return _On(kind, inside)


def _expanded(privileges: list[str], kind: str) -> list[str]:
    known = grants.PRIVILEGES[kind]
    if privileges in (["ALL"], ["ALL PRIVILEGES"]):
        return list(known)
    if wrong := [one for one in privileges if one not in (*known, grants.OWNERSHIP)]:
        raise Unsupported(f"privilege {wrong[0]} on {grants.shown(kind)}")
    return privileges


def role_named(session: Session, name: str) -> Entry:
    found = grants.role_entry(session.catalog, name)
    if found is None:
        raise no_object("Role", quote(name))
    return found


def _check_granting(session: Session, on: _On) -> None:
    """Who owns an object grants on it, or who has MANAGE GRANTS; of what is to come, MANAGE GRANTS alone."""
    if session.may("MANAGE GRANTS", grants.ACCOUNT):
        return
    if on.future is not None:
        raise grants.refusal(session.role, "MANAGE GRANTS", grants.ACCOUNT, session.account)
    for entry in on.entries:
        session.demand(grants.OWNERSHIP, entry)


def _grant(session: Session, parser: QueryParser) -> Result:
    session.work.commit()
    if parser.words("ROLE"):
        return _change_role(session, parser, granted=True)
    if parser.words("OWNERSHIP"):
        return _give_ownership(session, parser)
    privileges = _privileges(parser)
    on = _on(session, parser)
    privileges = _expanded(privileges, on.kind)
    parser.need("TO")
    parser.words("ROLE")
    role = role_named(session, parser.identifier())
    if parser.is_word("WITH"):
        raise Unsupported("WITH GRANT OPTION")
    parser.finish()
    _check_granting(session, on)
    _save(session, role, privileges, on, granted=True)
    return status(DONE)


def _revoke(session: Session, parser: QueryParser) -> Result:
    session.work.commit()
    if parser.words("ROLE"):
        return _change_role(session, parser, granted=False)
    privileges = _privileges(parser)
    on = _on(session, parser)
    privileges = _expanded(privileges, on.kind)
    if grants.OWNERSHIP in privileges and on.future is None:
        raise Unsupported("REVOKE OWNERSHIP")
    parser.need("FROM")
    parser.words("ROLE")
    role = role_named(session, parser.identifier())
    if not parser.words("CASCADE"):
        parser.words("RESTRICT")
    parser.finish()
    _check_granting(session, on)
    _save(session, role, privileges, on, granted=False)
    return status(DONE)


def _save(session: Session, role: Entry, privileges: list[str], on: _On, granted: bool) -> None:
    catalog = session.catalog
    with session.engine.ddl() as cursor:
        for entry in on.entries:
            role = role_named(session, role.name)
            (grants.give if granted else grants.take)(catalog, cursor, role, privileges, entry)
        if on.future is not None:
            changed = [[privilege, on.kind, on.future.id] for privilege in privileges]
            role = role.draft()
            kept = [one for one in role.body.get("future", []) if one not in changed]
            role.body["future"] = kept + changed if granted else kept
            catalog.save(cursor, role)


def _give_ownership(session: Session, parser: QueryParser) -> Result:
    on = _on(session, parser)
    parser.need("TO")
    parser.words("ROLE")
    role = role_named(session, parser.identifier())
    copied = parser.words("COPY", "CURRENT", "GRANTS")
    revoked = not copied and parser.words("REVOKE", "CURRENT", "GRANTS")
    parser.finish()
    _check_granting(session, on)
    if on.future is not None:
        _save(session, role, [grants.OWNERSHIP], on, granted=True)
        return status(DONE)
    for entry in on.entries:
        there = grants.grants_on(session.catalog, entry)
        if there and not copied and not revoked:
            privilege, other = there[0]
            raise SqlError(
                f"SQL execution error: Dependent grant of privilege '{privilege}' on securable '{entry.full_name}' to "
                f"role '{other.name}' exists. It must be revoked first, or use COPY or REVOKE CURRENT GRANTS.",
                3036,
                "42501",
            )
        with session.engine.ddl() as cursor:
            for privilege, other in there if revoked else ():
                grants.take(session.catalog, cursor, role_named(session, other.name), [privilege], entry)
            entry = entry.draft()
            entry.owner = role.name
            session.catalog.save(cursor, entry)
    return status(DONE)


def _change_role(session: Session, parser: QueryParser, granted: bool) -> Result:
    """GRANT ROLE r TO ROLE | USER x, and REVOKE .. FROM."""
    role = role_named(session, parser.identifier())
    parser.need("TO" if granted else "FROM")
    if not parser.is_word("ROLE", "USER"):
        raise parser.error()
    kind = parser.next().value.lower()
    holder = object_named(session, parser, kind).draft()
    parser.finish()
    if not session.may("MANAGE GRANTS", grants.ACCOUNT):
        session.demand(grants.OWNERSHIP, role)
    if kind == "role" and granted and any(e.id == holder.id for e in grants.closure(session.catalog, [role.name])):
        raise compilation(f"Role '{quote(role.name)}' cannot be granted to a role that is granted to it", 3028, "42601")
    kept = [one for one in holder.body.get("roles", []) if one != role.id]
    holder.body["roles"] = [*kept, role.id] if granted else kept
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, holder)
    return status(DONE)


def _drop_role(session: Session, parser: QueryParser) -> Result:
    if_exists = parser.words("IF", "EXISTS")
    name = parser.identifier()
    parser.finish()
    session.work.commit()
    if if_exists and grants.role_entry(session.catalog, name) is None:
        return status(f"Drop statement executed successfully ({name} already dropped).")
    role = role_named(session, name)
    session.demand(grants.OWNERSHIP, role)
    if role.body.get("super") or name == grants.PUBLIC:
        raise Unsupported(f"DROP ROLE {name}")
    with session.engine.ddl() as cursor:
        for entry in list(session.catalog.entries.values()):
            if entry.owner == name:  # what it owned becomes that of the role which drops it
                entry = entry.draft()
                entry.owner = session.role
                session.catalog.save(cursor, entry)
        session.catalog.remove(cursor, role)
    return status(f"{name} successfully dropped.")


RUNNERS: Runners = {
    ("GRANT",): _grant,
    ("REVOKE",): _revoke,
    ("DROP", "ROLE"): _drop_role,
}
