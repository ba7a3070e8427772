"""The uncommitted rows of one stream: encoded, compressed and written into files of the stage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.encode.blocks import FEW_RECORDS, BlockEncoder
from singer_bulk.encode.gzip_files import Files, Piece, PieceCompressor
from singer_bulk.encode.pool import MAX_BLOCK_BYTES, START_BYTES, EncoderGroup, can_fork
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.errors import StageError
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import FileLayout
from singer_bulk.model.flush import FlushPolicy
from singer_bulk.model.load import ClosedBatch
from singer_bulk.model.messages import Records
from singer_bulk.stage.base import StageWriter

logger = logging.getLogger(__name__)


@dataclass
class Encoders:
    """The encoder processes that a run may have, for one batch at a time."""

    count: int = 0
    in_use: bool = False


class Batch:
    """Rows of one stream under one SCHEMA, in files that are being written.

    A batch that grows is encoded by encoder processes, if the run may have any; this process writes the files.
    """

    def __init__(
        self,
        stream: str,
        columns: tuple[Column, ...],
        null: bytes,
        encoder: BlockEncoder | RowEncoder,
        new_key: Callable[[], str],
        open_file: Callable[[str], StageWriter],
        opened_at: float,
        *,
        layout: FileLayout,
        encoders: Encoders,
    ) -> None:
        self.stream = stream
        self.columns = columns
        self.opened_at = opened_at
        self.row_count = 0
        self._null = null
        self._encoder = encoder
        self._files = Files(layout, new_key, open_file)
        self._sequences: list[int] = []
        self._encoders = encoders
        self._group: EncoderGroup | None = None

    @property
    def byte_count(self) -> int:
        """Bytes of rows, before compression; blocks that a process is encoding are not counted yet."""
        return self._files.byte_count

    def is_full(self, policy: FlushPolicy) -> bool:
        """Return whether a limit is reached: of the policy, or of the warehouse for its files."""
        return self._files.is_full or policy.is_full(self.row_count, self.byte_count)

    def add(self, records: Records, sequence: int) -> None:
        """Encode the records into the files; `sequence` is the number of the first.

        Raises ValueRejected and MessageError (then no record of the run is added), StageError, ColumnOutgrown.
        """
        rows = self._encoder.encode(records, sequence)
        if _holds_marker(rows, self._null):
            # The marker is random per batch, so this takes an adversary who reads our memory, or a bug.
            raise StageError(
                f"stream {self.stream!r}: a value equals the batch's NULL marker; run again", code="STAGE-MARKER"
            )
        self._files.add_rows(rows, records.count)
        self._count(records, sequence)

    def hand_over(self, records: Records, sequence: int) -> bool:
        """Give the records to an encoder process, or return False: then the caller has to `add` them."""
        if records.count < FEW_RECORDS or (self._group is None and not self._start()):
            return False
        assert self._group is not None
        if not self._group.hand_over(records, sequence):
            return False
        self._count(records, sequence)
        return True

    def wait_for_blocks(self) -> list[tuple[Records, int]]:
        """Wait until every block is encoded; return the records that the caller has to `add` after all."""
        unsure = self._group.wait_for_blocks() if self._group else []
        self.row_count -= sum(records.count for records, _ in unsure)
        return unsure

    def close(self) -> ClosedBatch:
        """Complete the staged files and return what a load needs to know of them; `wait_for_blocks` comes first.

        Raises StageError.
        """
        seen = self._encoder.datetimes_seen() | self._end_group()
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
            seen,
            self._encoder.left_out_seen if isinstance(self._encoder, RowEncoder) else frozenset(),
        )

    def abort(self) -> None:
        """End the encoder processes; the files are the stage's to remove."""
        if self._group is not None:
            group, self._group = self._group, None
            group.abort()
            self._encoders.in_use = False

    def _count(self, records: Records, sequence: int) -> None:
        self.row_count += records.count
        last = sequence + records.count - 1
        first, latest = self._sequences or (sequence, last)
        self._sequences = [min(first, sequence), max(latest, last)]

    def _start(self) -> bool:
        """Fork the encoder processes, unless another batch has them or this one is too small."""
        encoder, encoders = self._encoder, self._encoders
        if encoders.in_use or not encoders.count or self.byte_count < START_BYTES or not can_fork():
            return False
        if not isinstance(encoder, BlockEncoder):
            return False
        self._group = EncoderGroup(encoders.count, lambda: _Encoder(encoder, self._null), self._files.add_piece)
        encoders.in_use = True
        logger.info("stream %s: %d encoder processes", self.stream, encoders.count)
        return True

    def _end_group(self) -> frozenset[str]:
        """End the encoder processes; return the undecided date-time columns that got a value in one of them."""
        if self._group is None:
            return frozenset()
        group, self._group = self._group, None
        self._encoders.in_use = False
        return group.close()


class _Encoder:
    """What an encoder process does."""

    def __init__(self, encoder: BlockEncoder, null: bytes) -> None:
        self._encoder = encoder
        self._null = null
        self._compressor = PieceCompressor()

    def encode(self, records: Records, sequence: int) -> Piece | None:
        """Return compressed rows; None if the block is not certain."""
        try:
            rows = self._encoder.encode_surely(records, sequence)
        except Exception:
            return None  # whatever it is, it comes up once more where the block is encoded after all
        if rows is None or len(rows) > MAX_BLOCK_BYTES or _holds_marker(rows, self._null):
            return None
        return self._compressor.piece(rows)

    def datetimes_seen(self) -> frozenset[str]:
        """Return the undecided date-time columns that have got a value."""
        return self._encoder.datetimes_seen()


def _holds_marker(rows: bytes, null: bytes) -> bool:
    return bool(null) and b'"' + null + b'"' in rows
