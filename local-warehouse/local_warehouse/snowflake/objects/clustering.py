"""Clustering keys: kept, shown, and in the way of COPY where they are more than columns. Rows are not clustered.

https://docs.snowflake.com/en/user-guide/tables-clustering-keys
"""

from __future__ import annotations

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.rows.dml import target_scope
from local_warehouse.snowflake.store.catalog import Entry, quote


def read_clustering(parser: QueryParser) -> list[tuple[str, ast.Expr]]:
    """`CLUSTER BY (expr, ..)` behind CLUSTER BY: the text and the expression of each part."""
    parser.words("LINEAR")
    parser.need_op("(")
    found = []
    while True:
        start = parser.token.at
        expr = parser.expression()
        found.append((parser.text[start : parser.all[parser.at - 1].end], expr))
        if not parser.op(","):
            break
    parser.need_op(")")
    return found


def set_clustering(session: Session, entry: Entry, parts: list[tuple[str, ast.Expr]]) -> None:
    """Give a table that has its columns a clustering key; SqlError for a name that is no column."""
    binder, scope = QueryBinder(session.context()), target_scope(entry, None, "target")
    for _, expr in parts:
        binder.expr(expr, scope)
    entry.body["clustering"] = [text for text, _ in parts]
    entry.body["clustered_by_columns"] = all(isinstance(expr, ast.Column) for _, expr in parts)


def clustering_shown(entry: Entry) -> str:
    """As SHOW TABLES has it; empty without a key."""
    parts = entry.body.get("clustering")
    return f"LINEAR({', '.join(parts)})" if parts else ""


def check_copy(entry: Entry) -> None:
    """COPY of CSV does not load a table whose clustering key calls functions (sql/copy-into-table, usage notes)."""
    if not entry.body.get("clustered_by_columns", True):
        raise SqlError(
            f"SQL compilation error:\nCOPY INTO table '{quote(entry.name)}' is not supported with its clustering key "
            f"{clustering_shown(entry)}.",
            2300,
            "0A000",
        )
