"""How an input may end: what is committed then, what waits for the resume, and which signal came when."""

from __future__ import annotations

import io
from typing import Any

import pytest
from singer_bulk.errors import CommitError, InputCutOff, Interrupted, MessageError, PipelineMoved

from tests.fakes import Bench, lines, record, schema, state

ORDERS = "analytics.orders"
THREE = lines(schema(), record(id=1), record(id=2), record(id=3), state({"id": 3}))
BEHIND = lines(schema(), record(id=1), state(1), record(id=2))
BOOKMARKED = {**schema(), "bookmark_properties": ["id"]}


@pytest.mark.parametrize(
    "text",
    [BEHIND, lines(BOOKMARKED, record(id=1))],
    ids=["a STATE came", "a bookmark is declared"],
)
def test_rows_that_no_state_covers_wait_for_the_resume(text: str) -> None:
    """A tap that sends STATEs and ends with a RECORD has died: nothing behind the last STATE is loaded."""
    bench = Bench()
    with pytest.raises(InputCutOff, match=r"1 records of 'orders' that no STATE covers.*end_of_input: any"):
        bench.run(text)
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []
    assert bench.stage.files == {}


def test_load_that_a_state_ended_stays_when_the_tap_dies() -> None:
    """What was committed before stays, and the error says at which STATE the tables stand."""
    bench = Bench()
    with pytest.raises(InputCutOff, match="the tables are as STATE '1' left them"):
        bench.run(BEHIND, batch_size_rows=1)
    assert bench.warehouse.rows(ORDERS) == ["1"]
    assert bench.emitted == ["1"]


def test_end_of_input_may_be_any() -> None:
    """The user's word that the tap sends no STATE at its end: rows behind the last one are loaded."""
    bench = Bench()
    bench.run(BEHIND, end_of_input="any")
    assert bench.warehouse.rows(ORDERS) == ["1", "2"]
    assert bench.emitted == ["1"]


def test_tap_that_never_sends_a_state() -> None:
    """It cannot resume, so its end is a clean one; not with a `pipeline_id`, nor with `end_of_input: state`."""
    stateless = lines(schema(), record(id=1))
    bench = Bench()
    bench.run(stateless)
    for settings in ({"pipeline_id": "p"}, {"end_of_input": "state"}):
        with pytest.raises(InputCutOff, match="no STATE covers"):
            bench.run(stateless, **settings)
    assert bench.warehouse.rows(ORDERS) == ["1"]
    bench.run(stateless, pipeline_id="p", end_of_input="any")
    assert bench.warehouse.rows(ORDERS) == ["1", "1"]


SYNCING = state({"currently_syncing": "orders", "bookmarks": {}})
DONE = state({"currently_syncing": None, "bookmarks": {}})
VERSION = {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 1}
SDK_FULL_TABLE = state({"bookmarks": {"orders": {}}})


@pytest.mark.parametrize(
    ("behind", "grade"),
    [
        ([], "unproven"),
        ([SDK_FULL_TABLE], "unproven"),
        ([SDK_FULL_TABLE, record(id=8)], "unproven"),
        ([state("of its own")], "unproven"),
        ([SYNCING], "part"),
        ([DONE], "whole"),
        ([SYNCING, record(id=8), state({"bookmarks": {}})], "whole"),
        ([SYNCING, record(id=8)], "part"),
        ([DONE, record(id=8)], "part"),
        ([state({"currently_syncing": "others", "bookmarks": {}})], "part"),
        ([state({"bookmarks": {"orders": {"progress_markers": {"replication_key": "id"}}}})], "part"),
        ([state({"bookmarks": {"orders": {"partitions": [{"progress_markers": {"Note": "x"}}]}}})], "part"),
        ([VERSION], "whole"),
        ([SYNCING, VERSION], "whole"),
    ],
)
@pytest.mark.parametrize("rows", [2, 200])
def test_full_load_of_an_input_that_ended(behind: list[dict[str, Any]], grade: str, rows: int) -> None:
    """One that its STATE calls unfinished changes nothing; one that nothing proves whole may not lose a row."""
    bench = Bench()
    bench.run(lines(schema(), *(record(id=number) for number in range(rows)), state(0)))
    text = lines(schema(), *(record(id=1000 + number) for number in range(3)), *behind)
    if grade == "part":
        with pytest.raises(InputCutOff, match="in the middle of the full load of 'orders'"):
            bench.run(text, load_method="overwrite")
    elif grade == "unproven" and rows == 200:
        with pytest.raises(CommitError, match=r"has \d rows, table analytics\.orders has 200.*overwrite_max_shrink"):
            bench.run(text, load_method="overwrite")
    else:
        bench.run(text, load_method="overwrite")
    replaced = grade == "whole" or (grade == "unproven" and rows == 2)
    assert bench.warehouse.rows(ORDERS)[0] == ("1000" if replaced else "0")
    assert len(bench.emitted) == 1 + (replaced and any(message["type"] == "STATE" for message in behind))
    bench.run(text, load_method="overwrite", end_of_input="any")
    assert bench.warehouse.rows(ORDERS)[0] == "1000"


