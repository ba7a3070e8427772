"""Which rows of the ledger does no later run ask for? `--prune-ledger` removes them.

Of each pipeline the load with its last STATE stays, of each table its last load, the one with the version in force and
the one with its last keys, and the load with the highest sequence; where files are kept, each load that has some; and
whatever has loaded again what was staged before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from singer_bulk.warehouse import words
from singer_bulk.warehouse.ledger import REJECTED_PIPELINE, last_sequence, replay_begin
from singer_bulk.warehouse.ledger_form import ask_ledger, columns_of_ledger
from singer_bulk.warehouse.session import Warehouse

# The names fold to those of the ledger in both warehouses.
_LAST = """
  AND load_id NOT IN (
    SELECT load_id FROM (
      SELECT load_id,
        ROW_NUMBER() OVER (PARTITION BY {each} ORDER BY {order}) AS latest
      FROM {ledger} WHERE {given} IS NOT NULL
    ) AS lasts WHERE latest = 1
  )"""
_STAYS = (
    ("pipeline_id", "last_sequence DESC, committed_at DESC, load_id", "state"),
    ("table_name", "activated_version DESC", "activated_version"),
    ("table_name", "last_sequence DESC", "key_properties"),
    ("table_name", "last_sequence DESC", "table_name"),
)
_HIGHEST = """
  AND load_id NOT IN (
    SELECT load_id FROM {ledger} WHERE last_sequence = (SELECT MAX(last_sequence) FROM {ledger})
  )"""
# What has been loaded again, rejected records and kept files: the ledger alone knows it.
_REPLAYED = f"""
  AND (pipeline_id IS NULL OR pipeline_id <> {words.literal(REJECTED_PIPELINE)})
  AND load_id NOT LIKE {words.literal(replay_begin("%") + "%")}"""
_KEPT_FILES = """
  AND load_id NOT IN (SELECT load_id FROM {ledger} WHERE file_count > 0)"""


def dispensable(ledger: str, before: str, *, keep_files: bool) -> str:
    """Return the condition of rows of the ledger, given by its quoted name, that are old and needed by nobody."""
    last = "".join(_LAST.format(each=each, order=order, given=given, ledger=ledger) for each, order, given in _STAYS)
    kept = _KEPT_FILES.format(ledger=ledger) if keep_files else ""
    return f"committed_at < {words.literal(before)}{last}{_HIGHEST.format(ledger=ledger)}{_REPLAYED}{kept}"


def prune(warehouse: Warehouse, now: datetime, days: int, *, keep_files: bool) -> int:
    """Remove the rows that are older than so many days and needed by nobody; return how many there were."""
    last_sequence(warehouse)  # refuses a newer version
    if not columns_of_ledger(warehouse):
        return 0
    ledger = warehouse.dialect.table(warehouse.ledger)
    where = dispensable(ledger, (now - timedelta(days=days)).isoformat(" ", "seconds"), keep_files=keep_files)
    ((count,),) = ask_ledger(warehouse, words.count(ledger, where))
    if count:
        warehouse.session.execute(words.delete(ledger, where))
    return int(count)
