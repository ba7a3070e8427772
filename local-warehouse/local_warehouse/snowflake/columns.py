"""Column definitions of CREATE TABLE and ADD COLUMN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_warehouse.snowflake.catalog import ColumnDef
from local_warehouse.snowflake.errors import Unsupported
from local_warehouse.snowflake.queries import QueryBinder
from local_warehouse.snowflake.query_parser import QueryParser
from local_warehouse.snowflake.reserved import NO_COLUMN
from local_warehouse.snowflake.scope import Scope

if TYPE_CHECKING:
    from local_warehouse.snowflake.session import Session


def column_definition(session: Session, parser: QueryParser) -> ColumnDef:
    """`name type [NOT NULL] [DEFAULT ..] [PRIMARY KEY] [COMMENT ..]`."""
    column = ColumnDef(parser.identifier(NO_COLUMN), "", parser.type())
    while True:
        if parser.words("NOT", "NULL"):
            column.nullable = False
        elif parser.words("NULL") or parser.words("UNIQUE"):
            pass
        elif parser.words("PRIMARY", "KEY"):
            column.nullable, column.primary_key = False, True
        elif parser.words("COMMENT"):
            parser.op("=")
            column.comment = parser.string()
        elif parser.words("DEFAULT"):
            start = parser.token.at
            expr = parser.expression()
            column.default = parser.text[start : parser.all[parser.at - 1].end]
            binder = QueryBinder(session.context())
            binder.assign(binder.expr(expr, Scope()), column)
        elif parser.is_word("AUTOINCREMENT", "IDENTITY", "COLLATE", "REFERENCES", "FOREIGN", "MASKING", "WITH", "TAG"):
            raise Unsupported(f"column option {parser.token.value}")
        else:
            return column
