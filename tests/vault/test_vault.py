"""Secrets of Vault: by each way to sign in, of both stores, leased and renewed; on a real OpenBao and on a test server.

The test server (documented.py) gives the protocol's documented answers, in every run; OpenBao (openbao.py) is real and
comes from the package registry, in make test-long. OpenBao has no AWS method: there the test server stands alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from singer_bulk.identity.held import NotResolved, Secrets, Source
from singer_bulk.identity.vault import Vault

from tests.vault.content import KUBERNETES_TOKEN, LEASE, ROLE, ROOT, SECRET, TOKEN_SECONDS
from tests.vault.documented import AWS_KEYS, SERVER_ID, Documented, serving
from tests.vault.openbao import NAMESPACE, OpenBao, running


@dataclass
class Served:
    """One of the servers. `now`: the clock of the run; a real server keeps its own."""

    variables: dict[str, str]
    double: Documented | None = None
    real: OpenBao | None = None
    now: float = 0.0

    def move(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        if self.double:
            self.double.now = self.now

    def secrets(self, **variables: str) -> Run:
        """Begin a run with these variables of the environment, and that of the server."""
        return Run(self, {**self.variables, **variables})


class Run:
    """What a run knows of secrets."""

    def __init__(self, served: Served, environment: dict[str, str]) -> None:
        self.served = served
        self.hidden: list[str] = []
        self.vault = Vault(self.hidden.append, environment, clock=lambda: served.now)
        self.secrets = Secrets(
            {"vault": Source("a secret of Vault", self.vault.read)},
            self.hidden.append,
            clock=lambda: served.now,
            start=lambda work: None,
        )

    def value(self, place: str) -> str:
        """Return the value of a reference."""
        return self.secrets.values({"password": f"vault:{place}"})["password"]

    def pair(self) -> tuple[str, str]:
        """Return a leased user with its password."""
        path = "vault:database/creds/loader"
        values = self.secrets.values({"user": f"{path}#username", "password": f"{path}#password"})
        return values["user"], values["password"]

    def refusal(self, place: str) -> str:
        """Return what is said of a reference that leads nowhere."""
        with pytest.raises(NotResolved) as refused:
            self.value(place)
        told = str(refused.value)
        assert place.partition("#")[0] not in told
        begin, end = "setting 'password' is a reference (vault:) to a secret of Vault, ", ", or, if the text"
        return told.removeprefix(begin).partition(end)[0]


@pytest.fixture(scope="module", params=["documented", pytest.param("openbao", marks=pytest.mark.long)])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run a server."""
    if request.param == "documented":
        with serving(double := Documented()) as address:
            yield Served({"VAULT_ADDR": address}, double=double)
    else:
        with running(tmp_path_factory.mktemp("openbao")) as real:
            yield Served(real.variables, real=real)


@pytest.fixture
def served(started: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The server, for a user without a token at home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("VAULT_", "AWS_"))]:
        monkeypatch.delenv(name)
    return Served(started.variables, started.double, started.real, started.now)


def approle(**more: str) -> dict[str, str]:
    """Return the variables of the role."""
    return {"VAULT_ROLE_ID": ROLE[0], "VAULT_SECRET_ID": ROLE[1], **more}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("secret/prod/redshift#password", SECRET),
        ("secret/prod/redshift#port", "5439"),
        ("secret/with space#password", SECRET),
        ("kv1/bucket#secret_key", SECRET),
    ],
)
def test_stores_of_both_versions(served: Served, place: str, value: str) -> None:
    """A path is written as `vault kv get` takes it, whatever the store's version."""
    run = served.secrets(VAULT_TOKEN=ROOT)
    assert run.value(place) == value
    assert {ROOT, value} <= set(run.hidden)


@pytest.mark.parametrize("started", [pytest.param("openbao", marks=pytest.mark.long)], indirect=True)
def test_namespace(served: Served) -> None:
    """The same path in another namespace is another secret."""
    run = served.secrets(VAULT_TOKEN=ROOT, VAULT_NAMESPACE=NAMESPACE)
    assert run.value("secret/prod/redshift#password") == NAMESPACE


