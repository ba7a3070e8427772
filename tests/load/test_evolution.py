"""What becomes of a table when its stream changes: each change in each warehouse, in mid-run and in the next run.

The table of changes is the one of docs/types.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import record, schema
from tests.load.loaders import Loader

INTEGER, NUMBER = {"type": ["null", "integer"]}, {"type": ["null", "number"]}
STRING, BOOLEAN = {"type": ["null", "string"]}, {"type": ["null", "boolean"]}
CENTS, MILLS = {**NUMBER, "multipleOf": 0.01}, {**NUMBER, "multipleOf": 0.001}
DATE, TIME = {**STRING, "format": "date"}, {**STRING, "format": "time"}
INSTANT, OBJECT = {**STRING, "format": "date-time"}, {"type": ["null", "object"]}


@dataclass(frozen=True)
class Change:
    """A property whose SCHEMA changes: what it was and is, a value of each, and what the table shows of both rows."""

    name: str
    old: dict[str, Any]
    new: dict[str, Any]
    values: tuple[Any, Any]
    column: str  # that takes the new values
    shown: tuple[Any, Any]  # in the column, as text


CHANGES = [
    Change("integer to decimal", INTEGER, CENTS, (7, 1.25), "v", ("7", "1.25")),
    Change("integer to text", INTEGER, STRING, (7, "x|y"), "v", ("7", "x|y")),
    Change("integer to double", INTEGER, NUMBER, (7, 0.5), "v", ("7", "0.5")),
    Change("decimal to finer decimal", CENTS, MILLS, (1.25, 1.125), "v", ("1.25", "1.125")),
    Change("decimal to text", CENTS, STRING, (1.25, "x"), "v", ("1.25", "x")),
    Change("boolean to text", BOOLEAN, STRING, (True, "x"), "v", ("true", "x")),
    Change("date to text", DATE, STRING, ("2020-06-01", "x"), "v", ("2020-06-01", "x")),
    Change("date to date-time", DATE, INSTANT, ("2020-06-01", "2020-06-02T12:00:00"), "v",
           ("2020-06-01 00:00:00", "2020-06-02 12:00:00")),
    Change("longer text", {**STRING, "maxLength": 1}, {**STRING, "maxLength": 9}, ("a", "b" * 9), "v", ("a", "b" * 9)),
    Change("text to integer", STRING, INTEGER, ("x", 7), "v", ("x", "7")),
    Change("decimal to integer", CENTS, INTEGER, (1.25, 7), "v", ("1.25", "7.00")),
    Change("text to object", STRING, OBJECT, ("x", {"a": 1}), "v__j", (None, '{"a":1}')),
    Change("object to text", OBJECT, STRING, ({"a": 1}, "x"), "v", ('{"a":1}', '"x"')),
    Change("decimal to double", CENTS, NUMBER, (1.25, 0.5), "v__f", (None, "0.5")),
    Change("boolean to integer", BOOLEAN, INTEGER, (True, 7), "v__i", (None, "7")),
    Change("time to date", TIME, DATE, ("12:00:00", "2020-06-01"), "v__dt", (None, "2020-06-01")),
]  # fmt: skip


def messages(change: Change, number: int) -> list[Any]:
    stream = change.name.replace(" ", "_").replace("-", "_")
    declared = (change.old, change.new)[number]
    return [
        schema(stream, id={"type": "integer"}, v=declared),
        record(stream, id=number, v=change.values[number]),
    ]


def shown(loader: Loader, change: Change) -> tuple[Any, ...]:
    """What the column shows of both rows, as text without the zeros that a fraction of a second ends with."""
    stream = change.name.replace(" ", "_").replace("-", "_")
    rows = dict(loader.rows(f"SELECT id, {change.column} FROM {{schema}}.{stream}"))
    return tuple(_text(rows[number]) for number in (0, 1))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        is_json = value is not None and value[:1] in ("{", "[", '"')
        return json.dumps(json.loads(str(value)), separators=(",", ":")) if is_json else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value).removesuffix("+00:00").removesuffix(".0")


def same(change: Change, came: tuple[Any, ...]) -> bool:
    """Numbers are compared as numbers: a scale is no difference."""
    for text, expected in zip(came, change.shown, strict=True):
        try:
            if text is None or Decimal(text) != Decimal(str(expected)):
                return came == change.shown
        except ArithmeticError:
            if text != expected:
                return False
    return True


def test_changes_in_the_next_run(loader: Loader) -> None:
    """A SCHEMA that changed since the last run: the old rows keep their values, the new ones arrive."""
    first = loader.load(*(line for change in CHANGES for line in messages(change, 0)))
    assert first.status == 0, first.stderr
    second = loader.load(*(line for change in CHANGES for line in messages(change, 1)))
    assert second.status == 0, second.stderr
    for change in CHANGES:
        assert same(change, shown(loader, change)), (change.name, shown(loader, change))
        if change.column != "v":
            assert change.column.upper() in second.stderr.upper()


def test_changes_in_mid_run(loader: Loader) -> None:
    """A SCHEMA that changes in mid-run: the rows before and after it arrive, in one load.

    Files that no load has committed cannot be asked for their values, so what needs an answer goes beside.
    """
    beside = {"integer to double": "v__f", "date to date-time": "v__tz", "decimal to finer decimal": "v__d"}
    if "snowflake" in loader.command:
        beside["integer to decimal"] = "v__d"  # every integer is NUMBER(38, 0) there
    run = loader.load(*(line for change in CHANGES for number in (0, 1) for line in messages(change, number)))
    assert run.status == 0, run.stderr
    for change in CHANGES:
        expected = change
        if change.name in beside:
            expected = replace(change, column=beside[change.name], shown=(None, change.shown[1]))
        assert same(expected, shown(loader, expected)), (change.name, shown(loader, expected))


def test_new_and_dropped_properties(loader: Loader) -> None:
    """A new property adds a column; one that is dropped leaves its column, NULL from there on."""
    loader.load(schema("s", id=INTEGER, old=STRING), record("s", id=1, old="a"))
    run = loader.load(schema("s", id=INTEGER, new=STRING), record("s", id=2, new="b"))
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id, old, new FROM {schema}.s ORDER BY id") == [(1, "a", None), (2, None, "b")]


def test_values_widen_columns_too(loader: Loader) -> None:
    """An integer beyond 64 bits, an offset in a column without one: the column is widened, in the run and the next."""
    stream = schema("s", id=INTEGER, n=INTEGER, t=INSTANT)
    loader.load(stream, record("s", id=1, n=1, t="2020-06-01T12:00:00"))
    big = 2**63
    run = loader.load(
        stream,
        record("s", id=2, n=2, t="2020-06-01T13:00:00"),
        record("s", id=3, n=big, t="2020-06-01T14:00:00+02:00"),
        record("s", id=4, n=-big - 1, t=None),
    )
    assert run.status == 0, run.stderr
    rows = loader.rows("SELECT id, n, t FROM {schema}.s ORDER BY id")
    assert [int(row[1]) for row in rows] == [1, 2, big, -big - 1]
    assert [None if row[2] is None else row[2].timestamp() for row in rows] == [
        1591012800.0, 1591016400.0, 1591012800.0, None,
    ]  # fmt: skip


@pytest.mark.parametrize("change", ["error", "freeze"])
def test_a_user_can_forbid_it(loader: Loader, change: str) -> None:
    """on_type_change error and schema_evolution freeze refuse by name, and change nothing."""
    loader.load(schema("s", v=INTEGER), record("s", v=1))
    settings = {"on_type_change": "error"} if change == "error" else {"schema_evolution": "freeze"}
    run = loader.load(schema("s", v=STRING), record("s", v="x"), **settings)
    assert run.status == 1
    assert "column 'v'" in run.stderr.lower()
    assert change in run.stderr
    if change == "freeze":
        run = loader.load(schema("s", v=INTEGER, w=INTEGER), record("s", v=2, w=3), **settings)
        assert run.status == 1
        assert "'w'" in run.stderr.lower()
        assert loader.load(schema("s", v=INTEGER), record("s", v=2), **settings).status == 0
    assert {row[0] for row in loader.rows("SELECT v FROM {schema}.s")} <= {1, 2}


def test_new_column_keeps_the_old_one(loader: Loader) -> None:
    """on_type_change new_column: the column stays as it is, `name__s` takes the rest, in every later run too."""
    loader.load(schema("s", id=INTEGER, v=INTEGER), record("s", id=1, v=1))
    for number in (2, 3):
        run = loader.load(schema("s", id=INTEGER, v=STRING), record("s", id=number, v="x"), on_type_change="new_column")
        assert run.status == 0, run.stderr
    loader.load(schema("s", id=INTEGER, v=INTEGER), record("s", id=4, v=4), on_type_change="new_column")
    assert loader.rows("SELECT id, v, v__s FROM {schema}.s ORDER BY id") == [
        (1, 1, None), (2, None, "x"), (3, None, "x"), (4, 4, None),
    ]  # fmt: skip


def test_not_null_is_relaxed(loader: Loader) -> None:
    """A NOT NULL column that the SCHEMA lets be null, or no longer has, takes NULL; the values before it stay."""
    loader.load(schema("other", id=INTEGER), record("other", id=1))  # makes the schema
    loader.rows("CREATE TABLE {schema}.s (id BIGINT NOT NULL, v VARCHAR(20) NOT NULL, gone VARCHAR(20) NOT NULL)")
    loader.rows("INSERT INTO {schema}.s SELECT 1, 'a', 'b'")
    run = loader.load(schema("s", id=INTEGER, v=STRING), record("s", id=2, v=None), record("s", id=None, v="c"))
    assert run.status == 0, run.stderr
    rows = loader.rows("SELECT id, v, gone FROM {schema}.s")
    assert sorted(map(str, rows)) == sorted(map(str, [(1, "a", "b"), (2, None, None), (None, "c", None)]))


def test_text_grows_where_alter_is_refused(loader: Loader) -> None:
    """A VARCHAR with a default cannot be altered on Redshift: it is replaced, its values kept."""
    loader.load(schema("other", id=INTEGER), record("other", id=1))
    loader.rows("CREATE TABLE {schema}.s (v VARCHAR(4) DEFAULT 'x')")
    loader.rows("INSERT INTO {schema}.s SELECT 'abcd'")
    run = loader.load(schema("s", v=STRING), record("s", v="y" * 100))
    assert run.status == 0, run.stderr
    assert sorted(row[0] for row in loader.rows("SELECT v FROM {schema}.s")) == ["abcd", "y" * 100]


def test_what_the_new_type_does_not_keep_goes_beside(loader: Loader) -> None:
    """integer to double with an integer that no double holds: the column stays, the new values go to v__f."""
    loader.load(schema("s", v=INTEGER), record("s", v=2**53 + 1))
    run = loader.load(schema("s", v=NUMBER), record("s", v=0.5))
    assert run.status == 0, run.stderr
    assert sorted(map(str, loader.rows("SELECT v, v__f FROM {schema}.s"))) == sorted(
        map(str, [(2**53 + 1, None), (None, 0.5)])
    )
