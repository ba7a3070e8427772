"""Events of OpenLineage are valid by its published schema, and carry tables, columns and rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openlineage.client.event_v2 import RunState
from openlineage.client.serde import Serde
from referencing import Registry, Resource
from singer_bulk.model.report import Failure, RunReport, StreamReport
from singer_bulk.report.lineage import event

SCHEMAS = [json.loads(file.read_text()) for file in (Path(__file__).parents[2] / "openlineage").glob("*.json")]
REGISTRY: Registry[Any] = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in SCHEMAS)
(CORE,) = (one["$id"] for one in SCHEMAS if one["$id"].endswith("/OpenLineage.json"))
RUN_ID = "52a4b1a8bb184220af754c1d0f090204"

ORDERS = StreamReport(
    stream="orders", table="rep.orders", records_read=3, rows_loaded=2, bytes_staged=9, files=1,
    columns={"id": "decimal(38, 0)", "note": "text"},
)  # fmt: skip
REPORT = RunReport(
    run_id=RUN_ID,
    pipeline_id="demo",
    connector="target-redshift-copy",
    connector_version="0.1.0",
    started_at="2026-12-01 04:07:08.385+00:00",
    ended_at="2026-12-01 04:07:09.385+00:00",
    streams=[ORDERS, StreamReport(stream="never_loaded")],
    failure=Failure(code="REC-VALUE", what="what", in_the_warehouse="there", what_to_do="do"),
)


def sent(state: RunState) -> dict[str, Any]:
    """Return an event as the library sends it."""
    made = event(REPORT, state, REPORT.started_at, ("redshift://host:5439", "dev"), "default")
    sent: dict[str, Any] = json.loads(Serde.to_json(made))
    return sent


def problems(value: Any, reference: str) -> list[str]:
    validator = Draft202012Validator({"$ref": reference}, registry=REGISTRY, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def facets_in(value: Any) -> list[dict[str, Any]]:
    """Return all facets of an event."""
    if isinstance(value, list):
        return [facet for one in value for facet in facets_in(one)]
    if not isinstance(value, dict):
        return []
    own = [value] if "_schemaURL" in value else []
    return own + [facet for one in value.values() for facet in facets_in(one)]


@pytest.mark.parametrize("state", [RunState.START, RunState.COMPLETE, RunState.FAIL])
def test_events_are_valid(state: RunState) -> None:
    """The event by the core schema, each facet by its own."""
    told = sent(state)
    assert problems(told, f"{CORE}#/$defs/RunEvent") == []
    facets = facets_in(told)
    assert len(facets) == 5
    assert [problem for facet in facets for problem in problems(facet, facet["_schemaURL"])] == []


def test_the_schema_refuses_what_is_no_event() -> None:
    """The check above is one: without its run an event is not valid."""
    told = sent(RunState.START)
    del told["run"]
    assert problems(told, f"{CORE}#/$defs/RunEvent") != []


def test_tables_columns_and_rows_are_told() -> None:
    """A table has the name by which other programs know it, its columns, and how many rows the run has committed."""
    told = sent(RunState.COMPLETE)
    (output,) = told["outputs"]
    assert (output["namespace"], output["name"]) == ("redshift://host:5439", "dev.rep.orders")
    assert [field["name"] for field in output["facets"]["schema"]["fields"]] == ["id", "note"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert [one["name"] for one in told["inputs"]] == ["orders"]
    assert told["run"]["runId"].replace("-", "") == RUN_ID
    assert told["run"]["facets"]["errorMessage"]["message"] == "what"
