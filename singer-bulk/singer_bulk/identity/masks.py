"""What is secret is cut out of every log record of this process, whoever makes it.

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

# A shorter text stands in too many words.
MIN_CHARACTERS = 4
MASK = "***"
# Of other programs, that we or their libraries read.
VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD", "VAULT_TOKEN", "VAULT_SECRET_ID")


def secrets_in(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the values of the settings that are declared secret, and those that the environment has."""
    named = [name for name, declared in schema["properties"].items() if declared.get("secret")]
    values = [config.get(name) for name in named] + [os.environ.get(name) for name in VARIABLES]
    return [value for value in values if isinstance(value, str)]


def forms(text: str) -> tuple[str, ...]:
    """Return the text as it is, and as URLs, Python, JSON and SQL write it."""
    sql = text.replace("\\", "\\\\").replace("'", "''")
    written = (json.dumps(text, ensure_ascii=ascii_alone)[1:-1] for ascii_alone in (True, False))
    return text, quote(text, ""), repr(text)[1:-1], *written, sql


class Masks:
    """The secrets that log records are searched for, from `install` on."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._make: Callable[..., logging.LogRecord] = logging.LogRecord

    def install(self) -> None:
        """Look at every record of this process from now on, once however often a command is run in it."""
        before = made = logging.getLogRecordFactory()
        while (owner := getattr(before, "__self__", None)) is not None and hasattr(owner, "_make"):
            if owner is self:
                return
            before = owner._make  # of another package of ours in this process
        self._make = made
        logging.setLogRecordFactory(self.record)

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these as well, in each of their `forms`; a key of many lines line by line."""
        parts = {part.strip() for secret in secrets for part in (secret, *secret.splitlines())}
        found = {form for part in parts if len(part) >= MIN_CHARACTERS for form in forms(part)}
        found |= {" ".join(form.split()) for form in found}  # drivers' words, and ours, stand in one line
        self.texts = sorted(found.union(self.texts), key=len, reverse=True)

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
