"""The taps as they come from the registry, and the configurations with which they read the logs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cdc.packages import tap
from tests.cdc.sources import DATABASE
from tests.environments import PATIENCE_SECONDS

State = dict[str, Any]

# The tap of PostgreSQL does not wait until the server has let go of the slot of the stream before; it is run again.
BUSY_SLOT, TRIES = b"is active for PID", 5


@dataclass(frozen=True)
class Tap:
    """A tap with its configuration. `needs` are the settings with which the targets take its records."""

    name: str
    package: str  # key of packages.TAPS
    config: Mapping[str, Any]
    needs: Mapping[str, Any] = field(default_factory=dict)
    snapshots: bool = True  # whether it begins with the full table
    repeats: bool = False  # whether it sends the last transaction of a run again in the next
    whole: bool = False  # whether updates and deletes bear the whole row

    def catalog(self, folder: Path) -> Path:
        """Write the catalog with both tables selected, by log."""
        found = json.loads(self._output(folder, "--discover"))
        for stream in found["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"] |= {"selected": True, "replication-method": "LOG_BASED"}
            if self.package == "meltano-postgres":
                stream |= {"replication_method": "LOG_BASED", "replication_key": "_sdc_lsn"}
        return _written(folder / "catalog.json", found)

    def messages(self, folder: Path, state: State | None) -> bytes:
        """Run the tap to its end and return what it writes."""
        return self._output(folder, *self.arguments(folder, state))

    def start(self, folder: Path, state: State | None) -> subprocess.Popen[bytes]:
        """Start the tap, to be killed."""
        command = [tap(self.package), "--config", self._config(folder), *self.arguments(folder, state)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)

    def arguments(self, folder: Path, state: State | None) -> list[str | Path]:
        """Return the arguments that name catalog and state."""
        catalog = folder / "catalog.json"
        words: list[str | Path] = ["--catalog", catalog if catalog.exists() else self.catalog(folder)]
        return words if state is None else [*words, "--state", _written(folder / "state.json", state)]

    def _config(self, folder: Path) -> Path:
        return _written(folder / "config.json", self.config)

    def _output(self, folder: Path, *arguments: str | Path) -> bytes:
        command = [tap(self.package), "--config", self._config(folder), *arguments]
        for _ in range(TRIES):
            done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_SECONDS, cwd=folder)
            if BUSY_SLOT not in done.stderr:
                break
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def _written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def last_state(messages: bytes) -> State | None:
    """Return the value of the last STATE."""
    found = [json.loads(line) for line in messages.splitlines() if b'"STATE"' in line[:40]]
    states = [message["value"] for message in found if message["type"] == "STATE"]
    return states[-1] if states else None


def taps_of(database: str, port: int) -> dict[str, Tap]:
    """Return the taps that read a database, by name."""
    made = _MYSQL if database == "mariadb" else _POSTGRES
    where = {"host": "127.0.0.1", "port": port, "user": "tap", "password": "secret"}
    return {one.name: Tap(**{**vars(one), "config": {**where, **one.config}}) for one in made}


_MYSQL = (
    Tap(
        "pipelinewise-mysql",
        "mysql",
        # Its own character set is utf8, in which MySQL has no character beyond U+FFFF.
        {
            "engine": "mariadb",
            "filter_dbs": DATABASE,
            "session_sqls": ["SET time_zone = '+00:00'", "SET NAMES utf8mb4"],
        },
        whole=True,
    ),
)
_POSTGRES = (
    Tap(
        "pipelinewise-postgres",
        "postgres",
        {"dbname": DATABASE, "filter_schemas": "public", "logical_poll_total_seconds": 1, "break_at_end_lsn": True,
         "debug_lsn": "true"},
        # Its decimals are those of doubles: 0.1 comes as 0.1000000000000000055511151231257827.
        {"rounding": "half_even", "validate_records": False},
        repeats=True,
    ),
    Tap(
        "meltano-postgres",
        "meltano-postgres",
        {"database": DATABASE, "filter_schemas": ["public"], "replication_idle_exit_seconds": 1,
         "replication_slot_name": "meltano", "log_based_single_connection": True, "auto_bootstrap_log_based": True},
    ),
    Tap(
        "meltano-postgres-log",
        "meltano-postgres",
        {"database": DATABASE, "filter_schemas": ["public"], "replication_idle_exit_seconds": 1,
         "replication_slot_name": "meltano_log"},
        snapshots=False,
    ),
)  # fmt: skip
SLOTS = (f"pipelinewise_{DATABASE}", "meltano", "meltano_log")
