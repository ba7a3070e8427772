"""A source table that changes, what each kind of change feed says of it, and what must be in the warehouse then.

The source is the model: `state` is a dictionary in ten lines. A `Writer` turns changes into the records of one
convention; it knows nothing of how they are loaded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

Row = dict[str, Any]
Record = dict[str, Any]

BEGIN = datetime(2020, 6, 1, 12, tzinfo=timezone.utc)
KEYS = 5
UNAVAILABLE = "__debezium_unavailable_value"
NULLABLE_TEXT = {"type": ["null", "string"]}
NULLABLE_INTEGER = {"type": ["null", "integer"]}
ROW_PROPERTIES: dict[str, Any] = {
    "id": {"type": "integer"},
    "status": NULLABLE_TEXT,
    "amount": NULLABLE_INTEGER,
    "note": NULLABLE_TEXT,
}


@dataclass(frozen=True)
class Change:
    """One change of the source, at second `number`: `before` is the row that goes, `row` the one that comes."""

    number: int
    kind: str  # snapshot, insert, update, delete, truncate
    before: Row | None = None
    row: Row | None = None


def state(changes: Sequence[Change]) -> dict[int, Row]:
    """Return what is there after the changes."""
    rows: dict[int, Row] = {}
    for change in changes:
        if change.kind == "truncate":
            rows.clear()
        if change.before is not None:
            del rows[change.before["id"]]
        if change.row is not None:
            rows[change.row["id"]] = change.row
    return rows


def intervals(changes: Sequence[Change]) -> list[tuple[Row, int, int | None]]:
    """Return each row with the second from which, and that until which it was there."""
    found, there = [], dict[int, tuple[Row, int]]()
    for length, change in enumerate(changes, start=1):
        now = state(changes[:length])
        for key, (row, since) in list(there.items()):
            if now.get(key) is not row:
                found.append((row, since, change.number))
                del there[key]
        there.update({key: (row, change.number) for key, row in now.items() if key not in there})
    return found + [(row, since, None) for row, since in there.values()]


def changes(chance: random.Random, count: int, *, truncates: bool = False) -> list[Change]:
    """Return a source's life: a snapshot, then inserts, updates, changes of keys, deletes, and the same keys again."""
    made = [Change(0, "snapshot", None, _row(chance, key)) for key in (1, 2)]
    for number in range(1, count):
        rows = state(made)
        free = [key for key in range(1, KEYS + 1) if key not in rows]
        wanted = ["insert"] * 3 * bool(free) + (["update"] * 5 + ["delete"] * 2 + ["move"] * bool(free)) * bool(rows)
        kind = "truncate" if truncates and chance.random() < 0.05 else chance.choice(wanted)
        if kind == "insert":
            made.append(Change(number, "insert", None, _row(chance, chance.choice(free))))
        elif kind == "truncate":
            made.append(Change(number, "truncate"))
        else:
            before = rows[chance.choice(sorted(rows))]
            row = None if kind == "delete" else _changed(chance, before)
            if kind == "move" and row is not None:
                row["id"] = chance.choice(free)
            made.append(Change(number, "delete" if kind == "delete" else "update", before, row))
    return made


def _row(chance: random.Random, key: int) -> Row:
    return {"id": key, **{name: _value(chance, name) for name in ("status", "amount", "note")}}


def _changed(chance: random.Random, before: Row) -> Row:
    names = chance.sample(["status", "amount", "note"], chance.choice([1, 1, 2]))
    return {**before, **{name: _value(chance, name) for name in names}}


def _value(chance: random.Random, name: str) -> Any:
    if chance.random() < 0.2:
        return None
    return chance.randrange(1000) if name == "amount" else chance.choice(["new", "paid", "a|b", 'say "no"', "", "\\N"])


def moment(number: int) -> str:
    """Return the time of a change."""
    return (BEGIN + timedelta(seconds=number)).isoformat()


