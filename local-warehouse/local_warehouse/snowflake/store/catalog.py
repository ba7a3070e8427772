"""Databases, schemas and what is in them, kept in the DuckDB file beside the rows.

A table has an id that never changes: its rows are in DuckDB's `t<id>`, its columns are `c<n>`, its load metadata
bears the id. So a rename is an entry here and nothing else, and names keep their case.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from local_warehouse.snowflake.errors import exists, no_object
from local_warehouse.snowflake.values.types import T

NAMES = {"table": "Object", "stage": "Stage", "format": "File format", "integration": "Integration"}


@dataclass
class ColumnDef:
    name: str
    duck: str
    type: T
    nullable: bool = True
    default: str | None = None  # the expression as written
    comment: str | None = None
    primary_key: bool = False


@dataclass
class Entry:
    """An object of the catalog. `kind`: database, schema, table, view, stage, format, integration."""

    kind: str
    database: str
    schema: str
    name: str
    id: int = 0
    created: float = 0.0
    comment: str | None = None
    owner: str = ""
    session: int | None = None  # the session that a temporary object belongs to
    columns: list[ColumnDef] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def duck(self) -> str:
        return f"t{self.id}"

    def draft(self) -> Entry:
        """A copy to change; `Catalog.save` puts it in the place of this one."""
        return deepcopy(self)

    def column(self, name: str) -> ColumnDef | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def full_name(self) -> str:
        return ".".join(quote(part) for part in (self.database, self.schema, self.name) if part)


def quote(name: str) -> str:
    """A name as Snowflake prints it: in double quotes only where it needs them."""
    plain = name.replace("_", "A").replace("$", "A")
    if plain.isascii() and plain.isalnum() and name == name.upper() and not name[0].isdigit() and name[0] != "$":
        return name
    return '"' + name.replace('"', '""') + '"'


def _decode(body: str) -> Entry:
    raw = json.loads(body)
    raw["columns"] = [ColumnDef(**{**c, "type": T(**c["type"])}) for c in raw["columns"]]
    return Entry(**raw)


# Tables and views share one set of names; every other kind has its own.
def _space(kind: str) -> str:
    return "table" if kind == "view" else kind


class Catalog:
    """All entries in memory; `save` and `remove` write through the cursor that the DDL runs on."""

    def __init__(self, connection: Any) -> None:
        self.lock = threading.RLock()
        self.entries: dict[tuple[str, str, str, str, int | None], Entry] = {}
        connection.execute("CREATE TABLE IF NOT EXISTS sf_objects (id BIGINT, body VARCHAR)")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS sf_loads (table_id BIGINT, file VARCHAR, etag VARCHAR, size BIGINT, "
            "status VARCHAR, rows_parsed BIGINT, rows_loaded BIGINT, loaded_at DOUBLE, last_modified DOUBLE, "
            "errors_seen BIGINT, error_limit BIGINT, first_error VARCHAR, first_error_line BIGINT, "
            "first_error_character BIGINT, first_error_column VARCHAR, stage_location VARCHAR)"
        )
        self.next_id = 1
        for row_id, body in connection.execute("SELECT id, body FROM sf_objects").fetchall():
            entry = _decode(body)
            self.entries[self._key(entry)] = entry
            self.next_id = max(self.next_id, row_id + 1)
        self._drop_leftovers(connection)

    def _drop_leftovers(self, connection: Any) -> None:
        """Tables of sessions that ended with the server: temporary ones have no entry."""
        known = {entry.duck for entry in self.entries.values() if entry.kind == "table"}
        rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        for (name,) in rows:
            if name[0] == "t" and name[1:].isdigit():
                self.next_id = max(self.next_id, int(name[1:]) + 1)
                if name not in known:
                    connection.execute(f"DROP TABLE {name}")
                    connection.execute(f"DELETE FROM sf_loads WHERE table_id = {int(name[1:])}")

    @staticmethod
    def _key(entry: Entry) -> tuple[str, str, str, str, int | None]:
        return (_space(entry.kind), entry.database, entry.schema, entry.name, entry.session)

    def new_id(self) -> int:
        with self.lock:
            self.next_id += 1
            return self.next_id - 1

    @contextmanager
    def kept_on_error(self) -> Iterator[None]:
        """Entries as they were if the DDL inside fails; it changes drafts, never an entry that others see."""
        before = dict(self.entries)
        try:
            yield
        except BaseException:
            with self.lock:
                self.entries = before
            raise

    def save(self, connection: Any, entry: Entry) -> None:
        """Insert or replace an entry; temporary ones stay in memory."""
        if not entry.id:
            entry.id = self.new_id()
        if not entry.created:
            entry.created = time.time()
        with self.lock:
            self.entries[self._key(entry)] = entry
        if entry.session is None:
            connection.execute("DELETE FROM sf_objects WHERE id = ?", [entry.id])
            connection.execute("INSERT INTO sf_objects VALUES (?, ?)", [entry.id, json.dumps(asdict(entry))])

    def remove(self, connection: Any, entry: Entry) -> None:
        """Take an entry away, unless another one has taken its name."""
        with self.lock:
            held = self.entries.get(self._key(entry))
            if held is not None and held.id == entry.id:
                self.entries.pop(self._key(entry))
        connection.execute("DELETE FROM sf_objects WHERE id = ?", [entry.id])

    def rename(self, connection: Any, entry: Entry, database: str, schema: str, name: str) -> None:
        with self.lock:
            self.entries.pop(self._key(entry), None)
            entry.database, entry.schema, entry.name = database, schema, name
        self.save(connection, entry)

    def find(self, kind: str, database: str, schema: str, name: str, session: int | None = None) -> Entry | None:
        """An entry by its full name; a session's own temporary object hides the permanent one."""
        space = _space(kind)
        with self.lock:
            own = self.entries.get((space, database, schema, name, session)) if session is not None else None
            return own or self.entries.get((space, database, schema, name, None))

    def all(self, kind: str, session: int | None = None) -> list[Entry]:
        with self.lock:
            found = [e for e in self.entries.values() if e.kind == kind and e.session in (None, session)]
        return sorted(found, key=lambda e: (e.database, e.schema, e.name))

    def schema(self, database: str, schema: str) -> Entry:
        """The schema, or SqlError 002003/002043."""
        if self.find("database", "", "", database) is None:
            raise no_object("Database", quote(database))
        found = self.find("schema", database, "", schema)
        if found is None:
            raise no_object("Schema", f"{quote(database)}.{quote(schema)}")
        return found

    def free(self, kind: str, database: str, schema: str, name: str, session: int | None) -> None:
        """Raise SqlError if the name is taken."""
        if self.entries.get((_space(kind), database, schema, name, session)) is not None:
            raise exists("Object", quote(name))
