"""Requests that AWS would not carry out and moto would: the checks that need no account, and the answer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.sax.saxutils import escape

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Refusal(Exception):
    """The answer to a request that AWS would not carry out."""

    def __init__(self, status: str, code: str, text: str, region: str | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.region = status, code, text, region


# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html (time stamp requirement)
MAX_AGE = timedelta(minutes=15)


def refuse_old_signature(environ: Environ, service: str, now: datetime) -> None:
    """A request is signed with a time that is at most 15 minutes away from the server's; moto looks at no clock."""
    try:
        signed = datetime.strptime(environ.get("HTTP_X_AMZ_DATE", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refusal("403 Forbidden", "AccessDenied", "a signed request has a valid x-amz-date") from None
    if abs(now - signed) <= MAX_AGE:
        return
    if service == "s3":
        text = "The difference between the request time and the current time is too large."
        raise Refusal("403 Forbidden", "RequestTimeTooSkewed", text)
    raise Refusal("403 Forbidden", "SignatureDoesNotMatch", f"Signature expired: {signed:%Y%m%dT%H%M%SZ}")


def not_supported(text: str) -> Refusal:
    return Refusal("501 Not Implemented", "NotImplemented", f"the stand-in does not support {text}")


def refuse_bucket_policy(environ: Environ) -> None:
    if environ["REQUEST_METHOD"] == "PUT" and environ.get("QUERY_STRING", "").startswith(("policy", "acl")):
        raise not_supported("policies and ACLs of buckets and objects: moto would keep and ignore them")


def refuse_altered_body(environ: Environ, body: bytes) -> None:
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


JSON_SERVICES = ("secretsmanager",)


def answer(refusal: Refusal, service: str, start_response: StartResponse) -> Iterable[bytes]:
    """The refusal as XML, in the shape of S3 or of the other services, or as JSON."""
    if service in JSON_SERVICES:
        data = json.dumps({"__type": refusal.code, "message": refusal.text}).encode()
        kind = ("Content-Type", "application/x-amz-json-1.1")
        start_response(refusal.status, [kind, ("Content-Length", str(len(data)))])
        return [data]
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