def second(value: Any) -> int | None:
    """Return the number of the change at a time, as the warehouse gives it."""
    if value is None or isinstance(value, int):
        return value
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return int((at.replace(tzinfo=at.tzinfo or timezone.utc) - BEGIN).total_seconds())


@dataclass(frozen=True)
class Writer:
    """One convention. `write` turns a change into records.

    shuffled: the feed orders its events and sends whole rows, so they may come in any order; replayed: it may send
    what it has sent before once more. key: of the table, for the model's id.
    """

    name: str
    cdc: dict[str, Any]
    properties: dict[str, Any]
    write: Callable[[Change], list[Record]]
    shuffled: bool = False
    replayed: bool = False
    truncates: bool = False
    key: str = "id"
    read_time: Callable[[Any], int | None] = second
    gone: str = "FALSE"  # the condition that a row is one that a delete has stamped
    rows: Callable[[Record], int] = lambda record: 1  # that a record becomes

    def schema(self, stream: str) -> dict[str, Any]:
        """Return the SCHEMA."""
        schema = {"type": "object", "properties": self.properties}
        return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": [self.key]}

    def messages(self, stream: str, made: Sequence[Change]) -> list[dict[str, Any]]:
        """Return the RECORDs for the changes."""
        return [
            {"type": "RECORD", "stream": stream, "record": record, "time_extracted": moment(change.number)}
            for change in made
            for record in self.write(change)
        ]


def _pairs(change: Change) -> list[tuple[str, Row, Row | None]]:
    """Return (operation, row, row before) for feeds that send a change of the key as a delete and an insert."""
    before, row = change.before, change.row
    if change.kind == "delete":
        return [("delete", before or {}, before)]
    if before is not None and row is not None and before["id"] != row["id"]:
        return [("delete", before, before), ("insert", row, None)]
    return [(change.kind, row or {}, before)]


def _unchanged(row: Row, before: Row | None) -> bool:
    return before is not None and row["id"] == before["id"] and row["note"] == before["note"]


def _book(change: Change) -> list[Record]:
    words = {"snapshot": "insert"}
    return [{"operation": words.get(op, op), **row, "at": moment(change.number)} for op, row, _ in _pairs(change)]


def _dms(change: Change) -> list[Record]:
    letters = {"snapshot": None, "insert": "I", "update": "U", "delete": "D"}
    place = f"20200601{change.number:027d}"
    return [{"Op": letters[op], **row, "AR_H_CHANGE_SEQ": place, "AR_H_TIMESTAMP": moment(change.number)}
            for op, row, _ in _pairs(change)]  # fmt: skip


_LETTERS = {"snapshot": "r", "insert": "c", "update": "u", "delete": "d", "truncate": "t"}


def _without_toast(row: Row, before: Row | None) -> Row:
    return {**row, "note": UNAVAILABLE} if _unchanged(row, before) else row


def _debezium_flat(change: Change) -> list[Record]:
    return [
        {**(_without_toast(row, before) if op == "update" else row), "__op": _LETTERS[op],
         "__deleted": "true" if op == "delete" else "false", "__lsn": 1000 + change.number,
         "__source_ts_ms": change.number}
        for op, row, before in _pairs(change)
    ]  # fmt: skip


def _debezium(change: Change) -> list[Record]:
    before, row = change.before, change.row
    after = _without_toast(row, before) if row is not None and change.kind == "update" else row
    source = {"lsn": 1000 + change.number, "ts_ms": change.number, "table": "orders", "snapshot": "false"}
    return [{"before": before, "after": after, "op": _LETTERS[change.kind], "ts_ms": change.number, "source": source}]


def _sdc(change: Change) -> list[Record]:
    records = []
    for op, row, before in _pairs(change):
        record = {"id": row["id"]} if op == "delete" else dict(row)
        if op == "update" and _unchanged(row, before):
            del record["note"]
        record["_sdc_deleted_at"] = moment(change.number) if op == "delete" else None
        # The tap leaves it out of what it reads before the log; as text, 9 comes before 10.
        records.append({**record, "_sdc_lsn": None if op == "snapshot" else str(change.number)})
    return records


