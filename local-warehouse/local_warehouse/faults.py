"""Faults on demand: a server asks at every call whether to fail there, and a test says where.

A server holds one `Faults` and serves it on a Unix socket; a test or `local-warehouse fault` sets one:

    faults = Faults()                                   in the server
    close = serve(settings["admin_socket"], faults)
    fault = faults.due("COPY orders ...")               at each call; None nearly always

    send(path, {"do": "fault", "action": "error", "at": 2, "match": "^COPY"})

On the socket: one JSON object a line in, one JSON object a line out ({"ok": true, ...} or {"error": "..."}).
`do` is one of fault, clear (drops all faults and lets hanging calls go on), list, count (write down the calls from now
on), counted (what was written down), or a command of that server alone.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

# error: an error of the server's kind (S3: 500 InternalError); cut: the connection is closed without an
# answer; hang: no answer until the fault is cleared or the client goes away; delay: each answer comes so many seconds
# late, until the fault is cleared; slow: each statement takes so many seconds longer, also one of several in a call, or
# one that its client does not wait for. Of several delays the first one that was set and matches holds.
DELAY, SLOW = "delay", "slow"
LATE = (DELAY, SLOW)
ACTIONS = ("error", "cut", "hang", *LATE)
# Another transaction was in the way: Redshift 1023 or 1018 (c_serial_isolation), which a fault says by `conflict`;
# Snowflake 000625, a lock waited for too long.
WAREHOUSE_ACTIONS = (*ACTIONS, "conflict")
S3_ACTIONS = (*ACTIONS, "slowdown")  # 503 SlowDown
WHEN = ("before", "after")  # the call had no effect; the call took effect and only its answer is lost


class FaultError(ValueError):
    """A fault that cannot be set: unknown action, field or pattern; or a server that is not there."""


@dataclass
class Fault:
    """The `at`-th call (1 = the next) that matches fails, and so do the `times` - 1 after it."""

    action: str
    at: int = 1
    when: str = "before"
    match: str = ""  # a regular expression, searched in the call's text without regard to case
    times: int = 1
    message: str = "fault on demand"
    conflict: int = 0  # which error of the warehouse a conflict is; 0: its first
    seconds: float = 0.0  # of what is late
    seen: int = 0  # matching calls so far
    released: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @classmethod
    def parse(
        cls,
        values: Mapping[str, Any],
        actions: Sequence[str] = (*WAREHOUSE_ACTIONS, *S3_ACTIONS),
        conflicts: Sequence[int] = (),
    ) -> Fault:
        """Check what came over the socket; raises FaultError."""
        known = {f.name for f in fields(cls)} - {"seen", "released"}
        if unknown := set(values) - known:
            raise FaultError(f"a fault has no field {sorted(unknown)}; it has {sorted(known)}")
        if values.get("action") not in actions:
            raise FaultError(f"action is one of {sorted({*actions})}, got {values.get('action')!r}")
        if values.get("when", "before") not in WHEN:
            raise FaultError(f"when is one of {WHEN}, got {values['when']!r}")
        if values.get("conflict", 0) not in (0, *conflicts):
            raise FaultError(f"conflict is one of {sorted(conflicts)}, got {values['conflict']!r}")
        for name in ("at", "times"):
            if not isinstance(values.get(name, 1), int) or values.get(name, 1) < 1:
                raise FaultError(f"{name} is a whole number from 1, got {values[name]!r}")
        _demand_seconds(values)
        try:
            re.compile(values.get("match", ""))
        except re.error as error:
            raise FaultError(f"match is not a regular expression: {error}") from error
        return cls(**values)

    def shown(self) -> dict[str, Any]:
        """The fault as JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "released"}


def _demand_seconds(values: Mapping[str, Any]) -> None:
    """Raise FaultError for a delay without seconds, or for what has no meaning with it or without it."""
    seconds = values.get("seconds", 0)
    if values["action"] not in LATE:
        if seconds:
            raise FaultError(f"seconds belong to {' and '.join(LATE)}, not to {values['action']!r}")
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise FaultError(f"seconds of a {values['action']} are a number above 0, got {seconds!r}")
    if given := {"when", "times", "conflict"} & values.keys():
        raise FaultError(
            f"a {values['action']} has no {sorted(given)}: it holds from the at-th call until it is cleared"
        )


@dataclass
class Counted:
    """The calls of a server since a count was ordered: how often a client waited for an answer, and for what.

    Of a call the first MAX_TEXT characters at most, of a COPY none from its FROM on: what follows may hold keys.
    """

    MAX_TEXT: ClassVar[int] = 160
    trips: int = 0
    calls: list[str] = field(default_factory=list)

    def note(self, call: str) -> None:
        is_copy = call[:4].upper() == "COPY"
        kept = re.split(r"\bFROM\b", call, maxsplit=1, flags=re.IGNORECASE)[0] if is_copy else call
        self.calls.append(kept[: self.MAX_TEXT])


