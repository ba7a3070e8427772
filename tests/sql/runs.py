"""Whole runs of the targets over drivers that keep what they are told: every statement, in its order.

Everything is the command as it is installed, but S3 and the driver's connection: the answers are those of a warehouse
in which there is nothing yet.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import psycopg2
import snowflake.connector.errors
from singer_bulk.errors import BulkError
from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import print_last_state
from singer_bulk.stage.base import StageWriter
from singer_bulk.stage.memory import MemoryStage, MemoryWriter
from singer_bulk.warehouse import words
from singer_bulk.warehouse.ledger_form import LEDGER_COLUMNS
from snowflake.connector.constants import QueryStatus
from target_redshift_copy.types import TYPES as REDSHIFT_TYPES
from target_snowflake_stage.types import TYPES as SNOWFLAKE_TYPES

from bench.stub import Tables, believing, target_of
from tests.fakes import lines, literals

CONFIG: dict[str, dict[str, Any]] = {
    "redshift": {"host": "stub", "user": "stub", "password": "stub", "database": "dev",
                 "iam_role": "arn:aws:iam::123456789012:role/copy"},
    "snowflake": {"account": "stub", "user": "stub", "password": "stub", "database": "demo",
                  "storage_integration": "my_s3"},
}  # fmt: skip
SHARED = {
    "default_target_schema": "sales",
    "create_schema": True,
    "s3_bucket": "bucket",
    "s3_key_prefix": "singer",
    "encoders": 0,
}
TYPES = {"redshift": REDSHIFT_TYPES, "snowflake": SNOWFLAKE_TYPES}
NOT_THERE = snowflake.connector.errors.ProgrammingError(msg="does not exist or not authorized", errno=2003)
LOST = {
    "redshift": psycopg2.OperationalError("server closed the connection unexpectedly"),
    "snowflake": snowflake.connector.errors.OperationalError(msg="connection reset", errno=250001),
}
REFUSED = {
    "redshift": psycopg2.InternalError("Load into table 'orders' failed"),
    "snowflake": snowflake.connector.errors.ProgrammingError(msg="Numeric value 'x' is not recognized", errno=100038),
}

# How a statement begins -> its rows. The first that fits; none: no rows.
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "SELECT COUNT(*) FROM stv_slices": [(4,)],
    "SELECT COUNT(*)": [(0,)],
    "SELECT CASE WHEN": [(1,)],  # a value comes back from its conversion
    'DELETE FROM "DEMO"': [(0,)],
    'MERGE INTO "DEMO"': [(1, 0)],  # Redshift is taken not to say what a MERGE has written
    'INSERT INTO "_singer_scratch': [(1,)],
    "SELECT CURRENT_TRANSACTION()": [("1590000000000000000",)],
    "SELECT MAX(": [(None,)],
}

# What differs from run to run, and what stands for it.
STEADY = [
    (re.compile(r"\b[0-9a-f]{32}\b"), "0" * 32),
    (re.compile(r"\b\d{8}T\d{6}Z"), "20200601T120000Z"),
    (re.compile(r"'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00:00'"), "'2020-06-01 12:00:00.000000+00:00'"),
    (re.compile(r"@n[0-9a-f]{16}@"), "@n0123456789abcdef@"),
    (re.compile(r"(_singer_scratch_)\d+", re.IGNORECASE), r"\g<1>4711"),
    (re.compile(r"\b1\d{15,18}\b"), "1590000000000000000"),  # sequence numbers, transactions
]


@dataclass
class Driver:
    """What both drivers have: connections with cursors. `fails`: beginning of a statement -> its error, once."""

    warehouse: str
    fails: dict[str, Exception] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    calls: int = 0
    side_by_side: list[int] = field(default_factory=list)  # statements of each call that is not waited for
    _created: dict[str, str] = field(default_factory=dict)
    _ledger: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = Tables(TYPES[self.warehouse])

    def connect(self, **arguments: Any) -> DriverConnection:
        return DriverConnection(self)

    def answer(self, connection: DriverConnection, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a call; of several statements in it, those of the last one."""
        self.calls += 1
        statements = sql.split("; ")
        if len(statements) > 1:
            self.sent.append(f"-- {len(statements)} statements in one call:\n")
        self.sent.extend(statements)
        return [self._answer(connection, one) for one in statements][-1]

    def _answer(self, connection: DriverConnection, sql: str) -> list[tuple[Any, ...]]:
        for beginning in [one for one in self.fails if sql.startswith(one)]:
            error = self.fails.pop(beginning)
            connection.closed = int(error is LOST["redshift"])
            raise error
        self.tables.take(sql)
        if sql.startswith("INSERT INTO") and "_singer_loads" in sql.split("(")[0].lower():
            self._ledger.append(sql)
        described = self.tables.columns(sql)
        if described is not None:
            if not described and sql.startswith("DESC TABLE"):
                raise NOT_THERE
            return described
        verb, _, what = sql.partition(" ")
        kind = what.split(" ")[0]
        if verb == "CREATE":
            self._created[kind] = sql
        if verb == "DESC" and kind not in self._created:
            raise NOT_THERE
        if sql.startswith("SELECT MAX(") and "GROUP BY" in sql:
            return self._known()
        if sql.startswith("SELECT 0, SUM("):
            # Of each scratch table: a row, a key, no NULL in it, no truncate, no delete, nothing to ignore.
            return [(place, 1, 1, 0, 0, 0, 0) for place in range(1 + sql.count(" UNION ALL "))]
        if sql.startswith("SELECT 0, COUNT(*)"):  # each turn has its row, and each table that COPY has filled
            return [(place, 1) for place in range(1 + sql.count(" UNION ALL "))]
        if sql.startswith("INSERT INTO") and ' FROM "DEMO"."SALES"."_SINGER_SCRATCH' in sql:
            return [(1,)]
        if sql.startswith("SELECT 0, lacking"):
            return [(place, 0) for place in range(1 + sql.count(" UNION ALL "))]
        if verb == "SHOW" and "TRANSACTIONS" in sql:  # it is there at the first look
            return [ANSWERS["SELECT CURRENT_TRANSACTION()"][0]] * (self.sent.count(sql) == 1)
        if verb == "DESC":
            return [("STAGE_LOCATION", "URL", "String", url, "") for url in re.findall("s3:[^']+", self._created[kind])]
        return next((rows for beginning, rows in ANSWERS.items() if sql.startswith(beginning)), [])

    def _known(self) -> list[tuple[Any, ...]]:
        """What the ledger's rows say of tables: sequence, table, stream, keys."""
        width = len(LEDGER_COLUMNS)
        rows = [literals(sql.partition(" VALUES ")[2]) for sql in self._ledger]
        cut = [values[start : start + width] for values in rows for start in range(0, len(values), width)]
        return [(row[10], row[3], row[2], row[16]) for row in cut]


