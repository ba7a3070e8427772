"""A session as our code has it: statements travel, and whatever may happen to them on their way and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from greenlet import greenlet
from singer_bulk.errors import ConfigError
from singer_bulk.warehouse.dialect import LOCK_SECONDS

from tests.simulate.engine import Row
from tests.simulate.faults import Faults
from tests.simulate.properties import Broken
from tests.simulate.schedule import Killed, Process, Scheduler
from tests.simulate.statements import Statements
from tests.simulate.steps import step_of
from tests.simulate.tables import Transaction


class Session:
    """One connection of a process. What the process does not hear of may have happened all the same.

    on_fence: called when the fence of a pipeline is read at the beginning of a run.
    """

    def __init__(
        self,
        statements: Statements,
        scheduler: Scheduler,
        faults: Faults,
        process: Process,
        on_fence: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_fence = on_fence
        self._statements, self._tables = statements, statements.tables
        self._scheduler, self._faults, self._process = scheduler, faults, process
        self._lost = False
        self._on_its_way: Callable[[], Any] | None = None
        self._connect()
        self._backend = self._tables.connect()
        process.at_death.append(self._process_died)

    def execute(self, sql: str) -> list[Row]:
        """Run one statement, or COPY with the question for its count."""
        first, _, last = sql.partition("; SELECT pg_last_copy")
        if last:
            return self._call("COPY", first, lambda: self._copied(first))
        return self._call(step_of(sql), sql, lambda: self._statements.execute(self._backend, sql))

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements in one call."""
        if statements:
            what = f"{len(statements)} statements"
            self._call(step_of(statements[0]), what, lambda: self._statements.execute_all(self._backend, statements))

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        """Run calls side by side. When one fails the others go on, and nobody listens to them."""
        waiting: list[greenlet] = []
        ended: list[Exception | None] = []

        def run(call: Sequence[str]) -> None:
            try:
                self._call("COPY SCRATCH", f"{len(call)} statements", lambda: self._all(call))
            except Exception as error:
                ended.append(error)
            else:
                ended.append(None)
            self._scheduler.wake(waiting)

        for call in calls:
            self._scheduler.begin(self._process, "together", partial(run, call))
        while len(ended) < len(calls) and not any(ended):
            self._scheduler.park(waiting)
        for error in ended:
            if error is not None:
                raise error

    def lock(self, statements: Sequence[str], max_seconds: int) -> list[Row]:
        """Run statements that wait for locks no longer than this."""
        self._backend.lock_seconds = max_seconds
        try:
            answers = self._call("LOCK", " ".join(statements), lambda: self._all(statements))
        except Exception:
            if self._backend.transaction is not None and not self._backend.transaction.failed:
                self._statements.fail(self._backend)
            raise
        finally:
            self._backend.lock_seconds = 1e9 if self._tables.redshift else LOCK_SECONDS
        return answers[0]

    def holders(self, tables: Any) -> str:
        """Return who holds locks; this user may not see it."""
        return ""

    def close(self) -> None:
        """End the session."""
        if not self._lost:
            self._lost = True
            self._tables.end(self._backend)

    def transaction(self) -> str:
        """Return what names the open transaction."""
        transaction = self._backend.transaction
        return "none" if transaction is None else transaction.name

    def end_transaction(self, name: str) -> None:
        """See to it that a transaction of another session has ended."""
        self._call("END TRANSACTION", name, lambda: self._end(name))

    def _end(self, name: str) -> list[Row]:
        for backend in [*self._tables.backends.values()]:
            found: Transaction | None = backend.transaction
            if found is not None and found.explicit and found.name == name and backend is not self._backend:
                self._tables.end(backend)
        return []

    def _copied(self, sql: str) -> list[Row]:
        self._statements.execute(self._backend, sql)
        return [(self._backend.last_copy,)]

    def _all(self, statements: Sequence[str]) -> list[list[Row]]:
        return [self._statements.execute(self._backend, sql) for sql in statements]

    def _connect(self) -> None:
        self._scheduler.check()
        fault = self._faults.at("CONNECT")
        self._scheduler.note(f"connect{f' <{fault}>' if fault else ''}")
        self._scheduler.sleep(300.0 if fault == "hang" else self._scheduler.random())
        if fault == "death before":
            self._die()
        if fault == "refused":
            raise ConfigError("the login is refused", code="RS-CONNECT" if self._tables.redshift else "SF-CONNECT")

    def _call(self, step: str, what: str, effect: Callable[[], Any]) -> Any:
        scheduler, tables = self._scheduler, self._tables
        scheduler.check()
        if self._lost or self._backend.over:
            self._lost = True
            raise tables.lost()
        fault = self._faults.at(step)
        if scheduler.keeps_trace:
            scheduler.note(f"{step}{f' <{fault}>' if fault else ''}: {_shown(what)}")
        self._on_its_way = effect
        scheduler.sleep(scheduler.random() * (4000.0 if fault == "hang" else 0.3))
        if fault is not None:
            self._strike(fault, effect)
        self._on_its_way = None
        self._backend.leaves_out = fault == "row left out"
        if step == "COMMIT" and self._process.signal is not None:
            scheduler.problem = Broken("nothing is committed behind a signal", "COMMIT was sent")
        try:
            answer = effect()
        except Exception as error:
            scheduler.note(f"{step}: {_shown(str(error))}")
            raise
        if step == "READ FENCE" and self._backend.transaction is None:
            self._on_fence()
        if fault == "death after":
            self._die()
        if fault == "cut after":
            self._lose()
        scheduler.step()
        return answer

    def _strike(self, fault: str, effect: Callable[[], Any]) -> None:
        """Do what happens before the effect of a statement."""
        if fault in ("late", "death, then effect"):
            self._begin_late(effect)
        if fault in ("death before", "death, then effect"):
            self._on_its_way = None
            self._die()
        if fault in ("conflict", "refused"):
            self._statements.fail(self._backend)
            raise self._tables.conflict("simulated") if fault == "conflict" else self._tables.refused("simulated")
        if fault == "cut, left open":
            self._lose(seconds=1000.0)
        if fault == "late":
            self._lost = True
            raise self._tables.lost()
        if fault == "cut before":
            self._lose()

    def _begin_late(self, effect: Callable[[], Any]) -> None:
        """Let the effect come when it likes, in a session that nobody listens to any more, and that ends then."""
        backend, tables, scheduler = self._backend, self._tables, self._scheduler

        def later() -> None:
            scheduler.sleep(scheduler.random() ** 3 * 100)
            if not backend.over:
                scheduler.note("what was on its way takes effect")
                _quietly(effect)
            tables.end(backend)

        scheduler.begin(self._tables.process, f"late-{backend.number}", later)

    def _lose(self, seconds: float = 0.0) -> None:
        """Lose the connection; the warehouse notices that at once, or in so many seconds."""
        self._lost = True
        backend, tables, scheduler = self._backend, self._tables, self._scheduler
        if not seconds:
            tables.end(backend)
        else:
            scheduler.begin(
                self._tables.process, f"lost-{backend.number}", lambda: (scheduler.sleep(seconds), tables.end(backend))
            )
        raise tables.lost()

    def _die(self) -> None:
        self._scheduler.kill(self._process)
        raise Killed

    def _process_died(self) -> None:
        """Let the warehouse notice it: what was on its way may take effect before."""
        scheduler, backend = self._scheduler, self._backend
        if self._lost or backend.over:
            return
        self._lost = True
        effect, self._on_its_way = self._on_its_way, None
        if effect is not None and scheduler.random() < 0.5:
            self._begin_late(effect)
            return
        seconds = scheduler.random() ** 4 * 300
        scheduler.begin(
            self._tables.process,
            f"dead-{backend.number}",
            lambda: (scheduler.sleep(seconds), self._tables.end(backend)),
        )


def _quietly(effect: Callable[[], Any]) -> None:
    with suppress(Exception):  # nobody listens
        effect()


def _shown(text: str) -> str:
    """Return what a trace has of a text: no ids, no keys of files, not all of it."""
    return re.sub(r"[0-9a-f]{32}|\d{8}T\d{6}Z", "#", text)[:160]
