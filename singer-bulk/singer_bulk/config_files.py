"""Which settings do the configuration files hold: JSON, or the classic pipeline.conf (INI)?"""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from typing import Any

from singer_bulk.errors import ConfigError

IniNames = Mapping[tuple[str, str], str]


def read_config(path: str, ini_names: IniNames) -> dict[str, Any]:
    """Return the settings of a JSON or INI file; `ini_names` maps (section, key) to a setting.

    Raises ConfigError, without the file's content.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ConfigError(f"configuration file {path!r} cannot be read: {error.strerror}") from error
    if text.lstrip().startswith("["):
        return _ini(path, text, ini_names)
    try:
        settings = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"configuration file {path!r} is no JSON: {error.msg} ({where})") from None
    if not isinstance(settings, dict):
        raise ConfigError(f"configuration file {path!r} must hold one JSON object")
    return settings


def _ini(path: str, text: str, names: IniNames) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ConfigError(f"configuration file {path!r} is no INI: {type(error).__name__}") from None
    settings: dict[str, Any] = {}
    for (section, key), name in names.items():
        if parser.has_option(section, key):
            settings[name] = parser.get(section, key)
    if "port" in settings:
        settings["port"] = int(settings["port"])
    account, role = settings.pop("account_id", None), settings.get("iam_role")
    if account and role and not role.startswith("arn:") and role != "default":
        settings["iam_role"] = f"arn:aws:iam::{account}:role/{role}"
    return settings
