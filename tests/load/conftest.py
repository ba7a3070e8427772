"""The fixture `loader`: each test of this folder that takes it runs with both targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import S3, Run
from tests.load.loaders import Loader


def _querying(connection: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    def query(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [] if cursor.description is None else [tuple(row) for row in cursor.fetchall()]

    return query


@pytest.fixture(params=["redshift", "snowflake"])
def loader(request: pytest.FixtureRequest, run_target: Callable[..., Run], s3: S3) -> Loader:
    """A target against its stand-in, with a schema and an S3 prefix of this test."""
    warehouse = request.param
    command = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}[warehouse]
    config = request.getfixturevalue(f"{warehouse}_config")
    if warehouse == "snowflake":
        # The stage of a schema that does not exist yet is made by the target.
        config = {**config, "stage": "SINGER_STAGE"}
    connection = request.getfixturevalue(f"{warehouse}_connection")
    return Loader(command, config, s3, run_target, _querying(connection))
