"""How a table lies, who may read it and what is said of it: settings, their words, and what the catalog shows."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.columns import INTEGER, JSON, TEXT, Column
from singer_bulk.model.load import Table
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.schema.names import comment_of, property_in
from singer_bulk.settings.per_stream import StreamSettings
from singer_bulk.stream.layout import demand_columns
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.session import Wanted, Warehouse
from singer_bulk.warehouse.table_check import TableCheck
from target_redshift_copy import table_layout as redshift
from target_redshift_copy.config import RedshiftLoads
from target_redshift_copy.shown_layout import shown_layout
from target_snowflake_stage import table_layout as snowflake
from target_snowflake_stage.config import SnowflakeLoads

from tests.fakes import Bench, lines, record, schema, state
from tests.fidelity.encoding import DIALECTS

KEY = {"dist_key": "id", "sort_key": ["at"]}
# Settings, and what is wrong with them.
REDSHIFT: list[tuple[dict[str, Any], str]] = [
    ({"grants": ["TEAM x"]}, "setting 'grants' 'TEAM x' names nobody; it takes NAME, USER NAME, ROLE NAME, GROUP NAME"),
    ({"grants": ["a b c"]}, "setting 'grants' 'a b c' names nobody"),
    ({"grants": ['role "a']}, "setting 'grants' 'role \"a' names nobody"),
    ({"dist_key": "a b"}, "setting 'dist_key' 'a b' is no name; one that is no word stands in double quotes"),
    ({"dist_style": "all", "dist_key": "id"}, "setting 'dist_key' and 'dist_style' all exclude each other"),
    ({"dist_style": "key"}, "setting 'dist_style' key needs 'dist_key'"),
    ({"sort_style": "auto", "sort_key": ["a"]}, "setting 'sort_key' and 'sort_style' auto exclude each other"),
    ({"sort_style": "interleaved"}, "setting 'sort_style' needs 'sort_key'"),
    ({"sort_key": list("abcdefghi"), "sort_style": "interleaved"}, "setting 'sort_key' takes 8 columns at most"),
    ({"sort_key": ["a", "A"]}, "setting 'sort_key' names a column twice"),
    ({"encodings": {"a": "gzip"}}, "setting 'encodings' takes raw, az64,"),
    ({"dist_style": "even", "stream_settings": {"orders": {"dist_key": "id"}}},
     "setting 'stream_settings.orders.dist_key' and 'dist_style' even exclude each other"),
]  # fmt: skip
SNOWFLAKE: list[tuple[dict[str, Any], str]] = [
    ({"grants": ["GROUP x"]}, "setting 'grants' 'GROUP x' names nobody; it takes NAME, ROLE NAME"),
    ({"cluster_by": ["DATE(at)"]}, "setting 'cluster_by' 'DATE(at)' is no name"),
    ({"transient": True, "retention_days": 2}, "setting 'retention_days' is more than 1, and 'transient' tables"),
    ({"tags": {"a.b.c.d": "x"}}, "setting 'tags' takes NAME, SCHEMA.NAME or DATABASE.SCHEMA.NAME"),
    ({"tags": {"a": "x" * 257}}, "setting 'tags' takes 256 characters at most"),
    ({"tags": {f"t{n}": "x" for n in range(51)}}, "setting 'tags' takes 50 tags at most"),
]


@pytest.mark.parametrize(
    ("problems_of", "config", "problem"),
    [
        *((redshift.layout_problems, *one) for one in REDSHIFT),
        *((snowflake.layout_problems, *one) for one in SNOWFLAKE),
    ],
)
def test_settings_that_contradict_are_refused(problems_of: Any, config: dict[str, Any], problem: str) -> None:
    """What no table can have is said with the setting and the reason, for all streams and for one."""
    (found,) = problems_of(config)
    assert found.startswith(problem)


def test_settings_that_go_together_are_taken() -> None:
    """Each alone, and all that belong together; a stream may have what others have not."""
    assert (
        redshift.layout_problems({**KEY, "stream_settings": {"a": {"dist_style": "key"}, "b": {"grants": ["x"]}}}) == []
    )
    assert snowflake.layout_problems({"transient": True, "retention_days": 1, "tags": {'"a b".c': ""}}) == []


def test_names_are_as_the_warehouse_keeps_them() -> None:
    """Without quotes a name is folded; in double quotes it is as it stands."""
    loads = RedshiftLoads(grants=("ROLE A", 'group "B ""c"'), dist_key="ID", encodings={'"x Y"': "RAW"})
    made = loads.table_properties
    assert made.grants == ('ROLE "a"', 'GROUP "B ""c"')
    assert made.keys == (("dist_key", ("id",)),)
    assert made.of_columns == (("x Y", "ENCODE RAW"),)
    assert RedshiftLoads(grants=("public", '"public"', "ROLE public")).table_properties.grants == (
        "PUBLIC", '"public"', 'ROLE "public"',
    )  # fmt: skip
    assert SnowflakeLoads(grants=("a", 'ROLE "b"')).table_properties.grants == ('ROLE "A"', 'ROLE "b"')
    assert RedshiftLoads().table_properties == SnowflakeLoads().table_properties == PLAIN


def test_a_stream_has_its_own() -> None:
    """stream_settings holds for its stream; an empty list takes away what all have."""
    own = {"a": StreamSettings(grants=()), "b": StreamSettings(comments=True)}
    loads = RedshiftLoads(grants=("x",), stream_settings=own)
    assert loads.of("a").table_properties.grants == ()
    assert loads.of("b").table_properties == TableProperties(grants=('"x"',), comments=True)


@pytest.mark.parametrize(
    ("keys", "named", "problem"),
    [
        ((("sort_key", ("at",)),), (), "setting 'sort_key' names column 'at', which the table does not have"),
        ((("dist_key", ("doc",)),), (), "setting 'dist_key' names column 'doc', which holds documents"),
        ((), (("encodings", ("at",)),), "setting 'encodings' names column 'at', which the table does not have"),
    ],
)
def test_a_key_that_is_none_is_refused(keys: Any, named: Any, problem: str) -> None:
    """A column that the table lacks, and one of documents as a key, are refused at the SCHEMA."""
    with pytest.raises(ConfigError, match=problem) as caught:
        demand_columns("orders", TableProperties(keys=keys, named=named), [Column("id", INTEGER), Column("doc", JSON)])
    assert caught.value.code == "STREAM-TABLE-PROPERTY"
    assert str(caught.value).startswith("stream 'orders': ")


def test_a_column_of_the_loader_may_be_a_key() -> None:
    """A table is sorted by _sdc_extracted_at, which no property fills."""
    demand_columns("orders", TableProperties(keys=(("sort_key", ("_sdc_x",)),)), [Column("_sdc_x", TEXT)])


@pytest.mark.parametrize("written", ["id", "Id", "Größe"])
@pytest.mark.parametrize("description", [None, "", "what is said\nof it", 'Singer property "other"', 7])
def test_a_comment_has_the_name_and_the_description(written: str, description: Any) -> None:
    """The property is found in the comment of its column whatever the SCHEMA says of it, and in no other."""
    rules = DIALECTS["redshift"].names
    comment = comment_of(written, rules, description)
    assert property_in(comment) in (written, None if written == "id" else written)
    if isinstance(description, str) and description:
        assert comment is not None
        assert comment.endswith(description)


SHOWN = [
    ("s", "t", "id", "az64", True, 0),
    ("s", "t", "at", "none", False, 1),
    ("s", "t", "b", "zstd", False, -2),
    ("s", "u", "id", None, False, 0),
    ("s", "v", "id", None, None, None),
]


def test_what_redshift_shows_of_a_table() -> None:
    """Keys, encodings and style are in the words of the settings; what is not shown is not there."""
    assert shown_layout(SHOWN, [("s", "t", 1), ("s", "u", 12), ("s", "w", 99)]) == {
        Table("s", "t"): {"ENCODE of id": "az64", "ENCODE of at": "raw", "ENCODE of b": "zstd", "DISTKEY": "id",
                          "SORTKEY": "at, b", "INTERLEAVED": "yes", "DISTSTYLE": "KEY"},
        Table("s", "u"): {"DISTKEY": "", "SORTKEY": "", "DISTSTYLE": "AUTO"},
        Table("s", "v"): {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "columns"),
    [("", ""), ("LINEAR(AT, ID)", "AT, ID"), ('LINEAR("a, b",C)', "a, b, C"), ('(A, "x ""y")', 'A, x "y')],
)
def test_what_snowflake_shows_of_a_cluster_key(shown: str, columns: str) -> None:
    """Columns are as they are stored, with and without quotes."""
    assert snowflake.clustered_by(shown) == columns


@dataclass
class Shows:
    """A warehouse with a table `sales.orders` that answers what it is told to."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        answer = next((one for beginning, one in self.answers.items() if sql.startswith(beginning)), [])
        if isinstance(answer, Exception):
            raise answer
        return list(answer)


