"""The order of commit and STATE, on a warehouse and a stage in memory that fail where they are told to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest
from singer_bulk.errors import (
    BulkError,
    CommitError,
    ConfigError,
    MessageError,
    StageError,
    ValueRejected,
    WarehouseError,
)
from singer_bulk.model.columns import DOUBLE, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.model.messages import Records, Schema
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.turn import turn_table

from tests.fakes import Bench, Failure, MemoryDialect, MemoryStage, lines, record, schema, state

TEXT = ColumnType(Kind.TEXT)
ORDERS, LEDGER = "analytics.orders", "analytics._singer_loads"
THREE = lines(schema(), record(id=1), record(id=2), record(id=3), state({"id": 3}))


def test_records_become_rows_and_the_state_comes_out() -> None:
    """Three records and a STATE: three rows, and exactly the STATE's value."""
    bench = Bench()
    bench.run(THREE)
    assert bench.warehouse.rows(ORDERS) == ["1", "2", "3"]
    assert bench.emitted == ['{"id": 3}']


def test_schema_that_is_repeated_ends_no_file() -> None:
    """Taps repeat a SCHEMA before each part of a stream, or each record: the rows go on in the same file."""
    bench = Bench()
    bench.run(lines(*(message for number in range(5) for message in (schema(), record(id=number))), state(1)))
    (row,) = [json.loads(text) for text in bench.warehouse.rows(LEDGER)]
    assert (row[4], row[8]) == (5, 1)
    assert sum(sql.startswith("COPY") for sql in bench.warehouse.statements) == 1


def test_ledger_row_stands_in_the_same_commit() -> None:
    """The ledger says what was read, staged and loaded, and holds the STATE that the load closes."""
    bench = Bench()
    bench.run(THREE)
    (row,) = [json.loads(text) for text in bench.warehouse.rows(LEDGER)]
    assert row[2:7] == ["orders", "analytics.orders", 3, 3, 3]
    assert row[-1] == '{"id": 3}'
    assert row[11 - 1] - row[10 - 1] == 2


