"""Sessions as a user wants them: labels, parameters, time-outs, and SQL of a run and of its loads."""

from __future__ import annotations

import re

import pytest

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

STREAMS = ("orders", "items")
MESSAGES = [
    one for name in STREAMS for one in (schema(name, id={"type": "integer"}), record(name, id=1), record(name, id=2))
]
LABEL = "{pipeline}/{run}/{load}/{stream}"
OWN = {
    "redshift": {"query_group": LABEL, "session_parameters": {"analyze_threshold_percent": 20}},
    "snowflake": {"query_tag": LABEL, "session_parameters": {"USE_CACHED_RESULT": False}},
}


def calls(stderr: str) -> int:
    """Return how often the warehouse was called in a run, as its log says."""
    return int(re.findall(r"(\d+) calls of the warehouse", stderr)[-1])


@pytest.mark.both
def test_what_a_user_adds_to_a_run(loader: Loader) -> None:
    """SQL of a run is outside of loads, that of a load part of it; a label for each load and stream costs no call."""
    name = loader.config["default_target_schema"]
    own = OWN["redshift" if "redshift" in loader.command else "snowflake"]
    assert loader.load(*MESSAGES, state(0)).status == 0  # the tables
    plain = loader.load(*MESSAGES, state(1))
    added = {
        "pre_run_sql": f"CREATE TABLE {name}.audit (moment INT, rows_seen INT); -- of all runs; \n",
        "pre_load_sql": f"INSERT INTO {name}.audit SELECT 1, COUNT(*) FROM {name}.orders;",
        "post_load_sql": f"INSERT INTO {name}.audit SELECT 2, COUNT(*) FROM {name}.orders; DELETE FROM {name}.items",
        "post_run_sql": f"INSERT INTO {name}.audit SELECT 3, COUNT(*) FROM {name}.items",
    }
    run = loader.load(*MESSAGES, state(3), **own, **added, statement_timeout_seconds=300)
    assert (plain.status, run.status) == (0, 0), run.stderr
    assert calls(run.stderr) == calls(plain.stderr) + 5  # the user's statements alone
    audit = "SELECT moment, rows_seen FROM {schema}.audit ORDER BY moment"
    assert loader.rows(audit) == [(1, 4), (2, 6), (3, 0)]


def test_sql_that_fails_is_told_by_its_setting(loader: Loader) -> None:
    """A load whose SQL fails leaves nothing and emits no STATE; behind the run all stays committed."""
    run = loader.load(*MESSAGES, state(1), post_load_sql="SELECT 1; SELECT * FROM no_such_table")
    assert run.status == 1
    assert run.states == []
    assert "post_load_sql, statement 2: " in run.stderr
    assert "[RUN-USER-SQL]" in run.stderr
    assert loader.rows("SELECT COUNT(*) FROM {schema}.orders") == [(0,)]
    run = loader.load(*MESSAGES, state(2), post_run_sql="SELECT * FROM no_such_table")
    assert (run.status, run.states) == (1, [2])
    assert "all of this run is committed, and its STATE is out [RUN-USER-SQL]" in run.stderr
    assert loader.rows("SELECT COUNT(*) FROM {schema}.orders") == [(2,)]
