"""The uncommitted rows of one stream: encoded, compressed and written into files of the stage."""

from __future__ import annotations

from collections.abc import Callable

from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.gzip_files import Files
from singer_bulk.encode.workers import Block, Blocks, Workers
from singer_bulk.model.columns import Column
from singer_bulk.model.facts import ENCODE, UNWATCHED, Watch
from singer_bulk.model.file_format import FileLayout
from singer_bulk.model.flush import FlushPolicy
from singer_bulk.model.load import ClosedBatch
from singer_bulk.model.messages import Records
from singer_bulk.stage.base import StageWriter


class Batch:
    """Rows of one stream under one SCHEMA, in files that are being written."""

    def __init__(
        self,
        stream: str,
        columns: tuple[Column, ...],
        null: bytes,
        encoder: BlockEncoder,
        new_key: Callable[[], str],
        open_file: Callable[[str], StageWriter],
        opened_at: float,
        *,
        layout: FileLayout,
        workers: Workers,
        watch: Watch = UNWATCHED,
    ) -> None:
        self.stream = stream
        self.columns = columns
        self.opened_at = opened_at
        self.row_count = 0
        self._null = null
        self._encoder = encoder
        self._files = Files(layout, new_key, open_file)
        self._sequences: list[int] = []
        self._workers = workers
        self._encode = watch.call(ENCODE, stream, encoder.encode)
        self._blocks = Blocks(self._encode, self._files.add_piece)

    @property
    def byte_count(self) -> int:
        """Bytes of rows, before compression; blocks that a thread is encoding are not counted yet."""
        return self._files.byte_count

    def is_full(self, policy: FlushPolicy) -> bool:
        """Return whether a limit is reached: of the policy, or of the warehouse for its files."""
        return self._files.is_full or policy.is_full(self.row_count, self.byte_count)

    def add(self, records: Records, sequence: int) -> None:
        """Encode the records into the files; `sequence` is the number of the first.

        Raises ValueRejected and MessageError (then no record of the run is added), StageError, ColumnOutgrown.
        """
        self._encode(records, sequence, lambda rows: self._files.add_rows(rows, records.line_numbers))
        self._count(records, sequence)

    def hand_over(self, records: Records, sequence: int) -> bool:
        """Give the records to another thread, or return False: then the caller has to `add` them."""
        if not self._workers.hand_over(self._blocks, Block(records, sequence)):
            return False
        self._count(records, sequence)
        return True

    def wait_for_blocks(self) -> list[Block]:
        """Wait until every block is encoded; return the records that the caller has to `add` after all."""
        unsure = self._workers.wait_for(self._blocks)
        self.row_count -= sum(block.records.count for block in unsure)
        return unsure

    def close(self) -> ClosedBatch:
        """Complete the staged files and return what a load needs to know of them; `wait_for_blocks` comes first.

        Raises StageError.
        """
        files = self._files.close()
        first, last = self._sequences
        return ClosedBatch(
            self.stream,
            self.columns,
            self._null,
            files,
            self.row_count,
            self._files.byte_count,
            first,
            last,
            self._encoder.seen,
            self._encoder.left_out_seen,
        )

    def abort(self) -> None:
        """Give up what other threads are encoding; the files are the stage's to remove."""
        self._workers.forget(self._blocks)

    def _count(self, records: Records, sequence: int) -> None:
        self.row_count += records.count
        last = sequence + records.count - 1
        first, latest = self._sequences or (sequence, last)
        self._sequences = [min(first, sequence), max(latest, last)]
