"""An identity provider that gives clients tokens: OAuth client credentials, as an external OAuth server does it.

The server issues JWTs that it signs by a key of its own; the login verifies them by that key.
https://www.rfc-editor.org/rfc/rfc6749#section-4.4 https://docs.snowflake.com/en/user-guide/oauth-ext-custom
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from cryptography.hazmat.primitives.asymmetric import rsa

from local_warehouse.snowflake.identity.clock import Clock
from local_warehouse.snowflake.identity.jwt import sign, verified

ISSUER, AUDIENCE = "https://local-warehouse/oauth", "https://local.snowflakecomputing.com"
FORM = "application/x-www-form-urlencoded"
ANY_ROLE = "session:role-any"


@dataclass
class Client:
    """A client: whose tokens it gets, which scopes they may have, how long they live."""

    secret: str
    user: str
    scopes: tuple[str, ...]
    seconds: int = 600


@dataclass
class Issuer:
    """The provider: its clients by their ids; `issued` counts its tokens."""

    clock: Clock
    clients: dict[str, Client] = field(default_factory=dict)
    issued: int = 0

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def answer(self, headers: Any, raw: bytes) -> tuple[int, dict[str, Any]]:
        """Status and body of a request for a token."""
        if str(headers.get("Content-Type") or "").partition(";")[0].strip().lower() != FORM:
            return 400, {"error": "invalid_request", "error_description": f"Content-Type must be {FORM}"}
        fields = parse_qs(raw.decode("utf-8", "replace"), strict_parsing=False)
        if any(len(values) > 1 for values in fields.values()):
            return 400, {"error": "invalid_request", "error_description": "a parameter stands there twice"}
        given = {name: values[0] for name, values in fields.items()}
        name, secret = _client_of(headers.get("Authorization"), given)
        client = self.clients.get(name)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            return 401, {"error": "invalid_client", "error_description": "client or secret is wrong"}
        if given.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        scopes = given.get("scope", "").split()
        if not scopes or not {*scopes} <= {*client.scopes}:
            return 400, {"error": "invalid_scope", "error_description": "not a scope of this client"}
        self.issued += 1
        return 200, {"access_token": self._token(client, scopes), "token_type": "Bearer", "expires_in": client.seconds}

    def _token(self, client: Client, scopes: list[str]) -> str:
        now = self.clock.now()
        times = {"iat": now, "nbf": now, "exp": now + client.seconds}
        return sign({"iss": ISSUER, "aud": AUDIENCE, "sub": client.user, "scp": scopes, **times}, self._key)

    def claims(self, token: str) -> dict[str, Any]:
        """What a token of this provider says; TokenError if it is none, or has ended."""
        return verified(token, [self._key.public_key()], ISSUER, [AUDIENCE], self.clock.now())


def _client_of(authorization: str | None, given: dict[str, str]) -> tuple[str, str]:
    """Id and secret of the client: by HTTP Basic, or in the body, not both (RFC 6749, 2.3.1)."""
    if authorization is None:
        return given.get("client_id", ""), given.get("client_secret", "")
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic" or "client_secret" in given:
        return "", ""
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def read_clients(raw: dict[str, Any]) -> dict[str, Client]:
    """The clients of a settings line."""
    return {
        name: Client(one["secret"], one["user"].upper(), tuple(one["scopes"]), int(one.get("seconds", 600)))
        for name, one in raw.items()
    }
