"""Starts the servers of one set, waits until they serve, and leaves nothing behind when it stops them.

Order: lock the directory; start every process; S3 gets its settings and says where it serves; the
warehouses get theirs, which name S3; write the configuration files. On the way back: end of stdin for
every server, then SIGTERM, then SIGKILL; then whatever still works in the directory; then the files.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from local_warehouse import settings
from local_warehouse.directory import SERVERS, Directory, kill_processes_in

_CONFIG = {"redshift": settings.redshift_config, "snowflake": settings.snowflake_config}
# All three start in about 3 s on two quiet cores; a busy machine may need ten times that.
START_TIMEOUT_SECONDS = 300.0  # it takes some; a machine that does much else at once has needed over 60
STOP_TIMEOUT_SECONDS = 10.0
_LOG_LINES_SHOWN = 15


class StartError(Exception):
    """A server did not start; the message holds the end of its log."""


class Server:
    """One child process that follows the contract in child.py."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.log = directory / "log" / f"{name}.log"
        home = directory / name
        with open(os.open(self.log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"local_warehouse.{name}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=home,  # also how a later start recognises what was left of a killed set
                env=_environment(home),
                start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to handle
            )

    def tell(self, told: dict[str, Any]) -> None:
        """Send the settings line."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise StartError(f"{self.name} ended during its start{self._end_of_log()}") from None

    def wait_ready(self, deadline: float) -> dict[str, Any]:
        """Wait for the ready line; raises StartError."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise StartError(f"{self.name} did not start in time{self._end_of_log()}")
        line = self._process.stdout.readline()
        if not line:
            raise StartError(f"{self.name} ended during its start{self._end_of_log()}")
        facts: dict[str, Any] = json.loads(line)
        return facts

    def ended(self) -> str | None:
        """Why the process no longer runs, or None while it does."""
        status = self._process.poll()
        if status is None:
            return None
        return f"{self.name} ended with status {status}{self._end_of_log()}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def close_stdin(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait_end(self, deadline: float) -> None:
        """Wait for the end; insist by SIGTERM, then SIGKILL."""
        for insist in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(max(0.1, deadline - time.monotonic()))
                break
            except subprocess.TimeoutExpired:
                insist()
                deadline = time.monotonic() + 2
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _end_of_log(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        return "".join(f"\n  {line}" for line in lines)


class StandIns:
    """A running set; use it in `with`."""

    def __init__(
        self,
        path: Path | None = None,
        only: Sequence[str] = SERVERS,
        s3: str = "moto",
        redshift: str = "provisioned",
    ) -> None:
        """`path`: where files go (None: a new temporary directory). `only`: the servers; S3 always runs.

        `s3`: whose S3 it is, "moto" or "rclone". `redshift`: which Redshift, "provisioned" or "serverless".
        """
        self._directory = Directory(path)
        self.path = self._directory.path
        self._servers: dict[str, Server] = {}
        self._s3 = s3
        self._redshift = redshift
        self.s3: dict[str, Any] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        try:
            self.start(["s3", *only])
        except BaseException:
            self.stop()
            raise

    def start(self, names: Sequence[str]) -> None:
        """Start the servers of `names` that do not run yet; raises StartError."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        new = [name for name in SERVERS if name in names and name not in self._servers]
        for name in new:
            self._servers[name] = Server(name, self.path)
        if "s3" in new:
            self._servers["s3"].tell(settings.for_s3(self.path, self._s3))
            self.s3 = self._servers["s3"].wait_ready(deadline)
            settings.write_private(self.path / "s3.json", self.s3)
        told = {name: self._told(name) for name in new if name != "s3"}
        for name in told:
            self._servers[name].tell(told[name])
        for name in told:
            ready = self._servers[name].wait_ready(deadline)
            self.configs[name] = _CONFIG[name](told[name], ready, self.s3)
            settings.write_private(self.path / f"{name}.json", self.configs[name])

    def _told(self, name: str) -> dict[str, Any]:
        if name == "redshift":
            return settings.for_redshift(self.path, self.s3, self._redshift)
        return settings.for_snowflake(self.path, self.s3)

    def failure(self) -> str | None:
        """What went wrong since the start: a server that ended; None while all run."""
        return next(filter(None, (server.ended() for server in self._servers.values())), None)

    @property
    def pids(self) -> dict[str, int]:
        """Server -> process id, for tests that kill one."""
        return {name: server.pid for name, server in self._servers.items()}

    def stop(self) -> None:
        """Stop all servers and remove all files; never raises for a server that is gone already."""
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        for server in reversed(self._servers.values()):
            server.close_stdin()
        for server in self._servers.values():
            server.wait_end(deadline)
        self._servers.clear()
        kill_processes_in(self.path)
        self._directory.remove()

    def __enter__(self) -> StandIns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _environment(home: Path) -> dict[str, str]:
    """Servers see neither the user's AWS configuration nor a proxy; their temporary files stay at home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "TMPDIR": str(home),
    }
