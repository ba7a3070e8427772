"""One load of all that the receipts of a work list name: checked, joined, and committed by the ordinary transaction.

1. The fence is taken note of, then the ledger is asked for the load: its id follows from the work list alone. One that
   is there is done: nothing is loaded.
2. The receipts are read and checked, each file is there as it was staged, and all become one load: each table evolves
   once, for the union of the columns, and its files of one form go into one COPY.
3. The load is committed as every other one is (`warehouse/loads.py`): whoever has committed behind the same fence since
   it was taken note of, makes this attempt look again. So of two at a time one loads, and an answer that was lost is
   looked up in the ledger.
4. Behind COMMIT comes what may be done again: rejected records go where `--rejected` looks, files are removed, or
   described. The same command does it again, where a coordinator died before it came so far.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from singer_bulk.errors import BulkError, PipelineMoved
from singer_bulk.model.description import description_of
from singer_bulk.model.load import Load
from singer_bulk.model.runtime import Runtime
from singer_bulk.model.statements import statements_of
from singer_bulk.receipts.checked import Expected, demand_receipts
from singer_bulk.receipts.placing import placed
from singer_bulk.receipts.receipt import Receipt, receipt_of, sharing
from singer_bulk.receipts.state import StatesContradict, joined_state
from singer_bulk.receipts.united import united
from singer_bulk.receipts.work_list import WorkList
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.base import Stage
from singer_bulk.stage.keys import described_at, parts_under, rejected_under
from singer_bulk.stage.owner import RunStage
from singer_bulk.stage.whole import demand_whole
from singer_bulk.warehouse.known_tables import known_tables
from singer_bulk.warehouse.ledger import is_committed, last_sequence
from singer_bulk.warehouse.loads import Loads
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables
from singer_bulk.warehouse.user_sql import LoadSql

logger = logging.getLogger(__name__)

# The fence of coordinators without a pipeline_id; with one it is the pipeline's, which ordinary runs take, too.
FENCE = "--commit"
ATTEMPTS = 20  # of others that come between
READS_AT_ONCE = 8
READ_TOGETHER = 512


@dataclass
class Coordinator:
    """Commits a work list. read: returns what is at an address, or raises FileNotFoundError or BulkError."""

    warehouse: Warehouse
    stage: Stage
    settings: LoadSettings
    runtime: Runtime
    stop_signal: Callable[[], int | None]
    read: Callable[[str], bytes]
    connector: str
    connector_version: str
    new_id: str  # of this process: names what it puts into the stage
    _receipts: list[Receipt] = field(default_factory=list)

    def commit(self, work: WorkList) -> list[str]:
        """Load what the receipts name, unless that was done; return what was done, a sentence for each.

        Raises BulkError; then nothing of it is visible, unless its text says that this is not known.
        """
        last_sequence(self.warehouse)  # refuses a newer ledger
        for _ in range(ATTEMPTS):
            run_stage = RunStage(self.stage)
            loads = self._loads(run_stage)
            loads.fence(self.settings.pipeline_id or FENCE)
            if is_committed(self.warehouse, work.load_id):
                return self._done(work)
            try:
                load = self._load(work)
                run_stage.remove(loads.commit(load)[0])
            except PipelineMoved:
                self.warehouse.forget_session()
                self.warehouse.forget_tables()
                continue
            except BulkError as error:
                # Another coordinator may have committed the list, and removed its files under our hands.
                if self._is_committed(work):
                    logger.info("%s", error)
                    return self._done(work)
                raise
            finally:
                run_stage.remove_rest()
            self._settle(work, load)
            return [*_said(load), f"work list {work.hash}: {len(work.parts)} parts committed as {load.load_id}"]
        raise PipelineMoved(
            f"work list {work.hash}: {ATTEMPTS} other loads came between; run again when they have ended"
        )

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

    def _load(self, work: WorkList) -> Load:
        """Return the load of all parts; raises ConfigError and StageError where they do not belong together."""
        self._receipts = demand_receipts(self._expected(work), self._read_all(work))
        demand_whole(self.stage, self.runtime, [file for receipt in self._receipts for file in receipt.files])
        known = known_tables(self.warehouse)
        tables = united(table for receipt in self._receipts for table in receipt.load.tables)
        now = self.runtime.now().isoformat(" ")
        return Load(
            load_id=work.load_id,
            pipeline_id=self.settings.pipeline_id,
            tables=tuple(placed(part, self.warehouse, self.settings, known) for part in tables),
            state=self._state(),
            sequence=max((receipt.load.sequence for receipt in self._receipts), default=0),
            started_at=min((one.load.started_at for one in self._receipts if one.load.started_at), default=now),
            committed_at=now,
            connector_version=self.connector_version,
        )

    def _expected(self, work: WorkList) -> Expected:
        prefix = parts_under(self.settings.s3_key_prefix)
        return Expected(work, self.connector, prefix, lambda stream: self.settings.of(stream).load_method)

    def _read_all(self, work: WorkList) -> list[Receipt | None]:
        """Return the receipts, in the order of the parts; some hundred texts at a time are in memory.

        Decoded in one thread: msgspec makes what it knows of a class at its first use, and two at once crash in it.
        """
        found: list[Receipt | None] = []
        known: dict[object, object] = {}
        with self.runtime.threads(READS_AT_ONCE, "receipt") as threads:
            for start in range(0, len(work.parts), READ_TOGETHER):
                parts = work.parts[start : start + READ_TOGETHER]
                texts = [threads.submit(self._read_one, part.receipt) for part in parts]
                for part, text in zip(parts, texts, strict=True):
                    content = text.result()
                    found.append(None if content is None else sharing(receipt_of(content, part.receipt), known))
        return found

    def _read_one(self, address: str) -> bytes | None:
        try:
            return self.read(address)
        except FileNotFoundError:
            return None

    def _state(self) -> str | None:
        """Return the STATE of all parts, None if they have none, or none in common."""
        try:
            return joined_state(receipt.load.state for receipt in self._receipts)
        except StatesContradict as error:
            logger.warning("the STATEs of the parts differ in %s: the load closes none, --last-state stays", error)
            return None

    def _is_committed(self, work: WorkList) -> bool:
        try:
            self.warehouse.forget_session()
            return is_committed(self.warehouse, work.load_id)
        except BulkError as unknown:
            logger.warning("the ledger could not be asked: %s", unknown)
            return False

    def _done(self, work: WorkList) -> list[str]:
        """Say that it was done, and do what a coordinator that died behind COMMIT has left to be done."""
        try:
            self._receipts = demand_receipts(self._expected(work), self._read_all(work))
            tables = united(table for receipt in self._receipts for table in receipt.load.tables)
            load = replace(self._receipts[0].load, load_id=work.load_id, tables=tables, state=self._state())
            self._put(work, load, is_new=False)
            self._remove()
        except BulkError as error:
            logger.info("what a load does behind its COMMIT was not looked at: %s", error)
        return [
            f"work list {work.hash} was committed before, as load {work.load_id}; nothing was changed. A list of the "
            "same parts that is to be loaded again needs another id"
        ]

    def _settle(self, work: WorkList, load: Load) -> None:
        """Remove the staged files, or describe them; put rejected records where they wait to be loaded again."""
        try:
            self._put(work, load, is_new=True)
            self._remove()
        except BulkError as error:
            logger.warning("the load is committed, and staged files stay; run the same command again: %s", error)

    def _remove(self) -> None:
        kept = self.settings.keep_staged_files
        files = [] if kept else [file.key for receipt in self._receipts for file in receipt.files]
        self.stage.remove([*files, *(key for receipt in self._receipts for key in receipt.rejects)])

    def _put(self, work: WorkList, load: Load, *, is_new: bool) -> None:
        """Write what stays behind the load; where it may have been done, only what is missing."""
        written = dict(self._rejected(work))
        if self.settings.keep_staged_files:
            written[described_at(self.settings.s3_key_prefix, work.load_id)] = description_of(load)
        self.stage.put_all({key: text for key, text in written.items() if is_new or self._content(key) is None})

    def _rejected(self, work: WorkList) -> Iterator[tuple[str, bytes]]:
        """Yield the objects of rejected records by the keys that they get: these follow from the work list alone."""
        under, parts = rejected_under(self.settings.s3_key_prefix), parts_under(self.settings.s3_key_prefix)
        for place, receipt in enumerate(self._receipts):
            for number, key in enumerate(receipt.rejects):
                folder = key.removeprefix(rejected_under(parts)).rpartition("/")[0]
                content = self._content(key)
                if content is not None:
                    yield f"{under}{folder}/{work.hash[:32]}-{place:05d}-{number:02d}.jsonl", content

    def _content(self, key: str) -> bytes | None:
        try:
            return b"".join(self.stage.read(key))
        except BulkError as error:
            if error.code == "STAGE-MISSING":
                return None  # an attempt before has come so far
            raise


def _said(load: Load) -> list[str]:
    return [
        f"stream {part.stream!r}: {sum(batch.row_count for batch in part.batches)} rows in {part.table}, "
        f"{sum(len(batch.files) for batch in part.batches)} files, {len(part.batches)} COPYs"
        for part in load.tables
    ]
