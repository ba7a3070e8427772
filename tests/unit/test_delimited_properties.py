"""Any SCHEMA, any record that fits it, into the file and back by the independent reader: equal."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from singer_bulk.self_test.corpus import REDSHIFT, SNOWFLAKE
from singer_bulk.self_test.meaning import meaning, stored

from tests.fidelity.encoding import Encoding
from tests.fidelity.strategies import Kind, examples, record_of, schema_of, streams


@pytest.mark.parametrize("warehouse", [REDSHIFT, SNOWFLAKE])
@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(stream=streams())
def test_records_come_back_equal(warehouse: str, stream: tuple[list[Kind], list[list[str | None]]]) -> None:
    """Every value arrives as it left, null and missing as NULL, in its row and column."""
    kinds, rows = stream
    made = Encoding(warehouse, schema_of(kinds))
    read = made.read(made.rows([record_of(row) for row in rows]))
    assert len(read) == len(rows)
    for sent, came in zip(rows, read, strict=True):
        for kind, text, value in zip(kinds, sent, came, strict=True):
            if text is None or text == "null":
                assert value is None
            else:
                assert stored(kind.means, value) == meaning(kind.means, text), (kind.schema, text, value)
