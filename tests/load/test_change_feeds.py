"""Change feeds: each event stays a row, and the views and the applied tables say what the source says."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.change_feeds import WRITERS, Change, Feed, Row, Writer, feed, intervals, state
from tests.load.loaders import Loader

ROW_COLUMNS = ("status", "amount", "note")
SOFT = ("book", "debezium", "sdc", "sdc_lsn")


def feeds(seed: int, count: int, parts: int, writers: Sequence[Writer] = WRITERS) -> list[Feed]:
    """Two streams a convention: one keeps the history and the current state, one is loaded by upsert."""
    chance = random.Random(seed)
    made = [feed(writer, f"{writer.name}_feed", chance, count, parts) for writer in writers]
    return made + [
        feed(writer, f"{writer.name}_soft", chance, count, parts) for writer in writers if writer.name in SOFT
    ]


def settings(made: Sequence[Feed]) -> dict[str, Any]:
    """The settings of the streams."""
    by_stream: dict[str, Any] = {}
    for one in made:
        both = {"cdc": {**one.writer.cdc, "apply": ["history", "current"]}, "current_view": True}
        soft = {"cdc": one.writer.cdc, "load_method": "upsert"}
        by_stream[one.stream] = soft if one.stream.endswith("_soft") else both
    return {"stream_settings": by_stream, "add_record_metadata": True, "batch_size_rows": 20}


def messages(made: Sequence[Feed], begin: int = 0) -> list[dict[str, Any]]:
    """What the tap sends from a STATE on: the streams' parts in turn, a STATE behind each turn."""
    sent = [one.writer.schema(one.stream) for one in made]
    for number in range(begin, len(made[0].parts)):
        for one in made:
            sent += one.parts[number]
        sent.append({"type": "STATE", "value": {"next": number + 1}})
    return sent


def compare(loader: Loader, one: Feed) -> None:
    """The tables and views of a stream against the model."""
    key = f'"{_stored(loader, one.writer.key)}"'
    columns = ", ".join((key, *ROW_COLUMNS))
    now = _sorted(_values(row) for row in state(one.made).values())
    if one.stream.endswith("_soft"):
        alive = f"SELECT {columns} FROM {{schema}}.{one.stream} WHERE NOT COALESCE({one.writer.gone}, FALSE)"
        assert _sorted(loader.rows(alive)) == now, one.stream
        return
    assert _sorted(loader.rows(f"SELECT {columns} FROM {{schema}}.{one.stream}_live")) == now, one.stream
    current = loader.rows(f"SELECT * FROM {{schema}}.{one.stream}__current")
    # Neither the operation nor metadata, in the order of the table; the book's own time is a column of the row.
    assert {len(row) for row in current} <= {5 if one.writer.name == "book" else 4}
    assert _sorted(row[:4] for row in current) == now, one.stream
    sent = sum(one.writer.rows(message["record"]) for part in one.parts for message in part)
    assert loader.rows(f"SELECT count(*), count(DISTINCT _sdc_sequence) FROM {{schema}}.{one.stream}") == [(sent, sent)]
    _compare_history(loader, one, columns)


def _compare_history(loader: Loader, one: Feed, columns: str) -> None:
    rows = loader.rows(f"SELECT valid_from, valid_to, operation, {columns} FROM {{schema}}.{one.stream}__history")
    held = [(*row[3:], *map(one.writer.read_time, row[:2])) for row in rows if row[0] != row[1]]
    wanted = [(*_values(row), begin, end) for row, begin, end in intervals(one.made) if begin != end]
    assert sorted(held, key=repr) == sorted(wanted, key=repr), one.stream
    assert {row[2] for row in rows} <= {"insert", "update", "delete", "truncate", "upsert"}


def _sorted(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("id", *ROW_COLUMNS))


def _stored(loader: Loader, name: str) -> str:
    return name.upper() if "snowflake" in loader.command else name


def test_every_convention(loader: Loader) -> None:
    """A feed of each preset, out of order or sent twice where it may be: history, views, applied tables are right."""
    made = feeds(seed=10, count=34, parts=3)
    for one in made:
        kinds = {change.kind for change in one.made}
        assert {"snapshot", "insert", "update", "delete"} | ({"truncate"} if one.writer.truncates else set()) == kinds
        assert any(_moves(change) for change in one.made)
        assert sum(len(part) for part in one.parts) >= 30
    run = loader.load(*messages(made), **settings(made))
    assert run.status == 0, run.stderr
    assert run.states == [{"next": 1}, {"next": 2}, {"next": 3}]
    for one in made:
        compare(loader, one)


