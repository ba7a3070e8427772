"""Change feeds: each event stays a row, and the views and the applied tables say what the source says."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.change_feeds import WRITERS, Change, Feed, Row, Writer, feed, intervals, state
from tests.load.loaders import Loader

ROW_COLUMNS = ("status", "amount", "note")
SOFT = ("book", "debezium", "sdc")


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


@pytest.mark.parametrize("seed", [1])
def test_every_convention(loader: Loader, seed: int) -> None:
    """A feed of each preset: history, both views and the applied table are those of a dictionary."""
    made = feeds(seed, count=36, parts=3)
    run = loader.load(*messages(made), **settings(made))
    assert run.status == 0, run.stderr
    assert run.states[-1] == {"next": 3}
    for one in made:
        kinds = {change.kind for change in one.made}
        assert {"snapshot", "insert", "update", "delete"} <= kinds
        assert any(_moves(change) for change in one.made)
        compare(loader, one)


def _moves(change: Change) -> bool:
    return change.before is not None and change.row is not None and change.before["id"] != change.row["id"]
