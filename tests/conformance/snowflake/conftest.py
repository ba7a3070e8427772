"""What the conformance tests of Snowflake share: statements, errors, and files put into S3 for COPY.

Everything here uses the configuration alone, so the tests also run on a real account with --snowflake-config.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import snowflake.connector
from snowflake.connector.errors import Error

Config = dict[str, Any]
Rows = list[tuple[Any, ...]]


def connect(config: Config, **changes: Any) -> Any:
    """A connection of snowflake-connector-python; session in UTC."""
    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    arguments = {name: config[name] for name in names if name in config}
    return snowflake.connector.connect(
        **{
            **arguments,
            "session_parameters": {"TIMEZONE": "UTC"},
            "enable_server_session_keep_alive_auto_detection": False,
            **changes,
        }
    )


@dataclass
class Db:
    """One connection, in a schema of the test's own."""

    connection: Any

    def run(self, sql: str) -> Rows:
        """Run one statement and return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def value(self, sql: str) -> Any:
        """The only value that a statement returns."""
        ((only,),) = self.run(sql)
        return only

    def records(self, sql: str) -> list[dict[str, Any]]:
        """Rows as dicts by column name."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def fails(self, sql: str, code: int | None = None) -> str:
        """The error's text of a statement that must fail, with this number if one is given."""
        with pytest.raises(Error) as raised:
            self.run(sql)
        if code is not None:
            assert raised.value.errno == code, raised.value
        return str(raised.value.raw_msg)

    def close(self) -> None:
        self.connection.close()


@functools.cache
def _client(endpoint_url: str | None, region: str, key: str, secret: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


@dataclass
class Stage:
    """A stage of the test's own, and the keys to put files into it."""

    config: Config
    db: Db
    prefix: str
    name: str = "ST"
    put_keys: list[str] = field(default_factory=list)

    @property
    def client(self) -> Any:
        names = ("s3_endpoint_url", "s3_region", "aws_access_key_id", "aws_secret_access_key")
        return _client(*(self.config.get(name) for name in names))

    @property
    def url(self) -> str:
        return f"s3://{self.config['s3_bucket']}/{self.prefix}/"

    def put(self, name: str, body: bytes | str) -> str:
        """Put a file; returns its URL."""
        data = body.encode() if isinstance(body, str) else body
        self.client.put_object(Bucket=self.config["s3_bucket"], Key=f"{self.prefix}/{name}", Body=data)
        return self.url + name

    def names(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=self.config["s3_bucket"], Prefix=f"{self.prefix}/")
        return sorted(item["Key"].removeprefix(f"{self.prefix}/") for item in listed.get("Contents", ()))

    def copy(self, table: str, rest: str = "") -> list[dict[str, Any]]:
        """COPY INTO table FROM the stage; the result's rows."""
        return self.db.records(f"COPY INTO {table} FROM @{self.name} {rest}")


@pytest.fixture
def config(snowflake_config: Config) -> Config:
    return snowflake_config


@pytest.fixture
def db(config: Config) -> Iterator[Db]:
    """A connection whose current schema is new and empty."""
    database = Db(connect(config))
    database.run(f'CREATE SCHEMA "{config["default_target_schema"]}"')
    yield database
    database.connection.rollback()
    database.run(f'DROP SCHEMA IF EXISTS "{config["database"]}"."{config["default_target_schema"]}"')
    database.close()


@pytest.fixture
def other(config: Config, db: Db) -> Iterator[Db]:
    """A second session in the same schema."""
    database = Db(connect(config, schema=config["default_target_schema"]))
    yield database
    database.close()


@pytest.fixture
def stage(config: Config, db: Db) -> Stage:
    """A stage over an empty prefix, with the default file format."""
    made = Stage(config, db, config["s3_key_prefix"])
    db.run(f"CREATE STAGE ST URL='{made.url}' {access(config)}")
    return made


def access(config: Config) -> str:
    """What the stage reads S3 with: an integration, or keys where S3 knows no roles (--s3 rclone)."""
    if "storage_integration" in config:
        return f"STORAGE_INTEGRATION = {config['storage_integration']}"
    keys = (config["aws_access_key_id"], config["aws_secret_access_key"])
    return "CREDENTIALS = (AWS_KEY_ID = '{}' AWS_SECRET_KEY = '{}')".format(*keys)
