"""A plain PostgreSQL on loopback for taps to read: with the binaries of the Redshift stand-in, without its SQL."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from local_warehouse.redshift import backend

ATTEMPTS = 200


@contextmanager
def running_postgres(*settings: str) -> Iterator[dict[str, Any]]:
    """Run an empty server, with `-c` settings; yield the arguments of psycopg2.connect for its superuser."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    identity = backend._identity(folder)  # PostgreSQL refuses root
    tools = backend._reachable(backend.binaries(), folder, bool(identity))
    backend._initdb(tools, folder, identity)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [tools / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port), "-c", "fsync=off"]
    for setting in settings:
        command += ["-c", setting]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **identity)
    arguments = {"host": "127.0.0.1", "port": port, "user": backend.OWNER, "dbname": "postgres"}
    try:
        _wait(server, arguments)
        yield arguments
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


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
