"""A column's type and name by setting: values enter it exactly or are refused, and the table keeps it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.errors import BulkError, ConfigError, ValueRejected
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.model.messages import Records
from singer_bulk.schema.chosen_types import FORMS, chosen_type
from singer_bulk.schema.names import column_names, comment_of
from singer_bulk.schema.placement import EvolutionRules, Placement
from singer_bulk.settings.columns import column_problems
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import StreamSettings
from singer_bulk.stream.stream import stream_columns
from singer_bulk.warehouse import words

from tests.fakes import Bench, lines, record, schema, state
from tests.fidelity.encoding import DIALECTS, Encoding
from tests.fuzz.rows import outcome

TEXT, NUMBER, ANY = {"type": ["null", "string"]}, {"type": ["null", "number"]}, dict[str, Any]()
INTEGER, BOOLEAN, OBJECT = {"type": "integer"}, {"type": "boolean"}, {"type": "object"}
DATE, TIME = {**TEXT, "format": "date"}, {**TEXT, "format": "time"}
INSTANT = {**TEXT, "format": "date-time"}

SAID = [
    ("decimal(18,2)", ColumnType(Kind.DECIMAL, 18, 2)),
    ("NUMERIC( 5 )", ColumnType(Kind.DECIMAL, 5, 0)),
    ("number(38, 37)", ColumnType(Kind.DECIMAL, 38, 37)),
    ("bigint", ColumnType(Kind.INTEGER)),
    ("Double  Precision", ColumnType(Kind.DOUBLE)),
    ("varchar(20)", ColumnType(Kind.TEXT, max_bytes=20)),
    ("varchar", ColumnType(Kind.TEXT)),
    ("timestamptz", ColumnType(Kind.TIMESTAMPTZ)),
    ("variant", ColumnType(Kind.JSON)),
]


@pytest.mark.parametrize(("said", "column_type"), SAID)
def test_a_type_is_read(said: str, column_type: ColumnType) -> None:
    """The words of either warehouse are taken, in any letters."""
    assert chosen_type(said) == column_type


@pytest.mark.parametrize(
    "said",
    ["decimal", "decimal(39,2)", "decimal(5,6)", "decimal(38,38)", "decimal(0,0)", "varchar(0)", "varchar(1,2)", "int4",
     "char(5)", "geometry", "", "varchar(9"],
)  # fmt: skip
def test_a_type_that_is_none_is_refused(said: str) -> None:
    """What no column of ours can be is refused, with what can."""
    with pytest.raises(ValueError, match="takes") as caught:
        chosen_type(said)
    assert "decimal(p, s)" in str(caught.value) or "varchar(n)" in str(caught.value)
    assert FORMS.count(",") > 9


# The property, the type that is chosen, values that come into it and the field of each, values that are refused.
EXACT: list[tuple[Any, str, dict[str, str], list[str]]] = [
    (NUMBER, "decimal(18,2)", {"1.5": "1.5", "1e2": "100", "-0.01": "-0.01"}, ["1.005", "1e16", "true"]),
    (TEXT, "decimal(18,2)", {'"12.50"': "12.5", '"-7"': "-7"}, ['"12,50"', '""', '"1.005"', "7"]),
    (INTEGER, "decimal(5,0)", {"12345": "12345", "1e2": "100"}, ["123456", "1.5"]),
    (NUMBER, "bigint", {"7": "7", "7.0": "7"}, ["7.5", "1e30"]),
    (INTEGER, "double", {"7": "7", "9007199254740992": "9007199254740992"}, ["9007199254740993", "0.5"]),
    (TEXT, "varchar(4)", {'"abcd"': '"abcd"', '"éé"': '"éé"'}, ['"abcde"', '"ééé"', "7"]),
    (INTEGER, "varchar(3)", {"7": '"7"'}, ["1234", '"x"']),
    (BOOLEAN, "text", {"true": '"true"'}, ['"true"']),
    (OBJECT, "text", {'{"a":1}': '"{""a"":1}"'}, ["7"]),
    (TEXT, "date", {'"2020-06-01"': "2020-06-01"}, ['"2020-06-31"', '"x"', '"2020-06-01T12:00:00"']),
    (INSTANT, "date", {'"2020-06-01T00:00:00Z"': "2020-06-01"}, ['"2020-06-01T00:00:01Z"']),
    (INSTANT, "timestamp", {'"2020-06-01T12:00:00"': "2020-06-01 12:00:00.0"}, ['"2020-06-01T12:00:00Z"', '"x"']),
    (DATE, "timestamptz", {'"2020-06-01"': "2020-06-01 00:00:00.0+00"}, ['"x"']),
    (INTEGER, "super", {"7": '"7"'}, ['"x"']),
    (TEXT, "super", {'"a"': '"""a"""'}, ["7"]),
    (ANY, "decimal(3,1)", {"7": "7", '"7.5"': "7.5"}, ["true", "{}"]),
    (ANY, "boolean", {"true": "true"}, ["7", '"true"']),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "said", "taken", "refused"), EXACT)
def test_values_enter_a_chosen_type_exactly(
    declared: Any, said: str, taken: dict[str, str], refused: list[str]
) -> None:
    """Each value is written as it was sent, or refused with stream, line and value, by both passes alike."""
    if "null" not in declared.get("type", "null"):
        declared = {**declared, "type": ["null", declared["type"]]}
    chosen = {"columns": {"v": said}}
    encoding = Encoding("redshift", {"properties": {"v": declared}}, chosen)
    values = [f'{{"v":{value}}}' for value in (*taken, "null")]
    rows = [encoding.rows(values, in_blocks=blocks) for blocks in (False, True)]
    assert rows[0] == rows[1]
    assert rows[0].decode().splitlines()[: len(taken)] == list(taken.values())
    for value in refused:
        found = [_refusal(encoding, value, blocks=blocks) for blocks in (False, True)]
        assert found[0] == found[1]
        assert found[0].startswith("stream 's', line 0: ")
        assert value[:20] in found[0] or "got" in found[0]


def _refusal(encoding: Encoding, value: str, *, blocks: bool) -> str:
    columns = encoding.columns
    with pytest.raises(BulkError) as caught:
        encoding.rows([f'{{"v":{value}}}'], in_blocks=blocks)
    assert encoding.columns == columns, "no column becomes another one"
    return str(caught.value)


def test_the_whole_text_of_a_refusal() -> None:
    """A value that a chosen column does not hold names the setting, and no column is widened for it."""
    encoding = Encoding("redshift", {"properties": {"amount": NUMBER}}, {"columns": {"amount": "decimal(5,2)"}})
    with pytest.raises(ValueRejected) as caught:
        encoding.rows(['{"amount":12345.5}'])
    assert str(caught.value) == (
        "stream 's', line 0: column 'amount' is DECIMAL(5, 2), got 12345.5; mend it at its source, or give the column "
        "a type that holds it in the setting 'columns' [REC-VALUE]"
    )


REFUSED = [
    (TEXT, "bigint"), (TEXT, "double"), (TEXT, "boolean"), (BOOLEAN, "decimal(1,0)"), (OBJECT, "bigint"),
    (INTEGER, "date"), (NUMBER, "boolean"), (TIME, "date"), (DATE, "time"), (DATE, "decimal(9,0)"), (OBJECT, "date"),
    ({"type": ["string", "integer"]}, "bigint"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "said"), REFUSED)
def test_a_type_that_takes_no_value_is_refused(declared: Any, said: str) -> None:
    """What the encoder could never write is refused at the SCHEMA, with property, type and what is declared."""
    with pytest.raises(ConfigError, match="which takes no value of a property that is declared") as caught:
        Encoding("redshift", {"properties": {"v": declared}}, {"columns": {"v": said}})
    assert caught.value.code == "STREAM-COLUMN-TYPE"


@pytest.mark.parametrize(
    ("declared", "said", "is_refused"),
    [
        (TEXT, "decimal(9,0)", True), (ANY, "decimal(9,0)", True), (TEXT, "date", True), (TEXT, "time", True),
        ({"type": ["string", "integer"]}, "decimal(9,0)", True), (INTEGER, "decimal(9,0)", False),
        (INSTANT, "timestamptz", False), ({"anyOf": [DATE, {"type": "null"}]}, "date", False), (TEXT, "text", False),
        (INTEGER, "double", False), (INTEGER, "text", False),
    ],
)  # fmt: skip
def test_keys_stay_apart_in_a_chosen_type(declared: Any, said: str, *, is_refused: bool) -> None:
    """Texts that are different keys, as "007" and "7", may not become one value, or one of two rows would be lost."""
    made = {**schema(id=declared), "key_properties": ["id"]}
    settings = {"load_method": "upsert", "columns": {"id": said}}
    if not is_refused:
        Bench().run(lines(made), **settings)
        return
    with pytest.raises(ConfigError, match="different values of it would not be") as caught:
        Bench().run(lines(made), **settings)
    assert caught.value.code == "STREAM-COLUMN-TYPE"


@pytest.mark.parametrize(("declared", "said"), [(INTEGER, "super"), (INSTANT, "super")])
def test_an_order_stays_one_in_a_chosen_type(declared: Any, said: str) -> None:
    """Documents are compared by their texts, and dates are not."""
    made = {**schema(id=INTEGER, at=declared, op=TEXT), "key_properties": ["id"]}
    cdc = CdcSettings(operation_column="op", sequence_columns=("at",))
    with pytest.raises(ConfigError, match="told apart or ordered"):
        Bench().run(lines(made), load_method="upsert", cdc=cdc, columns={"at": said})


def test_a_text_that_is_too_long_for_the_warehouse_is_refused() -> None:
    """VARCHAR has 65,535 bytes on Redshift."""
    with pytest.raises(ConfigError, match="65535 bytes at most in this warehouse"):
        Encoding("redshift", {"properties": {"v": TEXT}}, {"columns": {"v": "varchar(65536)"}})


@pytest.mark.parametrize(
    ("warehouse", "declared"),
    [
        ("redshift", '"a" VARCHAR(20), "b" DECIMAL(20, 2), "c" BIGINT, "d" TIMESTAMPTZ, "e" SUPER'),
        (
            "snowflake",
            '"A" VARCHAR(20), "B" NUMBER(19, 2), "C" NUMBER(38, 0), "D" TIMESTAMP_TZ(9), "E" VARIANT',
        ),
    ],
)
def test_a_table_is_made_with_the_chosen_types(warehouse: str, declared: str) -> None:
    """CREATE TABLE has them; DECIMAL(19, s) of Redshift has 20 digits, because 64 bits do not hold all of 19."""
    chosen = {"a": "varchar(20)", "b": "decimal(19,2)", "c": "bigint", "d": "timestamptz", "e": "variant"}
    properties = {"a": TEXT, "b": NUMBER, "c": NUMBER, "d": INSTANT, "e": TEXT}
    encoding = Encoding(warehouse, {"properties": properties}, {"columns": chosen})
    made = words.create_table(DIALECTS[warehouse], Table("s", "t"), encoding.columns)
    assert made.endswith(f"({declared})")


def columns_on(present: Column, said: str) -> tuple[Column, ...]:
    """Return the columns of a stream whose table has one already."""
    dialect = DIALECTS["redshift"]
    placement = Placement("orders", {"v": present}, EvolutionRules(), dialect.names, lambda existing, wanted: True)
    loads = LoadSettings(columns={"v": said})
    return stream_columns({"properties": {"v": NUMBER}}, loads, dialect.names, placement, dialect.types)


def test_a_table_that_has_another_type_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A column that holds every such value stays, with a WARNING; one that does not is refused; none is changed."""
    (column,) = columns_on(Column("v", ColumnType(Kind.DECIMAL, 18, 2)), "decimal(18,2)")
    assert (column.type, caplog.records) == (ColumnType(Kind.DECIMAL, 18, 2), [])
    (column,) = columns_on(Column("v", ColumnType(Kind.DECIMAL, 38, 9)), "decimal(18,2)")
    assert column.type == ColumnType(Kind.DECIMAL, 38, 9)
    (told,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert told == (
        "stream orders: column 'v' is decimal(38, 9) in the table, not decimal(18, 2) as the setting 'columns' says; "
        "it stays as it is"
    )
    for existing in (Kind.DOUBLE, Kind.BOOLEAN, Kind.OTHER):
        with pytest.raises(ConfigError, match="does not hold every such value") as caught:
            columns_on(Column("v", ColumnType(existing)), "decimal(18,2)")
        assert caught.value.code == "STREAM-COLUMN-TYPE"


def test_types_and_names_hold_in_a_run() -> None:
    """The table has the column of that type and name, and its rows have the values."""
    bench = Bench()
    settings: dict[str, Any] = {"columns": {"amount": "decimal(9,2)"}, "column_names": {"amount": "Total"}}
    messages = lines(schema(id=INTEGER, amount=NUMBER), record(id=1, amount=2.5), state(1))
    bench.run(messages, **settings)
    assert [column.name for column in bench.warehouse.columns["analytics.orders"]] == ["id", "total"]
    assert bench.warehouse.columns["analytics.orders"][1].type == ColumnType(Kind.DECIMAL, 9, 2)
    assert bench.warehouse.rows("analytics.orders") == ["1|2.5"]


RULES = DIALECTS["redshift"].names
NAMES: list[tuple[dict[str, str], list[Column], str]] = [
    ({"a": "b"}, [], "calls the column of property 'a' 'b', which is that of property 'b'"),
    ({"a": "c", "b": "C"}, [], "which is that of property 'a'"),
    ({"a": "oid"}, [], "which is no name of a column that a property may have"),
    ({"a": ""}, [], "which is no name of a column"),
    ({"a": "x" * 128}, [], "which is no name of a column"),
    ({"a": "x"}, [Column("a", ColumnType(Kind.TEXT))], "the table has its values in column 'a': rename that to 'x'"),
    ({"a": "x"}, [Column("y", ColumnType(Kind.TEXT), comment='Singer property "a"')],
     "the table has its values in column 'y'"),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "present", "problem"), NAMES)
