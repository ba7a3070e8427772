"""Has a table that is there what the settings want of it? A difference is told, once a run, and never changed.

It is asked for tables with such settings alone: two questions on Redshift, one for each schema on Snowflake, at the
first load of a run. Comments come with the columns, for which nothing more is asked. To whom a table is granted, its
tags and its BACKUP are not looked at: no view shows them to every user as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from singer_bulk.errors import WarehouseError
from singer_bulk.model.load import Table
from singer_bulk.warehouse.session import Wanted, Warehouse

logger = logging.getLogger(__name__)

# SVV_COLUMNS shows so many bytes of a comment.
# https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html
SHOWN_COMMENT_BYTES = 256


class TableCheck:
    """Looks at the tables of a run once."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._seen: set[Table] = set()

    def look(self, wanted: Sequence[Wanted]) -> None:
        """Tell how tables differ from what the settings want of them; those that are yet to be made do not."""
        new = [one for one in wanted if one.properties.is_visible and one.table not in self._seen]
        if not new:
            return
        self._warehouse.look_at(one.table for one in wanted)
        there = [one for one in new if self._warehouse.columns(one.table)]
        self._seen.update(one.table for one in new)
        shown = self._shown([one.table for one in there if one.properties.shown])
        for one in there:
            differences = [*_differences(one, shown.get(one.table, {})), *self._comments(one)]
            if differences:
                logger.warning(
                    "table %s is there, and not as the settings would make it: %s; it stays as it is: alter it, or "
                    "correct the settings",
                    one.table,
                    "; ".join(differences),
                )

    def _shown(self, tables: Sequence[Table]) -> dict[Table, dict[str, str]]:
        """Return what the catalog shows of tables; nothing of one that this user may not look at."""
        if not tables:
            return {}
        dialect = self._warehouse.dialect
        try:
            answers = [self._warehouse.session.execute(one) for one in dialect.ask_properties(tables)]
        except WarehouseError as error:
            if error.connection_lost:
                raise
            logger.info("how tables lie cannot be seen: %s", error)
            return {}
        return dialect.shown_properties(answers)

    def _comments(self, wanted: Wanted) -> Iterator[str]:
        if not wanted.properties.comments:
            return
        present = self._warehouse.columns(wanted.table)
        for column in wanted.columns:
            there = present.get(column.name)
            if column.comment is not None and there is not None and not _is_same(there.comment, column.comment):
                yield f"column {column.name!r} has another comment than the SCHEMA"


def _differences(wanted: Wanted, shown: dict[str, str]) -> Iterator[str]:
    """Yield what is otherwise; what the catalog does not show is no difference."""
    for name, value in wanted.properties.shown:
        if name in shown and shown[name] != value:
            yield f"{name} is {shown[name] or 'not set'}, not {value}"


def _is_same(there: str | None, wanted: str) -> bool:
    return there == wanted or (
        there is not None and len(there.encode()) >= SHOWN_COMMENT_BYTES - 4 and wanted.startswith(there)
    )
