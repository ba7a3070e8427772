"""Any change feed, cut anywhere into parts and batches, with a crash in it: the warehouse says what the source says.

The short form runs with the suite; CHANGE_FEED_EXAMPLES=n gives each warehouse n crashes.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.change_feeds import WRITERS, Feed
from tests.conftest import S3, Run, Warehouses
from tests.faults.strikes import TARGETS, Ground, Moment, Place, end_detached, last_state, run, run_into
from tests.load import test_change_feeds as change_feeds
from tests.load.loaders import Loader

# Hypothesis begins with the simplest example; the second is a random one.
EXAMPLES = int(os.environ.get("CHANGE_FEED_EXAMPLES", "2"))
PIPE_BYTES = 65_536  # what `run_into` may write before it kills
WRITERS_BY_NAME = {writer.name: writer for writer in WRITERS}


@dataclass(frozen=True)
class Case:
    """A feed of some conventions, and what befalls it: `seed` makes the changes, their order and the parts."""

    names: tuple[str, ...]
    seed: int
    count: int
    parts: int
    batch_size_rows: int
    moment: tuple[str, int]  # the n-th statement that matches
    action: str
    when: str

    def feeds(self) -> list[Feed]:
        """The feeds, one or two streams a convention."""
        return change_feeds.feeds(self.seed, self.count, self.parts, [WRITERS_BY_NAME[name] for name in self.names])


# Statements, and about how many of them such a run has.
STEPS = {"^COPY": 6, "^COMMIT": 2, "^(MERGE|INSERT|UPDATE|DELETE)": 20, "^CREATE": 10, "^BEGIN": 2}
CASES = st.builds(
    Case,
    names=st.lists(st.sampled_from(sorted(WRITERS_BY_NAME)), min_size=1, max_size=2, unique=True).map(tuple),
    seed=st.integers(0, 2**32),
    count=st.integers(8, 18),
    parts=st.integers(2, 4),
    batch_size_rows=st.integers(3, 30),
    moment=st.one_of([st.tuples(st.just(match), st.integers(1, most)) for match, most in STEPS.items()]),
    action=st.sampled_from(["hang", "cut"]),  # killed with kill -9, or its connection is reset
    when=st.sampled_from(["before", "after"]),
)


@dataclass
class Watched(Ground):
    """Stand-ins that know whether the last fault has struck."""

    struck: bool = False

    def clear(self, server: str) -> None:
        """Forget the fault."""
        self.struck = not self.pending(server)
        super().clear(server)


@pytest.fixture(scope="module")
def ground(warehouses: Warehouses) -> Iterator[Watched]:
    """The stand-ins of this worker, as the harness of faults wants them."""
    made = Watched(warehouses.start("s3", "redshift", "snowflake"))
    yield made
    made.close()


def befall(ground: Watched, warehouse: str, case: Case) -> str:
    """Load the feeds into the fault, resume from --last-state, compare with the source; return what became of it."""
    made, place = case.feeds(), Place(ground, warehouse)
    given = {**change_feeds.settings(made), "batch_size_rows": case.batch_size_rows}
    config = place.configuration("append-only", **given)
    match, at = case.moment
    moment = Moment(warehouse, case.action, match, at, case.when)
    text = _lines(change_feeds.messages(made))
    assert len(text) < PIPE_BYTES
    first = run_into(ground, warehouse, config, text, moment)
    if first.returncode:
        end_detached(place)
        begin = last_state(warehouse, config)
        for one in made:
            if not one.stream.endswith("_soft"):  # the rows of an applied table are no events
                assert _rows(place, one.stream) == _sent(one, begin), (one.stream, begin)
        second = run(warehouse, config, _lines(change_feeds.messages(made, begin)))
        assert second.returncode == 0, second.stderr.decode()[-3000:]
    assert last_state(warehouse, config) == case.parts
    loader = Loader(TARGETS[warehouse], config, S3(ground.stand_ins.s3), _no_run, place.query)
    for one in made:
        change_feeds.compare(loader, one)
    place.drop()
    return {0: "went on" if ground.struck else "not struck", -9: "killed"}.get(first.returncode, "failed")


def _lines(messages: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(message) + "\n" for message in messages).encode()


def _no_run(*_: Any, **__: Any) -> Run:
    raise AssertionError("the feeds are loaded by the harness of faults")


def _rows(place: Place, stream: str) -> int:
    """The number of rows of a history; none if it is not there yet."""
    there = place.query(
        "SELECT 1 FROM information_schema.tables "
        f"WHERE lower(table_schema) = '{place.schema}' AND lower(table_name) = '{stream}'"
    )
    return int(place.query(f"SELECT COUNT(*) FROM {place.schema}.{stream}")[0][0]) if there else 0


def _sent(one: Feed, parts: int) -> int:
    """The number of rows that the first parts of a feed become."""
    return sum(one.writer.rows(message["record"]) for part in one.parts[:parts] for message in part)


@pytest.mark.timeout(100_000)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_any_feed_survives_any_crash(ground: Watched, warehouse: str) -> None:
    """Right after the crash a history holds the parts before its STATE and nothing else; at the end all is right."""
    became = Counter[str]()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        print_blob=False,
    )
    @given(case=CASES)
    def check(case: Case) -> None:
        became[befall(ground, warehouse, case)] += 1

    check()
    print(f"{warehouse}: {dict(became)}")
    assert became["killed"] > 0
