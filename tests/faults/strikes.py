"""One strike: the feed runs into a fault, is resumed, and what is in the warehouse is compared with what must be.

After the fault the feed is resumed either from the last STATE that came out on standard output, or from `--last-state`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_warehouse import faults
from local_warehouse.directory import admin_socket
from local_warehouse.supervisor import StandIns

from tests.faults.feeds import OLD, Feed, Rows
from tests.forks import Forked

TARGETS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
METHODS = ("append-only", "upsert", "overwrite")
RESUMES = ("stdout", "--last-state")
PIPELINE = "faults"
NOT_RUNNING = 2018  # Transaction .. does not exist or is not running
# Small enough for several loads in a run, and several files in a load.
BATCH_SIZE_ROWS = 8


@dataclass(frozen=True)
class Moment:
    """Where a fault strikes.

    `server` is a stand-in whose `at`-th call that matches fails, or "" for a kill after `seconds`. In a `hang` the
    target is killed. At `expire` the call goes on, and the tokens of Snowflake that `what` names have expired then.
    """

    server: str = ""
    action: str = ""  # cut, error, conflict, slowdown, hang, expire
    match: str = ""
    at: int = 1
    when: str = "before"
    seconds: float = 0.0
    what: str = ""


@dataclass
class Ground:
    """Running stand-ins, and a session of each warehouse to look at it from outside."""

    stand_ins: StandIns
    _sessions: dict[str, Any] = field(default_factory=dict)

    def query(self, warehouse: str, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, return its rows."""
        if warehouse not in self._sessions:
            self._sessions[warehouse] = connect(warehouse, self.stand_ins.configs[warehouse])
        with self._sessions[warehouse].cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description is not None else []

    def close(self) -> None:
        """End the sessions."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def order(self, moment: Moment) -> None:
        """Make the stand-in fail at the moment."""
        action = "hang" if moment.action == "expire" else moment.action
        told = {"action": action, "at": moment.at, "match": moment.match, "when": moment.when}
        faults.send(self._socket(moment.server), {"do": "fault", **told})

    def pending(self, server: str) -> list[dict[str, Any]]:
        """Return the faults that have not struck yet."""
        found: list[dict[str, Any]] = faults.send(self._socket(server), {"do": "list"})["faults"]
        return found

    def expire(self, server: str, what: str) -> None:
        """Let tokens expire, those of the session that looks from outside too."""
        self._sessions.pop(server, None)
        faults.send(self._socket(server), {"do": "expire", "what": what})

    def clear(self, server: str) -> None:
        """Forget faults and let go what hangs in them."""
        faults.send(self._socket(server), {"do": "clear"})

    def _socket(self, server: str) -> Path:
        return admin_socket(self.stand_ins.path, server)


def connect(warehouse: str, config: Mapping[str, Any]) -> Any:
    """Connect with the warehouse's own driver, in autocommit."""
    if warehouse == "redshift":
        import psycopg2

        names: tuple[str, ...] = ("host", "port", "user", "password", "sslmode")
        connection = psycopg2.connect(dbname=config["database"], **{name: config[name] for name in names})
        connection.autocommit = True
        return connection
    import snowflake.connector

    os.environ["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true"
    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    return snowflake.connector.connect(
        **{name: config[name] for name in names}, enable_server_session_keep_alive_auto_detection=False
    )


@dataclass(frozen=True)
class Place:
    """A schema and a prefix of their own, in one warehouse."""

    ground: Ground
    warehouse: str
    schema: str = field(default_factory=lambda: f"f_{uuid.uuid4().hex[:12]}")

    def configuration(self, method: str, **changes: Any) -> dict[str, Any]:
        """Return the target's configuration."""
        return {
            **self.ground.stand_ins.configs[self.warehouse],
            "default_target_schema": self.schema if self.warehouse == "redshift" else self.schema.upper(),
            "create_schema": True,
            "s3_key_prefix": f"faults/{self.schema}",
            "load_method": method,
            "pipeline_id": PIPELINE,
            **changes,
        }

    def make_old(self, feed: Feed) -> None:
        """Make the tables with the rows that a full load will replace."""
        self.query(f"CREATE SCHEMA {self.schema}")
        rows = ", ".join(f"({key}, '{note}')" for key, note in OLD)
        for stream in feed.streams:
            self.query(f"CREATE TABLE {self.schema}.{stream} (id DECIMAL(38, 0), note VARCHAR(100))")
            self.query(f"INSERT INTO {self.schema}.{stream} VALUES {rows}")

    def tables(self, streams: Sequence[str]) -> list[Rows]:
        """Return the rows of each stream's table, none if it is not there, as one statement sees them.

        A COMMIT that was on its way when its client was killed may still take effect between two statements.
        """
        there = self.query(
            f"SELECT lower(table_name) FROM information_schema.tables WHERE lower(table_schema) = '{self.schema}'"
        )
        known = [stream for stream in streams if (stream,) in there]
        selects = [f"SELECT '{stream}', id, note FROM {self.schema}.{stream}" for stream in known]
        found = self.query(" UNION ALL ".join(selects)) if selects else []
        return [Counter((int(key), str(note)) for of, key, note in found if of == stream) for stream in streams]

    def rows(self, stream: str) -> Rows:
        """Return the rows of a stream's table; none if it is not there."""
        return self.tables([stream])[0]

    def drop(self) -> None:
        """Leave nothing of it in the warehouse: a catalog of a thousand schemas would slow the rest down."""
        self.query(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement from outside."""
        return self.ground.query(self.warehouse, sql)


@dataclass(frozen=True)
class Outcome:
    """What is in the warehouse after fault and resume, against an undisturbed run."""

    lost: int
    doubled: int
    torn: bool  # right after the fault the tables stood at no STATE, at different ones, or behind one that came out
    survived: bool  # the target ended well in spite of the fault


def strike(
    ground: Ground,
    warehouse: str,
    feed: Feed,
    moment: Moment,
    resume: str,
    **settings: Any,
) -> Outcome:
    """Run the feed into the fault, resume it, and compare; `resume` is one of RESUMES."""
    place = Place(ground, warehouse)
    config = place.configuration(feed.method, **{"batch_size_rows": BATCH_SIZE_ROWS, **settings})
    if feed.method == "overwrite":
        place.make_old(feed)
    first = run_into(ground, warehouse, config, feed.messages(), moment)
    survived = first.returncode == 0
    came_out = max((state["next"] for state in states_of(first.stdout)), default=0)
    stood_at = feed.stands_at(place.tables(feed.streams))
    torn = stood_at is None or stood_at < came_out
    if not survived:
        end_detached(place)
        begin = came_out if resume == "stdout" else last_state(warehouse, config)
        second = run(warehouse, config, feed.messages(begin))
        if second.returncode:
            raise AssertionError(f"the resumed run failed after {moment}: {second.stderr.decode()}")
    lost = doubled = 0
    for stream in feed.streams:
        found = place.rows(stream)
        lost += (feed.rows() - found).total()
        doubled += (found - feed.rows()).total()
    place.drop()
    return Outcome(lost, doubled, torn, survived)


def end_detached(place: Place) -> None:
    """End the transactions of killed targets, as an operator of Snowflake would.

    Snowflake does not see that a client is gone: its transaction keeps its locks until it has blocked another one for
    five minutes (sql-reference/transactions), and the resumed run would wait for that.
    """
    if place.warehouse == "snowflake":
        from snowflake.connector.errors import ProgrammingError

        for row in place.query("SHOW TRANSACTIONS"):
            try:
                place.query(f"SELECT SYSTEM$ABORT_TRANSACTION({row[0]})")
            except ProgrammingError as error:
                # A COMMIT that was under way when its client died has come to its end since the list was made.
                if error.errno != NOT_RUNNING:
                    raise


def states_of(stdout: bytes) -> list[Any]:
    """Return the STATEs that came out whole."""
    return [json.loads(line) for line in stdout.splitlines(keepends=True) if line.endswith(b"\n")]


def last_state(warehouse: str, config: Mapping[str, Any]) -> int:
    """Return where `--last-state` says that the warehouse stands."""
    done = run(warehouse, config, b"", "--last-state")
    assert done.returncode == 0, done.stderr.decode()
    return int(json.loads(done.stdout).get("next", 0))


def run(
    warehouse: str, config: Mapping[str, Any], messages: bytes, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the target to its end."""
    with started(warehouse, config, *arguments) as process:
        stdout, stderr = process.communicate(messages)
    assert process.returncode is not None
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_into(
    ground: Ground, warehouse: str, config: Mapping[str, Any], messages: bytes, moment: Moment
) -> subprocess.CompletedProcess[bytes]:
    """Run the target into the fault."""
    if moment.server:
        ground.order(moment)
    try:
        if moment.server and moment.action not in ("hang", "expire"):
            return run(warehouse, config, messages)
        return _struck(ground, warehouse, config, messages, moment)
    finally:
        if moment.server:
            ground.clear(moment.server)


def _struck(
    ground: Ground, warehouse: str, config: Mapping[str, Any], messages: bytes, moment: Moment
) -> subprocess.CompletedProcess[bytes]:
    with started(warehouse, config) as process:
        begun = time.monotonic()
        assert process.stdin is not None
        process.stdin.write(messages)  # less than a pipe holds
        process.stdin.close()
        while process.poll() is None:
            passed = time.monotonic() - begun
            if passed > 60 or (not ground.pending(moment.server) if moment.server else passed > moment.seconds):
                if moment.action == "expire":
                    ground.expire(moment.server, moment.what)
                    ground.clear(moment.server)
                else:
                    process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        stdout, stderr = process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@contextmanager
def started(warehouse: str, config: Mapping[str, Any], *arguments: str) -> Iterator[Forked]:
    """Start the target; its configuration comes in a file that only we can read."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(dict(config), file)
        file.flush()
        with Forked(TARGETS[warehouse], ["--config", file.name, *arguments]) as process:
            yield process
