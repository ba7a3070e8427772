"""What becomes of a table when its stream changes: each change in each warehouse, in mid-run and in the next run.

The changes are those of docs/schema-evolution.md.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import record, schema
from tests.fidelity.changes import (
    BOOLEAN,
    CENTS,
    CHANGES,
    DATE,
    INSTANT,
    INTEGER,
    NUMBER,
    OBJECT,
    STRING,
    TIME,
    Change,
)
from tests.fidelity.meaning import meaning, stored
from tests.load.loaders import Loader


def messages(change: Change, number: int) -> list[Any]:
    declared = (change.old, change.new)[number]
    return [
        schema(change.stream, id={"type": "integer"}, v=declared),
        record(change.stream, id=number, v=change.values[number]),
    ]


def shown(loader: Loader, change: Change, column: str) -> tuple[Any, ...]:
    """What the column shows of both rows, as text without the zeros that a fraction of a second ends with."""
    rows = dict(loader.rows(f"SELECT id, {column} FROM {{schema}}.{change.stream}"))
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


def same(came: tuple[Any, ...], documented: tuple[Any, ...]) -> bool:
    """Numbers are compared as numbers: a scale is no difference."""
    for text, expected in zip(came, documented, strict=True):
        try:
            if text is None or Decimal(text) != Decimal(str(expected)):
                return came == documented
        except ArithmeticError:
            if text != expected:
                return False
    return True


def demand_documented(loader: Loader, *, mid_run: bool) -> None:
    """Both rows of each change are in the columns, and show what, the table of changes says."""
    warehouse = "snowflake" if "snowflake" in loader.command else "redshift"
    for change in CHANGES:
        column, documented = change.result(warehouse, mid_run=mid_run)
        came = shown(loader, change, column)
        assert same(came, documented), (change.name, came)


def test_changes_in_the_next_run(loader: Loader) -> None:
    """A SCHEMA that changed since the last run: the old rows keep their values, the new ones arrive."""
    first = loader.load(*(line for change in CHANGES for line in messages(change, 0)))
    assert first.status == 0, first.stderr
    second = loader.load(*(line for change in CHANGES for line in messages(change, 1)))
    assert second.status == 0, second.stderr
    demand_documented(loader, mid_run=False)
    for change in CHANGES:
        if change.column != "v":
            assert change.column.upper() in second.stderr.upper()


def test_changes_in_mid_run(loader: Loader) -> None:
    """A SCHEMA that changes in mid-run: the rows before and after it arrive, in one load."""
    run = loader.load(*(line for change in CHANGES for number in (0, 1) for line in messages(change, number)))
    assert run.status == 0, run.stderr
    demand_documented(loader, mid_run=True)


# By name: the declaration, a value, and what it means whatever its column.
KINDS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "i": (INTEGER, 2**53 + 1, "integer"),
    "n": (NUMBER, 0.5, "double"),
    "c": (CENTS, 1.25, "decimal"),
    "b": (BOOLEAN, True, "boolean"),
    "s": (STRING, " 7|", "text"),
    "d": (DATE, "1899-12-31", "instant"),
    "l": (INSTANT, "2020-06-01T12:00:00.123456", "instant"),
    "z": (INSTANT, "2020-06-01T12:00:00+02:00", "instant"),
    "t": (TIME, "23:59:59.123456", "time"),
    "o": (OBJECT, {"a": [1, "x|y", None]}, "json"),
}


def means(kind: str, came: Any) -> bool:
    """Whether a value of any column means what was sent; a text in a document stands between quotes."""
    _, value, meant = KINDS[kind]
    form = json.loads(came) if isinstance(came, str) and came[:1] == '"' else came
    return bool(stored(meant, form) == meaning(meant, json.dumps(value)))


def changed(old: str, number: int) -> list[Any]:
    """Return SCHEMA and RECORD of a stream: each property has the type `old` first (0), and another then (1)."""
    kinds = {f"to_{new}": (old, new)[number] for new in KINDS if new != old}
    return [
        schema(f"from_{old}", id=INTEGER, **{name: KINDS[kind][0] for name, kind in kinds.items()}),
        record(f"from_{old}", id=number, **{name: KINDS[kind][1] for name, kind in kinds.items()}),
    ]


@pytest.mark.parametrize("mid_run", [pytest.param(False, marks=pytest.mark.long), True])
def test_every_pair_of_types(loader: Loader, mid_run: bool) -> None:
    """Whatever a property was and becomes: each row has its value, in one column, and an old one where it was."""
    runs = [[message for old in KINDS for message in changed(old, number)] for number in (0, 1)]
    for messages_of_run in [[*runs[0], *runs[1]]] if mid_run else runs:
        run = loader.load(*messages_of_run)
        assert run.status == 0, run.stderr[-2000:]
    for old in KINDS:
        columns = loader.columns(f"from_{old}")
        rows = [
            dict(zip(columns, row, strict=True))
            for row in loader.rows(f"SELECT {', '.join(columns)} FROM {{schema}}.from_{old} ORDER BY id")
        ]
        for new in (new for new in KINDS if new != old):
            # A second column of the property is named by the first one, `__` and its type.
            names = sorted((name for name in columns if name.lower().split("__")[0] == f"to_{new}"), key=len)
            came = [[row[name] for name in names if row[name] is not None] for row in rows]
            assert rows[0][names[0]] is not None, (old, new)
            assert [len(values) for values in came] == [1, 1], (old, new)
            assert all(means(kind, values[0]) for kind, values in zip((old, new), came, strict=True)), (old, new, came)


def test_new_and_dropped_properties(loader: Loader) -> None:
    """A new property adds a column; one that is dropped leaves its column, NULL from there on."""
    loader.load(schema("s", id=INTEGER, old=STRING), record("s", id=1, old="a"))
    run = loader.load(
        *(schema("s", id=INTEGER, new=STRING), record("s", id=2, new="b")),
        *(schema("m", id=INTEGER, old=STRING), record("m", id=1, old="a")),
        *(schema("m", id=INTEGER, new=STRING), record("m", id=2, new="b")),
    )
    assert run.status == 0, run.stderr
    for stream in ("s", "m"):  # in the next run, in mid-run
        rows = loader.rows(f"SELECT id, old, new FROM {{schema}}.{stream} ORDER BY id")
        assert rows == [(1, "a", None), (2, None, "b")]


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
    """A NOT NULL column that the SCHEMA lets be null takes NULL, which is told; the values before it stay. One that no
    property fills is somebody's: the load is refused, and one by which it is filled is not."""
    loader.load(schema("other", id=INTEGER), record("other", id=1))  # makes the schema
    loader.rows("CREATE TABLE {schema}.s (id BIGINT NOT NULL, v VARCHAR(20) NOT NULL, gone VARCHAR(20) NOT NULL)")
    loader.rows("INSERT INTO {schema}.s SELECT 1, 'a', 'b'")
    messages = schema("s", id=INTEGER, v=STRING), record("s", id=2, v=None), record("s", id=None, v="c")
    run = loader.load(*messages)
    assert run.status == 1
    assert "is NOT NULL, has no default, and no property of the stream fills it; fill it by a stream map" in run.stderr
    run = loader.load(*messages, stream_maps={"s": {"gone": "'x'"}})
    assert run.status == 0, run.stderr
    assert run.stderr.count("NOT NULL is dropped") == 3
    rows = loader.rows("SELECT id, v, gone FROM {schema}.s")
    assert sorted(map(str, rows)) == sorted(map(str, [(1, "a", "b"), (2, None, "x"), (None, "c", "x")]))


