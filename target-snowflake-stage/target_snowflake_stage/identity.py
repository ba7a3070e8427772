"""What the connector is given to sign in with: asked for anew at each connection, so that what was renewed is used."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.settings.secrets import masks

from target_snowflake_stage.config import SnowflakeSettings

# Longer is no token, but the wrong file.
MAX_TOKEN_BYTES = 1 << 20
# Where one of these is set a browser can show a window.
# https://wayland.freedesktop.org/docs/html/ https://www.x.org/releases/current/doc/man/man7/X.7.xhtml
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def sign_in_arguments(settings: SnowflakeSettings, key: bytes | None) -> dict[str, Any]:
    """Return what this connection signs in with.

    The file with the token is read at each call, as the key is: a run that outlives its token connects with the next
    one. A client's token and the proof of a workload are got by the connector, at each login.

    Raises ConfigError.
    """
    arguments: dict[str, Any] = {
        "password": settings.password,
        "authenticator": settings.authenticator,
        "oauth_client_id": settings.oauth_client_id,
        "oauth_client_secret": settings.oauth_client_secret,
        "oauth_token_request_url": settings.oauth_token_request_url,
        "oauth_scope": settings.oauth_scope,
        "workload_identity_provider": settings.workload_identity_provider,
        "workload_identity_impersonation_path": [*settings.workload_identity_impersonation_path] or None,
        "workload_identity_entra_resource": settings.workload_identity_entra_resource,
        # 4.x takes a setting of a workload identity, though it says no, for a sign of one.
        "workload_identity_aws_use_outbound_token": settings.workload_identity_aws_use_outbound_token or None,
        "passcode": settings.passcode,
        "passcode_in_password": settings.passcode_in_password or None,
        "token": _token(settings),
    }
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if key is not None:
        arguments["private_key"] = key
        arguments.setdefault("authenticator", "SNOWFLAKE_JWT")
    if (settings.authenticator or "").lower() == "externalbrowser":
        demand_browser()
    return arguments


def _token(settings: SnowflakeSettings) -> str | None:
    if settings.token_file_path is None:
        return settings.token
    path = os.path.expanduser(settings.token_file_path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_TOKEN_BYTES + 1)
    except OSError as error:
        raise _wrong(f"{path!r} cannot be read: {error.strerror}; let whoever issues the token write it") from None
    try:
        token = content.decode("ascii").strip()
    except UnicodeDecodeError:
        raise _wrong(f"{path!r} is no text of a token; give the file that has the token alone") from None
    if not token:
        raise _wrong(f"{path!r} is empty; let whoever issues the token write it")
    if len(content) > MAX_TOKEN_BYTES or len(token.split()) > 1:
        raise _wrong(f"{path!r} has more than a token; give the file that has the token alone")
    masks.hide([token])
    return token


def _wrong(text: str) -> ConfigError:
    return ConfigError(f"token_file_path {text}", code="SF-TOKEN")


def demand_browser() -> None:
    """Raise ConfigError where no browser can be opened: the connector 4.x would ask on standard input, which is the
    tap's, and 5.x would wait until the login's time is over."""
    has_display = sys.platform != "linux" or any(os.environ.get(name) for name in _DISPLAYS)
    try:
        if has_display:
            webbrowser.get()
            return
    except webbrowser.Error:
        pass
    raise ConfigError(
        "authenticator externalbrowser opens a browser, and there is none on this machine; sign in by a key pair, by "
        "oauth_client_credentials or by workload_identity, which need nobody",
        code="SF-BROWSER",
    )
