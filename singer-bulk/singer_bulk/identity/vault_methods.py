"""Ways to sign in to Vault: by a token, AppRole, the service account of a pod, or the identity that AWS knows.

https://developer.hashicorp.com/vault/api-docs/auth/approle
https://developer.hashicorp.com/vault/api-docs/auth/kubernetes
https://developer.hashicorp.com/vault/api-docs/auth/aws

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from singer_bulk.identity.held import NotResolved

# Where Kubernetes mounts the token of a pod's service account.
# https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
# Where `vault login` leaves a token: https://developer.hashicorp.com/vault/docs/commands/token-helper
TOKEN_FILE = "~/.vault-token"  # noqa: S105
_HOW = "VAULT_TOKEN, VAULT_ROLE_ID and VAULT_SECRET_ID, or VAULT_AUTH_METHOD (kubernetes, aws) and VAULT_ROLE"


def chosen(environment: Mapping[str, str]) -> str:
    """Return the way to sign in: the one that is named, else the one whose variables are there."""
    get = environment.get
    method = get("VAULT_AUTH_METHOD", "").lower()
    if method and method not in METHODS:
        raise NotResolved("and VAULT_AUTH_METHOD names no way to sign in", f"take one of {', '.join(METHODS)}")
    if method:
        return method
    if get("VAULT_TOKEN"):
        return "token"
    if get("VAULT_ROLE_ID"):
        return "approle"
    if get("VAULT_ROLE") and os.path.exists(get("VAULT_K8S_TOKEN_PATH", SERVICE_ACCOUNT)):
        return "kubernetes"
    return "token"


def _by_token(client: Any, environment: Mapping[str, str]) -> None:
    token = environment.get("VAULT_TOKEN")
    if not token:
        token = _read(TOKEN_FILE, f"and nothing says who asks Vault ({_HOW})", "set one of them, or run vault login")
    client.token = token


def _by_approle(client: Any, environment: Mapping[str, str]) -> Any:
    role, secret = _needed(environment, "VAULT_ROLE_ID"), environment.get("VAULT_SECRET_ID")
    return client.auth.approle.login(role, secret, mount_point=environment.get("VAULT_AUTH_MOUNT", "approle"))["auth"]


def _by_kubernetes(client: Any, environment: Mapping[str, str]) -> Any:
    path = environment.get("VAULT_K8S_TOKEN_PATH", SERVICE_ACCOUNT)
    token = _read(path, "and the token of the service account cannot be read", "set VAULT_K8S_TOKEN_PATH")
    mount = environment.get("VAULT_AUTH_MOUNT", "kubernetes")
    return client.auth.kubernetes.login(_needed(environment, "VAULT_ROLE"), token, mount_point=mount)["auth"]


def _by_aws(client: Any, environment: Mapping[str, str]) -> Any:
    import boto3

    found = boto3.Session().get_credentials()
    if found is None:
        remedy = "let the environment give them (AWS_PROFILE, keys, a role)"
        raise NotResolved("and there are no AWS credentials to sign in to Vault with", remedy)
    keys = found.get_frozen_credentials()
    return client.auth.aws.iam_login(
        keys.access_key,
        keys.secret_key,
        keys.token,
        header_value=environment.get("VAULT_AWS_IAM_SERVER_ID"),
        role=environment.get("VAULT_ROLE"),
        mount_point=environment.get("VAULT_AUTH_MOUNT", "aws"),
    )["auth"]


# VAULT_AUTH_METHOD -> signs the client in and returns what Vault says of the token, None where it says nothing.
# VAULT_AUTH_MOUNT: where the method is, if not at its own name.
METHODS: Mapping[str, Callable[[Any, Mapping[str, str]], Any]] = {
    "token": _by_token,
    "approle": _by_approle,
    "kubernetes": _by_kubernetes,
    "aws": _by_aws,
}


def _needed(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise NotResolved("and Vault cannot be signed in to", f"set {name}")
    return environment[name]


def _read(path: str, problem: str, remedy: str) -> str:
    try:
        with open(os.path.expanduser(path), encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        raise NotResolved(problem, remedy) from None