def test_ways_to_sign_in(served: Served, tmp_path: Path) -> None:
    """By a token, of the environment or left by `vault login`, by AppRole, and by the service account of a pod."""
    (tmp_path / "pod").write_text(KUBERNETES_TOKEN)
    pod = {"VAULT_ROLE": "loader", "VAULT_K8S_TOKEN_PATH": str(tmp_path / "pod")}
    for variables in (
        {"VAULT_TOKEN": ROOT},
        approle(),
        {"VAULT_AUTH_METHOD": "AppRole", "VAULT_AUTH_MOUNT": "approle", "VAULT_TOKEN": "x", **approle()},
        pod,
        {"VAULT_AUTH_METHOD": "kubernetes", **pod},
    ):
        run = served.secrets(**variables)
        assert run.value("secret/prod/redshift#password") == SECRET
        assert len(set(run.hidden)) == 2  # the token, and the secret
    (tmp_path / ".vault-token").write_text(ROOT)
    assert served.secrets().value("secret/prod/redshift#password") == SECRET


def test_aws_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A request to STS is signed with boto3's identity, and Vault, here the test server, checks the signature."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEYS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEYS[1])
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    method = {"VAULT_AUTH_METHOD": "aws", "VAULT_ROLE": "loader", "VAULT_AWS_IAM_SERVER_ID": SERVER_ID}
    with serving(double := Documented()) as address:
        served = Served({"VAULT_ADDR": address}, double=double)
        assert served.secrets(**method).value("secret/prod/redshift#password") == SECRET
        refused = "and Vault refuses to sign in by aws: {}; check what signs in to Vault, and its role"
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        told = served.secrets(**method).refusal("secret/prod/redshift#password")
        assert told == refused.format("error making upstream request")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        assert served.secrets(**method).refusal("secret/prod/redshift#password") == (
            "and there are no AWS credentials to sign in to Vault with; let the environment give them (AWS_PROFILE, "
            "keys, a role)"
        )


READ = "which Vault does not give: "
DENIED = f"{READ}permission denied; give a token whose policy lets it read the path, in the right VAULT_NAMESPACE"
NOTHING = f"{READ}nothing is there; correct the path; it is written as `vault kv get` takes it, without data/"


def test_what_vault_does_not_give(served: Served) -> None:
    """Nothing at the path, no right to it, no such part: each is told by what to do, without path and value."""
    run = served.secrets(**approle())
    assert run.refusal("secret/none#password") == NOTHING
    assert run.refusal("secret/gone#password") == NOTHING
    assert run.refusal("kv1/none#password") == NOTHING
    assert run.refusal("secret/forbidden#password") == DENIED
    assert run.refusal("secret/prod/redshift#pass") == ("which has no part of that name; correct what stands behind #")
    assert run.refusal("secret/prod/redshift").startswith("which has parts, and none is named; ")


