"""How rows enter a table by their keys: the statements between COPY into a scratch table and COMMIT.

COPY fills `scratch`, whose last column numbers the rows in the order of arrival. Then:

1. Rows that are no change of a row leave `scratch`; where the feed has an order of its own, so do those that come
   later than what the table has already: an older event never overwrites a newer row.
2. The rows of the table that a truncate has removed go, and only the events behind the last truncate count.
3. The last row of each key that is no delete is merged into the table by way of `chosen`: matched rows are updated in
   the columns of the SCHEMA, and only in those; the others are inserted. What a partial update left out is taken from
   the event of its key that said it last, else from the table's row. Where each key has one row, and none of the rest
   applies, as `look.py` tells, `scratch` is merged itself (`merge_all`).
4. A key whose last row is a delete is removed (`hard_delete`), or its row is stamped: what a delete does not say,
   because it holds only the key, stays as it is.

What can be said of a batch has a file of its own (`merge_batch.py`), and so have which row of a key counts
(`choose.py`), what a truncate does (`truncate.py`), and the feed's own order (`places.py`).

Both warehouses take the same words. A subquery as the source of MERGE is not in every page of Redshift's
documentation (r_MERGE), a table is. Keys compare by `=`, so a NULL in a key would never match: it is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from singer_bulk.model.added import MISSING_NAME
from singer_bulk.model.columns import Column
from singer_bulk.model.feed import Meaning
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.choose import folded_rows, last_rows
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.further_tables import applied_table, deleted_table
from singer_bulk.warehouse.gate import Step
from singer_bulk.warehouse.look import Looked
from singer_bulk.warehouse.merge_batch import MEANINGS, MergeBatch
from singer_bulk.warehouse.places import drop_late, forget_keys, remember
from singer_bulk.warehouse.truncate import truncate


def batch_of(
    dialect: Dialect, table: TableLoad, scratch: Table, chosen: Table, columns: Sequence[Column], version: str | None
) -> MergeBatch:
    """Return one batch of the load; `columns` are those of its scratch tables."""
    method = table.method
    return MergeBatch(
        dialect,
        applied_table(dialect, table),
        scratch,
        chosen,
        columns,
        method,
        version if method.feed.order else None,
        dialect.fold(MISSING_NAME) if method.feed.partial else None,
        deleted_table(dialect, table) if method.forgets else None,
    )


def into_history(batch: MergeBatch, history: Table, columns: Collection[str]) -> str:
    """Return the statement that adds the scratch table's rows to the table that keeps each event."""
    names = words.listed(column.name for column in batch.columns if column.name in columns)
    return words.insert(batch.dialect.table(history), names, f"SELECT {names} FROM {batch.scratch}")


def needs_choosing(batch: MergeBatch, left_out: Collection[str], looked: Looked) -> bool:
    """Return whether rows of the batch stand in for others, or are no rows to keep: only then is there a choice."""
    is_plain = not looked.said and not batch.method.feed.order and not left_out
    return not (is_plain and looked.key_count == looked.row_count)


def merge_all(batch: MergeBatch, row_count: int, *, stays: bool = False) -> list[Step]:
    """Return what applies a batch in which nothing is to be chosen: all of its rows are merged as they came.

    stays: nothing else of the load removes rows from the table.
    """
    every = replace(batch, chosen_table=batch.scratch_table)
    return [
        Step(_merge_chosen(every), chosen=row_count, writes=True, lacking=_unmerged(every), stays=stays, merges=True)
    ]


