"""How a run ends: a signal while it waits for the warehouse, standard output that is gone, a tap that fell silent."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.conftest import Warehouses
from tests.environments import PATIENCE_SECONDS
from tests.faults.feeds import Feed
from tests.faults.strikes import Ground, Moment, Place, end_detached, run, started, states_of

FEED = Feed("append-only", steps=2)


@pytest.fixture
def ground(warehouses: Warehouses) -> Iterator[Ground]:
    """The stand-ins of this worker, as the harness wants them."""
    made = Ground(warehouses.start("s3", "redshift", "snowflake"))
    yield made
    made.close()


@pytest.mark.parametrize(("step", "signals"), [("^COPY", 1), ("^COPY", 2), ("^COMMIT", 1)])
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_signal_while_the_warehouse_works(ground: Ground, warehouse: str, step: str, signals: int) -> None:
    """A load is rolled back unless its COMMIT has been sent: that ends, and its STATE comes out.

    The first signal waits for the statement that is under way, the second ends the process at once.
    """
    committed = step == "^COMMIT"
    place = Place(ground, warehouse)
    ground.order(Moment(warehouse, "hang", step))
    try:
        with started(warehouse, place.configuration("append-only", batch_size_rows=12)) as process:
            assert process.stdin is not None
            process.stdin.write(FEED.messages())
            process.stdin.flush()  # and stays open: the tap has more to say
            deadline = time.monotonic() + PATIENCE_SECONDS
            while ground.pending(warehouse) and time.monotonic() < deadline:
                process.poll()
            process.send_signal(signal.SIGTERM)
            if signals == 1:
                ground.clear(warehouse)
                process.wait(PATIENCE_SECONDS)
            else:
                # One that comes while another is pending is lost: a process that gets no time sees one of the two.
                with suppress(ProcessLookupError):
                    while process.poll() is None and time.monotonic() < deadline:
                        process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_SECONDS)
            stdout = process.stdout.read()
    finally:
        ground.clear(warehouse)
    end_detached(place)
    assert process.returncode == 128 + signal.SIGTERM
    assert states_of(stdout) == ([{"next": 2}] if committed else [])
    assert place.rows("orders") == place.rows("users") == FEED.rows(2 if committed else 0)


def test_standard_output_that_is_gone(ground: Ground) -> None:
    """Whoever read the STATEs is gone: one line says so, the load is there, and --last-state has its STATE."""
    place = Place(ground, "redshift")
    with started("redshift", place.configuration("append-only")) as process:
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.write(FEED.messages())
        process.stdin.close()
        stderr = process.stderr.read().decode()
    assert process.returncode == 1
    (told,) = [line for line in stderr.splitlines() if "| what: " in line]
    assert "standard output takes no STATE" in told
    assert "Traceback" not in stderr
    assert "Exception ignored" not in stderr
    assert place.rows("users") == FEED.rows()


@pytest.mark.parametrize(
    "grants",
    [[], ["GRANT USAGE ON SCHEMA {0} TO {1}"], ["GRANT USAGE, CREATE ON SCHEMA {0} TO {1}"]],
    ids=["no right", "usage", "create"],
)
def test_ledger_that_may_not_be_seen_is_no_empty_one(ground: Ground, grants: list[str]) -> None:
    """A user without rights on the ledger gets an error from --last-state: with {} the tap would send all again."""
    place = Place(ground, "redshift")
    config = place.configuration("append-only")
    user = f"blind_{place.schema}"
    assert run("redshift", config, FEED.messages()).returncode == 0
    place.query(f"CREATE USER {user} PASSWORD 'Abcd1234'")
    for grant in grants:
        place.query(grant.format(place.schema, user))
    done = run("redshift", {**config, "user": user, "password": "Abcd1234"}, b"", "--last-state")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"can neither be seen nor made" in done.stderr
    assert b"run GRANT SELECT, INSERT ON" in done.stderr
    assert b"Traceback" not in done.stderr


def test_tap_that_falls_silent(ground: Ground) -> None:
    """Rows that have waited long enough are loaded while the tap says nothing; a signal then ends the run."""
    place = Place(ground, "redshift")
    with started("redshift", place.configuration("append-only", batch_wait_seconds=0.5)) as process:
        assert process.stdin is not None
        process.stdin.write(FEED.messages())
        process.stdin.flush()
        assert states_of(process.stdout.readline()) == [{"next": 2}]
        assert place.rows("orders") == FEED.rows()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGINT
