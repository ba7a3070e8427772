"""Start a connector without importing it again: a parent process has imported all of it and forks.

Importing is two thirds of what a short run of a target costs, and the suite has hundreds of them. What runs is what
the installed command runs, from its entry point to the end of the interpreter, in a process of its own that can be
killed; `.venv/bin/COMMAND` itself is run by the tests of the README, of Meltano and of the demo.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.environments import PATIENCE_SECONDS

# What the commands import only when they need it comes along: a parent is asked for whole loads. Not the Snowflake
# connector itself, whose compiled core starts threads when it is imported: only what it imports.
MODULES = {
    "target-redshift-copy": ("target_redshift_copy.cli", "boto3", "psycopg2"),
    "target-snowflake-stage": (
        "target_snowflake_stage.cli",
        "boto3",
        "tomlkit",
        "google.protobuf.descriptor_pb2",
    ),
    "tap-csv-extract": ("boto3",),
}
MAX_REQUEST_BYTES = 1 << 20
_parents: dict[str, tuple[socket.socket, subprocess.Popen[bytes]]] = {}
_asking = threading.Lock()


class Forked:
    """A running command, with what the tests use of `subprocess.Popen`."""

    def __init__(
        self,
        command: str | os.PathLike[str],
        arguments: Sequence[Any],
        environment: Mapping[str, str] | None = None,
        *,
        stdin: int | None = None,
        stdout: int | None = None,
        group: int | None = None,
    ) -> None:
        """Start it; `stdin` and `stdout` are ends of pipes, which are closed here.

        `group`: the process group that it joins, 0 for one of its own; None leaves it in that of the tests.
        """
        self.args = [os.fspath(command), *map(str, arguments)]
        self.returncode: int | None = None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stdin, self_stdin = os.pipe() if stdin is None else (stdin, None)
        self_stdout, stdout = os.pipe() if stdout is None else (os.open(os.devnull, os.O_RDONLY), stdout)
        self_stderr, stderr = os.pipe()
        variables = dict(os.environ if environment is None else environment)
        request = json.dumps([self.args, variables, os.getcwd(), group])
        with _asking:
            parent = _parent(Path(self.args[0]).name)
            socket.send_fds(parent, [request.encode()], [stdin, stdout, stderr, theirs.fileno()])
        for end in (stdin, stdout, stderr):
            os.close(end)
        theirs.close()
        self.stdin: io.BufferedWriter | None = None if self_stdin is None else os.fdopen(self_stdin, "wb")
        self.stdout, self.stderr = os.fdopen(self_stdout, "rb"), os.fdopen(self_stderr, "rb")
        self._watcher = ours  # sends the number of the process, then its exit status
        self.pid = int(ours.recv(64))

    def poll(self) -> int | None:
        """Return the exit status, -n after signal n; None while it runs."""
        try:
            return self.wait(0.001)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; raises subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None:
            self._watcher.settimeout(timeout)
            try:
                status = self._watcher.recv(64)
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self.returncode = int(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def communicate(self, messages: bytes = b"", timeout: float = PATIENCE_SECONDS) -> tuple[bytes, bytes]:
        """Write standard input if it is still open, close it, and return what came on both outputs."""
        deadline = time.monotonic() + timeout
        came: dict[int, bytes] = {}
        threads = [
            threading.Thread(target=self._feed, args=(messages,), daemon=True),
            *(
                threading.Thread(target=lambda n=n, file=file: came.__setitem__(n, file.read()), daemon=True)
                for n, file in enumerate((self.stdout, self.stderr))
            ),
        ]
        for thread in threads:
            thread.start()
        try:
            self.wait(timeout)
        finally:
            if self.returncode is None:
                self.kill()
            for thread in threads:
                thread.join(max(1.0, deadline - time.monotonic()))
        return came[0], came[1]

    def _feed(self, messages: bytes) -> None:
        if self.stdin is None or self.stdin.closed:
            return
        try:
            self.stdin.write(messages)
            self.stdin.close()
        except BrokenPipeError:
            self.stdin = None  # it has ended without reading all of it, which is its right

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                if file is not None:
                    file.close()
        if kind is not None:
            self.kill()
        self.wait()
        self._watcher.close()


def _parent(command: str) -> socket.socket:
    """Return the socket of the process that forks the command; it ends when this process does."""
    if command not in _parents:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", command, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], cwd=Path(__file__).parent.parent, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        _parents[command] = ours, parent
    return _parents[command][0]


@atexit.register
def _end_parents() -> None:
    for requests, parent in _parents.values():
        requests.close()
        parent.wait()
    _parents.clear()


def forked_command(command: str, requests: socket.socket) -> Callable[[], Any] | None:
    """Fork for each request; return the command's function in the forked process, None in the parent at the end."""
    function = _function(command)
    for module in MODULES.get(command, ()):
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # watchers are nobody's to wait for
    gc.collect()
    gc.freeze()
    while True:
        request, files, _, _ = socket.recv_fds(requests, MAX_REQUEST_BYTES, 4)
        if not request:
            return None
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            arguments, environment, folder, group = json.loads(request)
            if _is_command(files, group):
                _become(arguments, environment, folder, files)
                return function
        for file in files:
            os.close(file)


def _function(command: str) -> Callable[[], Any]:
    """Return what a command runs: that of an installed package, or `main` of one of our modules."""
    if "." in command:
        return importlib.import_module(command).main  # type: ignore[no-any-return]
    return next(iter(entry_points(group="console_scripts", name=command))).load()  # type: ignore[no-any-return]


def _is_command(files: Sequence[int], group: int | None) -> bool:
    """Fork the command; its watcher reports its number and its end and never returns."""
    status = files[3]
    pid = os.fork()
    if pid == 0:
        return True
    if group is not None:
        os.setpgid(pid, group or pid)
    for file in files[:3]:
        os.close(file)
    os.write(status, b"%d" % pid)
    _, ended = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # whoever started it did not wait
        os.write(status, b"%d" % os.waitstatus_to_exitcode(ended))
    os._exit(0)


def _become(arguments: list[str], environment: dict[str, str], folder: str, files: Sequence[int]) -> None:
    """Make this process what the command would have been from its start."""
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    # As a terminal starts it, also where whoever started the tests ignores a signal: nohup, `make test &`.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    sys.argv = arguments
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    # As the interpreter opens them: a descriptor outlives its file object.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    found = forked_command(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
    if found is not None:
        sys.exit(found())
