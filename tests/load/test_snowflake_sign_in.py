"""Each way to sign in to Snowflake, by the session that loads use, at a server that verifies it; and its renewal.

The server runs in this process, so that its clock can be moved: hours pass, with the lifetimes that are real. The
connector gives the proof of a workload to Snowflake's own hosts alone; that check stays on, and is told by the variable
of the environment that it reads that the loopback is one of them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from local_warehouse.redshift.serve.tls import server_context
from local_warehouse.snowflake.identity.browser import KEPT_SECONDS
from local_warehouse.snowflake.identity.jwt import encoded, sign
from local_warehouse.snowflake.identity.passcodes import totp
from local_warehouse.snowflake.serve.server import MASTER_SECONDS, TOKEN_PATH, TOKEN_SECONDS, Server, serve
from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import read
from singer_bulk.model.load import Table
from singer_bulk.warehouse.session import Warehouse
from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.session import SnowflakeSession
from target_snowflake_stage.sql import Snowflake

from tests.browser import browser_of, visits
from tests.unit.test_sign_in_pages import TOP, examples_of

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM, SPKI = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
PUBLIC = KEY.public_key().public_bytes(PEM, SPKI).decode()
PRIVATE = KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
ISSUER, SUBJECT = "https://oidc.example/cluster", "system:serviceaccount:etl:loader"
ROLE_ARN = "arn:aws:iam::123456789012:role/loader"
AWS = {"AWS_ACCESS_KEY_ID": "ASIAWORKLOAD", "AWS_SECRET_ACCESS_KEY": "aws-secret", "AWS_SESSION_TOKEN": "aws-session"}
TOTP_SECRET, OAUTH_SECRET = "JBSWY3DPEHPK3PXP", "client-secret"
SECONDS = 600  # of a token

ACCOUNT: dict[str, Any] = {
    "region": "us-east-1", "s3_endpoint_url": "http://127.0.0.1:9", "service_access_key_id": "x",
    "service_secret_access_key": "y", "account": "local", "user": "LOADER", "password": "right", "role": "LOADER",
    "warehouse": "WH", "database": "DEMO", "schema": "PUBLIC", "integrations": [],
    "users": [
        {"name": "SVC", "public_keys": [PUBLIC], "type": "SERVICE"},
        {"name": "APP", "tokens": [{"token": "oauth-token", "kind": "oauth"}]},
        {"name": "BOT", "type": "SERVICE", "network_policy": "P", "tokens": [{"token": "pat-token", "kind": "pat"}]},
        {"name": "BARE", "type": "SERVICE", "tokens": [{"token": "bare-token", "kind": "pat"}]},
        {"name": "POD", "workload_identity": {"type": "OIDC", "issuer": ISSUER, "subject": SUBJECT}},
        {"name": "TASK", "workload_identity": {"type": "AWS", "arn": ROLE_ARN}},
        {"name": "ANNA", "browser_password": "at the provider"},
        {"name": "HUMAN", "password": "human-password", "mfa": {"totp_secret": TOTP_SECRET}},
    ],
    "oauth_clients": {"etl": {"secret": OAUTH_SECRET, "user": "APP", "scopes": ["session:role:LOADER"]}},
    "oidc_issuers": {ISSUER: [PUBLIC]},
    "aws_keys": {
        AWS["AWS_ACCESS_KEY_ID"]: {
            "secret": AWS["AWS_SECRET_ACCESS_KEY"], "session_token": AWS["AWS_SESSION_TOKEN"],
            "arn": "arn:aws:sts::123456789012:assumed-role/loader/i-1",
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An account with a user for each way to sign in."""
    running, thread = serve({**ACCOUNT, "dir": str(tmp_path_factory.mktemp("snowflake"))})
    yield running
    running.shutdown()
    thread.join()
    running.warehouse.close()
    running.server_close()


