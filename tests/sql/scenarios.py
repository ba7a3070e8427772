"""The runs whose statements are kept as golden SQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tests.fakes import record, schema, state
from tests.sql.runs import LOST, REFUSED, Driver, sent, steady, told

TEXT = {"type": ["null", "string"]}
KINDS: dict[str, Any] = {
    "id": {"type": "integer"},
    "note": TEXT,
    "amount": {"type": ["null", "string"], "format": "singer.decimal", "precision": 12, "scale": 2},
    "ratio": {"type": ["null", "number"]},
    "at": {**TEXT, "format": "date-time"},
    "local": {**TEXT, "format": "date-time"},
    "never": {**TEXT, "format": "date-time"},
    "day": {**TEXT, "format": "date"},
    "clock": {**TEXT, "format": "time"},
    "done": {"type": ["null", "boolean"]},
    "lines": {"type": ["null", "array"]},
}
DEBEZIUM = {"id": {"type": "integer"}, "__op": TEXT, "__lsn": {"type": "integer"}, "__ts_ms": {"type": "integer"}}


def keyed(**properties: Any) -> dict[str, Any]:
    """A SCHEMA whose key is `id`."""
    return {**schema(**{"id": {"type": "integer"}, **properties}), "key_properties": ["id"]}


ROWS = [keyed(note=TEXT), record(id=1, note="x"), state(1)]
VERSION = {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 7}
EVENTS = [keyed(**DEBEZIUM), record(id=1, __op="c", __lsn=5, __ts_ms=1), state(1)]
TWO_LOADS = [*ROWS, record(id=2, note="y"), state({"orders": 2})]

INTEGER, NUMBER, DAY = {"type": "integer"}, {"type": "number"}, {**TEXT, "format": "date"}
CHANGED = [keyed(n=INTEGER, day=DAY), record(id=1, n=7, day="2020-06-01"),
           keyed(n=NUMBER, day={**TEXT, "format": "date-time"}), record(id=2, n=0.5, day="2020-06-01T12:00:00"),
           keyed(n=TEXT, day=TEXT), record(id=3, n="x", day="y"), state(3)]  # fmt: skip

# What for; the messages, None for --last-state; changes to the configuration.
FOUR = [*(one for name in ("s0", "s1", "s2", "s3")
          for one in ({**keyed(note=TEXT), "stream": name}, record(name, id=1, note="x"))),
        state({"currently_syncing": None})]  # fmt: skip
RUNS: list[tuple[str, list[dict[str, Any]] | None, dict[str, Any]]] = [
    ("append-only, a column of each kind",
     [schema(**KINDS), record(id=1, at="2020-06-01T12:00:00Z", local="2020-06-01T12:00:00"), state({"orders": 1})], {}),
    ("append-only, two loads in a run", TWO_LOADS, {"batch_size_rows": 1}),
    ("upsert", ROWS, {"load_method": "upsert"}),
    ("overwrite, with a bound for what a table may lose", ROWS,
     {"load_method": "overwrite", "overwrite_max_shrink": 0.1}),
    ("upsert with metadata; a version becomes active, rows of others are removed",
     [keyed(note=TEXT), {**record(id=1), "version": 7}, VERSION, state(1)],
     {"load_method": "upsert", "add_record_metadata": True, "hard_delete": True}),
    ("a change feed with views", EVENTS, {"cdc": {"preset": "debezium"}, "current_view": True}),
    ("a change feed with views, and metadata", EVENTS,
     {"cdc": {"preset": "debezium"}, "current_view": True, "add_record_metadata": True}),
    ("a change feed, the current state", EVENTS, {"cdc": {"preset": "debezium", "apply": ["current"]}}),
    ("a change feed, the current state with metadata", EVENTS,
     {"cdc": {"preset": "debezium", "apply": ["current"]}, "add_record_metadata": True}),
    ("a change feed, history and current state", EVENTS,
     {"cdc": {"preset": "debezium", "apply": ["history", "current"]}, "add_record_metadata": True}),
    ("types that change in mid-run, append-only", CHANGED, {}),
    ("types that change in mid-run, upsert", CHANGED, {"load_method": "upsert"}),
    ("four small streams, three of them appended, one replaced", FOUR,
     {"stream_settings": {"s3": {"load_method": "overwrite"}}}),
    ("no record", [schema(), state({"orders": 1})], {"pipeline_id": "it's"}),
    ("files of dead runs are removed, those of loads are kept", ROWS,
     {"sweep_after_hours": 1, "keep_staged_files": True}),
    ("--last-state", None, {"pipeline_id": "it's"}),
]  # fmt: skip

WITH_LEDGER = {"no record", "files of dead runs are removed, those of loads are kept", "--last-state"}

# What for; how the statement that fails begins; its errors.
FAILURES = [
    ("COPY is refused", "COPY", REFUSED),
    ("MERGE is refused", "MERGE", REFUSED),
    ("COMMIT is not answered", "COMMIT", LOST),
]

# What a table is copied with, and a stage is made with.
KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret"}
ACCESS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "redshift": [
        ("COPY by the role of the cluster", {"iam_role": "default"}),
        ("COPY by a role, the bucket in another region", {"s3_region": "eu-west-1"}),
        ("COPY by keys", {"iam_role": None, **KEYS}),
        ("COPY by temporary keys", {"iam_role": None, **KEYS, "aws_session_token": "token"}),
    ],
    "snowflake": [
        ("a stage that is made with a role",
         {"storage_integration": None, "aws_role": "arn:aws:iam::123456789012:role/stage"}),
        ("a stage that is made with keys", {"storage_integration": None, **KEYS}),
        ("objects in another schema, no prefix",
         {"stage": 'etl."Files"', "file_format": "util.etl.pipe", "s3_key_prefix": None}),
    ],
}  # fmt: skip
# What a table is made with, and how it is looked at when it is there.
GRANTED = {"redshift": ["ROLE analysts", "GROUP readers", "Alice", '"Bob B"'], "snowflake": ["analysts", 'ROLE "Eve"']}
LAYOUT: dict[str, dict[str, Any]] = {
    "redshift": {"dist_key": "id", "sort_key": ["at", "ID"], "encodings": {"note": "zstd"}, "backup": False},
    "snowflake": {"cluster_by": ["at", "ID"], "transient": True, "retention_days": 0,
                  "tags": {"governance.tags.owner": "it's sales"}},
}  # fmt: skip
OTHER_LAYOUT: dict[str, dict[str, Any]] = {
    "redshift": {"dist_style": "all", "sort_key": ["at", "id"], "sort_style": "interleaved", "backup": True},
    "snowflake": {"transient": False, "retention_days": 7},
}
SAID: dict[str, Any] = {**keyed(at={**TEXT, "format": "date-time"}, note={**TEXT, "description": "what's said"})}
SAID["schema"] = {**SAID["schema"], "description": "Orders: one a row"}
ABOUT_LAYOUT = ("CREATE TABLE", "CREATE TRANSIENT", "GRANT", "COMMENT", "SELECT schema_name", "SELECT n.nspname",
                "SHOW TABLES", "CREATE OR REPLACE VIEW", "-- ")  # fmt: skip
ABOUT_ACCESS = ("COPY", "CREATE STAGE", "CREATE FILE FORMAT", "DESC STAGE", "DESC FILE FORMAT")


# What columns of other names, numbers and kinds, other methods and feeds, changes of the SCHEMA and failures bring.
WIDE = {**keyed(**KINDS, part=TEXT), "key_properties": ["id", "part"]}
FAILING = (
    "SELECT column_name",
    "DESC TABLE",
    "CREATE TABLE",
    "CREATE TEMP",
    "DESC STAGE",
    "BEGIN",
    "COPY",
    "MERGE",
    "COMMIT",
)


def other_runs(warehouse: str) -> Iterator[list[str]]:
    """Yield the statements of runs that are none of the golden ones."""
    for method, metadata, hard_delete, version in itertools.product(
        ("append-only", "upsert", "overwrite"), (False, True), (False, True), (False, True)
    ):
        row = {**record(id=1, part="a", at="2020-06-01T12:00:00"), **({"version": 7} if version else {})}
        messages = [WIDE, row, *([VERSION] if version else []), state(1)]
        changes = {"load_method": method, "add_record_metadata": metadata, "hard_delete": hard_delete}
        yield sent(warehouse, messages, changes)
    for apply, view, metadata in itertools.product((["history"], ["current"]), (False, True), (False, True)):
        if not (view and apply == ["current"]):
            changes = {"cdc": {"preset": "debezium", "apply": apply}, "current_view": view}
            yield sent(warehouse, EVENTS, {**changes, "add_record_metadata": metadata})
    grown = [keyed(note=TEXT, more={"type": "number"}), record(id=2, more=0.5), state(2)]
    yield sent(warehouse, [*ROWS, *grown], {"batch_size_rows": 1})
    for beginning, errors in itertools.product(FAILING, (LOST, REFUSED)):
        yield sent(warehouse, ROWS, {"load_method": "upsert"}, {beginning: errors[warehouse]})


def loads(warehouse: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (what for, the statements of a run)."""
    for title, messages, changes in RUNS:
        yield title, sent(warehouse, messages, changes, has_ledger=title in WITH_LEDGER)
    for title, beginning, errors in FAILURES:
        yield title, sent(warehouse, ROWS, {"load_method": "upsert"}, {beginning: errors[warehouse]})
    for title, changes in ACCESS[warehouse]:
        yield title, [sql for sql in sent(warehouse, ROWS, changes) if sql.startswith(ABOUT_ACCESS)]
    yield from _layouts(warehouse)


