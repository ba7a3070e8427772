"""Calls of Snowflake that run side by side: how many at a time, and that none is left running."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.model.label import Label
from snowflake.connector.constants import QueryStatus
from snowflake.connector.errors import OperationalError, ProgrammingError
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.session import SnowflakeSession

LOST = OperationalError(msg="connection reset", errno=250001)
REFUSED = ProgrammingError(msg="Numeric value 'x' is not recognized", errno=100038)


class Connection:
    """A connection whose queries take some looks, and end as a test says; `most` is how many ran at a time."""

    def __init__(self, **ends: Any) -> None:
        self.ends, self.begun, self.running, self.most = ends, list[str](), dict[str, list[QueryStatus]](), 0

    def cursor(self) -> Any:
        return contextlib.nullcontext(self)

    def execute_async(self, sql: str, num_statements: int) -> None:
        if isinstance(self.ends.get(f"begin_{sql}"), Exception):
            raise self.ends[f"begin_{sql}"]
        self.sfqid = sql
        self.begun.append(sql)
        looks = [QueryStatus.NO_DATA, QueryStatus.QUEUED, QueryStatus.RESTARTED, QueryStatus.RUNNING]
        self.running[sql] = [*looks, QueryStatus.SUCCESS]
        self.most = max(self.most, len(self.running))

    def is_still_running(self, status: QueryStatus) -> bool:
        return status in (QueryStatus.NO_DATA, QueryStatus.QUEUED, QueryStatus.RUNNING)

    def get_query_status_throw_if_error(self, query: str) -> QueryStatus:
        status = self.running[query].pop(0)
        if status is QueryStatus.SUCCESS:
            del self.running[query]
            if query in self.ends:
                raise self.ends[query]
        return status


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("target_snowflake_stage.session.FIRST_LOOK_SECONDS", 0)


def together(connection: Connection, at_once: int) -> None:
    """Run four calls over the connection."""
    session = SnowflakeSession.__new__(SnowflakeSession)
    session._connection, session._remedies = connection, Remedies(None, None, "loader")
    session._label, session._tag, session.ran = Label(), "", []
    session.execute_together([["a"], ["b"], ["c"], ["d"]], at_once)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("at_once", [1, 3, 9])
def test_so_many_calls_run_at_a_time_and_all_have_ended(at_once: int) -> None:
    """Whatever a query is called before it has succeeded, it is waited for."""
    connection = Connection()
    together(connection, at_once)
    assert connection.begun == ["a", "b", "c", "d"]
    assert connection.most == min(at_once, 4)
    assert connection.running == {}


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("where", "error", "connection_lost"),
    [
        ("b", REFUSED, False),
        ("begin_c", REFUSED, False),
        ("a", LOST, True),
        ("a", TypeError("'NoneType' object is not subscriptable"), True),
        ("a", KeyError("SUSPENDED"), True),
    ],
)
def test_whatever_goes_wrong_is_an_error_of_the_warehouse(where: str, error: Exception, connection_lost: bool) -> None:
    """Also what the connector 4.x raises for an answer without content, or for a status that it does not know."""
    connection = Connection(**{where: error})
    with pytest.raises(WarehouseError) as failed:
        together(connection, 2)
    assert failed.value.connection_lost == connection_lost
    assert "d" not in connection.begun


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("status", [QueryStatus.NO_DATA, QueryStatus.RESTARTED])
def test_query_that_nothing_is_known_of_is_given_up(monkeypatch: pytest.MonkeyPatch, status: QueryStatus) -> None:
    """A status that neither runs nor ends is not waited for without an end."""
    monkeypatch.setattr("target_snowflake_stage.session.LAST_LOOK_SECONDS", 0)
    connection = Connection()
    monkeypatch.setattr(connection, "get_query_status_throw_if_error", lambda query: status)
    with pytest.raises(WarehouseError, match="nothing says what query a does"):
        together(connection, 1)
