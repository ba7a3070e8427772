"""What is a load? Files of closed batches, the tables that they enter and how, and the STATE that it closes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.feed import Feed, Meaning
from singer_bulk.model.input_lines import InputLines
from singer_bulk.model.seen import ColumnSeen, merge
from singer_bulk.model.table_properties import PLAIN, TableProperties


@dataclass(frozen=True)
class StagedFile:
    """A file that is complete; `Stage.wait` knows when it has arrived.

    `key` is its full key in the bucket; `byte_count` is compressed. checksum: CRC-32 of the rows, as gzip has it.
    lines: of the input that the rows came from.
    """

    key: str
    row_count: int
    byte_count: int
    checksum: int = 0
    lines: InputLines | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class ClosedBatch:
    """The staged rows of one stream under one SCHEMA: what one COPY loads."""

    stream: str
    columns: tuple[Column, ...]  # as they stand in the files, metadata columns last
    null: bytes
    files: tuple[StagedFile, ...]
    row_count: int
    byte_count: int  # before compression
    first_sequence: int
    last_sequence: int
    seen: tuple[ColumnSeen, ...] = ()  # what the fields show of `columns`, in their order, of those with a property
    left_out: frozenset[str] = frozenset()  # columns that a partial update left out
    form: int = 0  # which of `TableLoad.forms` the columns had when it was written


def seen_by_column(batches: Iterable[ClosedBatch]) -> dict[str, ColumnSeen]:
    """Return what the fields of the batches show, by the name of their column."""
    found: dict[str, ColumnSeen] = {}
    for batch in batches:
        for column, seen in zip(batch.columns, batch.seen, strict=False):  # metadata columns are not looked at
            found[column.name] = merge(found.get(column.name, ColumnSeen()), seen)
    return found


@dataclass(frozen=True, order=True)
class Table:
    """A table's schema and name, as the warehouse stores them."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


APPEND, UPSERT, OVERWRITE = "append-only", "upsert", "overwrite"


@dataclass(frozen=True)
class LoadMethod:
    """How rows enter a table. Names are those of columns.

    `keys` are the key properties. A row that the feed says is a delete removes the row of its key with `hard_delete`,
    else it stamps it. live: the table keeps each row, a second table `<table>_live` the current state. viewed:
    `<table>__current` and `<table>__history` are views of the table.
    """

    name: str = APPEND
    keys: tuple[str, ...] = ()
    hard_delete: bool = False
    max_shrink: float | None = None  # of the rows that an overwrite may lose, 0 to 1
    feed: Feed = field(default_factory=Feed)
    live: bool = False
    viewed: bool = False

    @property
    def applies(self) -> bool:
        """Whether rows enter a table by their keys."""
        return self.name == UPSERT or self.live

    @property
    def takes_keyless(self) -> bool:
        """Whether a row may have NULL in a key: where rows do not enter by keys, or the feed has events without one."""
        return not self.applies or self.feed.says(Meaning.TRUNCATE) or self.feed.says(Meaning.IGNORE)

    @property
    def removes(self) -> bool:
        """Whether a delete removes its row; the second table of a history holds nothing but the current state."""
        return self.hard_delete or self.live

    @property
    def forgets(self) -> bool:
        """Whether late events cannot be recognized by the table alone: the feed has an order, and rows are removed."""
        return self.applies and bool(self.feed.order) and (self.removes or self.feed.says(Meaning.TRUNCATE))


@dataclass(frozen=True)
class TableLoad:
    """What a load does to one table.

    `activated` is the version whose predecessors an ACTIVATE_VERSION made obsolete, if one came. forms: the columns
    under each SCHEMA of the load, in order, if there was more than one.
    """

    stream: str
    table: Table
    columns: tuple[Column, ...]  # all that the table must have
    batches: tuple[ClosedBatch, ...]
    method: LoadMethod = LoadMethod()
    activated: int | None = None
    rejected: int = 0  # records that the load goes without
    frozen: bool = False  # the table is never altered
    forms: tuple[tuple[Column, ...], ...] = ()
    properties: TableProperties = PLAIN  # of the table, where the load makes it

    @property
    def overwrite(self) -> bool:
        """Whether the rows of the table are replaced."""
        return self.method.name == OVERWRITE

    def types_of(self, batch: ClosedBatch, name: str) -> list[ColumnType]:
        """Return the types that a column of the batch has had, from that which its fields are read by on, in order."""
        found: list[ColumnType] = []
        for column in (column for form in self.forms[batch.form :] for column in form if column.name == name):
            if column.type.as_in_table() not in found[-1:]:
                found.append(column.type.as_in_table())
        return found


@dataclass(frozen=True)
class Load:
    """All that one commit makes visible, and the STATE (JSON text) that it closes.

    `sequence` is the number of the last row that was read before it; committed_at is when it was closed, until COMMIT
    is near (`warehouse/transaction.py`).
    """

    load_id: str
    pipeline_id: str | None
    tables: tuple[TableLoad, ...]
    state: str | None
    sequence: int
    started_at: str
    committed_at: str
    connector_version: str
