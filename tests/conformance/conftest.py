"""The conformance tests as a run on an account needs them: by risk, with a report at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any

import pytest

from tests.conformance.report import Case, error_of, report
from tests.conformance.risk import rank_of, ranks

FOLDER = Path(__file__).parent
_cases: dict[str, Case] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in the order of docs/only-a-real-account.md, where a report is asked for."""
    if config.getoption("--report") is not None:
        places = ranks()
        items.sort(key=lambda item: rank_of(item.nodeid, places))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep what each test came to: its last phase that did not pass, else that it passed."""
    found: Any = yield
    outcome = "xfailed" if hasattr(found, "wasxfail") else found.outcome
    name = item.nodeid.rpartition("tests/conformance/")[2]
    if outcome == "passed":
        _cases.setdefault(name, Case(name, outcome))
    elif call.excinfo is not None:
        error = call.excinfo.value
        error = error.__context__ or error if outcome == "xfailed" else error
        _cases[name] = Case(name, outcome, _place_of(error), error_of(error))
    return found


def _place_of(error: BaseException) -> str:
    """Return the last place in these tests that an error came from."""
    ours = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(FOLDER)]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""


@pytest.fixture
def left_open(request: pytest.FixtureRequest) -> Callable[[str], AbstractContextManager[None]]:
    """Return what a test of a warehouse runs in whose answer the pages leave open: on an account any is right."""

    @contextmanager
    def running(warehouse: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            if request.config.getoption(f"--{warehouse}-config") is not None:
                pytest.xfail("the pages leave it open")
            raise

    return running


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the report and print it."""
    path = config.getoption("--report")
    if path is None:
        return
    path.write_text(report(json.loads(config.stash.get(SERVERS, "{}")), list(_cases.values())), encoding="utf-8")
    terminalreporter.section("report", sep="=")
    terminalreporter.write(path.read_text(encoding="utf-8"))


SERVERS = pytest.StashKey[str]()


@pytest.fixture(autouse=True)
def server(request: pytest.FixtureRequest) -> None:
    """Ask each warehouse what it is, once in a run that makes a report."""
    config = request.config
    if config.getoption("--report") is None:
        return
    known = json.loads(config.stash.get(SERVERS, "{}"))
    for warehouse, query in (("redshift", "SELECT version()"), ("snowflake", "SELECT CURRENT_VERSION()")):
        if warehouse not in known and f"/{warehouse}/" in request.node.nodeid:
            real = config.getoption(f"--{warehouse}-config") is not None
            connection = request.getfixturevalue(f"{warehouse}_connection")
            with connection.cursor() as cursor:
                cursor.execute(query)
                known[warehouse] = f"{cursor.fetchone()[0]}{'' if real else ' (the stand-in)'}"
    config.stash[SERVERS] = json.dumps(known)
