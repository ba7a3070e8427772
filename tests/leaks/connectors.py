"""The three connectors with canaries in their sensitive settings, and every way to set these."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from singer_bulk.identity import references
from tap_csv_extract import cli as tap
from tap_csv_extract import references as tap_references
from target_redshift_copy import cli as redshift
from target_redshift_copy.config import INI_NAMES as REDSHIFT_INI
from target_snowflake_stage import cli as snowflake
from target_snowflake_stage.config import INI_NAMES as SNOWFLAKE_INI


@dataclass(frozen=True)
class Connector:
    """A command. `needed`: its other settings; `groups`: sensitive settings that go together, with what they need."""

    plugin: Any
    main: Callable[[], Any]
    references: Any
    needed: Mapping[str, Any]
    groups: tuple[Mapping[str, Any], ...]
    ini: Mapping[tuple[str, str], str]

    @property
    def prefix(self) -> str:
        """What its variables of the environment begin with."""
        return str(self.plugin.name).upper().replace("-", "_") + "_"

    @property
    def sensitive(self) -> set[str]:
        """The settings that are declared secret."""
        declared = self.plugin._get_about_info().settings["properties"]
        return {name for name, one in declared.items() if one.get("secret")}


AWS = {"aws_access_key_id": None, "aws_secret_access_key": None, "aws_session_token": None}
LOGIN = {"login_access_key_id": None, "login_secret_access_key": None, "login_session_token": None}
CLIENT = {
    "authenticator": "oauth_client_credentials", "oauth_client_id": "i",
    "oauth_token_request_url": "https://login.example/token",
}  # fmt: skip
BUCKET = {"s3_bucket": "bucket", "s3_region": "eu-west-1"}
# None: a canary.
CONNECTORS = {
    "target-redshift-copy": Connector(
        redshift.TargetRedshiftCopy,
        redshift.main,
        references,
        {"host": "h", "user": "u", "database": "d", "create_schema": True, **BUCKET},
        (
            {"password": None, **AWS, "s3_proxy_url": None, "mask_key": None, "on_failure": None},
            {**LOGIN, "cluster_identifier": "c", "login_region": "eu-west-1", "iam_role": "default"},
        ),
        REDSHIFT_INI,
    ),
    "target-snowflake-stage": Connector(
        snowflake.TargetSnowflakeStage,
        snowflake.main,
        references,
        {"account": "a", "user": "u", "database": "d", "create_schema": True, **BUCKET},
        (
            # A stage is made of keys that do not end.
            {"password": None, "aws_access_key_id": None, "aws_secret_access_key": None},
            {"token": None, "authenticator": "oauth", **AWS, "storage_integration": "i", "s3_proxy_url": None},
            {"private_key": None, "private_key_passphrase": None, **AWS},
            {**CLIENT, "oauth_client_secret": None, "mask_key": None, "on_failure": None},
            {"authenticator": "username_password_mfa", "password": None, "passcode": None},
        ),
        SNOWFLAKE_INI,
    ),
    "tap-csv-extract": Connector(
        tap.TapCsvExtract,
        tap.main,
        tap_references,
        {"files": [{"path": "s3://bucket/a.csv", "stream": "a"}], "s3_region": "eu-west-1"},
        (AWS,),
        {},
    ),
}
# Each with every form of text that may be written otherwise by a URL, by Python, by SQL, by JSON or in one line.
ODD = "'%  /\\\"é"


@dataclass(frozen=True)
class Canary:
    """What stands in a setting. `marks`: what is looked for: none of it is changed by any way to write a text."""

    text: str
    marks: tuple[str, ...]


@cache
def canary(setting: str) -> Canary:
    """Return what no other text has in it."""
    if setting == "private_key":
        return _private_key(canary("private_key_passphrase").text)
    marks = tuple(f"Zq7{part}{setting.replace('_', '')}" for part in ("front", "back"))
    return Canary(ODD.join(marks), marks)


def _private_key(passphrase: str) -> Canary:
    """Return an encrypted key; looked for is each line of it, and the middle of each form of what a driver is given."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    lock = serialization.BestAvailableEncryption(passphrase.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode().strip()
    lines = tuple(line for line in pem.splitlines() if "-----" not in line and len(line) > 20)
    bare = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    forms = (repr(bare), base64.b64encode(bare).decode(), bare.hex())
    return Canary(pem, (*lines, *(form[len(form) // 2 :][:40] for form in forms)))


@dataclass
class Setup:
    """A configuration: arguments of the command, its environment, and what the sources of secrets hold."""

    arguments: list[str]
    environment: dict[str, str]
    held: dict[str, str]


def _files(folder: Path, config: Mapping[str, Any]) -> list[str]:
    (folder / "config.json").write_text(json.dumps(config))
    return ["--config", str(folder / "config.json")]


def _json(connector: Connector, folder: Path, config: Mapping[str, Any]) -> Setup:
    return Setup(_files(folder, config), {}, {})


def _texts(connector: Connector, config: Mapping[str, Any]) -> dict[str, str]:
    written = {name: one if isinstance(one, str) else json.dumps(one) for name, one in config.items()}
    return {f"{connector.prefix}{name.upper()}": text for name, text in written.items()}


def _environment(connector: Connector, folder: Path, config: Mapping[str, Any]) -> Setup:
    return Setup(["--config", "ENV"], _texts(connector, config), {})


def _ini(connector: Connector, folder: Path, config: Mapping[str, Any]) -> Setup:
    """Settings that pipeline.conf knows stand there, one line each; the others in a JSON file."""
    sections: dict[str, list[str]] = {}
    rest = dict(config)
    for (section, key), name in connector.ini.items():
        if name in rest:
            sections.setdefault(section, []).append(f"{key} = {rest.pop(name)}\n")
    (folder / "pipeline.conf").write_text("".join(f"[{name}]\n{''.join(rows)}" for name, rows in sections.items()))
    return Setup(["--config", str(folder / "pipeline.conf"), *_files(folder, rest)], {}, {})


def _meltano(connector: Connector, folder: Path, config: Mapping[str, Any]) -> Setup:
    """A file and all of it again in the environment, as Meltano runs a plugin."""
    own = {"MELTANO_ENVIRONMENT": "prod", "MELTANO_PROJECT_ROOT": str(folder)}
    return Setup(_files(folder, config), {**_texts(connector, config), **own}, {})


def _by(scheme: str) -> Callable[[Connector, Path, Mapping[str, Any]], Setup]:
    def made(connector: Connector, folder: Path, config: Mapping[str, Any]) -> Setup:
        """Each sensitive setting is a reference; the sources hold the canaries."""
        setup, places = Setup([], {}, {}), dict(config)
        for name in connector.sensitive & config.keys():
            text, place = str(config[name]), f"place/of/{name}"
            if scheme == "env":
                place = f"HELD_{name.upper()}"
                setup.environment[place] = text
            elif scheme == "file":
                place = str(folder / f"{name}.secret")
                Path(place).write_text(text)
            elif scheme == "literal":
                place = text
            else:
                setup.held[place] = text
            places[name] = f"{scheme}:{place}" + ("#value" if scheme == "vault" else "")
        setup.arguments = _files(folder, places)
        return setup

    return made


# Every way to configure. Those behind `literal` have their sources replaced: their own tests are in tests/vault and
# tests/unit/identity.
WAYS: Mapping[str, Callable[[Connector, Path, Mapping[str, Any]], Setup]] = {
    "json": _json,
    "environment": _environment,
    "ini": _ini,
    "meltano": _meltano,
    "env": _by("env"),
    "file": _by("file"),
    "literal": _by("literal"),
    "aws-secretsmanager": _by("aws-secretsmanager"),
    "aws-ssm": _by("aws-ssm"),
    "vault": _by("vault"),
}


def configurations(name: str, way: str, folder: Path) -> Iterator[tuple[Setup, dict[str, Canary]]]:
    """Yield each group of sensitive settings of a connector, configured in one way."""
    connector = CONNECTORS[name]
    for number, group in enumerate(connector.groups):
        canaries = {setting: canary(setting) for setting, value in group.items() if value is None}
        if way == "ini":
            canaries = {setting: one for setting, one in canaries.items() if setting in connector.ini.values()}
        if not canaries or (way == "ini" and number):
            continue
        others = {setting: value for setting, value in group.items() if value is not None}
        place = folder / f"{name}-{way}-{number}"
        place.mkdir()
        texts = {setting: one.text for setting, one in canaries.items()}
        yield WAYS[way](connector, place, {**connector.needed, **others, **texts}), canaries
