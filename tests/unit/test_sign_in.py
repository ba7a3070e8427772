"""Signing in to Snowflake: what each way takes, what it hands to the connector, and the text of each wrong one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import read
from singer_bulk.settings.secrets import masks
from snowflake.connector.errors import DatabaseError
from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.identity import sign_in_arguments
from target_snowflake_stage.login_errors import connect_problem, no_news
from target_snowflake_stage.parameters import SESSION_PARAMETERS
from target_snowflake_stage.private_key import read_private_key
from target_snowflake_stage.session import connect_arguments, token_cache
from target_snowflake_stage.ways import SIGNS_IN_WITH, sign_in_problems

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PKCS1, OPENSSH = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.OpenSSH
NO_LOCK, LOCK = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"right")
PLAIN, LOCKED = KEY.private_bytes(PEM, PKCS8, NO_LOCK), KEY.private_bytes(PEM, PKCS8, LOCK)
LOCKED_1 = KEY.private_bytes(PEM, PKCS1, LOCK)
DER = KEY.private_bytes(serialization.Encoding.DER, PKCS8, NO_LOCK)
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PUBLIC = KEY.public_key().public_bytes(PEM, SPKI)
PUBLIC_1 = KEY.public_key().public_bytes(PEM, serialization.PublicFormat.PKCS1)
PUBLIC_SSH = KEY.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
MAKE = "openssl genrsa 2048 | openssl pkcs8 -topk8 -nocrypt -out KEY.p8"
SECRET = "hunter2"
CLIENT = {
    "authenticator": "oauth_client_credentials",
    "oauth_client_id": "loader",
    "oauth_client_secret": SECRET,
    "oauth_token_request_url": "https://idp.example/token",
}
WORKLOAD = {"authenticator": "workload_identity", "workload_identity_provider": "AWS"}


def settings(**own: Any) -> SnowflakeSettings:
    """Return settings that sign in by these."""
    return read(SnowflakeSettings, {"account": "a", "user": "SVC", "database": "d", **own})


def body(pem: bytes) -> bytes:
    """Return a PEM without its first and its last line."""
    return b"".join(pem.splitlines()[1:-1])


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"password": SECRET},
        {"private_key": "k", "private_key_passphrase": SECRET},
        {"authenticator": "snowflake_jwt", "private_key_path": "k"},
        {"authenticator": "oauth", "token": SECRET},
        {"authenticator": "OAuth", "token_file_path": "t"},
        {"authenticator": "programmatic_access_token", "token_file_path": "t"},
        CLIENT,
        CLIENT | {"oauth_scope": "session:role:LOADER"},
        CLIENT | {"oauth_token_request_url": "http://127.0.0.1:8080/token"},
        WORKLOAD,
        WORKLOAD | {"workload_identity_impersonation_path": ["arn:aws:iam::123456789012:role/r"]},
        WORKLOAD | {"workload_identity_aws_use_outbound_token": True},
        WORKLOAD | {"workload_identity_provider": "OIDC", "token_file_path": "t"},
        WORKLOAD | {"workload_identity_provider": "AZURE", "workload_identity_entra_resource": "api://x"},
        {"authenticator": "externalbrowser", "client_store_temporary_credential": True},
        {"authenticator": "username_password_mfa", "password": SECRET, "passcode": "123456"},
        {"authenticator": "username_password_mfa", "password": SECRET, "passcode_in_password": True},
        {"authenticator": "https://x.okta.com", "password": SECRET},
    ],
)
def test_ways_to_sign_in(own: dict[str, Any]) -> None:
    """What belongs together is taken."""
    assert sign_in_problems(own) == []


NOT_WANTED = "is not what this 'authenticator' signs in with; remove one of the two"


@pytest.mark.parametrize(
    ("own", "problems"),
    [
        (
            {"token": "t", "token_file_path": "t", "authenticator": "oauth"},
            ["settings 'token' and 'token_file_path' both give the token; keep one"],
        ),
        (
            {"token_file_path": "t"},
            ["setting 'token_file_path' needs 'authenticator', as 'oauth' or 'programmatic_access_token' or "
             "'workload_identity'"],
        ),
        ({"password": SECRET, "token": "t"}, ["settings 'password' and 'token' both sign in; keep one"]),
        (
            {"oauth_client_id": "x", "password": SECRET},
            ["setting 'oauth_client_id' needs 'authenticator', as 'oauth_client_credentials'"],
        ),
        ({"passcode": "1"}, ["setting 'passcode' needs 'authenticator', as 'username_password_mfa'"]),
        (
            {"workload_identity_provider": "AWS"},
            ["setting 'workload_identity_provider' needs 'authenticator', as 'workload_identity'"],
        ),
        (
            {"authenticator": "oauth_client_credentials", "oauth_client_id": "x"},
            ["setting 'authenticator' as it is set needs 'oauth_client_secret'",
             "setting 'authenticator' as it is set needs 'oauth_token_request_url'"],
        ),
        (CLIENT | {"password": SECRET}, [f"setting 'password' {NOT_WANTED}"]),
        (CLIENT | {"private_key_path": "k"}, [f"setting 'private_key_path' {NOT_WANTED}"]),
        (
            CLIENT | {"oauth_token_request_url": "http://idp.example/token"},
            ["setting 'oauth_token_request_url' takes an https:// URL: the client's secret goes there"],
        ),
        (
            CLIENT | {"oauth_token_request_url": "http://127.0.0.1.example/token"},
            ["setting 'oauth_token_request_url' takes an https:// URL: the client's secret goes there"],
        ),
        (
            {"authenticator": "workload_identity"},
            ["setting 'authenticator' as it is set needs 'workload_identity_provider'"],
        ),
        (
            WORKLOAD | {"token": "t"},
            ["setting 'token' is for the 'workload_identity_provider' OIDC; remove one of the two"],
        ),
        (
            WORKLOAD | {"workload_identity_provider": "OIDC"},
            ["setting 'workload_identity_provider' OIDC needs 'token_file_path' or 'token'"],
        ),
        (
            WORKLOAD | {"workload_identity_entra_resource": "api://x"},
            ["setting 'workload_identity_entra_resource' is for the 'workload_identity_provider' AZURE; remove one of "
             "the two"],
        ),
        ({"authenticator": "externalbrowser", "password": SECRET}, [f"setting 'password' {NOT_WANTED}"]),
        (
            {"authenticator": "oauth", "token": "t", "client_store_temporary_credential": True},
            [f"setting 'client_store_temporary_credential' {NOT_WANTED}"],
        ),
    ],
)  # fmt: skip
def test_settings_that_contradict_one_another(own: dict[str, Any], problems: list[str]) -> None:
    """What does not sign in together is refused before anything is asked, by the names of the settings."""
    assert sign_in_problems(own) == problems


def test_every_setting_of_a_way_is_declared() -> None:
    """The table names settings that there are."""
    names = set(SnowflakeSettings.__struct_fields__)
    assert {name for way in SIGNS_IN_WITH.values() for name in way.names} <= names


@pytest.mark.parametrize(
    ("content", "passphrase", "told"),
    [
        (b"", None, f"is empty; make one: {MAKE}"),
        (PUBLIC, None, "is a public key; give the private one; the public one belongs to the user in Snowflake"),
        (PUBLIC_1, None, "is a public key; give the private one; the public one belongs to the user in Snowflake"),
        (body(PUBLIC), None, "is a public key; give the private one; the public one belongs to the user in Snowflake"),
        (PUBLIC_SSH, None, "is a public key of OpenSSH; give the private one, as PEM"),
        (
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            None,
            "is a certificate; give the private key",
        ),
        (
            KEY.private_bytes(PEM, OPENSSH, NO_LOCK),
            None,
            "is in OpenSSH's form; turn it into PEM: ssh-keygen -p -m PKCS8 -f KEY",
        ),
        (
            b"PuTTY-User-Key-File-3: ssh-rsa\n",
            None,
            "is in PuTTY's form; export it in OpenSSH's, then: ssh-keygen -p -m PKCS8 -f KEY",
        ),
        (LOCKED, SECRET, "cannot be read with this private_key_passphrase; correct it"),
        (LOCKED, None, "is encrypted; set private_key_passphrase"),
        (LOCKED_1, SECRET, "cannot be read with this private_key_passphrase; correct it"),
        (LOCKED_1, None, "is encrypted; set private_key_passphrase"),
        (body(LOCKED), SECRET, "cannot be read with this private_key_passphrase; correct it"),
        (body(LOCKED), None, "is encrypted; set private_key_passphrase"),
        (PLAIN, SECRET, "is not encrypted; remove private_key_passphrase"),
        (PLAIN[:400], None, "is damaged; give the whole file, with its line ends"),
        (DER, None, "is DER; turn it into PEM: openssl pkey -inform DER -in KEY -out KEY.p8"),
        (
            ec.generate_private_key(ec.SECP256K1()).private_bytes(PEM, PKCS8, NO_LOCK),
            None,
            f"is no RSA key of 2048 bits or more, and none of the curves P-256, P-384 and P-521; make one: {MAKE}",
        ),
    ],
)
def test_each_wrong_kind_of_key(tmp_path: Path, content: bytes, passphrase: str | None, told: str) -> None:
    """A key that is none is told by what it is instead, with what to do; the whole text."""
    path = tmp_path / "key.p8"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_private_key(settings(private_key_path=str(path), private_key_passphrase=passphrase))
    assert str(refused.value) == f"the key of private_key_path {told} [SF-KEY]"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(b"\n", b"\\n"),
        PLAIN.replace(b"\n", b"\\r\\n"),
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\n", b" "),
        body(PLAIN),
        b"\n".join(PLAIN.splitlines()[1:-1]),
        KEY.private_bytes(PEM, PKCS1, NO_LOCK),
    ],
)
def test_keys_that_lost_their_line_ends_on_the_way(text: bytes) -> None:
    """What a variable of the environment does to a key does not change which key it is: it is mended."""
    assert read_private_key(settings(private_key=text.decode())) == DER


def test_encrypted_keys_in_every_form() -> None:
    """PKCS#8, PKCS#1 and the body alone open with their passphrase."""
    for text in (LOCKED, LOCKED_1, body(LOCKED)):
        assert read_private_key(settings(private_key=text.decode(), private_key_passphrase="right")) == DER


