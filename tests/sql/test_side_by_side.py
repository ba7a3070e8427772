"""Four small appended streams, in whole runs: what fails on their way is tried again, and nothing enters twice."""

from __future__ import annotations

import re

import pytest

from tests.sql.runs import LOST, REFUSED, sent
from tests.sql.scenarios import FOUR

TABLES = [f'"DEMO"."SALES"."S{number}"' for number in range(4)]


def entered(statements: list[str]) -> list[list[str]]:
    """Return by which statements rows were to enter tables in each transaction, and how it was ended, if it was."""
    told: list[list[str]] = []
    inside = False
    for sql in statements:
        if sql == "BEGIN":
            told.append([])
        inside = inside or sql == "BEGIN"
        if found := re.match(r"(COPY|INSERT) INTO (\S+\"S\d\") ", sql):
            told[-1].append(f"{found[1]} {found[2]}")
        if sql in ("COMMIT", "ROLLBACK") and inside:
            told[-1].append(sql)
            inside = False
    return told


COPIED = [f"COPY {table}" for table in TABLES]
INSERTED = [f"INSERT {table}" for table in TABLES]
# What fails, and what the transactions send; the statement that fails is one of it.
CASES = {
    "nothing fails": ({}, [[*INSERTED, "COMMIT"]]),
    # Its session is given up before BEGIN.
    "a COPY is refused": ({"COPY": REFUSED}, [[*COPIED, "COMMIT"]]),
    "a COPY loses the connection": ({"COPY": LOST}, [[*COPIED, "COMMIT"]]),
    "an INSERT is refused": (
        {f"INSERT INTO {TABLES[2]}": REFUSED},
        [[*INSERTED[:3], "ROLLBACK"], [*COPIED, "COMMIT"]],
    ),
    # The session's end rolls back; nothing speaks against the way that the rows took.
    "an INSERT loses the connection": ({f"INSERT INTO {TABLES[2]}": LOST}, [INSERTED[:3], [*INSERTED, "COMMIT"]]),
    "the ledger loses it": ({'INSERT INTO "DEMO"."SALES"."_SINGER_LOADS"': LOST}, [INSERTED, [*INSERTED, "COMMIT"]]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_row_enters_once_whatever_fails(case: str) -> None:
    """One transaction is committed, and in it each table gets its rows by one statement, whichever way they took."""
    fails, transactions = CASES[case]
    statements = sent("snowflake", FOUR, {}, {beginning: error["snowflake"] for beginning, error in fails.items()})
    assert entered(statements) == transactions
