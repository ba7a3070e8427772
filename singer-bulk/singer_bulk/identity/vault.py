"""Secrets in Vault or OpenBao: keys and values of both versions, and what other engines lease, as users of a database.

Vault's own variables say where it is and who asks: VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_CAPATH,
VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_TOKEN. Those of the other ways to sign in are in vault_methods.py.

https://developer.hashicorp.com/vault/docs/commands#environment-variables
https://developer.hashicorp.com/vault/docs/concepts/lease

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from singer_bulk.identity.held import EARLY_SECONDS, Found, NotResolved
from singer_bulk.identity.vault_methods import METHODS, chosen

TIMEOUT_SECONDS = 30
SHOWN_CHARACTERS = 160


class Vault:
    """One Vault, signed in to when it is first asked, and again before the token ends."""

    def __init__(
        self,
        hide: Callable[[str], None],
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hide = hide
        self._environment = environment
        self._clock = clock
        self._made: Any = None
        self._token_got = 0.0
        self._token_ends: float | None = None
        self._is_renewable = False

    def read(self, path: str) -> Found:
        """Return what is at the path, written as `vault kv get` and `vault read` take it."""
        client = self._client()
        with _told("which Vault does not give"):
            mount = _mount(client, path)
            if mount is None:
                return self._of_engine(client.adapter.get(f"/v1/{quote(path)}"))
            inner = f"{mount}data/{path[len(mount) :]}"
            return Found(parts=client.adapter.get(f"/v1/{quote(inner)}")["data"]["data"])

    def _of_engine(self, answer: Mapping[str, Any]) -> Found:
        data, now = answer.get("data") or {}, self._clock()
        if lease := answer.get("lease_id"):
            ends = self._earlier(now + answer["lease_duration"])
            return Found(parts=data, ends=ends, renew=lambda: self._renew(lease) if answer["renewable"] else None)
        # A user that is there already, whose password Vault changes (static-creds): seconds until it does.
        if "last_vault_rotation" in data and data.get("ttl"):
            return Found(parts=data, ends=now + data["ttl"])
        return Found(parts=data)

    def _renew(self, lease: str) -> float:
        client = self._client()
        with _told("whose lease Vault does not renew"):
            return self._earlier(self._clock() + client.sys.renew_lease(lease)["lease_duration"])

    def _earlier(self, ends: float) -> float:
        """Leases end with the token that they were asked for with."""
        return ends if self._token_ends is None else min(ends, self._token_ends)

    def _client(self) -> Any:
        now = self._clock()
        if self._made is not None and (self._token_ends is None or now < self._token_due):
            return self._made
        if self._made is None or not self._renew_token(now):
            self._made = self._sign_in()
        return self._made

    @property
    def _token_due(self) -> float:
        assert self._token_ends is not None
        return self._token_ends - min(EARLY_SECONDS, (self._token_ends - self._token_got) / 2)

    def _renew_token(self, now: float) -> bool:
        """Return whether the token lives on for long enough to be of use."""
        if not self._is_renewable or self._token_ends is None or self._token_ends <= now:
            return False
        life = self._token_ends - self._token_got
        try:
            with _told("whose token Vault does not renew"):
                answer = self._made.auth.token.renew_self()["auth"]
        except NotResolved:
            return False
        if answer["lease_duration"] < life / 2:
            return False
        self._keep_token(answer)
        return True

    def _keep_token(self, answer: Mapping[str, Any]) -> None:
        seconds = answer.get("lease_duration") or answer.get("ttl") or 0  # 0: a root token, which does not end
        self._token_got = self._clock()
        self._token_ends = self._token_got + seconds if seconds else None
        self._is_renewable = bool(answer.get("renewable"))

    def _sign_in(self) -> Any:
        client, method = self._new_client(), chosen(self._environment)
        with _told(f"and Vault refuses to sign in by {method}", is_sign_in=True):
            answer = METHODS[method](client, self._environment)
            if answer is None:
                answer = _looked_up(client)
        self._hide(str(client.token))
        self._keep_token(answer)
        return client

    def _new_client(self) -> Any:
        try:
            import hvac
        except ImportError:
            raise NotResolved(
                "and hvac, which speaks to Vault, is not installed", "install the extra `vault`"
            ) from None
        get = self._environment.get
        if not get("VAULT_ADDR"):
            raise NotResolved("and nothing says where Vault is", "set VAULT_ADDR")
        certificate = (get("VAULT_CLIENT_CERT"), get("VAULT_CLIENT_KEY")) if get("VAULT_CLIENT_CERT") else None
        return hvac.Client(
            url=get("VAULT_ADDR"),
            token="",  # hvac would look for one by itself
            namespace=get("VAULT_NAMESPACE") or None,
            verify=get("VAULT_CACERT") or get("VAULT_CAPATH") or True,
            cert=certificate,
            timeout=TIMEOUT_SECONDS,
        )


def _mount(client: Any, path: str) -> str | None:
    """Return where the key-value store of version 2 begins that the path leads into; None for all else.

    As `vault kv` asks it: https://developer.hashicorp.com/vault/api-docs/system/internal-ui-mounts
    """
    import hvac

    try:
        mount = client.adapter.get(f"/v1/sys/internal/ui/mounts/{quote(path)}")["data"]
    except (hvac.exceptions.Forbidden, hvac.exceptions.InvalidPath):
        return None  # who may not see the mount may not read it either: reading says so
    return str(mount["path"]) if (mount.get("options") or {}).get("version") == "2" else None


def _looked_up(client: Any) -> Mapping[str, Any]:
    """Return how long a token lives that was given; nothing if it may not look at itself."""
    import hvac

    try:
        data: Mapping[str, Any] = client.auth.token.lookup_self()["data"]
    except hvac.exceptions.Forbidden:
        return {}  # reading says whether it is good for anything
    return data


@contextmanager
def _told(doing: str, *, is_sign_in: bool = False) -> Iterator[None]:
    """Raise what hvac and requests raise meanwhile as NotResolved, with no path and no value in it."""
    import hvac
    import requests

    try:
        yield
    except hvac.exceptions.VaultError as error:
        problem, remedy = _ANSWERS.get(type(error).__name__, _OTHER) if not is_sign_in else _OTHER
        problem = problem or " ".join(" ".join(map(str, error.errors or ["no reason is given"])).split())
        raise NotResolved(f"{doing}: {problem[:SHOWN_CHARACTERS]}", remedy) from None
    except requests.exceptions.SSLError:
        remedy = "set VAULT_CACERT to the certificate of its authority"
        raise NotResolved("and the certificate of Vault is not trusted", remedy) from None
    except requests.exceptions.RequestException as error:
        problem = f"and Vault cannot be reached ({type(error).__name__})"
        raise NotResolved(problem, "check VAULT_ADDR and the network") from None
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"{doing}: the answer is none of Vault's ({type(error).__name__})"
        raise NotResolved(problem, "check VAULT_ADDR") from None


# hvac's exception -> what it means, and what to do; else what Vault says, which has neither path nor value in it.
_ANSWERS = {
    "InvalidPath": ("nothing is there", "correct the path; it is written as `vault kv get` takes it, without data/"),
    "Forbidden": (
        "permission denied",
        "give a token whose policy lets it read the path, in the right VAULT_NAMESPACE",
    ),
    "VaultDown": ("it is sealed or in maintenance", "unseal it, or try again"),
}
_OTHER = ("", "check what signs in to Vault, and its role")