def test_what_the_connector_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way hands over what the connector wants for it, and nothing of another way; no token is kept unasked."""
    monkeypatch.setattr(masks, "texts", [])
    token = tmp_path / "token"
    token.write_text("first\n")
    for own, given in (
        ({"password": SECRET}, {"password": SECRET}),
        (CLIENT, CLIENT),
        (WORKLOAD, WORKLOAD),
        (
            WORKLOAD | {"workload_identity_impersonation_path": ("a", "b")},
            WORKLOAD | {"workload_identity_impersonation_path": ["a", "b"]},
        ),
        ({"authenticator": "oauth", "token_file_path": str(token)}, {"authenticator": "oauth", "token": "first"}),
        (
            {"authenticator": "username_password_mfa", "password": SECRET, "passcode_in_password": True},
            {"authenticator": "username_password_mfa", "password": SECRET, "passcode_in_password": True},
        ),
    ):
        assert sign_in_arguments(settings(**own), None) == given
    assert sign_in_arguments(settings(), DER) == {"private_key": DER, "authenticator": "SNOWFLAKE_JWT"}


def test_a_token_file_is_read_at_each_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that was rotated since is the one that the next connection signs in with, and comes into no log."""
    token = tmp_path / "token"
    mine = settings(authenticator="oauth", token_file_path=str(token))
    monkeypatch.setattr(masks, "texts", [])
    for text in ("first-token", "second-token"):
        token.write_text(text)
        assert sign_in_arguments(mine, None)["token"] == text
        assert text in masks.texts


