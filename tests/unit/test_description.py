"""The description beside staged files: whole, read back as it was, and documented member by member."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from singer_bulk.errors import StageError
from singer_bulk.model.description import DESCRIPTION_VERSION, description_of, load_of

from tests.fakes import Bench, lines, record, schema, state
from tests.house import TOP

PAGE = (TOP / "docs" / "staged-files.md").read_text()
KEYED = {**schema(id={"type": "integer"}, note={"type": ["null", "string"]}), "key_properties": ["id"]}
WIDER = {**schema(id={"type": "integer"}, note={}), "key_properties": ["id"]}


def described(*messages: Any, **changes: Any) -> bytes:
    """Return the description of the only load of a run."""
    bench = Bench()
    bench.run(lines(*messages), **changes)
    (found,) = [content for key, content in bench.stage.files.items() if key.endswith(".json")]
    return found


RUNS: list[tuple[list[Any], dict[str, Any]]] = [
    ([KEYED, record(id=1, note="a"), state(1)], {}),
    ([KEYED, record(id=1, note="a"), state(1)], {"load_method": "overwrite", "add_record_metadata": True}),
    ([KEYED, record(id=1, note="a"), KEYED, WIDER, record(id=2, note=5), state({"a": 'b"'})], {"pipeline_id": "p"}),
]


@pytest.mark.parametrize(("messages", "changes"), RUNS)
def test_a_description_is_read_back_as_it_was(messages: list[Any], changes: dict[str, Any]) -> None:
    """The load that is read from it makes the same description; the STATE is the text that came out."""
    text = described(*messages, **changes)
    load = load_of(text, "s3://bucket/x.json")
    assert description_of(load) == text
    assert json.loads(load.state or "") == messages[-1]["value"]
    assert [file.lines for table in load.tables for batch in table.batches for file in batch.files] == [None] * len(
        [batch for table in load.tables for batch in table.batches]
    )


def test_every_member_is_documented() -> None:
    """docs/staged-files.md has each member of the description, of tables, columns, batches and files, and no others."""
    whole = json.loads(described(*RUNS[2][0]))
    table = whole["tables"][0]
    batch = table["batches"][0]
    there = [whole, table, table["columns"][0], batch, batch["files"][0]]
    tables = PAGE.split("| member | |\n|---|---|\n")[1:]
    assert len(tables) == len(there)
    for text, members in zip(tables, there, strict=True):
        rows = [line.split("|")[1] for line in text.partition("\n\n")[0].splitlines()]
        assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(members)
    for members in (whole["format"], table["method"], batch["seen"][0], table["columns"][0]["type"]):
        assert [name for name in members if f"`{name}`" not in PAGE] == []
    assert whole["description"] == DESCRIPTION_VERSION
    assert f"## Version {DESCRIPTION_VERSION}\n" in PAGE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "describes no staged files"),
        (b"[]", "describes no staged files"),
        (b'{"description": 1}', "describes no staged files"),
        (b'{"description": 2, "tables": []}', "version 2, this program knows 1"),
        (b'{"tables": []}', "version None"),
        (b'{"description": 1, "tables": [{"batches": [{"null": 5}]}]}', "describes no staged files"),
    ],
)
def test_what_is_no_description_is_refused(text: bytes, told: str) -> None:
    """The error names the file, and never a value of it."""
    with pytest.raises(StageError, match=told) as error:
        load_of(text, "s3://bucket/x.json")
    assert (error.value.code, "s3://bucket/x.json" in str(error.value)) == ("STAGE-DESCRIPTION", True)
