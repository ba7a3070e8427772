"""docs/tables.md: each example is taken by the target that it is for, and sends the statements that the page shows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.fakes import record, state
from tests.house import TOP
from tests.hub import settings_of
from tests.sql.runs import sent

PAGE = (TOP / "docs" / "tables.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```\n\n```sql\n(.*?)```", PAGE, re.DOTALL)
TARGETS = {
    "target-redshift-copy": ("redshift", TargetRedshiftCopy),
    "target-snowflake-stage": ("snowflake", TargetSnowflakeStage),
}
TEXT = {"type": ["null", "string"]}
ORDERS: dict[str, Any] = {
    "type": "SCHEMA", "stream": "orders", "key_properties": ["id"],
    "schema": {"description": "an order a row", "properties": {
        "id": {"type": "integer"}, "customer_id": {"type": "integer"}, "ordered_at": {**TEXT, "format": "date-time"},
        "amount": {"type": ["null", "number"], "description": "what was paid"}, "note": TEXT, "email": TEXT,
        "home": {"type": ["null", "object"], "properties": {"street": TEXT}}}},
}  # fmt: skip
MESSAGES = [ORDERS, record(id=1, customer_id=2, email="a@b.c"), state(1)]


def test_every_block_is_an_example() -> None:
    """No JSON of the page is without the statements that it makes."""
    assert len(EXAMPLES) == PAGE.count("```json") >= 8


@pytest.mark.parametrize("example", range(len(EXAMPLES)))
def test_an_example_sends_what_the_page_shows(example: int) -> None:
    """The settings are taken, and each statement beside them is among those that a first run sends."""
    settings, shown = EXAMPLES[example]
    for target, statements in re.findall(r"-- (target-\S+)\n(.*?)(?=-- target|\Z)", shown, re.DOTALL):
        warehouse, declared = TARGETS[target]
        assert json.loads(settings).keys() <= settings_of(declared).keys()
        made = sent(warehouse, MESSAGES, json.loads(settings))
        for statement in statements.strip().split(";\n"):
            assert statement.strip().removesuffix(";") in made
