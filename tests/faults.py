"""Faults x moments: a target is killed, cut off or refused at a moment, the feed is resumed, the rows are counted.

`python -m tests.faults` runs the long form on both stand-ins and writes docs/faults.md; tests/load/test_faults.py
runs the short one. A feed is a tap that resumes exactly at its STATE: two streams, interleaved, with a STATE that
covers both. After the fault it is resumed either from the last STATE that came out on stdout, or from `--last-state`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_warehouse import faults
from local_warehouse.directory import admin_socket
from local_warehouse.supervisor import StandIns

from tests.forks import Forked

TOP = Path(__file__).parent.parent
PAGE = TOP / "docs" / "faults.md"

TARGETS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
METHODS = ("append-only", "upsert", "overwrite")
STREAMS = ("orders", "users")
RECORDS_PER_STATE = 5
STATES = 6
# Small enough for several loads in a run.
BATCH_SIZE_ROWS = 8


@dataclass(frozen=True)
class Moment:
    """Where a fault strikes. `server` is a stand-in, or "" for a kill at `at` thousandths of an undisturbed run."""

    server: str = ""
    action: str = ""  # cut, error, hang, slowdown; for a hang the target is killed in it
    match: str = ""
    at: int = 1
    when: str = "before"

    def __str__(self) -> str:
        if not self.server:
            return "kill -9 at a random instant"
        deed = "kill -9" if self.action == "hang" else self.action
        place = "S3 call" if self.server == "s3" else (self.match.strip("^") or "statement")
        return f"{deed} {self.when} {place}"


# The steps of a load by name, and what a fault there means.
STEPS = ("^BEGIN", "^COPY", "^INSERT INTO", "^COMMIT")


def named_moments(server: str) -> Iterator[Moment]:
    """Yield a lost connection and a kill, before and after each named step took effect."""
    for action in ("cut", "hang"):
        for match in STEPS:
            for when in ("before", "after"):
                yield Moment(server, action, match, 1, when)


def feed(begin: int, method: str) -> bytes:
    """Return the messages of the tap from STATE `begin` on; a full load (overwrite) always begins anew."""
    lines: list[dict[str, Any]] = [
        {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"properties": {"id": {"type": "integer"}}},
            "key_properties": ["id"],
        }
        for stream in STREAMS
    ]
    for number in range(0 if method == "overwrite" else begin, STATES):
        for position in range(RECORDS_PER_STATE):
            identity = number * RECORDS_PER_STATE + position
            lines += [{"type": "RECORD", "stream": stream, "record": {"id": identity}} for stream in STREAMS]
        lines.append({"type": "STATE", "value": {"next": number + 1}})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@dataclass
class Stage:
    """A running set of stand-ins and a way to count rows in it."""

    stand_ins: StandIns
    query: Callable[[str, str], list[tuple[Any, ...]]]

    def order(self, moment: Moment) -> None:
        """Make the stand-in fail at the moment."""
        told = {"action": moment.action, "at": moment.at, "match": moment.match, "when": moment.when}
        faults.send(self._socket(moment.server), {"do": "fault", **told})

    def struck(self, server: str) -> bool:
        """Return whether the fault that was ordered has struck."""
        return faults.send(self._socket(server), {"do": "list"})["faults"] == []

    def clear(self, server: str) -> None:
        """Forget faults and let go what hangs in them."""
        faults.send(self._socket(server), {"do": "clear"})

    def _socket(self, server: str) -> Path:
        return admin_socket(self.stand_ins.path, server)


@dataclass(frozen=True)
class Outcome:
    """What is in the warehouse after fault and resume, against an undisturbed run."""

    lost: int
    doubled: int
    one_without_the_other: bool  # right after the fault: a STATE came out, and its rows were not there
    survived: bool  # the target ended well in spite of the fault


def strike(stage: Stage, warehouse: str, method: str, moment: Moment, resume: str, seconds: float = 0) -> Outcome:
    """Run the feed into the fault, resume it, and compare; `resume` is "stdout" or "last-state"."""
    schema = f"f_{uuid.uuid4().hex[:12]}"
    config = configuration(stage, warehouse, method, schema)
    begin, survived = 0, False
    first = run_until(stage, warehouse, config, feed(0, method), moment, seconds)
    survived = first.returncode == 0
    came_out = [json.loads(line)["next"] for line in first.stdout.splitlines() if line.endswith(b"}")]
    present = {stream: rows_of(stage, warehouse, schema, stream) for stream in STREAMS}
    acknowledged = set(range(max(came_out, default=0) * RECORDS_PER_STATE))
    torn = any(acknowledged - set(rows) for rows in present.values()) or present["orders"] != present["users"]
    if not survived:
        end_detached(stage, warehouse)
        begin = max(came_out, default=0) if resume == "stdout" else last_state(warehouse, config)
        second = run(warehouse, config, feed(begin, method))
        if second.returncode:
            raise AssertionError(f"the resumed run failed after {moment}: {second.stderr.decode()}")
    wanted = set(range(STATES * RECORDS_PER_STATE))
    lost = doubled = 0
    for stream in STREAMS:
        counts = Counter(rows_of(stage, warehouse, schema, stream))
        lost += len(wanted - set(counts))
        doubled += sum(count - 1 for count in counts.values())
    return Outcome(lost, doubled, torn, survived)


def end_detached(stage: Stage, warehouse: str) -> None:
    """End the transactions of killed targets, as an operator of Snowflake would.

    Snowflake does not see that a client is gone: its transaction keeps its locks until it has blocked another one for
    five minutes (sql-reference/transactions), and the resumed run would wait for that.
    """
    if warehouse == "snowflake":
        for row in stage.query(warehouse, "SHOW TRANSACTIONS"):
            stage.query(warehouse, f"SELECT SYSTEM$ABORT_TRANSACTION({row[0]})")


def configuration(stage: Stage, warehouse: str, method: str, schema: str) -> dict[str, Any]:
    """Return the target's configuration with a schema and a prefix of this strike."""
    config = dict(stage.stand_ins.configs[warehouse])
    return {
        **config,
        "default_target_schema": schema if warehouse == "redshift" else schema.upper(),
        "s3_key_prefix": f"faults/{schema}",
        "load_method": method,
        "batch_size_rows": BATCH_SIZE_ROWS,
        "pipeline_id": "faults",
    }