def merge_steps(batch: MergeBatch, left_out: Collection[str] = (), said: Collection[Meaning] = MEANINGS) -> list[Step]:
    """Return what applies the scratch table's rows, in order; `left_out` are columns that some of them lack.

    said: of MEANINGS those that a row of the scratch table has; the others cost no statement.
    """
    batch = replace(batch, said=frozenset(said))
    partial = [column.name for column in batch.columns if column.name in left_out]
    steps = [*_drop_ignored(batch), *drop_late(batch), *truncate(batch)]
    steps.append(batch.choose(folded_rows(batch, partial) if partial else last_rows(batch)))
    steps += [Step(_take_from_table(batch, name)) for name in partial]
    steps.append(Step(_merge_chosen(batch), writes=True, lacking=_unmerged(batch), merges=True))
    if batch.arrived.says(Meaning.DELETE):
        steps += [Step(words.delete(batch.chosen)), batch.choose(last_rows(batch, deletes=True))]
        steps += _remove(batch) if batch.method.removes else _stamp(batch)
    elif batch.method.removes:
        steps += forget_keys(batch)
    return steps


def _drop_ignored(batch: MergeBatch) -> list[Step]:
    ignored = batch.arrived.says(Meaning.IGNORE)
    return [Step(words.delete(batch.scratch, ignored))] if ignored else []


def _take_from_table(batch: MergeBatch, column: str) -> str:
    """Return the statement that takes what no event of the batch has said from the table's row, if it has one."""
    name = words.name(column)
    where = f"{batch.matching} AND {batch.events.is_missing(column, batch.chosen)}{_unless_deleted(batch)}"
    return words.update(batch.chosen, f"{name} = {batch.target}.{name}", where, source=batch.target)


def _unless_deleted(batch: MergeBatch) -> str:
    """Return the condition that the table's row is none that a delete has stamped: its values are gone."""
    events = replace(batch.events, relation=batch.target)
    tests = [events.says(meaning) for meaning in (Meaning.DELETE, Meaning.TRUNCATE)]
    return "" if batch.method.removes else "".join(f" AND NOT ({test})" for test in tests if test)


def _merge_chosen(batch: MergeBatch) -> str:
    names = _stored(batch)
    sets = ", ".join(f"{name} = {batch.chosen}.{name}" for name in names)
    values = ", ".join(f"{batch.chosen}.{name}" for name in names)
    return (
        f"MERGE INTO {batch.target} USING {batch.chosen} ON {batch.matching} "
        f"WHEN MATCHED THEN UPDATE SET {sets} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"
    )


def _unmerged(batch: MergeBatch) -> str:
    """Return the query for the chosen rows whose key the table does not have."""
    return words.count(batch.chosen, batch.unmatched)


def _remove(batch: MergeBatch) -> list[Step]:
    removed = Step(words.delete(batch.target, batch.matching, using=batch.chosen), deletes=True)
    deleted = batch.deleted
    return [removed, *forget_keys(batch), *([] if deleted is None else [remember(batch, deleted, keys=True)])]


def _stamp(batch: MergeBatch) -> list[Step]:
    target, chosen, names, apart = batch.target, batch.chosen, _stored(batch), _set_apart(batch)
    sets = ", ".join(f"{name} = COALESCE({chosen}.{name}, {target}.{name})" for name in names if name not in apart)
    values = ", ".join(f"{chosen}.{name}" for name in names)
    rows = f"SELECT {values} FROM {chosen} WHERE {batch.unmatched}"
    documents = [
        words.update(
            target, f"{name} = {chosen}.{name}", f"{batch.matching} AND {chosen}.{name} IS NOT NULL", source=chosen
        )
        for name in apart
    ]
    return [
        *map(Step, documents),
        Step(words.update(target, sets, batch.matching, source=chosen), writes=True, deletes=True),
        Step(words.insert(target, ", ".join(names), rows), writes=True, lacking=_unmerged(batch)),
    ]


def _stored(batch: MergeBatch) -> list[str]:
    return [words.name(column.name) for column in batch.stored]


def _set_apart(batch: MergeBatch) -> list[str]:
    """Return the columns of documents that are set by a statement of their own, without a function of them."""
    if batch.dialect.json_in_expressions:
        return []
    return [words.name(column.name) for column in batch.stored if column.type.kind is Kind.JSON]
