"""Names through both targets: every property has its column, now and in the next run, whatever it is called."""

from __future__ import annotations

import json
import random
from typing import Any

from singer_bulk.model.names import lower
from singer_bulk.schema.names import column_names, property_in
from target_redshift_copy.sql import NAMES as REDSHIFT
from target_snowflake_stage.sql import NAMES as SNOWFLAKE

from tests.fakes import record, schema
from tests.load.loaders import Loader

NAMES = [
    "id", "Id", "ID", "select", "ORDER", "group by", "1st", "a.b", "a-b", "a b", " a ", 'a"b', "a'b", "a`b",
    "a;b", "a\\b", "a%sb", "a%(x)s", "ä", "Ä", "日本語", "😀", "İstanbul", "", "\n", "$id", "_x", "oid", "xmin",
    "_sdc_mine", "a" * 127, "b" * 200, "b" * 201, "日" * 43, "c" * 256, "c" * 257, "null", "true", "table",
    "user", "default", "?", ":x", "@x", "#x", "a/b", "[a]", "{a}", "$1", "a\tb", "x__s", "X__S",
]  # fmt: skip
INTEGER = {"type": ["null", "integer"]}


def test_every_name_has_its_column(loader: Loader) -> None:
    """Names that hurt stand side by side; each value is in the column whose comment, or name, is its property's."""
    rules = REDSHIFT if "redshift" in loader.command else SNOWFLAKE
    expected = column_names(NAMES, [], rules)
    values = {name: number for number, name in enumerate(NAMES)}
    shuffled = random.Random(5).sample(NAMES, len(NAMES))
    for order in (NAMES, shuffled):
        run = loader.load(
            schema("names", **dict.fromkeys(order, INTEGER)), record("names", **{n: values[n] for n in order})
        )
        assert run.status == 0, run.stderr
    quoted = ", ".join(
        '"' + expected[name].replace('"', '""').replace("{", "{{").replace("}", "}}") + '"' for name in NAMES
    )
    rows = loader.rows(f"SELECT {quoted.replace('%', '%')} FROM {{schema}}.names")
    assert rows == [tuple(values.values())] * 2
    comments = dict(loader.rows(_COMMENTS[loader.command]))
    assert set(comments) == set(expected.values())
    for name, column in expected.items():
        remembered = property_in(comments[column])
        assert (lower(column) if remembered is None else remembered) == name


_COMMENTS = {
    "target-redshift-copy": (
        "SELECT column_name, remarks FROM svv_columns WHERE table_schema = '{schema}' AND table_name = 'names'"
    ),
    "target-snowflake-stage": (
        "SELECT column_name, comment FROM information_schema.columns "
        "WHERE table_schema = '{schema}' AND table_name = 'NAMES'"
    ),
}


def test_names_that_a_table_has_are_kept(loader: Loader) -> None:
    """`Id` came first and keeps its column when `id` comes; in the next run as well."""
    loader.load(schema("s", Id=INTEGER), record("s", Id=1))
    both = schema("s", id=INTEGER, Id=INTEGER)
    for number in (2, 3):
        run = loader.load(both, record("s", id=number * 10, Id=number))
        assert run.status == 0, run.stderr
    rules = REDSHIFT if "redshift" in loader.command else SNOWFLAKE
    other = rules.with_suffix(rules.name_for("id"), column_names(["Id", "id"], [], rules)["Id"].rpartition("_")[2])
    assert loader.rows("SELECT id FROM {schema}.s ORDER BY id") == [(1,), (2,), (3,)]
    assert other != rules.name_for("id")


def test_schema_mapping(loader: Loader) -> None:
    """`schema-table` goes to the schema that schema_mapping has for it, else to default_target_schema."""
    target = loader.config["default_target_schema"]
    run = loader.load(
        schema("shop-orders", id=INTEGER), record("shop-orders", id=1),
        schema("other-items", id=INTEGER), record("other-items", id=2),
        schema_mapping={"shop": {"target_schema": f"{target}_shop"}},
    )  # fmt: skip
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id FROM {schema}_shop.orders") == [(1,)]
    assert loader.rows("SELECT id FROM {schema}.items") == [(2,)]


def test_stream_names_that_hurt(loader: Loader) -> None:
    """Streams with blanks, dots and quotes have tables of their own, written under keys that S3 and COPY take."""
    for stream in ("a b", "a.b", 'a"b', "日本", "#temp"):
        run = loader.load(schema(stream, id=INTEGER), record(stream, id=1))
        assert run.status == 0, run.stderr
        table = json.dumps(f"_{stream}" if stream[0] == "#" else stream, ensure_ascii=False).replace('\\"', '""')
        if "snowflake" in loader.command:
            table = table.upper()
        assert loader.rows(f"SELECT id FROM {{schema}}.{table}") == [(1,)]


def test_more_columns_than_a_table_may_have(loader: Loader) -> None:
    """Redshift takes 1,600: one more is refused by table and number before anything is made, in a new table and in one
    that is there. Snowflake's pages give no number."""
    properties = {f"p{number}": {"type": ["null", "integer"]} for number in range(1601)}

    def load(begin: int, end: int) -> Any:
        some = {name: properties[name] for name in list(properties)[begin:end]}
        return loader.load(
            {"type": "SCHEMA", "stream": "wide", "schema": {"properties": some}, "key_properties": []},
            {"type": "RECORD", "stream": "wide", "record": {f"p{begin}": begin}},
        )

    runs = [load(0, 1601), load(0, 1600), load(1600, 1601)]
    if "snowflake" in loader.command:
        assert [run.status for run in runs] == [0, 0, 0], runs
        return
    assert [run.status for run in runs] == [1, 0, 1], runs
    for run in (runs[0], runs[2]):
        assert "wide would have 1601 columns, 1600 are the most that it may have; select fewer" in run.stderr
    assert loader.rows("SELECT p0, p1599 FROM {schema}.wide") == [(0, None)]
