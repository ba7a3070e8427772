"""Where the misconfigurations are tried: stand-ins with an administrator, and a target that runs in this process."""

from __future__ import annotations

import io
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from local_warehouse import settings as stand_in_settings
from local_warehouse.snowflake.serve.server import serve
from local_warehouse.supervisor import StandIns
from singer_bulk.cli import BulkTarget
from singer_bulk.errors import BulkError
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

TARGETS: Mapping[str, type[BulkTarget]] = {"redshift": TargetRedshiftCopy, "snowflake": TargetSnowflakeStage}
Config = dict[str, Any]
# What a message tells to run, as far as it goes.
STATEMENT = re.compile(r"\b(?:run|or run|key:) ((?:GRANT|CREATE|ALTER) .*?)(?=, because|, or\b|; | \[[A-Z]+-|$)")
VISITOR, VISITOR_PASSWORD = "visitor", "Visitor1secret"


@dataclass
class Outcome:
    """The error that ended a run, None if there was none, and what was logged as a WARNING or worse."""

    error: str | None
    logged: list[str]


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


def ran(warehouse: str, config: Config, variables: Mapping[str, str], messages: str) -> Outcome:
    """Run a target over the messages."""
    kept = Kept()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TARGET_"))}
    clean |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": tempfile.gettempdir(), **variables}
    logging.getLogger().addHandler(kept)
    try:
        with mock.patch.dict(os.environ, clean, clear=True), redirect_stdout(io.StringIO()):
            target = TARGETS[warehouse](config=config)
            target._load(io.StringIO(messages))
    except BulkError as error:
        return Outcome(str(error), kept.lines)
    finally:
        logging.getLogger().removeHandler(kept)
    return Outcome(None, kept.lines)


@dataclass
class Place:
    """Running stand-ins, their configurations, and what an administrator may do; `messages`: what is loaded."""

    stand_ins: StandIns
    folder: Path
    _second: Any = None
    _sessions: dict[str, Any] = field(default_factory=dict)

    def config(self, warehouse: str, number: int) -> Config:
        """Return a right configuration, with a prefix of its own."""
        config = {**self.stand_ins.configs[warehouse], "s3_key_prefix": f"first-day/{number}", "encoders": 0}
        return config | ({"stage": f"STAGE_{number}"} if warehouse == "snowflake" else {})

    def role(self, name: str) -> str:
        return str(self.stand_ins.s3["roles"][name])

    def client(self, service: str) -> Any:
        """Return boto3's client of the administrator."""
        facts, keys = self.stand_ins.s3, self.stand_ins.s3["keys"]["admin"]
        return boto3.client(
            service,
            endpoint_url=facts["endpoint_url"],
            region_name=facts["region"],
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )

    def sql(self, warehouse: str, *statements: str) -> None:
        """Run statements as the administrator."""
        with self._session(warehouse).cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def query(self, warehouse: str, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the administrator's."""
        with self._session(warehouse).cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def obey(self, warehouse: str, message: str) -> None:
        """Run the statement that a message tells to run."""
        found = STATEMENT.search(message)
        assert found is not None, message
        self.sql(warehouse, found[1])

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def second_snowflake(self) -> Any:
        """A Snowflake whose users sign in by keys and tokens."""
        if self._second is None:
            told = stand_in_settings.for_snowflake(self.folder / "second", self.stand_ins.s3)
            (self.folder / "second" / "snowflake").mkdir(parents=True)
            told["users"] = [
                {"name": "SVC", "public_keys": []},
                {"name": "APP", "tokens": [{"token": "good-token", "kind": "oauth"}]},
                {"name": "OLD", "tokens": [{"token": "old-token", "kind": "oauth", "expires": 1.0}]},
            ]
            self._second = serve({**told, "admin_socket": None})
        return self._second[0]

    def signed_in(self, user: str) -> Config:
        """Return what leads a user to that Snowflake, without a password."""
        return {"user": user, "password": None, "port": self.second_snowflake().server_address[1]}

    def _session(self, warehouse: str) -> Any:
        if warehouse not in self._sessions:
            config = self.stand_ins.configs[warehouse]
            if warehouse == "redshift":
                import psycopg2

                names = ("host", "port", "user", "password", "sslmode")
                session = psycopg2.connect(dbname=config["database"], **{name: config[name] for name in names})
                session.autocommit = True
            else:
                import snowflake.connector

                names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
                session = snowflake.connector.connect(
                    **{name: config[name] for name in names}, enable_server_session_keep_alive_auto_detection=False
                )
            self._sessions[warehouse] = session
        return self._sessions[warehouse]

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        if self._second is not None:
            server, thread = self._second
            server.shutdown()
            thread.join()
            server.warehouse.close()
            server.server_close()


@contextmanager
def place(*warehouses: str) -> Iterator[Place]:
    """Run stand-ins for the misconfigurations."""
    with StandIns(only=("s3", *warehouses)) as stand_ins, tempfile.TemporaryDirectory() as folder:
        made = Place(stand_ins, Path(folder))
        try:
            yield made
        finally:
            made.close()