@pytest.fixture(scope="module")
def certificate(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The pages of the identity provider come by TLS, which connectors of 5.x demand; returns who vouches for it."""
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    pages = Server(server.warehouse)
    pages.socket = server_context(path).wrap_socket(pages.socket, server_side=True)
    thread = threading.Thread(target=pages.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    server.warehouse.proofs.browsers.address = f"https://127.0.0.1:{pages.server_address[1]}"
    yield path
    pages.shutdown()
    thread.join()
    pages.server_close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser is; Python looks for one once in a process."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture
def person(certificate: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let somebody sit before the browser of this machine."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", str(desk / "browser"))
    (desk / "visits").unlink(missing_ok=True)

    def sit(user: str = "anna", password: str = "at the provider") -> None:
        browser_of(desk, user, password, certificate)

    return sit


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the connector keeps tokens; 5.x looks for the place once in a process."""
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SF_TEMPORARY_CREDENTIAL_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
            patch.setenv(name, str(place))
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        yield place


@pytest.fixture
def connect(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SnowflakeSession]:
    """Open a session as a run does; no passcode has been used, and no token is kept."""
    server.warehouse.users["HUMAN"].factor.used.clear()  # type: ignore[union-attr]
    for kept in cache.rglob("*.json"):
        kept.unlink()
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**AWS, "AWS_REGION": "eu-west-1", "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1")
    place = {"account": "local", "database": "DEMO", "role": "LOADER", "protocol": "http", "host": "127.0.0.1"}

    def open_session(**own: Any) -> SnowflakeSession:
        values = {**place, "port": server.server_address[1], **own}
        if own.get("authenticator") == "oauth_client_credentials":
            values["oauth_token_request_url"] = f"http://127.0.0.1:{server.server_address[1]}{TOKEN_PATH}"
        return SnowflakeSession(read(SnowflakeSettings, values), Remedies("LOADER", "WH", own["user"]), 60)

    return open_session


def id_token(now: float, key: rsa.RSAPrivateKey = KEY, **changes: Any) -> str:
    """A token of the OIDC provider, as one finds it in a file of a pod."""
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": ["snowflakecomputing.com"], "iat": now, "exp": now + SECONDS}
    return sign({**claims, **changes}, key)


CLIENT = {"authenticator": "oauth_client_credentials", "oauth_client_id": "etl", "oauth_client_secret": OAUTH_SECRET}
OIDC = {"user": "POD", "authenticator": "workload_identity", "workload_identity_provider": "OIDC"}
ON_AWS = {"user": "TASK", "authenticator": "workload_identity", "workload_identity_provider": "AWS"}
MFA = {"user": "HUMAN", "password": "human-password", "authenticator": "username_password_mfa"}


# Of the page's examples what a test cannot have: a secret, a file, a user; the names of the settings are the page's.
EXAMPLES: dict[str, dict[str, Any]] = {
    "private_key_path": {"user": "SVC", "private_key_path": "key.p8", "private_key_passphrase": "passphrase"},
    "oauth": {"user": "APP", "token_file_path": "oauth"},
    "oauth_client_credentials": {"user": "APP", "oauth_client_id": "etl", "oauth_client_secret": OAUTH_SECRET},
    "programmatic_access_token": {"user": "BOT", "token_file_path": "pat"},
    "AWS": {"user": "TASK"},
    "OIDC": {"user": "POD", "token_file_path": "oidc"},
    "username_password_mfa": {"user": "HUMAN", "password": "human-password"},
    "password": {"user": "LOADER", "password": "right"},
    "externalbrowser": {},
}


def kind_of(example: dict[str, Any]) -> str:
    """Return what an example of the page shows."""
    of_itself = "private_key_path" if "private_key_path" in example else "password"
    return str(example.get("workload_identity_provider", example.get("authenticator", of_itself)))


def test_the_examples_of_the_page_sign_in(
    server: Server, connect: Callable[..., SnowflakeSession], tmp_path: Path, person: Callable[..., None]
) -> None:
    """Each example of docs/sign-in/snowflake.md signs in with the settings that it has."""
    person()
    now = server.warehouse.proofs.clock.now()
    locked = serialization.BestAvailableEncryption(b"passphrase")
    for name, content in {
        "key.p8": KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, locked).decode(),
        "oauth": "oauth-token", "pat": "pat-token", "oidc": id_token(now),
    }.items():  # fmt: skip
        (tmp_path / name).write_text(content)
    shown = examples_of(TOP / "docs" / "sign-in" / "snowflake.md")
    assert {kind_of(example) for example in shown} == {*EXAMPLES}
    for example in shown:
        own = {**EXAMPLES[kind_of(example)], "passcode": totp(TOTP_SECRET, now)}
        values = {name: own.get(name, value) for name, value in example.items()}
        for name in ("token_file_path", "private_key_path"):
            if name in values:
                values[name] = str(tmp_path / values[name])
        session = connect(**values)
        assert session.execute("SELECT CURRENT_USER()") == [(values["user"],)]
        session.close()


