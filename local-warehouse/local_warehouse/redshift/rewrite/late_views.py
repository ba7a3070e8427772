"""What is a late-binding view?  A text that is read again whenever the view is named.

PostgreSQL binds a view when it is made. So WITH NO SCHEMA BINDING makes a placeholder that carries name, owner and
rights, and keeps the query in rs_late_view; a statement that names the view gets the query in its place.
Source: r_CREATE_VIEW
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local_warehouse.redshift.errors import RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, text_of, tokens_of, words
from local_warehouse.redshift.grammar.references import last_part, references
from local_warehouse.redshift.postgres.connection import literal
from local_warehouse.redshift.rewrite.plans import Plan

Ask = Callable[[str], list[list[str | None]]]

UNQUALIFIED = "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING."
MAX_DEPTH = 50
_PARTS = re.compile(r'"(?:[^"]|"")*"|[^".]+')
# What may follow a table's name and is no alias of it.
NO_ALIAS = words(
    """
    WHERE GROUP HAVING ORDER LIMIT OFFSET UNION INTERSECT EXCEPT MINUS JOIN INNER LEFT RIGHT FULL CROSS NATURAL ON
    USING WHEN SET WITH
    """
)
# What shows the columns of late-binding views.
SHOWING = words("SVV_COLUMNS SVV_ALL_COLUMNS SVV_REDSHIFT_COLUMNS PG_GET_LATE_BINDING_VIEW_COLS")


@dataclass
class LateViews:
    """The late-binding views as one session sees them; `names` is shared by all and may hold more than there are.

    `hold` takes the lock of a reader on a view, up to the end of the transaction, so that a replacement waits.
    """

    names: set[str]
    ask: Ask = field(repr=False)
    hold: Callable[[str], None] = field(repr=False)

    def definition(self, name: str) -> str | None:
        """The query of the late-binding view of this name, if it is one; raises where it may not be read."""
        if last_part(name) not in self.names:
            return None
        rows = self.ask(
            "SELECT definition, has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')"
            " FROM pg_catalog.rs_late_view v, pg_class c, pg_namespace n"
            f" WHERE c.oid = v.view_id AND n.oid = relnamespace AND {_is(name)}"
        )
        if rows and rows[0][1] != "t":
            raise RedshiftError("42501", f"permission denied for relation {last_part(name)}")
        return rows[0][0] if rows else None

    def expand(self, significant: list[Token], depth: int = 0, holds: bool = True) -> list[str]:
        """Put the queries of late-binding views in their place; the names of the tables that are left."""
        tables = []
        for reference in references(significant):
            query = self.definition(reference.name)
            if query is not None and holds:
                self.hold(reference.name)
                query = self.definition(reference.name)  # as it is once a replacement under way has ended
            if query is None:
                tables.append(reference.name)
                continue
            if depth == MAX_DEPTH:
                raise RedshiftError("42P17", f'infinite recursion detected in view "{reference.last_part}"')
            tokens = tokens_of(query)
            if holds:
                self._refuse_owner(reference.name, tokens)
            tables += self.expand([token for token in tokens if token.kind != "space"], depth + 1, holds)
            alias = "" if has_alias(significant, reference.end) else f" AS {_last_text(reference.name)}"
            significant[reference.start].text = f"({text_of(tokens)}){alias}"
            for token in significant[reference.start + 1 : reference.end]:
                token.text = ""
        return tables

    def _refuse_owner(self, view: str, tokens: list[Token]) -> None:
        """Refuse a view whose owner may not read what it reads (r_CREATE_VIEW)."""
        read = [one.name for one in references([token for token in tokens if token.kind != "space"]) if one.qualified]
        listed = ", ".join(map(literal, read))
        refused = self.ask(
            f"SELECT name FROM pg_class c, pg_namespace n, unnest(ARRAY[{listed}]::text[]) AS name"
            f" WHERE n.oid = relnamespace AND {_is(view)}"
            f" AND NOT has_table_privilege(relowner, to_regclass(name), 'SELECT')"
        )
        if refused:
            raise RedshiftError("42501", f"permission denied for relation {last_part(str(refused[0][0]))}")

    def expanded(self, query: str) -> str:
        tokens = tokens_of(query)
        self.expand([token for token in tokens if token.kind != "space"], holds=False)
        return text_of(tokens)

    def describe(self) -> list[str]:
        """The statement that puts the columns of all late-binding views where the system views find them."""
        if not self.names:
            return []
        rows = self.ask("SELECT view_id, definition FROM pg_catalog.rs_late_view JOIN pg_class ON oid = view_id")
        views = ", ".join(str(view) for view, _ in rows)
        queries = ", ".join(literal(self._readable(str(query))) for _, query in rows)
        return [f"SELECT pg_catalog.rs_describe_late(ARRAY[{views}]::oid[], ARRAY[{queries}]::text[])"]

    def _readable(self, query: str) -> str:
        try:
            return self.expanded(query)
        except RedshiftError:
            return ""


def _is(name: str) -> str:
    """The condition that a table has this name; to_regclass() fails where the user may not use the schema."""
    parts = [part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in _PARTS.findall(name)]
    if len(parts) == 1:
        return f"c.oid = to_regclass({literal(name)})"
    return f"relname = {literal(parts[-1])} AND nspname = {literal(parts[-2])}"


def has_alias(significant: Sequence[Token], after: int) -> bool:
    if after >= len(significant):
        return False
    token = significant[after]
    return token.kind == "quoted" or (token.kind == "word" and token.text.upper() not in NO_ALIAS)


def _last_text(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def create_view(tokens: list[Token], views: LateViews) -> Plan:
    """How CREATE [OR REPLACE] VIEW is carried out."""
    significant = [token for token in tokens if token.kind != "space"]
    reader = Reader(significant)
    reader.accept("CREATE")
    replaces = reader.accept("OR", "REPLACE")
    reader.accept("VIEW")
    name = reader.next().text
    while reader.accept("."):
        name += "." + reader.next().text
    columns = ""
    if reader.sees("("):
        columns = f" ({' '.join(token.text for token in reader.group())})"
    if not reader.accept("AS"):
        raise syntax_error(reader.peek().text)
    temporary = "TEMPORARY " if name.strip('"').startswith("#") else ""
    head = f"CREATE {'OR REPLACE ' if replaces else ''}{temporary}VIEW {name}"
    query = significant[reader.at :]
    if [token.word() for token in query[-4:]] == ["WITH", "NO", "SCHEMA", "BINDING"]:
        return _create_late(head, name, columns, query[:-4], views if replaces else None)
    # A view over a late-binding view keeps the query that this one has now.
    views.expand(query)
    body = " ".join(token.text for token in query)
    checked = literal(name)
    before = [f"SELECT pg_catalog.rs_before_view({checked})"] if replaces else []
    return Plan([f"{head}{columns} AS {body}", f"SELECT pg_catalog.rs_after_view({checked})"], before=before)


def _create_late(head: str, name: str, columns: str, query: list[Token], replaced: LateViews | None) -> Plan:
    if any(token.word() == "RECURSIVE" for token in query):
        raise RedshiftError("0A000", "Recursive CTE is not supported in a late-binding view.")
    found = references(query)
    if not all(reference.qualified for reference in found):
        raise RedshiftError("0A000", UNQUALIFIED)
    schemas = ", ".join(sorted({literal(reference.name.split(".")[-2]) for reference in found}))
    text = " ".join(token.text for token in query)
    if columns:
        text = f"SELECT * FROM ({text}) AS {_last_text(name)}{columns}"
    before = [f"SELECT pg_catalog.rs_require_schemas(ARRAY[{schemas}]::text[])"]
    old = replaced.definition(name) if replaced else None
    if replaced and old is not None:
        both = ", ".join(literal(replaced.expanded(each)) for each in (old, text))
        before.append(f"SELECT pg_catalog.rs_same_columns({both})")
    keep = f"SELECT pg_catalog.rs_keep_late({literal(name)}, {literal(text)})"
    placeholder = f"{head} AS SELECT WHERE pg_catalog.rs_unbound({literal(last_part(name))})"
    return Plan([placeholder, keep], before=before, late_view=last_part(name))


def show_view(tokens: list[Token]) -> Plan:
    """How SHOW VIEW is carried out (r_SHOW_VIEW)."""
    reader = Reader([token for token in tokens if token.kind != "space"])
    reader.accept("SHOW", "VIEW")
    name = reader.next().text
    while reader.accept("."):
        name += "." + reader.next().text
    if not reader.ended():
        raise syntax_error(reader.peek().text)
    query = (
        'SELECT coalesce(definition, pg_get_viewdef(c.oid)) AS "Show View DDL statement" FROM pg_catalog.pg_class c'
        " LEFT JOIN pg_catalog.rs_late_view ON view_id = c.oid"
        f" WHERE c.oid = {literal(name)}::regclass AND relkind = 'v'"
    )
    return Plan([query], tag="SHOW")
