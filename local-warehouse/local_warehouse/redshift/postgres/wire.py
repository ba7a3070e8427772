"""Which bytes travel between a client, this server and its PostgreSQL?  Version 3 of the wire protocol.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 196608
MAX_STARTUP_BYTES = 10_000
MAX_MESSAGE_BYTES = 256 * 1024 * 1024

Message = tuple[bytes, bytes]


class Disconnected(Exception):
    """The other side closed the connection."""


class Channel:
    """One connection, read and written message by message; writing is buffered until `flush`."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._reader = sock.makefile("rb", buffering=128 * 1024)
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._held: int | None = None  # where in _out the held messages begin

    def read_exactly(self, byte_count: int) -> bytes:
        data: bytes = self._reader.read(byte_count)
        if len(data) != byte_count:
            raise Disconnected("connection closed")
        return data

    def read(self) -> Message:
        head = self.read_exactly(5)
        length: int = struct.unpack("!I", head[1:])[0]
        if not 4 <= length <= MAX_MESSAGE_BYTES:
            raise Disconnected("malformed message")
        return head[:1], self.read_exactly(length - 4)

    def write(self, kind: bytes, payload: bytes = b"") -> None:
        self._out.append(message(kind, payload))
        self._out_bytes += len(payload) + 5
        if self._out_bytes > 64 * 1024 and self._held is None:
            self.flush()

    def hold(self) -> None:
        """Keep what is written from now on back."""
        self._held = len(self._out)

    def release(self, send: bool) -> None:
        """Let go what was held, or forget it."""
        if not send and self._held is not None:
            del self._out[self._held :]
        self._held = None

    def write_raw(self, data: bytes) -> None:
        self._out.append(data)
        self._out_bytes += len(data)

    def flush(self) -> None:
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            self._out_bytes = 0
            self.sock.sendall(data)

    def close(self) -> None:
        # Shutdown before close: another thread may sit in recv on this socket.
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._reader.close()
        self.sock.close()


def message(kind: bytes, payload: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(payload) + 4) + payload


def startup(parameters: Mapping[str, str]) -> bytes:
    body = struct.pack("!I", PROTOCOL_3)
    for name, value in parameters.items():
        body += cstring(name) + cstring(value)
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def cstring(text: str) -> bytes:
    return text.encode() + b"\0"


def fields_of(payload: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse, by their letter."""
    parts = payload.split(b"\0")
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in parts if part}


def error_payload(fields: Mapping[str, str]) -> bytes:
    return b"".join(letter.encode() + cstring(value) for letter, value in fields.items()) + b"\0"


def data_row(values: Iterable[bytes | None]) -> bytes:
    listed = list(values)
    body = [struct.pack("!H", len(listed))]
    for value in listed:
        body.append(struct.pack("!i", -1) if value is None else struct.pack("!I", len(value)) + value)
    return b"".join(body)


def values_of(payload: bytes) -> list[bytes | None]:
    """The columns of a DataRow."""
    (count,) = struct.unpack_from("!H", payload)
    at, values = 2, list[bytes | None]()
    for _ in range(count):
        (length,) = struct.unpack_from("!i", payload, at)
        at += 4
        if length < 0:
            values.append(None)
        else:
            values.append(payload[at : at + length])
            at += length
    return values


def columns_of(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The columns of a RowDescription: name, and the 18 bytes that follow it."""
    (count,) = struct.unpack_from("!H", payload)
    at = 2
    for _ in range(count):
        end = payload.index(b"\0", at)
        yield payload[at:end], payload[end + 1 : end + 19]
        at = end + 19
