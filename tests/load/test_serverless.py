"""Redshift Serverless: every way in which rows enter, in a server that refuses what a workgroup refuses.

All other tests of loads run so with `pytest --redshift serverless`, as `make test-serverless` does.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.methods import LOADS, SETTINGS, differences, messages
from tests.load.loaders import Loader

pytestmark = [
    pytest.mark.usefixtures("serverless"),
    pytest.mark.parametrize("loader", ["redshift"], indirect=True),
]


def load(loader: Loader, *notes: str) -> str:
    """Load the notes; return the log."""
    run = loader.load(*messages(*notes).decode().splitlines(), **SETTINGS)
    assert run.status == 0, run.stderr
    assert run.states == [notes[-1]]
    return run.stderr


def test_each_load_method_change_feed_and_view(loader: Loader, fault: Callable[..., None]) -> None:
    """Rows are added, merged, replaced, and applied from a feed; an unanswered COMMIT is found in the ledger."""
    load(loader, *LOADS[0])
    fault("redshift", action="cut", match="^COMMIT", when="after")
    assert "it was committed" in load(loader, *LOADS[1])
    assert differences(loader.rows) == []


def test_count_of_copy_that_is_refused(loader: Loader, fault: Callable[..., None]) -> None:
    """If a workgroup does not answer pg_last_copy_count(), rows are counted in the table, from the second try on."""
    refusal = "permission denied for function pg_last_copy_count"
    fault("redshift", action="error", match="pg_last_copy_count", times=1000, message=refusal)
    for notes in LOADS:
        log = load(loader, *notes)
        assert log.count("will be counted in the table") == 1
        assert refusal in log
    assert differences(loader.rows) == []
