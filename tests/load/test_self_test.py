"""`--self-test` finds no difference in either stand-in, and finds one that is planted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from singer_bulk.face.connector import Connector
from singer_bulk.self_test import scenes
from singer_bulk.self_test.answer import report_of, tried
from singer_bulk.self_test.screen import WIDTH, screen
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.house import TOP
from tests.load.loaders import Loader

PAGE, VERSION = TOP / "docs" / "self-test.md", "1.0.0"
TARGETS: dict[str, Any] = {"redshift": TargetRedshiftCopy, "snowflake": TargetSnowflakeStage}


def config_of(request: pytest.FixtureRequest, warehouse: str) -> dict[str, Any]:
    """Return the configuration of a target, with a stage that it makes in the schema of the self-test."""
    config: dict[str, Any] = request.getfixturevalue(f"{warehouse}_config")
    return config if warehouse == "redshift" else {**config, "stage": "SINGER_STAGE"}


@pytest.mark.parametrize("warehouse", ["redshift", pytest.param("snowflake", marks=pytest.mark.long)])
def test_no_difference(request: pytest.FixtureRequest, warehouse: str, schema_name: str) -> None:
    """Every value of the corpus, updates, deletes, full loads, a crash: what was sent is what is there."""
    target = TARGETS[warehouse](config=config_of(request, warehouse))
    report = report_of(target, [*tried(target, schema_name)])
    assert (report["differences"], report["errors"]) == (0, 0), screen(report)
    assert report["compared"] > 800
    text = screen(report)
    assert "No difference: what was sent is what is there." in text
    assert max(map(len, text.splitlines())) <= WIDTH
    if warehouse == "redshift":
        page = PAGE.read_text()
        shown = f"```text\n{text.replace(target.plugin_version, VERSION)}```\n"
        if os.environ.get("UPDATE_GOLDEN_SQL"):
            PAGE.write_text(re.sub(r"```text\n.*?```\n", lambda found: shown, page, flags=re.DOTALL))
        assert shown in PAGE.read_text(), "UPDATE_GOLDEN_SQL=1 writes the screen"
    secrets = [config for name, config in target.config.items() if name in ("password", "host", "account", "s3_bucket")]
    assert [one for one in secrets if str(one) in json.dumps(report)] == []


def altering(target: type[Any], statement: str, table: str) -> type[Any]:
    """Return the target over a warehouse that alters what it has loaded into a table, behind each COPY into it."""

    class Altered(target):  # type: ignore[misc,valid-type]
        def connector(self) -> Connector:
            made: Connector = super().connector()
            connect, dialect = made.warehouse.connect, made.warehouse.dialect
            where = dialect.table(replace(made.warehouse.ledger, name=dialect.fold(table)))

            def planted() -> Any:
                session = connect()
                execute: Callable[[str], Any] = session.execute

                def run(sql: str) -> Any:
                    rows = execute(sql)
                    if sql.startswith(("COPY", "INSERT", "MERGE")) and where in sql:
                        execute(statement.format(table=where, v=f'"{dialect.fold("v")}"', id=f'"{dialect.fold("id")}"'))
                    return rows

                session.execute = run  # type: ignore[method-assign]
                return session

            return replace(made, warehouse=replace(made.warehouse, connect=planted))

    return Altered


# What a warehouse, or a loader before it, does to values, and where.
PLANTED = [
    pytest.param("strings", "UPDATE {table} SET {v} = NULL WHERE {v} = ''", marks=pytest.mark.long),
    pytest.param("doubles", "UPDATE {table} SET {v} = 0.1 WHERE {id} = 9", marks=pytest.mark.long),
    pytest.param(
        "decimals_by_multipleOf", "UPDATE {table} SET {v} = {v} + 0.01 WHERE {id} = 5", marks=pytest.mark.long
    ),
    ("orders", "DELETE FROM {table} WHERE {id} = 3"),
]


@pytest.mark.parametrize(("table", "statement"), PLANTED)
@pytest.mark.parametrize("warehouse", [pytest.param("redshift", marks=pytest.mark.long), "snowflake"])
def test_an_alteration_is_found(
    request: pytest.FixtureRequest,
    warehouse: str,
    schema_name: str,
    table: str,
    statement: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One value of one table that the warehouse alters: its scene, its table and its row are named, and no other."""
    only = [one for one in scenes.scenes(warehouse) if any(part.stream == table for part in one.expected)][:1]
    monkeypatch.setattr("singer_bulk.self_test.answer.scenes", lambda warehouse: only)
    target = altering(TARGETS[warehouse], statement, table)(config=config_of(request, warehouse))
    report = report_of(target, [*tried(target, schema_name)])
    assert report["errors"] == 0, screen(report)
    found = [one for scene in report["scenes"] for one in scene["differences"]]
    assert {one["stream"] for one in found} == {table}
    assert "came back" in screen(report)


def test_the_command(loader: Loader, tmp_path: Path) -> None:
    """A schema that is there is never taken; the report is a file; nothing is left in the bucket or the warehouse."""
    schema = loader.config["default_target_schema"]
    loader.rows("CREATE SCHEMA {schema}")
    refused = loader.load(arguments=["--self-test", schema, "--self-test-report", str(tmp_path / "report.json")])
    assert (refused.status, "CFG-SELF-TEST" in refused.stderr) == (1, True)
    assert not (tmp_path / "report.json").exists()
    alone = loader.load(arguments=["--self-test-report", "x"])
    assert (alone.status, "goes with --self-test" in alone.stderr) == (2, True)
