"""The server as a child process: settings in one line on standard input, the address in one line on standard output.

It ends at end of file on standard input or at SIGTERM, and leaves no process and no file behind.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local_warehouse import faults
from local_warehouse.redshift.postgres import backend
from local_warehouse.redshift.serve import credentials
from local_warehouse.redshift.serve.callers import GateOfS3
from local_warehouse.redshift.serve.server import Server
from local_warehouse.redshift.settings import Settings


def main() -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings.parse(sys.stdin.readline())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides
    lost = False
    running = backend.start(settings.database, settings.user, settings.password, settings.schema)
    try:
        server = Server(settings, running)
        server.serve()
        issuer = credentials.serve(_cluster(settings, server), settings.host)
        commands: dict[str, faults.Command] = {
            "expire": lambda request: server.passwords.expire(),
            "deploy": server.deploy,
            "move_clock": server.move_clock,
        }
        close_admin = faults.serve(settings.admin_socket, server.faults, commands) if settings.admin_socket else None
        threading.Thread(target=_prepare, args=(server,), daemon=True).start()
        facts: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "pid": os.getpid(),
            "credentials_url": url_of(issuer),
        }
        if settings.dir:
            path = Path(settings.dir) / "credentials.url"  # whoever has it gets passwords
            path.touch(0o600)
            path.write_text(facts["credentials_url"])
        print(json.dumps(facts), flush=True)  # noqa: T201
        threading.Thread(target=_wait_for_end_of_file, args=(stop,), daemon=True).start()
        threading.Thread(target=_wait_for_backend, args=(running, stop), daemon=True).start()
        stop.wait()
        lost = running.keeper.poll() is not None
        server.close()
        if close_admin:
            close_admin()
    finally:
        running.stop()
    return int(lost)


def _cluster(settings: Settings, server: Server) -> credentials.Cluster:
    return credentials.Cluster(
        server.passwords,
        GateOfS3(Path(settings.iam_socket)),
        str(server.host),
        server.port,
        settings.database,
        settings.region,
        settings.account_id,
    )


def url_of(issuer: ThreadingHTTPServer) -> str:
    host, port = issuer.server_address[:2]
    return f"http://{host!s}:{port}"


def _prepare(server: Server) -> None:
    """Make the certificate and import what the first COPY needs (0.4 s) before they are asked for."""
    server.tls_context()
    import boto3  # noqa: F401
    import zstandard  # noqa: F401


def _wait_for_backend(running: backend.Backend, stop: threading.Event) -> None:
    """Without PostgreSQL there is nothing to serve."""
    running.keeper.wait()
    stop.set()


def _wait_for_end_of_file(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