def _moves(change: Change) -> bool:
    return change.before is not None and change.row is not None and change.before["id"] != change.row["id"]


CHANGES = Path(__file__).parent.parent.parent / "demo" / "orders_six_changes.csv"
BOOK = {"cdc": {"preset": "book", "time_column": "LastUpdated"}, "current_view": True, "add_record_metadata": True}
ORDERS = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"properties": {name: {"type": ["null", "string"]} for name in ("operation", "OrderStatus")}},
    "key_properties": ["OrderId"],
}
ORDERS["schema"]["properties"]["OrderId"] = {"type": "integer"}  # type: ignore[index]
ORDERS["schema"]["properties"]["LastUpdated"] = {"type": ["null", "string"], "format": "date-time"}  # type: ignore[index]


def order(operation: str, number: int, status: str, updated: str) -> dict[str, Any]:
    """A RECORD of a change of an order."""
    record = {"operation": operation, "OrderId": number, "OrderStatus": status, "LastUpdated": updated}
    return {"type": "RECORD", "stream": "orders", "record": record}


def six_changes() -> list[dict[str, Any]]:
    """The six change rows of the orders."""
    rows = [line.split("|") for line in CHANGES.read_text().splitlines()]
    return [order(row[0], int(row[1]), row[2], row[3]) for row in rows]


def test_queries_of_the_orders(loader: Loader) -> None:
    """Six change rows: the present orders, the count by status, and the orders as of a moment, one SELECT each."""
    assert len(six_changes()) == 6
    run = loader.load(ORDERS, *six_changes(), **BOOK)
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT OrderId, OrderStatus FROM {schema}.orders__current ORDER BY OrderId") == [
        (2, "Shipped"),
        (3, "Shipped"),
        (4, "Shipped"),
    ]
    by_status = "SELECT OrderStatus, COUNT(*) FROM {schema}.orders__current GROUP BY OrderStatus"
    assert loader.rows(by_status) == [("Shipped", 3)]
    as_of = (
        "SELECT OrderId, OrderStatus FROM {schema}.orders__history WHERE valid_from <= '2020-06-09 12:00:30' "
        "AND (valid_to > '2020-06-09 12:00:30' OR valid_to IS NULL) ORDER BY OrderId"
    )
    assert loader.rows(as_of) == [(1, "Shipped"), (4, "Shipped")]
    told = "SELECT OrderId, operation, valid_from = valid_to FROM {schema}.orders__history WHERE operation = 'delete'"
    assert loader.rows(told) == [(1, "delete", True)]


def test_views_follow_their_table(loader: Loader) -> None:
    """A column that comes, and one that is swapped for a wider one, are in the views; the old rows stay right."""
    assert loader.load(ORDERS, *six_changes(), **BOOK).status == 0
    wider = json.loads(json.dumps(ORDERS))
    wider["schema"]["properties"].update(note={"type": ["null", "string"]}, OrderId={"type": "number", "multipleOf": 1})
    wider["schema"]["properties"]["OrderStatus"] = {"type": ["null", "string", "integer"]}
    last = order("update", 2, "Returned", "2020-08-01 00:00:00")
    last["record"]["note"] = "broken"
    run = loader.load(wider, last, **BOOK)
    assert run.status == 0, run.stderr
    current = "SELECT OrderId, OrderStatus, note FROM {schema}.orders__current ORDER BY OrderId"
    assert loader.rows(current) == [(2, "Returned", "broken"), (3, "Shipped", None), (4, "Shipped", None)]
    changed = json.loads(json.dumps(wider))
    changed["schema"]["properties"]["LastUpdated"] = {"type": ["null", "string"]}
    run = loader.load(changed, order("delete", 3, "Shipped", "2020-08-02 00:00:00"), **BOOK)
    assert run.status == 0, run.stderr
    assert [row[0] for row in loader.rows(current)] == [2, 4]
    assert loader.rows("SELECT COUNT(*) FROM {schema}.orders__history") == [(8,)]


