"""Who gets a password that expires, and where is the cluster?  The calls of AWS for it, on a small HTTP server.

GetClusterCredentials, GetClusterCredentialsWithIAM and DescribeClusters (query protocol); of Redshift Serverless
GetCredentials, GetWorkgroup and GetNamespace (JSON protocol). Who asks is known by the signature, and may ask for what
its policies in the stand-in of IAM allow (callers.py). A password opens its account until it expires; a session that is
open outlives it. The only cluster and the only workgroup are called local.

Sources: API reference of the calls; generating-iam-credentials-cli-api, generating-iam-credentials-role-permissions
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from local_warehouse.redshift.serve.callers import Caller, Iam, Refused, caller_of

NAME = "local"
SHORTEST_SECONDS, LONGEST_SECONDS = 900, 3600
QUERY_NAMESPACE = "http://redshift.amazonaws.com/doc/2012-12-01/"
Given = Mapping[str, Any]


@dataclass(frozen=True)
class Issued:
    """A password of one login name, kept as md5(password + name), and the account that it opens."""

    digest: bytes
    account: str
    expires: float


class TemporaryPasswords:
    """The passwords issued so far; `create_user` is called for an account that is made with its password."""

    def __init__(self, create_user: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self._create_user = create_user
        self._clock = clock
        self._ahead = 0.0
        self._issued: dict[str, list[Issued]] = {}
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time by which passwords end."""
        return self._clock() + self._ahead

    def move(self, seconds: float) -> None:
        """Let the clock run ahead, from now on."""
        self._ahead += seconds

    def issue(self, user: str, account: str, seconds: int, create: bool) -> tuple[str, float]:
        """A new password for the login name `user` and when it ends (seconds since 1970)."""
        if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            raise Refused("InvalidParameterValue", f"duration must be between {SHORTEST_SECONDS} and {LONGEST_SECONDS}")
        if create:
            self._create_user(account)
        password = secrets.token_urlsafe(48)
        expires = self.now() + seconds
        digest = hashlib.md5((password + user).encode()).hexdigest().encode()  # noqa: S324
        with self._lock:
            self._issued.setdefault(user, []).append(Issued(digest, account, expires))
        return password, expires

    def opening(self, user: str) -> list[tuple[bytes, str]]:
        """The digests that open something for the login name now, each with the account."""
        now = self.now()
        with self._lock:
            return [(issued.digest, issued.account) for issued in self._issued.get(user, []) if issued.expires > now]

    def expire(self) -> None:
        """Let every password issued so far expire."""
        with self._lock:
            self._issued.clear()


@dataclass(frozen=True)
class Cluster:
    """What the calls say of the server, whichever of the two it stands in for."""

    passwords: TemporaryPasswords
    iam: Iam
    host: str
    port: int
    database: str
    region: str
    account_id: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


def describe_clusters(cluster: Cluster, given: Given, caller: Caller) -> str:
    """DescribeClusters of one cluster: endpoint, first database."""
    name = given.get("ClusterIdentifier", "*")
    caller.require("redshift:DescribeClusters", cluster.arn("redshift", f"cluster:{name}"))
    _only(name, "ClusterNotFound", "Cluster")
    return (
        f"<Clusters><Cluster><ClusterIdentifier>{NAME}</ClusterIdentifier><ClusterStatus>available</ClusterStatus>"
        f"<DBName>{escape(cluster.database)}</DBName><Endpoint><Address>{cluster.host}</Address>"
        f"<Port>{cluster.port}</Port></Endpoint></Cluster></Clusters>"
    )


def cluster_credentials(cluster: Cluster, given: Given, caller: Caller) -> str:
    """GetClusterCredentials: the user is named, and made at once with AutoCreate."""
    for name in ("DbUser", "ClusterIdentifier"):
        if name not in given:
            raise Refused("MissingParameter", f"{name} is required")
    cluster_name, user = given["ClusterIdentifier"], given["DbUser"]
    create = given.get("AutoCreate", "false").lower() == "true"
    groups = [value for name, value in sorted(given.items()) if name.startswith("DbGroups.")]
    of_user = cluster.arn("redshift", f"dbuser:{cluster_name}/{user}")
    caller.require("redshift:GetClusterCredentials", of_user)
    if "DbName" in given:
        database = cluster.arn("redshift", f"dbname:{cluster_name}/{given['DbName']}")
        caller.require("redshift:GetClusterCredentials", database)
    if create:
        caller.require("redshift:CreateClusterUser", of_user)
    for group in groups:
        caller.require("redshift:JoinGroup", cluster.arn("redshift", f"dbgroup:{cluster_name}/{group}"))
    _only(cluster_name, "ClusterNotFound", "Cluster")
    account = user.lower()
    login = f"{'IAMA' if create else 'IAM'}:{account}" + "".join(f":{group}" for group in groups[:1])
    return _as_xml(_issued(cluster, login, account, given.get("DurationSeconds"), create))