def test_each_way_to_sign_in(server: Server, connect: Callable[..., SnowflakeSession], tmp_path: Path) -> None:
    """Every identity signs in as its user, at a server that verifies it."""
    now = server.warehouse.proofs.clock.now
    path = tmp_path / "token"
    path.write_text(id_token(now()) + "\n")
    (tmp_path / "pat").write_text("pat-token\n")
    for own in (
        {"user": "LOADER", "password": "right"},
        {"user": "SVC", "private_key": PRIVATE.replace("\n", "\\n")},
        {"user": "APP", "authenticator": "oauth", "token": "oauth-token"},
        {"user": "APP", **CLIENT},
        {"user": "BOT", "authenticator": "programmatic_access_token", "token_file_path": str(tmp_path / "pat")},
        {"user": "BOT", "password": "pat-token"},
        {**OIDC, "token_file_path": str(path)},
        ON_AWS,
        {**MFA, "passcode": totp(TOTP_SECRET, now())},
        {**MFA, "password": f"human-password{totp(TOTP_SECRET, now() + 30)}", "passcode_in_password": True},
    ):
        session = connect(**own)
        assert session.execute("SELECT CURRENT_USER()") == [(own["user"],)]
        session.close()


BY_BROWSER = {"user": "ANNA", "authenticator": "externalbrowser"}


def test_a_browser_signs_in(
    server: Server, connect: Callable[..., SnowflakeSession], person: Callable[..., None], desk: Path
) -> None:
    """A person signs in at the identity provider, at each connection; only the one that the settings name gets in."""
    person()
    for times in (1, 2):
        session = connect(**BY_BROWSER)
        assert session.execute("SELECT CURRENT_USER()") == [("ANNA",)]
        session.close()
        assert visits(desk) == times
    with pytest.raises(ConfigError) as refused:
        connect(**{**BY_BROWSER, "user": "HUMAN"})
    assert str(refused.value).endswith(
        "; sign in at the identity provider as the user of the setting 'user' [SF-CONNECT]"
    )


def test_a_kept_token_spares_the_browser(
    server: Server, connect: Callable[..., SnowflakeSession], person: Callable[..., None], desk: Path
) -> None:
    """Where it is asked for, the next connections open no browser, until the token has ended."""
    person()
    kept = {**BY_BROWSER, "client_store_temporary_credential": True}
    for later, times in ((0, 1), (0, 1), (KEPT_SECONDS + 1, 2), (0, 2)):
        server.warehouse.proofs.clock.move({"seconds": later})
        session = connect(**kept)
        assert session.execute("SELECT CURRENT_USER()") == [("ANNA",)]
        session.close()
        assert visits(desk) == times


AWS_ISSUER = "https://0a1b2c3d.tokens.sts.global.api.aws"


