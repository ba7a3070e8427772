"""The extended query protocol: each message is carried out when it comes, so that ours and the backend's mix.

A statement that PostgreSQL can run as one goes through its own Parse, Bind and Execute. COPY, and what needs
several statements of the backend, is kept here and runs at Execute; such a statement takes no parameters.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from local_warehouse.redshift.errors import NotSupported, RedshiftError
from local_warehouse.redshift.grammar.lexer import statements_of
from local_warehouse.redshift.postgres import wire
from local_warehouse.redshift.postgres.connection import Admin, BackendError
from local_warehouse.redshift.rewrite.plans import Plan
from local_warehouse.redshift.serve.session import Session

# The message that ends the backend's answer to each of ours.
ENDS = {b"P": b"1", b"B": b"2", b"C": b"3", b"D": b"Tn", b"E": b"CIs"}


@dataclass
class Prepared:
    """A prepared statement, and what was last described of its result."""

    text: str
    plan: Plan
    verb: str
    ours: bool
    varbytes: list[int] = field(default_factory=list)
    fresh: Admin | None = None  # where the catalogs are read, if not in the session's own transaction


class Extended:
    """The prepared statements and portals of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.statements: dict[bytes, Prepared] = {}
        self.portals: dict[bytes, Prepared] = {}
        self.skipping = False  # after an error, up to Sync

    def take(self, kind: bytes, payload: bytes) -> None:
        """Carry out one message of the extended protocol."""
        if kind == b"S":
            self._sync()
        elif kind == b"H":
            self.session.client.flush()
        elif not self.skipping:
            try:
                {b"P": self._parse, b"B": self._bind, b"D": self._describe, b"E": self._execute, b"C": self._close}[
                    kind
                ](payload)
            except (RedshiftError, BackendError) as error:
                self.skipping = True
                from_backend = isinstance(error, BackendError)
                fields = error.fields if isinstance(error, BackendError) else error.fields()
                if from_backend:
                    self._end_backend_batch()
                self.session.fail(fields)

    def _sync(self) -> None:
        self._end_backend_batch()
        self.skipping = False
        self.session.client.write(b"Z", self.session.backend.status)
        self.session.client.flush()

    def _end_backend_batch(self) -> None:
        """Sync with the backend alone: ends its own skipping and tells the transaction's state."""
        backend = self.session.backend
        backend.channel.write(b"S")
        backend.channel.flush()
        backend.finish(ignore=True)
        self.session.fresh.sync()

    def _parse(self, payload: bytes) -> None:
        self.session.in_batch = True
        try:
            self._prepare(payload)
        finally:
            self.session.in_batch = False

    def _prepare(self, payload: bytes) -> None:
        name, text, rest = payload.split(b"\0", 2)
        statements = statements_of(text.decode("utf-8", "replace"))
        if len(statements) > 1:
            raise RedshiftError("42601", "cannot insert multiple commands into a prepared statement")
        if not statements:
            prepared = Prepared("", Plan([""]), "", False)
        else:
            tokens = statements[0]
            verb = next(token.word() for token in tokens if token.kind != "space")
            self.session.check_block(verb)
            parameters = any(token.kind == "parameter" for token in tokens)
            made = self.session.plan(tokens)
            ours = made.copy is not None or len(made.sqls) > 1 or made.commits or bool(made.after)
            if ours and parameters:
                raise NotSupported(f"parameters in a prepared {verb}")
            prepared = Prepared(text.decode("utf-8", "replace"), made, verb, ours, fresh=self.session.fresh_for(made))
        if prepared.ours:
            self.session.client.write(b"1")
        else:
            self._forward(b"P", name + b"\0" + prepared.plan.sqls[0].encode() + b"\0" + rest, prepared)
        self.statements[name] = prepared

    def _bind(self, payload: bytes) -> None:
        portal, name, _ = payload.split(b"\0", 2)
        prepared = self._prepared(name)
        if prepared.ours:
            self.session.client.write(b"2")
        else:
            self._forward(b"B", payload, prepared)
        self.portals[portal] = prepared

    def _prepared(self, name: bytes) -> Prepared:
        if name not in self.statements:
            raise RedshiftError("26000", f'prepared statement "{name.decode()}" does not exist')
        return self.statements[name]

    def _describe(self, payload: bytes) -> None:
        kind, name = payload[:1], payload[1:].rstrip(b"\0")
        prepared = self._prepared(name) if kind == b"S" else self.portals.get(name)
        if prepared is not None and prepared.ours:
            if kind == b"S":
                self.session.client.write(b"t", struct.pack("!H", 0))
            self.session.client.write(b"n")
            return
        self.session.varbytes = []
        self._forward(b"D", payload, prepared)
        if prepared is not None:
            prepared.varbytes = self.session.varbytes

    def _execute(self, payload: bytes) -> None:
        prepared = self.portals.get(payload.split(b"\0", 1)[0])
        if prepared is None:
            raise RedshiftError("34000", "portal does not exist")
        self.session.check_block(prepared.verb)
        self.session.in_batch = True
        try:
            self._run(prepared, payload)
        finally:
            self.session.in_batch = False

    def _run(self, prepared: Prepared, payload: bytes) -> None:
        self.session.check_plan(prepared.plan)
        self.session.shared.faults.trip(prepared.text)
        with self.session.fault(prepared.text):
            if prepared.ours:
                self._end_backend_batch()
                self.session.in_batch = False
                self.session.carry_out(prepared.plan)
                return
            self.session.varbytes = prepared.varbytes
            self.session.set_last_copy(prepared.plan)
            for sql in prepared.plan.before:
                # Outside a block there is nothing to keep a lock for; the row locks do.
                if self.session.backend.status == b"T" or not sql.startswith("LOCK"):
                    (prepared.fresh.run_in_batch if prepared.fresh else self.session.ask)(sql)
            self._forward(b"E", payload, prepared)
            self.session.note(prepared.plan)

    def _close(self, payload: bytes) -> None:
        kind, name = payload[:1], payload[1:].rstrip(b"\0")
        held = self.statements if kind == b"S" else self.portals
        prepared = held.pop(name, None)
        if prepared is not None and prepared.ours:
            self.session.client.write(b"3")
        else:
            self._forward(b"C", payload, prepared)

    def _forward(self, kind: bytes, payload: bytes, prepared: Prepared | None = None) -> None:
        """Send a message to the backend and its answer to the client; raises BackendError."""
        channel = ((prepared and prepared.fresh) or self.session.backend).channel
        channel.write(kind, payload)
        channel.write(b"H")
        channel.flush()
        made = prepared.plan if prepared else Plan()
        while True:
            answer, body = channel.read()
            if answer == b"E":
                raise BackendError(wire.fields_of(body))
            self.session.relay_message(answer, body, made)
            if answer in ENDS[kind]:
                return
