"""Column definitions of CREATE TABLE and ADD COLUMN."""

from __future__ import annotations

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.scope import Scope
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.grammar.reserved import ANSI_COLUMN, NO_COLUMN
from local_warehouse.snowflake.objects.keys import PRIMARY, START, Key, read_key
from local_warehouse.snowflake.store.catalog import ColumnDef


def new_name(parser: QueryParser) -> str:
    """The name that a column is given."""
    at = parser.token.at
    name = parser.identifier(NO_COLUMN)
    if name in ANSI_COLUMN:
        raise compilation(
            f"error line 1 at position {at}\ninvalid column definition name '{name}' (ANSI reserved)", 2318, "42601"
        )
    return name


def column_definition(session: Session, parser: QueryParser, keys: list[Key]) -> ColumnDef:
    """`name type [NOT NULL] [DEFAULT ..] [key] [COMMENT ..]`; a key that stands there joins `keys`."""
    column = ColumnDef(new_name(parser), "", parser.type())
    while True:
        if parser.words("NOT", "NULL"):
            column.nullable = False
        elif parser.words("NULL"):
            pass
        elif parser.is_word(*START, "REFERENCES"):
            key = read_key(session, parser, inline=column.name)
            if key is None:
                raise Unsupported(f"column constraint {parser.token.value}")
            column.nullable = column.nullable and key["kind"] != PRIMARY
            keys.append(key)
        elif parser.words("COMMENT"):
            column.comment = parser.string()
        elif parser.words("DEFAULT"):
            start = parser.token.at
            expr = parser.expression()
            column.default = parser.text[start : parser.all[parser.at - 1].end]
            binder = QueryBinder(session.context())
            binder.assign(binder.expr(expr, Scope()), column)
        elif parser.is_word("AUTOINCREMENT", "IDENTITY", "COLLATE", "MASKING", "WITH", "TAG", "CHECK"):
            raise Unsupported(f"column option {parser.token.value}")
        else:
            return column
