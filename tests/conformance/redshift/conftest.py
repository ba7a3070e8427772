"""What the conformance tests of Redshift share: statements, errors, and files put into S3 for COPY.

Everything here uses the configuration alone, so the tests also run on a real warehouse with --redshift-config.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
import psycopg2
import pytest

Config = dict[str, Any]


def connect(config: Config, **changes: Any) -> Any:
    """A psycopg2 connection in autocommit mode."""
    names = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "dbname"}
    arguments = {argument: config[name] for name, argument in names.items()}
    connection = psycopg2.connect(**{**arguments, "sslmode": config.get("sslmode", "prefer"), **changes})
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout TO 600000")  # a statement that waits for ever fails its test alone
    return connection


@dataclass
class Db:
    """One connection, in a schema of the test's own."""

    connection: Any

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement; its rows, if it has any."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, sql: str) -> Any:
        return self.run(sql)[0][0]

    def error(self, sql: str) -> psycopg2.Error:
        """Run a statement that must fail; its error."""
        with pytest.raises(psycopg2.Error) as caught:
            self.run(sql)
        return caught.value

    @property
    def pid(self) -> int:
        return int(self.value("SELECT pg_backend_pid()"))


@lru_cache
def _client(endpoint_url: str | None, region: str | None, key: str | None, secret: str | None) -> Any:
    # 0.3 s to make; the same for all tests of a worker.
    return boto3.session.Session().client(
        "s3", endpoint_url=endpoint_url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
    )


@dataclass
class Stage:
    """A place in S3 that COPY can read."""

    config: Config
    prefix: str
    counter: Iterator[int]

    def __post_init__(self) -> None:
        names = ("s3_endpoint_url", "s3_region", "aws_access_key_id", "aws_secret_access_key")
        self.client = _client(*(self.config.get(name) for name in names))

    @property
    def bucket(self) -> str:
        return str(self.config["s3_bucket"])

    def put(self, body: bytes | str, name: str = "") -> str:
        """Store an object; its URL."""
        key = f"{self.prefix}/{name or f'file{next(self.counter)}'}"
        data = body.encode() if isinstance(body, str) else body
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)
        return f"s3://{self.bucket}/{key}"

    def manifest(self, *urls: str, mandatory: bool = True, name: str = "") -> str:
        """Store a manifest of `urls`; its own URL."""
        entries = [{"url": url, "mandatory": mandatory} for url in urls]
        return self.put(json.dumps({"entries": entries}), name or f"list{next(self.counter)}.manifest")

    def url(self, name: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}/{name}"

    @property
    def keys(self) -> str:
        """Authorization by keys: what a test uses that loads often, for it spares assuming a role."""
        key, secret = self.config["aws_access_key_id"], self.config["aws_secret_access_key"]
        token = self.config.get("aws_session_token")
        session = f" SESSION_TOKEN '{token}'" if token else ""
        return f"ACCESS_KEY_ID '{key}' SECRET_ACCESS_KEY '{secret}'{session}"

    @property
    def role(self) -> str:
        """What COPY reads S3 with: a role, or keys where S3 knows none (--s3 rclone)."""
        if "iam_role" in self.config:
            return f"IAM_ROLE '{self.config['iam_role']}'"
        keys = (self.config["aws_access_key_id"], self.config["aws_secret_access_key"])
        return "ACCESS_KEY_ID '{}' SECRET_ACCESS_KEY '{}'".format(*keys)


@pytest.fixture
def open_db(redshift_config: Config) -> Iterator[Callable[..., Db]]:
    """Open connections whose search path is the test's schema; all are closed after the test."""
    opened: list[Any] = []
    schema = redshift_config["default_target_schema"]

    def open_one(**changes: Any) -> Db:
        connection = connect(redshift_config, **changes)
        opened.append(connection)
        db = Db(connection)
        db.run(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        db.run(f'SET search_path TO "{schema}"')
        return db

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def db(open_db: Callable[..., Db]) -> Db:
    return open_db()


@pytest.fixture
def other(open_db: Callable[..., Db]) -> Db:
    """A second connection to the same schema."""
    return open_db()


@pytest.fixture
def stand_in(request: pytest.FixtureRequest) -> Any:
    """The running set; a test that asks for it is about the stand-in alone and does not run on a real account."""
    if request.config.getoption("--redshift-config") is not None:
        pytest.skip("about the stand-in alone")
    return request.getfixturevalue("warehouses").start("redshift")


@pytest.fixture
def stage(redshift_config: Config) -> Stage:
    return Stage(redshift_config, f"{redshift_config['s3_key_prefix']}/conformance", itertools.count(1))