def test_full_load_with_a_state_amid_its_records_is_covered_by_none() -> None:
    """A tap's own convention of STATEs: records behind the last one mean that it died."""
    bench = Bench()
    with pytest.raises(InputCutOff, match="no STATE covers; the tables are as they were before this run"):
        bench.run(lines(schema(), record(id=1), state(1), record(id=2)), load_method="overwrite")


def test_stream_that_begins_anew_needs_no_state_at_its_end() -> None:
    """The Singer SDK ends a full table of over 10,000 records with a RECORD: its bookmark is empty, all comes again."""
    bench = Bench()
    bench.run(lines(schema(), record(id=1), SDK_FULL_TABLE, record(id=2)))
    assert bench.warehouse.rows(ORDERS) == ["1", "2"]
    with pytest.raises(InputCutOff):
        bench.run(lines(schema(), record(id=1), SDK_FULL_TABLE, record(id=2)), end_of_input="state")


@pytest.mark.parametrize("method", ["append-only", "overwrite"])
def test_signal_before_the_last_commit_makes_the_end_no_clean_one(method: str) -> None:
    """At whichever statement a signal comes: rows that no STATE covers, and full loads, do not commit behind it."""
    covered = lines(schema(), record(id=7), *([state(7)] if method == "overwrite" else []))
    undisturbed = Bench()
    undisturbed.run(covered, load_method=method)
    statements = undisturbed.warehouse.statements
    for position in range(1, len(statements) + 1):
        bench = Bench()
        with pytest.raises(Interrupted) as stopped:
            bench.run(
                covered,
                load_method=method,
                stop_signal=lambda bench=bench, at=position: 2 if len(bench.warehouse.statements) >= at else None,
            )
        assert stopped.value.signal_number == 2
        committed = position >= statements.index("COMMIT") + 1
        assert bench.warehouse.rows(ORDERS) == (["7"] if committed else []), position
        assert bool(bench.emitted) == (committed and method == "overwrite")
        assert ("all of it is committed" in str(stopped.value)) == committed


def test_signal_that_comes_behind_the_end_is_waited_for() -> None:
    """Who stops a pipeline signals the tap first: the signal may come when the end of input has been read."""
    bench = Bench()
    with pytest.raises(Interrupted, match="the tables are as they were before this run"):
        bench.run(
            lines(schema(), record(id=7), state(7)),
            load_method="overwrite",
            stop_signal=lambda: 15 if bench.clock.seconds > 0.05 else None,
        )
    assert bench.warehouse.rows(ORDERS) == []


def test_signal_at_the_end_commits_nothing() -> None:
    """Whoever keeps the STATEs may have been stopped as well: also what a STATE covers waits for the resume."""
    bench, numbers = Bench(), iter([None])
    with pytest.raises(Interrupted, match="nothing of it was loaded"):
        bench.run(THREE, stop_signal=lambda: next(numbers, 15))
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


@pytest.mark.parametrize("method", ["append-only", "overwrite"])
def test_second_run_of_a_pipeline_is_fenced_off(method: str) -> None:
    """A run that another run of its pipeline has overtaken commits nothing more, and names the other's load."""
    bench = Bench()
    bench.run(THREE, pipeline_id="p")

    class Overtaking(io.StringIO):
        """Input that another run loads while it is read."""

        def read(self, size: int | None = -1) -> str:
            if self.tell() == 0:
                bench.run(THREE, pipeline_id="p", load_method=method)
            return super().read(size)

    rows = 3 if method == "overwrite" else 6
    with pytest.raises(PipelineMoved, match=r"pipeline 'p' was moved on by load \w+-1 of another run"):
        bench.run(Overtaking(THREE), pipeline_id="p", load_method=method)
    assert len(bench.warehouse.rows(ORDERS)) == rows
    assert len(bench.emitted) == 2
    bench.run(THREE, pipeline_id="p", load_method=method)
    bench.run(Overtaking(THREE), pipeline_id="another", load_method="append-only")
    assert len(bench.warehouse.rows(ORDERS)) == (3 if method == "overwrite" else 12) + 3


def test_loads_of_one_run_follow_one_another_through_the_fence() -> None:
    """A run knows its own loads: each moves the pipeline on for the next one."""
    bench = Bench()
    text = lines(schema(), record(id=1), state(1), record(id=2), state(2), record(id=3), state(3))
    bench.run(text, pipeline_id="p", batch_size_rows=1)
    assert bench.emitted == ["1", "2", "3"]
    assert bench.warehouse.statements.count("COMMIT") == 3


def test_input_that_ends_in_mid_line_commits_nothing_of_the_open_load() -> None:
    """A tap that died in mid-line is no clean end."""
    bench = Bench()
    with pytest.raises(MessageError, match="line 6"):
        bench.run(THREE + '{"type": "RECORD", "stream": "ord')
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.emitted == []


def test_signal_commits_what_a_state_covers_and_no_more() -> None:
    """A signal ends the run with what is acknowledged committed, and the exit tells the signal."""
    bench = Bench()
    numbers = iter([None, 15])
    big = lines(schema(), *(record(id=n) for n in range(100_000)), state("covered"))
    with pytest.raises(Interrupted) as stopped:
        bench.run(big, stop_signal=lambda: next(numbers, 15))
    assert stopped.value.signal_number == 15
    assert bench.emitted == []
    assert bench.warehouse.rows(ORDERS) == []
    assert bench.stage.files == {}
