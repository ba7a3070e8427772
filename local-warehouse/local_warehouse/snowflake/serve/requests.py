"""Requests for statements: each runs once per request id, however often a connector sends it again.

A connector that loses the connection repeats the request with the same id; the service then answers with the result
of the first. Several statements in one request, statements run in the background and their later results are here
too. https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example
"""

from __future__ import annotations

import select
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local_warehouse.faults import Fault, Faults
from local_warehouse.snowflake.bind.results import Result
from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.grammar.lexer import split_statements
from local_warehouse.snowflake.serve import parameters
from local_warehouse.snowflake.serve.session import ClientSession, describe
from local_warehouse.snowflake.values.types import TEXT

Answer = dict[str, Any]
# What a statement meets that waits for a lock; which of them, a fault says by `conflict`.
CONFLICTS = {
    625: "lock timeout reached: another transaction has locked the table",
    630: "Statement reached its statement or warehouse timeout of 1 second(s) and was canceled.",
}
KEPT = 100  # answers kept for repeated requests, per session
IN_PROGRESS, IN_PROGRESS_ASYNC = "333333", "333334"


class Disconnected(Exception):
    """The connection is to be cut without an answer."""


class AnswerLost(Exception):
    """The statement took effect; its answer is kept for a repeated request, and the connection is cut."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("fault on demand")
        self.answer = answer


class Requests:
    """The statements that clients have sent, by request id and by query id."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._lock = threading.Lock()
        self._answers: dict[str, Answer | None] = {}  # None while it runs
        self._done = threading.Condition(self._lock)
        self.running: dict[str, ClientSession] = {}
        self.queries: dict[str, tuple[ClientSession, str, Answer | None]] = {}  # query id -> session, text, answer

    def run(self, session: ClientSession, body: dict[str, Any], request_id: str, client: socket.socket) -> Answer:
        """The answer to a query request."""
        with self._done:
            if request_id in self._answers:
                while (answer := self._answers[request_id]) is None:
                    self._done.wait()
                return answer
            self._answers[request_id] = None
            if len(self._answers) > KEPT:
                oldest = next(iter(self._answers))
                if self._answers[oldest] is not None:
                    del self._answers[oldest]
        self.running[request_id] = session
        self.faults.trip(str(body.get("sqlText")))
        answer = failure(SqlError("the stand-in failed on this statement; see its log", 603, "XX000"))
        try:
            answer = self._answer(session, body, client)
        except SqlError as error:
            answer = failure(error)
        except AnswerLost as lost:
            answer = lost.answer
            raise Disconnected from None
        except Disconnected:
            with self._done:  # what did not run may be sent again
                self._answers.pop(request_id)
                self._done.notify_all()
            raise
        finally:
            self.running.pop(request_id, None)
            with self._done:
                if request_id in self._answers:
                    self._answers[request_id] = answer
                self._done.notify_all()
        return answer

    def _answer(self, session: ClientSession, body: dict[str, Any], client: socket.socket) -> Answer:
        if body.get("bindings"):
            raise SqlError("Unsupported feature 'binding on the server (paramstyle qmark or numeric)'.", 2, "0A000")
        text = str(body["sqlText"])
        wanted = (body.get("parameters") or {}).get("MULTI_STATEMENT_COUNT")
        statements = split_statements(text)
        count = int(wanted) if wanted is not None else session.parameters["MULTI_STATEMENT_COUNT"]
        several = statements if len(statements) > 1 or (wanted is not None and count != 1) else None
        if several and count not in (0, len(several)):
            raise SqlError(
                f"Actual statement count {len(several)} did not match the desired statement count {count}.", 8, "0A000"
            )
        query_id = str(uuid.uuid4())
        own = parameters.of_statement(body.get("parameters") or {})
        if body.get("asyncExec"):
            return self._background(session, text, several, query_id, own)
        return self._run(session, text, several, query_id, own, client)

    def _run(
        self,
        session: ClientSession,
        text: str,
        several: list[str] | None,
        query_id: str,
        own: Mapping[str, Any],
        client: socket.socket | None = None,
    ) -> Answer:
        if several:
            return self._several(session, several, query_id, own, client)
        return success(query_data(session, *self._one(session, text, query_id, own, client)))

    def _one(
        self, session: ClientSession, text: str, query_id: str, own: Mapping[str, Any], client: socket.socket | None
    ) -> tuple[str, Result]:
        due = self.faults.due(text)
        if due is not None and due.when == "before":
            _act(due, client)
        with session.lock, _own_parameters(session, own), _time_limit(session):
            done = session.execute(text, query_id)
        if due is not None and due.when == "after":
            try:
                _act(due, client)
            except Disconnected:
                raise AnswerLost(success(query_data(session, *done))) from None
        return done

    def _several(
        self,
        session: ClientSession,
        statements: list[str],
        outer: str,
        own: Mapping[str, Any],
        client: socket.socket | None,
    ) -> Answer:
        """Run the statements one after the other; `outer` is the id of the query that they are the children of."""
        ids: list[str] = []
        types: list[str] = []
        for text in statements:
            query_id, result = self._one(session, text, str(uuid.uuid4()), own, client)
            self.queries[query_id] = (session, text, success(query_data(session, query_id, result)))
            ids.append(query_id)
            types.append(str(result.statement_type))
        result = Result(
            ["multiple statement execution"], [TEXT], [["Multiple statements executed successfully."]], 0xA000
        )
        data = query_data(session, outer, result)
        return success({**data, "resultIds": ",".join(ids), "resultTypes": ",".join(types)})

    def _background(
        self, session: ClientSession, text: str, several: list[str] | None, query_id: str, own: Mapping[str, Any]
    ) -> Answer:
        """Start one or several statements and answer before they are done."""
        self.queries[query_id] = (session, text, None)

        def work() -> None:
            try:
                answer = self._run(session, text, several, query_id, own)
            except SqlError as error:
                answer = failure(error)
            except AnswerLost as lost:
                answer = lost.answer
            except Disconnected:
                answer = failure(SqlError("fault on demand", 603, "XX000"))
            with self._done:
                self.queries[query_id] = (session, text, answer)
                self._done.notify_all()

        threading.Thread(target=work, daemon=True).start()
        return in_progress(query_id, IN_PROGRESS_ASYNC)

    def result(self, query_id: str) -> Answer:
        """The answer of a query that was started earlier; waits a while for it."""
        self.faults.trip("")
        end = time.monotonic() + 30
        with self._done:
            while True:
                found = self.queries.get(query_id)
                if found is None:
                    return failure(SqlError(f"Query {query_id} was not found", 612, "02000"))
                if found[2] is not None:
                    return found[2]
                left = end - time.monotonic()
                if left <= 0:
                    return in_progress(query_id, IN_PROGRESS)
                self._done.wait(left)

    def status(self, query_id: str) -> Answer:
        """What GET /monitoring/queries/<id> says."""
        self.faults.trip("")
        found = self.queries.get(query_id)
        if found is None:
            return success({"queries": []})
        _, text, answer = found
        state = "RUNNING" if answer is None else "SUCCESS" if answer["success"] else "FAILED_WITH_ERROR"
        one = {
            "id": query_id, "status": state, "sqlText": text, "state": state,
            "errorCode": None if answer is None or answer["success"] else answer["code"],
            "errorMessage": None if answer is None else answer["message"],
        }  # fmt: skip
        return success({"queries": [one]})

    def abort(self, request_id: str) -> None:
        session = self.running.get(request_id)
        if session is not None:
            session.work.cancel()


