"""The ways to sign in: what each needs and takes of the settings, and what settings say against one another.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

OKTA = "https://"
TOKEN = ("token", "token_file_path")


@dataclass(frozen=True)
class Way:
    """needs: of each group one setting; takes: what may be given beside them."""

    needs: tuple[tuple[str, ...], ...] = ()
    takes: tuple[str, ...] = ()

    @property
    def names(self) -> set[str]:
        """All settings that this way signs in with."""
        return {*self.takes, *(name for group in self.needs for name in group)}


KEPT = "client_store_temporary_credential"
# Authenticator -> what it signs in with; Okta's is a URL.
SIGNS_IN_WITH = {
    "snowflake": Way((("password",),)),
    "username_password_mfa": Way((("password",),), ("passcode", "passcode_in_password", KEPT)),
    OKTA: Way((("password",),)),
    "snowflake_jwt": Way((("private_key", "private_key_path"),), ("private_key_passphrase",)),
    "oauth": Way((TOKEN,)),
    "oauth_client_credentials": Way(
        (("oauth_client_id",), ("oauth_client_secret",), ("oauth_token_request_url",)), ("oauth_scope",)
    ),
    "programmatic_access_token": Way((TOKEN,)),
    "workload_identity": Way(
        (("workload_identity_provider",),),
        (
            *TOKEN,
            "workload_identity_impersonation_path",
            "workload_identity_entra_resource",
            "workload_identity_aws_use_outbound_token",
        ),
    ),
    "externalbrowser": Way((), (KEPT,)),
}
# Where no authenticator is set, the first of these whose needs are met.
BY_THEMSELVES = ("snowflake", "snowflake_jwt")
_ALL = {name: None for way in SIGNS_IN_WITH.values() for group in (*way.needs, way.takes) for name in group}
# Setting of workload identity -> the providers that it is for.
# https://docs.snowflake.com/en/user-guide/workload-identity-federation
_OF_PROVIDERS = {
    "token": ("OIDC",),
    "token_file_path": ("OIDC",),
    "workload_identity_impersonation_path": ("AWS", "GCP", "AZURE"),
    "workload_identity_entra_resource": ("AZURE",),
    "workload_identity_aws_use_outbound_token": ("AWS",),
}
_TWICE = {"private_key": "key", "token": "token"}
# Where a secret may go without TLS: it leaves no machine.
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def sign_in_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what the settings to sign in say against one another; no value is shown."""
    given = [name for name in _ALL if config.get(name)]
    problems = [
        f"settings {first!r} and {second!r} both give the {_TWICE[first]}; keep one"
        for first, second in (("private_key", "private_key_path"), TOKEN)
        if first in given and second in given
    ]
    if config.get("private_key_passphrase") and not {"private_key", "private_key_path"}.intersection(given):
        problems.append("setting 'private_key_passphrase' needs 'private_key' or 'private_key_path'")
        given.remove("private_key_passphrase")
    authenticator = str(config.get("authenticator") or "").lower()
    if not authenticator:
        return problems + _without_authenticator(given)
    name = OKTA if authenticator.startswith(OKTA) else authenticator
    if name not in SIGNS_IN_WITH:
        known = ", ".join(repr(one) for one in SIGNS_IN_WITH if one != OKTA)
        return [*problems, f"setting 'authenticator' takes {known}, or the https:// URL of Okta, got another one"]
    return problems + _with(SIGNS_IN_WITH[name], given) + _of_provider(config, given) + _of_token_url(config)


def _without_authenticator(given: Sequence[str]) -> list[str]:
    """Return what is wrong where nothing but the settings themselves says what they are for."""
    ways = [SIGNS_IN_WITH[name] for name in BY_THEMSELVES]
    signing = [next((one for one in given if one in way.needs[0]), None) for way in ways]
    found = [one for one in signing if one]
    others = [one for one in given if not any(one in way.names for way in ways)]
    tokens = [one for one in others if one in TOKEN][:1]
    if set(TOKEN) <= set(others):
        others.remove("token_file_path")
    if len(found) + len(tokens) > 1:
        both = [*found, *tokens][:2]
        return [f"settings {' and '.join(map(repr, both))} both sign in; keep one"]
    return [f"setting {one!r} needs 'authenticator', as {_needing(one)}" for one in others]


def _needing(setting: str) -> str:
    """Return the authenticators that a setting is for."""
    return " or ".join(repr(name) for name, way in SIGNS_IN_WITH.items() if setting in way.names and name != OKTA)


def _with(way: Way, given: Sequence[str]) -> list[str]:
    """Return what is given and is not for this way, and what it lacks."""
    problems = [
        f"setting {one!r} is not what this 'authenticator' signs in with; remove one of the two"
        for one in given
        if one not in way.names
    ]
    missing = [group for group in way.needs if not any(one in given for one in group)]
    return problems + [
        f"setting 'authenticator' as it is set needs {' or '.join(map(repr, group))}" for group in missing
    ]


def _of_provider(config: Mapping[str, Any], given: Sequence[str]) -> list[str]:
    """Return what is wrong with the settings of a workload identity, by its provider."""
    provider = config.get("workload_identity_provider")
    if provider is None or str(config.get("authenticator")).lower() != "workload_identity":
        return []
    problems = [
        f"setting {one!r} is for the 'workload_identity_provider' {' or '.join(providers)}; remove one of the two"
        for one, providers in _OF_PROVIDERS.items()
        if one in given and provider not in providers
    ]
    if provider == "OIDC" and not any(one in given for one in TOKEN):
        problems.append("setting 'workload_identity_provider' OIDC needs 'token_file_path' or 'token'")
    return problems


def _of_token_url(config: Mapping[str, Any]) -> list[str]:
    try:
        url = urlsplit(str(config.get("oauth_token_request_url") or OKTA))
    except ValueError:
        url = urlsplit("")
    if url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK):
        return []
    return ["setting 'oauth_token_request_url' takes an https:// URL: the client's secret goes there"]
