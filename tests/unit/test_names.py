"""The rule of docs/names.md, on both warehouses' name rules."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_bulk.errors import ConfigError
from singer_bulk.model.columns import TEXT, Column
from singer_bulk.model.names import NameRules
from singer_bulk.schema.names import column_names, comment_of, property_in, table_name
from target_redshift_copy.sql import NAMES as REDSHIFT
from target_snowflake_stage.sql import NAMES as SNOWFLAKE

BOTH = pytest.mark.parametrize("rules", [REDSHIFT, SNOWFLAKE], ids=["redshift", "snowflake"])

# property -> its column on Redshift; on Snowflake it is the same in upper case, unless it says otherwise
CASES = {
    "id": "id", "Id": "id", "ORDER": "order", "select": "select", "1st": "1st", "a.b": "a.b", "a-b": "a-b",
    "a b": "a b",
    " a ": " a ", 'a"b': 'a"b', "a'b": "a'b", "": "_", "\0": "_", "a\nb": "a_b", "a\tb": "a_b", "Ä": "Ä", "ß": "ß",
    "日本語": "日本語", "😀": "😀", "İ": "İ", "$id": "$id", "_sdc_x": "_sdc_x", "oid": "oid_", "CTID": "ctid_",
    "%s": "%s",     "a;b": "a;b", "a\\b": "a\\b", "a\u200bb": "a_b", "\ud800": "_",
}  # fmt: skip
KEPT_BY_REDSHIFT = {"oid", "CTID"}
# Snowflake takes no column of these names, in quotes either.
KEPT_BY_SNOWFLAKE = [
    "current_date", "Current_Time", "CURRENT_TIMESTAMP", "current_user", "localtime", "localtimestamp",
]  # fmt: skip


@pytest.mark.parametrize(("written", "column"), CASES.items())
def test_names(written: str, column: str) -> None:
    """A property's name is folded as the warehouse does it and otherwise kept as it is."""
    assert column_names([written], [], REDSHIFT) == {written: column}
    expected = column.rstrip("_") if written in KEPT_BY_REDSHIFT else column
    assert column_names([written], [], SNOWFLAKE) == {written: SNOWFLAKE.fold(expected)}


@pytest.mark.parametrize("written", KEPT_BY_SNOWFLAKE)
def test_names_that_snowflake_keeps(written: str) -> None:
    """A `_` behind them, and their name in the comment; a table may have such a name, and so may Redshift's columns."""
    assert column_names([written], [], SNOWFLAKE) == {written: written.upper() + "_"}
    assert property_in(comment_of(written, SNOWFLAKE)) == written
    assert column_names([written], [], REDSHIFT) == {written: written.lower()}
    assert table_name(written, None, {}, SNOWFLAKE) == ("PUBLIC", written.upper())


@BOTH
@pytest.mark.parametrize(
    "written", ["a" * 127, "a" * 128, "a" * 300, "日" * 42, "日" * 43, "😀" * 100, "é" * 255, "é" * 256]
)
def test_long_names_are_cut(rules: NameRules, written: str) -> None:
    """A name is cut to what the warehouse takes, and the cut one told apart from another with the same beginning."""
    assert rules in (REDSHIFT, SNOWFLAKE)
    names = column_names([written + "x", written + "y"], [], rules)
    assert len(set(names.values())) == 2
    for name in names.values():
        assert len(name.encode()) <= 127 if rules is REDSHIFT else len(name) <= 255
        name.encode()


@BOTH
def test_collisions_do_not_depend_on_order(rules: NameRules) -> None:
    """Properties that fold to one name: each has the same column in whatever order they come."""
    properties = ["ID", "Id", "iD", "id", "x"]
    found = {tuple(sorted(column_names(order, [], rules).items())) for order in itertools.permutations(properties)}
    assert len(found) == 1
    names = dict(found.pop())
    assert len(set(names.values())) == 5
    assert names["id"] == rules.fold("id")


@BOTH
def test_table_keeps_its_names(rules: NameRules) -> None:
    """A property that a column's comment names has that column, whoever else would like the name."""
    first = column_names(["Id"], [], rules)
    present = [Column(first["Id"], TEXT, comment=comment_of("Id", rules))]
    later = column_names(["id", "Id", "ID"], present, rules)
    assert later["Id"] == first["Id"]
    assert len(set(later.values())) == 3


@given(name=st.text())
def test_comment_names_the_property(name: str) -> None:
    """The original name comes back from the comment; a name that the column shows needs none."""
    for rules in (REDSHIFT, SNOWFLAKE):
        comment = comment_of(name, rules)
        if comment is None:
            assert column_names([name], [], rules)[name].lower() == name.lower()
        else:
            assert property_in(comment) == name
    assert property_in(name) is None
    assert property_in('Singer property "a') is None


@given(names=st.lists(st.text(max_size=300), unique=True, max_size=8))
def test_every_property_has_a_column_of_its_own(names: list[str]) -> None:
    """Whatever the names: no two properties share a column, and the warehouse takes each name whole."""
    for rules in (REDSHIFT, SNOWFLAKE):
        made = column_names(names, [], rules)
        assert len(set(made.values())) == len(names)
        assert all(name and rules.is_short(name) and name.isprintable() for name in made.values())


TABLES = [
    ("orders", None, {}, ("public", "orders")),
    ("orders", "Analytics", {}, ("analytics", "orders")),
    ("shop-orders", None, {}, ("shop", "orders")),
    ("shop-orders", "analytics", {}, ("analytics", "orders")),
    ("db-shop-orders", None, {}, ("shop", "orders")),
    ("shop-orders", "analytics", {"shop": "repl_shop"}, ("repl_shop", "orders")),
    ("shop-orders", None, {"shop": {"target_schema": "repl_shop"}}, ("repl_shop", "orders")),
    ("other-orders", "analytics", {"shop": "repl_shop"}, ("analytics", "orders")),
    ("#orders", None, {}, ("public", "_#orders")),
    ("Orders 2020", None, {}, ("public", "orders 2020")),
]


@pytest.mark.parametrize(("stream", "default", "mapping", "table"), TABLES)
def test_tables(stream: str, default: str | None, mapping: dict[str, object], table: tuple[str, str]) -> None:
    """`schema-table` is split; schema_mapping goes before default_target_schema, that before the stream's own."""
    assert table_name(stream, default, mapping, REDSHIFT) == table
    assert table_name(stream, default, mapping, SNOWFLAKE) == tuple(map(SNOWFLAKE.fold, table))


def test_wrong_mapping_is_named() -> None:
    """A schema_mapping that names no schema is refused."""
    with pytest.raises(ConfigError, match="schema_mapping"):
        table_name("shop-orders", None, {"shop": 5}, REDSHIFT)
