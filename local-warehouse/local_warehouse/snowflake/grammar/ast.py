"""What the parser makes of queries and expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass

from local_warehouse.snowflake.values.types import T


class Expr:
    """An expression."""


@dataclass
class Null(Expr):
    pass


@dataclass
class Bool(Expr):
    value: bool


@dataclass
class Number(Expr):
    text: str


@dataclass
class Text(Expr):
    value: str


@dataclass
class Column(Expr):
    """`a`, `t.a`, `db.s.t.a`; METADATA$... too."""

    parts: list[str]
    quoted: bool = False


@dataclass
class Field(Expr):
    """`$1` or `t.$1`: a field of a staged file, or a column by its position."""

    number: int
    alias: str | None = None


@dataclass
class Star(Expr):
    table: str | None = None
    exclude: list[str] = field(default_factory=list)


@dataclass
class Unary(Expr):
    op: str
    operand: Expr


@dataclass
class Binary(Expr):
    op: str
    left: Expr
    right: Expr


@dataclass
class IsNull(Expr):
    operand: Expr
    negated: bool


@dataclass
class InList(Expr):
    operand: Expr
    options: list[Expr]
    negated: bool


@dataclass
class InQuery(Expr):
    operand: Expr
    query: Query
    negated: bool


@dataclass
class Between(Expr):
    operand: Expr
    low: Expr
    high: Expr
    negated: bool


@dataclass
class Like(Expr):
    op: str
    operand: Expr
    pattern: Expr
    escape: Expr | None
    negated: bool


@dataclass
class Case(Expr):
    operand: Expr | None
    branches: list[tuple[Expr, Expr]]
    default: Expr | None


@dataclass
class Cast(Expr):
    operand: Expr
    type: T
    attempt: bool = False


@dataclass
class Path(Expr):
    """`v:a.b[0]`: steps are keys (str) or positions (int)."""

    operand: Expr
    steps: list[str | int]


@dataclass
class Exists(Expr):
    query: Query


@dataclass
class Scalar(Expr):
    query: Query


@dataclass
class Order:
    expr: Expr
    descending: bool
    nulls_first: bool | None


@dataclass
class Window:
    partition: list[Expr]
    order: list[Order]
    frame: str = ""


@dataclass
class Call(Expr):
    name: str
    args: list[Expr]
    named: dict[str, Expr] = field(default_factory=dict)
    distinct: bool = False
    star: bool = False
    within: list[Order] = field(default_factory=list)
    ignore_nulls: bool = False
    over: Window | None = None


class Relation:
    """What may stand in FROM."""


@dataclass
class Table(Relation):
    parts: list[str]
    alias: str | None = None
    column_aliases: list[str] = field(default_factory=list)


@dataclass
class Staged(Relation):
    """`@stage/path [(FILE_FORMAT => .., PATTERN => ..)]`."""

    location: str
    options: dict[str, str]
    alias: str | None = None


@dataclass
class Derived(Relation):
    query: Query
    alias: str | None = None
    column_aliases: list[str] = field(default_factory=list)


@dataclass
class TableCall(Relation):
    call: Call
    alias: str | None = None


@dataclass
class Join(Relation):
    kind: str
    left: Relation
    right: Relation
    on: Expr | None
    using: list[str]


@dataclass
class Item:
    expr: Expr
    alias: str | None
    text: str


@dataclass
class Select:
    items: list[Item]
    distinct: bool = False
    source: Relation | None = None
    where: Expr | None = None
    group: list[Expr] = field(default_factory=list)
    group_all: bool = False
    having: Expr | None = None
    qualify: Expr | None = None


@dataclass
class Rows:
    """VALUES (..), (..)."""

    rows: list[list[Expr]]


@dataclass
class SetOperation:
    op: str
    left: Query
    right: Query


@dataclass
class Query:
    body: Select | Rows | SetOperation
    with_: list[tuple[str, list[str], Query]] = field(default_factory=list)
    order: list[Order] = field(default_factory=list)
    limit: Expr | None = None
    offset: Expr | None = None


def inside(node: object) -> Iterator[object]:
    """A node and all nodes below it in the same SELECT: what subqueries hold is theirs."""
    yield node
    if isinstance(node, list | tuple):
        for one in node:
            yield from inside(one)
    elif is_dataclass(node):
        for one in fields(node):
            value = getattr(node, one.name)
            if not isinstance(value, Query):
                yield from inside(value)


def has_window(node: object) -> bool:
    return any(isinstance(one, Call) and one.over is not None for one in inside(node))
