"""The fence of a pipeline: a run commits only while no other run of the pipeline has committed since it began.

Two runs of one pipeline at once read the same records behind the same STATE and would load them twice. The fence is a
table of one row for each pipeline, `<ledger>__<hash of pipeline_id>`: the load_id of its last load. A run remembers the
row when it begins; each of its loads locks the table (`turn.py`), demands the row as the run knows it, and writes its
own load_id in the same transaction. The second run waits for the first one's COMMIT and then finds the row changed.

A table for each pipeline, not a row of the ledger: a transaction of Redshift that reads the ledger and writes it would
conflict with every other pipeline that does (error 1023), and a lock on one table would make them wait for one another.
https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from singer_bulk.errors import PipelineMoved
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Executes
from singer_bulk.warehouse.session import Warehouse

_NAME = ColumnType(Kind.TEXT, max_bytes=1024)
FENCE_COLUMNS = (Column("load_id", _NAME), Column("pipeline_id", _NAME))
# Of the row of a pipeline that no load has moved yet: something must be there to be locked.
NO_LOAD = "-"


@dataclass
class Fence:
    """The fence of one pipeline, and the last load that this run knows of."""

    dialect: Dialect
    ledger: Table
    pipeline_id: str
    _known: frozenset[str] = field(default_factory=frozenset)

    @property
    def table(self) -> Table:
        """The table of the pipeline."""
        digest = hashlib.sha256(self.pipeline_id.encode()).hexdigest()[:12]
        return Table(self.ledger.schema, self.dialect.fold(f"{self.ledger.name}__{digest}"))

    def begin(self, warehouse: Warehouse) -> None:
        """Remember the last load of the pipeline; the table is made if it is missing. Outside of a transaction."""
        dialect = self.dialect
        columns = [replace(column, name=dialect.fold(column.name)) for column in FENCE_COLUMNS]
        warehouse.make_table(self.table, columns)
        query = f"SELECT {words.name(columns[0].name)} FROM {dialect.table(self.table)}"
        rows = warehouse.select(f"reading the fence of pipeline {self.pipeline_id!r}", query)
        if not rows:
            # Two runs may both come here: the rows of the two say the same, and the first load changes both.
            values = f"{words.literal(NO_LOAD)}, {words.literal(self.pipeline_id)}"
            names = ", ".join(words.name(column.name) for column in columns)
            warehouse.session.execute(f"INSERT INTO {dialect.table(self.table)} ({names}) VALUES ({values})")
        self._known = _loads(rows)

    def enter(self, transaction: Executes, load_id: str) -> None:
        """Check that no other run has loaded for this pipeline, and write this load's id; the table is locked.

        Raises PipelineMoved, which names the load of the other run.
        """
        dialect = self.dialect
        where, name = dialect.table(self.table), words.name(dialect.fold("load_id"))
        found = _loads(transaction.execute(f"SELECT {name} FROM {where}"))
        if found != self._known:
            raise PipelineMoved(
                f"pipeline {self.pipeline_id!r} was moved on by load {', '.join(sorted(found)) or 'none'} of another "
                f"run after this one had begun: nothing of load {load_id} is visible, its records may be in the tables "
                "already. Let the other run end, then run again from --last-state"
            )
        transaction.execute(f"UPDATE {where} SET {name} = {words.literal(load_id)}")

    def passed(self, load_id: str) -> None:
        """The load is committed: the next one of this run follows it."""
        self._known = frozenset([load_id])


def _loads(rows: list[tuple[str, ...]]) -> frozenset[str]:
    return frozenset(row[0] for row in rows) - {NO_LOAD}
