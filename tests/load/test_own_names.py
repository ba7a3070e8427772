"""What is the loader's and what is the source's, through both targets; and what may be pruned from the ledger."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

INTEGER, TEXT = {"type": ["null", "integer"]}, {"type": ["null", "string"]}
LOADED = {"id": INTEGER, "v": TEXT, "_sdc_table_version": INTEGER, "_sdc_sequence": INTEGER, "_sdc_extra": TEXT}


def keyed(stream: str, **properties: Any) -> dict[str, Any]:
    return {**schema(stream, **properties), "key_properties": ["id"]}


def test_source_that_was_loaded_by_a_singer_target(loader: Loader) -> None:
    """Its columns arrive as values: no row vanishes with a version, the newer row is the current one, what the SCHEMA
    does not have is kept; the same in the next run. Names that Snowflake keeps have columns. A ledger is refused, and
    so is a view of somebody else in the place of one of ours."""
    row = {"v": "old", "_sdc_table_version": 1650000000000, "_sdc_sequence": 200, "_sdc_extra": "mine"}
    newer = {**row, "v": "new", "_sdc_sequence": 100, "foo": 1}
    settings = {
        "add_record_metadata": True, "hard_delete": True, "current_view": True, "extra_properties": "column",
        "pipeline_id": "p",
    }  # fmt: skip
    for number in (1, 2):
        version = 1700000000000 + number
        run = loader.load(
            keyed("o", **LOADED, current_date=TEXT),
            {**record("o", id=1, current_date="a", **row), "version": version},
            {**record("o", id=1, current_date="b", **newer), "version": version},
            {"type": "ACTIVATE_VERSION", "stream": "o", "version": version},
            state(number),
            **settings,
        )
        assert run.status == 0, run.stderr
    kept = '"CURRENT_DATE_"' if "snowflake" in loader.command else '"current_date"'
    names = f"id, v, __sdc_table_version, __sdc_sequence, __sdc_extra, {kept}"
    assert loader.rows(f"SELECT {names} FROM {{schema}}.o ORDER BY __sdc_sequence DESC") == [
        (1, "old", 1650000000000, 200, "mine", "a"), (1, "new", 1650000000000, 100, "mine", "b"),
    ]  # fmt: skip
    assert loader.rows("SELECT id, v FROM {schema}.o__current") == [(1, "new")]
    (extra,) = loader.rows("SELECT _sdc_extra FROM {schema}.o WHERE v = 'new'")
    assert re.sub(r"\s", "", str(extra[0])) == '{"foo":1}'
    run = loader.load(schema("x-_singer_loads", id=INTEGER), record("x-_singer_loads", id=1), state(3), **settings)
    assert "is the loader's own" in run.stderr or "is the ledger" in run.stderr
    assert loader.load(arguments=["--last-state"], **settings).stdout == b"2\n"
    loader.rows("DROP VIEW {schema}.o__history")
    loader.rows("CREATE VIEW {schema}.o__history AS SELECT COUNT(*) AS mine FROM {schema}.o")
    run = loader.load(keyed("o", **LOADED, current_date=TEXT), record("o", id=1, **row), state(4), **settings)
    assert "o__history is there, and is none that this program has made" in run.stderr.replace(
        "O__HISTORY", "o__history"
    )
    assert loader.rows("SELECT mine FROM {schema}.o__history") == [(2,)]


def test_keys_and_deletes_of_an_upsert(loader: Loader) -> None:
    """A flag deletes where it is true; a key held twice, and other keys than before, are refused before a row."""
    flagged = keyed("s", id=INTEGER, v=TEXT, _sdc_deleted_at={"type": ["null", "boolean"]})
    rows = [record("s", id=number, v="a", _sdc_deleted_at=False) for number in (1, 2)]
    assert loader.load(flagged, *rows, rows[0], state(1)).status == 0
    run = loader.load(flagged, *rows, state(2), load_method="upsert", hard_delete=True)
    assert run.status == 1
    assert "has 2 rows of one key" in run.stderr
    loader.rows("DELETE FROM {schema}.s")
    deletes = record("s", id=2, _sdc_deleted_at=True)
    run = loader.load(flagged, *rows, deletes, state(3), load_method="upsert", hard_delete=True)
    assert run.status == 0, run.stderr
    assert loader.rows("SELECT id, v FROM {schema}.s") == [(1, "a")]
    run = loader.load({**flagged, "key_properties": ["v"]}, rows[0], state(4), load_method="upsert", hard_delete=True)
    assert run.status == 1
    assert "the keys id, so the same row would be there twice" in run.stderr.lower()


# load_id, pipeline_id, table_name, last_sequence, activated_version, key_properties, state
LEDGER = [
    ("version-1", "p", "a", 1, 7, None, None),
    ("version-2", "p", "a", 2, 9, None, '{"p": 1}'),
    ("keys", "p", "b", 3, None, '["id"]', '{"p": 2}'),
    ("rows", "p", "b", 4, None, None, '{"p": 3}'),
    ("state-q", "q", "b", 5, None, None, '{"q": 1}'),
    ("state-p", "p", "b", 6, None, None, '{"p": 4}'),
    ("nobody", None, "b", 7, None, None, None),
    ("last", None, "b", 8, None, None, None),
]


def test_pruned_ledger_keeps_what_runs_ask_for(loader: Loader) -> None:
    """`--prune-ledger` leaves each pipeline's last STATE, the versions in force, the last keys of each
    table and the highest sequence, and removes the rest."""
    assert loader.load(schema("o", id=INTEGER), record("o", id=1), state(1)).status == 0
    loader.rows("DELETE FROM {schema}._singer_loads")
    names = "load_id, pipeline_id, table_name, last_sequence, activated_version, key_properties, state, committed_at"
    for row in LEDGER:
        values = ", ".join("NULL" if value is None else repr(value) for value in (*row, "2020-01-01 00:00:00+00:00"))
        loader.rows(
            f"INSERT INTO {{schema}}._singer_loads ({names}) VALUES ("
            + values.replace("{", "{{").replace("}", "}}")
            + ")"
        )
    run = loader.load(arguments=["--prune-ledger", "30"])
    assert run.stdout.startswith(b"3 rows older than 30 days removed from "), run.stderr
    left = {load_id for (load_id,) in loader.rows("SELECT load_id FROM {schema}._singer_loads")}
    assert left == {"version-2", "keys", "state-q", "state-p", "last"}
