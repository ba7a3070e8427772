"""The three workloads: `python -m bench.workloads narrow|wide|nested COUNT > FILE`.

Deterministic: a workload and a count give the same bytes on every machine and Python. One SCHEMA with
`key_properties: ["id"]`, a STATE every 10,000 records, raw UTF-8. One text in eight has characters beyond ASCII, one
in 32 has a pipe, a quote, a backslash, a tab or a line break; one optional value in ten is null.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

STATE_EVERY = 10_000
EPOCH = datetime(2020, 1, 1)
WORDS = [
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "glade",
    "harbor",
    "indigo",
    "juniper",
    "kelp",
    "lagoon",
    "maple",
    "nectar",
    "onyx",
]
BEYOND_ASCII = ["Zürich", "São Paulo", "東京", "Kraków", "naïve", "Ωmega", "emoji 🙂", "Ærø"]
AWKWARD = ["a|b", 'say "hello"', "back\\slash", "tab\there", "two\nlines"]
STATUSES = ["Backordered", "Shipped", "Delivered", "Returned"]

Json = dict[str, Any]


def text(random: Random, words: int) -> str:
    """Return some words, now and then with what makes quoting hard."""
    parts = random.choices(WORDS, k=words)
    draw = random.randrange(32)
    if draw % 8 == 1:
        parts[0] = random.choice(BEYOND_ASCII)
    if draw == 0:
        parts[-1] = random.choice(AWKWARD)
    return " ".join(parts)


def moment(random: Random) -> str:
    """Return a date-time as most taps write it."""
    return (EPOCH + timedelta(microseconds=random.randrange(10**14))).isoformat(timespec="microseconds") + "Z"


def day(random: Random) -> str:
    """Return a date."""
    return (EPOCH + timedelta(days=random.randrange(2000))).date().isoformat()


def amount(random: Random) -> float:
    """Return an amount of money."""
    return random.randrange(10_000_000) / 100


STRING, INTEGER = {"type": ["null", "string"]}, {"type": ["null", "integer"]}
MONEY = {"type": ["null", "number"], "multipleOf": 0.01}
MOMENT = {"type": ["null", "string"], "format": "date-time"}

NARROW: Json = {
    "id": {"type": "integer"},
    "status": {"type": ["null", "string"], "maxLength": 64},
    "amount": MONEY,
    "note": STRING,
    "updated_at": MOMENT,
}


def narrow(random: Random, number: int) -> Json:
    """Return an order: five columns."""
    return {
        "id": number,
        "status": random.choice(STATUSES),
        "amount": amount(random),
        "note": None if random.randrange(10) == 0 else text(random, 2),
        "updated_at": moment(random),
    }


# Sixty columns: ten of each of six kinds.
Value = Callable[[Random], Any]
WIDE_KINDS: list[tuple[str, Json, Value]] = [
    ("name", {"type": ["null", "string"], "maxLength": 255}, lambda random: text(random, 2)),
    ("count", INTEGER, lambda random: random.randrange(1_000_000)),
    ("price", MONEY, amount),
    ("ratio", {"type": ["null", "number"]}, lambda random: random.random()),
    ("flag", {"type": ["null", "boolean"]}, lambda random: random.random() < 0.5),
    ("stamp", MOMENT, moment),
]
DAY_KIND: tuple[str, Json, Value] = ("day", {"type": ["null", "string"], "format": "date"}, day)
WIDE_COLUMNS = [
    (f"{name}_{n:02d}", *rest)
    for n in range(1, 11)
    for name, *rest in (WIDE_KINDS if n % 2 else [*WIDE_KINDS[:-1], DAY_KIND])
]
WIDE: Json = {"id": {"type": "integer"}, **{name: kind for name, kind, _ in WIDE_COLUMNS[1:]}}


def wide(random: Random, number: int) -> Json:
    """Return a record of sixty columns of seven kinds."""
    optional = {name: None if random.randrange(10) == 0 else value(random) for name, _, value in WIDE_COLUMNS[1:]}
    return {"id": number, **optional}


NESTED: Json = {
    "id": {"type": "integer"},
    "email": STRING,
    "customer": {"type": ["null", "object"], "properties": {"name": STRING, "address": {"type": "object"}}},
    "items": {"type": ["null", "array"], "items": {"type": "object"}},
    "attributes": {"type": ["null", "object"]},
    "created_at": MOMENT,
}


def nested(random: Random, number: int) -> Json:
    """Return an order with documents inside."""
    return {
        "id": number,
        "email": f"{random.choice(WORDS)}.{number}@example.com",
        "customer": {
            "name": text(random, 2),
            "address": {"street": text(random, 3), "city": text(random, 1), "zip": f"{random.randrange(10**5):05d}"},
            "since": day(random),
        },
        "items": [
            {
                "sku": f"{random.choice(WORDS)}-{random.randrange(10**6)}",
                "count": random.randrange(1, 9),
                "price": amount(random),
                "tags": random.choices(WORDS, k=2),
            }
            for _ in range(random.randrange(1, 6))
        ],
        "attributes": {name: text(random, 2) for name in random.sample(WORDS, 3)},
        "created_at": moment(random),
    }


WORKLOADS: dict[str, tuple[Json, Callable[[Random, int], Json]]] = {
    "narrow": (NARROW, narrow),
    "wide": (WIDE, wide),
    "nested": (NESTED, nested),
}


def messages(workload: str, count: int) -> Iterator[str]:
    """Yield the lines of a workload, without line ends."""
    properties, record = WORKLOADS[workload]
    random = Random(workload)
    schema = {"type": "object", "properties": properties}
    yield json.dumps({"type": "SCHEMA", "stream": workload, "schema": schema, "key_properties": ["id"]})
    for number in range(1, count + 1):
        message = {"type": "RECORD", "stream": workload, "record": record(random, number)}
        yield json.dumps(message, ensure_ascii=False)
        if number % STATE_EVERY == 0 or number == count:
            yield json.dumps({"type": "STATE", "value": {"bookmarks": {workload: {"id": number}}}})


def main() -> None:
    """Write a workload to standard output."""
    workload, count = sys.argv[1], int(sys.argv[2])
    write = sys.stdout.buffer.write
    for line in messages(workload, count):
        write(line.encode() + b"\n")


if __name__ == "__main__":
    main()
