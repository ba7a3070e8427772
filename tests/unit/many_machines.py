"""Workers and coordinators over one stage and one warehouse in memory, as processes of their own would be."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

from singer_bulk.face.connector import Connector
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.load import Table
from singer_bulk.receipts.coordinator import Coordinator
from singer_bulk.receipts.places import Input, input_of
from singer_bulk.receipts.receipt import receipt_text
from singer_bulk.receipts.stage_only import Job, staged
from singer_bulk.receipts.work_list import Part, WorkList
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.warehouse.session import Warehouse

from tests.fakes import (
    FailingStage,
    MemoryDialect,
    MemoryWarehouse,
    Ticking,
    lines,
    record,
    schema,
    settings_with,
    state,
)

MADE_AT = datetime(2020, 6, 1, tzinfo=timezone.utc)
PARTS = 3
WORK = WorkList(tuple(Part(f"source {n}", f"receipt {n}") for n in range(PARTS)), "one", MADE_AT)


def part(place: int, *more: dict[str, Any]) -> str:
    """Return the source of a part: two rows of its own, and its STATE."""
    own = [record(id=2 * place), record(id=2 * place + 1)]
    return lines(schema(), *own, *more, state({str(place): "done"}))


@dataclass
class Ground:
    """One bucket, one warehouse, and the receipts, by their addresses."""

    stage: FailingStage = field(default_factory=FailingStage)
    clock: Ticking = field(default_factory=Ticking)
    receipts: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=lambda: {"keep_staged_files": False})
    work: WorkList = WORK
    _ids: Callable[[], int] = field(default_factory=lambda: itertools.count().__next__)

    def __post_init__(self) -> None:
        self.warehouse = MemoryWarehouse(self.stage)

    @property
    def settings(self) -> LoadSettings:
        """The settings of all processes."""
        return settings_with(**self.changes)

    def connector(self) -> Connector:
        """Return what a process reaches."""
        warehouse = Warehouse(
            lambda: self.warehouse,
            MemoryDialect(),
            ledger=Table("analytics", "_singer_loads"),
            create_schema=False,
            pause=self.clock.pass_seconds,
            monotonic=self.clock.monotonic,
        )
        marked = FileFormat(b"@null@", 6, True, 65535, 16_000_000, 65535)
        return Connector(warehouse, self.stage, lambda: marked, lambda _: FileLayout())

    def stage_part(self, place: int, source: str | Input, **changes: Any) -> None:
        """Be a worker: stage a part, and write its receipt."""
        one = self.work.parts[place]
        job = Job(one.source, one.receipt, one.version, place, self.work)
        read = input_of(io.StringIO(source)) if isinstance(source, str) else source
        target = SimpleNamespace(
            config={},
            mapper=None,
            name="target-memory",
            plugin_version="1.0",
            load_settings=lambda: settings_with(**{**self.changes, **changes}),
        )
        self.receipts[one.receipt] = receipt_text(staged(target, self.connector(), job, read))  # type: ignore[arg-type]

    def again(self) -> Ground:
        """Return another one, in which the same is staged, and nothing is committed."""
        other = Ground(FailingStage(dict(self.stage.files)), receipts=dict(self.receipts))
        other.changes, other.work = self.changes, self.work
        return other

    def stage_all(self, sources: Sequence[str] = tuple(part(place) for place in range(PARTS))) -> None:
        """Be a worker for each part."""
        for place, source in enumerate(sources):
            self.stage_part(place, source)

    def coordinator(self, read: Callable[[str], bytes] | None = None, **seams: Any) -> Coordinator:
        """Return a coordinator, a process of its own."""
        connector = self.connector()
        return Coordinator(
            connector.warehouse,
            self.stage,
            self.settings,
            self.clock,
            seams.get("stop_signal", lambda: None),
            read or self.read,
            "target-memory",
            "1.0",
            f"{self._ids():032x}",
        )

    def commit(self, work: WorkList | None = None) -> str:
        """Be a coordinator; return what it says."""
        return "\n".join(self.coordinator().commit(work or self.work))

    def read(self, address: str) -> bytes:
        """Return a receipt."""
        if address not in self.receipts:
            raise FileNotFoundError(address)
        return self.receipts[address]

    def ids(self) -> list[int]:
        """Return the ids in the table."""
        return sorted(int(row.split("|")[0]) for row in self.warehouse.rows("analytics.orders"))

    def ledger(self) -> list[str]:
        """Return the rows of the ledger, as text."""
        return self.warehouse.rows("analytics._singer_loads")


ALL = [*range(2 * PARTS)]


def changed(receipts: Mapping[str, bytes], address: str, old: bytes, new: bytes) -> dict[str, bytes]:
    """Return the receipts, one of them with another text."""
    assert old in receipts[address], (old, receipts[address])
    return {**receipts, address: receipts[address].replace(old, new)}
