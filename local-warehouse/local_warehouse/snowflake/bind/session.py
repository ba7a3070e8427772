"""What a statement may ask of its session, and what it knows and learns while it is bound.

The session that a client logged in to is in `serve.session`; whatever runs below it sees only this much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_warehouse.snowflake.bind.casts import Settings
from local_warehouse.snowflake.bind.results import Result
from local_warehouse.snowflake.bind.scope import Bound, OutColumn
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.store.catalog import Catalog, Entry
from local_warehouse.snowflake.store.engine import Engine
from local_warehouse.snowflake.store.stages import Cloud
from local_warehouse.snowflake.store.work import Shared, Step, Work


class Names(Protocol):
    """What binding needs: the meaning of names, and rows that the stand-in itself knows."""

    @property
    def id(self) -> int: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def work(self) -> Work: ...
    @property
    def results(self) -> dict[str, Result]: ...

    def need_database(self) -> str: ...
    def find(self, kind: str, parts: list[str]) -> Entry: ...
    def sees(self, entry: Entry) -> bool: ...
    def demand(self, privilege: str, entry: Entry, *instead: str, primary: bool = False) -> None: ...
    def parser(self, text: str) -> QueryParser: ...
    def row_count(self, entry: Entry) -> int: ...
    def bind_view(self, entry: Entry, context: Context) -> Bound: ...
    def staged(self, node: ast.Staged, context: Context) -> tuple[str, list[OutColumn]]: ...


class Session(Names, Protocol):
    """What the runner of a statement needs besides: where it is, as whom, and the ways to change something."""

    warehouse: str | None
    database: str | None
    schema: str | None
    role: str
    secondary: bool

    @property
    def account(self) -> str: ...
    @property
    def granted(self) -> set[str]: ...
    @property
    def parameters(self) -> dict[str, Any]: ...
    @property
    def inherited(self) -> dict[str, tuple[str, Any]]: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def cloud(self) -> Cloud: ...
    @property
    def shared(self) -> Shared: ...

    def may(self, privilege: str, entry: Entry) -> bool: ...
    def schema_entry(self, database: str, schema: str) -> Entry: ...
    def full_name(self, parts: list[str]) -> tuple[str, str, str]: ...
    def look_up(self, kind: str, parts: list[str]) -> Entry | None: ...
    def context(self) -> Context: ...
    def bind_in(self, view: Entry, query: ast.Query, context: Context) -> Bound: ...
    def select(self, bound: Bound, context: Context) -> Result: ...
    def write(self, steps: list[Step], lock: set[int] | None = None) -> Sequence[Any]: ...


# Who runs a statement, by its first words; the runner gets the parser behind them.
Runner = Callable[[Session, QueryParser], Result]
Runners = dict[tuple[str, ...], Runner]


@dataclass
class Context:
    """What one statement knows of its session; what it learns about itself."""

    settings: Settings
    facts: dict[str, Any]  # CURRENT_... values
    session: Names
    repeatable: bool = True  # False once a result may differ when the statement runs again
    reads: set[int] = field(default_factory=set)  # ids of tables read
    registered: dict[str, Any] = field(default_factory=dict)  # Arrow tables the SQL names
    names: int = 0
    views: list[str] = field(default_factory=list)  # full names of the views around what is bound now

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"