class DriverConnection:
    """A connection, and its cursor."""

    description = ()
    rowcount = -1

    def __init__(self, driver: Driver) -> None:
        self.closed = 0
        self.autocommit = False
        self._driver = driver
        self._rows: list[tuple[Any, ...]] = []

    def cursor(self) -> contextlib.AbstractContextManager[DriverConnection]:
        return contextlib.nullcontext(self)

    def execute(self, sql: str, num_statements: int = 1) -> None:
        self._rows = self._driver.answer(self, sql)

    def execute_async(self, sql: str, num_statements: int) -> None:
        self._driver.side_by_side.append(num_statements)
        self._driver.answer(self, sql)

    sfqid = "01b0"

    def get_query_status_throw_if_error(self, query: str) -> Any:
        self._driver.calls += 1
        return QueryStatus.SUCCESS

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def get_backend_pid(self) -> int:
        return 4711

    def close(self) -> None:
        """Nothing is open."""


class SteadyWriter(MemoryWriter):
    """A file whose size does not depend on the library that compresses it."""

    def write(self, content: bytes) -> None:
        super().write(content)
        self.byte_count = 100


@dataclass
class ToldStage(MemoryStage):
    """A stage that tells of manifests where the statements are told of."""

    told: Callable[[str], None] = lambda text: None

    def open(self, key: str) -> StageWriter:
        return SteadyWriter(self, key)

    def put(self, key: str, content: bytes) -> None:
        super().put(key, content)
        if key.endswith(".manifest"):
            text = f"{self.url(key)} is\n{json.dumps(json.loads(content), indent=1)}"
            self.told("".join(f"-- {line}\n" for line in text.splitlines()))


def sent(
    warehouse: str,
    messages: Sequence[dict[str, Any]] | None,
    changes: dict[str, Any],
    fails: dict[str, Exception] | None = None,
    *,
    has_ledger: bool = False,
) -> list[str]:
    """Return what a run over the messages sends, secrets masked; None: what `--last-state` sends.

    A manifest is a comment of several lines. `has_ledger`: an earlier run has made the ledger.
    """
    return told(Driver(warehouse, dict(fails or {})), messages, changes, has_ledger=has_ledger)


def told(
    driver: Driver, messages: Sequence[dict[str, Any]] | None, changes: dict[str, Any], *, has_ledger: bool = False
) -> list[str]:
    """Return the same of a run with a driver, whose warehouse keeps the tables that earlier runs have made."""
    warehouse, fails = driver.warehouse, driver.fails
    with (
        patch("psycopg2.connect", driver.connect),
        patch("snowflake.connector.connect", driver.connect),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.suppress(BulkError) if fails else contextlib.nullcontext(),
    ):
        target = _target_class(warehouse, driver, has_ledger)(config={**CONFIG[warehouse], **SHARED, **changes})
        if messages is None:
            print_last_state(target)
        else:
            target.message_reader.process_lines(io.StringIO(lines(*messages)), None)
    masked = target.connector().warehouse.dialect.masked
    return list(steady(map(masked, driver.sent), target.plugin_version))


def steady(statements: Any, version: str = "no version") -> Iterator[str]:
    """Yield the statements with what differs from run to run replaced."""
    for sql in statements:
        text = sql.replace(f"'{version}'", "'1.0.0'")
        for pattern, instead in STEADY:
            text = pattern.sub(instead, text)
        yield text


def _target_class(warehouse: str, driver: Driver, has_ledger: bool) -> Any:
    class Told(target_of(warehouse)):  # type: ignore[misc]
        def connector(self) -> Connector:
            made = super().connector()
            dialect = believing(made.warehouse.dialect)
            if has_ledger:
                columns = [replace(column, name=dialect.fold(column.name)) for column in LEDGER_COLUMNS]
                driver.tables.take(words.create_table(dialect, made.warehouse.ledger, columns))
            return replace(
                made,
                warehouse=replace(made.warehouse, dialect=dialect, pause=lambda seconds: None),
                stage=ToldStage(told=driver.sent.append),
            )

    return Told