@pytest.fixture
def sts(server: Server, connect: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of this test that answers GetWebIdentityToken as its page says; moto does not know the call.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
    """
    key = ec.generate_private_key(ec.SECP384R1())
    monkeypatch.setitem(server.warehouse.proofs.workloads.issuers, AWS_ISSUER, [key.public_key()])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            assert asked["Action"] == ["GetWebIdentityToken"]
            now = server.warehouse.proofs.clock.now()
            claims = {"iss": AWS_ISSUER, "sub": ROLE_ARN, "aud": asked["Audience.member.1"][0]}
            token = es384({**claims, "iat": now, "exp": now + 300}, key)
            body = (
                '<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>'
                f"<WebIdentityToken>{token}</WebIdentityToken><Expiration>2100-01-01T00:00:00Z</Expiration>"
                "</GetWebIdentityTokenResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
                "</GetWebIdentityTokenResponse>"
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.server_address[1]}")
    running.shutdown()
    thread.join()
    running.server_close()


def es384(claims: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    """Return a token that is signed as the connector asks AWS to."""
    signed = f"{encoded(json.dumps({'alg': 'ES384'}).encode())}.{encoded(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA384())))
    return f"{signed}.{encoded(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"


def test_a_token_of_aws_signs_in(connect: Callable[..., SnowflakeSession], sts: None) -> None:
    """Where it is set, AWS issues a token for Snowflake, and no request is signed."""
    session = connect(**ON_AWS, workload_identity_aws_use_outbound_token=True)
    assert session.execute("SELECT CURRENT_USER()") == [("TASK",)]
    session.close()


WHERE = "cannot connect to Snowflake account 'local', user "
WORKLOAD = "check WORKLOAD_IDENTITY of the user (DESC USER {}): issuer, subject, audience or ARN [SF-CONNECT]"


def test_a_wrong_one_of_each_kind(
    server: Server, connect: Callable[..., SnowflakeSession], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong identity is refused, and the whole text says what to do; no secret is in it."""
    now = server.warehouse.proofs.clock.now()
    another = "get another token for 'token', and check 'authenticator' [SF-CONNECT]"
    check_client = (
        "check 'oauth_client_id', 'oauth_client_secret', 'oauth_scope' and 'oauth_token_request_url' [SF-CONNECT]"
    )
    refusals = []
    for own, told in (
        ({"user": "LOADER", "password": "wrong-one"}, "check user and password; Snowflake ends passwords alone "
         "in 2026, sign in by a key pair or a workload identity [SF-CONNECT]"),
        ({"user": "APP", "authenticator": "oauth", "token": "wrong-one"}, another),
        ({"user": "LOADER", **CLIENT}, "correct the setting 'user': the token is of another one [SF-CONNECT]"),
        ({"user": "APP", **CLIENT, "oauth_client_secret": "wrong-one"}, check_client),
        ({"user": "APP", **CLIENT, "oauth_scope": "session:role:OTHER"}, check_client),
        ({"user": "BOT", "authenticator": "programmatic_access_token", "token": "wrong-one"}, another),
        (
            {"user": "BARE", "authenticator": "programmatic_access_token", "token": "bare-token"},
            "have an administrator put the address of this machine into the network policy of the user (ALTER USER "
            "BARE SET NETWORK_POLICY = <policy>); a programmatic access token needs one [SF-CONNECT]",
        ),
        ({**OIDC, "token": id_token(now, OTHER)}, WORKLOAD.format("POD")),
        ({**OIDC, "token": id_token(now, sub="another")}, WORKLOAD.format("POD")),
        ({**OIDC, "token": id_token(now, aud="https://else")}, WORKLOAD.format("POD")),
        ({**OIDC, "token": id_token(now - 2 * SECONDS)}, WORKLOAD.format("POD")),
        ({**MFA, "passcode": "000000"}, "the passcode is wrong or has been used; give the one that is shown now, as "
         "'passcode' [SF-CONNECT]"),
        (MFA, "nobody approved the second factor in time; approve it, or sign in by a key pair, which needs nobody "
         "[SF-CONNECT]"),
    ):  # fmt: skip
        with pytest.raises(ConfigError) as refused:
            connect(**own)
        text = str(refused.value)
        assert text.startswith(f"{WHERE}'{own['user']}': ")
        assert text.endswith(f"; {told}"), text
        refusals.append(text)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-one")
    with pytest.raises(ConfigError) as refused:
        connect(**ON_AWS)
    assert str(refused.value).endswith(f"; {WORKLOAD.format('TASK')}")
    monkeypatch.delenv("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES")
    with pytest.raises(ConfigError) as unsent:
        connect(**ON_AWS)
    assert str(unsent.value).endswith(
        "; remove the setting 'host', or correct it: the proof of a workload is given to Snowflake's own hosts alone "
        "[SF-CONNECT]"
    )
    said = " ".join([*refusals, str(refused.value), str(unsent.value)])
    assert not [one for one in ("wrong-one", "bare-token", "human-password", "eyJ", OAUTH_SECRET) if one in said]


def warehouse_of(connect: Callable[[], SnowflakeSession]) -> Warehouse:
    """The warehouse of a run, which connects anew where a session is lost."""
    dialect = Snowflake("DEMO", stage="S", file_format="F", prefix="", copies_at_once=1)
    return Warehouse(connect, dialect, Table("PUBLIC", "LEDGER"), pause=lambda seconds: None)


def test_a_run_of_three_lifetimes(server: Server, connect: Callable[..., SnowflakeSession], tmp_path: Path) -> None:
    """When a token and the session that it opened have ended, the next connection signs in by the next token.

    Tokens last ten minutes, sessions four hours unless they are renewed: the clock moves past all of them, three times.
    """
    clock, issuer = server.warehouse.proofs.clock, server.warehouse.proofs.issuer
    path = tmp_path / "token"
    kinds: dict[str, dict[str, Any]] = {
        "client": {"user": "APP", **CLIENT},
        "file": {**OIDC, "token_file_path": str(path)},
        "key pair": {"user": "SVC", "private_key": PRIVATE},
        "workload": ON_AWS,
    }
    for own in kinds.values():
        path.write_text(id_token(clock.now()))
        opened: list[SnowflakeSession] = []

        def open_session(own: dict[str, Any] = own, opened: list[SnowflakeSession] = opened) -> SnowflakeSession:
            opened.append(connect(**own))
            return opened[-1]

        run, before = warehouse_of(open_session), issuer.issued
        assert run.select("asking", "SELECT CURRENT_USER()") == [(own["user"],)]
        for lifetime in (1, 2, 3):
            clock.move({"seconds": MASTER_SECONDS + 1})
            path.write_text(id_token(clock.now()))
            assert run.select("asking", "SELECT CURRENT_USER()") == [(own["user"],)]
            assert len(opened) == lifetime + 1
        assert issuer.issued - before == (4 if own["user"] == "APP" else 0)
        run.close()


def test_a_token_that_nobody_renewed(server: Server, connect: Callable[..., SnowflakeSession], tmp_path: Path) -> None:
    """A file whose token has ended is told as that, not tried for ever."""
    clock, path = server.warehouse.proofs.clock, tmp_path / "token"
    path.write_text(id_token(clock.now()))
    run = warehouse_of(lambda: connect(**OIDC, token_file_path=str(path)))
    run.select("asking", "SELECT 1")
    clock.move({"seconds": MASTER_SECONDS + 1})
    with pytest.raises(Exception, match="workload identity could not be verified"):
        run.select("asking", "SELECT 1")


def test_a_session_that_is_used_lives_on(server: Server, connect: Callable[..., SnowflakeSession]) -> None:
    """The token of a session ends each hour, and the connector renews it without a login, also in a transaction."""
    clock, issuer = server.warehouse.proofs.clock, server.warehouse.proofs.issuer
    session, before = connect(user="APP", **CLIENT), issuer.issued
    session.execute("BEGIN")
    transaction = session.transaction()
    for _ in range(3 * MASTER_SECONDS // TOKEN_SECONDS):
        clock.move({"seconds": TOKEN_SECONDS + 1})
        assert session.transaction() == transaction
    assert issuer.issued == before
    session.close()


def test_tokens_are_kept_for_their_owner_alone(
    server: Server, connect: Callable[..., SnowflakeSession], cache: Path
) -> None:
    """Where it is asked for, the token that spares a passcode goes into a file of its owner alone; else nowhere."""
    now = server.warehouse.proofs.clock.now
    connect(**MFA, passcode=totp(TOTP_SECRET, now())).close()
    assert not [*cache.rglob("*.json")]
    connect(**MFA, passcode=totp(TOTP_SECRET, now() + 30), client_store_temporary_credential=True).close()
    (kept,) = cache.rglob("*.json")
    assert kept.stat().st_mode & 0o077 == 0
    session = connect(**MFA, client_store_temporary_credential=True)
    assert session.execute("SELECT CURRENT_USER()") == [("HUMAN",)]
    session.close()
