"""The places of rows in the feed's own order: events that come late leave a batch, removed rows keep their place.

A removed row takes its place with it, so the places of deleted keys, and of the last truncate, which has no key, are
kept in a table of their own (`MergeBatch.deleted_table`).
"""

from __future__ import annotations

from singer_bulk.warehouse import words
from singer_bulk.warehouse.gate import Step
from singer_bulk.warehouse.merge_batch import MergeBatch


def drop_late(batch: MergeBatch) -> list[Step]:
    """Return what takes out events that come later than what is known of their keys."""
    if not batch.method.feed.order:
        return []
    scratch, deleted = batch.scratch, batch.deleted
    statements = []
    for known in (batch.target, *([] if deleted is None else [deleted])):
        late = f"{batch.events.same_key(known, scratch)} AND {batch.events.later(known, scratch)}"
        statements.append(words.delete(scratch, late, using=known))
    if deleted is not None and batch.events.epochs:
        statements.append(_drop_truncated(batch, deleted))
    return [*map(Step, statements)]


def _drop_truncated(batch: MergeBatch, deleted: str) -> str:
    """Return what takes out events that come later than a truncate of an earlier load, which has no key.

    A statement of its own: an OR would join each row of the batch with each deleted key. The join without an
    equality stands in a query, because a DELETE may ask for one (as UPDATE does, see `truncate.py`).
    """
    scratch = batch.scratch
    late = (
        f"SELECT {batch.events.name(batch.arrival, scratch)} FROM {scratch}, {deleted} WHERE "
        f"{has_no_key(batch, deleted)} AND {batch.events.later(deleted, scratch)}"
    )
    return words.delete(scratch, f"{words.name(batch.arrival)} IN ({late})")


def forget_keys(batch: MergeBatch) -> list[Step]:
    """Return what removes the places of deleted keys that the batch has rows of."""
    deleted = batch.deleted
    if deleted is None:
        return []
    return [Step(words.delete(deleted, batch.events.same_key(deleted, batch.scratch), using=batch.scratch))]


def remember(batch: MergeBatch, deleted: str, *, keys: bool) -> Step:
    """Return the statement that keeps the places of the chosen rows; a truncate has no key."""
    places = [one.column for one in batch.method.feed.order]
    places += [] if batch.version is None else [batch.version]
    names = words.listed(dict.fromkeys([*(batch.method.keys if keys else ()), *places]))
    same = batch.events.same_key(deleted, batch.chosen) if keys else has_no_key(batch, deleted)
    return Step(
        words.insert(deleted, names, f"SELECT {names} FROM {batch.chosen}"),
        writes=True,
        lacking=words.count(batch.chosen, f"NOT EXISTS (SELECT 1 FROM {deleted} WHERE {same})"),
    )


def has_no_key(batch: MergeBatch, deleted: str) -> str:
    """Return the condition that a place is that of a truncate."""
    return f"{deleted}.{words.name(batch.method.keys[0])} IS NULL"
