"""meltanolabs-target-snowflake over a driver that answers nothing: run by the peer's own Python.

`python many_meltanolabs.py FOLDER < FILE`. The stand-in refuses what it sends (AUTOINCREMENT, PUT, JSON files), so its
statements are counted where they leave it, at the connector's connection, and are in calls.json of the folder then. The
seconds of MANY_ANSWER and MANY_COPY make answers late, as the stand-ins' fault does; a MERGE reads files here, so it is
as late as a COPY. tables.json has the tables that were made, which the next run finds.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

ANSWER, COPY = float(os.environ.get("MANY_ANSWER", "0")), float(os.environ.get("MANY_COPY", "0"))
CREATED = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\S+) \((.*)\)", re.DOTALL | re.IGNORECASE)
COLUMN = re.compile(r'("?\w+"?) ([A-Z_]+(?:\([\d, ]+\))?)')
QUALIFIED = re.compile(r'(?:"[^"]+"|\b\w+)(?:\.(?:"[^"]+"|\w+))+')
DESC = ["name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment",
        "policy name", "privacy domain"]  # fmt: skip
RECORDS = 5  # rows that COPY and MERGE say they have written
calls: list[str] = []


def _name_of(written: str) -> str:
    return written.rpartition(".")[2].strip('"').upper()


class Cursor:
    """A cursor that keeps what it is told."""

    description: Any = None
    rowcount = 0
    arraysize = 1
    sfqid = "1"

    def __init__(self, tables: dict[str, list[list[str]]]) -> None:
        self._tables = tables
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, *arguments: Any, **options: Any) -> Cursor:
        text = " ".join(str(sql).split())
        calls.append(text)
        time.sleep(COPY if text.upper().startswith(("COPY", "MERGE")) else ANSWER)
        names, self._rows = self._answer(text)
        self.description = [(name, 2, None, None, None, None, True) for name in names] or None
        return self

    def _answer(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        if made := CREATED.match(sql):
            self._tables[_name_of(made[1])] = [list(column) for column in COLUMN.findall(made[2])]
        if sql.startswith("SHOW"):
            return ["created_on", "name"], [("", "STUB"), ("", "S")]  # databases, schemas
        if sql.startswith("DESC"):
            return DESC, self._described(_name_of(QUALIFIED.findall(sql)[0]))
        if "VERSION" in sql:
            return ["VERSION"], [("9.0.0",)]
        if "current_database()" in sql:
            return ["DATABASE", "SCHEMA"], [("STUB", "S")]
        if sql.upper().startswith("COPY"):
            return list("ABCDEFGHIJ"), [("file", "LOADED", RECORDS, RECORDS, 1, 0, None, None, None, None)]
        return ["rows"], [(RECORDS,)]

    def _described(self, table: str) -> list[tuple[Any, ...]]:
        if table not in self._tables:
            from snowflake.connector.errors import ProgrammingError

            raise ProgrammingError(msg="does not exist or not authorized", errno=2003)
        columns = self._tables[table]
        return [(name.strip('"').upper(), kind, "COLUMN", "Y", *[None] * (len(DESC) - 4)) for name, kind in columns]

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> Any:
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, count: int | None = None) -> Any:
        return self.fetchall()

    def close(self) -> None: ...

    def __iter__(self) -> Any:
        return iter(self.fetchall())


class Connection:
    def __init__(self, tables: Any) -> None:
        self._tables = tables

    def cursor(self, *arguments: Any) -> Cursor:
        return Cursor(self._tables)

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...
    def autocommit(self, on: bool) -> None: ...
    def is_closed(self) -> bool:
        return False


def main() -> None:
    import snowflake.connector

    folder = Path(sys.argv.pop(1))
    made = folder / "tables.json"
    tables = json.loads(made.read_text()) if made.exists() else {}
    snowflake.connector.connect = lambda *a, **k: Connection(tables)
    from target_snowflake.target import TargetSnowflake

    path = folder / "meltanolabs.json"
    settings = dict.fromkeys(("account", "user", "password"), "stub")
    method = os.environ["MANY_METHOD"]
    path.write_text(json.dumps({**settings, "database": "STUB", "default_target_schema": "S", "load_method": method}))
    TargetSnowflake.cli(["--config", str(path)], standalone_mode=False)
    made.write_text(json.dumps(tables))
    (folder / "calls.json").write_text(json.dumps(calls))


if __name__ == "__main__":
    main()
