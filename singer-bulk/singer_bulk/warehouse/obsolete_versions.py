"""What ACTIVATE_VERSION asks for: rows of lower versions of a table leave it, or are stamped as deleted."""

from __future__ import annotations

from singer_bulk.model.added import DELETED_AT
from singer_bulk.model.load import TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.events import is_flag
from singer_bulk.warehouse.further_tables import applied_table
from singer_bulk.warehouse.gate import Step


def obsolete_versions(dialect: Dialect, table: TableLoad, version: int, now: str) -> list[Step]:
    """Return the statements, for the rows of versions below this one.

    A row that is an event of a history is not stamped, it would look like a delete: the ledger tells the views.
    """
    method = table.method
    older = f"{words.name(dialect.fold('_sdc_table_version'))} < {words.literal(version)}"
    removed = [applied_table(dialect, table)] if method.live else []
    removed += [table.table] if method.hard_delete else []
    statements = [Step(words.delete(dialect.table(one), older)) for one in removed]
    if method.hard_delete or method.live or method.viewed:
        return statements
    name = dialect.fold(DELETED_AT)
    deleted, target = words.name(name), dialect.table(table.table)
    if is_flag(table.columns, name):
        stamp, left = f"{deleted} = TRUE", f"{older} AND NOT COALESCE({deleted}, FALSE)"
    else:
        stamp, left = f"{deleted} = {words.literal(now)}", f"{older} AND {deleted} IS NULL"
    return [Step(words.update(target, stamp, left), lacking=words.count(target, left))]