def _act(due: Fault, client: socket.socket | None) -> None:
    """Fail, hang or cut; a hang ends when the fault is cleared or the client leaves."""
    if due.action == "cut":
        raise Disconnected
    if due.action == "hang":
        while not due.released.wait(0.05):
            if client is not None and select.select([client], [], [], 0)[0]:
                raise Disconnected
        return
    if due.action == "conflict":
        number = due.conflict or next(iter(CONFLICTS))
        raise SqlError(CONFLICTS[number], number, "57014")
    raise SqlError(due.message, 603, "XX000")


@contextmanager
def _own_parameters(session: ClientSession, own: Mapping[str, Any]) -> Iterator[None]:
    """Let parameters hold for one statement; what it sets itself stays."""
    before = {name: session.parameters[name] for name in own}
    session.parameters.update(own)
    try:
        yield
    finally:
        session.parameters.update(
            {name: value for name, value in before.items() if session.parameters[name] == own[name]}
        )


@contextmanager
def _time_limit(session: ClientSession) -> Iterator[None]:
    """STATEMENT_TIMEOUT_IN_SECONDS, where it is not the default of two days."""
    seconds = session.parameters["STATEMENT_TIMEOUT_IN_SECONDS"]
    if seconds in (0, 172_800):
        yield
        return
    reached, ended = threading.Event(), threading.Event()

    def stop() -> None:
        reached.set()
        session.work.cancel()
        while not ended.wait(0.1):
            session.work.cancel()  # an engine that had not begun yet does not notice the first one

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield
    except SqlError as error:
        if reached.is_set():
            raise SqlError(
                f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled.",
                630,
                "57014",
            ) from error
        raise
    finally:
        ended.set()
        timer.cancel()
        timer.join()  # behind this, nothing stops the session's next statement


def parameter_list(session: ClientSession) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in session.parameters.items()]


def query_data(session: ClientSession, query_id: str, result: Result) -> dict[str, Any]:
    """The `data` of an answer with a result."""
    rows = [list(row) for row in result.rows]
    return {
        "parameters": parameter_list(session), "rowtype": describe(result), "rowset": rows, "total": len(rows),
        "returned": len(rows), "queryId": query_id, "databaseProvider": None, "finalDatabaseName": session.database,
        "finalSchemaName": session.schema, "finalWarehouseName": session.warehouse, "finalRoleName": session.role,
        "numberOfBinds": 0, "arrayBindSupported": False, "statementTypeId": result.statement_type, "version": 1,
        "sendResultTime": int(time.time() * 1000), "queryResultFormat": "json", "queryContext": {"entries": []},
    }  # fmt: skip


def in_progress(query_id: str, code: str) -> Answer:
    data = {
        "queryId": query_id, "getResultUrl": f"/queries/{query_id}/result", "queryAbortsAfterSecs": 300,
        "progressDesc": None,
    }  # fmt: skip
    return {"data": data, "code": code, "message": "Query execution in progress.", "success": True}


def success(data: Any) -> Answer:
    return {"data": data, "code": None, "message": None, "success": True}


def failure(error: SqlError) -> Answer:
    """Snowflake's JSON error shape."""
    code = f"{error.code:06}"
    return {
        "data": {
            "internalError": False, "errorCode": code, "age": 0, "sqlState": error.sqlstate, "queryId": error.query_id,
            "line": -1, "pos": -1, "type": "COMPILATION",
        },
        "code": code, "message": error.message, "success": False, "headers": None,
    }  # fmt: skip