def _layouts(warehouse: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what is sent where a table has properties, is granted and described; and where it is there already."""
    messages = [SAID, record(id=1, note="x"), state(1)]
    feed = [{**SAID, "schema": {"properties": {**SAID["schema"]["properties"], **DEBEZIUM}}}, *EVENTS[1:]]
    views = {"cdc": {"preset": "debezium"}, "current_view": True}
    driver = Driver(warehouse, {})
    for title, sent_messages, changes in (
        ("a table with properties, grants and comments", messages, {**LAYOUT[warehouse], "comments": True}),
        ("such a table that is there is looked at", messages, {**LAYOUT[warehouse], "comments": True}),
        ("another table, in another way", [{**one, "stream": "other"} for one in messages[:2]] + messages[2:],
         OTHER_LAYOUT[warehouse]),
        ("tables and views that are granted", [{**one, "stream": "events"} for one in feed[:2]] + feed[2:],
         {"cdc": {"preset": "debezium", "apply": ["history", "current"]}, "add_record_metadata": True}),
        ("views that are granted", [{**one, "stream": "seen"} for one in feed[:2]] + feed[2:], views),
    ):  # fmt: skip
        before = len(driver.sent)
        told(driver, sent_messages, {"grants": GRANTED[warehouse], **changes})
        shown = [sql for sql in steady(driver.sent[before:]) if sql.startswith(ABOUT_LAYOUT)]
        yield title, [sql for sql in shown if "_singer" not in sql.lower() and "is\n" not in sql]
