"""The connectors' REST protocol over http.server: login, query, abort, session, telemetry.

Every answer is HTTP 200 with Snowflake's JSON shape, errors too: the connectors retry HTTP 500.
"""

from __future__ import annotations

import gzip
import hmac
import itertools
import json
import secrets
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local_warehouse import faults
from local_warehouse.faults import WAREHOUSE_ACTIONS, FaultError, Faults
from local_warehouse.s3.objects import Keys
from local_warehouse.snowflake.errors import LoginError, SqlError
from local_warehouse.snowflake.identity.browser import PAGE_PATH
from local_warehouse.snowflake.serve import parameters
from local_warehouse.snowflake.serve.login import Proofs, log_in, made_here, read_users, spares_browser
from local_warehouse.snowflake.serve.requests import CONFLICTS, Disconnected, Requests, failure, parameter_list, success
from local_warehouse.snowflake.serve.session import ClientSession, granted_roles
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Entry
from local_warehouse.snowflake.store.engine import Engine
from local_warehouse.snowflake.store.stages import Cloud
from local_warehouse.snowflake.store.work import Shared

# Where the identity provider gives clients their tokens; another server in earnest, so its statuses are HTTP's.
TOKEN_PATH = "/oauth/token-request"  # noqa: S105 (a path)
TOKEN_SECONDS, MASTER_SECONDS = 3600, 14_400
EXPIRED = ("Session token has expired. The session must be renewed.", 390112)
EXPIRED_LOGIN = ("Authentication token has expired. The user must authenticate again.", 390114)
GONE = ("Session no longer exists.  New login required to access the service.", 390111)


