"""What both servers have: the secrets, and who may sign in."""

from __future__ import annotations

import base64
import json
from typing import Any


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


ROOT = "root-of-the-test"
SECRET = "hunter2/of the vault"
CONTENT = {
    "secret/prod/redshift": {"username": "loader", "password": SECRET, "port": 5439},
    "secret/with space": {"password": SECRET},
    "kv1/bucket": {"access_key": "AKID", "secret_key": SECRET},
}
FORBIDDEN = "forbidden"  # below secret/
GONE = "gone"
# Seconds of a token that is signed in, and of a lease.
TOKEN_SECONDS, LEASE = 1200, 3600
ROLE = ("role-of-the-loader", "secret-id-of-the-loader")
SERVICE_ACCOUNT = {"namespace": "etl", "serviceaccount": {"name": "loader", "uid": "1"}}
KUBERNETES_TOKEN = ".".join(
    (
        _part({"alg": "RS256", "kid": "k"}),
        _part(
            {
                "sub": "system:serviceaccount:etl:loader",
                "kubernetes.io": SERVICE_ACCOUNT,
                "iat": 1_700_000_000,
                "nbf": 1_700_000_000,
                "exp": 4_000_000_000,
            }
        ),
        base64.urlsafe_b64encode(b"a signature that the API server checks").decode().rstrip("="),
    )
)
