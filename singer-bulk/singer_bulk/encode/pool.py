"""Processes that encode and compress blocks of one batch, each block into a piece of one of its files.

A process is forked with a copy of the batch's encoder and encodes blocks until the batch is closed. A block that its
encoder is not sure of is returned unchanged, and the reading process encodes it, with the errors, warnings and wider
columns that may follow. In which file a row is does not matter; its number does.

Blocks and results are exchanged in shared memory, SLOTS for each process. So the number of unfinished blocks is
bounded, and the reading thread waits for a free slot. A process ends with its batch, or when the
pipe from its parent closes, however the parent ended.
"""

from __future__ import annotations

import gc
import mmap
import os
import select
import signal
import struct
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from singer_bulk.encode.gzip_files import Piece
from singer_bulk.errors import BulkError
from singer_bulk.model.messages import Records

# One block is encoded while the next one waits.
SLOTS = 2
# Blocks have 256 KiB; larger ones, of very long lines, are encoded by the reading process.
MAX_BLOCK_BYTES = 1 << 20
# Incompressible data grows by 5 bytes for every 64 KiB. https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4
SLOT_BYTES = MAX_BLOCK_BYTES + (1 << 18)
# 1 MiB of a batch is encoded in 20 to 30 ms; two forks take 10 to 20.
START_BYTES = 1 << 20
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# slot, bytes, lines, number of the first record; no bytes: there are no more blocks
_JOB = struct.Struct("=iiiq")
# slot, bytes of the piece (-1: not sure of the block), bytes of rows, their checksum
_RESULT = struct.Struct("=iiiI")


class PieceEncoder(Protocol):
    """What a process does."""

    def encode(self, records: Records, sequence: int) -> Piece | None:
        """Return compressed rows; None if the block is not certain."""

    def datetimes_seen(self) -> frozenset[str]:
        """Return the undecided date-time columns that have got a value."""


def can_fork() -> bool:
    """Return whether this platform can fork encoder processes; if not, the reading process encodes everything."""
    return sys.platform == "linux"


@dataclass
class Process:
    """One encoder process, and the blocks that it is encoding."""

    pid: int
    jobs: int
    results: int
    memory: mmap.mmap
    blocks: dict[int, tuple[Records, int]] = field(default_factory=dict)  # slot -> block


