"""One run of one command: its CPU seconds, wall seconds and peak memory, by the kernel's own accounting."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Cost:
    """What a command used, with all processes that it waited for; `peak_mb` is the highest sum over its processes."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


class RunFailed(Exception):
    """A measured command did not exit with 0."""


def run(command: Sequence[str], source: Path | None = None, *, environment: dict[str, str] | None = None) -> Cost:
    """Run the command on the file; raises RunFailed with the end of what it wrote."""
    with open(source or os.devnull, "rb") as given, open(os.devnull, "wb") as sink:
        started = time.perf_counter()
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
    peak_mb = max(usage.ru_maxrss / 1024, watcher.peak_kib / 1024)
    return Cost(usage.ru_utime + usage.ru_stime, wall_seconds, peak_mb)


class _Watcher(threading.Thread):
    """Samples the resident memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak_kib = max(self.peak_kib, sum(map(_resident_kib, _tree(self._pid))))

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


def _resident_kib(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
