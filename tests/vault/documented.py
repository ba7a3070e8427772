"""A test server that answers as Vault's documentation says, for what a run asks; it is no Vault.

It knows one secret of each kind, keeps policies, tokens and leases with their ends on a clock that a test moves, and
checks who signs in: the AWS request by its signature. tests/vault/openbao.py is a real server with the same content.

https://developer.hashicorp.com/vault/api-docs
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, ClassVar
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.vault.content import CONTENT, FORBIDDEN, GONE, KUBERNETES_TOKEN, LEASE, ROLE, ROOT, TOKEN_SECONDS

AWS_KEYS = ("AKIDEXAMPLE", "aws secret of the test")
SERVER_ID = "vault.example.com"


class Documented:
    """What the server knows. `now`: seconds of its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.tokens: dict[str, float | None] = {ROOT: None}  # token -> its end
        self.latest: dict[str, float] = {}  # token or lease -> how long it can be renewed
        self.leases: dict[str, float] = {}
        self._numbers = count(1)

    def answer(self, method: str, path: str, token: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and JSON."""
        self.asked.append(f"{method} {path}")
        if found := re.fullmatch("auth/([a-z]+)/login", path):
            return self._login(found[1], body)
        if not self._holds(token):
            return _errors(403, "permission denied")
        for pattern, route in self._ROUTES.items():
            if found := re.fullmatch(pattern, path):
                return route(self, token, body, *found.groups())
        return _errors(404)

    def _holds(self, token: str) -> bool:
        ends = self.tokens.get(token, 0)
        return ends is None or ends > self.now

    def _login(self, method: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if problem := _LOGINS[method](body):
            return _errors(400, problem)
        token = f"hvs.{next(self._numbers)}-of-{method}"
        self.latest[token] = self.now + 3 * TOKEN_SECONDS
        self.tokens[token] = self.now + TOKEN_SECONDS
        return 200, {"auth": {"client_token": token, "lease_duration": TOKEN_SECONDS, "renewable": True}}

    def _mount(self, token: str, body: Mapping[str, Any], path: str) -> tuple[int, dict[str, Any]]:
        mounts = {"secret/": "2", "kv1/": "1", "database/": None}
        for mount, version in mounts.items():
            if path.startswith(mount):
                return 200, {"data": {"path": mount, "options": version and {"version": version}}}
        return _errors(403, "preflight capability check returned 403")

    def _version_2(self, token: str, body: Mapping[str, Any], path: str) -> tuple[int, dict[str, Any]]:
        if path == FORBIDDEN:
            return _errors(403, "1 error occurred:\n\t* permission denied\n\n")
        if path == GONE or (data := CONTENT.get(f"secret/{path}")) is None:
            return _errors(404)
        return 200, {"data": {"data": data, "metadata": {"version": 1}}}

    def _version_1(self, token: str, body: Mapping[str, Any], path: str) -> tuple[int, dict[str, Any]]:
        data = CONTENT.get(f"kv1/{path}")
        answer = {"data": data, "lease_id": "", "renewable": False, "lease_duration": 2764800}
        return (200, answer) if data else _errors(404)

    def _lease(self, token: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        number = next(self._numbers)
        lease = f"database/creds/loader/{number}"
        self.leases[lease], self.latest[lease] = self.now + LEASE, self.now + 3 * LEASE
        data = {"username": f"v-loader-{number}", "password": f"leased password {number}"}
        return 200, {"data": data, "lease_id": lease, "lease_duration": LEASE, "renewable": True}

    def _renew_lease(self, token: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        lease = body["lease_id"]
        if self.leases.get(lease, 0) <= self.now:
            return _errors(400, "lease not found")
        self.leases[lease] = min(self.now + LEASE, self.latest[lease])
        return 200, {"lease_id": lease, "lease_duration": self.leases[lease] - self.now, "renewable": True}

    def _revoke(self, token: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        self.leases.pop(body["lease_id"])
        return 204, {}

    def _renew_self(self, token: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        ends = min(self.now + TOKEN_SECONDS, self.latest[token])
        self.tokens[token] = ends
        return 200, {"auth": {"client_token": token, "lease_duration": ends - self.now, "renewable": True}}

    def _look_up(self, token: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        ends = self.tokens[token]
        return 200, {"data": {"ttl": 0 if ends is None else ends - self.now, "renewable": ends is not None}}

    _ROUTES: ClassVar[dict[str, Callable[..., tuple[int, dict[str, Any]]]]] = {
        "sys/internal/ui/mounts/(.*)": _mount,
        "secret/data/(.*)": _version_2,
        "kv1/(.*)": _version_1,
        "database/creds/loader": _lease,
        "sys/leases/renew": _renew_lease,
        "sys/leases/revoke": _revoke,
        "auth/token/renew-self": _renew_self,
        "auth/token/lookup-self": _look_up,
    }


def _errors(status: int, *errors: str) -> tuple[int, dict[str, Any]]:
    return status, {"errors": list(errors)}


def _problem_of_approle(body: Mapping[str, Any]) -> str:
    return "" if (body["role_id"], body["secret_id"]) == ROLE else "invalid role or secret ID"


def _problem_of_kubernetes(body: Mapping[str, Any]) -> str:
    if body["role"] != "loader":
        return f'invalid role name "{body["role"]}"'
    return "" if body["jwt"] == KUBERNETES_TOKEN else "service account name not authorized"


def _problem_of_aws(body: Mapping[str, Any]) -> str:
    """Check the signature of the request to STS, which Vault sends on (api-docs/auth/aws#login)."""
    url, content, headers = (
        base64.b64decode(body[f"iam_request_{part}"]).decode() for part in ("url", "body", "headers")
    )
    given = {name.lower(): value[0] for name, value in json.loads(headers).items()}
    if given.get("x-vault-aws-iam-server-id") != SERVER_ID:
        return 'error validating X-Vault-AWS-IAM-Server-ID header: expected "vault.example.com"'
    if (body["iam_http_request_method"], url, content) != (
        "POST",
        "https://sts.amazonaws.com/",
        "Action=GetCallerIdentity&Version=2011-06-15",
    ):
        return "the request is none of GetCallerIdentity"
    written = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^, ]+)", given["authorization"]))
    signed = written["SignedHeaders"].split(";")
    request = AWSRequest("POST", url, {name: given[name] for name in signed}, content)
    request.context["timestamp"] = given["x-amz-date"]
    signer = SigV4Auth(Credentials(*AWS_KEYS), "sts", "us-east-1")
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return "" if signature == written["Signature"] and body["role"] == "loader" else "error making upstream request"


_LOGINS = {"approle": _problem_of_approle, "kubernetes": _problem_of_kubernetes, "aws": _problem_of_aws}


@contextmanager
def serving(vault: Documented) -> Iterator[str]:
    """Serve on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            status, answer = vault.answer(
                self.command, unquote(self.path).removeprefix("/v1/"), self.headers.get("X-Vault-Token", ""), body
            )
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
