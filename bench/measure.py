"""One run of one command: its CPU seconds, wall seconds, peak memory and open files, by the kernel's own accounting."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
# What the sampling itself and the kernel take is 0.1 of a core at most.
CALM_CORES = 0.15
CALM_TRIES = 12


@dataclass(frozen=True)
class Cost:
    """What a command used, with all processes that it waited for.

    `peak_mb` is the most that one process had resident, or the highest sum over the processes if that is more; there
    what several have in common counts once (the kernel's proportional set size).
    """

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    others: float  # cores that the rest of the machine used meanwhile
    open_files: int  # the most that it had open at a time, with its descendants: files, sockets and pipes


class RunFailed(Exception):
    """A measured command did not exit with 0."""


def run(command: Sequence[str], source: Path | None = None, *, environment: dict[str, str] | None = None) -> Cost:
    """Run the command on the file; raises RunFailed with the end of what it wrote."""
    with open(source or os.devnull, "rb") as given, open(os.devnull, "wb") as sink:
        started, busy = time.perf_counter(), _busy_seconds()
        process = subprocess.Popen(
            command, stdin=given, stdout=sink, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}
        )
        assert process.stderr is not None
        told: list[bytes] = []
        reader = threading.Thread(target=lambda stream: told.append(stream.read()), args=(process.stderr,))
        reader.start()
        watcher = _Watcher(process.pid)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.stop()
        reader.join()
        process.stderr.close()
    if process.returncode != 0:
        raise RunFailed(f"{' '.join(command)}: exit status {process.returncode}: {b''.join(told)[-800:].decode()}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    others = (_busy_seconds() - busy - cpu_seconds) / wall_seconds
    return Cost(cpu_seconds, wall_seconds, watcher.peak_kib / 1024, others, watcher.open_files)


def calm(command: Sequence[str], source: Path) -> Cost:
    """Run the command until the rest of the machine leaves it alone; its last run if that never happens."""
    for _ in range(CALM_TRIES):
        cost = run(command, source)
        if cost.others < CALM_CORES:
            break
    return cost


def _busy_seconds() -> float:
    """Return the CPU seconds of the whole machine."""
    user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


class _Watcher(threading.Thread):
    """Samples the memory of a process and its descendants, and what they have open."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self.open_files = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            tree = _tree(self._pid)
            together = sum(_figure_kib(pid, "smaps_rollup", "Pss:") for pid in tree) if len(tree) > 1 else 0
            # The kernel's own high-water mark, but not that of wait4, which begins with the memory of who forked.
            self.peak_kib = max(self.peak_kib, together, _figure_kib(self._pid, "status", "VmHWM:"))
            self.open_files = max(self.open_files, sum(map(_open_files, tree)))

    def stop(self) -> None:
        """End the sampling."""
        self._ended.set()
        self.join()


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _figure_kib(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(name))
