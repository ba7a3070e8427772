"""What stands in FROM: tables, views, subqueries, joins, and the views of INFORMATION_SCHEMA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local_warehouse.snowflake import ast
from local_warehouse.snowflake.binder import Context
from local_warehouse.snowflake.casts import literal
from local_warehouse.snowflake.catalog import Entry
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.information_schema import view_rows
from local_warehouse.snowflake.scope import OutColumn, Scope, Source
from local_warehouse.snowflake.types import T

if TYPE_CHECKING:
    from local_warehouse.snowflake.queries import Bound


class Relations:
    """The FROM half of the query binder."""

    context: Context
    ctes: list[dict[str, Bound]]

    def bind(self, query: ast.Query, outer: Scope | None = None) -> Bound:
        raise NotImplementedError

    def condition(self, node: ast.Expr, scope: Scope) -> str:
        raise NotImplementedError

    def relation(self, node: ast.Relation, scope: Scope) -> str:
        """The DuckDB text of a relation; its columns join the scope."""
        if isinstance(node, ast.Table):
            return self._table(node, scope)
        if isinstance(node, ast.Derived):
            return self._derived(node, scope)
        if isinstance(node, ast.Join):
            return self._join(node, scope)
        raise Unsupported(f"{type(node).__name__} in FROM")

    def add(self, scope: Scope, alias: str, columns: list[OutColumn], path: list[str] | None = None) -> str:
        duck = self.context.name("s")
        scope.sources.append(Source(alias, duck, columns, path or []))
        return duck

    def _renamed(self, columns: list[OutColumn], names: list[str]) -> list[OutColumn]:
        if not names:
            return columns
        if len(names) != len(columns):
            raise compilation(f"expected {len(columns)} column aliases, got {len(names)}", 2053, "42601")
        return [OutColumn(n, c.duck, c.type, c.nullable) for n, c in zip(names, columns, strict=True)]

    def _derived(self, node: ast.Derived, scope: Scope) -> str:
        bound = self.bind(node.query, scope.outer)
        columns = self._renamed(bound.columns, node.column_aliases)
        return f"({bound.sql}) {self.add(scope, node.alias or '', columns)}"

    def _table(self, node: ast.Table, scope: Scope) -> str:
        alias = node.alias or node.parts[-1]
        if len(node.parts) == 1:
            for level in reversed(self.ctes):
                if node.parts[0] in level:
                    bound = level[node.parts[0]]
                    columns = self._renamed(bound.columns, node.column_aliases)
                    return f"({bound.sql}) {self.add(scope, alias, columns)}"
        session = self.context.session
        if len(node.parts) >= 2 and node.parts[-2] == "INFORMATION_SCHEMA":
            database = node.parts[0] if len(node.parts) == 3 else session.need_database()
            types, rows = view_rows(session, database, node.parts[-1])
            return self._listed(scope, alias, types, rows)
        entry: Entry = session.find("table", node.parts)
        path = [entry.database, entry.schema, entry.name]
        if entry.kind == "view":
            bound = session.bind_view(entry, self.context)
            columns = self._renamed(bound.columns, node.column_aliases)
            return f"({bound.sql}) {self.add(scope, alias, columns, path)}"
        self.context.reads.add(entry.id)
        columns = [OutColumn(c.name, c.duck, c.type, c.nullable) for c in entry.columns]
        return f"{entry.duck} {self.add(scope, alias, self._renamed(columns, node.column_aliases), path)}"

    def _listed(self, scope: Scope, alias: str, types: dict[str, T], rows: list[list[Any]]) -> str:
        """Rows that the stand-in itself knows, as a relation."""
        columns = [OutColumn(name, f"c{i}", type_) for i, (name, type_) in enumerate(types.items())]
        duck = self.add(scope, alias, columns)
        listed = [
            f"CAST({'NULL' if value is None else literal(str(value))} AS {column.type.stored})"
            for row in rows
            for value, column in zip(row, columns, strict=True)
        ]
        width = len(columns)
        if not rows:
            empty = ", ".join(f"CAST(NULL AS {column.type.stored}) AS {column.duck}" for column in columns)
            return f"(SELECT {empty} WHERE FALSE) {duck}"
        lines = ", ".join(f"({', '.join(listed[i : i + width])})" for i in range(0, len(listed), width))
        return f"(VALUES {lines}) {duck}({', '.join(column.duck for column in columns)})"

    def _join(self, node: ast.Join, scope: Scope) -> str:
        left = self.relation(node.left, scope)
        before = len(scope.sources)
        right = self.relation(node.right, scope)
        if node.kind == "CROSS":
            return f"{left} CROSS JOIN {right}"
        if node.using:
            tests = []
            for name in node.using:
                outer = Scope(scope.sources[:before], merged=scope.merged).resolve([name])
                inner = Scope(scope.sources[before:]).resolve([name])
                if outer.type.kind == "TIMESTAMP_TZ" or node.kind in ("RIGHT", "FULL"):
                    raise Unsupported(f"{node.kind} JOIN .. USING of {outer.type}")
                tests.append(f"{outer.sql} = {inner.sql}")
                scope.merged.update((source.duck, name) for source in scope.sources[before:])
            return f"({left} {node.kind} JOIN {right} ON {' AND '.join(tests)})"
        if node.on is None:
            raise compilation("a join needs ON or USING")
        return f"({left} {node.kind} JOIN {right} ON {self.condition(node.on, scope)})"
