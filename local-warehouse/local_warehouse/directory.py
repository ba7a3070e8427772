"""Where one set of stand-ins keeps its files, and how what a killed set left behind is removed.

Without --dir a set lives in a directory of its own under `base()`. A running set holds a lock on its
directory; one whose lock is free has been killed, and the next start removes its processes and files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local_warehouse.redshift.postgres.keeper import free_shared_memory

SERVERS = ("s3", "redshift", "snowflake")
_LOCK = ".lock"
# Files and directories of ours in DIR; a directory given by --dir may hold other things.
_OURS = (*SERVERS, "log", "s3.json", "redshift.json", "snowflake.json")
# The address of a Unix socket has room for 108 bytes on Linux, 104 on macOS.
_MAX_SOCKET_PATH_BYTES = 100


class DirectoryInUse(Exception):
    """Another set of stand-ins runs in this directory."""


class Directory:
    """The locked directory of one running set."""

    def __init__(self, path: Path | None) -> None:
        """Make and lock `path`, or a new directory under base(); raises DirectoryInUse, OSError."""
        with _one_at_a_time():
            _sweep()
            if path is None:
                path = Path(tempfile.mkdtemp(dir=base(), prefix=""))
                self._made = True
            else:
                path = path.absolute()
                self._made = not path.exists()
                _make(path)
            self.path = path
            self._lock = _lock(path)
        if self._lock is None:
            raise DirectoryInUse(f"stand-ins already run in {path}; stop them or choose another --dir")
        if self._made:
            # Passable, not readable: as root, PostgreSQL runs as another user and must reach its files below.
            path.chmod(0o711)
        _clean(path)
        for name in (*SERVERS, "log"):
            (path / name).mkdir(mode=0o711 if name == "redshift" else 0o700)

    def remove(self) -> None:
        """Remove everything of ours, and the directory if it was made here."""
        with _one_at_a_time():
            _clean(self.path)
            (self.path / _LOCK).unlink(missing_ok=True)
            if self._made:
                shutil.rmtree(self.path, ignore_errors=True)
            if self._lock is not None:
                os.close(self._lock)


def base() -> Path:
    """Parent of the directories of sets started without --dir; one per user."""
    return Path(tempfile.gettempdir()) / f"local-warehouse-{os.getuid()}"


def running() -> list[Path]:
    """Directories under base() whose sets run."""
    if not base().is_dir():
        return []
    with _one_at_a_time():
        return [path for path, locked in _sets() if locked]


def admin_socket(path: Path, server: str) -> Path:
    """Where `server` of the set in `path` listens for faults."""
    inside = path / server / "admin.sock"
    if len(os.fsencode(inside)) <= _MAX_SOCKET_PATH_BYTES:
        return inside
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(f"{base()}-{name}-{server}.sock")


def _sweep() -> None:
    """Remove what killed sets left under base()."""
    for path, locked in _sets():
        if not locked:
            _clean(path)
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold base(): between making a directory and locking it no other start may take it for a killed set's.

    The last one to leave removes base().
    """
    descriptor = None
    while descriptor is None:
        _make(base())
        with suppress(FileNotFoundError):  # the last set to stop has just removed the directory
            descriptor = _lock(base(), wait=True)
    try:
        yield
    finally:
        if [entry.name for entry in base().iterdir()] == [_LOCK]:
            shutil.rmtree(base(), ignore_errors=True)
        os.close(descriptor)


def _make(path: Path) -> None:
    path.mkdir(mode=0o711, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user")


def _sets() -> Iterator[tuple[Path, bool]]:
    for path in base().iterdir():
        if not path.is_dir():
            continue
        lock = _lock(path)
        if lock is not None:
            os.close(lock)
        yield path, lock is None


def _lock(path: Path, wait: bool = False) -> int | None:
    """Lock the directory; None when another process holds it. The lock ends with the process."""
    descriptor = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.fstat(descriptor).st_ino == (path / _LOCK).stat().st_ino:
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None
    except FileNotFoundError:
        pass
    os.close(descriptor)  # the file was removed by the set that held it
    return _lock(path, wait)


def _clean(path: Path) -> None:
    kill_processes_in(path)
    for name in SERVERS:
        admin_socket(path, name).unlink(missing_ok=True)
    for name in _OURS:
        ours = path / name
        if ours.is_dir():
            shutil.rmtree(ours, ignore_errors=True)
        else:
            ours.unlink(missing_ok=True)


def kill_processes_in(path: Path) -> None:
    """Kill every process that works in a server's directory below `path`, and free what they shared.

    A server is started there and its helpers stay there (PostgreSQL in its data directory), also when
    their parent was killed. Without /proc (macOS) only the servers' own end at the end of stdin helps.
    """
    # PostgreSQL frees its shared memory at SIGQUIT, its "immediate shutdown"; at SIGKILL it cannot.
    for number, patience_seconds in ((signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience_seconds
        for pid in _processes_in(path):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        while _processes_in(path) and time.monotonic() < deadline:
            time.sleep(0.02)
    for file in (path / "redshift").glob("*/data/postmaster.pid"):
        free_shared_memory(str(file.parent))


def _processes_in(path: Path) -> list[int]:
    homes = tuple(os.fspath(path / name) + "/" for name in SERVERS)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # not ours to look at, or gone
            if (os.readlink(entry / "cwd") + "/").startswith(homes) and not _is_zombie(entry):
                found.append(int(entry.name))
    return found


def _is_zombie(entry: Path) -> bool:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
