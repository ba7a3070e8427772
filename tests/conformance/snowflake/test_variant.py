"""Values in VARIANT: numbers exact up to 38 digits, else the same double; any text beside them unchanged."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.values.variant import flatten, get, normalise, pretty, text_of


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


# Marks, what begins or ends with them, and what json escapes: texts beside numbers that need care.
_TEXTS = st.text(st.sampled_from('\ue000\ue000\ue001"\\/\x00\x1f\u2028aé\U0001f600{[:,'), max_size=5)
_NUMBERS = st.sampled_from([0, 7, -1, 10**37, 1.5, 0.1, 1e-5, 1e22, 1.7976931348623157e308, 5e-324])
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | _TEXTS | _NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(_DOCUMENTS, st.booleans())
def test_every_document_comes_back(document, ascii_only):
    """Objects, arrays and texts come back as they are, whichever way they are read."""
    stored = normalise(json.dumps(document, ensure_ascii=ascii_only))
    assert stored is not None
    assert json.loads(stored) == json.loads(pretty(stored)) == document
    for key, _, index, value in json.loads(flatten(stored)):
        inner = document[int(index)] if index is not None else document[key]
        assert json.loads(value) == inner == json.loads(get(stored, key if index is None else int(index)) or "")
    assert not isinstance(document, str) or text_of(stored) == document


def test_small_decimals_are_exact():
    """A number below 0.0001 keeps its decimals; only one written with an exponent is a double."""
    assert normalise("[0.00001, 1e-5]") == "[0.00001,1.000000000000000e-05]"
