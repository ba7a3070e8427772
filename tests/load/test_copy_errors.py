"""An error of COPY carries the record: in the warehouse's own words, for a value that should not have passed."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.assembly import run_of
from singer_bulk.errors import CommitError
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.fakes import lines, record, schema, state

TEXT = {"type": ["null", "string"]}


def refused(target: Any, messages: list[dict[str, Any]], **planted: Any) -> CommitError:
    """Return the error of a run whose files are written by another format than the warehouse has."""
    made = target.connector()
    connector = replace(made, file_format=lambda: replace(made.file_format(), **planted))
    run = run_of(target, connector, target.load_settings(), lambda state: None)
    with pytest.raises(CommitError) as error:
        run.read(io.StringIO(lines(*messages)))
    return error.value


@pytest.mark.parametrize("deployment", ["provisioned", "serverless"])
def test_redshift_names_the_record(request: pytest.FixtureRequest, redshift_config: Any, deployment: str) -> None:
    """A document that COPY does not take, behind a text with line ends: line of the input, property, value, limit."""
    if deployment == "serverless":
        request.getfixturevalue("serverless")
    messages = [
        schema(id={"type": "integer"}, Note=TEXT, Doc={"type": ["null", "object"]}),
        record(id=1, Note="a\nb\nc"),
        schema("others", id={"type": "integer"}),
        record("others", id=1),
        record(id=2, Doc={"y": "y" * 70_000}),
        state(1),
    ]
    error = refused(TargetRedshiftCopy(config=redshift_config), messages, json_string_max_bytes=100_000)
    assert error.code == "RS-COPY-ROW"
    assert error.text.startswith("stream 'orders', line 5: COPY into ")
    assert "refuses column 'doc' (super" in error.text
    assert "of property 'Doc'" in error.text
    assert 'got \'{"y":"yyyyyyyy' in error.text.replace('": "', '":"')
    assert "json_as_text" in error.text


def test_snowflake_names_the_record(snowflake_config: Any) -> None:
    """A field that is no number: line of the input, property and value."""
    messages = [
        schema(id={"type": "integer"}, Note=TEXT, amount={"type": ["null", "integer"]}),
        record(id=1, Note="a\nb\nc", amount=1),
        record(id=2, Note="d"),
        state(1),
    ]
    error = refused(
        TargetSnowflakeStage(config={**snowflake_config, "stage": "SINGER_STAGE"}), messages, null=b"@planted@"
    )
    assert error.code == "SF-COPY"
    assert error.text.startswith("stream 'orders', line 3: COPY into ")
    assert "refuses column 'AMOUNT' of property 'amount'" in error.text
    assert "@planted@" in error.text
