"""What the warehouse does with a statement: every one that our code sends, and an error for any other."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from singer_bulk.errors import WarehouseError

from tests.simulate.bucket import Bucket
from tests.simulate.catalog import NAME, TEXTS, catalog
from tests.simulate.engine import Row, Table, parts_of_merge
from tests.simulate.tables import Backend, Tables

_COLUMN = re.compile(r'"([^"]+)" ([A-Z_]+(?: PRECISION)?(?:\([\d, ]+\))?)')
_SCRATCH = re.compile(r'"(_singer_scratch_)', re.IGNORECASE)
_COPY = re.compile(r'COPY (?:INTO )?("[^"]+") \(([^)]+)\) FROM ')
_INSERT = re.compile(r'INSERT INTO ("[^"]+") \(([^)]+)\) (.+)', re.DOTALL)
_NUMBERS = ("BIGINT", "NUMBER(38, 0)")
_DDL = ("CREATE", "ALTER", "DROP", "COMMENT")


class Statements:
    """Executes statements on tables, for one session at a time. `place`: what stands before each table's name."""

    def __init__(self, tables: Tables, bucket: Bucket, place: str, schema: str, prefix: str) -> None:
        self.tables, self.bucket = tables, bucket
        self._place, self._schema, self._prefix = place, schema, prefix
        self.on_missing: Callable[[str], None] = lambda key: None  # a file that COPY is to read is not there

    def execute(self, backend: Backend, sql: str) -> list[Row]:
        """Run one statement; one that is refused ends the transaction."""
        verb = sql.partition(" ")[0]
        tables = self.tables
        if backend.over:
            raise tables.lost()
        if verb in ("BEGIN", "COMMIT", "ROLLBACK"):
            return self._transaction(backend, verb)
        transaction = backend.transaction
        if transaction is not None and transaction.failed:
            raise tables.refused("current transaction is aborted")
        if verb in _DDL and not tables.redshift and transaction is not None and transaction.explicit:
            tables.commit(backend)  # sql-reference/transactions: DDL commits what is open
        if backend.transaction is not None:
            return self._inside(backend, verb, sql)
        tables.begin(backend, explicit=False)
        rows = self._inside(backend, verb, sql)
        tables.commit(backend)
        return rows

    def execute_all(self, backend: Backend, statements: Sequence[str]) -> None:
        """Run statements in one message: on Redshift one transaction, on Snowflake each by itself."""
        if self.tables.redshift and backend.transaction is None:
            self.tables.begin(backend, explicit=False)
            for sql in statements:
                self.execute(backend, sql)
            self.tables.commit(backend)
            return
        for sql in statements:
            self.execute(backend, sql)

    def fail(self, backend: Backend) -> None:
        """Let the open transaction fail: nothing of it stays, and nothing but its end is taken."""
        transaction = backend.transaction
        self.tables.roll_back(backend)
        if transaction is not None and transaction.explicit:
            transaction.failed = True
            transaction.deltas.clear()
            backend.transaction = transaction

    def _transaction(self, backend: Backend, verb: str) -> list[Row]:
        if verb == "COMMIT":
            self.tables.commit(backend)
        elif verb == "ROLLBACK":
            self.tables.roll_back(backend)
        elif backend.transaction is None:
            self.tables.begin(backend, explicit=True)
        return []

    def _inside(self, backend: Backend, verb: str, sql: str) -> list[Row]:
        plain = _SCRATCH.sub(rf'"@{backend.number}_\1', sql.replace(self._place, ""))
        try:
            return self._run(backend, verb, plain)
        except WarehouseError:
            self.fail(backend)
            raise
        except sqlite3.Error as error:
            self.fail(backend)
            raise self.tables.refused(f"{error}: {sql}") from error

    def _run(self, backend: Backend, verb: str, sql: str) -> list[Row]:
        if verb in _DDL:
            return self._define(backend, verb, sql)
        if verb in ("SHOW", "DESC") or "svv_columns" in sql or "information_schema" in sql:
            return catalog(self.tables, self._schema, sql)
        if verb in ("SELECT", "WITH"):
            return self._select(backend, sql)
        if verb == "LOCK":
            for name in NAME.findall(sql):
                self.tables.demand(name)
                self.tables.lock(backend, name)
            return []
        if verb == "COPY":
            return self._copy(backend, sql)
        if verb == "INSERT":
            return self._insert(backend, sql)
        if verb == "MERGE":
            return self._merge(backend, sql)
        assert verb in ("UPDATE", "DELETE"), sql
        return self._change(backend, sql, NAME.findall(sql)[0])

    def _select(self, backend: Backend, sql: str) -> list[Row]:
        if "pg_namespace" in sql:
            return [(1,)]
        if "load_error" in sql:
            return []
        if sql == "SELECT pg_last_copy_count()":
            return [(backend.last_copy,)]
        return self.tables.engine.query(sql, self._named(backend, sql))

    def _named(self, backend: Backend, sql: str) -> dict[str, Table]:
        """Return the tables that a statement names, as it sees them."""
        names = dict.fromkeys(NAME.findall(sql))
        return {name: self.tables.view(backend, name) for name in names if name in self.tables.committed}

    def _define(self, backend: Backend, verb: str, sql: str) -> list[Row]:
        committed, names = self.tables.committed, NAME.findall(sql)
        if verb == "DROP":
            for name in names:
                committed.pop(name, None)
        elif verb == "ALTER" and " ADD COLUMN " in sql:
            table = self.tables.demand(names[0])
            if self.tables.redshift:
                self.tables.lock(backend, names[0])
                table = self.tables.demand(names[0])
            column = _COLUMN.findall(sql.partition(" ADD COLUMN ")[2])[0]
            if column[0] in table.names:
                raise self.tables.refused(f"column {column[0]} exists already")
            committed[names[0]] = Table((*table.columns, column), table.rows)
        elif verb == "CREATE" and "SCHEMA" not in sql:
            exists = names[0] in committed and " OR REPLACE " not in sql
            if exists and "IF NOT EXISTS" not in sql:
                raise self.tables.refused(f"relation {names[0]} exists already")
            if not exists:
                committed[names[0]] = Table(tuple(_COLUMN.findall(sql.partition(" (")[2])), {})
        else:
            assert verb in ("COMMENT", "CREATE"), sql
        return []

    def _copy(self, backend: Backend, sql: str) -> list[Row]:
        match = _COPY.match(sql)
        assert match, sql
        name, names = match[1].strip('"'), NAME.findall(match[2])
        table = self.tables.view(backend, name)
        if self.tables.redshift and name[0] != "@":
            self.tables.lock(backend, name)
        types, forced = dict(table.columns), "FORCE = TRUE" in sql
        null, keys = self._files(sql)
        rows, answer = dict(table.rows), []
        for key in keys:
            if not self.tables.redshift and not forced and (name, key) in self.tables.history:
                continue
            loaded = [self._row(line, null, names, types, table) for line in self._lines(key)]
            loaded = self._without_one(backend, loaded)
            rows |= {self.tables.number(): row for row in loaded}
            self.tables.history.add((name, key))
            answer.append((key, "LOADED", len(loaded), len(loaded)))
        self.tables.write(backend, name, table, rows, appends=True)
        backend.last_copy = len(rows) - len(table.rows)
        return [] if self.tables.redshift else answer

    def _files(self, sql: str) -> tuple[str, list[str]]:
        """Return the text that stands for NULL, and the files that COPY reads."""
        if not self.tables.redshift:
            listed = sql.partition("FILES = (")[2].partition(") FILE_FORMAT")[0]
            return "", [self._prefix + name for name in TEXTS.findall(listed)]
        manifest = TEXTS.findall(sql)[0].removeprefix("s3://bucket/")
        entries = json.loads(self._read(manifest))["entries"]
        null = TEXTS.findall(sql.partition("NULL AS ")[2])[0]
        return null, [entry["url"].removeprefix("s3://bucket/") for entry in entries]

    def _read(self, key: str) -> bytes:
        try:
            return self.bucket.read(key)
        except KeyError:
            self.on_missing(key)
            raise self.tables.refused(f"The specified key does not exist: {key}") from None

    def _lines(self, key: str) -> list[str]:
        return gzip.decompress(self._read(key)).decode().splitlines()

    def _row(self, line: str, null: str, names: list[str], types: dict[str, str], table: Table) -> Row:
        values: dict[str, Any] = {}
        for name, field in zip(names, line.split("|"), strict=True):
            if field == null:
                continue
            values[name] = int(field) if types[name] in _NUMBERS else field.strip('"')
        return tuple(values.get(name) for name in table.names)

    def _insert(self, backend: Backend, sql: str) -> list[Row]:
        match = _INSERT.fullmatch(sql)
        assert match, sql
        name, names = match[1].strip('"'), NAME.findall(match[2])
        source = match[3]
        made = self.tables.engine.query(source, {} if source.startswith("VALUES") else self._named(backend, source))
        made = self._without_one(backend, made)
        self._append(backend, name, names, made)
        return [(len(made),)]

    def _without_one(self, backend: Backend, rows: list[Row]) -> list[Row]:
        """Leave out a row, where one is to be left out."""
        if not (backend.leaves_out and rows):
            return rows
        backend.leaves_out = False
        return rows[:-1]

    def _append(self, backend: Backend, name: str, names: list[str], made: Sequence[Row]) -> None:
        table = self.tables.view(backend, name)
        if self.tables.redshift and name[0] != "@":
            self.tables.lock(backend, name)
        places = [names.index(column) if column in names else None for column in table.names]
        added = {self.tables.number(): tuple(None if at is None else row[at] for at in places) for row in made}
        self.tables.write(backend, name, table, table.rows | added, appends=True)

    def _merge(self, backend: Backend, sql: str) -> list[Row]:
        update, query, name, names = parts_of_merge(sql)
        seen = self._named(backend, sql)
        missing = self._without_one(backend, self.tables.engine.query(query, seen))
        updated = self._change(backend, update, name)[0][0]
        if missing:
            self._append(backend, name, NAME.findall(names), missing)
        return [] if self.tables.redshift else [(len(missing), updated)]

    def _change(self, backend: Backend, sql: str, name: str) -> list[Row]:
        seen = self._named(backend, sql)
        if name not in seen:
            raise self.tables.refused(f"relation {name} does not exist", missing=True)
        before = seen[name]
        after, count = self.tables.engine.change(sql, name, seen)
        if name[0] != "@" and (self.tables.redshift or count):
            waits = self.tables.locks.get(name) not in (None, backend)
            self.tables.lock(backend, name)
            if waits and self.tables.strict and not self.tables.redshift:
                seen = self._named(backend, sql)
                before = seen[name]
                after, count = self.tables.engine.change(sql, name, seen)
        self.tables.write(backend, name, before, after, appends=False)
        return [(count, 0)] if sql.startswith("UPDATE") and not self.tables.redshift else [(count,)]