def test_token_files_that_are_none(tmp_path: Path) -> None:
    """A file that is not there, is empty or is another one is told by its path; what is in it is not shown."""
    path = tmp_path / "token"

    def refusal() -> str:
        with pytest.raises(ConfigError) as refused:
            sign_in_arguments(settings(authenticator="oauth", token_file_path=str(path)), None)
        return str(refused.value)

    begins = f"token_file_path '{path}' "
    issuer = "let whoever issues the token write it [SF-TOKEN]"
    assert refusal() == f"{begins}cannot be read: No such file or directory; {issuer}"
    path.write_text(" \n")
    assert refusal() == f"{begins}is empty; {issuer}"
    path.write_text(f"token = {SECRET}\n")
    assert refusal() == f"{begins}has more than a token; give the file that has the token alone [SF-TOKEN]"
    path.write_bytes(b"\x80\xff")
    assert refusal() == f"{begins}is no text of a token; give the file that has the token alone [SF-TOKEN]"


def test_tokens_are_kept_only_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """5.x keeps tokens unless it is told not to; 4.x has another name for that of MFA, which 5.x warns of."""
    kept = {"client_store_temporary_credential": True}
    asked = settings(**kept)
    for version, wanted in (("4.8.1", {**kept, "client_request_mfa_token": True}), ("5.2.0", kept)):
        monkeypatch.setattr(snowflake.connector, "__version__", version)
        assert token_cache(asked) == wanted
        assert token_cache(settings()) == {"client_store_temporary_credential": False}


def test_a_browser_is_asked_for_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display the login is refused at once: the connector would read the tap's messages, or wait."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ConfigError) as refused:
        sign_in_arguments(settings(authenticator="externalbrowser"), None)
    assert str(refused.value) == (
        "authenticator externalbrowser opens a browser, and there is none on this machine; sign in by a key pair, by "
        "oauth_client_credentials or by workload_identity, which need nobody [SF-BROWSER]"
    )


WHERE = "cannot connect to Snowflake account 'a', user 'SVC': "
SHOWN = base64.b64encode(b'{"alg":"RS256"}').decode() + ".e30.c2ln"


