"""docs/feeds.md: one section for each change feed, with its configuration, what it sends, and how that is read.

The records are those that tests/change_feeds.py sends in the tests of each convention.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from singer_bulk.feeds.presets import PRESETS, Preset
from singer_bulk.model.feed import Meaning

from tests.change_feeds import WRITERS, Change, Writer
from tests.site.settings import as_json

ROWS = ({"id": 7, "status": "new", "amount": 5, "note": None}, {"id": 7, "status": "paid", "amount": 5, "note": None})
CHANGES = (
    Change(1, "insert", None, ROWS[0]),
    Change(2, "update", ROWS[0], ROWS[1]),
    Change(3, "delete", ROWS[1], None),
)
PREAMBLE = """# Change feeds, one by one

Written by `python -m tests.generated` from the presets in the code; [change data](change-data.md) tells what they have in
common. In each example a row comes, is changed and goes; the records are those that the tests of the preset send. What the
tables below call "shows" is enough to see the feed: without such a property the stream is refused
([STREAM-CDC-PROPERTY](errors.md#stream-cdc-property)), unless the feed may do without.
"""
# What a reader calls it -> preset.
TITLES = {
    "book": "An operation column: the book's change files, and your own",
    "dms": "AWS DMS",
    "debezium": "Debezium",
    "sdc": "Singer's `_sdc_deleted_at`: the log-based taps of PipelineWise and Meltano",
    "sqlserver": "SQL Server's CDC",
    "maxwell": "Maxwell",
    "mongodb": "MongoDB change streams",
    "fivetran": "Tables that Fivetran has made",
}


def feeds_page() -> str:
    """Return docs/feeds.md."""
    return PREAMBLE + "".join("".join(_section(name, preset)) for name, preset in PRESETS.items())


def _section(name: str, preset: Preset) -> Iterator[str]:
    config = {"cdc": {"preset": name, "apply": ["history", "current"]}, "current_view": True}
    yield f"\n## {TITLES[name]}\n"
    yield f"\n```json\n{as_json({'add_record_metadata': True, **config})}\n```\n"
    for writer in WRITERS:
        if writer.cdc.get("preset") == name:
            yield f"\nWhat comes{_kind(writer)}:\n\n```json\n"
            for change in CHANGES:
                yield from (json.dumps(record) + "\n" for record in writer.write(change))
            yield "```\n"
    yield "\n| | |\n|---|---|\n"
    for operation in preset.operations:
        said = defaultdict(list)
        for value, meaning in operation.meanings.items():
            said[meaning].append("null" if value is None else f"`{value}`")
        read = "; ".join(f"{meaning.value}: {', '.join(said[meaning])}" for meaning in Meaning if meaning in said)
        yield f"| shows: `{operation.property}` | {read} |\n"
    yield "| shows a delete, too: `_sdc_deleted_at` | not null: delete |\n"
    orders = [", ".join(f"`{one}`" for one in sequence) for sequence in preset.sequences]
    yield f"| order, the first that the SCHEMA has | {' or '.join(orders) or 'that of arrival'} |\n"
    yield f"| time of an event | {', '.join(f'`{one}`' for one in preset.times) or 'when the tap read it'} |\n"
    yield f"| what an update leaves out | {'is unchanged' if preset.partial else 'is null'} |\n"
    yield f"| may do without an operation | {'yes: every record is an upsert then' if preset.optional else 'no'} |\n"


def _kind(writer: Writer) -> str:
    return " as the event itself, with its envelope" if {"after", "data", "documentKey"} & {*writer.properties} else ""
