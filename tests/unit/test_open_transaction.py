"""A transaction belongs to one session: no other one runs a statement of it, however often connections are lost."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.open_transaction import OpenTransaction, all_or_none
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.transaction import Attempt

from tests.fakes import Bench, MemoryDialect, MemoryWarehouse, lines, record, schema, state

TWO = lines(schema("a"), schema("b"), record("a", id=1), record("b", id=2), state(1))


@dataclass
class Network:
    """A warehouse behind connections: those that run the statements of the given numbers are lost with them."""

    database: MemoryWarehouse
    losses: tuple[int, ...] = ()
    after: bool = False  # the statement has taken effect when its connection is lost
    conflicts: int = 0  # so many times COPY finds another transaction in the way
    count: int = 0
    made: list[Connection] = field(default_factory=list)

    def connect(self) -> Connection:
        self.made.append(Connection(self))
        return self.made[-1]


@dataclass
class Connection:
    """A session. As warehouses do, it answers a COMMIT outside of a transaction well, and does nothing."""

    network: Network
    lost: bool = False
    begun: bool = False
    statements: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> Rows:
        if self.lost:
            raise WarehouseError("gone", code="RS-LOST", connection_lost=True)
        self.network.count += 1
        dies = self.network.count in self.network.losses
        if dies and not self.network.after:
            self._lose()
        rows = self._run(sql)
        if dies:
            self._lose()
        return rows

    def execute_all(self, statements: Sequence[str]) -> None:
        for sql in statements:
            self.execute(sql)

    def _lose(self) -> None:
        self.lost = True
        if self.begun:
            self.network.database.end_transaction("1")
        raise WarehouseError("gone", code="RS-LOST", connection_lost=True)

    def _run(self, sql: str) -> Rows:
        self.statements.append(sql)
        if sql.startswith("COPY") and self.network.conflicts:
            self.network.conflicts -= 1
            raise WarehouseError("in the way", code="RS-CONFLICT", conflict=True)
        if sql in ("COMMIT", "ROLLBACK") and not self.begun:
            return []
        rows = self.network.database.execute(sql)
        self.begun = sql == "BEGIN" or (self.begun and sql not in ("COMMIT", "ROLLBACK"))
        return rows

    def close(self) -> None:
        if self.begun:
            self.network.database.end_transaction("1")
        self.lost, self.begun = True, False

    def transaction(self) -> str:
        return "1"

    def end_transaction(self, name: str) -> None:
        self.network.database.end_transaction(name)


def run(*losses: int, after: bool = False, conflicts: int = 1) -> tuple[Bench, Network]:
    """Return what came of a run that loses connections at the statements of these numbers."""
    bench = Bench()
    network = Network(bench.warehouse, losses, after, conflicts)
    bench.connect = network.connect  # type: ignore[method-assign]
    bench.run(TWO)
    return bench, network


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_connection_that_is_lost_twice_anywhere_loses_no_row(after: bool) -> None:
    """At whichever two statements connections are lost, inside the transaction too: every row is there, and once.

    A COMMIT on a session that did not begin the transaction would be answered well, and its STATE would come out.
    """
    count = run()[1].count
    for first in range(1, count + 1):
        for second in range(first + 1, first + 13):  # from any statement of an attempt into the next one
            bench, network = run(first, second, after=after)
            rows = [bench.warehouse.rows(f"analytics.{stream}") for stream in ("a", "b")]
            assert (rows, bench.emitted) == ([["1"], ["2"]], ["1"]), (first, second)
            commits = [one for one in network.made if "COMMIT" in one.statements]
            assert all("BEGIN" in one.statements for one in commits), (first, second)


def reachable(*objects: Any) -> set[type]:
    """Return the types of all objects that these refer to, those that a function has enclosed included."""
    found: dict[int, Any] = {}
    waiting = list(objects)
    while waiting:
        one = waiting.pop()
        if id(one) in found or isinstance(one, (type, ModuleType)):
            continue
        found[id(one)] = one
        if isinstance(one, FunctionType):
            waiting += [cell.cell_contents for cell in one.__closure__ or ()]
        else:
            waiting += gc.get_referents(one)
    return {type(one) for one in found.values()}


def test_nothing_inside_a_transaction_reaches_what_reconnects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The object that runs a load on its session refers to no Warehouse, by however many steps."""
    seen: list[set[type]] = []
    run_attempt = Attempt.run

    def watched(attempt: Attempt, session: Any) -> None:
        seen.append(reachable(attempt))
        run_attempt(attempt, session)

    monkeypatch.setattr(Attempt, "run", watched)
    bench = Bench()
    bench.run(TWO, pipeline_id="p", load_method="overwrite")
    assert len(seen) == 1
    assert Attempt in seen[0]
    assert Warehouse not in seen[0]


def test_transaction_ends_with_its_session() -> None:
    """When the connection is gone each statement fails, COMMIT too; no other connection is made."""
    network = Network(Bench().warehouse, losses=(2,))
    transaction = OpenTransaction(network.connect(), MemoryDialect())  # type: ignore[arg-type]
    for act in (lambda: transaction.execute("DESCRIBE a"), lambda: transaction.execute("COPY a"), transaction.commit):
        with pytest.raises(WarehouseError, match="gone"):
            act()
    assert (transaction.is_over, transaction.commit_sent, len(network.made)) == (False, True, 1)


def fail(session: Connection, *statements: str) -> None:
    """Run the statements, all or none, and fail behind them."""
    with all_or_none(session, MemoryDialect()) as transaction:  # type: ignore[arg-type]
        for statement in statements:
            transaction.execute(statement)
        raise KeyError


def test_error_inside_rolls_back() -> None:
    """What stands or falls together falls with an error of any kind, and the error comes out."""
    network = Network(Bench().warehouse)
    session = network.connect()
    with pytest.raises(KeyError):
        fail(session, "DESCRIBE a")
    assert session.statements == ["BEGIN", "DESCRIBE a", "ROLLBACK"]


def test_session_that_cannot_roll_back_is_closed() -> None:
    """A ROLLBACK that is not answered hides no error, and no later statement becomes part of its transaction."""
    network = Network(Bench().warehouse, losses=(2,))
    session = network.connect()
    with pytest.raises(KeyError):
        fail(session)
    assert session.lost
    assert network.database._open is None
