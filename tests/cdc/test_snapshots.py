"""A full table that is cut off and resumed, and what the logs of these taps do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cdc.changes import COLUMNS, DELETE, INSERT, UPDATE, Change
from tests.cdc.recordings import database, told
from tests.cdc.sources import Source
from tests.cdc.taps import State, Tap
from tests.cdc.test_feeds import HISTORY, rows_of, taps
from tests.load.loaders import Loader

ROWS = 1500  # the PipelineWise taps write a STATE after every 1,000


@dataclass
class Pipeline:
    """A database, a tap and a target, run after run from the STATE that the target wrote last."""

    source: Source
    tap: Tap
    loader: Loader
    folder: Path
    state: State | None = None

    def run(self, *, killed_after: int = 0) -> None:
        """Run once, or until the tap, that has written so many records of its last table, is killed."""
        messages = self._until(killed_after) if killed_after else self.tap.messages(self.folder, self.state)
        settings = {**HISTORY, **self.tap.needs, "batch_size_rows": 500}
        run = self.loader.load(*messages.decode().splitlines(), **settings)
        # Of a tap that died only what its last STATE covers may be loaded.
        assert (run.status, "[IN-NO-STATE]" in run.stderr) == ((1, True) if killed_after else (0, False)), run.stderr
        self.state = run.states[-1] if run.states else self.state

    def _until(self, count: int) -> bytes:
        process = self.tap.start(self.folder, self.state)
        assert process.stdout is not None
        lines: list[bytes] = []
        with process:
            for line in process.stdout:
                lines.append(line)
                count -= b'"RECORD"' in line[:40]
                if not count:
                    break
            process.kill()
        assert not count, "the tap came to its end"
        return b"".join(lines)

    def again(self, table: str) -> None:
        """Forget where the tap was in a table, as a user does who wants it whole again."""
        assert self.state is not None
        self.state["bookmarks"] = {name: mark for name, mark in self.state["bookmarks"].items() if table not in name}

    def differences(self, table: str) -> tuple[set[Any], set[Any]]:
        """Return the keys of rows that only the source has, and of those that only the warehouse has."""
        there = {repr(row): row for row in told(table, self.source.rows(table))}
        found = []
        for relation in (f"{table}__current", f"{table}_live"):
            here = {repr(row): row for row in rows_of(self.loader, table, relation)}
            found.append((_keys(table, there, here), _keys(table, here, there)))
        assert found[0] == found[1], "view and current table differ"
        return found[0]


def _keys(table: str, some: dict[str, Any], others: dict[str, Any]) -> set[Any]:
    position = COLUMNS[table].index({"orders": "id", "members": "number"}[table])
    return {row[position] for text, row in some.items() if text not in others}


def filled(source: Source, table: str) -> None:
    """Give the table rows, in one transaction."""
    values = {"orders": {"status": "new"}, "members": {"name": "new"}}[table]
    source.apply([[Change(INSERT, table, key(table, number), values) for number in range(1, ROWS + 1)]])


def key(table: str, number: int) -> tuple[Any, ...]:
    """Return the key of the row with this number."""
    return (number,) if table == "orders" else ("chess", number)


def changes(table: str) -> Sequence[Sequence[Change]]:
    """Return changes of rows that were sent, that were not sent yet, and that are new."""
    column = {"orders": "status", "members": "name"}[table]
    made = [
        *(Change(DELETE, table, key(table, number)) for number in (5, ROWS - 5)),
        *(Change(UPDATE, table, key(table, number), {column: "changed"}) for number in (6, ROWS - 6)),
        Change(INSERT, table, key(table, ROWS + 1), {column: "born"}),
    ]
    return [[change] for change in made]


@taps("pipelinewise-mysql", "pipelinewise-postgres")
def test_table_that_is_cut_off_goes_on(loader: Loader, tmp_path: Path, tap_name: str) -> None:
    """After a kill behind the tap's first STATE of its rows, the next runs bring the rest: no gap, no phantom."""
    with database(tap_name) as (source, tap):
        pipeline = Pipeline(source, tap, loader, tmp_path)
        filled(source, "orders")
        pipeline.run(killed_after=ROWS - 300)
        source.apply(changes("orders"))
        pipeline.run()
        pipeline.run()
        assert pipeline.differences("orders") == (set(), set())


