"""What stands before moto: refusals that AWS makes and moto does not, and the faults on demand.

Order of a request: its own refusals (no signature, a moto control path, an expired or inactive key, an old
signature, a body that is not what was signed, a KMS key that may not be used, a role that does not exist), a fault
that is due before the call, moto with our reading of policies, a fault that is due after it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs

from local_warehouse.faults import S3_ACTIONS, FaultError, Faults
from local_warehouse.s3 import call_faults, deletes, encryption, policies, refusals, secret
from local_warehouse.s3.objects import SOURCE_HEADER
from local_warehouse.s3.refusals import Application, Environ, Refusal, StartResponse

# AWS4-HMAC-SHA256 Credential=AKIA.../20200101/us-east-1/s3/aws4_request, SignedHeaders=..., Signature=...
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request")


SOURCE_VARIABLE = "HTTP_" + SOURCE_HEADER.upper().replace("-", "_")


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
            refusals.refuse_old_signature(environ, service, datetime.now(timezone.utc))
            body = _body(environ)
            self._begin(environ, service, key, body)
            if service == "s3":
                self._refuse_other_region(environ["PATH_INFO"], region)
                refusals.refuse_altered_body(environ, body)
                refusals.refuse_bucket_policy(environ)
                if self.s3 is self._application:
                    encryption.refuse_without_key(environ, key, self._account_id, region)
                    deletes.decide(environ, body, key, self._account_id)
            if service == "secretsmanager":
                secret.decide(environ, body, key, self._account_id, region)
            if service == "kms":
                encryption.refuse_key_policy(environ, body)
            if service == "sts":
                self._refuse_unknown_role(body)
            application = self.s3 if service == "s3" else self._application
            call = call_faults.call_text(environ, service, key, body)
            self.faults.trip(call)
            fault = self.faults.due(call)
            if fault is None:
                return application(environ, start_response)
            call_faults.fail(fault, application, environ)
        except Refusal as refusal:
            return refusals.answer(refusal, service, start_response)

    def _begin(self, environ: Environ, service: str, key: str, body: bytes) -> None:
        """Tell the policies what the request says of itself."""
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        context = {"aws:securetransport": "false", "aws:sourceip": environ.get("REMOTE_ADDR", "")}
        if service == "s3":
            context |= {f"s3:{name}": query[name][0] for name in ("prefix", "delimiter", "max-keys") if name in query}
        source = ""
        if service == "sts":
            form = parse_qs(body.decode())
            names = {"ExternalId": "sts:externalid", "RoleSessionName": "sts:rolesessionname"}
            context |= {names[name]: form[name][0] for name in names if name in form}
            # The warehouses have one identity here; Redshift's requests come from a service, on behalf of an account.
            if self._is_service(key):
                source = environ.get(SOURCE_VARIABLE, "")
            if source:
                context["aws:sourceaccount"] = self._account_id
        policies.begin(context, source)

    def _is_service(self, key: str) -> bool:
        from moto.iam.models import iam_backends

        known = iam_backends[self._account_id]["aws"].access_keys.get(key)
        return known is not None and known.user_name == "service"

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

    def signer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Admin command: {"do": "signer", "access_key_id", "session_token"}: whose key it is, or why it is refused.

        So another server of the set can check signatures and, by `may`, what the identity's policies allow.
        """
        from moto.iam.models import iam_backends

        key, token = request["access_key_id"], request.get("session_token")
        try:
            self._refuse_dead_key(key, "iam")
        except Refusal as refusal:
            return {"refused": [refusal.code, refusal.text]}
        for session in self._sessions():
            if session.access_key_id == key and session.session_token == token:
                return {"secret_access_key": session.secret_access_key, "arn": session.arn}
        known = iam_backends[self._account_id]["aws"].access_keys.get(key)
        if known is None or token is not None:
            return {"refused": ["InvalidClientTokenId", "The security token included in the request is invalid."]}
        return {
            "secret_access_key": known.secret_access_key,
            "arn": f"arn:aws:iam::{self._account_id}:user/{known.user_name}",
        }

    def may(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Admin command: {"do": "may", "access_key_id", "session_token", "action", "resource"}: None, or why not."""
        policies.begin({})
        return {
            "refused": policies.may(
                self._account_id,
                request["access_key_id"],
                request.get("session_token"),
                [request["action"]],
                request["resource"],
            )
        }

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
        action = form.get("Action", [""])[0]
        if action == "GetCallerIdentity":
            return
        # moto's other actions hand out keys that no service accepts, and it forgets a session policy.
        if action != "AssumeRole" or any(name.startswith("Policy") for name in form):
            raise refusals.not_supported(
                f"sts {action} (of STS it has AssumeRole without a session policy, and GetCallerIdentity)"
            )
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
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
        body: bytes = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
