"""A plain PostgreSQL on loopback for taps to read: by default with the binaries of the Redshift stand-in."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from local_warehouse.redshift.postgres import backend

from tests.environments import PATIENCE_SECONDS

ATTEMPTS = 200


@contextmanager
def running_postgres(
    *settings: str, tools: Path | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Run an empty server, with `-c` settings; yield the arguments of psycopg2.connect for its superuser.

    `tools` is a folder with initdb and postgres that anybody can reach, `variables` are added to their environment.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    # PostgreSQL refuses root.
    identity = {**backend._identity(folder), "env": {**os.environ, **(variables or {})}}
    tools = tools or backend._reachable(backend.binaries(), folder, "user" in identity)
    backend._initdb(tools, folder, identity)
    port = free_port()
    command = [tools / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port), "-c", "fsync=off"]
    for setting in settings:
        command += ["-c", setting]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **identity)
    arguments = {"host": "127.0.0.1", "port": port, "user": backend.OWNER, "dbname": "postgres"}
    try:
        _wait(server, arguments)
        yield arguments
    finally:
        server.send_signal(signal.SIGINT)  # ends open sessions; SIGTERM would wait for them
        server.wait(PATIENCE_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], arguments: dict[str, Any]) -> None:
    """Connect until the server answers; each attempt takes as long as the server lets it."""
    for _ in range(ATTEMPTS):
        try:
            psycopg2.connect(**arguments).close()
            return
        except psycopg2.OperationalError:
            try:
                server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise
    raise TimeoutError("PostgreSQL does not answer")
