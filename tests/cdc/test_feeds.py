"""What the log-based taps send of real databases arrives: every event, the present state, the past."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cdc.changes import COLUMNS, KEYS
from tests.cdc.recordings import NAMES, Recording, told
from tests.conftest import Run
from tests.load.loaders import Loader

HISTORY: dict[str, Any] = {
    "add_record_metadata": True,
    "current_view": True,
    "cdc": {"preset": "sdc", "apply": ["history", "current"]},
}
UPSERT = {"load_method": "upsert", "cdc": {"preset": "sdc"}}


def taps(*names: str) -> pytest.MarkDecorator:
    """Run the test with each of the taps; those of one tap run one after the other, with one recording."""
    marked = [pytest.param(name, marks=pytest.mark.xdist_group(f"cdc-{name}")) for name in names]
    return pytest.mark.parametrize("tap_name", marked)


def loaded(loader: Loader, recording: Recording, number: int, **settings: Any) -> Run:
    """Load one round; its last STATE comes out."""
    turn = recording.rounds[number]
    run = loader.load(*turn.messages.decode().splitlines(), **{**recording.tap.needs, **settings})
    assert run.status == 0, run.stderr
    assert run.states[-1] == turn.state
    return run


def rows_of(loader: Loader, table: str, relation: str, where: str = "") -> list[tuple[Any, ...]]:
    """Return the rows of a table or view, by the meaning of their values."""
    return told(table, loader.rows(f"SELECT {', '.join(COLUMNS[table])} FROM {{schema}}.{relation} {where}"))


def events_of(loader: Loader, recording: Recording, table: str) -> list[tuple[Any, ...]]:
    """Return (deleted, row) of each event in the history, in order; an event that the tap sent twice counts once."""
    columns = ", ".join(COLUMNS[table])
    place = "_sdc_lsn" if recording.tap.repeats else "_sdc_sequence"
    found = loader.rows(
        f"SELECT {place}, _sdc_deleted_at IS NOT NULL, {columns} FROM {{schema}}.{table} ORDER BY _sdc_sequence"
    )
    once: dict[Any, tuple[Any, ...]] = {}
    for number, (place, deleted, *row) in enumerate(found):
        # Rows of the snapshot have no place in the log.
        once.setdefault(("row", number) if place is None else place, (bool(deleted), *told(table, [row])[0]))
    return list(once.values())


def expected_events(recording: Recording, table: str) -> list[tuple[Any, ...]]:
    """Return the same as the model has it."""
    events = [event for turn in recording.rounds for event in turn.events if event.table == table]
    made = []
    for event in events:
        kept = set(COLUMNS[table])
        if not recording.tap.whole:
            kept = set(KEYS[table]) if event.deleted else kept - event.unsaid
        row = [event.row[name] if name in kept else None for name in COLUMNS[table]]
        made.append((event.deleted, *told(table, [row])[0]))
    return made


@taps(*NAMES)
def test_every_event_is_kept_and_the_present_is_the_source(loader: Loader, recording: Recording, tap_name: str) -> None:
    """Loaded round by round, the history has each event in its order, and views and current table are the source."""
    for number, turn in enumerate(recording.rounds):
        loaded(loader, recording, number, **HISTORY)
        for table in KEYS:
            for relation in (f"{table}__current", f"{table}_live"):
                assert rows_of(loader, table, relation) == turn.rows[table], (number, relation)
    for table in KEYS:
        events, expected = events_of(loader, recording, table), expected_events(recording, table)
        snapshot = len(recording.rounds[0].rows[table]) if recording.tap.snapshots else 0
        assert sorted(events[:snapshot], key=repr) == sorted(expected[:snapshot], key=repr)
        assert events[snapshot:] == expected[snapshot:]
        still = "WHERE valid_to IS NULL AND operation <> 'delete'"
        assert rows_of(loader, table, f"{table}__history", still) == recording.rounds[-1].rows[table]


@taps(*NAMES)
def test_upsert_with_hard_deletes_is_the_source(loader: Loader, recording: Recording, tap_name: str) -> None:
    """An upserted table is the source after each round."""
    for number, turn in enumerate(recording.rounds):
        loaded(loader, recording, number, **UPSERT, hard_delete=True)
        for table in KEYS:
            assert rows_of(loader, table, table) == turn.rows[table], (number, table)


@taps("pipelinewise-mysql", "pipelinewise-postgres")
def test_upsert_with_soft_deletes_is_the_source(loader: Loader, recording: Recording, tap_name: str) -> None:
    """The rows that are not stamped are the source after each round; those that are stamped are those that it lost."""
    for number, turn in enumerate(recording.rounds):
        loaded(loader, recording, number, **UPSERT, add_record_metadata=True)
        for table in KEYS:
            assert rows_of(loader, table, table, "WHERE _sdc_deleted_at IS NULL") == turn.rows[table], (number, table)
    keys = {event.key for turn in recording.rounds for event in turn.events if event.table == "orders"}
    stamped = rows_of(loader, "orders", "orders", "WHERE _sdc_deleted_at IS NOT NULL")
    assert {row[0] for row in stamped} == {key for (key,) in keys} - {row[0] for row in turn.rows["orders"]}