@pytest.mark.parametrize(
    ("own", "number", "text", "told"),
    [
        (
            {"password": SECRET}, 390100, "Incorrect username or password was specified.",
            "check user and password; Snowflake ends passwords alone in 2026, sign in by a key pair or a workload "
            "identity",
        ),
        (
            {"authenticator": "oauth", "token": SECRET}, 390318, "OAuth access token expired. [1234]",
            "get another token for 'token', and check 'authenticator'",
        ),
        (
            {"authenticator": "oauth", "token_file_path": "t"}, 390303, f"Invalid OAuth access token. {SHOWN}",
            "get another token for 'token_file_path', and check 'authenticator'",
        ),
        (
            {"authenticator": "programmatic_access_token", "token": SECRET}, 394400,
            "Programmatic access token is invalid.", "get another token for 'token', and check 'authenticator'",
        ),
        (
            {"authenticator": "programmatic_access_token", "token": SECRET}, 390432, "Network policy is required.",
            "have an administrator put the address of this machine into the network policy of the user (ALTER USER SVC "
            "SET NETWORK_POLICY = <policy>); a programmatic access token needs one",
        ),
        (
            CLIENT, 250001, "Failed to login: Failed to request OAuth access token from IdP: invalid_client",
            "check 'oauth_client_id', 'oauth_client_secret', 'oauth_scope' and 'oauth_token_request_url'",
        ),
        (
            CLIENT, 390317, "The role requested in the connection is not listed in the Access Token or was filtered.",
            "correct the setting 'role', or have the token name it in its scope, as in session:role:<role>",
        ),
        (
            WORKLOAD, 251021, "WORKLOAD_IDENTITY requires a recognized Snowflake host (*.snowflakecomputing.com, .cn "
            "or .mil). Got: '127.0.0.1'.",
            "remove the setting 'host', or correct it: the proof of a workload is given to Snowflake's own hosts alone",
        ),
        (
            WORKLOAD, 250001, "Failed to login: Workload Identity Federation attestation failed: no credentials",
            "check 'workload_identity_provider', and that this machine has such an identity: a role of AWS with a "
            "region, or a token of OIDC",
        ),
        (
            {"authenticator": "username_password_mfa", "password": SECRET, "passcode": "123456"}, 390127,
            "Incorrect passcode was specified.",
            "the passcode is wrong or has been used; give the one that is shown now, as 'passcode'",
        ),
        (
            {"password": SECRET}, 390197, "Multi-factor authentication is required for this account.",
            "sign in by a key pair, or set 'authenticator' to username_password_mfa with 'passcode'",
        ),
        (
            {"password": SECRET}, 390422, "Incoming request with IP/Token 10.0.0.1 is not allowed to access Snowflake.",
            "have an administrator put the address of this machine into the network policy of the user (ALTER USER SVC "
            "SET NETWORK_POLICY = <policy>)",
        ),
    ],
)  # fmt: skip
def test_a_wrong_one_of_each_kind(own: dict[str, Any], number: int, text: str, told: str) -> None:
    """What the server, or the connector before it, says of a login gets what to do; the whole text, without secrets."""
    error = DatabaseError(msg=f"{text} {SECRET}" if SECRET in own.values() else text, errno=number)
    shown = " ".join(text.replace(SHOWN, "***").split()) + (" ***" if SECRET in own.values() else "")
    problem = connect_problem(settings(**own), error, None)
    assert problem == f"{WHERE}{shown}; {told}"


def test_the_token_of_a_file_is_not_shown() -> None:
    """A token that Snowflake repeats in its refusal is masked, though no setting has it."""
    error = DatabaseError(msg=f"Invalid OAuth access token. {SECRET}", errno=390303)
    problem = connect_problem(settings(authenticator="oauth", token_file_path="t"), error, None, SECRET)
    assert "access token. ***; get another token for 'token_file_path'" in problem


def test_a_number_that_only_the_text_has() -> None:
    """4.x gives the number of a refused OAuth token in the text of its error alone."""
    error = DatabaseError(msg="390318 (08001): OAuth access token expired.")
    problem = connect_problem(settings(authenticator="oauth", token=SECRET), error, None)
    assert problem.endswith("; get another token for 'token', and check 'authenticator'")


def test_a_login_says_nothing_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """What 4.x prints while a browser signs in goes to standard error: standard output is for STATEs."""
    with no_news(settings(authenticator="externalbrowser")):
        print("Going to open: https://x")
    assert capsys.readouterr() == ("", "Going to open: https://x\n")


def test_parameters_of_a_session() -> None:
    """The user's parameters and time-out go with the login, and ours stand over them; the tag is the label."""
    own = {"use_cached_result": False, "statement_queued_timeout_in_seconds": 9}
    mine = settings(password=SECRET, session_parameters=own, statement_timeout_seconds=90)
    given = connect_arguments(mine, None, 60, "etl")["session_parameters"]
    assert given == SESSION_PARAMETERS | {
        "USE_CACHED_RESULT": False,
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 9,
        "STATEMENT_TIMEOUT_IN_SECONDS": 90,
        "LOCK_TIMEOUT": 60,
        "QUERY_TAG": "etl",
    }
