"""What decides over a row is never nulled, cut or rounded, whatever is allowed for other values."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from singer_bulk.errors import BulkError, ConfigError, ValueRejected
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.columns import BOOLEAN, TIMESTAMPTZ, Column
from singer_bulk.model.feed import Feed, Meaning
from singer_bulk.warehouse.events import Events

from tests.fakes import Bench, MemoryDialect, lines, record, schema, state

LENIENT: dict[str, Any] = {
    "invalid_datetime": "null", "excess_datetime_digits": "cut", "rounding": "half_even", "nul_characters": "remove",
}  # fmt: skip
STAMP = {"type": ["null", "string"], "format": "date-time"}
NUMBER = {"type": ["null", "number"], "multipleOf": 0.01}
TEXT = {"type": ["null", "string"]}
ORDERED = CdcSettings(operation_column="op", sequence_columns=("at",))
UNREADABLE = ["2018-11-22T12:51:30+00:00+00:00", "0000-00-00 00:00:00", "", "2020-02-30"]
# the property that decides, what it is declared, a value that would be altered, settings besides
ALTERED = [
    *(("_sdc_deleted_at", STAMP, value, {}) for value in UNREADABLE),
    *(("_sdc_deleted_at", TEXT, value, {}) for value in UNREADABLE),
    *(("_sdc_deleted_at", STAMP, value, {"load_method": "append-only"}) for value in UNREADABLE),
    ("_sdc_deleted_at", STAMP, True, {}),
    ("id", STAMP, "0000-00-00", {}),
    ("id", STAMP, "2020-01-01T00:00:00.1234567", {}),
    ("id", NUMBER, 1.005, {}),
    ("id", TEXT, "a\0b", {}),
    ("at", STAMP, "0000-00-00", {"cdc": ORDERED}),
    ("at", STAMP, "2020-01-01T00:00:00.1234567", {"cdc": ORDERED}),
    ("at", NUMBER, 1.005, {"cdc": ORDERED}),
    ("op", TEXT, "delete\0", {"cdc": ORDERED}),
]
PLAIN: dict[str, Any] = {"id": {"type": ["null", "integer"]}, "op": TEXT, "at": {"type": ["null", "integer"]}}


@pytest.mark.parametrize("few", [True, False], ids=["one by one", "in a block"])
@pytest.mark.parametrize(("name", "declared", "value", "settings"), ALTERED)
def test_value_that_decides_is_refused(
    few: bool, name: str, declared: dict[str, Any], value: Any, settings: dict[str, Any]
) -> None:
    """Refused by name, among few records and among many; nothing is loaded."""
    made = {**schema(**{**PLAIN, name: declared}), "key_properties": ["id"]}
    row: dict[str, Any] = {"id": 1, "op": "insert", "at": 1}
    good = {**row, **({"id": None} if name == "id" else {}), name: "insert" if name == "op" else None}
    if name == "id":
        good[name] = {"multipleOf": 7, "format": "2020-01-01"}.get(next(iter({*declared} - {"type"}), ""), "a")
    records = [record(**good)] * (0 if few else 20) + [record(**{**row, name: value})]
    bench = Bench()
    with pytest.raises(BulkError, match=name) as raised:
        bench.run(lines(made, *records, state(1)), **{"load_method": "upsert", **LENIENT, **settings})
    assert isinstance(raised.value, ValueRejected) or raised.value.code == "REC-INVALID"
    assert "see invalid_datetime" not in str(raised.value)
    assert bench.warehouse.rows("analytics.orders") == []


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("declared", [STAMP, TEXT, {"type": ["null", "boolean"]}, None])
def test_false_is_no_delete(count: int, declared: dict[str, Any] | None) -> None:
    """`_sdc_deleted_at: false`, declared as it may be or not at all: the row is there, and without a stamp."""
    properties = {} if declared is None else {"_sdc_deleted_at": declared}
    bench = Bench()
    text = lines(schema(id=PLAIN["id"], **properties), *[record(id=1, _sdc_deleted_at=False)] * count, state(1))
    bench.run(text)
    flag = "false" if declared == {"type": ["null", "boolean"]} else "@null@"
    assert bench.warehouse.rows("analytics.orders") == [f"1|{flag}"] * count


def test_a_flag_is_a_delete_where_it_is_true() -> None:
    """A boolean `_sdc_deleted_at` means a delete by its value, a date-time by being there."""
    for column_type, test in (
        (BOOLEAN, 'COALESCE("_sdc_deleted_at", FALSE)'),
        (TIMESTAMPTZ, '"_sdc_deleted_at" IS NOT NULL'),
    ):
        column = Column("_sdc_deleted_at", column_type)
        feed = Feed(deleted_at=column.name, is_flag=column_type is BOOLEAN)
        events = Events(MemoryDialect(), feed, ["id"], ["id", column.name])  # type: ignore[arg-type]
        assert events.says(Meaning.DELETE) == test


def test_digits_of_a_stamp_may_be_cut() -> None:
    """That a stamp is there decides, not its last digits; of a column that decides nothing all may be altered."""
    bench = Bench()
    made = {**schema(id=PLAIN["id"], _sdc_deleted_at=STAMP, n=NUMBER, t=STAMP), "key_properties": ["id"]}
    bench.run(
        lines(made, record(id=1, _sdc_deleted_at="2020-01-01T00:00:00.1234567Z", n=1.005, t="0000-00-00"), state(1)),
        **LENIENT,
    )
    (row,) = bench.warehouse.rows("analytics.orders")
    assert row.split("|")[1:] == ["2020-01-01 00:00:00.123456+00", "1", "@null@"]


@pytest.mark.parametrize("declared", [{"type": "integer"}, {"type": "object"}, {}])
def test_stamp_that_says_neither_yes_nor_no_is_refused(declared: dict[str, Any]) -> None:
    """0 and {} are no stamps: the SCHEMA is refused where rows would be deleted by it, and loaded where not."""
    text = lines({**schema(id=PLAIN["id"], _sdc_deleted_at=declared), "key_properties": ["id"]}, state(1))
    with pytest.raises(ConfigError, match="not every value says yes or no"):
        Bench().run(text, load_method="upsert")
    Bench().run(text)


@pytest.mark.parametrize("declared", [5, {"type": {"a": 1}}, {"type": [["x"]]}, {"type": None}])
def test_odd_declaration_of_a_stamp_is_no_crash(declared: Any) -> None:
    """Whatever stands where a JSON Schema is expected: an error of ours, or a column of any type."""
    bench = Bench()
    with suppress(BulkError):
        bench.run(lines(schema(id=PLAIN["id"], _sdc_deleted_at=declared), state(1)))
    assert bench.warehouse.closed


def test_order_by_dates_as_text_is_refused() -> None:
    """Texts of dates compare character by character: with another offset the older one would be the newer."""
    made = {**schema(**{**PLAIN, "at": STAMP}), "key_properties": ["id"]}
    with pytest.raises(ConfigError, match="'at', whose column is text"):
        Bench().run(lines(made, state(1)), cdc=ORDERED, load_method="upsert", invalid_datetime="text")


@pytest.mark.parametrize("method", ["append-only", "upsert", "overwrite"])
@pytest.mark.parametrize(
    ("key", "told"),
    [("_id", "'_id' is not among"), ("ID", "'ID' is not among .*, 'id' is"), ("meta.id", "'meta.id' is not among")],
)
def test_key_that_the_schema_lacks_is_named(method: str, key: str, told: str) -> None:
    """A key property without a property is refused whatever the load method; the one written alike is named."""
    with pytest.raises(ConfigError, match=told):
        Bench().run(lines({**schema(), "key_properties": [key]}, record(id=1), state(1)), load_method=method)
