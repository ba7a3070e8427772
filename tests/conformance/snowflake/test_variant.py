"""Numbers in VARIANT values: exact up to 38 digits, else the same double."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.variant import normalise


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_comes_back(value):
    """A double written by Python is the same double in the VARIANT."""
    assert float(normalise(repr(value)) or "") == value


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, 37))
def test_38_digits_come_back(digits, scale):
    """An exact number of at most 38 digits keeps them all."""
    value = Decimal(f"{digits}E-{scale}")
    assert Decimal(normalise(f"[{value:f}]")[1:-1]) == value


def test_a_number_that_no_type_holds_is_an_error():
    """1e400 is no number here; a fraction beyond scale 37 is a double."""
    with pytest.raises(SqlError, match="out of range"):
        normalise("[1e400]")
    assert normalise("0." + "0" * 40 + "1") == "1.000000000000000e-41"