def _sqlserver(change: Change) -> list[Record]:
    before, row = change.before, change.row
    images = {"snapshot": [(2, row)], "insert": [(2, row)], "update": [(3, before), (4, row)], "delete": [(1, before)]}
    lsn = f"0x{change.number:020x}"
    return [{"__$operation": number, "__$start_lsn": lsn, "__$seqval": lsn, **(image or {})}
            for number, image in images[change.kind]]  # fmt: skip


def _moved(before: Row | None, row: Row | None) -> bool:
    return before is not None and row is not None and before["id"] != row["id"]


def _maxwell(change: Change) -> list[Record]:
    before, row = change.before, change.row
    kind = "bootstrap-insert" if change.kind == "snapshot" else change.kind
    event: Record = {"database": "shop", "table": "orders", "type": kind, "ts": change.number, "xid": 7, "commit": True}
    event["position"] = f"mysql-bin.{999_998 + change.number // 10}:{4 + change.number}"
    if row is None or before is None:
        return [{**event, "data": row or before}]
    old = {name: value for name, value in before.items() if value != row[name]}
    data = {name: value for name, value in row.items() if name != "note" or not _unchanged(row, before)}
    return [{**event, "data": data, "old": old}]


def _mongodb(change: Change) -> list[Record]:
    records = []
    kinds = {"snapshot": "insert", "truncate": "drop"}
    for op, row, before in _pairs(change):
        event: Record = {"_id": {"_data": f"8{change.number:08X}"}, "operationType": kinds.get(op, op)}
        event["clusterTime"] = moment(change.number)
        if op == "truncate":
            records.append({**event, "ns": {"db": "shop", "coll": "orders"}})
            continue
        document = {name: value for name, value in row.items() if name != "id"}
        event["documentKey"] = {"_id": row["id"]}
        if op == "update" and before is not None:
            told = {name: value for name, value in document.items() if value != before[name] and value is not None}
            removed = [name for name, value in document.items() if value != before[name] and value is None]
            event["updateDescription"] = {"updatedFields": told, "removedFields": removed}
            if change.number % 3 == 0:
                whole = {name: value for name, value in document.items() if value is not None}
                event["fullDocument"] = {"_id": row["id"], **whole}
        elif op != "delete":
            event["fullDocument"] = {"_id": row["id"], **document}
        records.append(event)
    return records


def _fivetran(change: Change) -> list[Record]:
    # One sync a change, and the row that leaves its key a moment before the one that comes.
    return [{**row, "_fivetran_deleted": op == "delete", "_fivetran_synced": moment(change.number)}
            for op, row, _ in _pairs(change)]  # fmt: skip


def _properties(**more: Any) -> dict[str, Any]:
    return {**ROW_PROPERTIES, **more}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["null", "object"], "properties": properties}


MOMENT = {"type": ["null", "string"], "format": "date-time"}
_MONGO_ROW = {"_id": {"type": "integer"}, **{name: ROW_PROPERTIES[name] for name in ("status", "amount", "note")}}
_SOURCE = _object(
    {"lsn": NULLABLE_INTEGER, "ts_ms": NULLABLE_INTEGER, "table": NULLABLE_TEXT, "snapshot": NULLABLE_TEXT}
)

