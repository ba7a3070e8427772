"""An AWS in this process whose clock a test moves: STS, Secrets Manager, Redshift's passwords, an S3 that takes files.

Signatures are checked (local_warehouse.redshift.serve.callers); keys and passwords end by the test's clock.
Policies are a set of actions for each identity, and a role's trust is who may assume it, with which external id.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from local_warehouse.redshift.serve.callers import Refused, caller_of
from local_warehouse.redshift.serve.credentials import Cluster, TemporaryPasswords, answer, refusal
from singer_bulk.model.runtime import Standard

ACCOUNT, REGION = "123456789012", "eu-west-1"
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
SERVICES = ("sts", "secretsmanager")
ALL = frozenset(
    (
        "redshift:DescribeClusters", "redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM",
        "redshift:CreateClusterUser", "redshift:JoinGroup", "redshift-serverless:GetCredentials",
        "redshift-serverless:GetWorkgroup", "redshift-serverless:GetNamespace", "secretsmanager:GetSecretValue",
        "sts:AssumeRole",
    )
)  # fmt: skip


class MovedClock(Standard):
    """The standard library's runtime, at a time that the test sets."""

    def __init__(self) -> None:
        self.time = BEGIN

    def now(self) -> datetime:
        """Return the test's time."""
        return self.time

    def after(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Key:
    """An access key, whose it is, and when it ends."""

    secret: str
    arn: str
    token: str | None = None
    ends: datetime | None = None


@dataclass(frozen=True)
class Trust:
    """Who may assume a role."""

    by: str
    external_id: str | None = None


@dataclass
class Aws:
    """What is there, and what was asked."""

    clock: MovedClock
    host: str = "h.example"
    actions: frozenset[str] = ALL
    keys: dict[str, Key] = field(default_factory=dict)
    roles: dict[str, Trust] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)  # name -> text, None for a binary one
    made: list[str] = field(default_factory=list)  # database users
    asked: list[tuple[str, str]] = field(default_factory=list)  # call, access key
    headers: list[Mapping[str, str]] = field(default_factory=list)  # of the files
    fails: bool = False  # STS and Redshift refuse
    url: str = ""

    def __post_init__(self) -> None:
        self.keys["AKIALOADER"] = Key("secret", f"arn:aws:iam::{ACCOUNT}:user/loader")
        passwords = TemporaryPasswords(self.made.append, lambda: self.clock.now().timestamp())
        self.cluster = Cluster(passwords, self, self.host, 5440, "warehouse", REGION, ACCOUNT)

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer as IAM: whose a key is, what it may."""
        if request["do"] == "may":
            refused = f"User: {self.keys[request['access_key_id']].arn} is not authorized to perform: "
            known = request["action"] in self.actions
            return {"refused": None if known else f"{refused}{request['action']} on resource: {request['resource']}"}
        key = self.keys.get(request["access_key_id"])
        if key is None or key.token != request["session_token"]:
            return {"refused": ["InvalidClientTokenId", "The security token included in the request is invalid."]}
        if key.ends is not None and key.ends <= self.clock.now():
            return {"refused": ["ExpiredToken", "The security token included in the request is expired"]}
        return {"secret_access_key": key.secret, "arn": key.arn}

    def post(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """Content type and text of an answer; raises Refused."""
        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if given.get("Action") == "AssumeRoleWithWebIdentity":  # which nobody signs
            return "text/xml", self._assume_by_token(given)
        service, key = signed_for(headers)
        self.asked.append((headers.get("X-Amz-Target") or given.get("Action", ""), key))
        if self.fails:
            raise Refused("ServiceUnavailableForTest", "no answer is given")
        if service not in SERVICES:
            return answer(self.cluster, headers, body)
        caller = caller_of(self, headers, body, SERVICES)
        if service == "sts":
            return "text/xml", self._assume(caller.arn, given)
        name = json.loads(body)["SecretId"]
        caller.require("secretsmanager:GetSecretValue", name)
        if name not in self.secrets:
            raise Refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        text = self.secrets[name]
        found = {"SecretBinary": "AAAA"} if text is None else {"SecretString": text}
        return "application/x-amz-json-1.1", json.dumps({"Name": name, **found})

    def _assume(self, arn: str, given: Mapping[str, str]) -> str:
        role, seconds = given["RoleArn"], int(given.get("DurationSeconds", 3600))
        trust = self.roles.get(role)
        if trust is None or trust.by != _identity(arn) or trust.external_id != given.get("ExternalId"):
            raise Refused(
                "AccessDenied", f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
            )
        if seconds > 3600 and ":assumed-role/" in arn:
            text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            raise Refused("ValidationError", text)
        return self._session("AssumeRole", role, given["RoleSessionName"], seconds)

    def _assume_by_token(self, given: Mapping[str, str]) -> str:
        role = given["RoleArn"]
        self.asked.append(("AssumeRoleWithWebIdentity", ""))
        trust = self.roles.get(role)
        if trust is None or trust.by != given["WebIdentityToken"]:
            raise Refused("InvalidIdentityToken", "The web identity token that was passed could not be validated")
        return self._session("AssumeRoleWithWebIdentity", role, given["RoleSessionName"], 3600)

    def _session(self, call: str, role: str, name: str, seconds: int) -> str:
        found = self.new_keys(f"assumed-role/{role.rpartition('/')[2]}/{name}", seconds)
        inside = "".join(f"<{one}>{escape(value)}</{one}>" for one, value in found.items())
        return (
            f'<{call}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{call}Result><Credentials>{inside}'
            f"</Credentials></{call}Result></{call}Response>"
        )

    def new_keys(self, session: str, seconds: int) -> dict[str, str]:
        """Return keys of a session that ends, as STS writes them."""
        name, ends = f"ASIA{len(self.keys)}", self.clock.now() + timedelta(seconds=seconds)
        arn = f"arn:aws:sts::{ACCOUNT}:{session}"
        self.keys[name] = key = Key(secrets.token_hex(8), arn, secrets.token_hex(16), ends)
        return {
            "AccessKeyId": name,
            "SecretAccessKey": key.secret,
            "SessionToken": key.token or "",
            "Expiration": ends.isoformat(),
        }

    def put(self, headers: Mapping[str, str]) -> None:
        """Take a file; raises Refused for a key that is not known or has ended."""
        _, key = signed_for(headers)
        self.asked.append(("PutObject", key))
        self.headers.append({name.lower(): value for name, value in headers.items()})
        found = self.ask({"do": "signer", "access_key_id": key, "session_token": headers.get("X-Amz-Security-Token")})
        if "refused" in found:
            raise Refused(*found["refused"])


def signed_for(headers: Mapping[str, str]) -> tuple[str, str]:
    """Service and access key of the signature."""
    key, _, _, service, _ = headers["Authorization"].partition("Credential=")[2].partition(",")[0].split("/")
    return service, key


def _identity(arn: str) -> str:
    """A user, or the role of a session."""
    kind, name = arn.split(":", 5)[5].split("/")[:2]
    return f"arn:aws:iam::{ACCOUNT}:{'role' if kind == 'assumed-role' else kind}/{name}"


@contextmanager
def serving(aws: Aws) -> Iterator[Aws]:
    """Serve it on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers, body = dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, kind, text = 200, *aws.post(headers, body)
            except Refused as refused:
                status, kind, text = refusal(refused, headers)
            self._answer(status, kind, text)

        def do_GET(self) -> None:
            """Answer as the endpoint of a container's role."""
            aws.asked.append(("container", self.headers.get("Authorization", "")))
            found = aws.new_keys("assumed-role/container/task", 3600)
            self._answer(200, "application/json", json.dumps({**found, "Token": found["SessionToken"]}))

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            try:
                aws.put(dict(self.headers.items()))
                self._answer(200, "text/xml", "")
            except Refused as refused:
                self._answer(403, "text/xml", f"<Error><Code>{refused.code}</Code><Message>{refused}</Message></Error>")

        def _answer(self, status: int, kind: str, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    aws.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
