"""A command in this process, with drivers that tell everything they were given: what comes out of it?

The worst that a library can do is to repeat its arguments: in what it raises, and in what it logs at any level under
its own name or another. Here psycopg2, the connector of Snowflake and boto3 do both.
"""

from __future__ import annotations

import base64
import io
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.client
import psycopg2
import pytest
import snowflake.connector
from botocore.exceptions import ClientError

from tests.leaks.connectors import Connector, Setup

LOGGERS = ("botocore.auth", "urllib3.connectionpool", "snowflake.connector.auth", "requests", "any.other")
INPUT = (
    b'{"type": "SCHEMA", "stream": "t", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": []}\n'
    b'{"type": "RECORD", "stream": "t", "record": {"id": 1}}\n{"type": "STATE", "value": 1}\n'
)


@dataclass
class Outcome:
    """What a run has said."""

    status: int
    stdout: str
    stderr: str
    told: list[str]  # what the drivers were given


def _tell(told: list[str], given: Mapping[str, Any]) -> str:
    """Log what was given at every level, as a message, as its arguments and in a traceback; return it as a text."""
    flat = {name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in given.items()}
    told.append(str(flat))
    text = " ".join(str(value) for value in flat.values())
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            logger.log(level, "sent %s", flat)
            logger.log(level, text)
            for value in flat.values():
                logger.log(level, "with %s and %r", value, value)
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("any.other").exception("failed with %s", text)
    return text


class _Cursor:
    """A warehouse that has nothing, and tells a statement with keys in it."""

    description = None
    rowcount = -1
    sfqid = "1"

    def __init__(self, told: list[str], refused: Any, stage: str | None, statement: str) -> None:
        self._told, self._refused, self._stage, self._statement = told, refused, stage, statement
        self._rows: list[Any] = []

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, **_: Any) -> None:
        self._rows = []
        if self._statement and sql.startswith("CREATE SCHEMA"):
            raise self._refused(f"syntax error in: {_tell(self._told, {'sql': self._statement})}")
        if sql.startswith("DESC STAGE") and not self._stage:
            raise self._refused("stage does not exist", errno=2003)
        if sql.startswith("DESC STAGE"):
            self._rows = [("STAGE_LOCATION", "URL", "String", f'["{self._stage}"]', "[]")]

    def fetchall(self) -> list[Any]:
        return self._rows


class _Connection:
    closed = 0
    autocommit = False

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def cursor(self) -> _Cursor:
        return _Cursor(*self._arguments)

    def get_backend_pid(self) -> int:
        return 1

    def close(self) -> None:
        pass


# What is refused: the login, a file for S3, a statement that has keys in it.
REFUSALS = ("login", "file", "statement")


def talkative(
    monkeypatch: pytest.MonkeyPatch, refusal: str, stage: str | None = None, statement: str = ""
) -> list[str]:
    """Replace the drivers, which refuse one of REFUSALS; return what they are given from now on.

    `stage`: where Snowflake's stage leads to, None if there is none yet. `statement`: the one that is refused.
    """
    told: list[str] = []
    lets_in = refusal != "login"

    def connect_redshift(**given: Any) -> _Connection:
        if lets_in:
            return _Connection(told, psycopg2.ProgrammingError, stage, statement)
        raise psycopg2.OperationalError(f"FATAL: {_tell(told, given)}")

    def connect_snowflake(**given: Any) -> _Connection:
        if lets_in:
            return _Connection(told, snowflake.connector.errors.ProgrammingError, stage, statement)
        key = given.pop("private_key", b"")
        text = _tell(told, {**given, "key": repr(key), "base64": base64.b64encode(key).decode(), "hex": key.hex()})
        raise snowflake.connector.errors.DatabaseError(f"refused: {text}")

    def call(self: Any, operation: str, parameters: Any) -> Any:
        found = self._request_signer._credentials
        given = {"key": found.access_key, "secret": found.secret_key, "token": found.token}
        given |= self.meta.config.proxies or {}
        answer = {"Error": {"Code": "InvalidToken", "Message": _tell(told, given)}}
        raise ClientError(answer, operation)  # type: ignore[arg-type]

    monkeypatch.setattr(psycopg2, "connect", connect_redshift)
    monkeypatch.setattr(snowflake.connector, "connect", connect_snowflake)
    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    return told


@contextmanager
def _streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[io.BytesIO, io.StringIO]]:
    out, err = io.BytesIO(), io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(INPUT)))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=True))
        patch.setattr(sys, "stderr", err)
        yield out, err


def run(
    connector: Connector,
    setup: Setup,
    monkeypatch: pytest.MonkeyPatch,
    told: list[str],
    *arguments: str,
    level: str = "",
) -> Outcome:
    """Run the command; with a level its log is set to it."""
    root = logging.getLogger()
    before = root.handlers[:]
    del told[:]
    with monkeypatch.context() as patch, _streams(patch) as (out, err):
        for name, text in setup.environment.items():
            patch.setenv(name, text)
        if level:
            patch.setenv(f"{connector.prefix}LOGLEVEL", level)
        patch.setattr(sys, "argv", [connector.plugin.name, *setup.arguments, *arguments])
        try:
            connector.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)
        return Outcome(status, out.getvalue().decode(), err.getvalue(), list(told))
