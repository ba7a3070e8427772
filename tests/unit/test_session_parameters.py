"""Every parameter that a session sets is explained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from target_redshift_copy.parameters import SESSION_PARAMETERS as REDSHIFT
from target_snowflake_stage.parameters import SESSION_PARAMETERS as SNOWFLAKE

PAGE = Path(__file__).parents[2] / "docs" / "session-parameters.md"


@pytest.mark.parametrize(("warehouse", "parameters"), [("Redshift", REDSHIFT), ("Snowflake", SNOWFLAKE)])
def test_page_says_what_sessions_set(warehouse: str, parameters: Mapping[str, object]) -> None:
    """The table of the warehouse has a row for each parameter that is set, which says so; the others are left."""
    rows = PAGE.read_text().split(f"## {warehouse}\n")[1].split("\n## ")[0].splitlines()
    for name in parameters:
        (row,) = [row for row in rows if row.startswith("|") and f"`{name}`" in row.split("|")[1]]
        assert "set to" in row
