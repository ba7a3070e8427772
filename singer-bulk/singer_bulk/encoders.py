"""Processes that encode and compress blocks of one batch, each into a file of its own.

A process is forked with the batch's encoder as it stands and takes blocks until the batch is closed. It only ever does
what is certain: a block that its encoder is not sure of comes back untouched and is encoded where it was read, with the
errors, warnings and wider columns that may come of it. Which file a row is in has no meaning; its number has.

A block and its result travel in memory that is shared, SLOTS of each process; so what is on its way is bounded, and
whoever reads the input waits for a free slot. A process ends when its batch does, or when the pipe from its parent
closes, whatever became of the parent.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from singer_bulk.errors import BulkError
from singer_bulk.messages import Records
from singer_bulk.stage import StageWriter

# One block is encoded while the next one waits.
SLOTS = 2
# Blocks are 256 KiB; longer ones, of very long lines, are encoded where they are read.
MAX_BLOCK_BYTES = 1 << 20
# What the compressor has kept from earlier blocks may come on top.
SLOT_BYTES = MAX_BLOCK_BYTES + (1 << 18)
# 1 MiB of a batch is encoded in 20 to 30 ms; two forks take 10 to 20.
START_BYTES = 1 << 20

Number = int
# slot, bytes, lines, number of the first record; no bytes: close the file
_JOB = struct.Struct("=iiiq")
# slot, bytes of the file (-1: not sure of the block), bytes of rows, bytes of names
_RESULT = struct.Struct("=iiii")


class FileEncoder(Protocol):
    """What a process does for its file."""

    def encode(self, records: Records, sequence: int) -> tuple[bytes, int] | None:
        """Return compressed bytes and the number of bytes of rows; None if the block is not certain."""

    def close(self) -> tuple[bytes, frozenset[str]]:
        """Return the rest of the file, and the undecided date-time columns that have got a value."""


def can_fork() -> bool:
    """Return whether processes can be forked here; elsewhere everything is encoded where it is read."""
    return sys.platform == "linux"


@dataclass
class Process:
    """One encoder process, its file, and the blocks that it has."""

    pid: int
    jobs: int
    results: int
    memory: mmap.mmap
    file: StageWriter
    taken: dict[int, tuple[Records, int]] = field(default_factory=dict)  # slot -> block
    row_count: int = 0
    byte_count: int = 0
    seen: frozenset[str] = frozenset()


class EncoderGroup:
    """The processes of one batch."""

    def __init__(self, files: Sequence[StageWriter], make: Callable[[], FileEncoder]) -> None:
        self.unsure: list[tuple[Records, int]] = []
        self.processes: list[Process] = []
        for file in files:
            self.processes.append(self._fork(file, make))

    def hand_over(self, records: Records, sequence: int) -> bool:
        """Give the block to a process, waiting for one; return False if it has to be encoded here."""
        if self.unsure or len(records.text) > MAX_BLOCK_BYTES:
            return False
        self._collect(wait=False)
        process = min(self.processes, key=lambda one: len(one.taken))
        while len(process.taken) == SLOTS:
            self._collect(wait=True)
            process = min(self.processes, key=lambda one: len(one.taken))
        slot = next(slot for slot in range(SLOTS) if slot not in process.taken)
        start = slot * SLOT_BYTES
        process.memory[start : start + len(records.text)] = records.text
        process.taken[slot] = (records, sequence)
        self._send(process, _JOB.pack(slot, len(records.text), records.count, sequence))
        return True

    def settle(self) -> list[tuple[Records, int]]:
        """Wait for all blocks; return those that no process was sure of."""
        while any(process.taken for process in self.processes):
            self._collect(wait=True)
        unsure, self.unsure = self.unsure, []
        return unsure

    def close(self) -> None:
        """Complete the files; all blocks must be settled."""
        for process in self.processes:
            self._send(process, _JOB.pack(0, 0, 0, 0))
        for process in self.processes:
            _, file_bytes, _, name_bytes = self._receive(process)
            process.file.write(process.memory[:file_bytes])
            names = process.memory[SLOT_BYTES : SLOT_BYTES + name_bytes].decode()
            process.seen = frozenset(names.split("\0")) if names else frozenset()
        self._end()

    def abort(self) -> None:
        """End the processes as they stand, and leave nothing of their files in the stage."""
        for process in self.processes:
            os.kill(process.pid, signal.SIGKILL)
            process.file.abort()
        self._end()

    def _end(self) -> None:
        for process in self.processes:
            os.close(process.jobs)
            os.close(process.results)
            os.waitpid(process.pid, 0)
            process.memory.close()

    def _collect(self, *, wait: bool) -> None:
        ready, _, _ = select.select([process.results for process in self.processes], [], [], None if wait else 0)
        for process in self.processes:
            if process.results in ready:
                self._take(process)

    def _take(self, process: Process) -> None:
        slot, file_bytes, row_bytes, _ = self._receive(process)
        records, sequence = process.taken.pop(slot)
        if file_bytes < 0:
            self.unsure.append((records, sequence))
            return
        start = slot * SLOT_BYTES
        process.file.write(process.memory[start : start + file_bytes])
        process.row_count += records.count
        process.byte_count += row_bytes

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

    def _fork(self, file: StageWriter, make: Callable[[], FileEncoder]) -> Process:
        memory = mmap.mmap(-1, SLOTS * SLOT_BYTES)
        jobs_end, jobs = os.pipe()
        results, results_end = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns of threads, whose locks a child could wait for; this one takes none.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            # An end that a brother keeps open would hide that the parent has gone.
            for end in [jobs, results, *(end for one in self.processes for end in (one.jobs, one.results))]:
                os.close(end)
            _work(jobs_end, results_end, memory, make)
        os.close(jobs_end)
        os.close(results_end)
        return Process(pid, jobs, results, memory, file)


def _ended(process: Process) -> BulkError:
    return BulkError(
        f"encoder process {process.pid} has ended; was it killed, or out of memory? set encoders to 0 to do without"
    )


def _work(jobs: int, results: int, memory: mmap.mmap, make: Callable[[], FileEncoder]) -> NoReturn:
    """Take blocks until there are no more; never returns, so that nothing of the parent is run twice."""
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the parent decides
        gc.disable()
        encoder = make()
        while job := os.read(jobs, _JOB.size):
            slot, byte_count, count, sequence = _JOB.unpack(job)
            if not byte_count:
                rest, seen = encoder.close()
                names = "\0".join(seen).encode()
                memory[: len(rest)] = rest
                memory[SLOT_BYTES : SLOT_BYTES + len(names)] = names
                os.write(results, _RESULT.pack(0, len(rest), 0, len(names)))
                continue
            start = slot * SLOT_BYTES
            encoded = encoder.encode(Records("", memory[start : start + byte_count], range(count)), sequence)
            if encoded is None:
                os.write(results, _RESULT.pack(slot, -1, 0, 0))
                continue
            content, row_bytes = encoded
            memory[start : start + len(content)] = content
            os.write(results, _RESULT.pack(slot, len(content), row_bytes, 0))
        status = 0
    finally:
        os._exit(status)
