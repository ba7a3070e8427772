"""Keys of the bucket are cut out of what is logged and told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import target_redshift_copy.sql
import target_snowflake_stage.sql

COPY = "COPY t FROM 's3://b/k' ACCESS_KEY_ID 's3cret' SECRET_ACCESS_KEY 's3cret' SESSION_TOKEN 's3cret' MANIFEST"
STAGE = (
    "CREATE STAGE s URL = 's3://b/k' CREDENTIALS = "
    "(AWS_KEY_ID = 's3cret' AWS_SECRET_KEY = 's3cret' AWS_TOKEN = 's3cret') COMMENT = 'x'"
)


@pytest.mark.parametrize(
    ("masked", "statement"),
    [(target_redshift_copy.sql.masked, COPY), (target_snowflake_stage.sql.masked, STAGE)],
    ids=["redshift", "snowflake"],
)
def test_keys_are_cut_out_of_a_statement(masked: Callable[[str], str], statement: str) -> None:
    """What the warehouse says of a statement may hold the statement: its keys are gone, the rest stays."""
    assert masked(f"syntax error in: {statement}") == f"syntax error in: {statement}".replace("s3cret", "***")
