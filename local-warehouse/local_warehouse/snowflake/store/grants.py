"""Who may do what: privileges of roles on objects, ownership, roles in roles, future grants.

Grants are kept in the entry of the role that has them, by the id of the object, so they stay with it through a rename
and go with it when it is dropped or replaced. The owner's role may do everything with an object.
https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.store.catalog import Catalog, Entry, quote

PUBLIC = "PUBLIC"
OWNERSHIP = "OWNERSHIP"
ACCOUNT = Entry("account", "", "", "", id=0)
# Kind of object -> its privileges, less OWNERSHIP, which all have.
PRIVILEGES: dict[str, tuple[str, ...]] = {
    "account": (
        "CREATE DATABASE", "CREATE ROLE", "CREATE USER", "CREATE INTEGRATION", "MANAGE GRANTS",
    ),
    "database": ("USAGE", "MODIFY", "MONITOR", "CREATE SCHEMA"),
    "schema": (
        "USAGE", "MODIFY", "MONITOR", "CREATE TABLE", "CREATE VIEW", "CREATE STAGE", "CREATE FILE FORMAT",
    ),
    "table": ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES"),
    "view": ("SELECT", "REFERENCES"),
    "stage": ("USAGE", "READ", "WRITE"),
    "format": ("USAGE",),
    "integration": ("USAGE",),
    "warehouse": ("USAGE", "OPERATE", "MODIFY", "MONITOR"),
    "role": (),
    "user": (),
}  # fmt: skip
SHOWN = {"format": "FILE FORMAT", "integration": "INTEGRATION"}


def shown(kind: str) -> str:
    return SHOWN.get(kind, kind.upper())


def role_entry(catalog: Catalog, name: str) -> Entry | None:
    return catalog.find("role", "", "", name)


def closure(catalog: Catalog, names: Iterable[str]) -> Iterator[Entry]:
    """The roles of these names with all that were granted to them, PUBLIC too."""
    by_id = {entry.id: entry for entry in catalog.all("role")}
    open_ = [entry for name in (*names, PUBLIC) if (entry := role_entry(catalog, name)) is not None]
    seen: set[int] = set()
    while open_:
        entry = open_.pop()
        if entry.id not in seen:
            seen.add(entry.id)
            open_ += [by_id[id_] for id_ in entry.body.get("roles", ()) if id_ in by_id]
            yield entry


def is_super(catalog: Catalog, role: str) -> bool:
    """Whether a role may do everything: the role that the stand-in was started with."""
    entry = role_entry(catalog, role)
    return entry is not None and bool(entry.body.get("super"))


def privileges_on(catalog: Catalog, names: Iterable[str], entry: Entry) -> set[str]:
    """What these roles, with those in them, may do with an object."""
    found: set[str] = set()
    for role in closure(catalog, names):
        if role.body.get("super") or (entry.kind != "account" and entry.owner == role.name):
            return {*PRIVILEGES[entry.kind], OWNERSHIP}
        found |= {privilege for privilege, id_ in role.body.get("grants", ()) if id_ == entry.id}
    return found


def containers(catalog: Catalog, entry: Entry) -> list[Entry]:
    """The database and the schema around an object."""
    around = []
    if entry.database:
        around.append(catalog.find("database", "", "", entry.database))
        if entry.schema:
            around.append(catalog.find("schema", entry.database, "", entry.schema))
    return [one for one in around if one is not None]


def sees(catalog: Catalog, names: Iterable[str], entry: Entry) -> bool:
    """Whether an object is there for these roles: a privilege on it, on its schema and on its database, any of them."""
    names = list(names)
    if any(is_super(catalog, name) for name in names):
        return True
    if entry.session is not None:
        return True
    return all(privileges_on(catalog, names, one) for one in (*containers(catalog, entry), entry))


def refusal(role: str, privilege: str, entry: Entry, account: str) -> SqlError:
    """The error of an object that the role sees and may not use so."""
    name = account if entry.kind == "account" else entry.name
    full = account if entry.kind == "account" else entry.full_name
    kind = shown(entry.kind)
    return SqlError(
        f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'.\n"
        f"Your primary role {quote(role)} must have {privilege} granted on {kind} {full}.",
        3001,
        "42501",
    )


def may(catalog: Catalog, names: Iterable[str], privilege: str, entry: Entry) -> bool:
    return entry.session is not None or privilege in privileges_on(catalog, names, entry)


def give(catalog: Catalog, cursor: Any, role: Entry, privileges: Iterable[str], entry: Entry) -> None:
    """Grant privileges on an object to a role."""
    role = role.draft()
    kept = role.body.setdefault("grants", [])
    kept += [[privilege, entry.id] for privilege in privileges if [privilege, entry.id] not in kept]
    catalog.save(cursor, role)


def take(catalog: Catalog, cursor: Any, role: Entry, privileges: Iterable[str], entry: Entry) -> None:
    """Revoke privileges on an object from a role."""
    role = role.draft()
    gone = [[privilege, entry.id] for privilege in privileges]
    role.body["grants"] = [one for one in role.body.get("grants", []) if one not in gone]
    catalog.save(cursor, role)


def grants_on(catalog: Catalog, entry: Entry) -> list[tuple[str, Entry]]:
    """Privilege and role of all that was granted on an object."""
    return [
        (privilege, role)
        for role in catalog.all("role")
        for privilege, id_ in role.body.get("grants", ())
        if id_ == entry.id
    ]


def copy_grants(catalog: Catalog, cursor: Any, old: Entry, new: Entry) -> None:
    """Grant on what takes the place of an object what was granted on that (COPY GRANTS); never its ownership."""
    for privilege, role in grants_on(catalog, old):
        if privilege != OWNERSHIP:
            give(catalog, cursor, catalog.find("role", "", "", role.name) or role, [privilege], new)


def apply_future(catalog: Catalog, cursor: Any, entry: Entry) -> None:
    """Grant on a new object what was granted on those to come: what the schema says goes before the database.

    https://docs.snowflake.com/en/user-guide/security-access-control-configure (future grants)
    """
    around = {one.id: one.kind for one in containers(catalog, entry)}
    found: dict[str, list[tuple[Entry, str]]] = {"schema": [], "database": []}
    for role in catalog.all("role"):
        for privilege, kind, id_ in role.body.get("future", ()):
            if kind == entry.kind and id_ in around:
                found[around[id_]].append((role, privilege))
    for role, privilege in found["schema"] or found["database"]:
        if privilege == OWNERSHIP:
            entry.owner = role.name
            catalog.save(cursor, entry)
        else:
            give(catalog, cursor, catalog.find("role", "", "", role.name) or role, [privilege], entry)
