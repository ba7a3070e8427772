"""What is secret comes into no log: not into ours, and not into what boto3, urllib3 or a driver logs at DEBUG.

The libraries below log whole requests there, with tokens that no setting has (x-amz-security-token of a role), so they
keep to INFO whatever LOGLEVEL says. Values that the settings or the environment have are masked in every record.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3", "snowflake")
VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD")
# A shorter text stands in too many words.
MIN_CHARACTERS = 4
MASK = "***"


def keep_libraries_quiet() -> None:
    """Let the libraries log from INFO on, and what lies below only where their own loggers are set to it."""
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))


def secrets_in(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the values of the settings that are declared secret, and those that the environment has."""
    named = [name for name, declared in schema["properties"].items() if declared.get("secret")]
    values = [config.get(name) for name in named] + [os.environ.get(name) for name in VARIABLES]
    return [value for value in values if isinstance(value, str)]


class Masks:
    """The secrets that log records are searched for, from `install` on."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._make: Callable[..., logging.LogRecord] = logging.LogRecord

    def install(self) -> None:
        """Look at every record of this process from now on, once however often a command is run in it."""
        made = logging.getLogRecordFactory()
        if made != self.record:
            self._make = made
            logging.setLogRecordFactory(self.record)

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these as well, as they are and as URLs and Python write them; a key of many lines line by line."""
        parts = {part.strip() for secret in secrets for part in (secret, *secret.splitlines())}
        forms = {
            form for part in parts if len(part) >= MIN_CHARACTERS for form in (part, quote(part, ""), repr(part)[1:-1])
        }
        self.texts = sorted(forms.union(self.texts), key=len, reverse=True)

    def masked(self, text: str) -> str:
        """Return the text without the secrets."""
        for secret in self.texts:
            text = text.replace(secret, MASK)
        return text

    def record(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        """Make a record without the secrets in its message and its traceback."""
        record = self._make(*arguments, **named)
        if not self.texts:
            return record
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            return record  # logging itself says what is wrong with it
        if self.masked(message) != message:
            record.msg, record.args = self.masked(message), ()
        if record.exc_info and record.exc_info[0] is not None:
            traceback = logging.Formatter().formatException(record.exc_info)
            if self.masked(traceback) != traceback:
                record.exc_info, record.exc_text = None, self.masked(traceback)
        return record


# Of this process.
masks = Masks()
