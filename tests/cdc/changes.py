"""What a client does to a database, as data: the SQL that does it, the events that a log has of it, the rows it leaves.

Two tables in each database: `orders`, whose keys count up by themselves, and `members`, whose keys are a text and a
number. A `Change` is one statement about one row; what is expected of taps and targets is made from the same changes
by `Model`, in ten lines, and compared with the database's own rows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

INSERT, UPDATE, DELETE = "INSERT", "UPDATE", "DELETE"
KEYS = {"orders": ("id",), "members": ("club", "number")}
COLUMNS = {
    "orders": (
        "id", "status", "note", "amount", "weight", "paid", "stars", "due", "slot", "moment", "instant", "doc",
    ),
    "members": ("club", "number", "name"),
}  # fmt: skip
Key = tuple[Any, ...]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One statement: what happens to the row of a key."""

    verb: str
    table: str
    key: Key
    values: Row = field(default_factory=dict)

    def sql(self, backslashes: bool) -> str:
        """Return the statement; `backslashes`: whether one escapes inside quotes."""
        keys = dict(zip(KEYS[self.table], self.key, strict=True))
        where = " AND ".join(f"{name} = {_literal(value, backslashes)}" for name, value in keys.items())
        if self.verb == DELETE:
            return f"DELETE FROM {self.table} WHERE {where}"
        if self.verb == UPDATE:
            sets = ", ".join(f"{name} = {_literal(value, backslashes)}" for name, value in self.values.items())
            return f"UPDATE {self.table} SET {sets} WHERE {where}"
        row = {**keys, **self.values}
        listed = ", ".join(_literal(value, backslashes) for value in row.values())
        return f"INSERT INTO {self.table} ({', '.join(row)}) VALUES ({listed})"


@dataclass(frozen=True)
class Event:
    """One entry of a log. `unsaid`: columns of an update that PostgreSQL leaves out, big texts that did not change."""

    table: str
    deleted: bool
    key: Key
    row: Row
    unsaid: frozenset[str] = frozenset()


class Model:
    """The reference: rows by key, and every event in order."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Row]] = {table: {} for table in KEYS}
        self.events: list[Event] = []

    def apply(self, change: Change) -> None:
        """Do to the rows what the statement does to the table's."""
        rows = self.rows[change.table]
        old = rows.pop(change.key, {})
        if change.verb == DELETE:
            self.events.append(Event(change.table, True, change.key, old))
            return
        named = dict(zip(KEYS[change.table], change.key, strict=True))
        row = {**dict.fromkeys(COLUMNS[change.table]), **named, **old, **change.values}
        key = tuple(row[name] for name in KEYS[change.table])
        rows[key] = row
        big = {name for name, value in old.items() if isinstance(value, str) and len(value) > BIG_CHARACTERS}
        self.events.append(Event(change.table, False, key, row, frozenset(big - set(change.values))))


# PostgreSQL moves values beyond about 2,000 bytes out of the row, if they do not compress below it.
BIG_CHARACTERS = 3000


def big_text(seed: int) -> str:
    """Return a text that does not compress."""
    draw = random.Random(seed)
    return "".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(BIG_CHARACTERS + 500))


def full_row(number: int, amount: str) -> dict[str, Any]:
    """Return a value for each column of `orders` but its key."""
    return {
        "status": 'new | "quoted" \\N ümlaut \U0001f600',
        "note": f"line {number}\nnext\ttab ''",
        "amount": amount,
        "weight": number + 0.1,
        "paid": number % 2 == 0,
        "stars": -number,
        "due": f"2020-02-{number % 28 + 1:02}",
        "slot": f"{number % 24:02}:05:09",
        "moment": f"2020-06-01 12:00:{number % 60:02}.123456",
        "instant": f"2020-06-01 12:00:{number % 60:02}.654321",  # sessions are in UTC
        "doc": '{"a": [1, {"b": null}], "ü": "\U0001f600 |", "n": 1.50}',
    }


def first_rows(amount: str) -> list[Change]:
    """Return the rows that are there before the first snapshot."""
    orders = [Change(INSERT, "orders", (number,), full_row(number, amount)) for number in range(1, 6)]
    empty = Change(INSERT, "orders", (6,))
    members = [
        Change(INSERT, "members", (club, number), {"name": name})
        for club, number, name in (("chess", 1, "Ada"), ("chess", 2, None), ("ö|\"'", 1, ""), ("", 0, "NULL"))
    ]
    return [*orders, empty, *members]


def written_rounds(amount: str) -> list[list[list[Change]]]:
    """Return rounds of transactions, each written for what it shows."""
    return [
        [
            [Change(INSERT, "orders", (7,), full_row(7, amount)), Change(UPDATE, "orders", (1,), {"status": "paid"})],
            [Change(DELETE, "orders", (2,))],
            [Change(UPDATE, "orders", (3,), dict.fromkeys(COLUMNS["orders"][1:]))],  # everything becomes NULL
            [Change(INSERT, "orders", (2,), {"status": "again"})],
            [Change(INSERT, "orders", (8,), {"note": big_text(8)})],
        ],
        [
            # Born, changed, deleted and born again in one transaction.
            [
                Change(INSERT, "members", ("chess", 3), {"name": "x"}),
                Change(UPDATE, "members", ("chess", 3), {"name": "y"}),
                Change(DELETE, "members", ("chess", 3)),
                Change(INSERT, "members", ("chess", 3), {"name": "z"}),
            ],
            [Change(UPDATE, "orders", (8,), {"status": "the note is not sent"})],
            [Change(UPDATE, "orders", (8,), {"paid": True}), Change(DELETE, "orders", (7,))],
            [Change(DELETE, "members", ("", 0)), Change(UPDATE, "orders", (6,), full_row(6, amount))],
        ],
    ]


def random_round(seed: int, count: int, amount: str, model: Model) -> list[list[Change]]:
    """Return random transactions on the rows that the model has; keys come back often."""
    draw = random.Random(seed)
    alive = {table: set(rows) for table, rows in model.rows.items()}
    return [[_random_change(draw, alive, amount) for _ in range(draw.randint(1, 5))] for _ in range(count)]


def _random_change(draw: random.Random, alive: dict[str, set[Key]], amount: str) -> Change:
    table = draw.choice(("orders", "orders", "members"))
    key: Key = (draw.randint(1, 14),) if table == "orders" else (draw.choice(("chess", "go")), draw.randint(1, 5))
    values = full_row(draw.randint(1, 99), amount) if table == "orders" else {"name": draw.choice(("a", "ß", "", None))}
    names = draw.sample(sorted(values), draw.randint(1, len(values)))
    chosen = {name: draw.choice((values[name], values[name], None)) for name in names}
    if key not in alive[table]:
        alive[table].add(key)
        return Change(INSERT, table, key, chosen)
    if draw.random() < 0.4:
        alive[table].remove(key)
        return Change(DELETE, table, key)
    # A row that stays as it is comes into no log: the new status never is the old one.
    mark = {"status": f"{draw.random()}"} if table == "orders" else {"name": f"{draw.random()}"}
    return Change(UPDATE, table, key, {**chosen, **mark})


def _literal(value: Any, backslashes: bool) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        text = value.replace("\\", "\\\\") if backslashes else value
        return "'" + text.replace("'", "''") + "'"
    return str(value)


def statements(changes: Sequence[Change], backslashes: bool) -> str:
    """Return the changes as one transaction."""
    return "".join(f"{sql};\n" for sql in ("BEGIN", *(change.sql(backslashes) for change in changes), "COMMIT"))
