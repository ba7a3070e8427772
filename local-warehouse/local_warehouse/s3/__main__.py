"""The AWS of the stand-ins: S3, STS, IAM and Secrets Manager by moto, with authentication and policies on.

`python -m local_warehouse.s3` reads one line of settings from stdin ({"dir", "port", "region",
"account_id", "s3", "admin_socket"}; port 0 is a free one; s3 is moto or rclone), makes the bucket and the
principals below, writes one line with all of them to stdout, and serves until stdin ends or SIGTERM comes.

What each principal may do is decided by moto from real policy documents; what moto lets pass
although AWS would not is refused before it, see `gate.py`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

from local_warehouse import child, faults
from local_warehouse.s3 import policies
from local_warehouse.s3.gate import Gate
from local_warehouse.s3.objects import SESSION_NAME
from local_warehouse.s3.rclone import Rclone

HOST = "127.0.0.1"
BUCKET = "local-stage"

_LIST = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
# HeadBucket needs s3:ListBucket on AWS; moto asks for an action of that name, which AWS does not know.
_LIST_IN_MOTO = [*_LIST, "s3:HeadBucket"]
_READ = ["s3:GetObject", "s3:GetObjectTagging"]
_WRITE = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:DeleteObject"]


def _bucket_policy(*actions: str) -> list[dict[str, Any]]:
    resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    return [{"Effect": "Allow", "Action": list(actions), "Resource": resources}]


def _may_assume(*role_arns: str) -> list[dict[str, Any]]:
    return [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": list(role_arns)}]


def _sign_in(account_id: str) -> list[dict[str, Any]]:
    """To sign in to the only cluster by IAM, as any user but one whose name begins with refused."""
    databases = [f"arn:aws:{service}:*:{account_id}:*" for service in ("redshift", "redshift-serverless")]
    calls = [
        "redshift:DescribeClusters",
        "redshift:GetClusterCredentials*",
        "redshift:CreateClusterUser",
        "redshift:JoinGroup",
        "redshift-serverless:Get*",
    ]
    refused = [
        f"arn:aws:redshift:*:{account_id}:dbuser:*/refused*",
        f"arn:aws:redshift:*:{account_id}:dbname:*/refused*",
    ]
    secrets = [f"arn:aws:secretsmanager:*:{account_id}:secret:loader-*"]
    return [
        {"Effect": "Allow", "Action": calls, "Resource": databases},
        {"Effect": "Deny", "Action": calls, "Resource": refused},
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": secrets},
    ]


def users_of(account_id: str) -> dict[str, list[dict[str, Any]]]:
    """User -> policy statements. `service` is the warehouses' own identity, `admin` the tests'."""
    return {
        "loader": [
            *_bucket_policy(*_LIST_IN_MOTO, *_READ, *_WRITE),
            *_may_assume(f"arn:aws:iam::{account_id}:role/loader-session"),
            *_sign_in(account_id),
        ],
        "service": _may_assume(f"arn:aws:iam::{account_id}:role/*"),
        "admin": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }


def roles_of(account_id: str) -> dict[str, tuple[list[str], list[dict[str, Any]]]]:
    """Role -> who may assume it, policy statements. `redshift-chained` is reached through `redshift-gate` alone."""

    def user(name: str) -> str:
        return f"arn:aws:iam::{account_id}:user/{name}"

    gate_session = f"arn:aws:sts::{account_id}:assumed-role/redshift-gate/{SESSION_NAME}"
    behind_gate = [f"arn:aws:iam::{account_id}:role/{name}" for name in ("redshift-copy", "redshift-chained")]
    return {
        "redshift-copy": ([user("service"), gate_session], _bucket_policy(*_LIST_IN_MOTO, *_READ)),
        "redshift-gate": ([user("service")], _may_assume(*behind_gate)),
        "redshift-chained": ([gate_session], _bucket_policy(*_LIST_IN_MOTO, *_READ)),
        "snowflake-stage": (
            [user("service")],
            _bucket_policy(*_LIST_IN_MOTO, *_READ, "s3:GetObjectVersion", "s3:DeleteObject", "s3:PutObject"),
        ),
        "no-access": ([user("service")], []),
        "loader-session": ([user("loader")], _bucket_policy(*_LIST_IN_MOTO, *_READ, *_WRITE)),
    }


def _policy(statements: list[dict[str, Any]], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**s, **more} for s in statements]})


def _populate(endpoint_url: str, region: str, account_id: str) -> dict[str, Any]:
    """Make the bucket and the principals, while authentication is still off; return what they are."""
    import boto3

    anyone = {"aws_access_key_id": "anyone", "aws_secret_access_key": "anyone"}
    session = boto3.session.Session(**anyone, region_name=region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    session.client("s3", endpoint_url=endpoint_url).create_bucket(Bucket=BUCKET, **where)
    iam = session.client("iam", endpoint_url=endpoint_url)
    keys = {}
    for user, statements in users_of(account_id).items():
        iam.create_user(UserName=user)
        iam.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=_policy(statements))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        keys[user] = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
    roles = {}
    for role, (principals, statements) in roles_of(account_id).items():
        trust = _policy([{"Effect": "Allow", "Action": "sts:AssumeRole"}], Principal={"AWS": principals})
        roles[role] = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=role, PolicyName="rights", PolicyDocument=_policy(statements))
    return {"bucket": BUCKET, "keys": keys, "roles": roles}


def _server(port: int, gate: Gate) -> BaseWSGIServer:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            # No query: it may hold a signature.
            path = self.path.partition("?")[0]
            print(self.command, path, getattr(code, "value", code), file=sys.stderr)  # noqa: T201

        def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
            self.close_connection = True  # else the handler waits for the next request on it

    return make_server(HOST, port, gate, threaded=True, request_handler=Handler)


def _serve(settings: Mapping[str, Any]) -> None:
    from moto import settings as moto_settings
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    policies.install()
    gate = Gate(DomainDispatcherApplication(create_backend_app), settings["account_id"])
    server = _server(settings["port"], gate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    facts: dict[str, Any] = {
        "host": HOST,
        "port": server.server_port,
        "endpoint_url": f"http://{HOST}:{server.server_port}",
        "s3": settings["s3"],
        "region": settings["region"],
        "account_id": settings["account_id"],
    }
    facts |= _populate(facts["endpoint_url"], settings["region"], settings["account_id"])
    with ExitStack() as at_end:
        if settings["s3"] == "rclone":
            gate.s3 = rclone = Rclone(Path(settings["dir"]), facts["bucket"], facts["keys"])
            at_end.callback(rclone.stop)
        moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        gate.closed = True
        commands: dict[str, faults.Command] = {"expire": gate.expire, "signer": gate.signer, "may": gate.may}
        at_end.callback(faults.serve(settings["admin_socket"], gate.faults, commands))
        child.ready(**facts)
        child.wait_for_end()


def main() -> None:
    # Nothing of the user's AWS configuration reaches the servers; proxies do not apply on loopback.
    os.environ["NO_PROXY"] = "*"
    _serve(child.settings())
    # Connections that hang by order of a fault are held by daemon threads: leave without waiting.
    os._exit(0)


if __name__ == "__main__":
    main()
