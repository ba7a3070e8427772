"""What belongs to a table, in whole runs: how it lies, who may read it, what is said of it, and that it stays so."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from typing import Any

import pytest

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

pytestmark = pytest.mark.both

TEXT = {"type": ["null", "string"]}
OPTIONS: dict[str, dict[str, Any]] = {
    "target-redshift-copy": {"dist_key": "id", "sort_key": ["at", "id"], "sort_style": "interleaved",
                             "encodings": {"note": "zstd"}, "backup": False},
    "target-snowflake-stage": {"cluster_by": ["at", "id"], "transient": True, "retention_days": 0},
}  # fmt: skip
# The same for a table that is there, and what is told.
OTHER: dict[str, tuple[dict[str, Any], list[str]]] = {
    "target-redshift-copy": (
        {"dist_style": "even", "sort_key": ["id"], "encodings": {"note": "lzo"}},
        ["DISTSTYLE is KEY, not EVEN", "SORTKEY is at, id, not id", "INTERLEAVED is yes, not no",
         "ENCODE of note is zstd, not lzo"],
    ),
    "target-snowflake-stage": (
        {"cluster_by": ["id"], "transient": False, "retention_days": 1},
        ["CLUSTER BY is AT, ID, not ID", "kind is TRANSIENT, not TABLE", "retention_time is 0, not 1"],
    ),
}  # fmt: skip
SAID = {**schema(Id={"type": "integer", "description": "its number"}, at={**TEXT, "format": "date-time"}, note=TEXT)}
SAID["schema"] = {**SAID["schema"], "description": "Orders: one a row"}
SAID["key_properties"] = ["Id"]
MESSAGES = [SAID, record(Id=1, note="x"), state(1)]
VIEWED = {"load_method": "append-only", "current_view": True, "add_record_metadata": True}


def granted(loader: Loader, who: str) -> set[str]:
    """Return the tables and views of the schema that somebody may read."""
    if loader.command == "target-redshift-copy":
        rows = loader.rows(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = '{schema}' "
            f"AND relkind IN ('r', 'v') AND HAS_TABLE_PRIVILEGE('{who}', c.oid, 'SELECT')"
        )
        return {row[0] for row in rows}
    rows = loader.rows(f"SHOW GRANTS TO ROLE {who}")
    return {row[3].rpartition(".")[2].lower() for row in rows if row[1] == "SELECT"}


def test_a_table_is_made_as_the_settings_say(loader: Loader) -> None:
    """A new table has its properties, grants and comments; one that is there keeps its own, a difference is told."""
    who = f"{loader.config['default_target_schema']}_reader"
    loader.rows(f"CREATE ROLE {who}")
    settings = {**OPTIONS[loader.command], "grants": [f"ROLE {who}"], "comments": True, **VIEWED}
    made = loader.load(*MESSAGES, **settings)
    assert made.status == 0, made.stderr[-3000:]
    assert granted(loader, who) == {"orders", "orders__current", "orders__history"}
    again = loader.load(*MESSAGES, **settings)
    assert (again.status, "is there, and not as" in again.stderr) == (0, False)
    other, told = OTHER[loader.command]
    changed = loader.load(*MESSAGES, **other, **VIEWED)
    (warning,) = [line for line in changed.stderr.splitlines() if "is there, and not as" in line]
    assert [one for one in told if one not in warning] == []
    assert granted(loader, who) == {"orders", "orders__current", "orders__history"}
    replaced = loader.load(
        *MESSAGES, **settings | {"load_method": "overwrite", "current_view": False, "overwrite_max_shrink": 1}
    )
    assert (replaced.status, granted(loader, who) >= {"orders"}) == (0, True)


def test_what_the_warehouse_refuses_is_told(loader: Loader) -> None:
    """A role that is not there, and on Snowflake a tag, end the run by the warehouse's error, with its name."""
    run = loader.load(*MESSAGES, grants=["ROLE nobody_of_that_name"])
    assert run.status == 1
    assert "nobody_of_that_name" in run.stderr.lower()
    assert loader.table_exists("orders") == ("TABLE-GRANT" in run.stderr) == (loader.command != "target-redshift-copy")
    if loader.command == "target-snowflake-stage":
        run = loader.load(*[{**one, "stream": "tagged"} for one in MESSAGES[:2]], state(1), tags={"a.b.c": "x"})
        assert "Tag 'A.B.C' does not exist or not authorized" in run.stderr


