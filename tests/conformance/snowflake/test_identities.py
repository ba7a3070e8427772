"""What a login must prove: tokens of clients and workloads, requests that AWS could answer, passcodes.

These need keys of their own, and do not run on an account.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from local_warehouse.snowflake.errors import LoginError
from local_warehouse.snowflake.identity.jwt import encoded, sign
from local_warehouse.snowflake.identity.passcodes import Factor, totp
from local_warehouse.snowflake.serve.login import Proofs, log_in, read_users

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
ISSUER, SUBJECT = "https://oidc.example/cluster", "repo:org/etl:ref:refs/heads/main"
AWS_ISSUER = "https://0a1b.tokens.sts.global.api.aws"
ROLE = "arn:aws:iam::123456789012:role/loader"
SETTINGS: dict[str, Any] = {
    "user": "LOADER", "password": "right", "role": "LOADER",
    "users": [
        {"name": "POD", "workload_identity": {"type": "OIDC", "issuer": ISSUER, "subject": SUBJECT}},
        {"name": "TASK", "workload_identity": {"type": "AWS", "arn": ROLE}},
    ],
    "oidc_issuers": {ISSUER: [PUBLIC], AWS_ISSUER: [PUBLIC]},
    "aws_keys": {"ASIA1": {"secret": "s", "session_token": "t", "arn": f"{ROLE}".replace("iam", "sts").replace(
        "role/", "assumed-role/") + "/run"}, "AKIA2": {"secret": "s", "arn": "arn:aws:iam::123456789012:user/else"}},
    "oauth_clients": {"etl": {"secret": "se:cret", "user": "LOADER", "scopes": ["session:role:LOADER", "x"]}},
}  # fmt: skip


def log(provider: str, token: str, name: str = "", proofs: Proofs | None = None) -> str:
    """Log in as a workload; return the user."""
    data = {"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": provider, "TOKEN": token, "LOGIN_NAME": name}
    return log_in(read_users(SETTINGS), "local", data, "", proofs or Proofs.of(SETTINGS)).name


def claims(**changes: Any) -> dict[str, Any]:
    now = time.time()
    made = {"iss": ISSUER, "sub": SUBJECT, "aud": "snowflakecomputing.com", "iat": now, "exp": now + 600, **changes}
    return {name: value for name, value in made.items() if value is not None}


def test_a_token_of_oidc() -> None:
    """Issuer, subject, audience, time and signature prove the user that has them, named or not; and no other."""
    assert log("OIDC", sign(claims(), KEY)) == "POD"
    assert log("OIDC", sign(claims(aud=["a", "snowflakecomputing.com"]), KEY), "pod") == "POD"


@pytest.mark.parametrize(
    "token",
    [
        sign(claims(), FOREIGN),
        sign(claims(iss="https://else"), KEY),
        sign(claims(sub="repo:org/else:ref:refs/heads/main"), KEY),
        sign(claims(aud="https://else"), KEY),
        sign(claims(aud=None), KEY),
        sign(claims(exp=time.time() - 1), KEY),
        sign(claims(exp=None), KEY),
        sign(claims(iat=time.time() + 3600), KEY),
        sign(claims(), KEY).rpartition(".")[0] + ".",
        encoded(b'{"alg":"none"}') + "." + encoded(json.dumps(claims()).encode()) + ".",
        sign(claims(iss=AWS_ISSUER, sub=ROLE), KEY),
        "eyJ.eyJ.x",
        "",
    ],
)
def test_tokens_of_oidc_that_prove_nothing(token: str) -> None:
    """Another key, issuer, subject, audience or time, no signature, a token of AWS: refused."""
    with pytest.raises(LoginError, match="could not be verified"):
        log("OIDC", token)


def test_another_user_or_provider_than_the_token_proves() -> None:
    """A token for one user does not log in another, nor by another provider."""
    for provider, name in (("OIDC", "TASK"), ("OIDC", "LOADER"), ("AWS", "POD"), ("GCP", "")):
        with pytest.raises(LoginError):
            log(provider, sign(claims(), KEY), name)


def test_tokens_end_by_the_clock() -> None:
    """A token that was right is refused when the clock has moved past its end."""
    proofs, token = Proofs.of(SETTINGS), sign(claims(), KEY)
    assert log("OIDC", token, proofs=proofs) == "POD"
    proofs.clock.move({"seconds": 601})
    with pytest.raises(LoginError):
        log("OIDC", token, proofs=proofs)


def aws_request(change: Callable[[dict[str, Any]], None] = lambda made: None, **more: Any) -> str:
    """A signed request as the connectors send it (wif_util.py of 4.8), signed by the AWS SDK."""
    host = more.get("host", "sts.eu-west-1.amazonaws.com")
    query = more.get("query", "Action=GetCallerIdentity&Version=2011-06-15")
    headers = {"Host": host, "X-Snowflake-Audience": more.get("audience", "snowflakecomputing.com")}
    request = AWSRequest(method="POST", url=f"{more.get('scheme', 'https')}://{host}/?{query}", headers=headers)
    credentials = Credentials(more.get("key", "ASIA1"), more.get("secret", "s"), more.get("token", "t"))
    SigV4Auth(credentials, "sts", more.get("region", "eu-west-1")).add_auth(request)
    made = {"url": request.url, "method": request.method, "headers": dict(request.headers.items())}
    change(made)
    return base64.b64encode(json.dumps(made).encode()).decode()


def test_a_request_that_aws_could_answer() -> None:
    """A signed GetCallerIdentity of a session of the role proves the user with the role's ARN; so does AWS's token."""
    assert log("AWS", aws_request()) == "TASK"
    assert log("AWS", sign(claims(iss=AWS_ISSUER, sub=ROLE), KEY)) == "TASK"


@pytest.mark.parametrize(
    "token",
    [
        aws_request(secret="wrong"),
        aws_request(token="wrong"),
        aws_request(key="AKIA2", token=None),  # right, and another's
        aws_request(key="ASIA9"),
        aws_request(host="sts.evil.example"),
        aws_request(host="sts.us-east-1.amazonaws.com"),
        aws_request(scheme="http"),
        aws_request(query="Action=GetSessionToken&Version=2011-06-15"),
        aws_request(audience="else"),
        aws_request(lambda made: made.update(method="GET")),
        aws_request(lambda made: made.update(body="x")),
        aws_request(lambda made: made["headers"].update({"X-Snowflake-Audience": "snowflakecomputing.com "})),
        aws_request(lambda made: made["headers"].update({"X-Amz-Date": "20200101T000000Z"})),
        aws_request(lambda made: made["headers"].pop("Authorization")),
        base64.b64encode(b"[]").decode(),
        "no base64",
        sign(claims(iss=AWS_ISSUER, sub="arn:aws:iam::123456789012:role/else"), KEY),
        sign(claims(iss=ISSUER, sub=ROLE), KEY),
    ],
)
def test_requests_that_prove_nothing(token: str) -> None:
    """Another secret, session, caller, host, region, call, audience, time, or form: refused."""
    with pytest.raises(LoginError, match="could not be verified"):
        log("AWS", token)


def ask(proofs: Proofs, secret: str = "se:cret", *, client: str = "etl", **fields: str) -> tuple[int, dict[str, Any]]:
    """Ask for a token as a client."""
    headers = Message()
    headers["Content-Type"] = fields.pop("content_type", "application/x-www-form-urlencoded; charset=UTF-8")
    headers["Authorization"] = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
    sent = {"grant_type": "client_credentials", "scope": "session:role:LOADER", **fields}
    return proofs.issuer.answer(headers, urlencode(sent).encode())


def test_a_client_is_given_a_token_that_ends() -> None:
    """Client, secret, grant and scope are checked (RFC 6749); the token logs its user in until it ends."""
    proofs = Proofs.of(SETTINGS)
    status, answer = ask(proofs)
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 600)
    data = {"AUTHENTICATOR": "OAUTH", "TOKEN": answer["access_token"], "LOGIN_NAME": "loader"}
    users = read_users(SETTINGS)
    assert log_in(users, "local", data, "LOADER", proofs).name == "LOADER"
    for changes, role, code in (
        ({"LOGIN_NAME": "POD"}, "", 390309),
        ({}, "OTHER", 390317),
        ({"TOKEN": answer["access_token"][:-4] + "AAAA"}, "", 390303),
    ):
        with pytest.raises(LoginError) as refused:
            log_in(users, "local", {**data, **changes}, role, proofs)
        assert refused.value.code == code
    with pytest.raises(LoginError, match="Invalid OAuth"):  # another provider's
        log_in(users, "local", data, "", Proofs.of(SETTINGS))
    proofs.clock.move({"seconds": 601})
    with pytest.raises(LoginError, match="expired"):
        log_in(users, "local", data, "", proofs)


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"secret": "wrong"}, 401, "invalid_client"),
        ({"client": "else"}, 401, "invalid_client"),
        ({"client_secret": "se:cret"}, 401, "invalid_client"),  # by both ways at once
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "session:role:ACCOUNTADMIN"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"content_type": "application/json"}, 400, "invalid_request"),
    ],
)
def test_clients_that_are_refused(wrong: dict[str, str], status: int, error: str) -> None:
    """Each refusal has the status and the word of RFC 6749, 5.2."""
    answered, body = ask(Proofs.of(SETTINGS), **wrong)
    assert (answered, body["error"]) == (status, error)


def test_passcodes_of_the_page() -> None:
    """RFC 6238, appendix B: the last six of the digits of its table."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert [totp(secret, now) for now in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_a_passcode_counts_once_and_for_its_time() -> None:
    """A passcode of now or of half a minute beside is taken, once; one of a minute ago is not."""
    factor = Factor("JBSWY3DPEHPK3PXP")
    now = 1_000_000_015.0
    assert factor.takes(totp("JBSWY3DPEHPK3PXP", now), now)
    assert not factor.takes(totp("JBSWY3DPEHPK3PXP", now), now)
    assert factor.takes(totp("JBSWY3DPEHPK3PXP", now + 30), now)
    assert not factor.takes(totp("JBSWY3DPEHPK3PXP", now - 60), now)
    assert not factor.takes("", now)