class Faults:
    """The faults of one server; safe to use from several threads."""

    def __init__(self, actions: Sequence[str] = ACTIONS, conflicts: Sequence[int] = ()) -> None:
        self.actions = actions
        self.conflicts = conflicts
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._spent: list[Fault] = []  # have hit for the last time, but a call may still hang in them
        self._delays: tuple[Fault, ...] = ()
        self._counted: Counted | None = None

    def set(self, fault: Fault) -> None:
        with self._lock:
            if fault.action in LATE:
                self._delays = (*self._delays, fault)
            else:
                self._faults.append(fault)

    def count(self) -> None:
        """Write down the calls from now on."""
        self._counted = Counted()

    def counted(self) -> Counted:
        """What was written down since `count`."""
        return self._counted or Counted()

    def trip(self, text: str) -> None:
        """A client waits for one answer, whatever number of calls it asks for: count that, be as late as ordered."""
        if self._counted is not None:
            with self._lock:
                self._counted.trips += 1
        self._be_late(DELAY, text)

    def _be_late(self, action: str, text: str) -> None:
        for delay in self._delays:
            if delay.action == action and re.search(delay.match, text, re.IGNORECASE | re.DOTALL):
                delay.seen += 1
                if delay.seen >= delay.at:
                    delay.released.wait(delay.seconds)
                    return

    def due(self, call: str) -> Fault | None:
        """Count one call, described by `call`, and return the fault that hits it, if any."""
        if self._counted is not None:
            with self._lock:
                self._counted.note(call)
        self._be_late(SLOW, call)
        if not self._faults:
            return None
        due = None
        with self._lock:
            for fault in list(self._faults):
                if not re.search(fault.match, call, re.IGNORECASE | re.DOTALL):
                    continue
                fault.seen += 1
                if due is None and fault.seen >= fault.at:
                    due = fault
                if fault.seen >= fault.at + fault.times - 1:
                    self._faults.remove(fault)
                    self._spent.append(fault)
        return due

    def clear(self) -> None:
        """Drop every fault and let the calls that hang go on."""
        with self._lock:
            for fault in (*self._faults, *self._spent, *self._delays):
                fault.released.set()
            self._delays = ()
            self._faults.clear()
            self._spent.clear()

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.shown() for fault in (*self._faults, *self._delays)]


Command = Callable[[Mapping[str, Any]], Any]


def serve(path: str | Path, faults: Faults, commands: Mapping[str, Command] | None = None) -> Callable[[], None]:
    """Answer on the Unix socket `path` in a thread; the returned function stops that and removes the file.

    `commands`: `do` -> function of the request, for what only this server can do; a ValueError
    that it raises is the answer's "error".
    """
    path = Path(path)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    os.chmod(path, 0o600)
    listener.listen()
    answers = {**_own_commands(faults), **(commands or {})}
    threading.Thread(target=_accept, args=(listener, answers), name="admin", daemon=True).start()

    def close() -> None:
        faults.clear()
        listener.close()
        path.unlink(missing_ok=True)

    return close


def send(path: str | Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Send one request to a server's admin socket; raises FaultError with the server's reason."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        try:
            connection.connect(str(path))
        except OSError as error:
            raise FaultError(f"no stand-in listens at {path}: {error.strerror}") from error
        connection.sendall(json.dumps(request).encode() + b"\n")
        line = connection.makefile("rb").readline()
    if not line:
        raise FaultError(f"the stand-in at {path} went away without an answer")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise FaultError(answer["error"])
    return answer


def _own_commands(faults: Faults) -> dict[str, Command]:
    def set_fault(request: Mapping[str, Any]) -> None:
        values = {name: value for name, value in request.items() if name != "do"}
        faults.set(Fault.parse(values, faults.actions, faults.conflicts))

    return {
        "fault": set_fault,
        "clear": lambda request: faults.clear(),
        "list": lambda request: {"faults": faults.shown()},
        "count": lambda request: faults.count(),
        "counted": lambda request: {"trips": faults.counted().trips, "calls": faults.counted().calls},
    }


def _accept(listener: socket.socket, commands: Mapping[str, Command]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed
            return
        threading.Thread(target=_converse, args=(connection, commands), daemon=True).start()


def _converse(connection: socket.socket, commands: Mapping[str, Command]) -> None:
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            try:
                connection.sendall(json.dumps(_answer(line, commands)).encode() + b"\n")
            except OSError:
                return


def _answer(line: bytes, commands: Mapping[str, Command]) -> dict[str, Any]:
    try:
        request = json.loads(line)
        if not isinstance(request, dict) or request.get("do") not in commands:
            raise FaultError(f'a request is a JSON object with "do", one of {sorted(commands)}')
        return {"ok": True, **(commands[request["do"]](request) or {})}
    except ValueError as error:
        return {"error": str(error)}
