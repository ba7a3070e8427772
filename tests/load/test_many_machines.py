"""Staged by many processes, committed by one: the rows of one process, each once, whatever ends a process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

TEXT = {"type": ["null", "string"]}
ORDERS = {**schema(id={"type": "integer"}, note=TEXT), "key_properties": ["id"]}
HEAD = {"work_list": 1, "id": "first", "made_at": "2026-12-01T00:00:00Z"}


def part_file(folder: Path, name: str, *messages: dict[str, Any]) -> str:
    """Write a part's source; return its address."""
    path = folder / f"{name}.singer"
    path.write_text("".join(json.dumps(one) + "\n" for one in messages))
    return f"file://{path}"


def work_list(folder: Path, sources: Sequence[str], *, lines: bool = True, **head: Any) -> str:
    """Write a work list over the sources; return its path."""
    parts = [{"source": one, "receipt": str(folder / f"receipt-{place}.json")} for place, one in enumerate(sources)]
    said = {**HEAD, **head}
    path = folder / "work-list"
    text = "\n".join(json.dumps(one) for one in [said, *parts]) if lines else json.dumps({**said, "parts": parts})
    path.write_text(text)
    return str(path)


def stage(loader: Loader, work: str, place: int, **changes: Any) -> Any:
    """Run one worker."""
    return loader.load(arguments=["--stage-only", "--work-list", work, "--place", str(place)], **changes)


def commit(loader: Loader, work: str, **changes: Any) -> Any:
    """Run the coordinator."""
    return loader.load(arguments=["--commit", work], **changes)


def rows(loader: Loader, table: str = "orders") -> list[tuple[Any, ...]]:
    """Return the rows of a table."""
    return sorted(loader.rows(f"SELECT id, note FROM {{schema}}.{table}"))


def ledger(loader: Loader) -> list[tuple[Any, ...]]:
    """Return what the ledger has of loads."""
    return loader.rows("SELECT load_id, stream, rows_loaded, file_count FROM {schema}._singer_loads")


def two_parts(folder: Path) -> list[str]:
    """Write two sources that share the key 2."""
    first = part_file(folder, "a", ORDERS, record(id=1, note='a|\n"b'), record(id=2, note="older"), state({"a": 1}))
    second = part_file(folder, "b", ORDERS, record(id=2, note="newer"), record(id=3), state({"b": 2}))
    return [first, second]


def test_two_workers_and_one_commit(loader: Loader, tmp_path: Path) -> None:
    """The later place decides, one row of the ledger, and a second time nothing is done."""
    changes = {"load_method": "upsert", "pipeline_id": "many"}
    work = work_list(tmp_path, two_parts(tmp_path))
    for place in (1, 0):
        run = stage(loader, work, place, **changes)
        assert run.status == 0, run.stderr
    assert not loader.table_exists("orders")
    run = commit(loader, work, **changes)
    assert run.status == 0, run.stderr
    assert b"1 COPYs" in run.stdout
    assert rows(loader) == [(1, 'a|\n"b'), (2, "newer"), (3, None)]
    assert [row[1:3] for row in ledger(loader)] == [("orders", 4)]
    again = commit(loader, work, **changes)
    assert (again.status, b"nothing was changed" in again.stdout) == (0, True), again.stderr
    assert len(ledger(loader)) == 1
    assert json.loads(loader.load(arguments=["--last-state"], **changes).stdout) == {"a": 1, "b": 2}
    assert loader.staged_keys() == []


@pytest.mark.long
@pytest.mark.parametrize("method", ["append-only", "overwrite", "upsert"])
def test_two_workers_and_one_are_equal(loader: Loader, tmp_path: Path, method: str) -> None:
    """Tables of two workers and of one process are equal, whatever order the workers came in."""
    number = {"type": ["null", "number"], "multipleOf": 0.01}
    head = {**schema(id={"type": "integer"}, note=TEXT, amount=number), "key_properties": ["id"]}
    parts = [
        [head, *(record(id=key, note=f"{part} {key}", amount=key / 4) for key in range(part, 400, 2)), state(part)]
        for part in (0, 1)
    ]
    whole = [*parts[0], *parts[1]]
    assert loader.load(*whole, load_method=method, schema_mapping=None).status == 0
    expected = sorted(loader.rows("SELECT id, note, amount FROM {schema}.orders"))
    loader.rows("DROP TABLE {schema}.orders")
    sources = [part_file(tmp_path, f"p{place}", *part) for place, part in enumerate(parts)]
    work = work_list(tmp_path, sources, lines=False, made_at="2126-12-01T00:00:00Z")
    for place in (1, 0):
        assert stage(loader, work, place, load_method=method, batch_size_rows=50).status == 0
    run = commit(loader, work, load_method=method)
    assert run.status == 0, run.stderr
    assert b"1 COPYs" in run.stdout
    assert sorted(loader.rows("SELECT id, note, amount FROM {schema}.orders")) == expected


