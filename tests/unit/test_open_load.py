"""How rows and STATEs become a load, without a run: what is due, what may be closed, what a load holds."""

from __future__ import annotations

import io
import itertools
import sys
from typing import Any

import pytest
from singer_bulk.errors import ConfigError, RecordBeforeSchema
from singer_bulk.messages import messages_of, read_blocks
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.load import Table
from singer_bulk.model.messages import Records, Schema, State
from singer_bulk.open_load import OpenLoad
from singer_bulk.stage.memory import MemoryStage
from singer_bulk.stream.from_schema import Present, stream_of, table_of
from singer_bulk.stream.stream import StreamContext
from singer_bulk.warehouse.session import Warehouse

from tests.fakes import (
    FailingStage,
    MemoryDialect,
    MemoryWarehouse,
    Ticking,
    lines,
    record,
    schema,
    settings_with,
    state,
)

WIDE = schema(id={"type": "integer"}, note={"type": ["null", "string"]})


class Gathering:
    """An open load, and what a run would do with messages that arrive."""

    def __init__(self, **settings: Any) -> None:
        self.ticking, self.stage = Ticking(), MemoryStage()
        self.settings = settings_with(**{"batch_size_rows": 2, **settings})
        clock, keys = self.ticking, itertools.count()
        self.load = OpenLoad("run", clock.now(), "0", self.settings, clock.now, clock.monotonic)
        dialect: Any = MemoryDialect()
        self.warehouse = Warehouse(lambda: MemoryWarehouse(FailingStage()), dialect, Table("analytics", "_loads"))
        self.context = StreamContext(
            settings=self.settings,
            file_format=lambda: FileFormat(b"@null@", 6, True, 65535, 16_000_000, 65535),
            open_file=self.stage.open,
            new_key=lambda stream: f"{stream}/{next(keys)}",
            fold=str.lower,
            runtime=clock,
            started_at=clock.now(),
            rejects=None,
            layout=FileLayout,
        )

    def take(self, *messages: dict[str, Any]) -> OpenLoad:
        for block in read_blocks(io.StringIO(lines(*messages)), 1.0):
            for message in messages_of(block) if block else ():
                self.load.count(message)
                if isinstance(message, Records):
                    self.load.add(message)
                elif isinstance(message, State):
                    self.load.cover(bytes(message.value).decode())
                elif isinstance(message, Schema):
                    self._begin(message)
        return self.load

    def _begin(self, message: Schema) -> None:
        if message.stream in self.load.streams:
            self.load.end_stream(self.load.streams[message.stream])
        dialect = self.warehouse.dialect
        table = table_of(message, self.settings, dialect)
        present = Present(lambda: self.warehouse, table, self.load.pending(message.stream, table))
        self.load.begin_stream(stream_of(message, present, dialect, self.context))


def test_limit_makes_due_and_a_state_makes_it_lawful() -> None:
    """Neither alone closes a load: full files wait for the STATE, and a STATE waits for something to be due."""
    made = Gathering()
    load = made.take(schema(), record(id=1), state(1))
    assert (load.due, load.may_close) == (False, True)
    made.take(record(id=2), record(id=3))
    assert (load.due, load.may_close) == (True, False)
    made.take(state(3))
    assert (load.due, load.may_close, load.is_empty) == (True, True, False)
    closed = load.close()
    assert (load.due, load.may_close, load.is_empty) == (False, False, True)
    assert (closed.state, load.closed_state, [table.batches[0].row_count for table in closed.tables]) == ("3", "3", [2])


def test_age_is_that_of_the_first_row() -> None:
    """A load becomes due when its first row has waited long enough, whatever arrives behind it; an empty one never."""
    made = Gathering(batch_size_rows=100)
    made.ticking.pass_seconds(1000)
    load = made.take(schema())
    load.look_at_age()
    assert not load.due
    made.take(record(id=1))
    made.ticking.pass_seconds(299)
    made.take(record(id=2))
    load.look_at_age()
    assert not load.due
    made.ticking.pass_seconds(1)
    load.look_at_age()
    assert load.due


