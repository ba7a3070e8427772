"""CREATE VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_warehouse.snowflake.errors import Unsupported
from local_warehouse.snowflake.query_parser import QueryParser
from local_warehouse.snowflake.results import Result

if TYPE_CHECKING:
    from local_warehouse.snowflake.ddl_objects import Create
    from local_warehouse.snowflake.session import Session


def create_view(session: Session, parser: QueryParser, create: Create) -> Result:
    raise Unsupported("CREATE VIEW")