def visit(proofs: Proofs, password: str = "p", user: str = "anna") -> tuple[str, str]:
    """Sign in at the page of the identity provider; return token and proof key."""
    begun = proofs.browsers.begin({"BROWSER_MODE_REDIRECT_PORT": "4711"}, "http://server")
    page = parse_qs(urlsplit(begun["ssoUrl"]).query)["page"][0]
    assert proofs.browsers.answer(page, b"", {})[0] == 200
    status, headers, _ = proofs.browsers.answer(
        page, urlencode({"user": user, "password": password}).encode(), {"ANNA": "p"}
    )
    assert (status, headers.get("Location", "").split("?")[0]) == (302, "http://localhost:4711/")
    return parse_qs(urlsplit(headers["Location"]).query)["token"][0], begun["proofKey"]


BROWSING: dict[str, Any] = {**SETTINGS, "users": [{"name": "ANNA", "browser_password": "p"}]}


def browse(proofs: Proofs, token: str, proof_key: str, **more: Any) -> str:
    """Log in with what a browser has brought; return the user."""
    data = {"AUTHENTICATOR": "EXTERNALBROWSER", "TOKEN": token, "PROOF_KEY": proof_key, "LOGIN_NAME": "anna", **more}
    return log_in(read_users(BROWSING), "local", data, "", proofs).name


