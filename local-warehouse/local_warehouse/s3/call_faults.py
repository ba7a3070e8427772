"""How a fault on demand makes a call to S3 or STS fail."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol, runtime_checkable
from urllib.parse import parse_qs, unquote

from local_warehouse.faults import Fault
from local_warehouse.s3.refusals import Application, Environ, Refusal


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


def call_text(environ: Environ, service: str, key: str, body: bytes) -> str:
    """For a fault's pattern: 's3 PUT /bucket/key?query by AKIA...', 'sts AssumeRole by ASIA...'."""
    if service in ("sts", "iam"):
        return f"{service} {parse_qs(body.decode()).get('Action', [''])[0]} by {key}"
    query = unquote(environ.get("QUERY_STRING", ""))
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    return f"{service} {environ['REQUEST_METHOD']} {path}{'?' if query else ''}{query} by {key}"


def fail(fault: Fault, application: Application, environ: Environ) -> NoReturn:
    """Carry the call out if the fault comes after it, then raise: Refusal to be answered, or a dead connection."""
    if fault.when == "after":
        _swallow(application(environ, _ignore_start))
    if fault.action == "slowdown":
        raise Refusal("503 Slow Down", "SlowDown", "Please reduce your request rate.")
    if fault.action == "error":
        raise Refusal("500 Internal Server Error", "InternalError", fault.message)
    connection = environ["werkzeug.socket"]
    if fault.action == "hang":
        _hang(fault, connection)
    _reset(connection)
    raise ConnectionResetError(fault.message)


def _ignore_start(*_: Any) -> Callable[[bytes], None]:
    return lambda _: None


def _swallow(answer: Iterable[bytes]) -> None:
    for _ in answer:
        pass
    if isinstance(answer, _Closable):
        answer.close()


def _hang(fault: Fault, connection: socket.socket) -> None:
    """Wait until the fault is cleared or the client closes its end."""
    while not fault.released.wait(0.1):
        readable, _, _ = select.select([connection], [], [], 0)
        if readable and not connection.recv(1, socket.MSG_PEEK):
            return


def _reset(connection: socket.socket) -> None:
    """Close with RST: the client sees "connection reset by peer"."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Past the server's file objects, which would keep the descriptor open until they are collected.
    os.close(connection.detach())
