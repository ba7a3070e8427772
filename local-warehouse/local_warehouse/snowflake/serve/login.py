"""Who may log in: passwords and passcodes, browsers, key pairs, OAuth, programmatic access tokens, workloads.

https://docs.snowflake.com/en/user-guide/key-pair-auth  https://docs.snowflake.com/en/user-guide/programmatic-access-tokens
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_warehouse.snowflake.errors import LoginError
from local_warehouse.snowflake.identity.browser import KEPT_SECONDS, Browsers
from local_warehouse.snowflake.identity.clock import Clock
from local_warehouse.snowflake.identity.jwt import TokenError, TokenExpiredError, is_signed_by, load_key, parts
from local_warehouse.snowflake.identity.oauth import ANY_ROLE, Issuer, read_clients
from local_warehouse.snowflake.identity.passcodes import Factor
from local_warehouse.snowflake.identity.workload import Identity, Workloads, read_identity, read_workloads
from local_warehouse.snowflake.store.catalog import Catalog

WRONG_PASSWORD = ("Incorrect username or password was specified.", 390100)
WRONG_JWT = ("JWT token is invalid.", 390144)
WRONG_OAUTH = ("Invalid OAuth access token.", 390303)
OTHER_USER = ("The user you were trying to authenticate as differs from the user tied to the access token.", 390309)
EXPIRED_OAUTH = ("OAuth access token expired. [token]", 390318)
WRONG_PAT = ("Programmatic access token is invalid.", 394400)
NO_POLICY = ("Network policy is required.", 390432)
WRONG_PASSCODE = ("Incorrect passcode was specified.", 390127)
NO_PUSH = ("The second factor was not approved in time.", 390126)
# https://docs.snowflake.com/en/user-guide/errors-saml
WRONG_ANSWER = ("SAML response is invalid or matches no user.", 390133)
OTHER_PERSON = (
    "The user you were trying to authenticate as differs from the user currently logged in at the IDP.",
    390191,
)
# A number that the connectors know: they forget the token and open a browser.
WRONG_KEPT = ("ID Token is invalid.", 390195)
# The number is not in any page; docs/stand-ins-snowflake.md says so.
WRONG_WORKLOAD = ("The workload identity could not be verified.", 390100)


@dataclass
class Token:
    """A token that was issued: `kind` is oauth or pat; `expires` in seconds since 1970."""

    value: str
    kind: str
    expires: float | None = None


@dataclass
class User:
    """A user of the account; `public_keys` are PEM texts or their base64 bodies.

    `browser_password` is what the user proves to the identity provider, whose page a browser shows.
    A user of kind SERVICE has no password, and needs a network policy for a programmatic access token.
    """

    name: str
    password: str | None = None
    role: str = "PUBLIC"
    public_keys: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    factor: Factor | None = None
    workload: Identity | None = None
    kind: str = "PERSON"
    network_policy: str | None = None
    browser_password: str | None = None


@dataclass
class Proofs:
    """What logins are verified by: the clock of tokens, the provider of OAuth, browsers, who vouches for workloads."""

    clock: Clock
    issuer: Issuer
    workloads: Workloads
    browsers: Browsers

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Proofs:
        clock = Clock()
        issuer = Issuer(clock, read_clients(settings.get("oauth_clients") or {}))
        browsers = Browsers(clock, settings.get("sso_address") or "")
        return cls(clock, issuer, read_workloads(settings, clock), browsers)


@dataclass(frozen=True)
class Login:
    """A login request: its fields, and the role that the connection asks for."""

    users: Mapping[str, User]
    account: str
    data: Mapping[str, Any]
    role: str
    proofs: Proofs

    def text(self, name: str) -> str:
        """A field as text, empty if it is not there."""
        return str(self.data.get(name) or "")

    @property
    def name(self) -> str:
        return self.text("LOGIN_NAME").upper()


def read_users(settings: dict[str, Any]) -> dict[str, User]:
    """The users of a settings line, by upper-case name."""
    users = [User(settings["user"], settings["password"], settings["role"])]
    for raw in settings.get("users") or ():
        tokens = [Token(t["token"], t["kind"], t.get("expires")) for t in raw.get("tokens", ())]
        users.append(
            User(
                raw["name"], raw.get("password"), raw.get("role", settings["role"]), raw.get("public_keys", []), tokens,
                Factor(**raw["mfa"]) if raw.get("mfa") else None, read_identity(raw.get("workload_identity")),
                raw.get("type", "PERSON"), raw.get("network_policy"), raw.get("browser_password"),
            )
        )  # fmt: skip
    return {user.name.upper(): user for user in users}


def made_here(catalog: Catalog) -> dict[str, User]:
    """The users that CREATE USER has made."""
    made = [entry for entry in catalog.all("user") if "password" in entry.body]
    return {e.name: User(e.name, e.body["password"], e.body["role"], e.body["public_keys"]) for e in made}


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def log_in(
    users: Mapping[str, User], account: str, data: Mapping[str, Any], role: str = "", proofs: Proofs | None = None
) -> User:
    """The user that a login request proves to be; LoginError else."""
    method = str(data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
    if method not in AUTHENTICATORS:
        raise LoginError(f"Authenticator {method} is not supported here.", 390104)
    return AUTHENTICATORS[method](Login(users, account, data, role.upper(), proofs or Proofs.of({})))


def _password(login: Login) -> User:
    user, password = login.users.get(login.name), login.text("PASSWORD")
    if user is not None and any(t.kind == "pat" and _same(t.value, password) for t in user.tokens):
        return _planted(login, password, "pat")  # a PAT may stand in for the password
    if user is None or user.password is None or user.kind == "SERVICE":
        raise LoginError(*WRONG_PASSWORD)
    passcode = login.text("PASSCODE")
    # 4.x leaves the passcode behind the password to the server.
    if user.factor is not None and not passcode and login.data.get("EXT_AUTHN_DUO_METHOD") == "passcode":
        password, passcode = password[: len(user.password)], password[len(user.password) :]
    if not _same(user.password, password):
        raise LoginError(*WRONG_PASSWORD)
    if user.factor is not None:
        _second_factor(user.factor, passcode, login)
    return user


def _second_factor(factor: Factor, passcode: str, login: Login) -> None:
    now = login.proofs.clock.now()
    if passcode:
        if not factor.takes(passcode, now):
            raise LoginError(*WRONG_PASSCODE)
    elif not factor.takes_token(login.text("TOKEN"), now):
        raise LoginError(*NO_PUSH)


def _oauth(login: Login) -> User:
    token = login.text("TOKEN")
    if token.count(".") != 2:
        return _planted(login, token, "oauth")
    try:
        claims = login.proofs.issuer.claims(token)
    except TokenExpiredError:
        raise LoginError(*EXPIRED_OAUTH) from None
    except TokenError:
        raise LoginError(*WRONG_OAUTH) from None
    user = login.users.get(str(claims["sub"]))
    if user is None:
        raise LoginError(*WRONG_OAUTH)
    if login.name not in ("", user.name.upper()):
        raise LoginError(*OTHER_USER)
    asked = login.role or user.role
    if not {ANY_ROLE, f"session:role:{asked}".lower()} & {str(scope).lower() for scope in claims["scp"]}:
        raise LoginError(
            f"The role requested in the connection, or the default role if none was requested in the connection "
            f"('{asked}'), is not listed in the Access Token or was filtered.",
            390317,
        )
    return user


def _browser(login: Login) -> User:
    return _person(login, login.proofs.browsers.person(login.text("TOKEN"), login.text("PROOF_KEY")), WRONG_ANSWER)


def _kept_token(login: Login) -> User:
    return _person(login, login.proofs.browsers.person_kept(login.text("TOKEN")), WRONG_KEPT)


def _person(login: Login, person: str | None, otherwise: tuple[str, int]) -> User:
    """The user that a person at a browser is."""
    user = login.users.get(person or "")
    if user is None:
        raise LoginError(*otherwise)
    if login.name not in ("", user.name.upper()):
        raise LoginError(*OTHER_PERSON)
    return user


def _access_token(login: Login) -> User:
    return _planted(login, login.text("TOKEN"), "pat")


def _planted(login: Login, value: str, kind: str) -> User:
    for user in login.users.values():
        for token in user.tokens:
            if token.kind == kind and _same(token.value, value) and login.name in ("", user.name.upper()):
                if token.expires is not None and token.expires <= login.proofs.clock.now():
                    raise LoginError(*(EXPIRED_OAUTH if kind == "oauth" else WRONG_PAT))
                if kind == "pat" and user.kind == "SERVICE" and user.network_policy is None:
                    raise LoginError(*NO_POLICY)
                return user
    raise LoginError(*(WRONG_OAUTH if kind == "oauth" else WRONG_PAT))


def _workload(login: Login) -> User:
    provider, token = login.text("PROVIDER").upper(), login.text("TOKEN")
    for user in login.users.values():
        if user.workload is None or login.name not in ("", user.name.upper()):
            continue
        try:
            if login.proofs.workloads.proves(provider, token, user.workload):
                return user
        except TokenError:
            continue
    raise LoginError(*WRONG_WORKLOAD)


def spares_browser(user: User, data: Mapping[str, Any], proofs: Proofs) -> tuple[str | None, int]:
    """A token that spares the browser next time and its seconds, where the login asks for it (ALLOW_ID_TOKEN is on)."""
    asks = (data.get("SESSION_PARAMETERS") or {}).get("CLIENT_STORE_TEMPORARY_CREDENTIAL") is True
    if not asks or str(data.get("AUTHENTICATOR")).upper() != "EXTERNALBROWSER":
        return None, 0
    return proofs.browsers.keep(user.name.upper()), KEPT_SECONDS


def fingerprint(key: Any) -> str:
    """`SHA256:<base64>` of a public key's DER form, as in the issuer of the JWT."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def _key_pair(login: Login) -> User:
    try:
        header, claims, signed, signature = parts(login.text("TOKEN"))
        subject, issuer = str(claims["sub"]), str(claims["iss"])
        issued, expires = float(claims["iat"]), float(claims["exp"])
    except (TokenError, ValueError, KeyError, TypeError):
        raise LoginError(*WRONG_JWT) from None
    prefix = f"{login.account.split('.')[0].upper()}."
    user = login.users.get(subject.removeprefix(prefix)) if subject.startswith(prefix) else None
    now = time.time()
    # An hour is the longest life of a token; the clock may be a minute off.
    if user is None or not issued - 60 <= now < expires or expires - issued > 3600:
        raise LoginError(*WRONG_JWT)
    for text in user.public_keys:
        key = load_key(text)
        if issuer == f"{subject}.{fingerprint(key)}" and is_signed_by(key, header.get("alg"), signed, signature):
            return user
    raise LoginError(*WRONG_JWT)


AUTHENTICATORS: Mapping[str, Callable[[Login], User]] = {
    "SNOWFLAKE": _password,
    "USERNAME_PASSWORD_MFA": _password,
    "EXTERNALBROWSER": _browser,
    "ID_TOKEN": _kept_token,
    "SNOWFLAKE_JWT": _key_pair,
    "OAUTH": _oauth,
    "PROGRAMMATIC_ACCESS_TOKEN": _access_token,
    "WORKLOAD_IDENTITY": _workload,
}
