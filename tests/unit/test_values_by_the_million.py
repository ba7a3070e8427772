"""Random values through the encoders, the fast ones too, and back by the independent reader.

The suite takes some ten thousand; FIDELITY_VALUES=5000000 takes as many as it says, and prints how many.
"""

from __future__ import annotations

import os

import pytest
from singer_bulk.self_test.corpus import REDSHIFT, SNOWFLAKE
from singer_bulk.self_test.meaning import meaning, stored

from tests.fidelity.bulk import PROPERTIES, rows
from tests.fidelity.encoding import Encoding
from tests.fidelity.strategies import record_of, schema_of

ROWS_OF_A_BLOCK = 100
VALUES = int(os.environ.get("FIDELITY_VALUES", "15000"))


@pytest.mark.timeout(100_000)
@pytest.mark.parametrize("warehouse", [REDSHIFT, SNOWFLAKE])
def test_values_come_back_equal(warehouse: str) -> None:
    """Every value arrives as it left, in blocks as one by one."""
    made = Encoding(warehouse, schema_of(PROPERTIES))
    count = seed = 0
    while count < VALUES:
        sent = rows(seed, ROWS_OF_A_BLOCK)
        records = [record_of(row) for row in sent]
        content = made.rows(records, in_blocks=True)
        if seed % 10 == 0:
            assert content == made.rows(records), seed
        came = made.read(content)
        assert len(came) == len(sent), seed
        for one, other in zip(sent, came, strict=True):
            for kind, text, value in zip(PROPERTIES, one, other, strict=True):
                expected = None if text is None or text == "null" else meaning(kind.means, text)
                assert (None if value is None else stored(kind.means, value)) == expected, (seed, kind.schema, text)
                count += 1
        seed += 1
    print(f"{warehouse}: {count} values equal")