def test_text_grows_where_alter_is_refused(loader: Loader) -> None:
    """A VARCHAR with a default cannot be altered on Redshift: it is replaced, its values kept."""
    loader.load(schema("other", id=INTEGER), record("other", id=1))
    loader.rows("CREATE TABLE {schema}.s (v VARCHAR(4) DEFAULT 'x')")
    loader.rows("INSERT INTO {schema}.s SELECT 'abcd'")
    run = loader.load(schema("s", v=STRING), record("s", v="y" * 100))
    assert run.status == 0, run.stderr
    assert sorted(row[0] for row in loader.rows("SELECT v FROM {schema}.s")) == ["abcd", "y" * 100]


def test_what_the_new_type_does_not_keep_gets_a_second_column(loader: Loader) -> None:
    """integer to double with an integer that no double holds: the column stays, the new values go to v__f."""
    loader.load(schema("s", v=INTEGER), record("s", v=2**53 + 1))
    run = loader.load(schema("s", v=NUMBER), record("s", v=0.5))
    assert run.status == 0, run.stderr
    assert sorted(map(str, loader.rows("SELECT v, v__f FROM {schema}.s"))) == sorted(
        map(str, [(2**53 + 1, None), (None, 0.5)])
    )


def test_an_integer_that_a_double_does_not_hold_gets_a_second_column(loader: Loader) -> None:
    """number to integer: the column fits, but for a run of records where one has more digits than a double."""
    big = 2**53 + 1
    for stream in ("n", "m"):  # in the next run, in mid-run
        old = (schema(stream, id=INTEGER, v=NUMBER), record(stream, id=1, v=0.5))
        new = (schema(stream, id=INTEGER, v=INTEGER), record(stream, id=2, v=7), record(stream, id=3, v=big))
        runs = [loader.load(*old), loader.load(*new)] if stream == "n" else [loader.load(*old, *new)]
        assert all(run.status == 0 for run in runs), runs[-1].stderr
        assert "v__i" in runs[-1].stderr.lower()
        rows = loader.rows(f"SELECT id, v, v__i FROM {{schema}}.{stream} ORDER BY id")
        assert rows == [(1, 0.5, None), (2, None, 7), (3, None, big)]
    run = loader.load(schema("n", id=INTEGER, v=INTEGER), record("n", id=4, v=big), on_type_change="error")
    assert run.status == 1
    assert f"stream 'n', line 2: column 'v' is DOUBLE, which has 15 to 17 digits, got {big}" in run.stderr.replace(
        "'V'", "'v'"
    )
