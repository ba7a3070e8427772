"""What the decoder in C lets pass, the validator lets pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_bulk.errors import RecordInvalid
from singer_bulk.model.messages import Records
from singer_bulk.schema.json_schema import TypeRules, columns_of
from singer_bulk.schema.record_check import record_check

NAMES = ["a", "b", "c"]
kinds = st.sampled_from(["null", "string", "integer", "number", "boolean", "object", "array"])


def schemas() -> st.SearchStrategy[dict[str, Any]]:
    """Return schemas of documents: types, properties, items."""
    scalars = st.fixed_dictionaries({}, optional={"type": st.lists(kinds, min_size=1, max_size=3, unique=True)})
    return st.recursive(
        scalars,
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "type": st.lists(kinds, min_size=1, max_size=2, unique=True),
                "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
                "items": inner,
            },
        ),
        max_leaves=5,
    )


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(schema=schemas(), records=st.lists(values, min_size=1, max_size=4))
def test_fast_check_refuses_what_the_validator_refuses(schema: dict[str, Any], records: list[Any]) -> None:
    """A schema of nested types is checked in one decode; nothing passes it that the validator would refuse."""
    # Whether null may come at all is the row encoder's matter.
    types = ["null", *(kind for kind in schema.get("type", ["object", "array"]) if kind != "null")]
    whole = {"properties": {"p": {**schema, "type": types}}}
    check = record_check("s", whole, columns_of(whole, TypeRules(), {"p": "p"}))
    if check is None:
        return
    lines = [json.dumps({"type": "RECORD", "stream": "s", "record": {"p": value}}).encode() for value in records]
    run = Records.of_lines("s", lines, range(len(lines)))
    fast = outcome(check, run)
    check._fast = None  # type: ignore[attr-defined]
    assert fast == outcome(check, run)


def outcome(check: Any, records: Records) -> str | None:
    """Return the error of the check."""
    try:
        check(records)
    except RecordInvalid as invalid:
        return str(invalid)
    return None


def test_wrong_type_inside_a_document_is_named() -> None:
    """A wrong type deep inside a document is refused with its place."""
    inner = {"properties": {"name": {"type": "string"}}}
    schema = {"properties": {"customer": {"type": ["null", "object"], **inner}}}
    check = record_check("s", schema, columns_of(schema, TypeRules(), {"customer": "customer"}))
    assert check is not None
    assert check._fast is not None  # type: ignore[attr-defined]
    line = b'{"type": "RECORD", "stream": "s", "record": {"customer": {"name": 5}}}'
    with pytest.raises(RecordInvalid, match=r"customer\.name"):
        check(Records.of_lines("s", [line], [1]))
