"""The screen of `--dry-run` in docs/dry-run.md: that of a real one, with what differs from run to run made steady."""

from __future__ import annotations

import io
import re

from singer_bulk.dry_run.answer import planned
from singer_bulk.dry_run.screen import screen

from bench.stub import target_of
from tests.fakes import lines, record, state
from tests.house import TOP
from tests.sql.runs import CONFIG, SHARED, steady

DRY_RUN_PAGE = TOP / "docs" / "dry-run.md"
_SCREEN = re.compile(r"(<!-- screen: .* -->\n```text\n).*?(```\n<!-- end of screen -->\n)", re.DOTALL)
TEXT = {"type": ["null", "string"]}
MESSAGES = [
    {
        "type": "SCHEMA",
        "stream": "orders",
        "schema": {
            "properties": {
                "id": {"type": "integer"},
                "Note": TEXT,
                "note": TEXT,
                "amount": {"type": ["null", "number"], "multipleOf": 0.01},
                "at": {**TEXT, "format": "date-time"},
            }
        },
        "key_properties": ["id"],
    },
    record(id=1, Note="first", note="ä longer one", amount=12.5, at="2026-06-01T12:00:00Z"),
    record(id=2, amount="12,50", at="2026-02-30T12:00:00Z"),
    record(id=3, amount=1204),
    state({"orders": 3}),
]


def dry_run_page(text: str) -> str:
    """Return docs/dry-run.md with the screen written anew."""
    config = {**CONFIG["redshift"], **SHARED, "load_method": "upsert"}
    found = planned(target_of("redshift")(config=config), io.StringIO(lines(*MESSAGES)))
    for stream in found["streams"]:  # the library that compresses decides over some bytes
        stream["files"] = [{**file, "byte_count": 200} for file in stream["files"]]
    found["cost"]["staged_bytes"] = 200
    for name in ("ddl", "copies"):
        found[name] = [*steady(found[name])]
    return _SCREEN.sub(lambda marks: f"{marks[1]}{screen(found)}{marks[2]}", text)