@taps("pipelinewise-mysql")
def test_table_whose_keys_do_not_count_up_begins_again(loader: Loader, tmp_path: Path, tap_name: str) -> None:
    """The tap repeats it under the same version, from a log position behind what it missed: a row that was deleted in
    between stays. Taken whole again without its bookmark it has a new version, and the table is the source."""
    with database(tap_name) as (source, tap):
        pipeline = Pipeline(source, tap, loader, tmp_path)
        filled(source, "members")
        pipeline.run(killed_after=ROWS - 300)
        source.apply(changes("members"))
        pipeline.run()
        pipeline.run()
        assert pipeline.differences("members") == (set(), {5})
        pipeline.again("members")
        pipeline.run()
        assert pipeline.differences("members") == (set(), set())


@taps("pipelinewise-postgres")
def test_table_that_is_cut_off_early_begins_again(loader: Loader, tmp_path: Path, tap_name: str) -> None:
    """Killed before its first STATE of rows, the tap would take the table for done by the STATE before them: that STATE
    does not come out without the rows behind it, and the next run brings the whole table."""
    with database(tap_name) as (source, tap):
        pipeline = Pipeline(source, tap, loader, tmp_path)
        filled(source, "orders")
        pipeline.run(killed_after=10)
        pipeline.run()
        assert pipeline.differences("orders") == (set(), set())


@taps("pipelinewise-mysql", "pipelinewise-postgres")
def test_what_a_log_does_not_tell_goes_with_the_next_whole_table(loader: Loader, tmp_path: Path, tap_name: str) -> None:
    """A key that is changed leaves its old row behind, TRUNCATE leaves them all: the taps send nothing of it."""
    with database(tap_name) as (source, tap):
        pipeline = Pipeline(source, tap, loader, tmp_path)
        source.apply([[Change(INSERT, "members", ("chess", number), {"name": "x"}) for number in (1, 2, 3)]])
        source.apply([[Change(INSERT, "orders", (number,), {"status": "x"}) for number in (1, 2)]])
        pipeline.run()
        source.apply([[Change(UPDATE, "members", ("chess", 3), {"number": 30})]])
        source.run("TRUNCATE TABLE orders")
        source.apply([[Change(INSERT, "orders", (9,), {"status": "x"})]])
        pipeline.run()
        assert pipeline.differences("members") == (set(), {3})
        assert pipeline.differences("orders") == (set(), {1, 2})
        pipeline.again("")
        pipeline.run()
        assert pipeline.differences("members") == (set(), set())
        assert pipeline.differences("orders") == (set(), set())


@taps("meltano-postgres")
def test_snapshot_of_a_tap_without_versions(loader: Loader, tmp_path: Path, tap_name: str) -> None:
    """Taken again from no STATE, it brings every row that lives; of one deleted meanwhile nothing tells."""
    with database(tap_name) as (source, tap):
        pipeline = Pipeline(source, tap, loader, tmp_path)
        source.apply([[Change(INSERT, "orders", (number,), {"status": "x"}) for number in (1, 2, 3)]])
        pipeline.run()
        source.apply([[Change(UPDATE, "orders", (2,), {"status": "y"})]])
        pipeline.run()
        source.apply([[Change(UPDATE, "orders", (2,), {"status": "z"}), Change(DELETE, "orders", (3,))]])
        source.run("SELECT pg_drop_replication_slot('meltano')")
        source.run("SELECT pg_create_logical_replication_slot('meltano', 'wal2json')")
        pipeline.state = None
        pipeline.run()
        assert pipeline.differences("orders") == (set(), {3})
