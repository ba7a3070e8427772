"""What is known of a table before a load enters it: what the ledger has of its streams and keys, a key held twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.ledger_form import ask_ledger, columns_of_ledger
from singer_bulk.warehouse.session import Warehouse


@dataclass(frozen=True)
class KnownTable:
    """A table of the ledger: the streams that have loaded it, and its key columns when rows last entered by keys.

    keys is None where no load is known to have entered by keys; is_last: no other load came after that one.
    """

    streams: frozenset[str]
    keys: tuple[str, ...] | None = None
    is_last: bool = False


KnownTables = Mapping[str, KnownTable]


def known_tables(warehouse: Warehouse) -> dict[str, KnownTable]:
    """Return the tables of the ledger, by name; a ledger of an older program does not know their keys."""
    dialect, ledger = warehouse.dialect, warehouse.ledger
    columns = columns_of_ledger(warehouse)
    if not columns:
        return {}
    asked = [dialect.fold(name) for name in ("table_name", "stream", "key_properties")]
    asked = asked[: 3 if asked[-1] in columns else 2]
    last, listed = words.name(dialect.fold("last_sequence")), words.listed(asked)
    rows = ask_ledger(
        warehouse,
        f"SELECT MAX({last}), {listed} FROM {dialect.table(ledger)} WHERE {words.name(asked[0])} IS NOT NULL "
        f"GROUP BY {listed}",
    )
    found: dict[str, KnownTable] = {}
    # Of one load the row with keys comes last: others of it hold parts of a long STATE.
    for _, name, stream, *keys in sorted(rows, key=lambda row: (row[0] or 0, row[-1] is not None)):
        before = found.get(name, KnownTable(frozenset()))
        entered = keys[0] if keys else None
        found[name] = KnownTable(
            before.streams | {stream},
            before.keys if entered is None else tuple(json.loads(entered)),
            is_last=entered is not None,
        )
    return found


def key_text(keys: Sequence[str]) -> str:
    """Return key columns as the ledger has them: their order makes no difference."""
    return json.dumps(sorted(keys), ensure_ascii=False)


def row_count(warehouse: Warehouse, table: Table) -> int:
    """Return the number of rows of a table."""
    return int(warehouse.select(f"counting {table}", words.count(warehouse.dialect.table(table)))[0][0])


def key_held_twice(warehouse: Warehouse, table: Table, keys: Sequence[str]) -> tuple[Any, ...] | None:
    """Return a key that more than one row of the table has, with their number behind it; None if there is none."""
    listed = words.listed(keys)
    whole = " AND ".join(f"{words.name(key)} IS NOT NULL" for key in keys)
    rows = warehouse.select(
        f"looking for keys that {table} holds twice",
        f"SELECT {listed}, COUNT(*) FROM {warehouse.dialect.table(table)} WHERE {whole} GROUP BY {listed} "
        "HAVING COUNT(*) > 1 LIMIT 1",
    )
    return rows[0] if rows else None
