"""Every way in which rows enter, in two runs of a target: each load method, a change feed with its views, a delete."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.fakes import record, schema, state

FEED = {"cdc": {"preset": "sdc", "apply": ["history", "current"]}, "current_view": True}
SETTINGS: dict[str, Any] = {
    "add_record_metadata": True,
    "overwrite_max_shrink": 1,
    "stream_settings": {"merged": {"load_method": "upsert"}, "full": {"load_method": "overwrite"}, "feed": FEED},
}
PROPERTIES = {
    "id": {"type": "integer"},
    "note": {"type": ["null", "string"]},
    "doc": {"type": ["null", "object"]},
    "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"},
}
STREAMS = ("added", "merged", "full", "feed")
LOADS = (("a", "b"), ("c",))
Query = Callable[[str], list[tuple[Any, ...]]]


def messages(*notes: str) -> bytes:
    """Return a row of each note for each stream, all with one key, and a STATE."""
    lines = [{**schema(stream, **PROPERTIES), "key_properties": ["id"]} for stream in STREAMS]
    lines += [record(stream, id=1, note=note, doc={"n": note}) for note in notes for stream in STREAMS]
    return "".join(json.dumps(line) + "\n" for line in [*lines, state(notes[-1])]).encode()


def differences(query: Query) -> list[str]:
    """Return the tables and views that are not what the two LOADS must leave; `{schema}` stands for the schema."""
    wanted = {
        "added": ["a", "b", "c"],
        "feed": ["a", "b", "c"],
        "merged": ["c"],
        "full": ["c"],
        "feed_live": ["c"],
        "feed__current": ["c"],
        "feed__history WHERE valid_to IS NULL": ["c"],
    }
    found = {table: query(f"SELECT note FROM {{schema}}.{table} ORDER BY note") for table in wanted}
    return [table for table, notes in wanted.items() if [note for (note,) in found[table]] != notes]
