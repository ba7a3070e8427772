"""Workers and coordinators that die at any step, or meet another one: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Warehouses
from tests.fakes import lines, record, schema, state
from tests.faults.steps import NAMED
from tests.faults.strikes import Ground, Moment, Place, end_detached, run, started

pytestmark = pytest.mark.long
TEXT = {"type": ["null", "string"]}
ORDERS = {**schema(id={"type": "integer"}, note=TEXT), "key_properties": ["id"]}
PARTS = 2
ROWS = Counter({(key, f"note {key}"): 1 for key in range(10)})
STEPS = [
    (method, name, match) for name, (match, methods) in NAMED.items() for method in methods if method != "overwrite"
]
# Of a worker: its calls of S3, of which the last one writes the receipt.
WORKER_STEPS = {"a staged file": ("^s3 PUT .*csv.gz", 1), "the receipt": ("^s3 PUT .*receipt", 1)}


@pytest.fixture(scope="module")
def ground(warehouses: Warehouses) -> Iterator[Ground]:
    """The stand-ins of this worker, as the harness wants them."""
    made = Ground(warehouses.start("s3", "redshift", "snowflake"))
    yield made
    made.close()


def prepared(place: Place, folder: Path, method: str) -> tuple[dict[str, Any], str]:
    """Return the configuration, and a work list over two sources; its receipts are objects."""
    config = place.configuration(method)
    address = f"s3://{config['s3_bucket']}/{config['s3_key_prefix']}"
    parts = []
    for part in range(PARTS):
        keys = [key for key in range(10) if key % PARTS == part]
        file = folder / f"{part}.singer"
        file.write_text(lines(ORDERS, *(record(id=key, note=f"note {key}") for key in keys), state({str(part): 1})))
        parts.append({"source": f"file://{file}", "receipt": f"{address}/receipt-{part}.json"})
    work = folder / "work.json"
    work.write_text(json.dumps({"work_list": 1, "made_at": "2026-11-30T00:00:00Z", "parts": parts}))
    return config, str(work)


def arguments(work: str, place: int) -> list[str]:
    """Return those of a worker."""
    return ["--stage-only", "--work-list", work, "--place", str(place)]


def stage(warehouse: str, config: dict[str, Any], work: str, *places: int) -> None:
    """Be a worker for each of the places."""
    for place in places or range(PARTS):
        done = run(warehouse, config, b"", *arguments(work, place))
        assert done.returncode == 0, done.stderr.decode()


def killed(ground: Ground, warehouse: str, config: dict[str, Any], moment: Moment, *said: str) -> bool:
    """Start the command, and kill it in the step where it hangs then; return whether it came there."""
    ground.order(moment)
    try:
        with started(warehouse, config, *said) as process:
            assert process.stdin is not None
            process.stdin.close()
            while process.poll() is None:
                if not ground.pending(moment.server):
                    process.kill()
                    process.communicate()
                    return True
                time.sleep(0.001)
            process.communicate()
    finally:
        ground.clear(moment.server)
    return False


def commit(warehouse: str, config: dict[str, Any], work: str) -> bytes:
    """Be a coordinator; return what it says."""
    done = run(warehouse, config, b"", "--commit", work)
    assert done.returncode == 0, done.stderr.decode()
    return bytes(done.stdout)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("method", "step", "match"), STEPS)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_coordinator_that_is_killed(
    ground: Ground, tmp_path: Path, warehouse: str, method: str, step: str, match: str, when: str
) -> None:
    """kill -9 in the step, then the same command again: every row once, and a third time nothing is done."""
    place = Place(ground, warehouse)
    config, work = prepared(place, tmp_path, method)
    stage(warehouse, config, work)
    killed(ground, warehouse, config, Moment(warehouse, "hang", match, 1, when), "--commit", work)
    end_detached(place)
    commit(warehouse, config, work)
    assert place.rows("orders") == ROWS, step
    assert b"nothing was changed" in commit(warehouse, config, work)
    assert place.rows("orders") == ROWS
    assert place.query(f"SELECT COUNT(*) FROM {place.schema}._singer_loads")[0][0] == 1
    place.drop()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", WORKER_STEPS)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_worker_that_is_killed(ground: Ground, tmp_path: Path, warehouse: str, step: str, when: str) -> None:
    """Without its receipt nothing is committed; its part is staged again, and what it has left is no row."""
    place = Place(ground, warehouse)
    config, work = prepared(place, tmp_path, "append-only")
    stage(warehouse, config, work, 0)
    match, at = WORKER_STEPS[step]
    assert killed(ground, warehouse, config, Moment("s3", "hang", match, at, when), *arguments(work, 1))
    if (step, when) != ("the receipt", "after"):
        refused = run(warehouse, config, b"", "--commit", work)
        assert (refused.returncode, b"receipts are missing" in refused.stderr) == (1, True), refused.stderr.decode()
        stage(warehouse, config, work, 1)
    commit(warehouse, config, work)
    assert place.rows("orders") == ROWS
    place.drop()


@pytest.mark.parametrize("method", ["append-only", "upsert"])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_two_coordinators_at_once(ground: Ground, tmp_path: Path, warehouse: str, method: str) -> None:
    """Both end well, one of them loads, and each row is there once."""
    place = Place(ground, warehouse)
    config, work = prepared(place, tmp_path, method)
    stage(warehouse, config, work)
    with started(warehouse, config, "--commit", work) as one, started(warehouse, config, "--commit", work) as other:
        found: list[tuple[bytes, bytes]] = []
        reader = threading.Thread(target=lambda: found.append(other.communicate(b"")))
        reader.start()
        found.append(one.communicate(b""))
        reader.join()
        assert [one.returncode, other.returncode] == [0, 0], [stderr.decode() for _, stderr in found]
    assert sorted(b"nothing was changed" in stdout for stdout, _ in found) == [False, True]
    assert place.rows("orders") == ROWS
    place.drop()


@pytest.mark.parametrize("warehouse", ["redshift"])
def test_a_commit_that_is_not_answered(ground: Ground, tmp_path: Path, warehouse: str) -> None:
    """The connection breaks behind COMMIT: the ledger is asked, and the same process says what was loaded."""
    place = Place(ground, warehouse)
    config, work = prepared(place, tmp_path, "append-only")
    stage(warehouse, config, work)
    ground.order(Moment(warehouse, "cut", "^COMMIT", 1, "after"))
    try:
        said = commit(warehouse, config, work)
    finally:
        ground.clear(warehouse)
    assert b"2 parts committed" in said
    assert place.rows("orders") == ROWS
    place.drop()
