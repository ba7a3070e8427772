"""What does one client's connection go through?  Statements in, answers out, the transaction state kept true.

The backend connection belongs to this client alone, so transactions, temporary tables and settings are the
backend's own; only COPY and the rewritten statements are carried out here.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from local_warehouse.faults import Fault, Faults
from local_warehouse.redshift.copy.load import Load
from local_warehouse.redshift.copy.load_records import Outcome, record_sql
from local_warehouse.redshift.copy.sources import Stage
from local_warehouse.redshift.errors import LoadFailed, NotSupported, RedshiftError, translate
from local_warehouse.redshift.grammar.copy_statement import Copy
from local_warehouse.redshift.grammar.lexer import Token, statements_of, text_of
from local_warehouse.redshift.grammar.names import LongNames
from local_warehouse.redshift.grammar.references import SYSTEM_SCHEMAS, last_part
from local_warehouse.redshift.postgres import wire
from local_warehouse.redshift.postgres.backend import Backend
from local_warehouse.redshift.postgres.connection import Admin, BackendError, literal
from local_warehouse.redshift.postgres.fresh import NAME, FreshCatalog
from local_warehouse.redshift.rewrite import serverless, widths
from local_warehouse.redshift.rewrite.late_views import LateViews
from local_warehouse.redshift.rewrite.plans import Plan
from local_warehouse.redshift.rewrite.statements import WRITE_LOCK, Context, plan
from local_warehouse.redshift.rewrite.super_values import Columns
from local_warehouse.redshift.settings import Settings

log = logging.getLogger(__name__)

IN_FAILED_BLOCK = "current transaction is aborted, commands ignored until end of transaction block"
# The number is the message and the words are its DETAIL (c_serial_isolation); psycopg2 shows them on two lines.
CONFLICTS = {1023: "Serializable isolation violation on table", 1018: "Relation does not exist"}
ENDING_VERBS = ("ROLLBACK", "ABORT", "COMMIT", "END")
MAX_STATEMENT_BYTES = 16 << 20
VARBYTE_OID = (6551).to_bytes(4, "big")


class Shared(Protocol):
    """What the sessions of one stand-in share."""

    @property
    def settings(self) -> Settings: ...
    @property
    def backend(self) -> Backend: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def names(self) -> LongNames: ...
    @property
    def late_views(self) -> set[str]: ...
    @property
    def serverless(self) -> bool: ...
    @property
    def wide_tables(self) -> set[str]: ...

    def next_query(self) -> int: ...
    def record(self, database: str, sql: str) -> None: ...
    def shows_parameter(self, payload: bytes) -> bool: ...


class Session:
    """One client after the login."""

    def __init__(
        self, shared: Shared, client: wire.Channel, backend: Admin, user: str, database: str, pid: int
    ) -> None:
        self.shared = shared
        self.client = client
        self.backend = backend
        self.user = user
        self.database = database
        self.pid = pid
        self.context = Context(
            shared.names, LateViews(shared.late_views, self.ask, self.hold_view), self.target, self.columns
        )
        self.in_batch = False  # between messages of the extended protocol
        self.reads_snapshot = False  # has the open transaction block taken its snapshot?
        self.last_copy = {"count": 0, "id": -1}
        self.varbytes: list[int] = []  # columns of the result under way that hold VARBYTE
        self.catalog_changed = False  # has the open transaction block changed the catalog?
        self.fresh = FreshCatalog(lambda: Admin(shared.backend.connect(user, database, application_name=NAME)))

    def query(self, text: str) -> None:
        """The simple protocol; several statements in one message are one transaction, as in PostgreSQL."""
        own_block = False
        try:
            check_size(text)
            self.shared.faults.trip(text)
            statements = statements_of(text)
            if not statements:
                self.client.write(b"I")
            if len(statements) > 1 and self.backend.status == b"I" and not _controls(statements):
                self.backend.run("BEGIN")
                own_block = True
            for tokens in statements:
                self._statement(tokens)
            if own_block and self.backend.status == b"T":
                self.backend.run("COMMIT")
        except RedshiftError as error:
            self.fail(error.fields())
        except BackendError as error:
            self.fail(error.fields)
        if own_block and self.backend.status != b"I":
            self.backend.run("ROLLBACK")
        self.client.write(b"Z", self.backend.status)
        self.client.flush()

    def _statement(self, tokens: list[Token]) -> None:
        self.check_block(next(token.word() for token in tokens if token.kind != "space"))
        text = text_of(tokens)
        made = self.plan(tokens)
        self.check_plan(made)
        with self.fault(text):
            self.carry_out(made)

    def plan(self, tokens: list[Token]) -> Plan:
        """What to do with one statement."""
        if self.shared.serverless:
            serverless.refuse(tokens)
        return plan(tokens, self.context)

    @property
    def load_errors(self) -> str:
        """The view that a failed load points to."""
        return "sys_load_error_detail" if self.shared.serverless else "stl_load_errors"

    def target(self, table: str, lock_mode: str) -> Columns:
        """Names and types of the columns of a table that is to be written, once it is locked.

        In a block the lock comes first, so that the snapshot is taken after it.
        """
        if self.backend.status == b"T" and not self.reads_snapshot:
            self.ask(f"LOCK TABLE {table} IN {lock_mode} MODE")
        rows = self.ask(
            "SELECT attname, atttypid::regtype, relkind, relnamespace::regnamespace,"
            " has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') FROM pg_class c"
            " LEFT JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped"
            f" WHERE c.oid = to_regclass({literal(table)}) ORDER BY attnum"
        )
        if rows and rows[0][2] == "v":
            raise RedshiftError("42809", f'cannot write into a view: "{last_part(table)}"')
        if rows and rows[0][3] in SYSTEM_SCHEMAS:
            raise RedshiftError("42501", f"permission denied for relation {last_part(table)}")
        if rows and lock_mode == WRITE_LOCK and rows[0][4] != "t":
            # r_GRANT: UPDATE and DELETE also need SELECT; PostgreSQL asks for it where a column is read.
            raise RedshiftError("42501", f"permission denied for relation {last_part(table)}")
        return [(str(name), str(kind)) for name, kind, *_ in rows]

    def hold_view(self, view: str) -> None:
        """Wait until nobody replaces a view and, in a transaction block, let nobody replace it before the end."""
        lock = f"LOCK TABLE {view} IN ACCESS SHARE MODE"
        if self.backend.status == b"T":
            self.ask(lock)
        elif self.backend.status == b"I" and not self.in_batch:
            self.ask(f"{lock}; SELECT 1")  # two statements are a transaction of their own

    def columns(self, table: str) -> set[str]:
        """The names of a table's columns."""
        rows = self.ask(
            f"SELECT attname FROM pg_attribute WHERE attrelid = to_regclass({literal(table)})"
            " AND attnum > 0 AND NOT attisdropped"
        )
        return {str(name) for (name,) in rows}

    def ask(self, sql: str) -> list[list[str | None]]:
        """A statement of our own on the client's backend connection."""
        return self.backend.run_in_batch(sql) if self.in_batch else self.backend.run(sql)

    def check_block(self, verb: str) -> None:
        """Refuse everything but the end of a failed transaction block."""
        if self.backend.status == b"E" and verb not in ENDING_VERBS:
            raise RedshiftError("25P02", IN_FAILED_BLOCK)

    def check_plan(self, made: Plan) -> None:
        """Refuse what cannot run here and now."""
        if made.outside_block and self.backend.status != b"I":
            raise RedshiftError("25001", made.outside_block)
        if made.refusal:
            raise NotSupported(made.refusal)
        if self.backend.status == b"I":
            self.reads_snapshot = self.catalog_changed = False
        elif self.reads_snapshot and made.tables:
            self._refuse_later_tables(made.tables)
        if self.shared.wide_tables:
            widths.refuse(made.tables, self.shared.wide_tables, self.ask, self.pid)

    def _refuse_later_tables(self, names: list[str]) -> None:
        """A table that was made after the transaction's snapshot does not exist in it (c_serial_isolation)."""
        listed = ", ".join(literal(name) for name in names)
        later = self.ask(
            f"SELECT name FROM unnest(ARRAY[{listed}]::text[]) AS name WHERE to_regclass(name) IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(name))"
        )
        if later:
            raise RedshiftError("XX000", "1018", CONFLICTS[1018])

    def fail(self, fields: dict[str, str]) -> None:
        """Send an error; an open transaction block is failed from now on."""
        if self.backend.status == b"T":
            try:
                self.backend.run("SELECT pg_catalog.rs_fail('', '')")
            except BackendError as error:
                if error.fields.get("S") in ("FATAL", "PANIC"):
                    fields = error.fields
        self.client.write(b"E", self._restored(wire.error_payload(translate(fields))))
        if fields.get("S") in ("FATAL", "PANIC"):
            self.client.flush()
            raise wire.Disconnected("the backend ended the session")

    @contextmanager
    def fault(self, text: str) -> Iterator[None]:
        """Fail, cut or hang where a fault on demand says so, before or after the statement took effect."""
        due = self.shared.faults.due(text)
        if due is None:
            yield
        elif due.when == "before":
            self._act(due)
            yield
        else:
            self.client.hold()
            yield
            self.client.release(due.action == "hang")
            self._act(due)

    def _act(self, due: Fault) -> None:
        if due.action == "cut":
            raise wire.Disconnected("fault on demand")
        if due.action == "hang":
            self._hang(due)
            return
        if due.action == "conflict":
            number = due.conflict or next(iter(CONFLICTS))
            raise RedshiftError("XX000", str(number), CONFLICTS[number])
        raise RedshiftError("XX000", due.message)

    def _hang(self, due: Fault) -> None:
        """Say nothing until the fault is cleared, the client leaves or the backend is told to end."""
        while not due.released.wait(0.05):
            if select.select([self.client.sock, self.backend.channel.sock], [], [], 0)[0]:
                raise wire.Disconnected("the client left, or its backend was ended")

    def _restored(self, payload: bytes) -> bytes:
        return self.shared.names.restore(payload)

    def carry_out(self, made: Plan) -> None:
        """Run a statement and send its answer, up to but without ReadyForQuery."""
        if made.copy is not None:
            self._copy(made.copy)
            return
        self.set_last_copy(made)
        self._relay(made, self.fresh_for(made) or self.backend)
        if made.commits and self.backend.status == b"T":
            self.backend.run("COMMIT")
        for sql in made.after:
            self.backend.run(sql)
        self.note(made)

    def fresh_for(self, made: Plan) -> Admin | None:
        """The connection that sees the catalogs as they are, where the block's own does not."""
        late = made.catalog_only and not made.uses_last_copy and self.reads_snapshot and not self.catalog_changed
        return self.fresh.connection(self.ask) if late and self.backend.status == b"T" else None

    def set_last_copy(self, made: Plan) -> None:
        """pg_last_copy_count() and its like read a setting, which is put right before they are asked."""
        if made.uses_last_copy:
            for name, value in self.last_copy.items():
                self.ask(f"SELECT set_config('rs.last_copy_{name}', '{value}', false)")

    def note(self, made: Plan) -> None:
        """Keep what a statement that succeeded changed in the session."""
        self.reads_snapshot = self.reads_snapshot or bool(made.tables or made.sqls[0].startswith("CREATE"))
        self.catalog_changed = self.catalog_changed or made.changes_catalog
        if made.setting and made.setting[0] == "enable_case_sensitive_identifier":
            self.context.case_sensitive = made.setting[1] == "on"
        if made.changes_catalog:
            self.shared.wide_tables.update(widths.found(made.sqls[0], self.ask))
        if made.late_view:
            self.context.late_views.names.add(made.late_view)

    def _relay(self, made: Plan, backend: Admin) -> None:
        """Send the statements to the backend and what answers the first one to the client."""
        channel = backend.channel
        channel.write(b"Q", wire.cstring(";\n".join([*made.before, *made.sqls])))
        channel.flush()
        answered = -len(made.before)
        failure: dict[str, str] = {}
        while True:
            kind, payload = channel.read()
            if kind == b"Z":
                backend.status = payload
                break
            if kind == b"E":
                failure = failure or wire.fields_of(payload)
                if failure.get("S") in ("FATAL", "PANIC"):
                    break
            elif answered == 0 or kind in b"NSA":
                self.relay_message(kind, payload, made)
            if kind in b"CI":
                answered += 1
        if failure:
            raise BackendError(failure)

    def relay_message(self, kind: bytes, payload: bytes, made: Plan) -> None:
        """Send one message of the backend on, as Redshift would have sent it."""
        if kind == b"N":
            self._notice(payload)
            return
        if kind == b"S":
            if self.shared.shows_parameter(payload):
                self.client.write(b"S", payload)
            return
        if kind == b"T":
            payload = self._restored(payload)
            described = enumerate(wire.columns_of(payload))
            self.varbytes = [n for n, (_, rest) in described if rest[6:10] == VARBYTE_OID]
        elif kind == b"D" and self.varbytes:
            payload = self._plain_hex(payload)
        elif kind == b"C" and made.tag:
            payload = wire.cstring(made.tag)
        self.client.write(kind, payload)

    def _plain_hex(self, payload: bytes) -> bytes:
        values = wire.values_of(payload)
        for n in self.varbytes:
            value = values[n]
            values[n] = value.removeprefix(b"\\x") if value else value
        return wire.data_row(values)

    def _notice(self, payload: bytes) -> None:
        fields = translate(wire.fields_of(payload))
        fields["S"] = "INFO" if fields.get("S") == "NOTICE" else fields.get("S", "INFO")
        self.client.write(b"N", self._restored(wire.error_payload(fields)))

    def _copy(self, copy: Copy) -> None:
        own_block = self.backend.status == b"I"
        if own_block:
            self.backend.run("BEGIN")
        query = self.shared.next_query()
        load = None
        try:
            load = Load(copy, self.backend, Stage(self.shared.settings, copy))
            self.last_copy["id"] = query
            outcome = load.run()
            self._leave_record(outcome, copy, query)
            if own_block:
                self.backend.run("COMMIT")
        except LoadFailed as failed:
            assert load is not None
            self.last_copy["count"] = 0
            self._leave_record(load.outcome, copy, query)
            raise LoadFailed(failed.table, self.load_errors) from None
        finally:
            if own_block and self.backend.status != b"I":
                self.backend.run("ROLLBACK")
        self.last_copy["count"] = outcome.loaded
        self.reads_snapshot = True
        self._say_loaded(outcome)

    def _leave_record(self, outcome: Outcome, copy: Copy, query: int) -> None:
        """Write the system tables over a connection of the server's, so that ROLLBACK leaves them."""
        self.shared.record(self.database, record_sql(outcome, copy, query, self.pid, self.user, self.database))

    def _say_loaded(self, outcome: Outcome) -> None:
        text = f"Load into table '{outcome.table}' completed, {outcome.loaded} record(s) loaded successfully."
        self._info(text)
        if outcome.errors:
            left_out = f"{len(outcome.errors)} record(s) could not be loaded."
            check = f"Check '{self.load_errors}' system table for details."
            self._info(f"Load into table '{outcome.table}' completed, {left_out}  {check}")
        self.client.write(b"C", wire.cstring("COPY"))

    def _info(self, text: str) -> None:
        payload = wire.error_payload({"S": "INFO", "C": "00000", "M": text})
        self.client.write(b"N", self._restored(payload))


def check_size(text: str) -> None:
    """A statement has at most 16 MB (c_redshift-sql)."""
    if len(text) > MAX_STATEMENT_BYTES // 4 and len(text.encode()) > MAX_STATEMENT_BYTES:
        sizes = f"Statement Size: {len(text.encode())} bytes. Maximum Allowed: {MAX_STATEMENT_BYTES} bytes"
        raise RedshiftError("54000", f"Statement is too large. {sizes}")


def _controls(statements: list[list[Token]]) -> bool:
    """Does one of the statements begin or end a transaction itself, or refuse to run in one?"""
    verbs = {next(token.word() for token in tokens if token.kind != "space") for tokens in statements}
    return bool(verbs & {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "VACUUM"})