NUMBER = {"type": ["null", "number"]}
TYPED: dict[str, Any] = {
    "id": {"type": "integer"}, "amount": NUMBER, "paid": TEXT, "n": NUMBER, "code": TEXT, "day": TEXT, "doc": TEXT,
    "email": TEXT, "home": {"type": "object", "properties": {"street": TEXT}},
}  # fmt: skip
CHOSEN = {"amount": "decimal(18,2)", "paid": "decimal(9,2)", "n": "bigint", "code": "varchar(5)", "day": "date",
          "doc": "super"}  # fmt: skip
CANARY = "canary@example.com"
MASK = {"email": "hmac", "home.street": "redact"}
ROW = {"id": 1, "amount": 0.1, "paid": "12.50", "n": 7.0, "code": "abcde", "day": "2020-06-01", "doc": "x",
       "email": CANARY, "home": {"street": CANARY}}  # fmt: skip


KEYED = {**schema(**TYPED), "key_properties": ["id"]}


def test_columns_have_the_types_and_names_of_the_settings(loader: Loader) -> None:
    """Values arrive exactly in columns whose type and name were chosen, in the next run too; others are refused.

    What is masked arrives so, and is in no log, no error, no rejected record and no file.
    """
    own = {"columns": CHOSEN, "column_names": {"amount": "total"}}
    settings: dict[str, Any] = {"stream_settings": {"orders": own}, "mask": MASK, "mask_key": "0123456789abcdef"}
    settings |= {"keep_staged_files": True}
    for number in (1, 2):
        run = loader.load(KEYED, record(**{**ROW, "id": number}), state(number), load_method="upsert", **settings)
        assert run.status == 0, run.stderr[-3000:]
    names = [name.lower() for name in loader.columns("orders")]
    assert names == ["id", "total", "paid", "n", "code", "day", "doc", "email", "home"]
    digest = hmac.new(b"0123456789abcdef", CANARY.encode(), hashlib.sha256).hexdigest()
    assert loader.rows("SELECT DISTINCT email FROM {schema}.orders") == [(digest,)]
    assert "***" in str(loader.rows("SELECT home FROM {schema}.orders"))
    rows = loader.rows("SELECT id, total, paid, n, code, day FROM {schema}.orders ORDER BY id")
    assert [[str(value) for value in row] for row in rows] == [
        [str(number), "0.10", "12.50", "7", "abcde", "2020-06-01"] for number in (1, 2)
    ]
    refused = loader.load(schema(**TYPED), record(**{**ROW, "code": "abcdef"}), state(3), **settings)
    assert refused.status == 1
    reject = {"on_invalid_record": "reject", "max_rejected_records": 1}
    aside = loader.load(schema(**TYPED), record(**{**ROW, "code": "abcdef"}), state(3), **settings, **reject)
    assert (aside.status, "_rejected" in aside.stderr) == (0, True)
    contents = [loader.s3.body(key) for key in loader.staged_keys()]
    files = b"".join(gzip.decompress(one) if one[:2] == b"\x1f\x8b" else one for one in contents)
    assert (CANARY in run.stderr + refused.stderr + aside.stderr, CANARY.encode() in files) == (False, False)
    assert digest.encode() in files
    assert "stream 'orders', line 2: column '" in refused.stderr
    assert "give the column a type that holds it in the setting 'columns'" in refused.stderr
    assert len(loader.rows("SELECT 1 FROM {schema}.orders")) == 2