def run(
    warehouse: str, config: Mapping[str, Any], messages: bytes, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the target to its end."""
    with started(warehouse, config, *arguments) as process:
        stdout, stderr = process.communicate(messages, timeout=100)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_until(
    stage: Stage, warehouse: str, config: Mapping[str, Any], messages: bytes, moment: Moment, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """Run the target into the fault."""
    if moment.server and moment.action != "hang":
        stage.order(moment)
        done = run(warehouse, config, messages)
        stage.clear(moment.server)
        return done
    if moment.server:
        stage.order(moment)
    with started(warehouse, config) as process:
        assert process.stdin is not None
        process.stdin.write(messages)
        process.stdin.close()
        process.stdin = None
        deadline = time.monotonic() + (60 if moment.server else seconds)
        while time.monotonic() < deadline and not (moment.server and stage.struck(moment.server)):
            try:
                process.wait(0.01)
                break
            except subprocess.TimeoutExpired:
                continue
        process.send_signal(signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=60)
    if moment.server:
        stage.clear(moment.server)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def started(warehouse: str, config: Mapping[str, Any], *arguments: str) -> Forked:
    """Start the target; its configuration comes through a file that only we can read."""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"{uuid.uuid4().hex}.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(config), file)
    # The target reads its configuration before anything else; the file goes when this process does.
    FILES.append(path)
    return Forked(TARGETS[warehouse], ["--config", path, *arguments])


FILES: list[Path] = []


def forget_files() -> None:
    """Remove the configuration files."""
    while FILES:
        FILES.pop().unlink(missing_ok=True)


def last_state(warehouse: str, config: Mapping[str, Any]) -> int:
    """Return where `--last-state` says that the warehouse stands."""
    done = run(warehouse, config, b"", "--last-state")
    assert done.returncode == 0, done.stderr.decode()
    return int(json.loads(done.stdout).get("next", 0))


def rows_of(stage: Stage, warehouse: str, schema: str, stream: str) -> list[int]:
    """Return the ids in the stream's table, in order; none if it is not there."""
    tables = stage.query(
        warehouse,
        "SELECT 1 FROM information_schema.tables "
        f"WHERE lower(table_schema) = '{schema}' AND lower(table_name) = '{stream}'",
    )
    return [row[0] for row in stage.query(warehouse, f"SELECT id FROM {schema}.{stream} ORDER BY id")] if tables else []


def querying(stand_ins: StandIns) -> Callable[[str, str], list[tuple[Any, ...]]]:
    """Return a function that runs a query in a session of its own."""

    def query(warehouse: str, sql: str) -> list[tuple[Any, ...]]:
        connection = connect(warehouse, stand_ins.configs[warehouse])
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return [tuple(row) for row in cursor.fetchall()]
        finally:
            connection.close()

    return query


def connect(warehouse: str, config: Mapping[str, Any]) -> Any:
    """Connect with the warehouse's own driver, in autocommit."""
    if warehouse == "redshift":
        import psycopg2

        names = ("host", "port", "user", "password", "sslmode")
        connection = psycopg2.connect(dbname=config["database"], **{name: config[name] for name in names})
        connection.autocommit = True
        return connection
    import snowflake.connector

    os.environ["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true"
    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    return snowflake.connector.connect(
        **{name: config[name] for name in names}, enable_server_session_keep_alive_auto_detection=False
    )


@dataclass
class Cell:
    """The outcomes of one kind of fault, in one warehouse, with one method and one way to resume."""

    runs: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0
    survived: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.runs += 1
        self.lost += outcome.lost
        self.doubled += outcome.doubled
        self.torn += outcome.one_without_the_other
        self.survived += outcome.survived


def long_form(kills: int) -> dict[tuple[str, str, str, str], Cell]:
    """Strike everything: each named step, each S3 call, and `kills` random instants, per warehouse."""
    cells: dict[tuple[str, str, str, str], Cell] = {}
    chance = random.Random(1)
    with StandIns(only=("s3", "redshift", "snowflake")) as stand_ins:
        stand_ins.start(("s3", "redshift", "snowflake"))
        stage = Stage(stand_ins, querying(stand_ins))
        for warehouse in TARGETS:
            schema = f"f_{uuid.uuid4().hex[:12]}"
            begun = time.monotonic()
            run(warehouse, configuration(stage, warehouse, "append-only", schema), feed(0, "append-only"))
            whole = time.monotonic() - begun
            moments = [*named_moments(warehouse), *s3_moments(), *[Moment()] * kills]
            for number, moment in enumerate(moments):
                method, resume = METHODS[number % 3], ("stdout", "last-state")[number // 3 % 2]
                methods = METHODS if moment.server == warehouse else (method,)
                resumes = ("stdout", "last-state") if moment.server == warehouse else (resume,)
                for one in methods:
                    for way in resumes:
                        outcome = strike(stage, warehouse, one, moment, way, chance.uniform(0.3, 1.1) * whole)
                        cells.setdefault((str(moment), warehouse, one, way), Cell()).add(outcome)
                        print(f"{warehouse:10} {one:12} {way:10} {moment}: {outcome}", file=sys.stderr, flush=True)
    forget_files()
    return cells


def s3_moments() -> Iterator[Moment]:
    """Yield a fault at each S3 call of a run: a 503, a 500, a reset."""
    for at in range(1, 9):
        for action in ("slowdown", "error", "cut"):
            yield Moment("s3", action, "PUT|POST", at)


def table(cells: Mapping[tuple[str, str, str, str], Cell]) -> str:
    """Return the page with the table of faults x moments."""
    rows = [
        f"| {fault} | {warehouse} | {method} | {resume} | "
        f"{cell.runs} | {cell.survived} | {cell.lost} | {cell.doubled} | {cell.torn} |"
        for (fault, warehouse, method, resume), cell in cells.items()
    ]
    head = (
        "# Faults x moments\n\n"
        "Measured by killing, cutting off and refusing real processes: `make faults` (tests/faults.py). A feed of "
        "two interleaved streams, with a STATE that covers both, runs into the fault and is resumed, from the last "
        "STATE on standard output or from `--last-state`.\n\n"
        "- runs: how often; survived: the target ended well in spite of the fault, by trying again.\n"
        "- lost, doubled: rows at the end, over both streams. With append-only a resume from stdout may double the "
        "rows of a load whose COMMIT worked and whose STATE did not come out; `--last-state` closes that gap.\n"
        "- torn: right after the fault a STATE was out without its rows, or one stream had rows without the other.\n\n"
        "| fault | warehouse | load_method | resumed from | runs | survived | lost | doubled | torn |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Write docs/faults.md; the argument is the number of kills at random instants per warehouse (default 200)."""
    PAGE.write_text(table(long_form(int(arguments[0]) if arguments else 200)))


if __name__ == "__main__":
    main(sys.argv[1:])
