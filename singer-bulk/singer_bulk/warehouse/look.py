"""What has COPY brought into the scratch tables of a load? Asked for all of them at once, before any lock is taken.

The answer decides what a merge sends: a batch that has each key once, and nothing but rows to keep, needs no choosing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from singer_bulk.model.feed import Meaning
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.merge_batch import MEANINGS, MergeBatch

# Tables in one question: 50 of them with three key columns each are 60 kB of text, of 1 MB that Snowflake takes
# (https://docs.snowflake.com/en/user-guide/query-size-limits).
ASKED_AT_ONCE = 50


@dataclass(frozen=True)
class Looked:
    """What is in one scratch table: rows, different keys, rows with NULL in a key, and which of MEANINGS a row has."""

    row_count: int
    key_count: int
    null_count: int
    said: frozenset[Meaning]


def look(batches: Sequence[MergeBatch]) -> str:
    """Return the query for what is in the scratch tables, a row for each: its place in the sequence, and counts."""
    return " UNION ALL ".join(_look(place, batch) for place, batch in enumerate(batches))


def looked(rows: Rows) -> Mapping[int, Looked]:
    """Return what the answer says, by place."""
    return {
        int(place): Looked(
            int(row_count or 0),
            int(key_count),
            int(null_count or 0),
            frozenset(meaning for meaning, count in zip(MEANINGS, counts, strict=True) if count),
        )
        for place, row_count, key_count, null_count, *counts in rows
    }


def _look(place: int, batch: MergeBatch) -> str:
    some = " OR ".join(f"{words.name(key)} IS NULL" for key in batch.method.keys)
    keyless = [batch.events.says(meaning) for meaning in (Meaning.TRUNCATE, Meaning.IGNORE)]
    other = "".join(f" AND NOT ({test})" for test in keyless if test)
    said = [batch.events.says(meaning) for meaning in MEANINGS]
    return words.count_keys(place, batch.scratch, batch.method.keys, [f"({some}){other}" if other else some, *said])