class Warehouse:
    """The account: engine, users, sessions."""

    def __init__(self, settings: dict[str, Any]) -> None:
        directory = Path(settings["dir"])
        directory.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.account = str(settings["account"])
        self.users = read_users(settings)
        self.proofs = Proofs.of(settings)
        service = Keys(settings["service_access_key_id"], settings["service_secret_access_key"])
        self.cloud = Cloud(settings["s3_endpoint_url"], settings["region"], service, settings.get("account_id", ""))
        self.engine = Engine(directory / "snowflake.duckdb")
        self.shared = Shared()
        self.sessions: dict[str, ClientSession] = {}
        self.masters: dict[str, str] = {}
        self.numbers = itertools.count(int(time.time()) * 1000)
        self.faults = Faults(WAREHOUSE_ACTIONS, tuple(CONFLICTS))
        self.requests = Requests(self.faults)
        self.expired: set[str] = set()
        self.ends: dict[str, float] = {}  # of sessions' tokens and of those that renew them, by the clock
        self._provide()

    def _provide(self) -> None:
        """The objects that the settings name: database, schemas, warehouse, integrations."""
        settings, catalog = self.settings, self.engine.catalog
        wanted = [
            Entry("database", "", "", settings["database"], owner=settings["role"]),
            Entry("warehouse", "", "", settings["warehouse"]),
            *(Entry("user", "", "", name) for name in self.users),
            *(
                Entry("role", "", "", role, body={"super": True})
                for role in {user.role for user in self.users.values()}
            ),
            Entry("role", "", "", grants.PUBLIC),
            *(
                Entry("schema", settings["database"], "", name, owner=settings["role"])
                for name in dict.fromkeys(("PUBLIC", settings.get("schema") or "PUBLIC"))
            ),
        ]
        with self.engine.ddl() as cursor:
            for entry in wanted:
                if catalog.find(entry.kind, entry.database, entry.schema, entry.name) is None:
                    catalog.save(cursor, entry)
            for given in settings.get("integrations") or ():
                old = catalog.find("integration", "", "", given["name"])
                body = {
                    "enabled": True, "role_arn": given["role_arn"], "allowed": list(given["allowed_locations"]),
                    "blocked": [], "external_id": given.get("external_id") or "LOCAL_SFCRole=1",
                }  # fmt: skip
                entry = old or Entry("integration", "", "", given["name"], owner=settings["role"])
                entry.body = body
                catalog.save(cursor, entry)

    def login(self, data: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        catalog = self.engine.catalog
        users = {**made_here(catalog), **self.users}
        user = log_in(users, self.account, data, query.get("roleName") or "", self.proofs)
        role = user.role
        if user.name.upper() not in self.users and role not in granted_roles(catalog, user.name):
            role = grants.PUBLIC
        session = ClientSession(
            next(self.numbers), self.engine, self.shared, self.cloud, user.name.upper(), role, self.account
        )
        try:
            self._start(session, data, query)
        except SqlError:
            session.close()
            raise
        token, master = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.issue(session, token, master)
        asks = (data.get("SESSION_PARAMETERS") or {}).get("CLIENT_REQUEST_MFA_TOKEN") is True
        kept, kept_seconds = spares_browser(user, data, self.proofs)
        spared = user.factor.token(self.proofs.clock.now()) if user.factor is not None and asks else None
        return {
            "token": token, "masterToken": master, "validityInSeconds": TOKEN_SECONDS,
            "masterValidityInSeconds": MASTER_SECONDS, "sessionId": session.id, "displayUserName": session.user,
            "serverVersion": "9.0.0", "firstLogin": False, "remMeToken": None, "remMeValidityInSeconds": 0,
            "healthCheckInterval": 45, "newClientForUpgrade": None,
            "idToken": kept, "idTokenValidityInSeconds": kept_seconds,
            "mfaToken": spared, "mfaTokenValidityInSeconds": MASTER_SECONDS if spared else 0, "responseData": None,
            "parameters": parameter_list(session), "sessionInfo": session_info(session),
        }  # fmt: skip

    def page(self, page: str, sent: bytes) -> tuple[int, dict[str, str], str]:
        """The page of the identity provider that a browser asks for, or sends."""
        people = {name: one.browser_password for name, one in self.users.items() if one.browser_password is not None}
        return self.proofs.browsers.answer(page, sent, people)

    def issue(self, session: ClientSession, token: str, master: str) -> None:
        """Let a session be spoken for by a token, and by another one that renews it; each ends by the clock."""
        now = self.proofs.clock.now()
        self.sessions[token], self.masters[master] = session, token
        self.ends[token], self.ends[master] = now + TOKEN_SECONDS, now + MASTER_SECONDS

    def has_ended(self, token: str) -> bool:
        """Whether a token of a session, or one that renews it, has expired."""
        return token in self.expired or self.ends[token] <= self.proofs.clock.now()

    def _start(self, session: ClientSession, data: dict[str, Any], query: dict[str, str]) -> None:
        """ClientSession parameters, role, warehouse, database and schema of a new session."""
        for name, value in (data.get("SESSION_PARAMETERS") or {}).items():
            if not parameters.is_client_note(name):
                session.parameters[name.upper()] = parameters.parse_value(name.upper(), value)
        role = (query.get("roleName") or session.role).upper()
        if role not in session.granted:
            raise LoginError(
                f"Role '{role}' specified in the connect string does not exist or not authorized. "
                "Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.",
                390189,
            )
        session.role = role
        made = self.engine.catalog.find("user", "", "", session.user)
        session.secondary = bool(made and made.body.get("secondary"))
        for kind, given in (("warehouse", query.get("warehouse")), ("database", query.get("databaseName"))):
            entry = self._named(kind, "", given)
            if entry is not None and session.sees(entry):
                setattr(session, kind, entry.name)
        if session.database is not None:
            schema = self._named("schema", session.database, query.get("schemaName") or "PUBLIC")
            session.schema = schema.name if schema and session.sees(schema) else None

    def _named(self, kind: str, database: str, name: str | None) -> Entry | None:
        """An object named at login; one that does not exist leaves the session without, as Snowflake does."""
        if not name:
            return None
        exact = name[1:-1] if name.startswith('"') and name.endswith('"') else name.upper()
        catalog = self.engine.catalog
        return catalog.find(kind, database, "", exact) or catalog.find(kind, database, "", name)

    def end(self, token: str) -> None:
        session = self.sessions.pop(token, None)
        self.masters = {master: t for master, t in self.masters.items() if t != token}
        if session is not None:
            with session.lock:
                session.close()

    def session(self, header: str) -> ClientSession:
        token = header.removeprefix('Snowflake Token="').removesuffix('"')
        for known, session in list(self.sessions.items()):
            if hmac.compare_digest(known, token):
                if self.has_ended(token):
                    raise LoginError(*EXPIRED)
                return session
        raise LoginError(*GONE)

    def expire(self, request: Mapping[str, Any]) -> None:
        """Admin command {"do": "expire", "what": ...}.

        sessions: their tokens; logins: these and the master tokens that would renew them; tokens: those of OAuth and
        programmatic access.
        """
        if request.get("what") in ("sessions", "logins"):
            self.expired.update(self.sessions)
            if request["what"] == "logins":
                self.expired.update(self.masters)
        elif request.get("what") == "tokens":
            for user in self.users.values():
                for token in user.tokens:
                    token.expires = 0.0
        else:
            raise FaultError("expire needs what: sessions, logins or tokens")

    def administer(self, path: str) -> Callable[[], None]:
        """Listen for faults on a Unix socket; the function that comes back ends that."""
        return faults.serve(path, self.faults, {"expire": self.expire, "clock": self.proofs.clock.move})

    def close(self) -> None:
        for token in list(self.sessions):
            self.end(token)
        self.engine.close()


def session_info(session: ClientSession) -> dict[str, Any]:
    return {
        "databaseName": session.database, "schemaName": session.schema, "warehouseName": session.warehouse,
        "roleName": session.role,
    }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """No access log: request lines hold nothing that helps."""

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path == TOKEN_PATH:
            self._send(*self.server.warehouse.proofs.issuer.answer(self.headers, raw))
            return
        if parts.path == PAGE_PATH:
            self._show(*self.server.warehouse.page(query.get("page", ""), raw))
            return
        try:
            if self.headers.get("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
            body = json.loads(raw or b"{}") if "telemetry" not in parts.path else {}
            answer = self._answer(parts.path, query, body)
        except SqlError as error:
            answer = failure(error)
        except Disconnected:
            self.close_connection = True
            return
        except Exception:
            traceback.print_exc(file=sys.stderr)
            answer = failure(SqlError("the stand-in failed on this statement; see its log", 603, "XX000"))
        self._send(200, answer)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        data = json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
        reason = self.responses[HTTPStatus(status)][0]
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        self.wfile.write(head.encode() + data)  # one write: two would wait for a delayed ACK

    def _show(self, status: int, headers: Mapping[str, str], text: str) -> None:
        """A page for a browser."""
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST  # noqa: N815 (the name is http.server's)

    def _answer(self, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        warehouse = self.server.warehouse
        if path == "/session/v1/login-request":
            return success(warehouse.login(body.get("data") or {}, query))
        if path == "/session/authenticator-request":
            return success(warehouse.proofs.browsers.begin(body.get("data") or {}, self.server.address))
        if path == "/telemetry/send":
            return success(None)
        if path == "/queries/v1/abort-request":
            warehouse.session(self.headers.get("Authorization") or "")
            warehouse.requests.abort(str(body.get("requestId")))
            return success(None)
        if path == "/session" and query.get("delete") == "true":
            token = (self.headers.get("Authorization") or "").removeprefix('Snowflake Token="').removesuffix('"')
            warehouse.end(token)
            return success(None)
        if path == "/session/token-request":
            return success(self._renew(body))
        session = warehouse.session(self.headers.get("Authorization") or "")
        if path == "/session/heartbeat":
            return success(None)
        if path == "/queries/v1/query-request":
            return warehouse.requests.run(session, body, query.get("requestId") or str(uuid.uuid4()), self.connection)
        if path.startswith("/queries/") and path.endswith("/result"):
            return warehouse.requests.result(path.split("/")[2])
        if path.startswith("/monitoring/queries/"):
            return warehouse.requests.status(path.rpartition("/")[2])
        raise SqlError(f"no such resource here: {path}", 390400, "08001")

    def _renew(self, body: dict[str, Any]) -> dict[str, Any]:
        """A new session token for the master token in the header."""
        warehouse = self.server.warehouse
        master = (self.headers.get("Authorization") or "").removeprefix('Snowflake Token="').removesuffix('"')
        old = warehouse.masters.get(master)
        if old is None:
            raise LoginError("Master token is not valid", 390115)
        if warehouse.has_ended(master):
            raise LoginError(*EXPIRED_LOGIN)
        session, token = warehouse.sessions.pop(old), secrets.token_urlsafe(32)
        warehouse.issue(session, token, master)
        return {
            "sessionToken": token, "validityInSecondsST": TOKEN_SECONDS, "masterToken": master,
            "validityInSecondsMT": MASTER_SECONDS, "sessionId": session.id,
        }  # fmt: skip


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, warehouse: Warehouse, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.warehouse = warehouse

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


def serve(settings: dict[str, Any]) -> tuple[Server, threading.Thread]:
    """A running server for a settings line."""
    server = Server(Warehouse(settings), int(settings.get("port") or 0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return server, thread