def test_a_name_that_is_taken_is_refused(chosen: dict[str, str], present: list[Column], problem: str) -> None:
    """Two properties get no column together, and values that are in one column go to no other."""
    with pytest.raises(ConfigError) as caught:
        column_names(["a", "b"], present, RULES, chosen)
    assert problem in str(caught.value)
    assert caught.value.code == "STREAM-COLUMN-NAME"


def test_names_may_be_exchanged() -> None:
    """Two properties may have one another's names, and a name that another property does not have any more."""
    assert column_names(["a", "b"], [], RULES, {"a": "b", "b": "a", "gone": "a"}) == {"a": "b", "b": "a"}


def test_a_chosen_name_is_remembered_by_its_column() -> None:
    """The comment keeps the property's name, so its values stay in the column when the setting goes."""
    comment = comment_of("amount", RULES, column="total")
    present = [Column("total", ColumnType(Kind.TEXT), comment=comment)]
    assert column_names(["amount"], present, RULES) == {"amount": "total"}
    assert column_names(["amount"], present, RULES, {"amount": "total"}) == {"amount": "total"}
    assert comment_of("amount", RULES, column="amount") is None


def test_both_passes_agree_on_many_values() -> None:
    """Values of a chosen column give the same rows, or the same error, by the definition and the native pass."""
    encoding = Encoding("redshift", {"properties": {"v": NUMBER}}, {"columns": {"v": "decimal(6,3)"}})
    rows = RowEncoder("s", encoding.columns, encoding.format)
    block = BlockEncoder(RowEncoder("s", encoding.columns, encoding.format), encoding.format)
    found = set()
    for number in range(-2000, 2000, 7):
        line = b'{"type":"RECORD","stream":"s","record":{"v":%d.%d}}' % (number, number % 1313)
        run = Records.of_lines("s", [line], [1])
        by_block = outcome(lambda records, sequence: block.encode(records, sequence, bytes), run)
        assert by_block == outcome(rows.encode, run)
        found.add(type(by_block))
    assert len(found) == 2  # some are taken, some refused


def test_a_property_of_no_stream_is_refused() -> None:
    """A name in a stream's own settings that its SCHEMA lacks ends the run; one for all streams may be absent."""
    messages = lines(schema(id=INTEGER, amount=NUMBER), record(id=1, amount=2.5), state(1))
    own = {"orders": StreamSettings(columns={"amout": "bigint"})}
    with pytest.raises(ConfigError) as caught:
        Bench().run(messages, stream_settings=own)
    assert str(caught.value) == (
        "stream 'orders': setting 'stream_settings.orders.columns' names property 'amout', which the SCHEMA does not "
        "have; is 'amount' meant? [STREAM-NO-PROPERTY]"
    )
    Bench().run(messages, columns={"elsewhere": "bigint"})


def test_a_type_that_is_none_is_told_before_a_run() -> None:
    """Both places are looked at, each with its name."""
    config = {"columns": {"a": "int4"}, "stream_settings": {"s": {"columns": {"b": "decimal(2,3)"}}}}
    first, second = column_problems(config)
    assert first.startswith("setting 'columns.a' takes decimal(p, s), bigint")
    assert second.startswith("setting 'stream_settings.s.columns.b' takes decimal(p, s) with p")