WRITERS = (
    Writer("book", {"preset": "book", "time_column": "at"}, _properties(operation={"type": "string"}, at=MOMENT), _book,
           gone="operation = 'delete'"),
    Writer("dms", {"preset": "dms"},
           _properties(Op=NULLABLE_TEXT, AR_H_CHANGE_SEQ=NULLABLE_TEXT, AR_H_TIMESTAMP=NULLABLE_TEXT), _dms,
           shuffled=True, gone="op = 'D'"),
    Writer("debezium_flat", {"preset": "debezium"},
           _properties(__op=NULLABLE_TEXT, __deleted=NULLABLE_TEXT, __lsn=NULLABLE_INTEGER,
                       __source_ts_ms=NULLABLE_INTEGER), _debezium_flat, replayed=True, gone="__op = 'd'"),
    Writer("debezium", {"preset": "debezium"},
           {"before": _object(ROW_PROPERTIES), "after": _object(ROW_PROPERTIES), "op": {"type": "string"},
            "ts_ms": NULLABLE_INTEGER, "source": _SOURCE}, _debezium, replayed=True, truncates=True,
           gone="__op IN ('d', 't')", rows=lambda record: 1 + _moved(record["before"], record["after"])),
    Writer("sdc", {"preset": "sdc"}, _properties(_sdc_deleted_at=MOMENT, _sdc_lsn=NULLABLE_TEXT), _sdc,
           gone="_sdc_deleted_at IS NOT NULL"),
    Writer("sdc_lsn", {"preset": "sdc", "sequence_columns": ["_sdc_lsn"]},
           _properties(_sdc_deleted_at=MOMENT, _sdc_lsn=NULLABLE_TEXT), _sdc, replayed=True,
           gone="_sdc_deleted_at IS NOT NULL"),
    Writer("sqlserver", {"preset": "sqlserver"},
           {"__$operation": {"type": "integer"}, "__$start_lsn": NULLABLE_TEXT, "__$seqval": NULLABLE_TEXT,
            **ROW_PROPERTIES}, _sqlserver, shuffled=True, gone='"__$operation" IN (1, 3)'),
    Writer("maxwell", {"preset": "maxwell"},
           {"database": NULLABLE_TEXT, "table": NULLABLE_TEXT, "type": {"type": "string"}, "ts": NULLABLE_INTEGER,
            "xid": NULLABLE_INTEGER, "commit": {"type": ["null", "boolean"]}, "position": NULLABLE_TEXT,
            "data": _object(ROW_PROPERTIES), "old": _object({})}, _maxwell, replayed=True, gone="__type = 'delete'",
           rows=lambda record: 1 + ("id" in record.get("old", {}))),
    Writer("mongodb", {"preset": "mongodb"},
           {"_id": {"type": "object"}, "operationType": {"type": "string"}, "clusterTime": MOMENT,
            "ns": {"type": ["null", "object"]}, "documentKey": _object({"_id": {"type": "integer"}}),
            "fullDocument": _object(_MONGO_ROW), "updateDescription": {"type": ["null", "object"]}}, _mongodb,
           replayed=True, truncates=True, key="_id", gone="\"__operationType\" IN ('delete', 'drop')"),
    Writer("fivetran", {"preset": "fivetran"},
           _properties(_fivetran_deleted={"type": ["null", "boolean"]}, _fivetran_synced=MOMENT), _fivetran,
           shuffled=True, gone="_fivetran_deleted"),
)  # fmt: skip


@dataclass
class Feed:
    """The changes of one stream, cut into parts; each part is followed by a STATE."""

    writer: Writer
    stream: str
    made: list[Change]
    parts: list[list[dict[str, Any]]] = field(default_factory=list)


def feed(writer: Writer, stream: str, chance: random.Random, count: int, parts: int) -> Feed:
    """Return a feed of `count` changes in some parts, in the disorder that its convention allows."""
    made = changes(chance, count, truncates=writer.truncates)
    messages = [(change.number, message) for change in made for message in writer.messages(stream, [change])]
    if writer.shuffled:
        # Each event comes up to eight changes early or late, so that loads part the events of a key in either order.
        messages.sort(key=lambda pair: pair[0] + chance.uniform(-8, 8))
    cuts = sorted(chance.sample(range(1, len(messages)), parts - 1))
    cut = [[message for _, message in messages[a:b]] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    if writer.replayed:
        cut = [cut[0], *([*cut[at - 1][-3:], *cut[at]] for at in range(1, len(cut)))]
    return Feed(writer, stream, made, cut)
