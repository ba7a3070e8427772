"""What is tried: the values of the corpus, and what loads do to rows. Each scene says what must be there in the end.

Everything is the input of a tap, so a scene is lines; the same for everybody, on every day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from singer_bulk.self_test.corpus import GROUPS, Group

REFUSED = 10_000  # the id of a value that must be refused is above
TEXT = {"type": ["null", "string"]}


@dataclass(frozen=True)
class Expected:
    """What a table must hold: by key the JSON text of each value. means: how two of them are compared (meaning.py)."""

    stream: str
    means: str
    values: Mapping[int, str]
    of_type: str
    column: str = "v"


@dataclass(frozen=True)
class Feed:
    """The input of one run; crash: it loses its warehouse for good before the COMMIT of this load, counted from 1."""

    lines: Sequence[str]
    crash: int = 0


@dataclass(frozen=True)
class Scene:
    """Runs, one after the other, under the same settings. refused: by stream the ids that must be set aside."""

    name: str
    feeds: Sequence[Feed]
    expected: Sequence[Expected]
    settings: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, frozenset[int]] = field(default_factory=dict)


def scenes(warehouse: str) -> Iterator[Scene]:
    """Yield all of them."""
    yield from _values(warehouse)
    yield from _methods()
    yield _crash()


def _values(warehouse: str) -> Iterator[Scene]:
    """Yield a scene for all groups of the corpus that share their settings."""
    by_settings: dict[str, list[Group]] = {}
    for group in GROUPS:
        by_settings.setdefault(json.dumps(group.settings), []).append(group)
    for settings, groups in by_settings.items():
        lines = [line for group in groups for line in _lines_of(group, warehouse)]
        yield Scene(
            "values" + "".join(f", {name}" for name in json.loads(settings)),
            [Feed([*lines, _state(1)])],
            [Expected(_stream(group), group.means, dict(enumerate(group.kept_in(warehouse))), group.name)
             for group in groups],
            {**json.loads(settings), "on_invalid_record": "reject", "max_rejected_records": 1_000_000},
            {_stream(group): frozenset(REFUSED + number for number in range(len(group.refused_in(warehouse))))
             for group in groups},
        )  # fmt: skip


def _stream(group: Group) -> str:
    return group.name.replace(" ", "_").replace("-", "_")


def _lines_of(group: Group, warehouse: str) -> Iterator[str]:
    stream = _stream(group)
    yield _schema(stream, {"id": {"type": "integer"}, "v": group.schema}, ())
    for first, texts in ((0, group.kept_in(warehouse)), (REFUSED, group.refused_in(warehouse))):
        for number, text in enumerate(texts, start=first):
            yield _record(stream, number, text)


def _methods() -> Iterator[Scene]:
    orders = {"id": {"type": "integer"}, "v": TEXT, "_sdc_deleted_at": {**TEXT, "format": "date-time"}}
    first = [
        _schema("orders", orders, ["id"]),
        *(_record("orders", number, f'"first {number}"') for number in range(4)),
    ]
    second = [_schema("orders", orders, ["id"]), _record("orders", 1, '"second |"'), _record("orders", 4, '""')]
    gone = _record("orders", 2, "null", _sdc_deleted_at="2026-06-01T12:00:00Z")
    kept = {0: '"first 0"', 1: '"second |"', 2: '"first 2"', 3: '"first 3"', 4: '""'}
    yield Scene(
        "upsert",
        [Feed([*first, _state(1)]), Feed([*second, _record("orders", 4, '"last"'), _state(2)])],
        [Expected("orders", "text", {**kept, 4: '"last"'}, "rows by their keys")],
        {"load_method": "upsert"},
    )
    removed = {key: text for key, text in kept.items() if key != 2}
    yield Scene(
        "deletes that remove",
        [Feed([*first, _state(1)]), Feed([*second, gone, _state(2)])],
        [Expected("orders", "text", removed, "rows by their keys")],
        {"load_method": "upsert", "hard_delete": True},
    )
    yield Scene(
        "deletes that stamp",
        [Feed([*first, _state(1)]), Feed([*second, gone, _state(2)])],
        [
            Expected("orders", "instant", {**dict.fromkeys(kept, "null"), 2: '"2026-06-01T12:00:00Z"'}, "stamps",
                     column="_sdc_deleted_at"),
        ],
        {"load_method": "upsert", "datetime_type": "timestamptz"},
    )  # fmt: skip
    plain = {"id": {"type": "integer"}, "v": TEXT}
    yield Scene(
        "overwrite",
        [
            Feed([_schema("full", plain, ["id"]), *(_record("full", key, '"old"') for key in range(5)), _state(1)]),
            Feed([_schema("full", plain, ["id"]), *(_record("full", key, '"new"') for key in range(3, 9)), _state(2)]),
        ],
        [Expected("full", "text", dict.fromkeys(range(3, 9), '"new"'), "rows of the last full load")],
        {"load_method": "overwrite"},
    )
    narrow, wide = {"id": {"type": "integer"}, "v": {"type": "integer"}}, {"id": {"type": "integer"}, "v": TEXT}
    yield Scene(
        "a column that becomes wider",
        [
            Feed([_schema("wider", narrow, ()),
                  *(_record("wider", key, str(10**key)) for key in range(9)), _state(1)]),
            Feed([_schema("wider", wide, ()), _record("wider", 9, '"x|y"'), _state(2)]),
        ],
        [Expected("wider", "text", {**{key: str(10**key) for key in range(9)}, 9: '"x|y"'}, "integers as text")],
    )  # fmt: skip


def _crash() -> Scene:
    """Return a run that dies before its second COMMIT, and the one that resumes from the STATE that came out."""
    schema = _schema("events", {"id": {"type": "integer"}, "v": TEXT}, ())
    rows = [_record("events", key, f'"event {key}"') for key in range(9)]
    return Scene(
        "a crash and a resume",
        [
            Feed([schema, *rows[:3], _state(3), *rows[3:6], _state(6)], crash=2),
            Feed([schema, *rows[3:], _state(9)]),
        ],
        [Expected("events", "text", {key: f'"event {key}"' for key in range(9)}, "rows, each once")],
        {"batch_size_rows": 3},
    )


def _schema(stream: str, properties: Mapping[str, Any], keys: Sequence[str]) -> str:
    message = {"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}, "key_properties": [*keys]}
    return json.dumps(message)


def _record(stream: str, key: int, text: str, **more: str) -> str:
    """Return a RECORD; the value stands in it as it is written."""
    others = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in more.items())
    return f'{{"type": "RECORD", "stream": "{stream}", "record": {{"id": {key}, "v": {text}{others}}}}}'


def _state(number: int) -> str:
    return json.dumps({"type": "STATE", "value": {"next": number, "currently_syncing": None}})
