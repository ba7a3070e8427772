"""DDL statements that stand or fall together, where the warehouse lets them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from singer_bulk.errors import BulkError
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Session

logger = logging.getLogger(__name__)


@contextmanager
def all_or_none(session: Session) -> Iterator[None]:
    """Run what is executed inside in one transaction; an error rolls it back and is raised."""
    session.execute(words.BEGIN)
    try:
        yield
        session.execute(words.COMMIT)
    except BaseException:
        try:
            session.execute(words.ROLLBACK)
        except BulkError as error:
            logger.warning("ROLLBACK was not answered: %s", error)
        raise
