"""What the errors of Redshift mean, in the words in which psycopg2 shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg2
import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Rows
from target_redshift_copy.remedies import Remedies
from target_redshift_copy.session import RedshiftSession, _connect_problem
from target_redshift_copy.sign_in import Login, Place
from target_redshift_copy.sign_in_settings import Way

LOGIN = Login(Place("h", 5439, "dev"), "loader", "secret", "loader")


class Connection:
    """A connection whose every statement fails with one error."""

    closed = 0

    def __init__(self, error: Exception) -> None:
        self._error = error

    def cursor(self) -> Any:
        raise self._error


def failing(error: Exception) -> RedshiftSession:
    """Return a session whose statements fail."""
    session = RedshiftSession.__new__(RedshiftSession)
    session._connection = Connection(error)  # type: ignore[assignment]
    return session


@pytest.mark.parametrize(
    ("text", "conflict"),
    [
        ("1018\nDETAIL:  Relation does not exist\n", True),
        ('1018\nDETAIL:  Relation "orders" does not exist.\n', True),
        ("ERROR: 1018 DETAIL: Relation does not exist", True),
        (
            "1023\nDETAIL:  Serializable isolation violation on table - 125236, transactions forming the cycle are: 1",
            True,
        ),
        ('relation "orders_1018" does not exist\n', False),
        ('relation "orders" does not exist\n', False),
    ],
)
def test_conflicts_are_recognized_as_psycopg2_shows_them(text: str, conflict: bool) -> None:
    """A table that was made after our snapshot (1018) is a conflict, one that is missing is none."""
    with pytest.raises(WarehouseError) as refused:
        failing(psycopg2.InternalError(text)).execute("SELECT 1")
    assert refused.value.conflict is conflict


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "8001\nDETAIL:  The combined length of columns processed in the SQL statement\n"
            "exceeded the query-processing limit of 65535 characters (pid:7627)\n",
            "RS-WIDE",
        ),
        ("Value too long for character type\nDETAIL:  error: Value too long\n code: 8001\n", "RS-SQL"),
    ],
)
def test_table_that_is_too_wide_for_one_statement(text: str, code: str) -> None:
    """Columns that MERGE may not take (8001) are known among the errors of that code, and what helps is said."""
    with pytest.raises(WarehouseError) as refused:
        failing(psycopg2.InternalError(text)).execute('MERGE INTO "s"."t"')
    assert refused.value.code == code
    assert ("append-only" in str(refused.value)) is (code == "RS-WIDE")
    assert not refused.value.conflict


@pytest.mark.parametrize(
    "text", ["authentication method 13 not supported", "authentication request 13 is not supported"]
)
def test_password_that_libpq_does_not_know(text: str) -> None:
    """A user whose password is kept as SHA-256 is told so, and what to do; nothing is said of host and port."""
    problem = _connect_problem(Way.PASSWORD, LOGIN, f"connection to server failed: {text}\n")
    assert "SHA-256" in problem
    assert "sign in by IAM (set cluster_identifier or workgroup_name" in problem
    assert "ALTER USER loader" in problem
    assert "check host" not in problem


class Scripted(RedshiftSession):
    """A session that answers by the words of the statement; an exception is raised."""

    def __init__(self, answers: dict[str, Rows | Exception]) -> None:
        self.sent: list[str] = []
        self._answers = answers
        self._remedies = Remedies("loader", "dev")

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        for word, answer in self._answers.items():
            if word in sql:
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return []


DENIED = WarehouseError("Redshift: permission denied for relation stv_sessions", code="RS-SQL")


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"stv": DENIED}, ["pg_terminate_backend", "svv_transactions"]),
        ({"svv": DENIED}, ["pg_terminate_backend", "svv_transactions", "stv_sessions"]),
        ({"pg_terminate": DENIED, "stv": DENIED}, ["pg_terminate_backend", "svv_transactions"]),
    ],
    ids=["Serverless", "no svv_transactions", "not ours to end"],
)
def test_lost_session_is_looked_for_where_that_is_allowed(
    answers: dict[str, Rows | Exception], asked: Sequence[str]
) -> None:
    """Serverless refuses STV tables; what another view shows is enough."""
    session = Scripted(answers)
    session.end_transaction("4711")
    assert [next(word for word in asked if word in sql) for sql in session.sent] == asked


def test_lost_session_that_nothing_shows_is_not_taken_for_ended() -> None:
    """Whether its COMMIT may still come is not guessed: the error names the right that is missing."""
    with pytest.raises(
        WarehouseError, match=r"has ended: .*permission denied.*run GRANT SELECT ON svv_transactions TO"
    ):
        Scripted({"svv": DENIED, "stv": DENIED}).end_transaction("4711")


def test_holders_of_a_lock() -> None:
    """Who holds it is told as far as it can be seen, and a question that is refused is no failure."""
    shown = {"pg_class": [(99,)], "svv_transactions": [(7, "etl  ", "2020-06-01 12:00:00")]}
    table = Table("s", "t")
    assert Scripted(shown).holders([table]) == "held by process 7 of user etl since 2020-06-01 12:00:00"  # type: ignore[arg-type]
    assert Scripted({"svv": DENIED, "pg_class": [(99,)]}).holders([table]) == ""
