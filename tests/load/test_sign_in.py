"""Signing in to Redshift by what AWS gives, against a server whose passwords end and an IAM that checks who asks."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Any

import psycopg2
import pytest
from local_warehouse import faults
from local_warehouse.directory import admin_socket
from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import read
from target_redshift_copy.config import RedshiftSettings
from target_redshift_copy.remedies import Remedies
from target_redshift_copy.session import RedshiftSession
from target_redshift_copy.sign_in import SignIn

from tests.aws_endpoint import MovedClock
from tests.conftest import S3, Warehouses
from tests.load.loaders import Loader

WITHOUT = ("host", "port", "user", "password", "database", "iam_role", "aws_access_key_id", "aws_secret_access_key")
SCHEMA = {
    "type": "SCHEMA", "stream": "orders", "key_properties": ["id"],
    "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
}  # fmt: skip
STATE = {"type": "STATE", "value": {"orders": 2}}


@pytest.fixture
def variables(warehouses: Warehouses, s3: S3, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What leads boto3 to the stand-ins, as the user loader; it is in the environment of this process, too."""
    issuer = (warehouses.start("redshift").path / "redshift" / "credentials.url").read_text()
    keys = s3.facts["keys"]["loader"]
    found = {
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_DEFAULT_REGION": s3.facts["region"],
        "AWS_ENDPOINT_URL_REDSHIFT": issuer,
        "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": issuer,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": s3.facts["endpoint_url"],
        "AWS_ENDPOINT_URL_STS": s3.facts["endpoint_url"],
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return found


def way(clock: MovedClock | None = None, **config: Any) -> SignIn:
    """Return what these settings sign in with."""
    settings = read(RedshiftSettings, {"sslmode": "require", **config})
    return SignIn(settings, runtime=clock) if clock else SignIn(settings)


def user(sign_in: SignIn) -> str:
    """Return who the server says that a new session is."""
    session = RedshiftSession(sign_in.settings, sign_in, Remedies("", ""))
    try:
        return str(session.execute("SELECT current_user")[0][0])
    finally:
        session.close()


@pytest.mark.parametrize("loader", ["redshift"], indirect=True)
def test_a_run_without_a_secret_in_its_settings(loader: Loader, variables: dict[str, str]) -> None:
    """IAM lets the run in, a role writes the files, and COPY has the role's keys: three things that end."""
    assert user(way(cluster_identifier="local")) == "IAM:loader"
    loader.rows('GRANT CREATE ON DATABASE dev TO "IAM:loader"')
    role = loader.s3.facts["roles"]["loader-session"]
    records = [{"type": "RECORD", "stream": "orders", "record": {"id": number}} for number in (1, 2)]
    run = loader.load(
        SCHEMA,
        *records,
        STATE,
        variables=variables,
        **dict.fromkeys(WITHOUT),
        cluster_identifier="local",
        s3_role_arn=role,
        s3_role_session_name="nightly",
        load_method="upsert",
    )
    assert run.status == 0, run.stderr
    assert run.states == [STATE["value"]]
    assert "signing in as IAM:loader, by GetClusterCredentialsWithIAM, until " in run.stderr
    assert f"assumed role {role} until " in run.stderr
    assert run.stderr.count("a role is better, set iam_role") == 1
    owner = "SELECT tableowner FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 'orders'"
    assert loader.rows(owner) == [("IAM:loader",)]


@pytest.mark.usefixtures("variables")
def test_ways_to_sign_in(redshift_config: dict[str, Any], s3: S3, schema_name: str) -> None:
    """A database user, one that is made, the identity itself, and what a secret names, each known by the server."""
    own, place = redshift_config["user"], {name: redshift_config[name] for name in ("host", "port")}
    secret = {"username": own, "password": redshift_config["password"], "dbname": "dev", "engine": "redshift", **place}
    s3.client("admin", "secretsmanager").create_secret(Name=f"loader-{schema_name}", SecretString=json.dumps(secret))
    assert user(way(cluster_identifier="local", user=own)) == own
    assert (
        user(way(cluster_identifier="local", user=schema_name, auto_create_user=True, db_groups=("g",))) == schema_name
    )
    assert user(way(workgroup_name="local")) == "IAM:loader"
    assert user(way(secret_arn=f"loader-{schema_name}")) == own
    role = s3.facts["roles"]["loader-session"]
    with pytest.raises(ConfigError, match="secret:other because no identity-based policy allows"):
        way(secret_arn="other").login()
    with pytest.raises(ConfigError, match="assumed-role/loader-session/singer-bulk is not authorized to perform"):
        way(cluster_identifier="local", login_role_arn=role).login()


REFUSED = [
    (
        {"user": "nobody_yet"},
        "cannot connect to Redshift at {host}:{port}, database 'dev', user 'IAM:nobody_yet': connection to server at "
        '"{host}", port {port} failed: FATAL: password authentication failed for user "IAM:nobody_yet"; the user that '
        "the password by IAM is for cannot log in: make it, or set auto_create_user to true [RS-CONNECT]",
    ),
    (
        {"user": "refused"},
        "AWS: redshift get_cluster_credentials: AccessDenied: User: arn:aws:iam::123456789012:user/loader is not "
        "authorized to perform: redshift:GetClusterCredentials on resource: "
        "arn:aws:redshift:us-east-1:123456789012:dbuser:local/refused because no identity-based policy allows the "
        "redshift:GetClusterCredentials action; grant redshift:GetClusterCredentials and redshift:CreateClusterUser on "
        "the database user, as dbuser:CLUSTER/USER, redshift:GetClusterCredentials on the database, as "
        "dbname:CLUSTER/DATABASE, redshift:JoinGroup on each group, as dbgroup:CLUSTER/GROUP to the identity that "
        "signs in (login_role_arn, login_profile or the environment's) [CFG-AWS-REFUSED]",
    ),
    (
        {"login_access_key_id": "AKIAUNKNOWN", "login_secret_access_key": "wrong"},
        "AWS: redshift describe_clusters: InvalidClientTokenId: The security token included in the request is "
        "invalid.; check login_access_key_id, login_secret_access_key and login_session_token [CFG-AWS-CREDENTIALS]",
    ),
    (
        {"login_access_key_id": "{key}", "login_secret_access_key": "wrong"},
        "AWS: redshift describe_clusters: SignatureDoesNotMatch: The request signature we calculated does not match "
        "the signature given; check login_access_key_id, login_secret_access_key and login_session_token "
        "[CFG-AWS-CREDENTIALS]",
    ),
]


def test_who_is_not_let_in(variables: dict[str, str], redshift_config: dict[str, Any]) -> None:
    """A user that is not there, a right that is missing, a key and a secret that are wrong: the whole text of each."""
    known = {"host": redshift_config["host"], "port": redshift_config["port"], "key": variables["AWS_ACCESS_KEY_ID"]}
    for config, text in REFUSED:
        given = {name: value.format(**known) for name, value in config.items()}
        with pytest.raises(ConfigError) as refused:
            user(way(cluster_identifier="local", **given))
        assert str(refused.value) == text.format(**known)


@pytest.mark.usefixtures("variables")
def test_sessions_over_three_lifetimes(warehouses: Warehouses, redshift_config: dict[str, Any]) -> None:
    """A connection every five and a half minutes for 49: each one is let in, though each password ends after fifteen.

    The clock of the server and ours run ahead together. A session that is open lives on; the first password opens
    nothing any more.
    """
    clock = MovedClock()
    clock.time = datetime.fromtimestamp(time.time(), timezone.utc)
    sign_in = way(clock, cluster_identifier="local", user=redshift_config["user"])
    first = sign_in.login()
    session = RedshiftSession(sign_in.settings, sign_in, Remedies("", ""))
    socket = admin_socket(warehouses.start("redshift").path, "redshift")
    passwords = set()
    for _ in range(9):
        clock.after(330)
        faults.send(socket, {"do": "move_clock", "seconds": 330})
        assert user(sign_in) == redshift_config["user"]
        passwords.add(sign_in.login().password)
    assert len(passwords) == 5  # one every eleven minutes
    assert session.execute("SELECT 1") == [(1,)]
    session.close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=first.place.host, port=first.place.port, dbname="dev", user=first.user, password=first.password
        )
