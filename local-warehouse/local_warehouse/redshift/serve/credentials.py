"""Who gets a password that expires?  The three calls of AWS that issue one, on a small HTTP server of our own.

GetClusterCredentials (query protocol), GetClusterCredentialsWithIAM (query protocol) and Redshift Serverless'
GetCredentials (JSON protocol). A password opens its account until it expires; a session that is open outlives it.
The caller is who its access key says: whether the request's signature is right is not checked here.

Sources: API reference of the three calls; generating-iam-credentials-cli-api
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/(redshift|redshift-serverless)/aws4_request"
)
SHORTEST_SECONDS, LONGEST_SECONDS = 900, 3600
QUERY_NAMESPACE = "http://redshift.amazonaws.com/doc/2012-12-01/"


class Refused(Exception):
    """An answer of status 400 with an error code of AWS."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Issued:
    """A password of one user, kept as md5(password + user)."""

    digest: bytes
    expires: float


class TemporaryPasswords:
    """The passwords issued so far; `create_user` is called for an account that is made with its password."""

    def __init__(self, create_user: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self._create_user = create_user
        self._clock = clock
        self._issued: dict[str, list[Issued]] = {}
        self._lock = threading.Lock()

    def issue(self, user: str, seconds: int, create: bool) -> tuple[str, float]:
        """A new password for `user` and when it ends (seconds since 1970)."""
        if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            raise Refused("InvalidParameterValue", f"duration must be between {SHORTEST_SECONDS} and {LONGEST_SECONDS}")
        if create:
            self._create_user(account_of(user))
        password = secrets.token_urlsafe(48)
        expires = self._clock() + seconds
        digest = hashlib.md5((password + user).encode()).hexdigest().encode()  # noqa: S324
        with self._lock:
            self._issued.setdefault(user, []).append(Issued(digest, expires))
        return password, expires

    def digests(self, user: str) -> list[bytes]:
        """The digests that open `user` now."""
        now = self._clock()
        with self._lock:
            return [issued.digest for issued in self._issued.get(user, []) if issued.expires > now]

    def expire(self) -> None:
        """Let every password issued so far expire."""
        with self._lock:
            self._issued.clear()


def account_of(user: str) -> str:
    """The database user that a login name stands for: IAM: and IAMA: are prefixes, IAMR: belongs to the name."""
    prefix, colon, rest = user.partition(":")
    return rest.split(":")[0] if colon and prefix in ("IAM", "IAMA") else user


def cluster_credentials(passwords: TemporaryPasswords, given: Mapping[str, str], key: str) -> dict[str, str]:
    """GetClusterCredentials: the user is named, and made at once with AutoCreate."""
    if "DbUser" not in given:
        raise Refused("MissingParameter", "DbUser is required")
    create = given.get("AutoCreate", "false").lower() == "true"
    groups = [value for name, value in given.items() if name.startswith("DbGroups.")]
    user = f"{'IAMA' if create else 'IAM'}:{given['DbUser'].lower()}" + "".join(f":{group}" for group in groups[:1])
    return _answer(passwords, user, given, create)


def cluster_credentials_with_iam(passwords: TemporaryPasswords, given: Mapping[str, str], key: str) -> dict[str, str]:
    """GetClusterCredentialsWithIAM: the user is the caller, made at its first call."""
    return _answer(passwords, _caller(key), given, True)


def _caller(key: str) -> str:
    # The key of a role's session begins with ASIA. The stand-in knows no names, so the key is the name.
    return f"{'IAMR' if key.startswith('ASIA') else 'IAM'}:{key.lower()}"


def _answer(passwords: TemporaryPasswords, user: str, given: Mapping[str, str], create: bool) -> dict[str, str]:
    try:
        seconds = int(given.get("DurationSeconds", SHORTEST_SECONDS))
    except ValueError:
        raise Refused("InvalidParameterValue", "DurationSeconds is a number") from None
    password, expires = passwords.issue(user, seconds, create)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
    return {"DbUser": user, "DbPassword": password, "Expiration": stamp}


QUERY_ACTIONS = {
    "GetClusterCredentials": cluster_credentials,
    "GetClusterCredentialsWithIAM": cluster_credentials_with_iam,
}
SERVERLESS_TARGET = "RedshiftServerless.GetCredentials"


def serve(passwords: TemporaryPasswords, host: str) -> ThreadingHTTPServer:
    """Start the HTTP server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode("utf-8", "replace")
            headers = dict(self.headers.items())
            try:
                status, kind, text = 200, *answer(passwords, headers, body)
            except Refused as refused:
                status, kind, text = refusal(refused, headers)
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a request may hold what is no one's business."""

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="credentials", daemon=True).start()
    return server


def answer(passwords: TemporaryPasswords, headers: Mapping[str, str], body: str) -> tuple[str, str]:
    """Content type and text of the answer; raises Refused."""
    signed = CREDENTIAL.match(headers.get("Authorization", "") or "")
    if not signed:
        raise Refused("MissingAuthenticationToken", "the request is not signed for redshift")
    key = signed.group(1)
    target = headers.get("X-Amz-Target")
    if target:
        if target != SERVERLESS_TARGET:
            raise Refused("UnknownOperationException", target)
        given = json.loads(body or "{}")
        seconds = {"DurationSeconds": str(given["durationSeconds"])} if "durationSeconds" in given else {}
        issued = cluster_credentials_with_iam(passwords, seconds, key)
        expires = time.mktime(time.strptime(issued["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        found = {"dbUser": issued["DbUser"], "dbPassword": issued["DbPassword"], "expiration": expires}
        return "application/x-amz-json-1.1", json.dumps(found)
    given = {name: values[0] for name, values in parse_qs(body).items()}
    action = given.get("Action", "")
    if action not in QUERY_ACTIONS:
        raise Refused("InvalidAction", f"{action} is not supported by the local stand-in")
    issued = QUERY_ACTIONS[action](passwords, given, key)
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in issued.items())
    result = (
        f"<{action}Result>{inside}</{action}Result><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>"
    )
    return "text/xml", f'<{action}Response xmlns="{QUERY_NAMESPACE}">{result}</{action}Response>'


def refusal(refused: Refused, headers: Mapping[str, str]) -> tuple[int, str, str]:
    if headers.get("X-Amz-Target"):
        return 400, "application/x-amz-json-1.1", json.dumps({"__type": refused.code, "message": str(refused)})
    error = f"<Error><Type>Sender</Type><Code>{refused.code}</Code><Message>{escape(str(refused))}</Message></Error>"
    return 400, "text/xml", f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