@pytest.mark.parametrize("lost", [False, True], ids=["refused", "lost"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_failure_at_any_statement_leaves_all_or_nothing(after: bool, lost: bool) -> None:
    """Whichever statement fails, before or after it took effect, refused or unanswered: all rows or none, and once.

    A STATE comes out only if they are there; a tap that resumes from what came out brings the rest.
    """
    undisturbed = Bench()
    undisturbed.run(THREE)
    survived = 0
    for position in range(1, len(undisturbed.warehouse.statements) + 1):
        bench = Bench()
        bench.warehouse.failure = Failure(
            position, after=after, error=WarehouseError("gone", code="RS-LOST", connection_lost=lost)
        )
        try:
            bench.run(THREE)
            survived += 1
        except BulkError:
            rows, ledger = bench.warehouse.rows(ORDERS), bench.warehouse.rows(LEDGER)
            assert (len(rows), len(ledger)) in ((0, 0), (3, 1)), position
            assert bench.emitted == []
            if not rows:
                bench.warehouse.failure = Failure()
                bench.run(THREE)
        if bench.emitted:
            assert bench.emitted == ['{"id": 3}']
            assert len(bench.warehouse.rows(ORDERS)) == 3, position
            assert len(bench.warehouse.rows(LEDGER)) == 1
        assert bench.emitted or bench.stage.files == {}
        assert bench.warehouse.closed
    # A lost connection is tried again wherever it is; of what is refused, a table that is there after all is enough,
    # and tables that may not be asked for together are asked for one by one.
    assert survived == len(undisturbed.warehouse.statements) if lost else survived < 5


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_commit_that_fails_in_any_way_is_looked_up(after: bool) -> None:
    """An error at COMMIT may be that of a server in between: the ledger tells whether the load is there."""
    undisturbed = Bench()
    undisturbed.run(THREE)
    bench = Bench()
    at = undisturbed.warehouse.statements.index("COMMIT") + 1
    bench.warehouse.failure = Failure(at, after=after, error=WarehouseError("504 Gateway Timeout", code="RS-SQL"))
    if after:
        bench.run(THREE)
        assert bench.emitted == ['{"id": 3}']
    else:
        with pytest.raises(BulkError, match="was rolled back, its tables are as the load before it left them"):
            bench.run(THREE)
        assert bench.emitted == []
    assert len(bench.warehouse.rows(ORDERS)) == (3 if after else 0)


def test_failure_of_the_stage_commits_nothing() -> None:
    """A file that cannot be staged ends the run before anything is committed."""
    bench = Bench()
    bench.stage.failure = Failure(1, error=StageError("503", code="STAGE-AWAY"))
    with pytest.raises(StageError):
        bench.run(THREE)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_failure_of_the_stage_leaves_no_file_behind() -> None:
    """Whichever call to the stage fails, before or after it took effect, no staged file stays."""
    text = lines(schema(), schema("users"), record(id=1), record("users", id=1), state(1))
    for position in (1, 2):
        for after in (False, True):
            bench = Bench()
            bench.stage.failure = Failure(position, after=after, error=StageError("503", code="STAGE-AWAY"))
            with pytest.raises(StageError):
                bench.run(text, keep_staged_files=False)
            assert bench.stage.files == {}, (position, after)
            assert bench.emitted == []


def test_changed_key_properties_of_an_upsert_are_refused_within_a_load() -> None:
    """Rows of a load are merged by one key: another one is named, not passed over; nothing is loaded or left behind."""
    bench = Bench()
    columns = {"id": {"type": "integer"}, "name": {"type": "string"}}
    first = {**schema(**columns), "key_properties": ["id"]}
    second = {**schema(**columns), "key_properties": ["name"]}
    with pytest.raises(ConfigError, match="key properties changed"):
        bench.run(lines(first, record(id=1, name="a"), second, record(id=1, name="b"), state(1)), load_method="upsert")
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.stage.files == {}


def test_version_of_a_renamed_stream_reaches_its_table() -> None:
    """ACTIVATE_VERSION has the tap's name of a stream; stream maps may have given it another."""

    class Renamed:
        def schemas(self, message: Schema) -> list[Schema]:
            return [msgspec.structs.replace(message, stream="orders")]

        def records(self, records: Records) -> list[Records]:
            return [replace(records, stream="orders", text=records.text.replace(b'"t"', b'"orders"'))]

    bench = Bench()
    version = {"type": "ACTIVATE_VERSION", "stream": "t", "version": 2}
    bench.run(lines(schema("t"), record("t", id=1), version), mapper=Renamed(), add_record_metadata=True)
    assert [text for text in bench.warehouse.statements if text.startswith(f'UPDATE {ORDERS} SET "_sdc_deleted_at"')]


def test_rows_that_the_warehouse_did_not_count_roll_back() -> None:
    """A row that was staged and not loaded is no success: the three numbers are named, nothing is committed."""
    bench = Bench()
    honest = bench.warehouse._change

    def forgetful(verb: str, table: str, more: str) -> list[tuple[object, ...]]:
        rows = honest(verb, table, more)
        return [(rows[0][0] - 1,)] if verb == "COPY" else rows

    bench.warehouse._change = forgetful  # type: ignore[method-assign]
    with pytest.raises(BulkError, match="3 rows read, 3 staged, 2 loaded"):
        bench.run(THREE)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_state_with_nothing_uncommitted_is_emitted_at_once() -> None:
    """A STATE before any record needs no load."""
    bench = Bench()
    bench.run(lines(state({"a": 1})))
    assert bench.emitted == ['{"a": 1}']
    assert bench.warehouse.statements == []


def test_load_ends_at_a_state_not_at_a_limit() -> None:
    """Limits stage files; rows commit only with the STATE that covers them."""
    bench = Bench()
    text = lines(schema(), *(record(id=n) for n in range(5)), state({"n": 5}), record(id=5))
    with pytest.raises(MessageError):
        bench.run(text + "broken\n", batch_size_rows=2)
    assert len(bench.warehouse.rows(ORDERS)) == 5
    assert bench.emitted == ['{"n": 5}']
    assert bench.warehouse.statements.count("BEGIN") == 1


def test_state_without_reached_limit_waits() -> None:
    """A STATE does not end a load that no limit has asked for; the last one comes out at the end."""
    bench = Bench()
    bench.run(lines(schema(), record(id=1), state(1), record(id=2), state(2)))
    assert bench.emitted == ["2"]
    assert bench.warehouse.statements.count("BEGIN") == 1


def test_overwrite_replaces_the_rows_once() -> None:
    """A full load replaces the rows of its tables in one commit at the end, whatever the limits."""
    bench = Bench()
    bench.run(THREE)
    more = lines(schema(), record(id=7), state("a"), record(id=8), record(id=9), state("b"))
    bench.run(more, load_method="overwrite", batch_size_rows=1, batch_size_bytes=1, batch_wait_seconds=0)
    assert bench.warehouse.rows(ORDERS) == ["7", "8", "9"]
    assert bench.warehouse.statements.count("BEGIN") == 2
    assert bench.emitted[1:] == ['"b"']


def test_overwrite_with_a_second_schema_keeps_the_first_rows() -> None:
    """A SCHEMA that changes in a full load deletes nothing of the same run."""
    bench = Bench()
    wide = schema(id={"type": "integer"}, note={"type": ["null", "string"]})
    bench.run(lines(schema(), record(id=1), wide, record(id=2, note="x"), state(2)), load_method="overwrite")
    assert bench.warehouse.rows(ORDERS) == ["1", '2|"x"']
    assert bench.warehouse.statements.count(f"DELETE FROM {ORDERS}") == 1


def test_empty_full_load_is_refused() -> None:
    """A full load without a record does not empty its table unless that is allowed."""
    bench = Bench()
    bench.run(THREE)
    with pytest.raises(ConfigError, match="overwrite_allow_empty"):
        bench.run(lines(schema(), state("none")), load_method="overwrite")
    assert len(bench.warehouse.rows(ORDERS)) == 3
    with pytest.raises(CommitError, match="overwrite_max_shrink"):
        bench.run(lines(schema()), load_method="overwrite", overwrite_allow_empty=True)
    bench.run(lines(schema(), state("none")), load_method="overwrite", overwrite_allow_empty=True)
    assert bench.warehouse.rows(ORDERS) == []


def test_full_load_holds_every_state_until_its_commit() -> None:
    """A STATE before any record may speak of a table that is still to be emptied: it comes out with the commit."""
    bench = Bench()
    bench.run(THREE)
    text = lines(schema(), state("none left"))
    with pytest.raises(MessageError):
        bench.run(text + "broken\n", load_method="overwrite", overwrite_allow_empty=True)
    assert len(bench.warehouse.rows(ORDERS)) == 3
    assert bench.emitted == ['{"id": 3}']
    bench.run(text, load_method="overwrite", overwrite_allow_empty=True)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted[1:] == ['"none left"']


def test_stream_without_record_gets_its_table() -> None:
    """A SCHEMA alone creates the table."""
    bench = Bench()
    bench.run(lines(schema()))
    assert [column.name for column in bench.warehouse.columns[ORDERS]] == ["id"]


def test_new_property_adds_a_column_and_loses_no_earlier_row() -> None:
    """A SCHEMA that changes in mid-run: the rows of the old one and of the new one arrive."""
    bench = Bench()
    wide = schema(id={"type": "integer"}, note={"type": ["null", "string"]})
    bench.run(lines(schema(), record(id=1), wide, record(id=2, note="x"), state(2)))
    assert bench.warehouse.rows(ORDERS) == ["1", '2|"x"']
    assert [column.name for column in bench.warehouse.columns[ORDERS]] == ["id", "note"]


def test_states_that_come_often_make_loads_neither_smaller_nor_more() -> None:
    """A STATE behind each record or each stream sends what one STATE at the end sends, with the same limits."""
    streams = [f"s{number}" for number in range(5)]
    rows = [(stream, key) for stream in streams for key in range(20)]
    schemas = [schema(stream) for stream in streams]
    records = [record(stream, id=key) for stream, key in rows]
    behind_each = [one for number, made in enumerate(records) for one in (made, state(number))]
    behind_streams = [one for n, made in enumerate(records) for one in (made, *([state(n)] if n % 20 == 19 else []))]
    asked = []
    for messages in (records, behind_each, behind_streams):
        bench = Bench()
        bench.run(lines(*schemas, *messages, state({"all": 1})), batch_size_rows=20)
        kinds = [" ".join(sql.split()[:2]) for sql in bench.warehouse.statements]
        asked.append((kinds.count("BEGIN"), kinds))
        assert bench.emitted[-1] == '{"all": 1}'
        assert sum(len(bench.warehouse.rows(f"analytics.{stream}")) for stream in streams) == len(rows)
    # Each stream reaches its limit: five loads, where a STATE lets them end, and no more for a hundred STATEs.
    assert [count for count, _ in asked] == [1, 5, 5]
    assert asked[1] == asked[2]


def test_age_ends_the_load_at_the_state_that_covers_it() -> None:
    """Rows older than batch_wait_seconds are loaded at the next STATE."""
    bench = Bench()
    bench.run(
        lines(schema(), record(id=1), state(1), record(id=2), state(2)), batch_size_rows=100, batch_wait_seconds=0
    )
    assert bench.emitted[-1] == "2"
    assert bench.warehouse.rows(ORDERS) == ["1", "2"]


def test_sequence_increases_over_runs() -> None:
    """_sdc_sequence goes up row by row, over runs too, even when the clock runs backwards."""
    bench = Bench()
    bench.run(THREE, add_record_metadata=True)
    bench.clock.pass_seconds(-3600)
    bench.run(THREE, add_record_metadata=True)
    names = [column.name for column in bench.warehouse.columns[ORDERS]]
    position = names.index("_sdc_sequence")
    numbers = [int(row.split("|")[position]) for row in bench.warehouse.rows(ORDERS)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 6
    assert max(numbers) < 2**63


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{broken\n", "line 1: broken JSON"),
        ("\n", "line 1"),
        (lines(record(id=1)), "line 1: a RECORD of stream 'orders' before its SCHEMA"),
        (lines({"type": "FANCY"}), "message type 'FANCY'"),
        (lines({"type": "BATCH", "stream": "orders"}), "not a Singer message"),
        (lines(schema(), {"type": "RECORD", "stream": "orders"}), "line 2"),
        (lines(schema()) + "[1]\n", "line 2"),
    ],
)
def test_what_is_no_message_is_named(text: str, told: str) -> None:
    """Bad input names its line and the remedy, commits nothing and emits nothing."""
    bench = Bench()
    with pytest.raises(MessageError, match=r"(?s)" + told.replace("(", r"\(")):
        bench.run(text)
    assert bench.emitted == []
    assert bench.warehouse.rows(ORDERS) == []


def test_rejected_value_names_stream_line_column_value_and_remedy() -> None:
    """A value that its column cannot hold is refused by name."""
    bench = Bench()
    with pytest.raises(ValueRejected) as refused:
        bench.run(lines(schema(), record(id=1), record(id="12,50")))
    assert str(refused.value) == (
        "stream 'orders', line 3: column 'id' is an integer, got \"12,50\"; "
        "send a JSON number, or declare the property as string [REC-VALUE]"
    )


@pytest.mark.parametrize("width", [1, 20])
def test_undeclared_properties_are_named_together(caplog: pytest.LogCaptureFixture, width: int) -> None:
    """All properties that the SCHEMA lacks are named once, in one line, with the setting that keeps them."""
    bench = Bench()
    rows = [
        record(id=1, USD=2, THB=None),
        *(record(id=2, USD=3) for _ in range(width)),
        record(id=3, EUR=3, **{'"': 1}),
    ]
    bench.run(lines(schema(), *rows, state(1), *rows, record(id=4, SEK=1), state(2)), batch_size_rows=width + 2)
    assert bench.warehouse.rows(ORDERS) == ["1", *["2"] * width, "3", "1", *["2"] * width, "3", "4"]
    first, second = (message for message in caplog.messages if "SCHEMA does not have" in message)
    assert "not loaded: 'USD', 'THB', 'EUR', '\"'; extra_properties: column keeps them in _sdc_extra" in first
    assert "not loaded: 'SEK';" in second


def test_undeclared_property_is_not_demanded_once_it_came() -> None:
    """One that `required` names and `properties` does not: whether a record is taken does not depend on others."""
    bench = Bench()
    undeclared = schema()
    undeclared["schema"]["required"] = ["zip"]
    rows = (record(id=n, **({"zip": 1} if n == 1 else {})) for n in range(12))
    bench.run(lines(undeclared, *rows, state(1)))
    assert bench.warehouse.rows(ORDERS) == [str(n) for n in range(12)]


def test_undeclared_properties_without_end(caplog: pytest.LogCaptureFixture) -> None:
    """A record that is used as a map does not fill the log, and its rows are loaded."""
    bench = Bench()
    bench.run(lines(schema(), *(record(id=n, **{f"k{n}": n, f"l{n}": n}) for n in range(300)), state(1)))
    assert len(bench.warehouse.rows(ORDERS)) == 300
    (told,) = (message for message in caplog.messages if "SCHEMA does not have" in message)
    assert len(told) < 500
    assert " more; " in told


DELETED = "2020-06-10T09:05:12+00:00"


def test_undeclared_delete_keeps_its_moment(caplog: pytest.LogCaptureFixture) -> None:
    """A delete whose SCHEMA does not declare _sdc_deleted_at is told from a row that lives.

    The same SCHEMA, sent again in that run, does not take the column away; a text that holds the name makes none.
    """
    orders = schema(id={"type": "integer"}, note={"type": ["null", "string"]})
    bench = Bench()
    bench.run(
        lines(
            orders, record(id=1, note='"_sdc_deleted_at"'), record(id=2), record(id=3, _sdc_deleted_at=DELETED),
            record(id=4), orders, record(id=5, other=1), record(id=6, other=1, _sdc_deleted_at=DELETED), state(2),
        )
    )  # fmt: skip
    null, moment = "@null@", "2020-06-10 09:05:12.0+00"
    assert bench.warehouse.rows(ORDERS) == [
        f'1|"""_sdc_deleted_at"""|{null}', f"2|{null}|{null}", f"3|{null}|{moment}", f"4|{null}|{null}",
        f"5|{null}|{null}", f"6|{null}|{moment}",
    ]  # fmt: skip
    assert [text for text in caplog.messages if "SCHEMA does not have" in text and "deleted" in text] == []


def test_undeclared_delete_after_other_rows() -> None:
    """Rows of the stream that no load has committed yet stay in their file; all load in one commit."""
    bench = Bench()
    delete = record(id=2, _sdc_deleted_at=DELETED)
    bench.run(lines(schema(), record(id=1), schema("b"), record("b", id=1), delete, state(1)))
    assert bench.warehouse.rows(ORDERS) == ["1", "2|2020-06-10 09:05:12.0+00"]
    assert [statement for statement in bench.warehouse.statements if statement == "COMMIT"] == ["COMMIT"]


def test_two_streams_of_one_table_are_refused() -> None:
    """Streams that would share a table are named, with the remedy."""
    bench = Bench()
    with pytest.raises(ConfigError, match=r"both need table analytics\.orders"):
        bench.run(lines(schema("a-orders"), schema("b-orders")))


def test_state_moves_on_in_the_ledger_without_a_row() -> None:
    """With a pipeline_id a run that brings a STATE and no row leaves that STATE for --last-state."""
    bench = Bench()
    bench.run(THREE, pipeline_id="p")
    bench.run(lines(schema(), state({"id": 4})), pipeline_id="p")
    assert bench.warehouse.ledger_states() == ['{"id": 3}', '{"id": 4}']
    assert bench.emitted == ['{"id": 3}', '{"id": 4}']


@pytest.mark.parametrize("again", ['{"id": 3}', '{ "id":3 }'])
def test_state_that_has_not_moved_writes_nothing(again: str) -> None:
    """A run without a row whose STATE the ledger has already leaves the ledger as it is, and its STATE comes out."""
    bench = Bench()
    bench.run(THREE, pipeline_id="p")
    bench.run(lines(schema()) + f'{{"type": "STATE", "value": {again}}}\n', pipeline_id="p")
    assert bench.warehouse.ledger_states() == ['{"id": 3}']
    assert bench.emitted == ['{"id": 3}', again]


def test_full_load_that_lost_too_much_is_refused() -> None:
    """overwrite_max_shrink rolls back a full load that has lost more rows than allowed."""
    bench = Bench()
    bench.run(THREE)
    one = lines(schema(), record(id=9), state(9))
    with pytest.raises(BulkError, match=r"has 1 rows, table analytics\.orders has 3"):
        bench.run(one, load_method="overwrite", overwrite_max_shrink=0.5)
    assert len(bench.warehouse.rows(ORDERS)) == 3
    bench.run(one, load_method="overwrite", overwrite_max_shrink=0.7)
    assert bench.warehouse.rows(ORDERS) == ["9"]


def test_files_of_dead_runs_are_swept() -> None:
    """At the end of a run the old files of dead runs go, its own and foreign ones stay."""
    bench = Bench()
    dead = f"stage/orders/20200501T000000Z-{'a' * 32}-00001.csv.gz"
    bench.stage.files |= {dead: b"", "stage/orders/mine.csv": b""}
    bench.run(THREE, sweep_after_hours=48)
    assert dead not in bench.stage.files
    assert "stage/orders/mine.csv" in bench.stage.files
    assert len(bench.stage.files) == 3  # a file and its description


def test_rows_do_not_enter_a_column_that_was_swapped_before_copy_locked_it() -> None:
    """DDL in transactions is no reason not to look before COMMIT: the lock of COPY keeps a column as it is, and another
    run may have swapped it between our last look and COPY. Integers that a double may not keep are not loaded into one.
    """
    bench = Bench()
    execute = bench.warehouse.execute

    def overtaken(sql: str) -> Rows:
        if sql == "BEGIN":
            bench.warehouse.columns[ORDERS] = [Column("id", DOUBLE)]
        return execute(sql)

    bench.warehouse.execute = overtaken  # type: ignore[method-assign]
    with pytest.raises(WarehouseError, match="has made column 'id' double while rows were written for integer"):
        bench.run(THREE)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_tables_are_written_in_the_order_of_their_names_behind_the_lock() -> None:
    """Two loads that write the same tables meet at the first of them: neither waits for what the other holds."""
    bench = Bench()
    names = ("orders", "customers", "items")
    bench.run(
        lines(*(schema(name) for name in names), *(record(name, id=1) for name in names), state(1)),
        load_method="overwrite",
    )
    begun = bench.warehouse.statements.index("BEGIN")
    writing = [sql for sql in bench.warehouse.statements[begun + 1 :] if sql.startswith(("LOCK", "DEL"))]
    assert writing == [
        *(f"LOCK {turn_table(MemoryDialect(), Table('analytics', name))}" for name in sorted(names)),
        *(f"DELETE FROM analytics.{name}" for name in sorted(names)),
    ]


class LateStage(MemoryStage):
    """What is put is on its way, and arrives when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.on_its_way: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> None:
        self.on_its_way[key] = content

    def wait(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.files[key] = self.on_its_way.pop(key)


def test_files_have_arrived_before_their_load_begins() -> None:
    """Files of rows and of rejected records are sent while the input is read: their load waits for all of them."""
    bench = Bench(stage=LateStage())
    text = lines(schema(), record(id=1), record(id="x"), state(1))
    bench.run(text, on_invalid_record="reject", max_rejected_records=1)
    assert bench.warehouse.rows(ORDERS) == ["1"]
    assert bench.emitted == ["1"]
    assert [key.split("/")[1] for key in sorted(bench.stage.files)] == ["_rejected", "orders"]


def test_state_behind_rejected_records_alone_waits_for_them() -> None:
    """If they cannot be staged, the STATE behind them does not come out, though no row waits for a COMMIT."""
    bench = Bench()
    bench.stage.failure.at = 1
    with pytest.raises(BulkError, match="the stage broke"):
        bench.run(lines(schema(), record(id="x"), state(1)), on_invalid_record="reject", max_rejected_records=1)
    assert bench.emitted == []
