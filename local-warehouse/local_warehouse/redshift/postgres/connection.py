"""How do we ask PostgreSQL ourselves?  Statements over a connection, rows of text back."""

from __future__ import annotations

from collections.abc import Iterator

from local_warehouse.redshift.postgres import wire


class Admin:
    """Statements over a connection, answered with rows of text."""

    def __init__(self, channel: wire.Channel, ready: bool = False) -> None:
        self.channel = channel
        self.status = b"I"  # I idle, T in a transaction, E in a failed one
        if not ready:
            list(self._until_ready())

    def run(self, sql: str) -> list[list[str | None]]:
        """Run one or several statements; the rows of all of them. Raises BackendError."""
        rows = [wire.values_of(payload) for kind, payload in self._ask(sql) if kind == b"D"]
        return [[None if value is None else value.decode() for value in row] for row in rows]

    def run_in_batch(self, sql: str) -> list[list[str | None]]:
        """Run one statement between the messages of a client's extended query; its own names disturb none of them."""
        self.channel.write(b"P", b"rs_own\0" + wire.cstring(sql) + b"\0\0")
        self.channel.write(b"B", b"rs_own\0rs_own\0" + b"\0" * 6)
        self.channel.write(b"E", b"rs_own\0" + b"\0" * 4)
        self.channel.write(b"C", b"Prs_own\0")
        self.channel.write(b"C", b"Srs_own\0")
        self.channel.write(b"H")
        self.channel.flush()
        rows, closed = [], 0
        while closed < 2:
            kind, payload = self.channel.read()
            if kind == b"E":
                raise BackendError(wire.fields_of(payload))
            if kind == b"D":
                rows.append([None if value is None else value.decode() for value in wire.values_of(payload)])
            closed += kind == b"3"
        return rows

    def command(self, sql: str) -> str:
        """Run a statement; its command tag."""
        tags = [payload for kind, payload in self._ask(sql) if kind == b"C"]
        return tags[-1].rstrip(b"\0").decode()

    def _ask(self, sql: str) -> Iterator[wire.Message]:
        self.channel.write(b"Q", wire.cstring(sql))
        self.channel.flush()
        return self._until_ready()

    def fail(self, kind: bytes, payload: bytes) -> None:
        """Raise what a message says that came in place of the one hoped for."""
        first = wire.fields_of(payload) if kind == b"E" else {}
        for _ in self._until_ready():
            pass
        raise BackendError(first or {"C": "XX000", "M": "unexpected answer"})

    def finish(self, ignore: bool = False) -> None:
        """Read up to the next ReadyForQuery; with `ignore` an error on the way is expected."""
        try:
            for _ in self._until_ready():
                pass
        except BackendError:
            if not ignore:
                raise

    def _until_ready(self) -> Iterator[wire.Message]:
        failure: dict[str, str] = {}
        while True:
            kind, payload = self.channel.read()
            if kind == b"E":
                failure = failure or wire.fields_of(payload)
                if failure.get("S") in ("FATAL", "PANIC"):
                    raise BackendError(failure)
            if kind == b"Z":
                self.status = payload
                break
            yield kind, payload
        if failure:
            raise BackendError(failure)

    def close(self) -> None:
        self.channel.close()


class BackendError(Exception):
    """PostgreSQL refused a statement of ours; `fields` as in its ErrorResponse."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", "unknown error"))
        self.fields = fields


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | None) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