DESCRIBED = [("orders", "id", "bigint", None, 64, 0, "YES", None, 'Singer property "ID"')]
STYLED = RedshiftLoads(dist_style="all", sort_key=("id",), comments=True).table_properties


def looked(answers: dict[str, Any], properties: TableProperties = STYLED, runs: int = 1) -> Shows:
    """Return the session after a look at sales.orders, and at sales.new, which is not there."""
    session = Shows({"SELECT table_name": DESCRIBED, **answers})
    warehouse = Warehouse(lambda: session, DIALECTS["redshift"], Table("sales", "loads"))  # type: ignore[arg-type,return-value]
    check, columns = TableCheck(warehouse), [Column("id", INTEGER, comment="its number")]
    wanted = [Wanted(Table("sales", name), columns, properties=properties) for name in ("orders", "new")]
    for _ in range(runs):
        check.look(wanted)
    return session


def test_a_difference_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A table that lies otherwise than the settings want is named with each difference, once a run."""
    shown = [("sales", "orders", "id", "az64", True, 0)]
    looked({"SELECT schema_name": shown, "SELECT n.nspname": [("sales", "orders", 1)]}, runs=2)
    (warning,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warning == (
        "table sales.orders is there, and not as the settings would make it: DISTSTYLE is KEY, not ALL; SORTKEY is not "
        "set, not id; column 'id' has another comment than the SCHEMA; it stays as it is: alter it, or correct the "
        "settings"
    )


def test_what_cannot_be_seen_is_no_difference(caplog: pytest.LogCaptureFixture) -> None:
    """A view that shows nothing, or is refused, tells nothing; the run goes on."""
    properties = RedshiftLoads(dist_style="all", sort_key=("id",)).table_properties
    looked({}, properties)
    looked({"SELECT schema_name": WarehouseError("permission denied", code="RS-RIGHT")}, properties)
    assert [one for one in caplog.records if one.levelno == logging.WARNING] == []


def test_tables_without_such_settings_are_not_asked_about() -> None:
    """In steady state nothing more is sent for a stream without these settings, or with grants alone."""
    assert looked({}, PLAIN).sent == []
    assert looked({}, RedshiftLoads(grants=("x",), backup=False).table_properties).sent == []
    assert [one[:18] for one in looked({}).sent] == ["SELECT table_name,", "SELECT schema_name", "SELECT n.nspname, "]


def test_a_run_writes_descriptions_and_names() -> None:
    """The columns of a table have the SCHEMA's descriptions as comments where that is set."""
    declared = {"Id": {"type": "integer", "description": "its number"}, "n": {"type": "integer", "description": "more"}}
    for comments, expected in ((False, ["Singer property"]), (True, ["Singer property", "its number", "'more'"])):
        bench = Bench()
        bench.run(lines(schema(**declared), record(Id=1, n=1), state(1)), comments=comments)
        (made,) = [
            sql for sql in bench.warehouse.statements if sql.startswith("CREATE TABLE IF NOT EXISTS analytics.o")
        ]
        assert [one for one in ("Singer property", "its number", "'more'") if one in made] == expected


def test_words_stand_in_the_order_of_the_page() -> None:
    """Snowflake: the comment stands behind the retention and before the tags (sql/create-table)."""
    properties = SnowflakeLoads(tags={"t": "v"}, retention_days=1, comments=True).table_properties.described("c")
    made = words.create_table(DIALECTS["snowflake"], Table("S", "T"), [Column("ID", INTEGER)], properties)
    assert made.endswith(""") DATA_RETENTION_TIME_IN_DAYS = 1 COMMENT = 'c' WITH TAG ("T" = 'v')""")
