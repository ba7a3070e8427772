"""One session: who, where, with which parameters and transaction; it runs statements one at a time."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.results import SELECT, Result, wire
from local_warehouse.snowflake.bind.scope import Bound, OutColumn
from local_warehouse.snowflake.bind.session import Context
from local_warehouse.snowflake.copy.stage_queries import staged_relation
from local_warehouse.snowflake.errors import SqlError, compilation, no_object
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.serve import levels, parameters
from local_warehouse.snowflake.serve.statements import run
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Catalog, Entry, quote
from local_warehouse.snowflake.store.engine import Engine
from local_warehouse.snowflake.store.stages import Cloud
from local_warehouse.snowflake.store.work import Shared, Step, Work
from local_warehouse.snowflake.values.types import row_type

MAX_NESTED_VIEWS = 20  # sql/create-view
KINDS = {
    "table": "Object", "view": "View", "stage": "Stage", "format": "File format", "integration": "Integration",
}  # fmt: skip


class ClientSession:
    """A logged-in client: all that `bind.session.Session` promises to statements, and their execution."""

    def __init__(
        self, number: int, engine: Engine, shared: Shared, cloud: Cloud, user: str, role: str, account: str
    ) -> None:
        self.id = number
        self.engine = engine
        self.catalog = engine.catalog
        self.cloud = cloud
        self.user, self.role, self.account = user, role, account
        self.secondary = False  # whether the rights of the user's other roles count
        self._owners: list[str] = []  # of the views around what is bound now, whose rights count for their tables
        self.warehouse: str | None = None
        self.database: str | None = None
        self.schema: str | None = None
        self.inherited = levels.inherited(engine.catalog, user)
        at_login = {name: value for name, (_, value) in self.inherited.items()}
        self.parameters: dict[str, Any] = {**parameters.DEFAULTS, **at_login}
        self.shared = shared
        self.work = Work(engine, shared)
        self.work.owner = self
        self.lock = threading.Lock()
        self.query_ids: list[str] = []
        self.results: dict[str, Result] = {}
        self.created = time.time()

    # Names

    def need_database(self) -> str:
        if self.database is None:
            raise compilation(
                "Cannot perform operation. This session does not have a current database. "
                "Call 'USE DATABASE', or use a qualified name.",
                90105,
                "22000",
            )
        return self.database

    def full_name(self, parts: list[str]) -> tuple[str, str, str]:
        """Database, schema and name that a name of one to three parts means here."""
        if len(parts) > 3:
            raise compilation(f"Invalid name {'.'.join(parts)}")
        database = parts[-3] if len(parts) == 3 else self.need_database()
        schema = parts[-2] if len(parts) > 1 else self.schema
        if schema == "":
            schema = "PUBLIC"
        if schema is None:
            raise compilation(
                "Cannot perform operation. This session does not have a current schema. "
                "Call 'USE SCHEMA', or use a qualified name.",
                90106,
                "22000",
            )
        return database, schema, parts[-1]

    def look_up(self, kind: str, parts: list[str]) -> Entry | None:
        """The entry of that name, None if there is none (also when its schema is missing)."""
        if kind == "integration":
            return self.catalog.find(kind, "", "", parts[-1])
        found = self.catalog.find(kind, *self.full_name(parts), self.id)
        return found if found is not None and self.sees(found) else None

    def find(self, kind: str, parts: list[str]) -> Entry:
        """The entry of that name or SqlError 002003, also where the roles do not see it. A view answers to `table`."""
        found = self.look_up(kind, parts)
        if found is None:
            if kind == "integration":
                raise no_object("Integration", quote(parts[-1]))
            database, schema, name = self.full_name(parts)
            self.schema_entry(database, schema)
            shown = ".".join(
                quote(p) for p in ((database, schema, name) if kind != "table" or len(parts) > 1 else (name,))
            )
            raise no_object(KINDS[kind], shown)
        return found

    def schema_entry(self, database: str, schema: str) -> Entry:
        """The schema, or SqlError 002003 where it is not there for the roles."""
        around = self.catalog.find("database", "", "", database)
        if around is None or not self.sees(around):
            raise no_object("Database", quote(database))
        found = self.catalog.schema(database, schema)
        if not self.sees(found):
            raise no_object("Schema", f"{quote(database)}.{quote(schema)}")
        return found

    # Rights

    @property
    def granted(self) -> set[str]:
        """The roles that the user may take."""
        return granted_roles(self.catalog, self.user) | {self.role}

    @property
    def _roles(self) -> list[str]:
        """The roles whose rights count now; in a view those of its owner."""
        if self._owners:
            return [self._owners[-1]]
        return [self.role, *(self.granted if self.secondary else ())]

    def sees(self, entry: Entry) -> bool:
        return grants.sees(self.catalog, self._roles, entry)

    def may(self, privilege: str, entry: Entry) -> bool:
        return grants.may(self.catalog, self._roles, privilege, entry)

    def demand(self, privilege: str, entry: Entry, *instead: str, primary: bool = False) -> None:
        """SqlError 003001 unless the roles (to create: the primary one) have the privilege, or one of `instead`."""
        roles = [self.role] if primary else self._roles
        if not any(grants.may(self.catalog, roles, one, entry) for one in (privilege, *instead)):
            raise grants.refusal(self.role, privilege, entry, self.account)

    # Statements

    def context(self) -> Context:
        now = time.time_ns()
        facts = {
            "now": now, "query_ids": self.query_ids[:-1], "CURRENT_USER": self.user, "CURRENT_ROLE": self.role,
            "CURRENT_DATABASE": self.database, "CURRENT_SCHEMA": self.schema, "CURRENT_WAREHOUSE": self.warehouse,
            "CURRENT_ACCOUNT": self.account, "CURRENT_ACCOUNT_NAME": self.account, "CURRENT_REGION": "LOCAL",
            "CURRENT_SESSION": self.id, "CURRENT_VERSION": "9.0.0", "CURRENT_ORGANIZATION_NAME": "LOCAL",
            "CURRENT_TRANSACTION": self.work.id,
        }  # fmt: skip
        return Context(parameters.settings(self.parameters), facts, self)

    def parser(self, text: str) -> QueryParser:
        folds = self.parameters["QUOTED_IDENTIFIERS_IGNORE_CASE"]
        return QueryParser(text, self.parameters["TIMESTAMP_TYPE_MAPPING"], folds)

    def bind_view(self, entry: Entry, context: Context) -> Bound:
        """A view's query, bound in the view's schema; an error if its columns are no longer those of the view."""
        bound = self.bind_in(entry, self.parser(entry.body["query"]).query(), context)
        if len(bound.columns) != len(entry.columns):
            raise compilation(
                f"View definition for '{entry.full_name}' declared {len(entry.columns)} column(s), "
                f"but view query produces {len(bound.columns)} column(s).",
                2037,
            )
        for i, (name, column) in enumerate(zip(entry.body["names"], bound.columns, strict=True)):
            if name != column.name:
                raise compilation(
                    f"View columns mismatch with view definition for view '{quote(entry.name)}', "
                    f"at column {i + 1} name is '{name}' but '{column.name}' is produced",
                    2057,
                )
        columns = [OutColumn(c.name, b.duck, b.type) for c, b in zip(entry.columns, bound.columns, strict=True)]
        return Bound(bound.sql, columns)

    def bind_in(self, view: Entry, query: ast.Query, context: Context) -> Bound:
        """Unqualified names in a view, and CURRENT_DATABASE and CURRENT_SCHEMA, mean the view's (sql/create-view)."""
        before, facts = (self.database, self.schema), context.facts
        if view.full_name in context.views:
            raise compilation(f"View definition refers to view being defined: {view.full_name}", 2122, "42601")
        if len(context.views) == MAX_NESTED_VIEWS:
            raise compilation(f"View nesting exceeds {MAX_NESTED_VIEWS} levels", 2252, "54000")
        self.database, self.schema = view.database, view.schema
        context.facts = {**facts, "CURRENT_DATABASE": view.database, "CURRENT_SCHEMA": view.schema}
        context.views.append(view.full_name)
        self._owners.append(view.owner)
        try:
            return QueryBinder(context).bind(query)
        finally:
            context.views.pop()
            self._owners.pop()
            context.facts = facts
            self.database, self.schema = before

    def staged(self, node: ast.Staged, context: Context) -> tuple[str, list[OutColumn]]:
        """The files of a stage as a relation in FROM."""
        return staged_relation(self, node, context)

    def row_count(self, entry: Entry) -> int:
        return int(self.work.query(f"SELECT count(*) FROM {entry.duck}")[0][0])

    def need_warehouse(self) -> None:
        """Queries of tables, DML and COPY run in a warehouse (user-guide/warehouses-overview)."""
        found = self.warehouse and self.catalog.find("warehouse", "", "", self.warehouse)
        if not found or not self.may("USAGE", found):
            raise SqlError(
                "No active warehouse selected in the current session.  Select an active warehouse with the "
                "'use warehouse' command.",
                606,
                "57P03",
            )

    def select(self, bound: Bound, context: Context) -> Result:
        if context.reads or context.registered:
            self.need_warehouse()
        listed = ", ".join(f"{wire(column)} AS {column.duck}" for column in bound.columns)
        most = self.parameters["ROWS_PER_RESULTSET"]
        limit = f" LIMIT {most}" if most else ""
        rows = self.work.query(f"SELECT {listed} FROM ({bound.sql}) q{limit}", context.registered)
        return Result(
            [c.name for c in bound.columns], [c.type for c in bound.columns], rows, SELECT,
            [c.nullable for c in bound.columns],
        )  # fmt: skip

    def execute(self, text: str, query_id: str | None = None) -> tuple[str, Result]:
        """Run one statement; returns its query id and result, raises SqlError (with `query_id` set)."""
        query_id = query_id or str(uuid.uuid4())
        self.work.cancelled = False
        self.query_ids.append(query_id)
        try:
            result = run(self, text)
        except SqlError as error:
            if self.work.open and self.parameters["TRANSACTION_ABORT_ON_ERROR"] and not self.work.broken:
                self.work.broken = "a statement failed and TRANSACTION_ABORT_ON_ERROR is TRUE"
            error.query_id = query_id
            raise
        self.results[query_id] = result
        if len(self.results) > 50:
            self.results.pop(next(iter(self.results)))
        return query_id, result

    def write(self, steps: list[Step], lock: set[int] | None = None) -> list[Any]:
        """Run DML, with the tables of `lock` held.

        In the open transaction, in one that AUTOCOMMIT=FALSE opens, or in one of its own.
        """
        self.need_warehouse()
        if not self.work.open and not self.parameters["AUTOCOMMIT"]:
            self.work.begin()
        return self.work.run(steps, lock or set(), self.parameters["LOCK_TIMEOUT"])

    def close(self) -> None:
        self.work.close()
        for entry in self.catalog.all("table", self.id):
            if entry.session == self.id:
                with self.engine.ddl() as cursor:
                    cursor.execute(f"DROP TABLE IF EXISTS {entry.duck}")
                    cursor.execute(f"DELETE FROM sf_loads WHERE table_id = {entry.id}")
                    self.catalog.remove(cursor, entry)


def granted_roles(catalog: Catalog, user: str) -> set[str]:
    """The roles of a user, with those in them, and PUBLIC."""
    entry = catalog.find("user", "", "", user)
    ids = set(entry.body.get("roles", ())) if entry is not None else set()
    direct = [role.name for role in catalog.all("role") if role.id in ids]
    return {role.name for role in grants.closure(catalog, direct)}


def describe(result: Result) -> list[dict[str, object]]:
    """The row type of a result for the wire."""
    nullable = result.nullable or [True] * len(result.names)
    return [row_type(name, type_, null) for name, type_, null in zip(result.names, result.types, nullable, strict=True)]
