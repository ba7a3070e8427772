"""What stands before moto: refusals that AWS makes and moto does not, and the faults on demand.

Order of a request: its own refusals (no signature, a moto control path, an expired or inactive key, a
body that is not what was signed, a role that does not exist), a fault that is due before the call,
moto, a fault that is due after it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import select
import socket
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, NoReturn, Protocol, runtime_checkable
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from local_warehouse.faults import S3_ACTIONS, Fault, FaultError, Faults

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# AWS4-HMAC-SHA256 Credential=AKIA.../20200101/us-east-1/s3/aws4_request, SignedHeaders=..., Signature=...
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request")


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


class Refusal(Exception):
    """The answer to a request that AWS would not carry out."""

    def __init__(self, status: str, code: str, text: str, region: str | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.region = status, code, text, region


class Gate:
    """A WSGI application around moto's."""

    def __init__(self, application: Application, account_id: str) -> None:
        self._application = application
        self._account_id = account_id
        self._expired: set[str] = set()
        self.faults = Faults(S3_ACTIONS)
        self.s3: Application = application  # another one, if moto is not to be the S3
        self.closed = False  # open only while bucket and principals are made

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self.closed:
            return self._application(environ, start_response)
        service = "s3"
        try:
            key, region, service = _signed_by(environ)
            self._refuse_dead_key(key, service)
            body = _body(environ)
            if service == "s3":
                self._refuse_other_region(environ["PATH_INFO"], region)
                _refuse_altered_body(environ, body)
            if service == "sts":
                self._refuse_unknown_role(body)
            application = self.s3 if service == "s3" else self._application
            fault = self.faults.due(_call_text(environ, service, key, body))
            if fault is None:
                return application(environ, start_response)
            _fail(fault, application, environ)
        except Refusal as refusal:
            return _answer(refusal, service, start_response)

    def expire(self, request: Mapping[str, Any]) -> None:
        """Admin command: {"do": "expire", "access_key_id": ...} or {"do": "expire", "role": NAME}.

        A role's sessions of this moment expire; a session opened later is valid.
        """
        if "role" in request:
            self._expired.update(
                session.access_key_id
                for session in self._sessions()
                if session.role_arn.rpartition("/")[2] == request["role"]
            )
        elif "access_key_id" in request:
            self._expired.add(request["access_key_id"])
        else:
            raise FaultError("expire needs a role or an access_key_id")

    def _sessions(self) -> list[Any]:
        from moto.sts.models import sts_backends

        return list(sts_backends[self._account_id]["aws"].assumed_roles)

    def _refuse_dead_key(self, key: str, service: str) -> None:
        from moto.iam.models import iam_backends

        now = datetime.now(timezone.utc).replace(tzinfo=None)
        over = any(s.access_key_id == key and s.expiration.replace(tzinfo=None) < now for s in self._sessions())
        if over or key in self._expired:
            status = "400 Bad Request" if service == "s3" else "403 Forbidden"
            raise Refusal(status, "ExpiredToken", "The provided token has expired.")
        known = iam_backends[self._account_id]["aws"].access_keys.get(key)
        if known is not None and known.status != "Active":
            raise Refusal(
                "403 Forbidden",
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            )

    def _refuse_unknown_role(self, body: bytes) -> None:
        from moto.iam.models import iam_backends

        form = parse_qs(body.decode())
        if form.get("Action") != ["AssumeRole"]:
            return
        arn = form.get("RoleArn", [""])[0]
        roles = iam_backends[self._account_id]["aws"].roles.values()
        if not any(role.arn == arn for role in roles):
            raise Refusal(
                "403 Forbidden",
                "AccessDenied",
                f"not authorized to perform: sts:AssumeRole on resource: {arn}",
            )

    def _refuse_other_region(self, path: str, region: str) -> None:
        from moto.s3.models import s3_backends

        bucket = s3_backends[self._account_id]["aws"].buckets.get(path.split("/")[1])
        if bucket is not None and bucket.region_name != region:
            text = f"the region '{region}' is wrong; expecting '{bucket.region_name}'"
            raise Refusal(
                "400 Bad Request",
                "AuthorizationHeaderMalformed",
                f"The authorization header is malformed; {text}",
                bucket.region_name,
            )


def _signed_by(environ: Environ) -> tuple[str, str, str]:
    """Access key id, region and service of the signature."""
    # /moto-api can switch authentication off and delete everything.
    if environ["PATH_INFO"].startswith("/moto-api"):
        raise Refusal("404 Not Found", "NoSuchBucket", "The specified bucket does not exist")
    found = _CREDENTIAL.match(environ.get("HTTP_AUTHORIZATION", ""))
    if found is None:
        # Anonymous on AWS; presigned URLs and signature version 2 are not carried out here.
        raise Refusal("403 Forbidden", "AccessDenied", "only requests with an AWS4 Authorization header are served")
    return found[1], found[2], found[3]


def _body(environ: Environ) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _refuse_altered_body(environ: Environ, body: bytes) -> None:
    """moto checks the signature, which covers the hash that the client claims, but not the body."""
    claimed = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    if re.fullmatch("[0-9a-f]{64}", claimed) and hashlib.sha256(body).hexdigest() != claimed:
        raise Refusal(
            "400 Bad Request",
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    digests = {
        "HTTP_CONTENT_MD5": hashlib.md5(body, usedforsecurity=False).digest(),
        "HTTP_X_AMZ_CHECKSUM_CRC32": zlib.crc32(body).to_bytes(4, "big"),
    }
    for header, digest in digests.items():
        if header in environ and environ[header] != base64.b64encode(digest).decode():
            text = "The digest you specified did not match what we received."
            raise Refusal("400 Bad Request", "BadDigest", text)


def _call_text(environ: Environ, service: str, key: str, body: bytes) -> str:
    """For a fault's pattern: 's3 PUT /bucket/key?query by AKIA...', 'sts AssumeRole by ASIA...'."""
    if service in ("sts", "iam"):
        return f"{service} {parse_qs(body.decode()).get('Action', [''])[0]} by {key}"
    query = unquote(environ.get("QUERY_STRING", ""))
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    return f"{service} {environ['REQUEST_METHOD']} {path}{'?' if query else ''}{query} by {key}"


def _fail(fault: Fault, application: Application, environ: Environ) -> NoReturn:
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


def _answer(refusal: Refusal, service: str, start_response: StartResponse) -> Iterable[bytes]:
    code, text = escape(refusal.code), escape(refusal.text)
    error = f"<Code>{code}</Code><Message>{text}</Message>"
    headers = [("Content-Type", "application/xml")]
    if refusal.region is not None:
        error += f"<Region>{refusal.region}</Region>"
        headers.append(("x-amz-bucket-region", refusal.region))
    if service == "s3":
        page = f'<?xml version="1.0" encoding="UTF-8"?><Error>{error}<RequestId>0</RequestId></Error>'
    else:
        error = f"<Error><Type>Sender</Type>{error}</Error>"
        page = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
    body = page.encode()
    start_response(refusal.status, [*headers, ("Content-Length", str(len(body)))])
    return [body]
