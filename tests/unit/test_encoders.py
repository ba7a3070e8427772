"""Rows that other threads made are the rows that one thread makes, errors included."""

from __future__ import annotations

import json
from typing import Any

import pytest
from singer_bulk.encode import workers
from singer_bulk.encode.gzip_files import Piece
from singer_bulk.encode.workers import Block, Blocks, Workers
from singer_bulk.errors import BulkError, ValueRejected
from singer_bulk.model.columns import TIMESTAMPTZ
from singer_bulk.model.file_format import ColumnOutgrown
from singer_bulk.model.messages import Records

from tests.fakes import Bench, Failure, lines, record, schema, state

ORDERS = "analytics.orders"
COUNT = 30_000
WIDE = schema(id={"type": "integer"}, note={"type": ["null", "string"]}, at={"format": "date-time", "type": "string"})


@pytest.fixture(autouse=True)
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return whether each run of records was taken by a thread; one of any size may be."""
    taken: list[bool] = []
    hand_over = Workers.hand_over

    def noted(self: Workers, blocks: Blocks, block: Block) -> bool:
        taken.append(hand_over(self, blocks, block))
        return taken[-1]

    monkeypatch.setattr(Workers, "hand_over", noted)
    monkeypatch.setattr(workers, "LEAST_BYTES", 1)
    return taken


def rows_of(count: int = COUNT) -> list[dict[str, Any]]:
    """Return records, some with what blocks leave to the definition."""
    notes = [None, "plain", 'say "x"|\t', "Zürich", "x" * 50]
    return [record(id=n, note=notes[n % 5], at=f"2020-06-{n % 30 + 1:02d}T12:00:00") for n in range(count)]


def run_both(text: str, **options: Any) -> tuple[Bench, Bench]:
    """Return what comes of the input without and with two more threads."""
    benches = []
    for encoders in (0, 2):
        bench = Bench()
        bench.run(text, encoders=encoders, **options)
        benches.append(bench)
    return benches[0], benches[1]


def test_rows_are_the_same_whoever_encodes_them(handed_over: list[bool]) -> None:
    """Two more threads and none give the same rows and STATE, in as many files."""
    alone, helped = run_both(lines(WIDE, *rows_of(), state("end")), add_record_metadata=True)
    assert sorted(helped.warehouse.rows(ORDERS)) == sorted(alone.warehouse.rows(ORDERS))
    assert len(helped.warehouse.rows(ORDERS)) == COUNT
    assert helped.emitted == alone.emitted == ['"end"']
    files = [[key for key in one.stage.files if key.endswith(".gz")] for one in (alone, helped)]
    assert [len(keys) for keys in files] == [1, 1]
    assert any(handed_over)


def test_batches_end_and_begin() -> None:
    """Each batch gets its own pieces, and each STATE its rows."""
    parts = [lines(*rows_of(4000), state(n)) for n in range(4)]
    alone, helped = run_both(lines(WIDE) + "".join(parts), batch_size_rows=3000)
    assert sorted(helped.warehouse.rows(ORDERS)) == sorted(alone.warehouse.rows(ORDERS))
    assert helped.emitted == alone.emitted


def test_column_that_outgrows_its_type() -> None:
    """A date-time with an offset in mid-stream: all rows arrive, before and after, in files that say which is which."""
    later = [record(id=n, note="z", at="2020-06-01T12:00:00+02:00") for n in range(3000)]
    alone, helped = run_both(lines(WIDE, *rows_of(12_000), *later, *rows_of(6_000), state(1)))
    # A block that was on its way stands in a file without offsets, which is loaded as UTC.
    rows = [sorted(row.replace("+00", "") for row in bench.warehouse.rows(ORDERS)) for bench in (alone, helped)]
    assert rows[0] == rows[1]
    assert helped.warehouse.columns[ORDERS] == alone.warehouse.columns[ORDERS]


def test_blocks_behind_one_that_comes_back_come_back_too() -> None:
    """A block that may begin another batch is followed by those that came later, though they are encoded: written into
    the batch before, they would be merged before it, and an older row would replace a newer one."""

    def encode(records: Records, sequence: int, piece: Any) -> Any:
        if sequence == 1:
            raise ColumnOutgrown("at", TIMESTAMPTZ, None)  # type: ignore[arg-type]
        return Piece(b"", 0, 0)

    written: list[int] = []
    blocks = Blocks(encode, lambda piece, lines: written.append(len(lines)))
    made = [Block(Records("orders", b"{}\n", range(at, at + 1)), at) for at in range(4)]
    threads = Workers(2)
    assert all(threads.hand_over(blocks, block) for block in made)
    assert threads.wait_for(blocks) == made[1:]
    assert written == [1]
    assert threads.wait_for(blocks) == []


def test_rejected_value_is_named_with_its_line() -> None:
    """The error of a block that another thread had is the one that the definition gives."""
    text = lines(WIDE, *rows_of(9000), record(id="x", note=None, at="2020-06-01"), *rows_of(9000), state(1))
    told = []
    for encoders in (0, 2):
        bench = Bench()
        with pytest.raises(ValueRejected) as refused:
            bench.run(text, encoders=encoders)
        told.append(str(refused.value))
        assert bench.emitted == []
        assert bench.warehouse.rows(ORDERS) == []
        assert bench.stage.files == {}
    assert told[0] == told[1]
    assert "line 9002" in told[0]


def test_rejected_records_are_set_aside() -> None:
    """With on_invalid_record the same rows are loaded and the same records set aside."""
    bad = [record(id="x", note="bad", at="2020-06-01T00:00:00")]
    text = lines(WIDE, *rows_of(6000), *bad, *rows_of(6000), *bad, *rows_of(6000), state(1))
    alone, helped = run_both(text, on_invalid_record="reject", max_rejected_records=10)
    assert sorted(helped.warehouse.rows(ORDERS)) == sorted(alone.warehouse.rows(ORDERS))
    reasons = [[key for key in bench.stage.files if "_rejected" in key] for bench in (alone, helped)]
    assert len(reasons[0]) == len(reasons[1]) > 0


def test_failure_at_any_statement_leaves_all_or_nothing() -> None:
    """Whichever statement fails, with more threads too: no STATE, all rows or none, no file."""
    text = lines(WIDE, *rows_of(6000), state(1))
    undisturbed = Bench()
    undisturbed.run(text, encoders=2)
    for position in range(1, len(undisturbed.warehouse.statements) + 1):
        bench = Bench()
        bench.warehouse.failure = Failure(position)
        if position == 1:  # of all tables; then each is asked for by itself
            bench.run(text, encoders=2)
            assert (len(bench.warehouse.rows(ORDERS)), bench.emitted) == (6000, ["1"])
        else:
            with pytest.raises(BulkError):
                bench.run(text, encoders=2)
            assert (bench.warehouse.rows(ORDERS), bench.emitted, bench.stage.files) == ([], [], {})


def test_long_lines_are_encoded_where_they_are_read() -> None:
    """Lines that are longer than a block are rows like any others."""
    rows = schema(id={"type": "integer"}, note={"type": "array"}, at={"type": "string"})
    text = lines(rows, *(record(id=n, note=[n], at="x") for n in range(9000)))
    longer = json.dumps(record(id=1, note=["y" * 60_000] * 20, at="z")) + "\n"
    alone, helped = run_both(text + longer * 9 + lines(state(1)))
    assert sorted(helped.warehouse.rows(ORDERS)) == sorted(alone.warehouse.rows(ORDERS))
    assert len(longer) > 1 << 20
