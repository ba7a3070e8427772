"""A schema that does not exist is made only where the user says so: a typo in its name would make one."""

from __future__ import annotations

import pytest
from singer_bulk.errors import ConfigError

from tests.fakes import Bench, lines, record, schema, state

ORDERS = lines(schema(), record(id=1), state(1))


def test_a_schema_that_does_not_exist_is_refused() -> None:
    """The error comes with the SCHEMA, before a file is staged; it names the schema, the setting and the statement."""
    bench = Bench()
    bench.warehouse.schemas = False
    with pytest.raises(ConfigError) as refused:
        bench.run(ORDERS)
    told = str(refused.value)
    assert "schema 'analytics' does not exist" in told
    assert "correct default_target_schema" in told
    assert "or run CREATE_SCHEMA, or set create_schema to true" in told
    assert told.endswith("[CFG-SCHEMA]")
    assert not any(sql.startswith("CREATE") for sql in bench.warehouse.statements)
    assert bench.stage.opened == 0
    assert bench.emitted == []


def test_a_schema_is_made_where_the_user_says_so() -> None:
    """With create_schema it is made, once, and the rows are loaded."""
    bench = Bench()
    bench.warehouse.schemas = False
    bench.run(ORDERS, create_schema=True)
    assert bench.warehouse.statements.count("CREATE_SCHEMA") == 1
    assert len(bench.warehouse.rows("analytics.orders")) == 1


def test_a_schema_that_exists_is_asked_for_once() -> None:
    """The look costs one query for each schema of a run."""
    bench = Bench()
    bench.run(lines(schema(), schema("more"), record(id=1), state(1), record(id=2), state(2)))
    assert bench.warehouse.statements.count("SCHEMA_EXISTS") == 1