def cluster_credentials_with_iam(cluster: Cluster, given: Given, caller: Caller) -> str:
    """GetClusterCredentialsWithIAM: the user is the caller, made at its first call."""
    name = given.get("ClusterIdentifier", "")
    database = cluster.arn("redshift", f"dbname:{name}/{given.get('DbName', '*')}")
    caller.require("redshift:GetClusterCredentialsWithIAM", database)
    _only(name, "ClusterNotFound", "Cluster")
    return _as_xml(_issued(cluster, caller.name, caller.name, given.get("DurationSeconds"), True))


def serverless_credentials(cluster: Cluster, given: Given, caller: Caller) -> Mapping[str, Any]:
    """GetCredentials: the same of a workgroup."""
    _may_in_workgroup(cluster, "GetCredentials", given.get("workgroupName"), caller)
    issued = _issued(cluster, caller.name, caller.name, given.get("durationSeconds"), True)
    return {"dbUser": issued[0], "dbPassword": issued[1], "expiration": issued[2]}


def workgroup(cluster: Cluster, given: Given, caller: Caller) -> Mapping[str, Any]:
    """GetWorkgroup: endpoint and namespace."""
    _may_in_workgroup(cluster, "GetWorkgroup", given.get("workgroupName"), caller)
    endpoint = {"address": cluster.host, "port": cluster.port}
    found = {"workgroupName": NAME, "namespaceName": NAME, "status": "AVAILABLE", "endpoint": endpoint}
    return {"workgroup": found}


def namespace(cluster: Cluster, given: Given, caller: Caller) -> Mapping[str, Any]:
    """GetNamespace: the first database."""
    caller.require("redshift-serverless:GetNamespace", cluster.arn("redshift-serverless", "namespace/0"))
    _only(given.get("namespaceName"), "ResourceNotFoundException", "Namespace")
    return {"namespace": {"namespaceName": NAME, "dbName": cluster.database}}


QUERY_ACTIONS: Mapping[str, Callable[[Cluster, Given, Caller], str]] = {
    "DescribeClusters": describe_clusters,
    "GetClusterCredentials": cluster_credentials,
    "GetClusterCredentialsWithIAM": cluster_credentials_with_iam,
}
JSON_ACTIONS: Mapping[str, Callable[[Cluster, Given, Caller], Mapping[str, Any]]] = {
    "RedshiftServerless.GetCredentials": serverless_credentials,
    "RedshiftServerless.GetWorkgroup": workgroup,
    "RedshiftServerless.GetNamespace": namespace,
}


def _may_in_workgroup(cluster: Cluster, call: str, name: Any, caller: Caller) -> None:
    # The resource has the workgroup's id, which nobody but AWS chooses.
    caller.require(f"redshift-serverless:{call}", cluster.arn("redshift-serverless", "workgroup/0"))
    _only(name, "ResourceNotFoundException", "Workgroup")


def _only(name: Any, code: str, kind: str) -> None:
    if name != NAME:
        raise Refused(code, f"{kind} {name} not found.")


def _issued(cluster: Cluster, login: str, account: str, seconds: Any, create: bool) -> tuple[str, str, float]:
    try:
        duration = int(SHORTEST_SECONDS if seconds is None else seconds)
    except ValueError:
        raise Refused("InvalidParameterValue", "DurationSeconds is a number") from None
    return login, *cluster.passwords.issue(login, account, duration, create)


def _as_xml(issued: tuple[str, str, float]) -> str:
    user, password, expires = issued
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
    found = {"DbUser": user, "DbPassword": password, "Expiration": stamp}
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in found.items())


def serve(cluster: Cluster, host: str) -> ThreadingHTTPServer:
    """Start the HTTP server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = dict(self.headers.items())
            try:
                status, kind, text = 200, *answer(cluster, headers, body)
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


def answer(cluster: Cluster, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """Content type and text of the answer; raises Refused."""
    caller = caller_of(cluster.iam, headers, body)
    if target := headers.get("X-Amz-Target"):
        if target not in JSON_ACTIONS:
            raise Refused("UnknownOperationException", target)
        return "application/x-amz-json-1.1", json.dumps(
            JSON_ACTIONS[target](cluster, json.loads(body or b"{}"), caller)
        )
    given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    action = given.get("Action", "")
    if action not in QUERY_ACTIONS:
        raise Refused("InvalidAction", f"{action} is not supported by the local stand-in")
    inside = QUERY_ACTIONS[action](cluster, given, caller)
    result = (
        f"<{action}Result>{inside}</{action}Result><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>"
    )
    return "text/xml", f'<{action}Response xmlns="{QUERY_NAMESPACE}">{result}</{action}Response>'


def refusal(refused: Refused, headers: Mapping[str, str]) -> tuple[int, str, str]:
    if headers.get("X-Amz-Target"):
        # JSON services call the same errors otherwise.
        code = {"AccessDenied": "AccessDeniedException"}.get(refused.code, refused.code)
        return 400, "application/x-amz-json-1.1", json.dumps({"__type": code, "message": str(refused)})
    error = f"<Error><Type>Sender</Type><Code>{refused.code}</Code><Message>{escape(str(refused))}</Message></Error>"
    return 400, "text/xml", f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
