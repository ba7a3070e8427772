"""What does the catalog say of the tables of a schema? It is asked once for all of them, not once for each.

A run looks at dozens of tables, which its SCHEMAs name one after the other; each answer takes its time, one of all
tables hardly more. The answer holds for a minute: until then a table that has not been looked at counts as it was.
After that a table is asked for alone, several of them by one question for all again. What is decided by an answer that
has become wrong meanwhile is noticed as ever: by the statement that makes the table, and by the look before COMMIT.

An answer that may have been cut off says nothing. Then the dialect's next question is asked, and if none has a whole
answer each table by itself.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from singer_bulk.errors import WarehouseError
from singer_bulk.model.columns import Column
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Executes, Rows

logger = logging.getLogger(__name__)

GOOD_FOR_SECONDS = 60.0


@dataclass(frozen=True)
class _Answer:
    """The rows of each table of a schema; None: no whole answer was to be had."""

    at_seconds: float
    tables: Mapping[str, Rows] | None


@dataclass
class Catalog:
    """What is known of the schemas of a run."""

    dialect: Dialect
    monotonic: Callable[[], float]
    _answers: dict[str, _Answer] = field(default_factory=dict)

    def columns(self, session: Executes, table: Table) -> dict[str, Column] | None:
        """Return the columns of a table by name, none if there is no such table; None if it is to be asked for alone.

        The first table of a schema is asked for together with all others.
        """
        if table.schema not in self._answers:
            self.ask(session, table.schema)
        if not self._is_new(table.schema):
            return None
        tables = self._answers[table.schema].tables
        if tables is None:
            return None
        return {column.name: column for column in words.described(self.dialect, tables.get(table.name, []))}

    def ask(self, session: Executes, schema: str) -> None:
        """Ask for all tables of a schema, unless that has just been done, or had no whole answer."""
        before = self._answers.get(schema)
        if before is None or (before.tables is not None and not self._is_new(schema)):
            self._answers[schema] = _Answer(self.monotonic(), self._asked(session, schema))

    def expire(self) -> None:
        """Take nothing from what was answered until now."""
        self._answers = {
            schema: _Answer(float("-inf"), answer.tables and {}) for schema, answer in self._answers.items()
        }

    def _is_new(self, schema: str) -> bool:
        return self.monotonic() - self._answers[schema].at_seconds < GOOD_FOR_SECONDS

    def _asked(self, session: Executes, schema: str) -> Mapping[str, Rows] | None:
        for question, cut_at in self.dialect.describe_schema(schema):
            try:
                rows = session.execute(question)
            except WarehouseError as error:
                if error.connection_lost:
                    raise
                if self.dialect.is_missing(error):
                    return {}
                logger.info("the tables of schema %s are asked for one by one: %s", schema, error)
                return None
            if len(rows) < cut_at:
                return self._by_table(schema, rows)
            logger.debug("schema %s has %d columns or more, which may not be all", schema, len(rows))
        return None

    def _by_table(self, schema: str, rows: Rows) -> Mapping[str, Rows] | None:
        tables: defaultdict[str, Rows] = defaultdict(list)
        try:
            for name, *row in self.dialect.schema_rows(rows):
                tables[name].append(tuple(row))
        except (KeyError, TypeError, ValueError) as error:  # a form of answer that no page describes
            logger.info("the tables of schema %s are asked for one by one: %r", schema, error)
            return None
        return dict(tables)
