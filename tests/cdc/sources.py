"""The databases as a client sees them: changes go in, rows come out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2

from tests.cdc.changes import COLUMNS, Change, statements
from tests.cdc.servers import MariaDb

Rows = list[tuple[Any, ...]]
DATABASE = "shop"


class Source(Protocol):
    """A database with the tables of `changes`, empty at first."""

    amount: str  # a decimal that the taps of this database bring whole

    def run(self, sql: str) -> None:
        """Run statements as they are."""

    def apply(self, transactions: Sequence[Sequence[Change]]) -> None:
        """Make the changes, each inner list in a transaction of its own."""

    def rows(self, table: str) -> Rows:
        """Return the rows, in the order of COLUMNS."""


@dataclass
class MariaDbSource:
    server: MariaDb
    amount: str = "12345678901234567890.0123456789"

    def __post_init__(self) -> None:
        self.server.run(
            f"CREATE DATABASE {DATABASE}; CREATE USER tap@'127.0.0.1' IDENTIFIED BY 'secret';"
            "GRANT SELECT, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO tap@'127.0.0.1'"
        )
        self.run(
            "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, status VARCHAR(100), note MEDIUMTEXT, "
            "amount DECIMAL(30, 10), weight DOUBLE, paid TINYINT(1), stars SMALLINT, due DATE, slot TIME, "
            "moment DATETIME(6), instant TIMESTAMP(6) NULL, doc JSON);"
            "CREATE TABLE members (club VARCHAR(20), number INT, name VARCHAR(50), PRIMARY KEY (club, number))"
        )

    def run(self, sql: str) -> None:
        self.server.run(f"USE {DATABASE}; SET time_zone = '+00:00';\n{sql}")

    def apply(self, transactions: Sequence[Sequence[Change]]) -> None:
        if transactions:
            self.run("".join(statements(changes, backslashes=True) for changes in transactions))

    def rows(self, table: str) -> Rows:
        # As text, because numbers in JSON documents become doubles.
        texts = ", ".join(f"CAST({name} AS CHAR)" for name in COLUMNS[table])
        printed = self.server.run(f"USE {DATABASE}; SET time_zone = '+00:00'; SELECT JSON_ARRAY({texts}) FROM {table}")
        return [tuple(json.loads(line)) for line in printed.splitlines()]


@dataclass
class PostgresSource:
    arguments: dict[str, Any]  # of psycopg2.connect
    slots: Sequence[str]  # replication slots, one for each tap
    amount: str = "12345678.0125"  # the taps read the decimals of a log as doubles

    def __post_init__(self) -> None:
        self._run("postgres", f"CREATE DATABASE {DATABASE}")
        self.run(
            "CREATE ROLE tap LOGIN REPLICATION PASSWORD 'secret';"
            "CREATE TABLE orders (id SERIAL PRIMARY KEY, status VARCHAR(100), note TEXT, amount NUMERIC(20, 4), "
            "weight DOUBLE PRECISION, paid BOOLEAN, stars SMALLINT, due DATE, slot TIME, moment TIMESTAMP, "
            "instant TIMESTAMPTZ, doc JSONB);"
            "CREATE TABLE members (club VARCHAR(20), number INT, name VARCHAR(50), PRIMARY KEY (club, number));"
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO tap"
        )
        for slot in self.slots:
            self.run(f"SELECT pg_create_logical_replication_slot('{slot}', 'wal2json')")

    def run(self, sql: str) -> None:
        self._run(DATABASE, sql)

    def _run(self, database: str, sql: str) -> Rows:
        connection = psycopg2.connect(**{**self.arguments, "dbname": database}, options="-c timezone=UTC")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return [] if cursor.description is None else cursor.fetchall()
        finally:
            connection.close()

    def apply(self, transactions: Sequence[Sequence[Change]]) -> None:
        if transactions:
            self.run("".join(statements(changes, backslashes=False) for changes in transactions))

    def rows(self, table: str) -> Rows:
        return self._run(DATABASE, f"SELECT {', '.join(COLUMNS[table])} FROM {table}")
