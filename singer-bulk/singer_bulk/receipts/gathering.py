"""What takes the place of the commit thread where files are staged only: loads are gathered, none is committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from singer_bulk.model.load import Load
from singer_bulk.stage.owner import RunStage
from singer_bulk.warehouse.session import Warehouse


class Gathering:
    """The loads of a run, whose files stay in the stage. It is asked and told what `Committer` is."""

    def __init__(
        self, warehouse: Warehouse, loads: Any, stage: RunStage, emit: Callable[[str], None], *_: Any, **__: Any
    ) -> None:
        self.warehouse = warehouse
        self._stage = stage
        self.loads: list[Load] = []
        self.rejects: list[str] = []
        self.emitted: str | None = None

    @property
    def keys(self) -> list[str]:
        """The keys of all files that were gathered."""
        return [*(key for load in self.loads for key in _keys(load)), *self.rejects]

    def fence(self, pipeline_id: str | None) -> None:
        """No pipeline is moved on."""

    def commit(self, load: Load, rejects: Sequence[str]) -> None:
        """Wait until its files have arrived, and let them stay."""
        self.loads.append(load)
        self.rejects += rejects
        keys = [*_keys(load), *rejects]
        self._stage.wait(keys)
        self._stage.release(keys)

    def emit(self, state: str | None) -> None:
        """No STATE comes out: nothing is committed."""
        self.emitted = state

    def check(self) -> None:
        """Nothing is under way."""

    def wait(self) -> None:
        """Nothing is under way."""

    def end(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """No session is open."""


def _keys(load: Load) -> list[str]:
    return [file.key for table in load.tables for batch in table.batches for file in batch.files]
