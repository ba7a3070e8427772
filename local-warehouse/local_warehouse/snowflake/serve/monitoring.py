"""SHOW TRANSACTIONS, SHOW LOCKS and the SYSTEM$ functions that end a transaction."""

from __future__ import annotations

import re

from local_warehouse.snowflake.bind.results import SELECT, Result, listing
from local_warehouse.snowflake.bind.session import Runners, Session
from local_warehouse.snowflake.errors import SqlError, Unsupported
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.values.types import LTZ, TEXT, number

N = number(38, 0)
_TRANSACTIONS = {
    "id": N, "user": TEXT, "session": N, "name": TEXT, "started_on": LTZ, "state": TEXT, "scope": N,
}  # fmt: skip
_LOCKS = {
    "resource": TEXT, "type": TEXT, "transaction": N, "transaction_started_on": LTZ, "status": TEXT, "acquired_on": LTZ,
    "query_id": TEXT, "session": N,
}  # fmt: skip


def _in_account(parser: QueryParser) -> None:
    if parser.words("IN"):
        parser.need("ACCOUNT")
    parser.finish()


def _transactions(session: Session, parser: QueryParser) -> Result:
    _in_account(parser)
    rows = []
    for work in list(session.shared.open.values()):
        owner = work.owner
        state = "aborting" if work.broken else "running"
        rows.append([work.id, owner.user, owner.id, work.name, f"{work.started:.9f}", state, 0])
    return listing(_TRANSACTIONS, rows)


def _locks(session: Session, parser: QueryParser) -> Result:
    _in_account(parser)
    names = {entry.id: entry.full_name for entry in session.catalog.all("table", session.id)}
    rows = []
    for table, work in list(session.shared.locks.held.items()):
        started = f"{work.started:.9f}"
        owner = work.owner
        rows.append([names.get(table, ""), "PARTITIONS", work.id, started, "HOLDING", started, "", owner.id])
    return listing(_LOCKS, rows)


_CALL = re.compile(r"^\s*SELECT\s+SYSTEM\$(\w+)\s*\(\s*'?([^')]*)'?\s*\)\s*;?\s*$", re.IGNORECASE)


def system_call(session: Session, text: str) -> Result | None:
    """`SELECT SYSTEM$..(..)`, which acts beyond its session; None for any other text."""
    match = _CALL.match(text)
    if match is None:
        return None
    name, argument = match.group(1).upper(), match.group(2)
    if name == "ABORT_TRANSACTION":
        work = session.shared.open.get(int(argument) if argument.isdigit() else -1)
        if work is None:
            raise SqlError(f"Transaction {argument} does not exist or is not running", 2018, "22000")
        work.abort("it was ended by SYSTEM$ABORT_TRANSACTION")
        message = f"Aborted transaction id: {argument}"
    elif name == "ABORT_SESSION":
        other = next(
            (work.owner for work in list(session.shared.open.values()) if str(work.owner.id) == argument), None
        )
        if other is None:
            raise SqlError(f"Session {argument} does not exist", 2018, "22000")
        other.work.abort("its session was ended by SYSTEM$ABORT_SESSION")
        message = "session aborted."
    else:
        raise Unsupported(f"SYSTEM${name}")
    return Result([text.strip().rstrip(";")[7:].strip().upper()], [TEXT], [[message]], SELECT)


RUNNERS: Runners = {
    ("SHOW", "TRANSACTIONS"): _transactions,
    ("SHOW", "LOCKS"): _locks,
}