@pytest.mark.long
def test_receipts_in_the_bucket(loader: Loader, tmp_path: Path) -> None:
    """Work list, sources and receipts are objects; an ETag that is not the expected one is refused, on both sides."""
    s3, prefix = loader.s3, f"s3://{loader.s3.bucket}/{loader.config['s3_key_prefix']}"
    bucket = {"Bucket": s3.bucket}
    under = loader.config["s3_key_prefix"]

    def put(name: str, text: str) -> str:
        answer = s3.client().put_object(**bucket, Key=f"{under}/{name}", Body=text.encode())
        return f"etag:{answer['ETag'].strip(chr(34))}"

    texts = ["".join(json.dumps(one) + "\n" for one in [ORDERS, record(id=key, note="x"), state(1)]) for key in (1, 2)]
    versions = [put(f"in/{place}.singer", text) for place, text in enumerate(texts)]
    parts = [
        {"source": f"{prefix}/in/{n}.singer", "version": version, "receipt": f"{prefix}/receipts/{n}.json"}
        for n, version in enumerate(versions)
    ]
    put("work", "\n".join(json.dumps(one) for one in parts))
    work = f"{prefix}/work"
    assert stage(loader, work, 0).status == 0
    missing = commit(loader, work)
    assert (missing.status, "1 of 2 receipts are missing" in missing.stderr) == (1, True), missing.stderr
    put("in/1.singer", texts[1].replace('"x"', '"changed"'))
    changed = stage(loader, work, 1)
    assert (changed.status, "[RUN-SOURCE]" in changed.stderr) == (1, True), changed.stderr
    assert not [key for key in loader.staged_keys() if "receipts/1" in key]
    put("in/1.singer", texts[1])
    assert stage(loader, work, 1).status == 0
    stale = json.loads(s3.body(f"{under}/receipts/1.json"))
    good = json.dumps(stale)
    put("receipts/1.json", json.dumps({**stale, "source": {**stale["source"], "version": "etag:0"}}))
    older = commit(loader, work)
    assert (older.status, "is of version etag:0" in older.stderr) == (1, True), older.stderr
    put("receipts/1.json", json.dumps({**stale, "row_count": 7}))
    assert "says 7 rows" in commit(loader, work).stderr
    counted = json.loads(good)
    counted["row_count"] = counted["staged"]["tables"][0]["batches"][0]["row_count"] = 2
    counted["staged"]["tables"][0]["batches"][0]["files"][0]["row_count"] = 2
    put("receipts/1.json", json.dumps(counted))
    wrong = commit(loader, work)
    assert (wrong.status, "[LOAD-COUNT]" in wrong.stderr) == (1, True), wrong.stderr
    put("receipts/1.json", good)
    run = commit(loader, work)
    assert run.status == 0, run.stderr
    assert rows(loader) == [(1, "x"), (2, "x")]


@pytest.mark.long
def test_a_part_that_is_staged_again(loader: Loader, tmp_path: Path) -> None:
    """The last receipt counts; the files of a zombie are in none, and are no rows of the table."""
    work = work_list(tmp_path, two_parts(tmp_path))
    for place in (0, 1, 0):
        assert stage(loader, work, place).status == 0
    assert len([key for key in loader.staged_keys() if "/_parts/" in key]) > 2
    run = commit(loader, work)
    assert run.status == 0, run.stderr
    assert len(rows(loader)) == 4
    zombie = stage(loader, work, 1)
    assert zombie.status == 0
    assert b"nothing was changed" in commit(loader, work).stdout
    assert len(rows(loader)) == 4


