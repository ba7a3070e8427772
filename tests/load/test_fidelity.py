"""Every value of the corpus through the whole targets and back by the warehouses' own drivers: none altered.

A run carries every group that shares its settings, each as a stream of its own, kept and refused values together;
refused ones are set aside by on_invalid_record, so that what is refused is counted and read as well.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest
from singer_bulk.self_test.corpus import GROUPS, REDSHIFT, SNOWFLAKE, Group
from singer_bulk.self_test.meaning import meaning, stored

from tests.load.loaders import Loader

REFUSED = 10_000  # the id of a refused value is above
RUNS: dict[str, list[Group]] = defaultdict(list)
for _group in GROUPS:
    RUNS[json.dumps(_group.settings)].append(_group)

# What the Snowflake connector's datetime cannot show: nanoseconds.
_SHOWN = {
    "timestamp": "TO_VARCHAR(v, 'YYYY-MM-DD HH24:MI:SS.FF9')",
    "instant": "TO_VARCHAR(v, 'YYYY-MM-DD HH24:MI:SS.FF9TZH:TZM')",
    "time": "TO_VARCHAR(v, 'HH24:MI:SS.FF9')",
}


def warehouse_of(loader: Loader) -> str:
    return REDSHIFT if "redshift" in loader.command else SNOWFLAKE


def stream_of(group: Group) -> str:
    return group.name.replace(" ", "_").replace("-", "_")


def messages_of(group: Group, warehouse: str) -> list[str]:
    """The SCHEMA and the RECORDs of a group; values stand in the lines as the corpus has them."""
    stream = stream_of(group)
    properties = {"id": {"type": "integer"}, "v": group.schema}
    lines = [json.dumps({"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}})]
    for first, texts in ((0, group.kept_in(warehouse)), (REFUSED, group.refused_in(warehouse))):
        lines += [
            f'{{"type": "RECORD", "stream": "{stream}", "record": {{"id": {number}, "v": {text}}}}}'
            for number, text in enumerate(texts, start=first)
        ]
    return lines


def values(loader: Loader, group: Group) -> dict[int, Any]:
    """The values of a group as the driver gives them, by id."""
    if warehouse_of(loader) == REDSHIFT:
        # Redshift shows 15 digits of a double unless it is told to show all (r_extra_float_digits).
        loader.rows("SET extra_float_digits TO 2")
    shown = _SHOWN.get(group.means, "v") if warehouse_of(loader) == SNOWFLAKE else "v"
    return dict(loader.rows(f"SELECT id, {shown} FROM {{schema}}.{stream_of(group)}"))


@pytest.mark.parametrize("settings", RUNS)
def test_no_value_is_altered_and_refusals_are_those_of_the_corpus(loader: Loader, settings: str) -> None:
    """Kept values come back equal; refused ones are in the dead-letter objects, with reasons, and nowhere else."""
    groups, warehouse = RUNS[settings], warehouse_of(loader)
    lines = [line for group in groups for line in messages_of(group, warehouse)]
    run = loader.load(*lines, on_invalid_record="reject", max_rejected_records=1000, **json.loads(settings))
    assert run.status == 0, run.stderr[-2000:]
    rejected = rejected_ids(loader)
    for group in groups:
        kept = group.kept_in(warehouse)
        came = values(loader, group)
        assert set(came) == set(range(len(kept))), group.name
        for number, text in enumerate(kept):
            assert stored(group.means, came[number]) == meaning(group.means, text), (group.name, text)
        expected = {REFUSED + number for number in range(len(group.refused_in(warehouse)))}
        assert rejected.get(stream_of(group), set()) == expected, group.name


def rejected_ids(loader: Loader) -> dict[str, set[int]]:
    """The ids of the records in the dead-letter objects, by stream; each line says why."""
    found: dict[str, set[int]] = defaultdict(set)
    for key in loader.staged_keys():
        if "/_rejected/" in key:
            schema, *lines = loader.s3.body(key).decode().splitlines()
            assert json.loads(schema)["type"] == "SCHEMA"
            for line in lines:
                number = int(line.partition('"id": ')[2].partition(",")[0])
                stream = line.partition('"stream": "')[2].partition('"')[0]
                assert '"rejected_because":"stream ' in line
                found[stream].add(number)
    return found


def test_documents_of_a_thousand_levels(loader: Loader) -> None:
    """What both warehouses are promised to hold comes back; one level more is refused by name."""
    deep = ["[" * 1000 + "]" * 1000, '{"a":' * 999 + "[]" + "}" * 999]
    schema = {"type": "SCHEMA", "stream": "deep", "schema": {"properties": {"id": {"type": "integer"}, "v": {}}}}
    lines = [f'{{"type": "RECORD", "stream": "deep", "record": {{"id": {n}, "v": {v}}}}}' for n, v in enumerate(deep)]
    run = loader.load(json.dumps(schema), *lines)
    assert run.status == 0, run.stderr[-2000:]
    came = loader.rows("SELECT v FROM {schema}.deep ORDER BY id")
    assert ["".join(str(value).split()) for (value,) in came] == deep
    run = loader.load(json.dumps(schema), lines[0].replace("[]", "[[]]"))
    assert run.status == 1
    assert "holds documents of 1000 levels" in run.stderr


@pytest.mark.parametrize("count", [1, 30])
def test_table_of_one_column(loader: Loader, count: int) -> None:
    """NULL is a row where it is all that the row has: no COPY takes it for a blank line, and '' stays apart from it."""
    for name, declared, values in (
        ("texts", {"type": ["null", "string"]}, ["", None, " ", "\n", "x"]),
        ("numbers", {"type": ["null", "integer"]}, [None, 5]),
        ("documents", {}, [None, {}, ""]),
    ):
        schema = {"type": "SCHEMA", "stream": name, "schema": {"properties": {"v": declared}}}
        records = [{"type": "RECORD", "stream": name, "record": {"v": value}} for value in values] * count
        run = loader.load(schema, *records, {"type": "RECORD", "stream": name, "record": {}})
        assert run.status == 0, run.stderr[-2000:]
        came = [value for (value,) in loader.rows(f"SELECT v FROM {{schema}}.{name}")]
        told = [value if name != "documents" or value is None else json.loads(value) for value in came]
        assert sorted(told, key=repr) == sorted([*values * count, None], key=repr), name


def test_schema_without_properties(loader: Loader) -> None:
    """Without a setting that keeps undeclared properties a record is refused; with it all of it has one column."""
    schema = {"type": "SCHEMA", "stream": "none", "schema": {"properties": {}}}
    record = {"type": "RECORD", "stream": "none", "record": {"a": 1}}
    assert loader.load(schema).status == 0
    run = loader.load(schema, record, add_record_metadata=True)
    assert run.status == 1
    assert "stream 'none': the SCHEMA names no properties" in run.stderr
    bare = {"type": "SCHEMA", "stream": "none", "schema": {"type": "object"}}
    run = loader.load(bare, record, {"type": "RECORD", "stream": "none", "record": {}}, extra_properties="column")
    assert run.status == 0, run.stderr[-2000:]
    came = [value for (value,) in loader.rows("SELECT _sdc_extra FROM {schema}.none")]
    assert sorted((value and json.loads(value) for value in came), key=repr) == [None, {"a": 1}]
