"""SHOW GRANTS and SHOW ROLES.

https://docs.snowflake.com/en/sql-reference/sql/show-grants
"""

from __future__ import annotations

from typing import Any

from local_warehouse.snowflake.bind.results import Result, listing
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import Unsupported
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects.grants import KINDS, object_named, read_kind, role_named
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Entry
from local_warehouse.snowflake.values.types import LTZ, TEXT

_GRANTS = {
    "created_on": LTZ, "privilege": TEXT, "granted_on": TEXT, "name": TEXT, "granted_to": TEXT, "grantee_name": TEXT,
    "grant_option": TEXT, "granted_by": TEXT,
}  # fmt: skip


def _line(privilege: str, entry: Entry, role: str) -> list[Any]:
    name = entry.full_name or "LOCAL"
    return [
        f"{entry.created:.9f}", privilege, grants.shown(entry.kind).replace(" ", "_"), name, "ROLE", role, "false", "",
    ]  # fmt: skip


def _show_grants(session: Session, parser: QueryParser) -> Result:
    """SHOW GRANTS ON <object>, SHOW GRANTS TO ROLE r."""
    catalog = session.catalog
    if parser.words("ON"):
        entry = object_named(session, parser, read_kind(parser, KINDS))
        parser.finish()
        rows = [_line(grants.OWNERSHIP, entry, entry.owner)] if entry.owner else []
        rows += [_line(privilege, entry, role.name) for privilege, role in grants.grants_on(catalog, entry)]
        return listing(_GRANTS, rows)
    if not parser.words("TO", "ROLE"):
        raise Unsupported("SHOW GRANTS other than ON <object> or TO ROLE")
    role = role_named(session, parser.identifier())
    parser.finish()
    by_id = {entry.id: entry for entry in catalog.entries.values()} | {0: grants.ACCOUNT}
    rows = [_line(grants.OWNERSHIP, entry, role.name) for entry in by_id.values() if entry.owner == role.name]
    rows += [_line(one, by_id[id_], role.name) for one, id_ in role.body.get("grants", ()) if id_ in by_id]
    rows += [_line("USAGE", by_id[id_], role.name) for id_ in role.body.get("roles", ()) if id_ in by_id]
    return listing(_GRANTS, rows)


def _show_roles(session: Session, parser: QueryParser) -> Result:
    parser.finish()
    names = ("created_on", "name", "is_current", "owner", "comment")
    rows = [
        [f"{e.created:.9f}", e.name, "Y" if e.name == session.role else "N", e.owner, e.comment or ""]
        for e in session.catalog.all("role")
    ]
    return listing({**dict.fromkeys(names, TEXT), "created_on": LTZ}, rows)


RUNNERS: Runners = {
    ("SHOW", "GRANTS"): _show_grants,
    ("SHOW", "ROLES"): _show_roles,
}