def test_operation_that_is_not_known_is_refused(loader: Loader) -> None:
    """A value that the convention does not have, null and a missing operation are refused by name, never guessed."""
    bad = [order(word, 7, "new", "2020-06-09 12:00:30") for word in ("upsert", "null", "missing")]
    bad[1]["record"]["operation"] = None
    del bad[2]["record"]["operation"]
    run = loader.load(ORDERS, *six_changes(), bad[0], **BOOK)
    assert run.status == 1
    assert "stream 'orders', line 8: $.operation" in run.stderr
    assert "'upsert'; an operation that is not known is never guessed" in run.stderr
    run = loader.load(ORDERS, *bad, *six_changes(), on_invalid_record="reject", **BOOK)
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT COUNT(*) FROM {schema}.orders") == [(6,)]
    (key,) = [key for key in loader.staged_keys() if "_rejected" in key]
    reasons = gzip.decompress(loader.s3.body(key)) if key.endswith(".gz") else loader.s3.body(key)
    assert [text in reasons.decode() for text in ("upsert", "takes no null", "missing required property")] == [True] * 3
    known = {**BOOK, "cdc": {"preset": "book", "update_values": ["upsert"]}}
    run = loader.load(ORDERS, bad[0], **known)
    assert run.status == 0, run.stderr
    assert (7, "new") in loader.rows("SELECT OrderId, OrderStatus FROM {schema}.orders__current")


FULL = {
    "stream_settings": {"orders": {"cdc": {"preset": "sdc", "apply": ["history", "current"]}, "current_view": True}}
}


def full(version: int, *numbers: int) -> list[dict[str, Any]]:
    """Records of a snapshot."""
    return [
        {"type": "RECORD", "stream": "orders", "version": version, "record": {"id": n, "status": f"v{version}"}}
        for n in numbers
    ]


def activate(version: int) -> dict[str, Any]:
    """The end of a snapshot."""
    return {"type": "ACTIVATE_VERSION", "stream": "orders", "version": version}


@pytest.mark.parametrize("hard_delete", [False, True], ids=["soft", "hard"])
def test_snapshot_and_log(loader: Loader, hard_delete: bool) -> None:
    """A snapshot that is interrupted and repeated shows no half of itself; the log goes on behind it, without a gap."""
    properties = {"id": {"type": "integer"}, "status": {"type": ["null", "string"]},
                  "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}}  # fmt: skip
    schema = {"type": "SCHEMA", "stream": "orders", "schema": {"properties": properties}, "key_properties": ["id"]}
    given = {**FULL, "add_record_metadata": True, "hard_delete": hard_delete}

    def current() -> list[tuple[Any, ...]]:
        return loader.rows("SELECT id, status FROM {schema}.orders__current ORDER BY id")

    def event(version: int, number: int, **values: Any) -> dict[str, Any]:
        return {"type": "RECORD", "stream": "orders", "version": version, "record": {"id": number, **values}}

    # Interrupted before its end: nothing of it is in force.
    assert loader.load(schema, *full(1, 1, 2), {"type": "STATE", "value": 1}, **given).status == 0
    assert current() == []
    # Repeated whole, in another version, and the log behind it.
    deleted = {"_sdc_deleted_at": "2020-06-10T00:00:00Z"}
    log = [event(2, 1, status="log"), event(2, 3, **deleted), event(2, 4, status="log")]
    run = loader.load(schema, *full(2, 1, 2, 3), activate(2), *log, {"type": "STATE", "value": 2}, **given)
    assert run.status == 0, run.stderr
    now = [(1, "log"), (2, "v2"), (4, "log")]
    assert current() == now
    assert loader.rows("SELECT id, status FROM {schema}.orders_live ORDER BY id") == now
    # A new snapshot is interrupted: the old state stays in force until the new one is whole.
    assert loader.load(schema, *full(3, 1), {"type": "STATE", "value": 3}, **given).status == 0
    assert current() == now
    assert loader.load(schema, *full(4, 1, 4), activate(4), {"type": "STATE", "value": 4}, **given).status == 0
    assert current() == [(1, "v4"), (4, "v4")]
    assert loader.rows("SELECT id, status FROM {schema}.orders_live ORDER BY id") == current()
    ended = loader.rows("SELECT id FROM {schema}.orders__history WHERE valid_to IS NULL ORDER BY id")
    assert ended == [(1,), (4,)]


SDC = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {
        "properties": {
            "id": {"type": "integer"},
            "status": {"type": ["null", "string"]},
            "note": {"type": ["null", "string"]},
            "_sdc_lsn": {"type": ["null", "integer"]},
            "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"},
        }
    },
    "key_properties": ["id"],
}


def logged(number: int, lsn: int | None, **values: Any) -> dict[str, Any]:
    """A RECORD of a log, or of a full table where it has no position."""
    record = {"id": number, "_sdc_lsn": lsn, "_sdc_deleted_at": None, **values}
    return {"type": "RECORD", "stream": "orders", "record": record}


