"""Stage and commit as two commands: what is refused, and that every row comes once, whatever fails and whenever."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from singer_bulk.errors import BulkError, CommitError, ConfigError, StageError, WarehouseError
from singer_bulk.receipts.places import Input, input_of
from singer_bulk.receipts.receipt import receipt_of
from singer_bulk.receipts.state import StatesContradict, joined_state
from singer_bulk.receipts.work_list import MAX_PART_ROWS, Part, WorkList, work_list_of

from tests.environments import TOP
from tests.fakes import Failure, lines, record, schema, state
from tests.unit.many_machines import ALL, Ground, changed, part


def test_all_parts_are_one_load() -> None:
    """One COPY, one row in the ledger, the STATEs joined; no file stays, and a second time nothing is done."""
    ground = Ground()
    ground.stage_all()
    assert ground.warehouse.statements == []
    assert "3 parts committed" in ground.commit()
    assert ground.ids() == ALL
    assert len(ground.ledger()) == 1
    assert json.loads(json.loads(ground.ledger()[0])[-1]) == {"0": "done", "1": "done", "2": "done"}
    assert sum(sql.startswith("COPY") for sql in ground.warehouse.statements) == 1
    assert not ground.stage.files
    assert "nothing was changed" in ground.commit()
    assert ground.ids() == ALL


def test_a_coordinator_that_fails_at_any_call() -> None:
    """Before and after each call: the same command again loads what is missing, and nothing twice."""
    first = Ground()
    first.stage_all()
    whole = first.again()
    before = whole.warehouse.failure.calls
    whole.commit()
    calls = whole.warehouse.failure.calls - before
    for at in range(1, calls + 1):
        for after in (False, True):
            for lost in (False, True):
                ground = first.again()
                error = WarehouseError("the connection broke", code="RS-LOST", connection_lost=lost)
                ground.warehouse.failure = Failure(at, after=after, error=error)
                try:
                    ground.commit()
                except BulkError:
                    assert ground.ids() in ([], ALL), (at, after, lost)
                ground.warehouse.close()
                ground.warehouse.failure = Failure()
                ground.commit()
                assert ground.ids() == ALL, (at, after, lost)
                assert len(ground.ledger()) == 1


class Killed(BaseException):
    """What no code of ours catches: the process ends there."""


def test_a_coordinator_that_is_killed_at_any_call() -> None:
    """Nothing of it runs any more; the next one loads what is missing, and nothing twice."""
    first = Ground()
    first.stage_all()
    for after in (False, True):
        at, died = 0, True
        while died:
            at += 1
            ground = first.again()
            files = dict(ground.stage.files)
            ground.warehouse.failure = Failure(at, after=after, error=Killed())  # type: ignore[arg-type]
            try:
                ground.commit()
                died = False
            except Killed:
                ground.stage.files.update(files)  # a killed process removes nothing
            ground.warehouse.close()
            ground.warehouse.failure = Failure()
            ground.commit()
            assert ground.ids() == ALL, (at, after)
            assert len(ground.ledger()) == 1


def test_two_coordinators_at_once() -> None:
    """The second one comes in at each call of the first: one of them loads, the other one says that it was done."""
    staged = Ground()
    staged.stage_all()
    at, struck = 0, True
    while struck:
        at += 1
        ground = staged.again()
        said: list[str] = []
        struck = False

        def of(sql: str, at: int = at, ground: Ground = ground, said: list[str] = said) -> None:
            nonlocal struck
            if ground.warehouse.failure.calls + 1 == at and not said and ground.warehouse._open is None:
                struck = True
                said.append("")
                said[0] = ground.commit()

        ground.warehouse.failure.of = of  # type: ignore[method-assign]
        calls_before = ground.warehouse.failure.calls
        first = ground.commit()
        struck = struck or ground.warehouse.failure.calls - calls_before >= at
        assert ground.ids() == ALL, at
        assert len(ground.ledger()) == 1, at
        if said:
            assert sorted("nothing was changed" in one for one in (first, said[0])) == [False, True]


def test_a_worker_whose_stage_fails_at_any_call() -> None:
    """It has written no receipt, and leaves no file; the part is staged again."""
    for at in range(1, 3):
        ground = Ground()
        ground.stage.failure = Failure(at, error=StageError("the stage broke", code="STAGE-AWAY"))
        try:
            ground.stage_part(0, part(0))
        except StageError:
            assert ground.receipts == {}
            assert ground.stage.files == {}
        ground.stage.failure = Failure()
        ground.stage_all()
        ground.commit()
        assert ground.ids() == ALL


@pytest.mark.parametrize(
    "cut",
    [
        part(0)[:-4],
        part(0)[: len(lines(schema(), record(id=0))) - 5],
        part(0) + '{"type": "RECORD", "stream": "orders", "record": {"id": 7}}\n',
    ],
)
def test_a_source_that_was_cut(cut: str) -> None:
    """In a line, or where no STATE covers what came: no receipt, no file."""
    ground = Ground()
    with pytest.raises(BulkError):
        ground.stage_part(0, cut)
    assert ground.receipts == {}
    assert ground.stage.files == {}


def test_a_source_that_has_changed() -> None:
    """One of another version than the work list expects leaves no receipt: by its ETag unread, by its hash read."""
    ground = Ground()
    version = input_of(io.StringIO(part(0)))
    while version.read(1):
        pass
    ground.work = replace(ground.work, parts=(Part("source 0", "receipt 0", version.version), *ground.work.parts[1:]))
    ground.stage_part(0, part(0))
    del ground.receipts["receipt 0"]
    with pytest.raises(BulkError, match="RUN-SOURCE"):
        ground.stage_part(0, part(1))
    unread = Input(iter([b"never"]), "an etag")
    with pytest.raises(BulkError, match="etag:an etag"):
        ground.stage_part(0, unread)
    assert unread.read(1) == b"never"
    assert ground.receipts == {}


def refused(ground: Ground, what: str, work: WorkList | None = None) -> None:
    """Demand that nothing is committed, with a text."""
    with pytest.raises(ConfigError, match=what):
        ground.commit(work)
    assert ground.ids() == []
    assert ground.ledger() == []


def test_receipts_that_do_not_belong_to_the_list() -> None:
    """Missing, doubled, stale, of another list, target, place or prefix, with a wrong count: each is refused."""
    ground = Ground()
    ground.stage_all()
    good = ground.receipts
    one = "receipt 1"
    ground.receipts = {address: text for address, text in good.items() if address != one}
    refused(ground, "1 of 3 receipts are missing: receipt 1")
    ground.receipts = {**good, one: good["receipt 0"]}
    refused(ground, "is of source 'source 0', not 'source 1'")
    ground.receipts = {**good, one: good["receipt 0"].replace(b'"source 0"', b'"source 1"')}
    refused(ground, "was staged for place 0, not 1")
    ground.receipts = {
        **good,
        one: good["receipt 0"].replace(b'"source 0"', b'"source 1"').replace(b'"place":0', b'"place":1'),
    }
    refused(ground, "receipts are doubled")
    ground.receipts = changed(good, one, b'"target-memory"', b'"target-other"')
    refused(ground, "was written by target-other")
    ground.receipts = changed(good, one, b"stage/_parts/", b"elsewhere/_parts/")
    refused(ground, "which is not under stage/_parts")
    ground.receipts = changed(good, one, b"stage/_parts/", b"stage/_parts/../../")
    refused(ground, "which is not under stage/_parts")
    ground.receipts = {**good, one: good[one].replace(b'"row_count":2', b'"row_count":3', 1)}
    refused(ground, "says 3 rows, its batches 2, its files 2")
    ground.receipts = changed(good, one, b'"row_count":2', b'"row_count":3')
    with pytest.raises(CommitError, match="7 rows read, 7 staged, 6 loaded"):
        ground.commit()
    ground.receipts = changed(good, one, b'"receipt":1', b'"receipt":2')
    refused(ground, "a receipt of version 2")
    ground.receipts = changed(good, one, b'"description":1', b'"description":9')
    refused(ground, "description of version 9")
    ground.receipts = {**good, one: b"{}"}
    refused(ground, "receipt of version None")
    ground.receipts = {**good, one: good[one][:40]}
    refused(ground, "is no receipt")
    ground.receipts = good
    expects = tuple(replace(part, version="etag:new") for part in ground.work.parts)
    refused(ground, "the work list expects etag:new", replace(ground.work, parts=expects))
    refused(ground, "staged for another work list", replace(ground.work, id="another"))
    ground.commit()
    assert ground.ids() == ALL


def test_parts_that_contradict_one_another() -> None:
    """Other keys, another load method, a kind that no COPY reads alike: nothing is committed."""
    text = {"type": ["null", "string"]}
    keyed = {**schema(), "key_properties": ["id"]}
    ground = Ground()
    ground.stage_all([part(0), part(1), lines(schema(id=text), record(id="x"), state(1))])
    refused(ground, "column 'id' is integer and text")
    ground.stage_part(2, lines(keyed, record(id=9), state(1)))
    refused(ground, "key properties")
    ground.stage_part(2, part(2), load_method="overwrite")
    refused(ground, "was staged for overwrite, not append-only")
    ground.stage_part(2, lines(schema("users"), record("users", id=4), state(1)))
    ground.commit()
    assert ground.ids() == [0, 1, 2, 3]
    assert len(ground.warehouse.rows("analytics.users")) == 1


def test_a_column_without_a_value_has_any_type() -> None:
    """What a part shows of a column by nulls alone contradicts nothing; a part may lack a column, or have more."""
    number = {"type": ["null", "number"], "multipleOf": 0.01}
    text = {"type": ["null", "string"]}
    ground = Ground()
    ground.stage_all(
        [
            lines(schema(id={"type": "integer"}, more=number), record(id=0, more=1.5), record(id=1), state(1)),
            lines(schema(id={"type": "integer"}, more=text), record(id=2), record(id=3), state(1)),
            part(2),
        ]
    )
    ground.commit()
    assert ground.ids() == ALL
    assert {column.name: column.type.kind.value for column in ground.warehouse.columns["analytics.orders"]} == {
        "id": "integer",
        "more": "decimal",
    }
    assert sum(sql.startswith("COPY") for sql in ground.warehouse.statements) == 2


def test_rows_that_enter_by_their_keys_need_a_place() -> None:
    """Numbers of rows follow the place; a list that was not dated, and a part staged without place, are refused."""
    ground = Ground(changes={"load_method": "upsert", "keep_staged_files": False})
    keyed = {**schema(), "key_properties": ["id"]}
    sources = [lines(keyed, record(id=place), state(1)) for place in range(3)]
    ground.stage_all(sources)
    firsts = [
        receipt_of(ground.receipts[f"receipt {place}"], "").load.tables[0].batches[0].first_sequence
        for place in range(3)
    ]
    assert [one - firsts[0] for one in firsts] == [0, MAX_PART_ROWS, 2 * MAX_PART_ROWS]
    dated, ground.work = ground.work, replace(ground.work, made_at=None)
    ground.stage_all(sources)
    with pytest.raises(ConfigError, match="does not say when it was made"):
        ground.commit()
    ground.work = dated
    with pytest.raises(ConfigError, match="staged for another work list"):
        ground.commit()


def test_a_change_feed_without_positions_is_refused() -> None:
    """Nothing says in which order the events of two parts happened."""
    cdc = {"operation_column": "op", "delete_values": ["D"]}
    ground = Ground(changes={"load_method": "upsert", "keep_staged_files": False, "cdc": None})
    from singer_bulk.feeds.presets import CdcSettings

    ground.changes["cdc"] = CdcSettings(**cdc)
    feed = {**schema(id={"type": "integer"}, op={"type": "string"}), "key_properties": ["id"]}
    ground.stage_all([lines(feed, record(id=place, op="D"), state(1)) for place in range(3)])
    with pytest.raises(ConfigError, match="change feed without positions"):
        ground.commit()


def test_a_full_load_without_a_row() -> None:
    """Parts of an overwrite may be empty, all of them together only where the user allows it."""
    ground = Ground(changes={"load_method": "overwrite", "keep_staged_files": False})
    empty = lines(schema(), state(1))
    ground.stage_all([part(0), empty, empty])
    ground.commit()
    assert ground.ids() == [0, 1]
    ground.work = replace(ground.work, id="two")
    ground.stage_all([empty, empty, empty])
    with pytest.raises(ConfigError, match="LOAD-EMPTY"):
        ground.commit()
    assert ground.ids() == [0, 1]


def test_states_that_contradict_close_nothing() -> None:
    """The load is committed without a STATE."""
    ground = Ground()
    ground.stage_all([lines(schema(), record(id=n), state({"at": n})) for n in range(3)])
    ground.commit()
    assert ground.ids() == [0, 1, 2]
    assert json.loads(ground.ledger()[0])[-1] is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is no work list"),
        ("[]", "has no part"),
        ('{"work_list": 2, "parts": [{"source": "a", "receipt": "b"}]}', "of version 2"),
        ('{"source": "a"}', "is no work list"),
        ('{"source": "a", "receipt": "b"}\n{"source": "a", "receipt": "c"}', "names source 'a' twice"),
        ('{"source": "a", "receipt": "b"}\n{"source": "c", "receipt": "b"}', "names receipt 'b' twice"),
        ('{"source": "a", "receipt": "b"}\nnonsense', "is no work list"),
    ],
)
def test_what_is_no_work_list(text: str, what: str) -> None:
    """It is refused, and the text says why."""
    with pytest.raises(ConfigError, match=what):
        work_list_of(text.encode(), "the list")


def test_a_work_list_is_its_parts_however_it_is_written() -> None:
    """JSON lines, one object or an array; what tells two apart is the head, the parts, and their order."""
    parts = [{"source": "a", "receipt": "b", "version": "etag:1"}, {"source": "c", "receipt": "d"}]
    head = {"work_list": 1, "id": "x", "made_at": "2026-01-01T00:00:00Z"}
    as_lines = work_list_of("\n".join(map(json.dumps, [head, *parts])).encode(), "")
    assert as_lines == work_list_of(json.dumps({**head, "parts": parts}, indent=2).encode(), "")
    assert as_lines == work_list_of(json.dumps({**head, "parts": parts}).encode(), "")
    bare = work_list_of(json.dumps(parts, indent=1).encode(), "")
    assert bare == work_list_of("\n\n".join(map(json.dumps, parts)).encode(), "")
    assert bare == work_list_of(json.dumps(parts).encode(), "")
    hashes = {as_lines.hash, bare.hash, replace(bare, parts=bare.parts[::-1]).hash, replace(bare, id="y").hash}
    assert len(hashes) == 4
    assert as_lines.load_id.startswith(as_lines.hash[:32])


def test_every_member_of_a_receipt_is_documented() -> None:
    """docs/many-machines.md has each member, and no others."""
    ground = Ground()
    ground.stage_part(0, part(0))
    page = (TOP / "docs" / "many-machines.md").read_text()
    rows = page.partition("## The receipt")[2].partition("\n\n")[2].partition("\n\n")[0].splitlines()
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(json.loads(ground.receipts["receipt 0"]))


def test_a_state_of_parts_keeps_its_digits() -> None:
    """Members of several STATEs come together, each value as the text that it was; a contradiction is named."""
    one = '{"a":{"x":1.00000000000000000001},"b":1e400,"c":"\\u00e9"}'
    assert joined_state([None, one, one]) == one
    assert joined_state([one, '{"a": {"y": [ 1.10 ]}, "b": 1e400}']) == (
        '{"a":{"x":1.00000000000000000001,"y":[ 1.10 ]},"b":1e400,"c":"\\u00e9"}'
    )
    with pytest.raises(StatesContradict, match=r"^a\.x$"):
        joined_state([one, '{"a":{"x":1}}'])
    assert joined_state([None]) is None
