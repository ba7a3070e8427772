"""What is the loader's stays the loader's, and what a source has of such names arrives as values (docs/names.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.added import METADATA_TYPES
from singer_bulk.model.columns import INTEGER, Column
from singer_bulk.model.names import NameRules
from singer_bulk.schema.names import column_names, comment_of
from singer_bulk.settings.per_stream import StreamSettings
from singer_bulk.stream.own_names import names_of
from target_redshift_copy.sql import NAMES as REDSHIFT
from target_snowflake_stage.sql import NAMES as SNOWFLAKE

from tests.fakes import Bench, lines, record, schema, settings_with, state

BOTH = pytest.mark.parametrize("rules", [REDSHIFT, SNOWFLAKE], ids=["redshift", "snowflake"])
# settings, property, column; on Snowflake it is the same in upper case
COLUMNS = [
    *(({"add_record_metadata": True}, name, f"_{name}") for name in METADATA_TYPES if name != "_sdc_deleted_at"),
    ({"add_record_metadata": True}, "_SDC_SEQUENCE", "__sdc_sequence"),
    ({"add_record_metadata": True}, "_sdc_deleted_at", "_sdc_deleted_at"),
    ({"add_record_metadata": True}, "_SDC_DELETED_AT", "__sdc_deleted_at"),
    ({"add_record_metadata": True, "sdc_deleted_at": "value"}, "_sdc_deleted_at", "__sdc_deleted_at"),
    ({"add_record_metadata": True}, "_sdc_source_file", "_sdc_source_file"),
    ({"add_record_metadata": True}, "_sdc_extra", "_sdc_extra"),
    ({"add_record_metadata": True}, "_sdc_missing", "_sdc_missing"),
    ({}, "_sdc_sequence", "_sdc_sequence"),
    ({"current_view": True}, "_sdc_sequence", "__sdc_sequence"),
    ({"extra_properties": "column"}, "_sdc_extra", "__sdc_extra"),
    ({}, "_singer_order", "__singer_order"),
    ({}, "_Singer_Rank", "__singer_rank"),
    ({}, "_sdc_widened_id", "__sdc_widened_id"),
    ({}, "_sdc_narrow_id", "__sdc_narrow_id"),
]


@BOTH
@pytest.mark.parametrize(("settings", "written", "column"), COLUMNS)
def test_columns(rules: NameRules, settings: dict[str, Any], written: str, column: str) -> None:
    """A property whose column the loader writes under these settings gets a `_` in front, and its name as a comment."""
    names = names_of(settings_with(**settings), rules)
    assert column_names([written], [], names) == {written: rules.fold(column)}
    assert (comment_of(written, names) is None) == (column == written)


@BOTH
def test_partial_feed_has_a_column_of_its_own(rules: NameRules) -> None:
    """`_sdc_missing` is the loader's where updates are partial, for that stream alone."""
    settings = settings_with(stream_settings={"a": StreamSettings(cdc=CdcSettings(preset="sdc"))})
    found = [column_names(["_sdc_missing"], [], names_of(settings.of(stream), rules)) for stream in "ab"]
    assert found == [{"_sdc_missing": rules.fold(name)} for name in ("__sdc_missing", "_sdc_missing")]


@BOTH
@pytest.mark.parametrize("written", ["_sdc_sequence", "_SDC_SEQUENCE"])
def test_column_that_may_hold_values_of_the_source_is_refused(rules: NameRules, written: str) -> None:
    """The table was loaded before the loader wrote the column: nobody can tell whose its values are."""
    plain, own = names_of(settings_with(), rules), names_of(settings_with(add_record_metadata=True), rules)
    before = Column(rules.fold("_sdc_sequence"), INTEGER, comment=comment_of(written, plain))
    with pytest.raises(ConfigError, match=r"rename it to .* in the table; .* by a stream map"):
        column_names([written], [before], own)
    # The first remedy: the column is renamed, its comment stays with it.
    renamed = Column(rules.fold("__sdc_sequence"), INTEGER, comment=before.comment)
    assert column_names([written], [renamed], own) == {written: renamed.name}
    # The second one: another property.
    assert column_names(["sequence"], [before], own) == {"sequence": rules.fold("sequence")}


@BOTH
def test_stamp_that_was_a_value_is_refused(rules: NameRules) -> None:
    """A delete is looked for in one column: `sdc_deleted_at` that changes from value to delete leaves none behind."""
    value, delete = names_of(settings_with(sdc_deleted_at="value"), rules), names_of(settings_with(), rules)
    (name,) = column_names(["_sdc_deleted_at"], [], value).values()
    before = Column(name, INTEGER, comment=comment_of("_sdc_deleted_at", value))
    with pytest.raises(ConfigError, match="rename that column to"):
        column_names(["_sdc_deleted_at"], [before], delete)
    renamed = replace(before, name=rules.fold("_sdc_deleted_at"))
    assert column_names(["_sdc_deleted_at"], [renamed], delete) == {"_sdc_deleted_at": renamed.name}


@pytest.mark.parametrize(
    ("stream", "settings"),
    [
        ("_singer_loads", {}),
        ("shop-_SINGER_LOADS", {}),
        ("elsewhere-_singer_loads", {"schema_mapping": {"elsewhere": "elsewhere"}}),
        ("_singer_loads__0123456789ab", {}),
        ("_singer_scratch_1_1", {}),
    ],
)
def test_table_of_the_loader_takes_no_stream(stream: str, settings: dict[str, Any]) -> None:
    """A ledger that comes as a stream, a fence, a temporary table: refused by name, and nothing is changed."""
    bench = Bench()
    bench.run(lines(schema(), record(id=1), state(1)), pipeline_id="p")
    before = dict(bench.warehouse.committed)
    with pytest.raises(ConfigError, match=r"takes no stream; .*__alias__"):
        bench.run(lines(schema(stream), record(stream, id=1), state(2)), pipeline_id="p", **settings)
    assert bench.warehouse.committed == before


TRACES = {"id": {"type": "integer"}, "_sdc_deleted_at": {"type": ["null", "string"]}, "_SDC_BATCHED_AT": {}}


def test_stamp_of_a_source_that_was_loaded_is_asked_about() -> None:
    """Where `_sdc_deleted_at` would delete rows and other columns show a loaded source, the user says what it is."""
    keyed = {**schema(**TRACES), "key_properties": ["id"]}
    text = lines(keyed, record(id=1), state(1))
    with pytest.raises(ConfigError, match="set sdc_deleted_at to delete or to value"):
        Bench().run(text, load_method="upsert")
    Bench().run(text)  # append-only: every record is a row
    for said in ("delete", "value"):
        bench = Bench()
        bench.run(lines(keyed, state(1)), load_method="upsert", sdc_deleted_at=said)
        columns = {column.name for column in bench.warehouse.columns["analytics.orders"]}
        assert ("__sdc_deleted_at" in columns) == (said == "value")


def test_value_of_a_source_is_no_delete() -> None:
    """`sdc_deleted_at: value`: the stamp arrives as it was sent, beside the loader's own column."""
    bench = Bench()
    text = lines(schema(**TRACES), record(id=1, _sdc_deleted_at="yes", _SDC_BATCHED_AT=None), state(1))
    bench.run(text, add_record_metadata=True, sdc_deleted_at="value")
    names = [column.name for column in bench.warehouse.columns["analytics.orders"]]
    assert names[:3] == ["id", "__sdc_deleted_at", "__sdc_batched_at"]
    assert set(METADATA_TYPES) <= set(names)
    (row,) = bench.warehouse.rows("analytics.orders")
    assert row.split("|")[:2] == ["1", '"yes"']
