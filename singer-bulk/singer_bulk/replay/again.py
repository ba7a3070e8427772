"""The files of a load enter tables once more, exactly, in one load of the ordinary kind: transaction, gate, ledger.

1. The description says what the files are; each file is there, of its size, and ends in the checksum of its rows.
2. The load gets an id of its own, which begins with that of the load: by these the ledger knows which tables have its
   files. So the same files enter the same table once, whatever ends a run, and however often it is run.
3. A fence that all replays share lets one of two at a time commit; the other one looks again.
4. It closes no STATE and belongs to no pipeline: where the tap resumes is not its business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from singer_bulk.errors import PipelineMoved
from singer_bulk.model.load import OVERWRITE, Load, Table, TableLoad
from singer_bulk.model.runtime import Runtime
from singer_bulk.model.statements import statements_of
from singer_bulk.replay.place import fitted, refuse
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.base import Stage
from singer_bulk.stage.owner import RunStage
from singer_bulk.stage.whole import demand_whole
from singer_bulk.stream.claims import demand_table, tables_of
from singer_bulk.warehouse.known_tables import KnownTables, known_tables, row_count
from singer_bulk.warehouse.ledger import is_committed, last_sequence, replay_begin, replays_of, sequence_of
from singer_bulk.warehouse.loads import Loads
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables
from singer_bulk.warehouse.user_sql import LoadSql

# The pipeline under which replays exclude one another; no load has it in the ledger.
FENCE = "--replay"
ATTEMPTS = 20  # of replays that come between


@dataclass
class Again:
    """Loads files again, of the loads that it is given."""

    warehouse: Warehouse
    stage: Stage
    settings: LoadSettings
    runtime: Runtime
    stop_signal: Callable[[], int | None]
    new_id: str  # of this process: names what it puts into the stage

    def load(self, load: Load, places: Mapping[TableLoad, Table]) -> list[str]:
        """Load the parts into their tables; return what was done, a sentence for each.

        Raises BulkError; then nothing of it is visible.
        """
        last_sequence(self.warehouse)  # refuses a newer ledger
        for table in places.values():
            self.warehouse.demand_schema(table)
        told: list[str] = []
        for _ in range(ATTEMPTS):
            run_stage = RunStage(self.stage)
            loads = self._loads(run_stage)
            loads.fence(FENCE)
            left, told = self._left(load, places)
            if not left:
                return told
            again = self._load(load, left)
            try:
                run_stage.remove(loads.commit(again)[0])
            except PipelineMoved:
                self.warehouse.forget_session()
                continue
            finally:
                run_stage.remove_rest()
            return [*told, *_said(load, again)]
        raise refuse(f"load {load.load_id}: {ATTEMPTS} other replays came between; run again when they have ended")

    def _loads(self, stage: RunStage) -> Loads:
        settings = self.settings
        return Loads(
            self.warehouse,
            LoadTables(self.warehouse, versioned=settings.has_versions),
            stage,
            self.stop_signal,
            self.runtime.now,
            lock_wait_seconds=settings.lock_wait_seconds,
            user_sql=LoadSql(statements_of(settings.pre_load_sql or ""), statements_of(settings.post_load_sql or "")),
            manifest=f".{self.new_id}.manifest",
        )

    def _left(self, load: Load, places: Mapping[TableLoad, Table]) -> tuple[dict[TableLoad, Table], list[str]]:
        """Return what is still to be loaded, and what is told of the rest."""
        left: dict[TableLoad, Table] = {}
        told = []
        committed = is_committed(self.warehouse, load.load_id)
        done = {name for _, name in replays_of(self.warehouse, load.load_id)}
        for part, table in places.items():
            is_there = bool(self.warehouse.columns(table))
            if is_there and str(table) in done:
                told.append(f"stream {part.stream!r}: load {load.load_id} was loaded again into {table} before")
            elif is_there and committed and part.table == table and row_count(self.warehouse, table):
                told.append(f"stream {part.stream!r}: the rows of load {load.load_id} are in {table} already")
            else:
                left[part] = table
        return left, told if left else [*told, "nothing was changed"]

    def _load(self, load: Load, places: Mapping[TableLoad, Table]) -> Load:
        """Return the load that brings the parts in; raises ConfigError and StageError where it may not."""
        known = known_tables(self.warehouse)
        tables = tuple(self._part(part, table, known) for part, table in places.items())
        files = [file for part in tables for batch in part.batches for file in batch.files]
        demand_whole(self.stage, self.runtime, files)
        first = tables[0]
        return replace(
            load,
            load_id=self._new_id(load, [part.table for part in tables]),
            pipeline_id=None,
            state=None,
            tables=tables,
            committed_at=self.runtime.now().isoformat(" "),
            sequence=max((batch.last_sequence for batch in first.batches), default=load.sequence),
        )

    def _new_id(self, load: Load, tables: Sequence[Table]) -> str:
        """Return an id that the ledger does not have: the tables may have been dropped since they were loaded."""
        digest = hashlib.sha256("\n".join(sorted(map(str, tables))).encode()).hexdigest()[:12]
        begin = f"{replay_begin(load.load_id)}{digest}"
        known = {load_id for load_id, _ in replays_of(self.warehouse, load.load_id)}
        return next(one for number in count(1) if (one := f"{begin}-{number}") not in known)

    def _part(self, part: TableLoad, table: Table, known: KnownTables) -> TableLoad:
        names = self.warehouse.dialect.names
        self._refuse_older(part, table)
        demand_table(
            part.stream, tables_of(table, part.method, names), part.method, lambda: known, lambda: self.warehouse, names
        )
        return fitted(part, table, self.warehouse, frozen=self.settings.of(part.stream).evolution.frozen)

    def _refuse_older(self, part: TableLoad, table: Table) -> None:
        """Raise ConfigError where rows of a later load would be replaced by those of this one."""
        replaces = part.method.name == OVERWRITE or (part.method.applies and not part.method.feed.order)
        last = sequence_of(self.warehouse, table) if replaces and self.warehouse.columns(table) else 0
        if last > max(batch.last_sequence for batch in part.batches):
            raise refuse(
                f"stream {part.stream!r}: table {table} has a later load than this one, whose rows would be "
                "replaced by older ones; load it --into another table, or let the tap send the records again"
            )


def _said(load: Load, again: Load) -> Collection[str]:
    return [
        f"stream {part.stream!r}: {sum(batch.row_count for batch in part.batches)} rows of load {load.load_id} in "
        f"{part.table}, as load {again.load_id}"
        for part in again.tables
    ]
