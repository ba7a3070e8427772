"""Threads that encode and compress blocks, each block into a piece of one of its batch's files.

The native pass and the compressor let go of the interpreter's lock, so threads are enough. The reading thread hands
blocks over and takes the pieces back in the order of the blocks, at most BLOCKS for each thread; it is the only one
that writes files. A block whose encoder raises comes back as it is, and so do those behind it in its batch, whether
encoded or not: the reading thread encodes them in their order, with the errors, warnings and wider columns that may
follow. A wider column begins another batch, whose rows are merged behind those of the one before: no row may be in that
one which came later.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import NamedTuple

from singer_bulk.encode.gzip_files import Piece, PieceCompressor, Rows
from singer_bulk.model.messages import Records
from singer_bulk.model.runtime import STANDARD, Runtime

# A thread that the system sets aside in the middle of a block must not let the others run dry behind it.
BLOCKS = 4
# A smaller run is encoded before a thread would have begun.
LEAST_BYTES = 1 << 14


class Block(NamedTuple):
    """A run of records, and the number of the first."""

    records: Records
    sequence: int


@dataclass
class Blocks:
    """Those of one batch: how they become rows, what takes their pieces, and what came back as it was."""

    encode: Callable[[Records, int, Callable[[Rows], Piece]], Piece]
    on_piece: Callable[[Piece, Sequence[int]], None]
    unsure: list[Block] = field(default_factory=list)


class Workers:
    """The threads of a run, and what they have not returned."""

    def __init__(self, count: int = 0, runtime: Runtime = STANDARD) -> None:
        self.count = count
        self._runtime = runtime
        self._pool: Executor | None = None
        self._under_way: deque[tuple[Blocks, Block, Future[Piece]]] = deque()
        self._own = threading.local()

    def hand_over(self, blocks: Blocks, block: Block) -> bool:
        """Give the block to a thread, waiting for room; return False if the caller has to encode it."""
        if not self.count or blocks.unsure or len(block.records.text) < LEAST_BYTES:
            return False
        while len(self._under_way) >= self.count * BLOCKS:
            self._take_first()
        self._under_way.append((blocks, block, self._threads().submit(self._piece, blocks, block)))
        return True

    def wait_for(self, blocks: Blocks) -> list[Block]:
        """Wait until every block of the batch is encoded; return those that the caller has to encode."""
        while any(one is blocks for one, _, _ in self._under_way):
            self._take_first()
        unsure, blocks.unsure = blocks.unsure, []
        return unsure

    def forget(self, blocks: Blocks) -> None:
        """Give up what is under way of the batch."""
        self._under_way = deque(entry for entry in self._under_way if entry[0] is not blocks)

    def _take_first(self) -> None:
        blocks, block, piece = self._under_way.popleft()
        try:
            taken = piece.result()
        except Exception:
            blocks.unsure.append(block)  # whatever it is, it comes up once more where the block is encoded after all
            return
        if blocks.unsure:
            blocks.unsure.append(block)  # one before it may still begin another batch
        else:
            blocks.on_piece(taken, block.records.line_numbers)

    def _threads(self) -> Executor:
        if self._pool is None:
            self._pool = self._runtime.threads(self.count, "encode")
        return self._pool

    def _piece(self, blocks: Blocks, block: Block) -> Piece:
        if not hasattr(self._own, "compressor"):
            self._own.compressor = PieceCompressor()
        return blocks.encode(*block, self._own.compressor.piece)