def test_a_person_at_a_browser() -> None:
    """Token and proof key prove the person, once, in time, together, and nobody else."""
    proofs = Proofs.of(BROWSING)
    token, proof_key = visit(proofs)
    assert browse(proofs, token, proof_key) == "ANNA"
    late = visit(proofs)
    proofs.clock.move({"seconds": 121})
    for refused, number in (
        ((token, proof_key, {}), 390133),
        ((*late, {}), 390133),
        ((visit(proofs)[0], visit(proofs)[1], {}), 390133),
        ((*visit(proofs), {"LOGIN_NAME": "LOADER"}), 390191),
        (("", "", {}), 390133),
        ((proofs.browsers.keep("ANNA") + "x", "", {"AUTHENTICATOR": "ID_TOKEN"}), 390195),
    ):
        with pytest.raises(LoginError) as error:
            browse(proofs, refused[0], refused[1], **refused[2])
        assert error.value.code == number


def test_the_page_of_the_identity_provider() -> None:
    """Another password or person is refused, and the page leads somewhere for two minutes and once."""
    proofs = Proofs.of(BROWSING)
    begun = proofs.browsers.begin({"BROWSER_MODE_REDIRECT_PORT": "1"}, "http://server")
    page = parse_qs(urlsplit(begun["ssoUrl"]).query)["page"][0]
    for wrong in (b"user=anna&password=q", b"user=else&password=p", b"user=anna", b"\xff"):
        assert proofs.browsers.answer(page, wrong, {"ANNA": "p"})[0] == 401
    assert proofs.browsers.answer(page, b"user=anna&password=p", {"ANNA": "p"})[0] == 302
    assert proofs.browsers.answer(page, b"user=anna&password=p", {"ANNA": "p"})[0] == 404
    assert proofs.browsers.answer("another", b"", {})[0] == 404
