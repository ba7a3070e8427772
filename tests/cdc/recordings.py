"""What a tap sends of a database while a client changes it, round by round, and what the database held after each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cdc.changes import COLUMNS, KEYS, Change, Event, Model, first_rows, random_round, written_rounds
from tests.cdc.meaning import meaning
from tests.cdc.servers import mariadb, postgres
from tests.cdc.sources import MariaDbSource, PostgresSource, Rows, Source
from tests.cdc.taps import SLOTS, State, Tap, last_state, taps_of

RANDOM_TRANSACTIONS, SEED = 25, 7
NAMES = {
    "pipelinewise-mysql": "mariadb",
    "pipelinewise-postgres": "postgres",
    "meltano-postgres": "postgres",
    "meltano-postgres-log": "postgres",
}


@dataclass(frozen=True)
class Round:
    """One run of the tap. `events` are those since the run before, `rows` those of the database after it."""

    messages: bytes
    state: State
    events: tuple[Event, ...]
    rows: dict[str, Rows]


@dataclass(frozen=True)
class Recording:
    """All rounds of a tap."""

    tap: Tap
    rounds: tuple[Round, ...]


@contextmanager
def database(tap_name: str) -> Iterator[tuple[Source, Tap]]:
    """Run the database of a tap, with its empty tables."""
    if NAMES[tap_name] == "mariadb":
        with mariadb() as server:
            yield MariaDbSource(server), taps_of("mariadb", server.port)[tap_name]
    else:
        with postgres() as arguments:
            yield PostgresSource(arguments, SLOTS), taps_of("postgres", arguments["port"])[tap_name]


def record(tap_name: str, folder: Path) -> Recording:
    """Let a client make changes, and the tap read them from where it stood; the database must agree with the model."""
    with database(tap_name) as (source, tap):
        model, rounds, state = Model(), list[Round](), None
        for transactions in _rounds(source, model):
            rounds.append(_round(source, tap, folder, model, transactions, state))
            state = rounds[-1].state
        return Recording(tap, tuple(rounds))


def _rounds(source: Source, model: Model) -> Iterator[list[list[Change]]]:
    yield [[change] for change in first_rows(source.amount)]
    yield from written_rounds(source.amount)
    yield random_round(SEED, RANDOM_TRANSACTIONS, source.amount, model)


def _round(
    source: Source,
    tap: Tap,
    folder: Path,
    model: Model,
    transactions: Sequence[Sequence[Change]],
    state: State | None,
) -> Round:
    seen = len(model.events)
    source.apply(transactions)
    for change in (change for changes in transactions for change in changes):
        model.apply(change)
    rows = {table: told(table, source.rows(table)) for table in KEYS}
    assert rows == {table: told(table, _tuples(table, model)) for table in KEYS}, "the model is wrong"
    messages = tap.messages(folder, state)
    next_state = last_state(messages)
    assert next_state is not None
    return Round(messages, next_state, tuple(model.events[seen:]), rows)


def _tuples(table: str, model: Model) -> Rows:
    return [tuple(row[name] for name in COLUMNS[table]) for row in model.rows[table].values()]


def told(table: str, rows: Sequence[Sequence[Any]]) -> Rows:
    """Return rows by the meaning of their values, in the order of their keys."""
    made = [tuple(map(meaning, COLUMNS[table], row)) for row in rows]
    return sorted(made, key=lambda row: repr(row[: len(KEYS[table])]))
