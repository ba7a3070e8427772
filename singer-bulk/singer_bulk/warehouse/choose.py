"""Which row of each key counts: the queries that choose it among the rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from singer_bulk.model.feed import Meaning
from singer_bulk.warehouse import words
from singer_bulk.warehouse.events import Events, named
from singer_bulk.warehouse.merge_batch import MergeBatch


def last_rows(batch: MergeBatch, *, deletes: bool = False) -> str:
    """Return the query for the last row of each key, that is or is no delete."""
    events, names = batch.arrived, batch.names
    rank, deleted = events.own("rank"), events.says(Meaning.DELETE)
    ranked = f"ROW_NUMBER() OVER (PARTITION BY {events.key_list()} ORDER BY {events.order(last_first=True)}) AS {rank}"
    # A row that a delete removes need not come first; one that it stamps does, with what it had at last.
    of_all = deletes or batch.method.removes
    tests = [] if of_all or not deleted else [f"NOT ({deleted})"]
    source = batch.scratch
    if events.epochs:
        source = f"(SELECT {names}, {events.epoch()} FROM {batch.scratch}) AS counted"
        tests.append(f"{events.own('epoch')} = 0")
    among = f" WHERE {' AND '.join(tests)}" if tests else ""
    kept = f" AND {'' if deletes else 'NOT '}({deleted})" if deleted and of_all else ""
    return f"SELECT {names} FROM (SELECT {names}, {ranked} FROM {source}{among}) AS ranked WHERE {rank} = 1{kept}"


def folded_rows(batch: MergeBatch, partial: Sequence[str]) -> str:
    """Return the query for the same where updates are partial: `missing` then names what no event has said."""
    events, names = batch.arrived, batch.names
    deleted, rank, number = events.own("deleted"), events.own("rank"), events.own("number")
    own = [deleted, *([events.own("epoch")] if events.epochs else [])]
    first = [f"{events.flag(Meaning.DELETE)} AS {deleted}", *([events.epoch()] if events.epochs else [])]
    counted = f"SELECT {', '.join([names, *first])} FROM {batch.scratch}"
    numbers = f"ROW_NUMBER() OVER (PARTITION BY {events.part()} ORDER BY {events.order()}) AS {number}"
    # Hard: the last event of the key counts, delete or not. Soft: the last that is no delete.
    live_first = "" if batch.method.removes else f"CASE WHEN {deleted} THEN 1 ELSE 0 END, "
    order = f"{live_first}{events.order(last_first=True)}"
    ranks = f"ROW_NUMBER() OVER (PARTITION BY {events.part()} ORDER BY {order}) AS {rank}"
    numbered = f"SELECT {', '.join([names, *own, numbers, ranks])} FROM events"
    traced = events.traced("numbered", ", ".join([names, *own, number, rank]), partial)
    alive = f"{rank} = 1 AND NOT {deleted}" + (f" AND {events.own('epoch')} = 0" if events.epochs else "")
    values = [_folded(batch, column.name, events, partial) for column in batch.columns]
    return (
        f"WITH events AS ({counted}), numbered AS ({numbered}), "
        f"traced AS ({traced}) SELECT {', '.join(values)} FROM (SELECT * FROM traced WHERE {alive}) AS traced"
        f"{events.joins('traced', 'numbered', partial)}"
    )


def _folded(batch: MergeBatch, column: str, events: Events, partial: Sequence[str]) -> str:
    if column != batch.missing:
        return events.value(column, "traced", partial)
    unsaid = [
        f"CASE WHEN traced.{events.own(f'from_{place}')} IS NULL AND traced.{events.own('gone')} IS NULL "
        f"THEN {words.literal(named(name))} ELSE '' END"
        for place, name in enumerate(partial, start=1)
    ]
    return " || ".join(unsaid)
