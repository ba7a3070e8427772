"""What a truncate among the rows of a batch does to the rows before it."""

from __future__ import annotations

from dataclasses import replace

from singer_bulk.model.feed import Meaning
from singer_bulk.warehouse import words
from singer_bulk.warehouse.gate import Step
from singer_bulk.warehouse.merge_batch import MergeBatch
from singer_bulk.warehouse.places import has_no_key, remember


def truncate(batch: MergeBatch) -> list[Step]:
    """Return the statements for the last truncate of the batch; none for a batch without one."""
    events = batch.arrived
    truncated = events.says(Meaning.TRUNCATE)
    if not truncated:
        return []
    names, rank = batch.names, events.own("rank")
    last = (
        f"SELECT {names} FROM (SELECT {names}, ROW_NUMBER() OVER "
        f"(ORDER BY {events.order(last_first=True)}) AS {rank} FROM {batch.scratch} WHERE {truncated}) AS ranked "
        f"WHERE {rank} = 1"
    )
    return [batch.choose(last), _empty(batch), *_remember(batch), Step(words.delete(batch.chosen))]


def _empty(batch: MergeBatch) -> Step:
    """Return what removes or stamps the rows before the truncate that stands in `chosen`."""
    target, feed = batch.target, batch.method.feed
    older = _before(batch, target)
    if batch.method.removes:
        return Step(words.delete(target, older))
    marks = [mark.column for mark in feed.marks if mark.of(Meaning.TRUNCATE)]
    places = [one.column for one in feed.order]
    sets = ", ".join(
        f"{words.name(name)} = {words.only_value(name, batch.chosen)}" for name in dict.fromkeys([*marks, *places])
    )
    truncated = replace(batch.events, relation=target).says(Meaning.TRUNCATE)
    return Step(words.update(target, sets, older), lacking=words.count(target, f"{older} AND NOT ({truncated})"))


def _remember(batch: MergeBatch) -> list[Step]:
    """Return what keeps the place of the truncate in `chosen` instead of those of earlier ones."""
    deleted = batch.deleted
    if deleted is None:
        return []
    earlier = f"{has_no_key(batch, deleted)} AND {_before(batch, deleted)}"
    return [Step(words.delete(deleted, earlier)), remember(batch, deleted, keys=False)]


def _before(batch: MergeBatch, relation: str) -> str:
    """Return the condition that a row does not come later than the truncate in `chosen`, if there is one.

    No join: Redshift's UPDATE and DELETE want an equality between the two tables ("Target table must be part of an
    equijoin predicate"), and order has none. https://github.com/airbytehq/airbyte/issues/83304
    """
    one = f"(SELECT COUNT(*) FROM {batch.chosen}) = 1"
    if not batch.method.feed.order:
        return one
    return f"{one} AND NOT {batch.events.later(relation, batch.chosen, only_row=True)}"
