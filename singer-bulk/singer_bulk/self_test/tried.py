"""Scenes are run through the target as it is configured, and what is in the warehouse is read back by its own SQL."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec
from msgspec import structs

from singer_bulk.assembly import run_of
from singer_bulk.errors import BulkError, RecordRejected, WarehouseError, shown
from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import AnsweringTarget
from singer_bulk.model.messages import Schema
from singer_bulk.self_test.meaning import meaning, stored
from singer_bulk.self_test.scenes import Expected, Feed, Scene
from singer_bulk.signals import signals
from singer_bulk.stage.rejects import Rejects
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Rows, Session

NOT_THERE = "no such row"


@dataclass(frozen=True)
class Difference:
    """A value that is not what was sent; key: of its row, or what is wrong with the scene as a whole."""

    scene: str
    stream: str
    of_type: str
    key: str
    sent: str
    came: str


@dataclass
class Outcome:
    """What became of a scene: how many values were compared, and those that differ; error: what ended it."""

    scene: str
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    error: str | None = None


class Lost:
    """A session that is lost for good before the n-th COMMIT, as when the process or its machine dies."""

    def __init__(self, session: Session, commits: list[int]) -> None:
        self._session, self._commits = session, commits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def execute(self, sql: str) -> Rows:
        """Run a statement, or be lost."""
        if sql.startswith(words.COMMIT):
            self._commits[0] -= 1
        if self._commits[0] <= 0:
            self._session.close()
            raise WarehouseError("the self-test has cut the connection", code="RUN-SELF-TEST")
        return self._session.execute(sql)


class Counted(Rejects):
    """Rejected records whose ids are noted, and which are kept nowhere."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ids: dict[str, set[int]] = {}

    def take(self, schema: Schema, line: bytes, reason: RecordRejected) -> None:
        """Note the id: it stands first in the record of a scene."""
        number = int(line.partition(b'"record": {"id": ')[2].partition(b",")[0])
        self.ids.setdefault(schema.stream, set()).add(number)
        self.counts[schema.stream] += 1

    def stage(self) -> list[str]:
        """Nothing is staged."""
        return []


@dataclass
class Trial:
    """Runs scenes in one schema; `target_of` makes the target with further settings."""

    target_of: Callable[[Mapping[str, Any]], AnsweringTarget]

    def outcome(self, scene: Scene) -> Outcome:
        """Run a scene, and compare."""
        found, refused = Outcome(scene.name), {}
        try:
            for feed in scene.feeds:
                refused = self._run(scene, feed)
            self._compare(scene, found)
        except BulkError as error:
            found.error = str(error)
            return found
        for stream in scene.refused.keys() | refused.keys():
            self._compare_refused(scene, stream, refused.get(stream, set()), found)
        return found

    def _run(self, scene: Scene, feed: Feed) -> dict[str, set[int]]:
        """Run a feed; return the ids of rejected records, by stream. Raises BulkError unless it is to crash."""
        target = self.target_of(scene.settings)
        connector, states = target.connector(), list[str]()
        if feed.crash:
            connector = _dying(connector, feed.crash)
        rejects: list[Counted] = []

        def made(*arguments: Any) -> Counted:
            rejects.append(Counted(*arguments))
            return rejects[-1]

        settings = structs.replace(target.load_settings(), encoders=0)
        run = run_of(target, connector, settings, states.append, rejects=made, stop_signal=lambda: signals.number)
        text = "".join(f"{line}\n" for line in feed.lines)
        try:
            run.read(io.StringIO(text))
        except BulkError as error:
            if not feed.crash or "self-test has cut" not in str(error):
                raise
        return rejects[0].ids

    def _compare(self, scene: Scene, found: Outcome) -> None:
        target = self.target_of(scene.settings)
        connector = target.connector()
        try:
            for expected in scene.expected:
                came = self._values(target, connector, expected)
                found.compared += len(expected.values)
                found.differences += _differences(scene, expected, came)
        finally:
            connector.warehouse.close()

    def _values(self, target: AnsweringTarget, connector: Connector, expected: Expected) -> list[tuple[int, Any]]:
        """Return key and value of each row, by the warehouse's SQL and its driver."""
        warehouse, dialect = connector.warehouse, connector.warehouse.dialect
        table = replace(warehouse.ledger, name=dialect.fold(expected.stream))
        value = dialect.read_back(words.name(dialect.fold(expected.column)), expected.means)
        if dialect.before_reading:
            warehouse.session.execute(dialect.before_reading)
        key = words.name(dialect.fold("id"))
        rows = warehouse.session.execute(f"SELECT {key}, {value} FROM {dialect.table(table)}")
        return [(int(row[0]), row[1]) for row in rows]

    def _compare_refused(self, scene: Scene, stream: str, came: set[int], found: Outcome) -> None:
        wanted = scene.refused.get(stream, frozenset())
        found.compared += len(wanted)
        for number in sorted(wanted ^ came):
            sent, became = (
                ("a value to be refused", "it was taken") if number in wanted else ("a value", "it was refused")
            )
            found.differences.append(Difference(scene.name, stream, "refusals", str(number), sent, became))


def _dying(connector: Connector, commit: int) -> Connector:
    connect, left = connector.warehouse.connect, [commit]
    return replace(
        connector, warehouse=replace(connector.warehouse, connect=lambda: cast(Session, Lost(connect(), left)))
    )


def _differences(scene: Scene, expected: Expected, came: Sequence[tuple[int, Any]]) -> Iterator[Difference]:
    """Yield each value that is not what was sent, each row that is not there, and each that is there too often."""
    by_key: dict[int, list[Any]] = {}
    for key, value in came:
        by_key.setdefault(key, []).append(value)
    for key in sorted(expected.values.keys() | by_key.keys()):
        text, values = expected.values.get(key), by_key.get(key, [])
        sent = NOT_THERE if text is None else shown(text)
        if text is None or len(values) != 1:
            became = f"{len(values)} rows" if values else NOT_THERE
            yield Difference(scene.name, expected.stream, expected.of_type, str(key), sent, became)
        elif not _is_same(expected.means, text, values[0]):
            yield Difference(scene.name, expected.stream, expected.of_type, str(key), sent, shown(values[0]))


def _is_same(means: str, text: str, value: Any) -> bool:
    """Return whether a value is what its JSON text means; one of a form that nothing means is not."""
    wanted = None if text == "null" else meaning(means, text)
    try:
        return bool(stored(means, value) == wanted)
    except (AssertionError, ArithmeticError, ValueError, TypeError, json.JSONDecodeError, msgspec.MsgspecError):
        return False