def test_rows_and_loads_are_numbered_in_one_order() -> None:
    """Each row has the next number, and so has the load behind its rows, also one without rows."""
    made = Gathering()
    made.load.sequence = 100
    first = made.take(schema(), record(id=1), record(id=2), state(1)).close()
    second = made.take(state(2)).close()
    third = made.take(record(id=3), state(3)).close()
    assert [(load.load_id, load.sequence) for load in (first, second, third)] == [
        ("run-1", 102), ("run-2", 103), ("run-3", 105),
    ]  # fmt: skip
    assert [(batch.first_sequence, batch.last_sequence) for batch in first.tables[0].batches] == [(100, 101)]
    assert [(batch.first_sequence, batch.last_sequence) for batch in third.tables[0].batches] == [(104, 104)]


def test_full_load_holds_everything() -> None:
    """Where a stream is loaded by overwrite, no STATE makes it lawful to close before the end, nor proves that."""
    load = Gathering(load_method="overwrite").take(schema(), record(id=1), state(1))
    assert (load.may_close, load.is_proven, load.is_empty) == (False, False, False)


def test_table_whose_schema_changed_is_loaded_once() -> None:
    """The parts are joined: the files of both, in their order, and the columns of both."""
    load = Gathering().take(schema(), record(id=1), WIDE, record(id=2, note="x"), schema("users"), state(1)).close()
    (table,) = load.tables
    assert [column.name for column in table.columns] == ["id", "note"]
    assert [[column.name for column in batch.columns] for batch in table.batches] == [["id"], ["id", "note"]]


def test_frozen_table_whose_schema_changed_stays_frozen() -> None:
    """What the user forbids is forbidden to the joined parts, too: a NOT NULL would go."""
    null = schema(id={"type": ["null", "integer"]})
    load = Gathering(schema_evolution="freeze").take(schema(), record(id=1), null, record(id=None), state(1)).close()
    assert [table.frozen for table in load.tables] == [True]


def test_table_of_another_stream_is_refused() -> None:
    """Two streams of one table are named, also before either has a row."""
    with pytest.raises(ConfigError, match="streams 'orders' and 'a-orders' both need table"):
        Gathering(default_target_schema="analytics").take(schema("orders"), schema("a-orders"))


def test_record_before_its_schema_is_refused() -> None:
    """A row has no table then."""
    with pytest.raises(RecordBeforeSchema, match="a RECORD of stream 'orders' before its SCHEMA"):
        Gathering().take(record(id=1))


def calls_among(streams: int) -> int:
    """Return how many Python functions a record, its STATE and a load of it call beside so many silent streams."""
    made = Gathering(batch_size_rows=1000)
    names = [f"s{number}" for number in range(streams)]
    made.take(*map(schema, names), record(names[-1], id=0), state(0)).close()
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for number in range(5):
            load = made.take(record(names[-1], id=number), state(number))
            load.look_at_age()
        assert load.may_close
        assert load.close_largest()
        assert len(load.close().tables) == 1
    finally:
        sys.setprofile(before)
    return calls


def test_streams_without_rows_cost_nothing() -> None:
    """Of thousands of streams few may have rows: what is done for a record and a load does not look at the others."""
    calls_among(2)  # what is made once in a process
    assert calls_among(2) == calls_among(80)


def test_largest_files_are_closed_first() -> None:
    """Room in memory is made by the stream with the most bytes; when all are closed there is nothing left to close."""
    made = Gathering(batch_size_rows=100)
    load = made.take(schema("a"), schema("b"), record("a", id=1), record("b", id=2), record("b", id=3))
    assert load.close_largest()
    assert [key.partition("/")[0] for key in made.stage.files] == ["b"]
    assert load.close_largest()
    assert not load.close_largest()
    assert load.due
