"""Every statement begins here: its first words decide who runs it; unknown words are refused."""

from __future__ import annotations

import re
from contextlib import nullcontext

from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.results import Result
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.copy import copy_into, stage_queries
from local_warehouse.snowflake.errors import SqlError, Unsupported
from local_warehouse.snowflake.grammar.lexer import END, NAME, OP
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import (
    alter_objects,
    create,
    ddl_tables,
    describe,
    grants,
    keys,
    show_grants,
    users,
    views,
)
from local_warehouse.snowflake.rows import dml, merge
from local_warehouse.snowflake.serve import levels, monitoring, session_statements
from local_warehouse.snowflake.values.types import TEXT


def _query(session: Session, parser: QueryParser) -> Result:
    query = parser.query()
    parser.finish()
    context = session.context()
    bound = QueryBinder(context).bind(query)
    return session.select(bound, context)


# What reads the catalog and then changes it: no other session may come between.
_DDL = {"CREATE", "ALTER", "DROP", "COMMENT", "TRUNCATE"}
# Longest match first; the words are taken before the runner gets the parser.
_RUNNERS: Runners = {
    **session_statements.RUNNERS,
    **levels.RUNNERS,
    **create.RUNNERS,
    **describe.RUNNERS,
    **ddl_tables.RUNNERS,
    **dml.RUNNERS,
    **alter_objects.RUNNERS,
    **views.RUNNERS,
    **monitoring.RUNNERS,
    **stage_queries.RUNNERS,
    **keys.RUNNERS,
    **grants.RUNNERS,
    **show_grants.RUNNERS,
    **users.RUNNERS,
    ("MERGE",): merge.run,
    ("COPY", "INTO"): copy_into.run,
}
# Words that may stand between CREATE and the kind of object.
_CREATE_WORDS = re.compile(r"OR REPLACE|TEMPORARY|TEMP|TRANSIENT|LOCAL|GLOBAL|VOLATILE|SECURE")


def run(session: Session, text: str) -> Result:
    """Parse and run one statement for a session."""
    if (done := monitoring.system_call(session, text)) is not None:
        return done
    parser = session.parser(text)
    token = parser.token
    if token.kind == END:
        raise SqlError("SQL compilation error:\nEmpty SQL statement.", 900, "42601")
    if (token.kind == NAME and token.value in ("SELECT", "WITH", "VALUES")) or (
        token.kind == OP and token.value == "("
    ):
        return _query(session, parser)
    if parser.is_word("SHOW") and parser.ahead().value == "TERSE":
        return _terse(run(session, text[: parser.ahead().at] + text[parser.ahead().end :]))
    for length in (3, 2, 1):
        words = tuple(parser.ahead(i).value for i in range(length) if parser.ahead(i).kind == NAME)
        if len(words) == length and words in _RUNNERS:
            parser.at += length
            with session.engine.turn.alone() if words[0] in _DDL and words[-1] != "SESSION" else nullcontext():
                return _RUNNERS[words](session, parser)
    if token.kind == NAME and token.value in ("CREATE", "ALTER", "DROP", "SHOW", "DESC", "DESCRIBE", "USE", "COMMENT"):
        raise Unsupported(" ".join(parser.ahead(i).value for i in range(3)))
    if token.kind == NAME and token.value in _KNOWN_WORDS:
        raise Unsupported(token.value)
    raise parser.error()


_TERSE = ("created_on", "name", "kind", "database_name", "schema_name")


def _terse(result: Result) -> Result:
    """The five columns of SHOW TERSE; of keys, which have no name of their own, it shows all."""
    if "name" not in result.names:
        return result
    places = [result.names.index(name) if name in result.names else None for name in _TERSE]
    types = [TEXT if place is None else result.types[place] for place in places]
    rows = [[None if place is None else row[place] for place in places] for row in result.rows]
    return Result(list(_TERSE), types, rows, result.statement_type)


_KNOWN_WORDS = {
    "GRANT", "REVOKE", "PUT", "GET", "CALL", "EXECUTE", "UNDROP", "SET", "UNSET", "EXPLAIN", "DECLARE", "LET",
    "RETURN", "ASYNC",
}  # fmt: skip