@pytest.mark.long
def test_files_that_are_gone_or_altered(loader: Loader, tmp_path: Path) -> None:
    """Each staged file must be there, of its size and with its rows; nothing is committed, and it says which."""
    work = work_list(tmp_path, two_parts(tmp_path))
    assert [stage(loader, work, place).status for place in (0, 1)] == [0, 0]
    file, *_ = [key for key in loader.staged_keys() if key.endswith(".csv.gz")]
    where = {"Bucket": loader.s3.bucket, "Key": file}
    body = loader.s3.body(file)
    loader.s3.client().put_object(**where, Body=body[:-8] + b"\0" * 8)
    assert "has other rows" in commit(loader, work).stderr
    loader.s3.client().delete_object(**where)
    gone = commit(loader, work)
    assert (gone.status, "is gone" in gone.stderr) == (1, True)
    assert not loader.table_exists("orders")
    loader.s3.client().put_object(**where, Body=body)
    assert commit(loader, work).status == 0


@pytest.mark.long
def test_columns_of_all_parts_and_of_the_table(loader: Loader, tmp_path: Path) -> None:
    """The table evolves once, for the union; kinds that no COPY reads alike are refused, a worker needs no table."""
    moment = {"type": ["null", "string"], "format": "date-time"}
    wide = {**schema(id={"type": "integer"}, note=TEXT, seen_at=moment), "key_properties": ["id"]}
    first = part_file(tmp_path, "a", ORDERS, record(id=1, note="a"), state(1))
    second = part_file(tmp_path, "b", wide, record(id=2, seen_at="2026-01-01T00:00:00Z"), record(id=3), state(1))
    third = part_file(tmp_path, "c", wide, record(id=4, note="only nulls"), state(1))
    loader.load(ORDERS, record(id=0, note="before"), state(0))
    work = work_list(tmp_path, [first, second, third])
    assert [stage(loader, work, place).status for place in (0, 1, 2)] == [0, 0, 0]
    run = commit(loader, work)
    assert run.status == 0, run.stderr
    assert [row[0] for row in rows(loader)] == [0, 1, 2, 3, 4]
    found = loader.rows("SELECT id FROM {schema}.orders WHERE seen_at IS NOT NULL")
    assert [int(row[0]) for row in found] == [2]
    text = {**schema(id={"type": "integer"}, note={"type": "integer"}), "key_properties": ["id"]}
    other = part_file(tmp_path, "d", text, record(id=9, note=1), state(1))
    clash = work_list(tmp_path, [first, other], id="clash")
    assert [stage(loader, clash, place).status for place in (0, 1)] == [0, 0]
    refused = commit(loader, clash)
    assert (refused.status, "which no COPY reads alike" in refused.stderr) == (1, True), refused.stderr


@pytest.mark.long
def test_rejected_records_of_all_parts(loader: Loader, tmp_path: Path) -> None:
    """They are listed when the load is committed, once, not before; and may be loaded again."""
    bad = [record(id="x", note="bad")]
    changes = {"on_invalid_record": "reject"}
    sources = [part_file(tmp_path, f"{n}", ORDERS, record(id=n), *bad, state(n)) for n in (0, 1)]
    work = work_list(tmp_path, sources)
    assert [stage(loader, work, place, **changes).status for place in (0, 1, 1)] == [0, 0, 0]
    assert b"0 records wait" in loader.load(arguments=["--rejected"], **changes).stdout
    assert commit(loader, work, **changes).status == 0
    assert b"2 records wait" in loader.load(arguments=["--rejected"], **changes).stdout
    assert commit(loader, work, **changes).status == 0
    assert b"2 records wait" in loader.load(arguments=["--rejected"], **changes).stdout


@pytest.mark.long
def test_kept_files_are_loaded_again_by_their_load(loader: Loader, tmp_path: Path) -> None:
    """With keep_staged_files the load of a work list has a description, as every other one, and is replayed."""
    work, changes = work_list(tmp_path, two_parts(tmp_path)), {"keep_staged_files": True}
    assert [stage(loader, work, place, **changes).status for place in (0, 1)] == [0, 0]
    assert commit(loader, work, **changes).status == 0
    ((load_id, *_),) = ledger(loader)
    again = loader.load(arguments=["--replay", load_id, "--into", "again"], **changes)
    assert again.status == 0, again.stderr
    assert rows(loader, "again") == rows(loader)