def test_who_cannot_sign_in(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named by its variable; what Vault says of a refused login is repeated."""
    place = "secret/prod/redshift#password"
    refused = "and Vault refuses to sign in by {}: {}; check what signs in to Vault, and its role"
    told = served.secrets(VAULT_ROLE_ID=ROLE[0], VAULT_SECRET_ID="x").refusal(place)
    assert told == refused.format("approle", "invalid role or secret ID")
    (tmp_path / "pod").write_text(KUBERNETES_TOKEN)
    pod = {"VAULT_AUTH_METHOD": "kubernetes", "VAULT_K8S_TOKEN_PATH": str(tmp_path / "pod")}
    told = served.secrets(VAULT_ROLE="other", **pod).refusal(place)
    assert told == refused.format("kubernetes", 'invalid role name "other"')
    assert served.secrets(**pod).refusal(place) == "and Vault cannot be signed in to; set VAULT_ROLE"
    pod["VAULT_K8S_TOKEN_PATH"] = str(tmp_path / "none")
    assert served.secrets(**pod).refusal(place) == (
        "and the token of the service account cannot be read; set VAULT_K8S_TOKEN_PATH"
    )
    assert served.secrets(VAULT_TOKEN="x").refusal(place) == DENIED
    assert served.secrets(VAULT_AUTH_METHOD="ldap").refusal(place) == (
        "and VAULT_AUTH_METHOD names no way to sign in; take one of token, approle, kubernetes, aws"
    )
    assert served.secrets().refusal(place).startswith("and nothing says who asks Vault (VAULT_TOKEN, VAULT_ROLE_ID ")
    gone = Served({"VAULT_ADDR": "http://127.0.0.1:9"})
    assert gone.secrets(VAULT_TOKEN=ROOT).refusal(place) == (
        "and Vault cannot be reached (ConnectionError); check VAULT_ADDR and the network"
    )
    nowhere = Served({}).secrets(VAULT_TOKEN=ROOT)
    assert nowhere.refusal(place) == "and nothing says where Vault is; set VAULT_ADDR"
    if served.real:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        untrusted = Served({"VAULT_ADDR": served.variables["VAULT_ADDR"]}).secrets(VAULT_TOKEN=ROOT)
        assert untrusted.refusal(place) == (
            "and the certificate of Vault is not trusted; set VAULT_CACERT to the certificate of its authority"
        )


def test_a_leased_user(served: Served) -> None:
    """User and password are of one lease; the lease is renewed at the server, and read anew where it is gone."""
    run = served.secrets(**approle())
    pair = run.pair()
    assert run.pair() == pair
    (held,) = run.secrets._held.values()
    # A lease ends with the token it was asked for with.
    assert held.found.ends == pytest.approx(served.now + TOKEN_SECONDS, abs=2)
    served.now += TOKEN_SECONDS - 290  # of the run alone: what is due is renewed now, whatever the server's clock says
    run.secrets.renew_due()
    assert run.pair() == pair
    (held,) = run.secrets._held.values()
    assert held.found.ends == pytest.approx(served.now + TOKEN_SECONDS, abs=2)
    if served.real:
        _serves(served.real, pair, run)


def _serves(real: OpenBao, pair: tuple[str, str], run: Run) -> None:
    """The real server has renewed the lease, its user signs in, and one that was revoked is replaced by another."""
    leases = real.root.sys.list_leases("database/creds/loader/")["data"]["keys"]
    looked_up = [real.root.sys.read_lease(f"database/creds/loader/{lease}")["data"] for lease in leases]
    (renewed,) = [one for one in looked_up if one["last_renewal"]]
    arguments = {**real.postgres, "user": pair[0], "password": pair[1]}
    psycopg2.connect(**arguments).close()
    real.root.sys.revoke_lease(renewed["id"])
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(**arguments)
    run.served.now += TOKEN_SECONDS
    user, password = run.pair()
    assert user != pair[0]
    psycopg2.connect(**{**real.postgres, "user": user, "password": password}).close()


@pytest.mark.parametrize("started", ["documented"], indirect=True)
def test_a_run_of_many_lifetimes(started: Served, served: Served) -> None:
    """Whatever ends at the server, token or lease, a user that holds is there: on a moved clock."""
    assert served.double is not None
    run = served.secrets(**approle())
    users = set()
    for _ in range(9 * LEASE // 120):
        served.move(120)
        run.secrets.renew_due()
        user, _ = run.pair()
        users.add(user)
        held = f"database/creds/loader/{user.rpartition('-')[2]}"
        assert served.double.leases[held] > served.now
        assert served.double.tokens[run.vault._made.token] > served.now  # type: ignore[operator]
    started.now = served.now
    asked = [one for one in served.double.asked if one.endswith("approle/login")]
    assert len(asked) > 3
    assert len(users) > 3
