"""Workloads: a token of an OIDC provider, a token of AWS, or a request to AWS that the workload has signed.

https://docs.snowflake.com/en/user-guide/workload-identity-federation

What AWS itself would answer cannot be had here: a signature is verified by keys that were planted, with the secret that
AWS has. The form of the request is held to what the connectors send.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from local_warehouse.snowflake.identity.clock import Clock
from local_warehouse.snowflake.identity.jwt import TokenError, load_key, parts, verified

AUDIENCE = "snowflakecomputing.com"
QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
# STS takes a signed request for so long: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
SIGNED_SECONDS = 900
_HOST = re.compile(r"sts\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/ ]+)/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)/sts/aws4_request, "
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")


@dataclass(frozen=True)
class Identity:
    """WORKLOAD_IDENTITY of a user: TYPE, and ARN, or ISSUER and SUBJECT with OIDC_AUDIENCE_LIST."""

    kind: str
    arn: str = ""
    issuer: str = ""
    subject: str = ""
    audiences: tuple[str, ...] = (AUDIENCE,)


@dataclass(frozen=True)
class AwsKey:
    """A key of AWS, with the session token of a temporary one, and whose it is."""

    secret: str
    arn: str
    session_token: str | None = None


@dataclass
class Workloads:
    """Who vouches: keys of OIDC providers by issuer (a real account reads them at the issuer), keys of AWS by id."""

    clock: Clock
    issuers: dict[str, list[Any]] = field(default_factory=dict)
    aws_keys: dict[str, AwsKey] = field(default_factory=dict)

    def proves(self, provider: str, token: str, identity: Identity) -> bool:
        """Whether a token proves this identity; TokenError if it is none, or has ended."""
        if provider != identity.kind:
            return False
        if provider == "OIDC":
            return self._is_subject(token, identity, identity.issuer, identity.subject, identity.audiences)
        if token.startswith("eyJ") and token.count(".") == 2:
            # A token of AWS has the ARN as its subject; each account has an issuer of its own.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
            _, claims, _, _ = parts(token)
            return self._is_subject(token, identity, str(claims.get("iss")), identity.arn, (AUDIENCE,))
        return self._caller(token) == identity.arn

    def _is_subject(
        self, token: str, identity: Identity, issuer: str, subject: str, audiences: tuple[str, ...]
    ) -> bool:
        is_of_aws = ".tokens.sts.global.api.aws" in issuer
        if (identity.kind == "AWS") is not is_of_aws:
            return False
        claims = verified(token, self.issuers.get(issuer, ()), issuer, audiences, self.clock.now())
        return bool(claims.get("sub") == subject)

    def _caller(self, token: str) -> str:
        """The ARN that AWS would answer to a signed request."""
        try:
            request = json.loads(base64.b64decode(token, validate=True))
            url, headers = urlsplit(request["url"]), {str(k).lower(): str(v) for k, v in request["headers"].items()}
            method = request["method"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TokenError("no request") from None
        host = _HOST.fullmatch(url.netloc)
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if (
            {*request} != {"url", "method", "headers"}
            or (method, url.scheme, url.path, url.query, url.fragment) != ("POST", "https", "/", QUERY, "")
            or host is None
            or found is None
            or found["region"] != host[1]
            or headers.get("host") != url.netloc
            or headers.get("x-snowflake-audience") != AUDIENCE
        ):
            raise TokenError("not the request of a workload")
        return self._owner(found, headers)

    def _owner(self, found: re.Match[str], headers: Mapping[str, str]) -> str:
        key = self.aws_keys.get(found["key"])
        names = found["names"].split(";")
        wanted = {"host", "x-amz-date", "x-snowflake-audience"}
        if key is None or key.session_token != headers.get("x-amz-security-token"):
            raise TokenError("key")
        if not wanted | ({"x-amz-security-token"} if key.session_token else set()) <= {*names} or names != sorted(
            names
        ):
            raise TokenError("signed headers")
        _demand_time(headers.get("x-amz-date", ""), found["day"])
        if not hmac.compare_digest(_signature(key.secret, found, headers), found["signature"]):
            raise TokenError("signature")
        assumed = _ASSUMED.fullmatch(key.arn)
        return f"arn:{assumed[1]}:iam::{assumed[2]}:role/{assumed[3]}" if assumed else key.arn


def _demand_time(text: str, day: str) -> None:
    try:
        signed = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise TokenError("time") from None
    if not text.startswith(day) or abs(time.time() - signed) > SIGNED_SECONDS:
        raise TokenError("time")


def _signature(secret: str, found: re.Match[str], headers: Mapping[str, str]) -> str:
    """The signature that AWS computes (Signature Version 4, of a request without a body)."""
    names = found["names"].split(";")
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names)
    empty = hashlib.sha256(b"").hexdigest()
    canonical = f"POST\n/\n{QUERY}\n{lines}\n{found['names']}\n{empty}"
    scope = f"{found['day']}/{found['region']}/sts/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def read_identity(raw: dict[str, Any] | None) -> Identity | None:
    """WORKLOAD_IDENTITY of a user in a settings line."""
    if raw is None:
        return None
    more = {"audiences": tuple(raw["audiences"])} if raw.get("audiences") else {}
    return Identity(raw["type"], raw.get("arn", ""), raw.get("issuer", ""), raw.get("subject", ""), **more)


def read_workloads(settings: dict[str, Any], clock: Clock) -> Workloads:
    """Issuers and keys of a settings line."""
    issuers = {name: [load_key(text) for text in keys] for name, keys in (settings.get("oidc_issuers") or {}).items()}
    keys = {name: AwsKey(**one) for name, one in (settings.get("aws_keys") or {}).items()}
    return Workloads(clock, issuers, keys)
