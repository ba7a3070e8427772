"""CREATE: the words before the kind of object, and who makes an object of that kind."""

from __future__ import annotations

from local_warehouse.snowflake.bind.results import Result
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import ddl_objects, ddl_tables, users, views
from local_warehouse.snowflake.objects.ddl_objects import Create, Creators

_CREATORS: Creators = {
    **ddl_objects.CREATORS,
    **users.CREATORS,
    ("TABLE",): ddl_tables.create_table,
    ("VIEW",): views.create_view,
}


def _create(session: Session, parser: QueryParser) -> Result:
    create = Create()
    create.replace = parser.words("OR", "REPLACE")
    while parser.is_word("TEMPORARY", "TEMP", "LOCAL", "GLOBAL", "VOLATILE", "TRANSIENT"):
        word = parser.next().value
        if word == "TRANSIENT":
            create.transient = True
        else:
            create.temporary = True
    for words, function in _CREATORS.items():
        if parser.words(*words):
            create.if_not_exists = parser.words("IF", "NOT", "EXISTS")
            if create.replace and create.if_not_exists:
                raise compilation("options IF NOT EXISTS and OR REPLACE are incompatible", 1003)
            session.work.commit()  # DDL commits the open transaction
            return function(session, parser, create)
    raise Unsupported(f"CREATE {parser.token.value}")


RUNNERS: Runners = {("CREATE",): _create}
