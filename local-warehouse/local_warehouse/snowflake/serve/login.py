"""Who may log in: passwords, key pairs, OAuth tokens, programmatic access tokens.

https://docs.snowflake.com/en/user-guide/key-pair-auth  https://docs.snowflake.com/en/user-guide/programmatic-access-tokens
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any

from local_warehouse.snowflake.errors import LoginError
from local_warehouse.snowflake.store.catalog import Catalog

WRONG_PASSWORD = ("Incorrect username or password was specified.", 390100)
WRONG_JWT = ("JWT token is invalid.", 390144)
WRONG_OAUTH = ("Invalid OAuth access token.", 390303)
EXPIRED_OAUTH = ("OAuth access token expired. [token]", 390318)
WRONG_PAT = ("Programmatic access token is invalid.", 394400)


@dataclass
class Token:
    """A token that was issued: `kind` is oauth or pat; `expires` in seconds since 1970."""

    value: str
    kind: str
    expires: float | None = None


@dataclass
class User:
    """A user of the account; `public_keys` are PEM texts or their base64 bodies."""

    name: str
    password: str | None = None
    role: str = "PUBLIC"
    public_keys: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)


def read_users(settings: dict[str, Any]) -> dict[str, User]:
    """The users of a settings line, by upper-case name."""
    users = [User(settings["user"], settings["password"], settings["role"])]
    for raw in settings.get("users") or ():
        tokens = [Token(t["token"], t["kind"], t.get("expires")) for t in raw.get("tokens", ())]
        users.append(
            User(
                raw["name"], raw.get("password"), raw.get("role", settings["role"]), raw.get("public_keys", []), tokens
            )
        )
    return {user.name.upper(): user for user in users}


def made_here(catalog: Catalog) -> dict[str, User]:
    """The users that CREATE USER has made."""
    made = [entry for entry in catalog.all("user") if "password" in entry.body]
    return {e.name: User(e.name, e.body["password"], e.body["role"], e.body["public_keys"]) for e in made}


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def log_in(users: dict[str, User], account: str, data: dict[str, Any]) -> User:
    """The user that a login request proves to be; LoginError else."""
    method = str(data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
    name = str(data.get("LOGIN_NAME") or "").upper()
    token = data.get("TOKEN")
    if method == "SNOWFLAKE_JWT":
        return _key_pair(users, account, str(token or ""))
    if method in ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"):
        return _token(users, name, str(token or ""), "oauth" if method == "OAUTH" else "pat")
    if method not in ("SNOWFLAKE", "USERNAME_PASSWORD_MFA"):
        raise LoginError(f"Authenticator {method} is not supported here.", 390104)
    return _password(users, name, str(data.get("PASSWORD") or ""))


def _password(users: dict[str, User], name: str, password: str) -> User:
    user = users.get(name)
    if user is not None and user.password is not None and _same(user.password, password):
        return user
    if user is not None and any(t.kind == "pat" and _same(t.value, password) for t in user.tokens):
        return _token(users, name, password, "pat")  # a PAT may stand in for the password
    raise LoginError(*WRONG_PASSWORD)


def _token(users: dict[str, User], name: str, value: str, kind: str) -> User:
    for user in users.values():
        for token in user.tokens:
            if token.kind == kind and _same(token.value, value) and name in ("", user.name.upper()):
                if token.expires is not None and token.expires <= time.time():
                    raise LoginError(*(EXPIRED_OAUTH if kind == "oauth" else WRONG_PAT))
                return user
    raise LoginError(*(WRONG_OAUTH if kind == "oauth" else WRONG_PAT))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def fingerprint(key: Any) -> str:
    """`SHA256:<base64>` of a public key's DER form, as in the issuer of the JWT."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def _load_key(text: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    if "BEGIN" in text:
        return load_pem_public_key(text.encode())
    return load_der_public_key(base64.b64decode(text))


def _verified(key: Any, header: dict[str, Any], signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    if header.get("alg") != "RS256" or not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        return False
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _key_pair(users: dict[str, User], account: str, token: str) -> User:
    try:
        head, body, tail = token.split(".")
        header, claims, signature = json.loads(_decoded(head)), json.loads(_decoded(body)), _decoded(tail)
        subject, issuer = str(claims["sub"]), str(claims["iss"])
        issued, expires = float(claims["iat"]), float(claims["exp"])
    except (ValueError, KeyError, TypeError):
        raise LoginError(*WRONG_JWT) from None
    prefix = f"{account.split('.')[0].upper()}."
    user = users.get(subject.removeprefix(prefix)) if subject.startswith(prefix) else None
    now = time.time()
    # An hour is the longest life of a token; the clock may be a minute off.
    if user is None or not issued - 60 <= now < expires or expires - issued > 3600:
        raise LoginError(*WRONG_JWT)
    for text in user.public_keys:
        key = _load_key(text)
        if issuer == f"{subject}.{fingerprint(key)}" and _verified(key, header, f"{head}.{body}".encode(), signature):
            return user
    raise LoginError(*WRONG_JWT)
