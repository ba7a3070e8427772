"""What names mean inside a query: relations, their columns, and the types of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from local_warehouse.snowflake.errors import compilation, invalid_identifier
from local_warehouse.snowflake.values.types import T


@dataclass(frozen=True)
class Typed:
    """A DuckDB expression with its Snowflake type."""

    sql: str
    type: T
    constant: str | None = None  # the text, if it is a string literal


@dataclass(frozen=True)
class OutColumn:
    """A column of a relation: its Snowflake name, and what DuckDB calls it."""

    name: str
    duck: str
    type: T
    nullable: bool = True


@dataclass
class Bound:
    """A bound query: `sql` yields the columns under their `duck` names, in this order."""

    sql: str
    columns: list[OutColumn]


@dataclass
class Source:
    """A relation in FROM."""

    alias: str
    duck: str
    columns: list[OutColumn]
    path: list[str] = field(default_factory=list)  # database, schema, table of a plain table

    def find(self, name: str) -> list[OutColumn]:
        return [column for column in self.columns if column.name == name]

    def answers_to(self, qualifier: list[str]) -> bool:
        if len(qualifier) == 1:
            return qualifier[0] == self.alias
        return qualifier == self.path[-len(qualifier) :]


@dataclass
class Scope:
    """The sources of one SELECT, inside those of the queries around it."""

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None
    aliases: dict[str, Typed] = field(default_factory=dict)
    merged: set[tuple[str, str]] = field(default_factory=set)  # (duck relation, name) hidden by USING
    demanded: dict[str, str] = field(default_factory=dict)  # column -> the only text that WHERE lets through

    def _here(self, parts: list[str]) -> list[tuple[Source, OutColumn]]:
        qualifier, name = parts[:-1], parts[-1]
        found: list[tuple[Source, OutColumn]] = []
        for source in self.sources:
            if qualifier and not source.answers_to(qualifier):
                continue
            for column in source.find(name):
                if qualifier or (source.duck, name) not in self.merged:
                    found.append((source, column))
        return found

    def resolve(self, parts: list[str]) -> Typed:
        """The column that `parts` names; SqlError 000904 if there is none, 001052 if there are several."""
        scope: Scope | None = self
        while scope is not None:
            found = scope._here(parts)
            if len(found) > 1:
                raise compilation(f"ambiguous column name '{parts[-1]}'", 1052)
            if found:
                source, column = found[0]
                return Typed(f'{source.duck}."{column.duck}"', column.type)
            if len(parts) == 1 and parts[0] in scope.aliases:
                return scope.aliases[parts[0]]
            scope = scope.outer
        raise invalid_identifier(".".join(part if part.isupper() else f'"{part}"' for part in parts))

    def star(self, table: str | None) -> Iterator[tuple[Source, OutColumn]]:
        seen = False
        for source in self.sources:
            if table is not None and source.alias != table:
                continue
            seen = True
            for column in source.columns:
                if table is not None or (source.duck, column.name) not in self.merged:
                    yield source, column
        if not seen:
            raise compilation(f"Object '{table or '*'}' does not exist or not authorized.", 2003, "42S02")
