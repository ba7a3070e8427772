"""Who may log in, and with what: passwords, key pairs, OAuth, programmatic access tokens, session parameters.

These need users of their own, so they start a stand-in and do not run on an account.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from local_warehouse.snowflake.serve.login import fingerprint, log_in, read_users
from local_warehouse.snowflake.serve.server import TOKEN_SECONDS, Server, serve
from snowflake.connector.errors import Error

from tests.conformance.snowflake.conftest import Db, connect
from tests.environments import PATIENCE_SECONDS


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key: rsa.RSAPrivateKey) -> str:
    """The public key as ALTER USER SET RSA_PUBLIC_KEY takes it: without the PEM delimiters."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


KEY, ROTATED, FOREIGN = new_key(), new_key(), new_key()


def settings(directory: str) -> dict[str, Any]:
    """A settings line with one user for each way to log in."""
    return {
        "dir": directory, "region": "us-east-1", "s3_endpoint_url": "http://127.0.0.1:9", "service_access_key_id": "x",
        "service_secret_access_key": "y", "account": "local", "user": "LOADER", "password": "right", "role": "LOADER",
        "warehouse": "WH", "database": "DEMO", "schema": "PUBLIC", "integrations": [],
        "users": [
            {"name": "SVC", "public_keys": [public(KEY), public(ROTATED)]},
            {"name": "APP", "tokens": [{"token": "oauth-token", "kind": "oauth"}]},
            {"name": "OLD", "tokens": [{"token": "old-token", "kind": "oauth", "expires": 1.0}]},
            {"name": "BOT", "tokens": [{"token": "pat-token", "kind": "pat"}]},
            {"name": "BARE", "type": "SERVICE", "tokens": [{"token": "bare-token", "kind": "pat"}]},
            {"name": "LATE", "tokens": [{"token": "late-token", "kind": "pat", "expires": 1.0}]},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    running, thread = serve(settings(str(tmp_path_factory.mktemp("snowflake"))))
    yield running
    running.shutdown()
    thread.join()
    running.warehouse.close()
    running.server_close()


@pytest.fixture
def log(server: Server) -> Any:
    """Log in to the stand-in; returns the connection or raises."""
    opened: list[Any] = []

    def open_with(**arguments: Any) -> Db:
        config = {"account": "local", "host": "127.0.0.1", "port": server.server_address[1], "protocol": "http"}
        opened.append(connect(config, **arguments))
        return Db(opened[-1])

    yield open_with
    for connection in opened:
        connection.close()


def refused(log: Any, code: int, **arguments: Any) -> str:
    with pytest.raises(Error) as raised:
        log(**arguments)
    assert str(code) in str(raised.value)
    return str(raised.value)


def test_password_is_checked(log):
    """The right password logs in, whatever the case of the name; a wrong one and an unknown user are refused alike."""
    assert log(user="loader", password="right").value("SELECT CURRENT_USER()") == "LOADER"
    wrong = refused(log, 390100, user="LOADER", password="wrong")
    assert "wrong" not in wrong
    refused(log, 390100, user="NOBODY", password="right")
    refused(log, 390100, user="SVC", password="right")  # has keys and no password


def test_key_pair(log):
    """Either registered key logs in, another does not; the account and user are part of the proof (key-pair-auth)."""
    for key in (KEY, ROTATED):
        db = log(user="svc", authenticator="SNOWFLAKE_JWT", private_key=private(key))
        assert db.value("SELECT CURRENT_USER()") == "SVC"
    refused(log, 390144, user="SVC", authenticator="SNOWFLAKE_JWT", private_key=private(FOREIGN))
    refused(log, 390144, user="LOADER", authenticator="SNOWFLAKE_JWT", private_key=private(KEY))


def test_oauth_token(log):
    """A known OAuth token logs its user in; an unknown or expired one does not (authenticator = oauth)."""
    assert log(user="APP", authenticator="oauth", token="oauth-token").value("SELECT CURRENT_USER()") == "APP"
    refused(log, 390303, user="APP", authenticator="oauth", token="other")
    refused(log, 390318, user="OLD", authenticator="oauth", token="old-token")


def test_programmatic_access_token(log):
    """A token logs in as such or in place of the password (programmatic-access-tokens)."""
    assert log(user="BOT", password="pat-token").value("SELECT CURRENT_USER()") == "BOT"
    assert log(user="BOT", authenticator="PROGRAMMATIC_ACCESS_TOKEN", token="pat-token").value("SELECT 1") == 1
    refused(log, 394400, user="BOT", authenticator="PROGRAMMATIC_ACCESS_TOKEN", token="no")


def test_a_service_user_needs_a_network_policy_for_its_token(log):
    """A token of a SERVICE user without a network policy is refused, as is one that has ended (programmatic tokens)."""
    refused(log, 390432, user="BARE", authenticator="PROGRAMMATIC_ACCESS_TOKEN", token="bare-token")
    refused(log, 394400, user="LATE", authenticator="PROGRAMMATIC_ACCESS_TOKEN", token="late-token")
    refused(log, 394400, user="LATE", password="late-token")


def jwt(key: rsa.RSAPrivateKey, **changes: Any) -> str:
    """A token as the connectors make them; `changes` to its claims, `alg` to its header."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    now = time.time()
    subject = "LOCAL.SVC"
    issuer = f"{subject}.{fingerprint(key.public_key())}"
    header = {"alg": changes.pop("alg", "RS256"), "typ": "JWT"}
    claims = {"iss": issuer, "sub": subject, "iat": now, "exp": now + 60, **changes}
    signed = f"{part(header)}.{part({k: v for k, v in claims.items() if v is not None})}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1.0}, {"iat": time.time() + 3600, "exp": time.time() + 3660}, {"exp": time.time() + 86_400},
        {"sub": "OTHER.SVC"}, {"sub": "LOCAL.LOADER"}, {"iss": "LOCAL.SVC.SHA256:wrong"}, {"exp": None}, {"iss": None},
        {"alg": "none"}, {"alg": "HS256"},
    ],
)  # fmt: skip
def test_claims_of_the_token_are_checked(tmp_path, changes):
    """Expired, not yet valid, too long-lived, for someone else, unsigned: refused (key-pair-auth)."""
    users = read_users(settings(str(tmp_path)))
    request = {"AUTHENTICATOR": "SNOWFLAKE_JWT", "TOKEN": jwt(KEY), "LOGIN_NAME": "SVC"}
    assert log_in(users, "local", request).name == "SVC"
    with pytest.raises(Exception, match="JWT token is invalid"):
        log_in(users, "local", {**request, "TOKEN": jwt(KEY, **changes)})


def test_a_signature_by_another_key_is_refused(tmp_path):
    """A token that claims a registered key and was signed by another is refused (key-pair-auth)."""
    token = jwt(FOREIGN, iss=f"LOCAL.SVC.{fingerprint(KEY.public_key())}")
    with pytest.raises(Exception, match="JWT token is invalid"):
        log_in(read_users(settings(str(tmp_path))), "local", {"AUTHENTICATOR": "SNOWFLAKE_JWT", "TOKEN": token})


def test_session_parameters_of_the_login(log):
    """Parameters given at login hold; an unknown one and a wrong value are refused (parameters)."""
    known = {"QUERY_TAG": "a tag", "TIMEZONE": "Europe/Berlin", "AUTOCOMMIT": False}
    db = log(user="LOADER", password="right", session_parameters=known)
    shown = {row["key"]: row["value"] for row in db.records("SHOW PARAMETERS IN SESSION")}
    assert (shown["QUERY_TAG"], shown["TIMEZONE"], shown["AUTOCOMMIT"]) == ("a tag", "Europe/Berlin", "false")
    refused(log, 1006, user="LOADER", password="right", session_parameters={"NO_SUCH_PARAMETER": "1"})
    refused(log, 1008, user="LOADER", password="right", session_parameters={"TIMEZONE": "Mars/Olympus"})


def test_objects_of_the_login(log):
    """Database, schema and warehouse that exist are taken; a role that does not exist is refused."""
    names = "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_WAREHOUSE(), CURRENT_ROLE()"
    db = log(user="LOADER", password="right", database="demo", warehouse="wh", role="loader")
    assert db.run(names) == [("DEMO", "PUBLIC", "WH", "LOADER")]
    refused(log, 390189, user="LOADER", password="right", role="NOSUCH")
    db = log(user="LOADER", password="right")
    assert db.run(names) == [(None, None, None, "LOADER")]
    db.fails("SELECT * FROM T", 90105)


def test_requests_without_a_session_are_refused(server):
    """Without a valid session token nothing is answered, and never by HTTP 500."""
    import requests

    url = f"http://127.0.0.1:{server.server_address[1]}"
    for path in ("/queries/v1/query-request", "/session/heartbeat", "/nowhere"):
        answer = requests.post(url + path, json={"sqlText": "SELECT 1"}, timeout=PATIENCE_SECONDS)
        assert (answer.status_code, answer.json()["success"], answer.json()["code"]) == (200, False, "390111")
    broken = requests.post(url + "/session/v1/login-request", data=b"not json", timeout=PATIENCE_SECONDS)
    assert (broken.status_code, broken.json()["success"]) == (200, False)


def test_expired_login(server, log):
    """Where the master token has expired too, the connector has to log in again."""
    db = log(user="LOADER", password="right")
    server.warehouse.expire({"what": "logins"})
    db.fails("SELECT 1")
    assert log(user="LOADER", password="right").value("SELECT 1") == 1


def test_expired_session(server, log):
    """An expired session token is renewed by the connector with its master token."""
    db = log(user="LOADER", password="right")
    server.warehouse.expire({"what": "sessions"})
    assert db.value("SELECT 1") == 1


def test_tokens_of_sessions_end_by_the_clock(server, log):
    """After an hour the connector renews its token; after four without a word it has to log in again."""
    db, idle = log(user="LOADER", password="right"), log(user="LOADER", password="right")
    for _ in range(5):
        server.warehouse.proofs.clock.move({"seconds": TOKEN_SECONDS + 1})
        assert db.value("SELECT 1") == 1
    idle.fails("SELECT 1")