class EncoderGroup:
    """The processes of one batch. `on_piece` gets each piece and the number of its rows."""

    def __init__(self, count: int, make: Callable[[], PieceEncoder], on_piece: Callable[[Piece, int], None]) -> None:
        self.unsure: list[tuple[Records, int]] = []
        self.processes: list[Process] = []
        self._on_piece = on_piece
        for _ in range(count):
            self.processes.append(self._fork(make))

    def hand_over(self, records: Records, sequence: int) -> bool:
        """Give the block to a process, waiting for a free slot; return False if the caller has to encode it."""
        if self.unsure or len(records.text) > MAX_BLOCK_BYTES:
            return False
        self._collect(wait=False)
        process = min(self.processes, key=lambda one: len(one.blocks))
        while len(process.blocks) == SLOTS:
            self._collect(wait=True)
            process = min(self.processes, key=lambda one: len(one.blocks))
        slot = next(slot for slot in range(SLOTS) if slot not in process.blocks)
        start = slot * SLOT_BYTES
        process.memory[start : start + len(records.text)] = records.text
        process.blocks[slot] = (records, sequence)
        self._send(process, _JOB.pack(slot, len(records.text), records.count, sequence))
        return True

    def wait_for_blocks(self) -> list[tuple[Records, int]]:
        """Wait until every block is encoded; return those that no process was sure of."""
        while any(process.blocks for process in self.processes):
            self._collect(wait=True)
        unsure, self.unsure = self.unsure, []
        return unsure

    def close(self) -> frozenset[str]:
        """End the processes, after `wait_for_blocks`; return the undecided date-time columns that have got a value."""
        seen: set[str] = set()
        try:
            for process in self.processes:
                self._send(process, _JOB.pack(0, 0, 0, 0))
            for process in self.processes:
                _, name_bytes, _, _ = self._receive(process)
                names = process.memory[:name_bytes].decode()
                seen.update(names.split("\0") if names else ())
        except BulkError:
            self.abort()
            raise
        self._end()
        return frozenset(seen)

    def abort(self) -> None:
        """Kill the processes; blocks that they have not returned are lost."""
        for process in self.processes:
            os.kill(process.pid, signal.SIGKILL)
        self._end()

    def _end(self) -> None:
        for process in self.processes:
            os.close(process.jobs)
            os.close(process.results)
            os.waitpid(process.pid, 0)
            process.memory.close()

    def _collect(self, *, wait: bool) -> None:
        waiting = select.poll()  # select takes no descriptor from 1024 on
        for process in self.processes:
            waiting.register(process.results, select.POLLIN)
        ready = {descriptor for descriptor, _ in waiting.poll(None if wait else 0)}
        for process in self.processes:
            if process.results in ready:
                self._receive_piece(process)

    def _receive_piece(self, process: Process) -> None:
        slot, byte_count, row_bytes, checksum = self._receive(process)
        records, sequence = process.blocks.pop(slot)
        if byte_count < 0:
            self.unsure.append((records, sequence))
            return
        start = slot * SLOT_BYTES
        self._on_piece(Piece(process.memory[start : start + byte_count], row_bytes, checksum), records.count)

    def _send(self, process: Process, job: bytes) -> None:
        try:
            os.write(process.jobs, job)
        except BrokenPipeError as error:
            raise _ended(process) from error

    def _receive(self, process: Process) -> tuple[int, ...]:
        result = os.read(process.results, _RESULT.size)
        if len(result) < _RESULT.size:
            raise _ended(process)
        return _RESULT.unpack(result)

    def _fork(self, make: Callable[[], PieceEncoder]) -> Process:
        memory = mmap.mmap(-1, SLOTS * SLOT_BYTES)
        jobs_end, jobs = os.pipe()
        results, results_end = os.pipe()
        pid = -1
        # A child that got a signal before it ignores them would also report it to the parent, by the wakeup pipe.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns that a child may wait forever for a thread's lock; this child takes no locks.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
        finally:
            if pid != 0:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        if pid == 0:
            # A pipe end that another child keeps open would hide that the parent has ended.
            for end in [jobs, results, *(end for one in self.processes for end in (one.jobs, one.results))]:
                os.close(end)
            _work(jobs_end, results_end, memory, make)
        os.close(jobs_end)
        os.close(results_end)
        return Process(pid, jobs, results, memory)


def _ended(process: Process) -> BulkError:
    return BulkError(
        f"encoder process {process.pid} has ended; was it killed, or out of memory? set encoders to 0 to do without",
        code="RUN-ENCODER",
    )


def _work(jobs: int, results: int, memory: mmap.mmap, make: Callable[[], PieceEncoder]) -> NoReturn:
    """Take blocks until there are no more; never returns, so that nothing of the parent is run twice."""
    status = 1
    try:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # the parent decides
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        gc.disable()
        encoder = make()
        while job := os.read(jobs, _JOB.size):
            slot, byte_count, count, sequence = _JOB.unpack(job)
            if not byte_count:
                names = "\0".join(encoder.datetimes_seen()).encode()
                memory[: len(names)] = names
                os.write(results, _RESULT.pack(0, len(names), 0, 0))
                continue
            start = slot * SLOT_BYTES
            piece = encoder.encode(Records("", memory[start : start + byte_count], range(count)), sequence)
            if piece is None:
                os.write(results, _RESULT.pack(slot, -1, 0, 0))
                continue
            memory[start : start + len(piece.content)] = piece.content
            os.write(results, _RESULT.pack(slot, len(piece.content), piece.byte_count, piece.checksum))
        status = 0
    finally:
        os._exit(status)
