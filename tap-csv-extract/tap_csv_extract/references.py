"""What does a setting mean that may name a secret instead of holding it (docs/sign-in/secrets.md)?

Asked where the value is needed, at each connection: `resolved(settings)`, or `resolve(name, text)`. What a text means
is in held.py, where secrets are in near.py, aws_secrets.py and vault.py.

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from tap_csv_extract.aws_secrets import read_parameter, read_secret
from tap_csv_extract.declared import referable
from tap_csv_extract.errors import ConfigError
from tap_csv_extract.held import NotResolved, Secrets, Source
from tap_csv_extract.masks import masks
from tap_csv_extract.near import read_file, read_variable
from tap_csv_extract.vault import Vault

_Settings = TypeVar("_Settings", bound=msgspec.Struct)


def _hide(value: str) -> None:
    masks.hide([value])


# Scheme -> where it leads.
SOURCES: Mapping[str, Source] = {
    "env": Source("a variable of the environment", read_variable, has_parts=False),
    "file": Source("a file", read_file, has_parts=False),
    "aws-secretsmanager": Source("a secret of AWS Secrets Manager", read_secret),
    "aws-ssm": Source("a parameter of AWS Systems Manager", read_parameter),
    "vault": Source("a secret of Vault", Vault(_hide).read),
}
# Of this process.
secrets = Secrets(SOURCES, _hide)


def resolve(setting: str, text: str) -> str:
    """Return the secret: what the text refers to, or the text itself; raises ConfigError, with no value in it."""
    return resolve_all({setting: text})[setting]


def resolved(settings: _Settings) -> _Settings:
    """Return the settings with each that takes a reference as it is now; raises ConfigError, with no value in it."""
    named = referable(type(settings))
    texts = {setting: getattr(settings, field) for field, setting in named.items()}
    values = resolve_all({setting: text for setting, text in texts.items() if isinstance(text, str)})
    return msgspec.structs.replace(
        settings, **{field: values[setting] for field, setting in named.items() if setting in values}
    )


def resolve_all(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the secret of each setting, those of one source from one reading; raises ConfigError as `resolve` does."""
    try:
        return secrets.values(texts)
    except NotResolved as error:
        raise ConfigError(str(error), code="CSV-CFG-SECRET") from error.__cause__
