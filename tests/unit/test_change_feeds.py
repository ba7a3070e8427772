"""What presets and settings make of the columns of a stream."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.feeds.presets import PRESETS, CdcSettings, feed_of, known_values, whole_values
from singer_bulk.model.columns import BOOLEAN, INTEGER, TEXT, Column, ColumnType
from singer_bulk.model.feed import Feed, Meaning, OrderColumn

PAGE = Path(__file__).parent.parent.parent / "docs" / "change-data.md"


def feed(settings: CdcSettings, **types: ColumnType) -> Feed:
    """The feed of a stream with these properties."""
    return feed_of("s", settings, [Column(name.lower(), kind, name) for name, kind in types.items()])


def test_values_are_those_of_the_column() -> None:
    """Numbers in a number's column, true and false in a boolean's, text in text."""
    (numbers,) = feed(CdcSettings("sqlserver"), **{"__$operation": INTEGER}).marks
    assert numbers.of(Meaning.DELETE) == (1, 3)
    (texts,) = feed(CdcSettings("sqlserver"), **{"__$operation": TEXT}).marks
    assert texts.of(Meaning.DELETE) == ("1", "3")
    (flag,) = feed(CdcSettings("fivetran"), _fivetran_deleted=BOOLEAN).marks
    assert (flag.of(Meaning.DELETE), flag.of(Meaning.UPDATE)) == ((True,), (False, None))
    with pytest.raises(ConfigError, match="can hold none of"):
        feed(CdcSettings("book"), operation=INTEGER)


def test_order_is_the_first_that_the_schema_has() -> None:
    """A preset's order is used whole or not at all; text of numbers is ordered by its length first."""
    assert feed(CdcSettings("debezium"), __op=TEXT, __file=TEXT, __pos=INTEGER).order == ()
    assert feed(CdcSettings("debezium"), __op=TEXT, __lsn=TEXT).order == (OrderColumn("__lsn", by_length=True),)
    assert feed(CdcSettings("debezium"), __op=TEXT, __lsn=INTEGER).order == (OrderColumn("__lsn"),)
    assert feed(CdcSettings("debezium", sequence_columns=()), __op=TEXT, __lsn=INTEGER).order == ()


def test_sdc_goes_by_arrival_unless_told_otherwise() -> None:
    """The log's position is no order by itself: rows of a second full table have none, and are the newest."""
    assert feed(CdcSettings("sdc"), _sdc_lsn=TEXT).order == ()
    by_position = CdcSettings("sdc", sequence_columns=("_sdc_lsn",))
    assert feed(by_position, _sdc_lsn=TEXT).order == (OrderColumn("_sdc_lsn", by_length=True),)


def test_settings_change_a_preset() -> None:
    """The user's column takes the place of the preset's, the user's values come to its values."""
    given = CdcSettings("dms", "what", delete_values=("gone",))
    (mark,) = feed(given, what=TEXT).marks
    assert mark.of(Meaning.DELETE) == ("D", "gone")
    (words,) = feed(CdcSettings(operation_column="op"), op=TEXT).marks
    assert {"delete", "D", "d"} <= set(words.of(Meaning.DELETE))


def test_inserts_are_whole_and_values_are_known() -> None:
    """What a partial feed leaves out of an insert is null; every value but those of the table is refused."""
    found = feed(CdcSettings("debezium"), __op=TEXT)
    assert whole_values(found) == {"__op": frozenset((b'"c"', b'"r"'))}
    assert known_values(found) == {"__op": ["c", "r", "u", "d", "t", "m"]}


def test_page_has_every_preset_and_every_value() -> None:
    """docs/change-data.md lists what the table in the code has."""
    page = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \| `", page, re.MULTILINE) == list(PRESETS)
    for name, preset in PRESETS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
        for operation in preset.operations:
            assert f"`{operation.property}`" in row
            if name not in ("book", "fivetran", "mongodb"):
                values = [value for value in operation.meanings if value not in (None, "false")]
                assert all(re.search(rf"\b{value}\b", row) for value in values), name
