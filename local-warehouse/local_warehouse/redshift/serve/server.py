"""Who listens, who may log in?  One thread per client: TLS, password, then a session with a backend of its own."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import logging
import os
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from local_warehouse.faults import WAREHOUSE_ACTIONS, Faults
from local_warehouse.redshift.errors import PREFIX
from local_warehouse.redshift.grammar.names import LongNames
from local_warehouse.redshift.postgres import wire
from local_warehouse.redshift.postgres.backend import OWNER, Backend
from local_warehouse.redshift.postgres.connection import Admin, literal, quoted
from local_warehouse.redshift.rewrite.users import SHA256
from local_warehouse.redshift.serve import credentials, tls
from local_warehouse.redshift.serve.extended import Extended
from local_warehouse.redshift.serve.session import CONFLICTS, Session
from local_warehouse.redshift.settings import Settings

log = logging.getLogger(__name__)

SERVER_VERSION = "8.0.2"
# As redshift_connector reads it: https://github.com/aws/amazon-redshift-python-driver (core.py, AUTH_REQ_DIGEST)
AUTHENTICATION_DIGEST = 13
DEPLOYMENTS = ("provisioned", "serverless")
# What a client of Redshift is told; standard_conforming_strings is not among it, so libpq doubles backslashes.
SHOWN_PARAMETERS = {
    b"server_version", b"server_encoding", b"client_encoding", b"is_superuser", b"session_authorization",
    b"DateStyle", b"integer_datetimes", b"TimeZone", b"application_name",
}  # fmt: skip
FORWARDED = ("application_name", "client_encoding", "options", "datestyle", "timezone", "extra_float_digits")


class Server:
    """The listening socket and what all sessions share."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self.settings = settings
        self.backend = backend
        self.faults = Faults(WAREHOUSE_ACTIONS, tuple(CONFLICTS))
        self.passwords = credentials.TemporaryPasswords(self._create_user)
        self.late_views: set[str] = set()
        self.wide_tables: set[str] = set()
        self.serverless = settings.deployment == "serverless"
        self.names = LongNames(self._store_name)
        self._queries = itertools.count(int.from_bytes(os.urandom(2), "big") + 1)
        self._admins: dict[str, Admin] = {}
        self._admin_lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._tls_lock = threading.Lock()
        self.listener = socket.create_server((settings.host, settings.port), backlog=64)
        self.host, self.port = self.listener.getsockname()[:2]

    def deploy(self, request: Mapping[str, Any]) -> None:
        """Be another Redshift from the next statement on: provisioned or serverless."""
        if request.get("deployment") not in DEPLOYMENTS:
            raise ValueError(f"deployment is one of {DEPLOYMENTS}, got {request.get('deployment')!r}")
        self.serverless = request["deployment"] == "serverless"

    def serve(self) -> None:
        """Accept clients in a thread of its own."""
        threading.Thread(target=self._accept, name="accept", daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def next_query(self) -> int:
        return next(self._queries)

    def record(self, database: str, sql: str) -> None:
        """Run `sql` as the owner in autocommit, outside any client's transaction."""
        self._ask(sql, database)

    def _ask(self, sql: str, database: str = "") -> list[list[str | None]]:
        database = database or self.settings.database
        with self._admin_lock:
            if database not in self._admins:
                self._admins[database] = self.backend.session(OWNER, database)
            return self._admins[database].run(sql)

    def _store_name(self, alias: str, name: str) -> None:
        sql = f"INSERT INTO pg_catalog.rs_long_name VALUES ({literal(alias)}, {literal(name)}) ON CONFLICT DO NOTHING"
        self.record(self.settings.database, sql)

    def shows_parameter(self, payload: bytes) -> bool:
        return payload.split(b"\0", 1)[0] in SHOWN_PARAMETERS

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._client, args=(sock,), daemon=True).start()

    def _client(self, sock: socket.socket) -> None:
        channel = wire.Channel(sock)
        try:
            self._converse(channel)
        except (wire.Disconnected, OSError):
            pass
        except Exception:
            log.exception("session ended")
        finally:
            channel.close()

    def _converse(self, client: wire.Channel) -> None:
        parameters, client = self._startup(client)
        if parameters is None:
            return
        user, database = parameters.get("user", ""), parameters.get("database") or parameters.get("user", "")
        account = self._authenticate(client, user)
        if account is None:
            _refuse(client, "28000", f'password authentication failed for user "{user}"')
            return
        forwarded = {name: value for name, value in parameters.items() if name.lower() in FORWARDED}
        user = account
        backend_channel = self.backend.connect(user, database, **forwarded)
        session = None
        try:
            session = self._open(client, backend_channel, user, database)
            if session:
                _serve(session)
        finally:
            if session:
                session.fresh.close()
            backend_channel.close()
            client.close()

    def _startup(self, client: wire.Channel) -> tuple[dict[str, str] | None, wire.Channel]:
        """Answer requests for encryption; the parameters of the startup message, None for a cancellation."""
        while True:
            (length,) = struct.unpack("!I", client.read_exactly(4))
            if not 8 <= length <= wire.MAX_STARTUP_BYTES:
                raise wire.Disconnected("malformed startup")
            body = client.read_exactly(length - 4)
            (code,) = struct.unpack_from("!I", body)
            if code == wire.SSL_REQUEST:
                client.sock.sendall(b"S")
                client = wire.Channel(self.tls_context().wrap_socket(client.sock, server_side=True))
            elif code == wire.GSS_REQUEST:
                client.sock.sendall(b"N")
            elif code == wire.CANCEL_REQUEST:
                self._cancel(body)
                return None, client
            else:
                texts = body[4:].decode("utf-8", "replace").split("\0")
                return dict(zip(texts[::2], texts[1::2], strict=False)), client

    def tls_context(self) -> ssl.SSLContext:
        """The context of this run; `server.crt` in our directory lets a client verify it (sslrootcert)."""
        with self._tls_lock:
            if self._tls is None:
                directory = self.settings.dir
                self._tls = tls.server_context(Path(directory) / "server.crt" if directory else None)
            return self._tls

    def _cancel(self, body: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.backend.socket_path))
            sock.sendall(struct.pack("!I", len(body) + 4) + body)
            sock.recv(1)

    def _authenticate(self, client: wire.Channel, user: str) -> str | None:
        """The account that the password opens, None where it opens none."""
        if self._has_sha256(user):
            self._ask_for_digest(client)
        salt = os.urandom(4)
        client.write(b"R", struct.pack("!I", 5) + salt)
        client.flush()
        kind, payload = client.read()
        if kind != b"p":
            return None
        given = payload.rstrip(b"\0")
        for stored, account in self._password_hashes(user):
            if hmac.compare_digest(b"md5" + hashlib.md5(stored + salt).hexdigest().encode(), given):  # noqa: S324
                return account if self._is_there(account) else None
        return None

    def _is_there(self, account: str) -> bool:
        """Whether there is such a user: a temporary password is given for one that is not, too."""
        return bool(self._ask(f"SELECT 1 FROM pg_authid WHERE rolname = {literal(account)} AND rolcanlogin"))

    def _has_sha256(self, user: str) -> bool:
        of_role = f"WHERE rolname = {literal(user)} AND {literal(SHA256)} = ANY (setconfig)"
        return bool(self._ask(f"SELECT 1 FROM pg_db_role_setting JOIN pg_authid ON oid = setrole {of_role}"))

    def _ask_for_digest(self, client: wire.Channel) -> NoReturn:
        """Ask by method 13 (algorithm 0 is SHA256, a salt, a nonce), which libpq refuses; no answer is understood."""
        salt, nonce = os.urandom(16), os.urandom(16)
        parts = (
            struct.pack("!II", AUTHENTICATION_DIGEST, 0),
            *(struct.pack("!I", 16) + part for part in (salt, nonce)),
        )
        client.write(b"R", b"".join(parts))
        client.flush()
        client.read()
        _refuse(client, "0A000", f"{PREFIX}logging in with a sha256 password")
        raise wire.Disconnected("a login with a sha256 password")

    def _password_hashes(self, user: str) -> list[tuple[bytes, str]]:
        """md5(password + user) of every password of the login name, each with the account that it opens now."""
        sql = f"SELECT rolpassword FROM pg_authid WHERE rolname = {literal(user)} AND rolpassword <> '' AND rolcanlogin"
        rows = self._ask(sql)
        own = [(str(row[0]).removeprefix("md5").encode(), user) for row in rows]
        return own + self.passwords.opening(user)

    def move_clock(self, request: Mapping[str, Any]) -> None:
        """Admin command: {"do": "move_clock", "seconds": N}: temporary passwords end so much earlier."""
        self.passwords.move(float(request["seconds"]))

    def _create_user(self, name: str) -> None:
        """A user made with a temporary password; it has no password of its own and the rights of PUBLIC."""
        rows = self._ask(f"SELECT 1 FROM pg_authid WHERE rolname = {literal(name)}")
        if not rows:
            self._ask(f"CREATE ROLE {quoted(name)} LOGIN")

    def _open(self, client: wire.Channel, channel: wire.Channel, user: str, database: str) -> Session | None:
        """Relay the backend's start of the session; None if it refused."""
        pid = 0
        client.write(b"R", struct.pack("!I", 0))
        while True:
            kind, payload = channel.read()
            if kind == b"E":
                client.write(kind, payload)
                client.flush()
                return None
            if kind == b"S" and payload.startswith(b"server_version\0"):
                payload = b"server_version\0" + wire.cstring(SERVER_VERSION)
            if kind == b"K":
                (pid,) = struct.unpack_from("!I", payload)
            if kind == b"Z":
                client.write(kind, payload)
                client.flush()
                return Session(self, client, Admin(channel, ready=True), user, database, pid)
            if kind == b"K" or (kind == b"S" and self.shows_parameter(payload)):
                client.write(kind, payload)


def _serve(session: Session) -> None:
    """Take the client's messages until it leaves, each by the protocol that it belongs to."""
    extended = Extended(session)
    while True:
        kind, payload = session.client.read()
        if kind == b"X":
            return
        if kind == b"Q":
            session.query(payload.rstrip(b"\0").decode("utf-8", "replace"))
        elif kind in b"PBDECSH":
            extended.take(kind, payload)
        else:
            raise wire.Disconnected(f"unknown message {kind!r}")


def _refuse(client: wire.Channel, code: str, text: str) -> None:
    client.write(b"E", wire.error_payload({"S": "FATAL", "C": code, "M": text}))
    client.flush()
