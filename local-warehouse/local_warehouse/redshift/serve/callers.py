"""Who asks? The signature of a request, and what the caller's policies allow; the stand-in of IAM knows both.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local_warehouse import faults

SERVICES = ("redshift", "redshift-serverless")
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?SignedHeaders=([^,]+), ?"
    r"Signature=([0-9a-f]{64})"
)


class Refused(Exception):
    """An answer of status 400 with an error code of AWS."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Iam(Protocol):
    """What is known of access keys; `ask` answers {"do": "signer"} and {"do": "may"} as the gate of S3 does."""

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a request."""


@dataclass(frozen=True)
class GateOfS3:
    """IAM in the process of S3, by its admin socket."""

    socket: Path

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return faults.send(self.socket, request)


@dataclass(frozen=True)
class Caller:
    """Who signed a request."""

    iam: Iam
    arn: str
    access_key_id: str
    session_token: str | None

    @property
    def name(self) -> str:
        """The database user of the identity: IAM: and its user, or IAMR: and its role."""
        kind, name = self.arn.split(":", 5)[5].split("/")[:2]
        return f"{'IAMR' if kind == 'assumed-role' else 'IAM'}:{name}"

    def require(self, action: str, resource: str) -> None:
        """Raise Refused where no policy allows the action, in the words of AWS."""
        request = {"do": "may", "access_key_id": self.access_key_id, "session_token": self.session_token}
        refused = self.iam.ask({**request, "action": action, "resource": resource}).get("refused")
        if refused:
            raise Refused("AccessDenied", f"{refused} because no identity-based policy allows the {action} action")


def caller_of(iam: Iam, headers: Mapping[str, str], body: bytes, services: Sequence[str] = SERVICES) -> Caller:
    """Who signed this POST to the path / of a service; raises Refused for a key or a signature that is not right."""
    given = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed = _SIGNED.match(given.get("authorization", ""))
    if not signed or signed[4] not in services:
        raise Refused("MissingAuthenticationToken", f"the request is not signed for {' or '.join(services)}")
    key, day, region, service, names, signature = signed.groups()
    token = given.get("x-amz-security-token")
    found = iam.ask({"do": "signer", "access_key_id": key, "session_token": token})
    if "refused" in found:
        raise Refused(*found["refused"])
    lines = "".join(f"{name}:{given.get(name, '')}\n" for name in names.split(";"))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{given.get('x-amz-date', '')}\n{scope}\n{digest}"
    secret = f"AWS4{found['secret_access_key']}".encode()
    for part in (day, region, service, "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.new(secret, text.encode(), "sha256").hexdigest(), signature):
        raise Refused("SignatureDoesNotMatch", "The request signature we calculated does not match the signature given")
    return Caller(iam, found["arn"], key, token)
