"""What becomes of a table when its stream changes: each change in each warehouse, in mid-run and in the next run.

The changes are those of docs/schema-evolution.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from singer_bulk.self_test.meaning import meaning, stored

from tests.conftest import Run
from tests.fakes import record, schema
from tests.fidelity.changes import (
    BIG,
    BOOLEAN,
    CENTS,
    CHANGES,
    DATE,
    INSTANT,
    INTEGER,
    MILLS,
    NUMBER,
    OBJECT,
    STRING,
    TIME,
)
from tests.load.loaders import Loader


def shown(loader: Loader, stream: str, column: str) -> tuple[Any, ...]:
    """What the column shows of an old row and the new one, as text; a fraction of a second without the zeros behind."""
    rows = dict(loader.rows(f"SELECT id, {column} FROM {{schema}}.{stream}"))
    return tuple(_text(rows[number]) for number in (1, 2))


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


# Where the input is cut: how many of two records of the old type the first of two runs has. The SCHEMA changes in the
# second run: with it, in mid-run where the table has rows, or where there is none. keyed: rows enter by their key.
CUTS = {"next": 2, "both": 1, "mid": 0, "keyed": 0}


@dataclass(frozen=True)
class Property:
    """A property whose type changes: both SCHEMAs, two values of the old one, and one of the new."""

    old: dict[str, Any]
    new: dict[str, Any]
    values: tuple[Any, Any, Any]


def load_cuts(loader: Loader, properties: Mapping[str, Property], cuts: Collection[str] = tuple(CUTS)) -> Run:
    """Load the three records into a stream for each cut, named by it, in two runs; return the second."""
    runs: tuple[list[Any], list[Any]] = [], []
    for stream in cuts:
        keys = ["id"] if stream == "keyed" else []
        old, new = (
            {**schema(stream, id=INTEGER, **declared), "key_properties": keys}
            for declared in ({n: p.old for n, p in properties.items()}, {n: p.new for n, p in properties.items()})
        )
        records = [record(stream, id=i, **{n: p.values[i] for n, p in properties.items()}) for i in range(3)]
        before, after = records[: CUTS[stream]], records[CUTS[stream] : 2]
        runs[0].extend([old, *before] if before else [])
        runs[1].extend([*([old, *after] if after else []), new, records[2]])
    for messages in runs:
        run = loader.load(*messages, stream_settings={"keyed": {"load_method": "upsert"}})
        assert run.status == 0, run.stderr[-3000:]
    return run


def table_of(loader: Loader, stream: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the columns of a table with their types, and its rows by column; metadata left out."""
    described = loader.rows(
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale FROM "
        "information_schema.columns WHERE lower(table_schema) = lower('{schema}') "
        f"AND lower(table_name) = lower('{stream}')"
    )
    types = {name.lower(): found for name, *found in described if not name.lower().startswith("_sdc")}
    if "redshift" in loader.command:
        loader.rows("SET extra_float_digits TO 2")  # r_extra_float_digits: show all digits of a double
    rows = loader.rows(f"SELECT {', '.join(types)} FROM {{schema}}.{stream} ORDER BY id")
    return types, [dict(zip(types, row, strict=True)) for row in rows]


# By name: the declaration, values, and what they mean whatever their column. The first is the new value of a property
# that becomes this type, each is an old one of a property that was of it.
KINDS: dict[str, tuple[dict[str, Any], list[Any], str]] = {
    "b": (BOOLEAN, [True], "boolean"),
    "i": (INTEGER, [7, 2**53 + 1, 2**53 + 2, 1234567890123450000], "integer"),
    "g": (BIG, [-70, 2**64 + 1, 10**36 + 1], "integer"),
    "c": (CENTS, [1.5, 2**49 + 0.25], "decimal"),
    "m": (MILLS, [1.125], "decimal"),
    "n": (NUMBER, [0.5, 1.0, 1e22, 0.12345678901234568], "double"),
    "s": (STRING, [" 7|"], "text"),
    "d": (DATE, ["1899-12-31"], "instant"),
    "t": (TIME, ["23:59:59.123456", "12:00"], "time"),
    "l": (INSTANT, ["2020-06-01T12:00:00.123456"], "instant"),
    "z": (INSTANT, ["2020-06-01T12:00:00+02:00"], "instant"),
    "o": (OBJECT, [{"a": [1, "x|y", None]}], "json"),
}
# By the name of the property: the old kind, the place of its second value, the new kind.
PAIRS = {f"{o}{n}_{new}": (o, n, new) for o in KINDS for n in range(len(KINDS[o][1])) for new in KINDS if new != o}
# What becomes of the column depends on its values, or what it shows on the types that they went through.
HARD = ["i1_n", "i2_n", "i3_n", "g1_n", "g2_m", "n1_s", "n2_s", "n3_s", "t1_s", "l0_s", "z0_s", "l0_z"]


def pair(name: str) -> Property:
    """Return the property of a pair."""
    old, n, new = PAIRS[name]
    return Property(KINDS[old][0], KINDS[new][0], (KINDS[old][1][0], KINDS[old][1][n], KINDS[new][1][0]))


def means(kind: str, value: Any, came: Any) -> bool:
    """Whether a value of any column means what was sent; a text in a document stands between quotes."""
    meant = KINDS[kind][2]
    form = json.loads(came) if isinstance(came, str) and came[:1] == '"' else came
    return bool(stored(meant, form) == meaning(meant, json.dumps(value)))


def demand_values(table: tuple[dict[str, Any], list[dict[str, Any]]], pairs: Collection[str]) -> None:
    """Each row of the table has its value, in one column, and an old one where it was."""
    types, rows = table
    for name in pairs:
        old, _, new = PAIRS[name]
        # A second column of the property is named by the first one, `__` and its type.
        names = sorted((column for column in types if column.split("__")[0] == name), key=len)
        came = [[row[column] for column in names if row[column] is not None] for row in rows]
        assert all(row[names[0]] is not None for row in rows[:2]), name
        assert [len(values) for values in came] == [1, 1, 1], name
        sent = zip((old, old, new), pair(name).values, came, strict=True)
        assert all(means(kind, value, values[0]) for kind, value, values in sent), (name, came)


def test_changes_however_the_input_is_cut(loader: Loader) -> None:
    """A SCHEMA that changed in the next run or in mid-run: the columns are those of the page, old rows keep their
    values, new ones arrive, and the tables are equal."""
    documented = {c.stream: Property(c.old, c.new, (c.values[0], c.values[0], c.values[1])) for c in CHANGES}
    run = load_cuts(loader, {**documented, **{name: pair(name) for name in HARD}})
    for change in CHANGES:
        column = change.column.replace("v", change.stream, 1)
        came = shown(loader, "next", column)
        assert same(came, change.shown), (change.name, came)
        if column != change.stream:
            assert column.upper() in run.stderr.upper()
    table = table_of(loader, "next")
    demand_values(table, HARD)
    assert {cut: table_of(loader, cut) for cut in CUTS} == dict.fromkeys(CUTS, table)


@pytest.mark.parametrize("cuts", [["mid"], pytest.param([*CUTS], marks=pytest.mark.long)], ids=["mid-run", "every cut"])
def test_every_pair_of_types(loader: Loader, cuts: list[str]) -> None:
    """Whatever a property was and becomes: each row has its value, however the input is cut in an equal table."""
    load_cuts(loader, {name: pair(name) for name in PAIRS}, cuts)
    table = table_of(loader, cuts[0])
    demand_values(table, PAIRS)
    assert {cut: table_of(loader, cut) for cut in cuts} == dict.fromkeys(cuts, table)


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
