"""The Singer SDK's own test suite for targets, against the stand-ins, and what its message files leave in tables.

The suite mostly checks that nothing is raised, so the rows are asserted here beside it.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from typing import Any

import pytest
from singer_bulk.errors import ValueRejected
from singer_sdk.testing import get_target_test_class, target_test_streams
from singer_sdk.testing.config import SuiteConfig
from singer_sdk.testing.runners import TargetTestRunner
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.load.loaders import Loader

pytestmark = pytest.mark.long


def _closing(runner: TargetTestRunner) -> Iterator[TargetTestRunner]:
    yield runner
    if runner._input is not None:  # the SDK leaves its file open
        runner._input.close()


class _Suite:
    """What is changed in the SDK's class: the stand-in's configuration, and the case that sends a NUL."""

    def test_target_encoded_string_data(self, config: SuiteConfig, resource: Any, runner: TargetTestRunner) -> None:
        """Neither warehouse documents NUL in a CSV file, so the value is refused by name."""
        runner.input_filepath = _file("encoded_string_data")
        with pytest.raises(ValueRejected, match=r"line 12: column '(info|INFO)' cannot hold the character NUL"):
            runner.sync_all()


class TestRedshift(_Suite, get_target_test_class(TargetRedshiftCopy, config={})):  # type: ignore[misc]
    """target-redshift-copy."""

    @pytest.fixture
    def runner(self, redshift_config: dict[str, Any]) -> Iterator[TargetTestRunner]:
        yield from _closing(TargetTestRunner(TargetRedshiftCopy, config=redshift_config))


class TestSnowflake(_Suite, get_target_test_class(TargetSnowflakeStage, config={})):  # type: ignore[misc]
    """target-snowflake-stage."""

    @pytest.fixture
    def runner(self, snowflake_config: dict[str, Any]) -> Iterator[TargetTestRunner]:
        yield from _closing(TargetTestRunner(TargetSnowflakeStage, config=snowflake_config))


@pytest.mark.parametrize(
    "name",
    [
        "array_data",
        "camelcase",
        "duplicate_records",
        "no_primary_keys",
        "optional_attributes",
        "pk_updates",
        "record_missing_fields",
        "schema_no_properties",
        "schema_updates",
        "special_chars_in_attributes",
    ],
)
def test_rows_of_the_suite(loader: Loader, name: str) -> None:
    """Each record of the SDK's message files is a row with the values that were sent."""
    lines = _file(name).read_text(encoding="utf-8").splitlines()
    run = loader.load(*lines)
    assert run.status == 0, run.stderr
    for stream, properties, records in _streams(lines):
        names = ", ".join(f'"{_stored(loader, item)}"' for item in properties)
        table = _stored(loader, stream.rpartition("-")[2])
        rows = loader.rows(f'SELECT {names} FROM {{schema}}."{table}"')
        found = [dict(zip(properties, map(_plain, row), strict=True)) for row in rows]
        wanted = [{item: _plain(record.get(item)) for item in properties} for record in records]
        assert sorted(map(_key, found)) == sorted(map(_key, wanted))


def _file(name: str) -> Any:
    return importlib.resources.files(target_test_streams) / f"{name}.singer"


def _stored(loader: Loader, name: str) -> str:
    return name.lower() if loader.command == "target-redshift-copy" else name.upper()


def _streams(lines: list[str]) -> Iterator[tuple[str, list[str], list[dict[str, Any]]]]:
    messages = [json.loads(line) for line in lines]
    for stream in dict.fromkeys(message["stream"] for message in messages if message["type"] == "SCHEMA"):
        own = [message for message in messages if message.get("stream") == stream]
        properties = dict.fromkeys(
            name for message in own if message["type"] == "SCHEMA" for name in message["schema"]["properties"]
        )
        yield stream, list(properties), [message["record"] for message in own if message["type"] == "RECORD"]


def _plain(value: Any) -> Any:
    """A document comes back as text; numbers of all types compare by value."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value if value is None or isinstance(value, bool | list | dict) else float(value)


def _key(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)
