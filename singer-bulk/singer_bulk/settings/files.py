"""Which settings does a configuration file hold: JSON, or the classic pipeline.conf (INI)?"""

from __future__ import annotations

import configparser
import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import unknown_name


def read_config(path: str, of_ini: Callable[[configparser.ConfigParser], dict[str, Any]]) -> dict[str, Any]:
    """Return the settings of a JSON or INI file; `of_ini` says which settings an INI file holds.

    Raises ConfigError, without the file's content.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise _wrong_file(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _wrong_file(path, f"is no UTF-8 from byte {error.start + 1} on") from None
    if text.lstrip().startswith("["):
        return of_ini(_ini(path, text))
    settings = _json(path, text)
    if not isinstance(settings, dict):
        raise _wrong_file(path, "must hold one JSON object")
    return settings


def _wrong_file(path: str, problem: str) -> ConfigError:
    return ConfigError(f"configuration file {path!r} {problem}", code="CFG-FILE")


def ini_settings(file: configparser.ConfigParser, names: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Return the settings of an INI file; `names` maps (section, key) to a setting, "" for one that is not used.

    Raises ConfigError for another key in one of these sections; other sections are other programs'.
    """
    for section in {section for section, _ in names if file.has_section(section)}:
        keys = [key for known, key in names if known == section]
        for key in set(file.options(section)) - {*keys, *file.defaults()}:
            advice = unknown_name(key, keys, {})
            raise ConfigError(f"configuration file: section [{section}] has no {key!r}; {advice}", code="CFG-VALUE")
    return {
        name: file.get(section, key) for (section, key), name in names.items() if name and file.has_option(section, key)
    }


def _json(path: str, text: str) -> Any:
    try:
        settings = json.loads(text, parse_constant=_refuse)
        json.dumps(settings, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _wrong_file(path, f"is no JSON: {error.msg} ({where})") from None
    except UnicodeEncodeError:
        raise _wrong_file(path, "has half a pair of surrogates (\\ud800) in a text") from None
    except RecursionError:
        raise _wrong_file(path, "is nested too deep") from None
    except ValueError as error:
        raise _wrong_file(path, f"is no JSON: {error}") from None
    return settings


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _ini(path: str, text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise _wrong_file(path, f"is no INI: {type(error).__name__}") from None
    return parser
