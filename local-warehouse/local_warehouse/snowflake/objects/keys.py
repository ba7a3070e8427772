"""Keys of tables: kept and shown, never enforced on rows.

https://docs.snowflake.com/en/sql-reference/sql/create-table-constraint
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from local_warehouse.snowflake.bind.results import Result, listing
from local_warehouse.snowflake.bind.session import Runner, Runners, Session
from local_warehouse.snowflake.errors import SqlError, Unsupported, compilation, invalid_identifier
from local_warehouse.snowflake.grammar.lexer import NAME, QUOTED
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.store.catalog import Entry, quote
from local_warehouse.snowflake.values.types import LTZ, TEXT, T, number

PRIMARY, UNIQUE, FOREIGN = "PRIMARY KEY", "UNIQUE", "FOREIGN KEY"
Key = dict[str, Any]  # kind, name, columns, rely; of a foreign key also `to` (database, schema, table) and `to_columns`
START = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN")
# Their defaults change nothing; with ENABLE or VALIDATE the service would not make the key.
_PROPERTIES = (
    ("NOT", "ENFORCED"), ("ENFORCED",), ("NOT", "DEFERRABLE"), ("DEFERRABLE",), ("INITIALLY", "DEFERRED"),
    ("INITIALLY", "IMMEDIATE"), ("DISABLE",), ("NOVALIDATE",), ("RELY",), ("NORELY",),
)  # fmt: skip


def keys_of(entry: Entry) -> list[Key]:
    found: list[Key] = entry.body.setdefault("keys", [])
    return found


def read_key(session: Session, parser: QueryParser, inline: str | None = None) -> Key | None:
    """`[CONSTRAINT name] PRIMARY KEY (..) | UNIQUE (..) | FOREIGN KEY (..) REFERENCES ..`; None for anything else.

    `inline`: the column that it stands behind, which then is the whole key.
    """
    name = parser.identifier() if parser.words("CONSTRAINT") else f"SYS_CONSTRAINT_{uuid.uuid4()}"
    if parser.words("PRIMARY", "KEY"):
        kind = PRIMARY
    elif parser.words("UNIQUE"):
        kind = UNIQUE
    elif parser.words("FOREIGN", "KEY") or (inline is not None and parser.is_word("REFERENCES")):
        kind = FOREIGN
    else:
        return None
    key: Key = {"kind": kind, "name": name, "columns": parser.names() if inline is None else [inline]}
    if kind == FOREIGN:
        parser.need("REFERENCES")
        key["to"] = list(session.full_name(parser.qualified()))
        key["to_columns"] = parser.names() if parser.is_op("(") else None
        if parser.is_word("MATCH", "ON"):
            raise Unsupported(f"{parser.token.value} of a foreign key")
    key["rely"] = "false"
    while any(parser.words(*words) for words in _PROPERTIES):
        if parser.all[parser.at - 1].value == "RELY":
            key["rely"] = "true"
    if parser.is_word("ENABLE", "VALIDATE"):
        raise Unsupported(f"{parser.token.value}: a key with it is not made")
    return key


def add_key(session: Session, entry: Entry, key: Key) -> None:
    """Put a key on a table that has its columns; SqlError if that cannot be."""
    for column in key["columns"]:
        if entry.column(column) is None:
            raise invalid_identifier(quote(column))
    if key["kind"] == PRIMARY:
        if any(other["kind"] == PRIMARY for other in keys_of(entry)):
            raise compilation(f"primary key already exists for table '{quote(entry.name)}'", 2200, "42710")
        for name in key["columns"]:
            column = entry.column(name)
            assert column is not None
            column.primary_key = True
    if key["kind"] == FOREIGN:
        _resolve(session, entry, key)
    keys_of(entry).append(key)


def _resolve(session: Session, entry: Entry, key: Key) -> None:
    """A foreign key leads to a primary or unique key of as many columns."""
    to = entry if key["to"] == [entry.database, entry.schema, entry.name] else session.find("table", key["to"])
    wanted = key["to_columns"]
    fitting = [k for k in keys_of(to) if k["kind"] != FOREIGN and (wanted is None or k["columns"] == wanted)]
    fitting = [k for k in fitting if len(k["columns"]) == len(key["columns"])]
    if not fitting:
        raise compilation(f"table '{quote(to.name)}' has no primary or unique key that fits", 2202, "42601")
    key["to_columns"] = fitting[0]["columns"]
    key["to_name"] = fitting[0]["name"]


def drop_key(session: Session, parser: QueryParser, entry: Entry) -> None:
    """`DROP PRIMARY KEY | UNIQUE (..) | FOREIGN KEY (..) | CONSTRAINT name [CASCADE | RESTRICT]`."""
    if parser.words("CONSTRAINT"):
        name = parser.identifier()
        doomed = [key for key in keys_of(entry) if key["name"] == name]
    elif parser.words("PRIMARY", "KEY"):
        doomed = [key for key in keys_of(entry) if key["kind"] == PRIMARY]
    else:
        kind = UNIQUE if parser.words("UNIQUE") else FOREIGN
        if kind == FOREIGN:
            parser.need("FOREIGN", "KEY")
        columns = parser.names()
        doomed = [key for key in keys_of(entry) if (key["kind"], key["columns"]) == (kind, columns)]
    if not parser.words("CASCADE"):
        parser.words("RESTRICT")
    parser.finish()
    if not doomed:
        raise SqlError("SQL compilation error:\nConstraint does not exist.", 2003, "02000")
    entry.body["keys"] = [key for key in keys_of(entry) if key not in doomed]
    note_primary(entry)


def note_primary(entry: Entry) -> None:
    primary = {name for key in keys_of(entry) if key["kind"] == PRIMARY for name in key["columns"]}
    for column in entry.columns:
        column.primary_key = column.name in primary


def rename_in_keys(entry: Entry, old: str, new: str) -> None:
    for key in keys_of(entry):
        key["columns"] = [new if name == old else name for name in key["columns"]]


def forget_columns(entry: Entry, names: set[str]) -> None:
    """A key goes with any of its columns."""
    entry.body["keys"] = [key for key in keys_of(entry) if not names.intersection(key["columns"])]
    note_primary(entry)


# SHOW

_N = number(38, 0)
_KEYS: dict[str, T] = {
    "created_on": LTZ, "database_name": TEXT, "schema_name": TEXT, "table_name": TEXT, "column_name": TEXT,
    "key_sequence": _N, "constraint_name": TEXT, "rely": TEXT, "comment": TEXT,
}  # fmt: skip
_IMPORTED: dict[str, T] = {
    "created_on": LTZ, "pk_database_name": TEXT, "pk_schema_name": TEXT, "pk_table_name": TEXT, "pk_column_name": TEXT,
    "fk_database_name": TEXT, "fk_schema_name": TEXT, "fk_table_name": TEXT, "fk_column_name": TEXT,
    "key_sequence": _N, "update_rule": TEXT, "delete_rule": TEXT, "fk_name": TEXT, "pk_name": TEXT,
    "deferrability": TEXT, "rely": TEXT, "comment": TEXT,
}  # fmt: skip


def tables_in_scope(session: Session, parser: QueryParser, kinds: tuple[str, ...] = ("table",)) -> list[Entry]:
    """`[IN { ACCOUNT | DATABASE [d] | SCHEMA [s] | TABLE [t] | t }]`; by default the current database."""
    every = [entry for kind in kinds for entry in session.catalog.all(kind, session.id) if session.sees(entry)]

    def inside(database: str | None, schema: str | None = None) -> list[Entry]:
        return [e for e in every if database in (None, e.database) and schema in (None, e.schema)]

    def named() -> bool:
        return parser.token.kind in (NAME, QUOTED)

    if not parser.words("IN"):
        return inside(session.database)
    if parser.words("ACCOUNT"):
        return every
    if parser.words("DATABASE"):
        return inside(parser.identifier() if named() else session.database)
    if parser.words("SCHEMA"):
        parts = parser.qualified() if named() else [session.schema or ""]
        database = parts[0] if len(parts) == 2 else session.need_database()
        session.schema_entry(database, parts[-1])
        return inside(database, parts[-1])
    if not parser.words("TABLE"):
        parser.words("VIEW")
    return [session.find("table", parser.qualified())] if named() else inside(session.database, session.schema)


def _rows(entries: list[Entry], kind: str) -> Iterator[list[Any]]:
    for entry in entries:
        for key in keys_of(entry):
            if key["kind"] != kind:
                continue
            for i, column in enumerate(key["columns"], 1):
                start = [f"{entry.created:.9f}"]
                place = [entry.database, entry.schema, entry.name, column]
                if kind == FOREIGN:
                    to = [*key["to"], key["to_columns"][i - 1]]
                    rules = ["NO ACTION", "NO ACTION", key["name"], key["to_name"], "NOT DEFERRABLE", key["rely"], None]
                    yield [*start, *to, *place, i, *rules]
                else:
                    yield [*start, *place, i, key["name"], key["rely"], None]


def _show(kind: str, types: dict[str, T]) -> Runner:
    def run(session: Session, parser: QueryParser) -> Result:
        entries = tables_in_scope(session, parser)
        parser.finish()
        return listing(types, list(_rows(entries, kind)))

    return run


RUNNERS: Runners = {
    ("SHOW", "PRIMARY", "KEYS"): _show(PRIMARY, _KEYS),
    ("SHOW", "UNIQUE", "KEYS"): _show(UNIQUE, _KEYS),
    ("SHOW", "IMPORTED", "KEYS"): _show(FOREIGN, _IMPORTED),
}
