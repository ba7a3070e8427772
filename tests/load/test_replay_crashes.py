"""A replay that dies at any step of its load, or meets another one, leaves nothing lost and nothing doubled."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Warehouses
from tests.fakes import lines, record, schema, state
from tests.faults.steps import NAMED
from tests.faults.strikes import Ground, Moment, Place, end_detached, run, started

pytestmark = pytest.mark.long
ROWS = Counter({(key, f"note {key}"): 1 for key in range(5)})
TEXT = {"type": ["null", "string"]}
ORDERS = {**schema(id={"type": "integer"}, note=TEXT), "key_properties": ["id"]}
# Of a replay by the step's name: those of its method, and the fence that all take.
STEPS = [(name, match) for name, (match, methods) in NAMED.items() if "append-only" in methods]
UPSERT_STEPS = [(name, match) for name, (match, methods) in NAMED.items() if "upsert" in methods]


@pytest.fixture(scope="module")
def ground(warehouses: Warehouses) -> Iterator[Ground]:
    """The stand-ins of this worker, as the harness wants them."""
    made = Ground(warehouses.start("s3", "redshift", "snowflake"))
    yield made
    made.close()


def prepared(ground: Ground, warehouse: str, method: str, **changes: Any) -> tuple[Place, dict[str, Any], str]:
    """Return a place where a load was made whose files are kept, its configuration, and the load's id."""
    place = Place(ground, warehouse)
    config = place.configuration(method, keep_staged_files=True, **changes)
    messages = lines(ORDERS, *(record(id=key, note=note) for key, note in ROWS), state(1)).encode()
    done = run(warehouse, config, messages)
    assert done.returncode == 0, done.stderr.decode()
    ((load_id,),) = place.query(f"SELECT load_id FROM {place.schema}._singer_loads WHERE file_count > 0")
    return place, config, load_id


def killed(ground: Ground, warehouse: str, config: dict[str, Any], moment: Moment, *arguments: str) -> None:
    """Start the command, and kill it in the step where it hangs then; one that does not come there ends well."""
    ground.order(moment)
    try:
        with started(warehouse, config, *arguments) as process:
            assert process.stdin is not None
            process.stdin.close()
            while process.poll() is None:
                if not ground.pending(warehouse):
                    process.kill()
                    break
                time.sleep(0.001)
            process.communicate()
    finally:
        ground.clear(warehouse)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("method", "step", "match"),
    [*(("append-only", *step) for step in STEPS), *(("upsert", *step) for step in UPSERT_STEPS)],
)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_replay_that_is_killed(ground: Ground, warehouse: str, method: str, step: str, match: str, when: str) -> None:
    """kill -9 in the step, then the same command again: every row once, and a third time nothing is done."""
    place, config, load_id = prepared(ground, warehouse, method)
    killed(ground, warehouse, config, Moment(warehouse, "hang", match, 1, when), "--replay", load_id, "--into", "again")
    end_detached(place)
    again = run(warehouse, config, b"", "--replay", load_id, "--into", "again")
    assert again.returncode == 0, again.stderr.decode()
    assert place.rows("again") == ROWS, step
    third = run(warehouse, config, b"", "--replay", load_id, "--into", "again")
    assert b"nothing was changed" in third.stdout
    assert place.rows("again") == ROWS
    place.drop()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("step", "match"), STEPS)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_replay_of_rejected_records_that_is_killed(
    ground: Ground, warehouse: str, step: str, match: str, when: str
) -> None:
    """kill -9 in the step, then the same command again: each record once, and none waits any more."""
    place = Place(ground, warehouse)
    config = place.configuration("append-only", on_invalid_record="reject")
    number = {**schema(id={"type": "integer"}, note=TEXT, amount={"type": "number", "multipleOf": 0.01})}
    messages = [number, record(id=0, note="whole", amount=1), *(record(id=i, note="cut", amount=0.001) for i in (1, 2))]
    done = run(warehouse, config, lines(*messages, state(1)).encode())
    assert done.returncode == 0, done.stderr.decode()
    repaired = {**config, "rounding": "half_even"}
    killed(ground, warehouse, repaired, Moment(warehouse, "hang", match, 1, when), "--replay-rejected")
    end_detached(place)
    again = run(warehouse, repaired, b"", "--replay-rejected")
    assert again.returncode == 0, again.stderr.decode()
    assert place.rows("orders") == Counter({(0, "whole"): 1, (1, "cut"): 1, (2, "cut"): 1}), step
    listed = json.loads(run(warehouse, config, b"", "--rejected", "--format", "json").stdout)["rejected"]
    assert [one["is_done"] for one in listed] == [True]
    place.drop()


@pytest.mark.parametrize("method", ["append-only", "upsert"])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_two_replays_at_once(ground: Ground, warehouse: str, method: str) -> None:
    """Both end well, one of them loads, and each row is there once."""
    place, config, load_id = prepared(ground, warehouse, method)
    with (
        started(warehouse, config, "--replay", load_id, "--into", "again") as one,
        started(warehouse, config, "--replay", load_id, "--into", "again") as other,
    ):
        outputs = [process.communicate(b"") for process in (one, other)]
        assert [one.returncode, other.returncode] == [0, 0], [stderr.decode() for _, stderr in outputs]
    said = sorted(b"nothing was changed" in stdout for stdout, _ in outputs)
    assert said == [False, True]
    assert place.rows("again") == ROWS
    place.drop()


def test_a_commit_that_is_not_answered(ground: Ground) -> None:
    """The connection breaks behind COMMIT: the ledger is asked, and the same process says what was loaded."""
    place, config, load_id = prepared(ground, "redshift", "append-only")
    ground.order(Moment("redshift", "cut", "^COMMIT", 1, "after"))
    try:
        done: subprocess.CompletedProcess[bytes] = run("redshift", config, b"", "--replay", load_id, "--into", "again")
    finally:
        ground.clear("redshift")
    assert done.returncode == 0, done.stderr.decode()
    assert place.rows("again") == ROWS
    place.drop()
