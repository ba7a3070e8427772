"""The examples of the pages on sign-in and sessions are configurations that the targets take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

TOP = Path(__file__).parents[2]
PAGES = TOP / "docs" / "sign-in"
BUCKET = {"s3_bucket": "my-bucket", "aws_access_key_id": "k", "aws_secret_access_key": "s"}
SNOWFLAKE = {"account": "my_organization-my_account", "user": "LOADER", "database": "D", **BUCKET}
REDSHIFT = {"host": "h.example", "user": "u", "database": "d", "iam_role": "default", **BUCKET}


def examples_of(page: Path) -> list[dict[str, Any]]:
    """Return the JSON of a page, in its order."""
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL)]


@pytest.mark.parametrize("example", examples_of(PAGES / "snowflake.md"), ids=str)
def test_examples_to_sign_in(example: dict[str, Any]) -> None:
    """Each is taken as it stands, with what every configuration has beside it."""
    assert TargetSnowflakeStage(config={**SNOWFLAKE, **example}).config["user"] == example["user"]


@pytest.mark.parametrize("example", examples_of(PAGES / "session.md"), ids=str)
def test_examples_of_sessions(example: dict[str, Any]) -> None:
    """Each is taken by the target that it is for; what both have, by both."""
    only = {"query_tag": TargetSnowflakeStage, "query_group": TargetRedshiftCopy}
    parameters = example.get("session_parameters", {})
    targets = [only[name] for name in example if name in only] or (
        [TargetSnowflakeStage if name.isupper() else TargetRedshiftCopy for name in parameters]
        or [TargetSnowflakeStage, TargetRedshiftCopy]
    )
    for target in targets:
        config = SNOWFLAKE if target is TargetSnowflakeStage else REDSHIFT
        assert example.items() <= dict(target(config={**config, **example}).config).items()