def present(loader: Loader, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows that are there: of the view and of the table beside the history, which are the same; or upserted."""
    query = "SELECT id, status, note FROM {{schema}}.{} ORDER BY id"
    if given.get("load_method") == "upsert":
        return loader.rows(query.format("orders WHERE _sdc_deleted_at IS NULL"))
    rows = loader.rows(query.format("orders__current"))
    assert loader.rows(query.format("orders_live")) == rows
    return rows


@pytest.mark.parametrize("upsert", [False, True], ids=["history", "upsert"])
def test_full_table_that_is_taken_again_without_versions(loader: Loader, upsert: bool) -> None:
    """Its rows have no position in the log, and are newer than all that the log has told."""
    given: dict[str, Any] = {"load_method": "upsert", "cdc": {"preset": "sdc"}} if upsert else {**FULL}
    given["add_record_metadata"] = True
    first = [logged(1, None, status="a", note="n"), logged(1, 10, status="b"), logged(2, 20, status="b", note="n")]
    assert loader.load(SDC, *first, **given).status == 0
    assert present(loader, given) == [(1, "b", "n"), (2, "b", "n")]
    again = [logged(1, None, status="c", note="m"), logged(2, None, status="c", note="m")]
    assert loader.load(SDC, *again, **given).status == 0
    assert present(loader, given) == [(1, "c", "m"), (2, "c", "m")]


@pytest.mark.parametrize("upsert", [False, True], ids=["history", "upsert"])
@pytest.mark.parametrize("begin", [1, *(pytest.param(at, marks=pytest.mark.long) for at in (0, 2, 3, 4, 5))])
def test_log_that_is_sent_again_ends_where_it_was(loader: Loader, upsert: bool, begin: int) -> None:
    """From whichever event on it comes twice: when it has come to its end, the present is what it was."""
    given: dict[str, Any] = {"load_method": "upsert", "cdc": {"preset": "sdc"}} if upsert else {**FULL}
    given["add_record_metadata"] = True
    log = [
        logged(1, 10, status="new", note="long"),
        logged(1, 11, status="paid"),
        logged(2, 12, status="new", note=None),
        logged(1, 13, _sdc_deleted_at="2020-06-10T00:00:00Z"),
        logged(2, 14, status="paid", note="long"),
        logged(2, 15, status="sent"),
    ]
    assert loader.load(SDC, *log, **given).status == 0
    assert present(loader, given) == [(2, "sent", "long")]
    assert loader.load(SDC, *log[begin:], **given).status == 0
    assert present(loader, given) == [(2, "sent", "long")]


def test_sequence_is_a_total_order(loader: Loader) -> None:
    """10,000 rows: 10,000 numbers in the order of the rows, over three runs, with two more threads."""
    schema = {"type": "SCHEMA", "stream": "orders", "schema": {"properties": {"id": {"type": "integer"},
              "text": {"type": "string"}}}, "key_properties": ["id"]}  # fmt: skip
    text = "x" * 1000  # blocks enough for both
    for begin in (0, 4000, 8000):
        rows = range(begin, min(begin + 4000, 10_000))
        run = loader.load(
            schema,
            *({"type": "RECORD", "stream": "orders", "record": {"id": number, "text": text}} for number in rows),
            add_record_metadata=True,
            encoders=2,
        )
        assert run.status == 0, run.stderr
    query = "SELECT COUNT(*), COUNT(DISTINCT _sdc_sequence) FROM {schema}.orders"
    assert loader.rows(query) == [(10_000, 10_000)]
    numbers = loader.rows("SELECT id FROM {schema}.orders ORDER BY _sdc_sequence")
    assert [row[0] for row in numbers] == list(range(10_000))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"current_view": True, "cdc": {"preset": "book"}}, "needs an order"),
        ({"cdc": {"preset": "sdc", "apply": ["history", "current"]}}, "needs an order; set add_record_metadata"),
        ({"current_view": True, "load_method": "upsert", "add_record_metadata": True}, "needs the history"),
        ({"cdc": {"preset": "dms"}}, "'Op', which the SCHEMA does not have"),
        ({"cdc": {"preset": "book", "sequence_columns": ["lsn"]}}, "'lsn', which the SCHEMA does not have"),
        ({"cdc": {"preset": "book", "apply": ["current"]}, "load_method": "overwrite"}, "exclude each other"),
        ({"cdc": {"preset": "books"}}, "cdc"),
    ],
)
def test_settings_that_contradict_are_refused(loader: Loader, given: dict[str, Any], text: str) -> None:
    """What lacks an order, a history or a column is refused before a row is read; the message names the setting."""
    run = loader.load(ORDERS, *six_changes(), **given)
    assert run.status == 1
    assert text in run.stderr
    assert not loader.table_exists("orders")
