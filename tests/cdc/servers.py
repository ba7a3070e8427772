"""Running databases with their logs switched on, each in a temporary folder on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_warehouse.redshift.postgres import backend

from tests.cdc.packages import Tools, servers
from tests.environments import PATIENCE_SECONDS
from tests.postgres import free_port, running_postgres

_ATTEMPTS = 200


@contextmanager
def postgres() -> Iterator[dict[str, Any]]:
    """Run PostgreSQL with logical decoding by wal2json; yield the arguments of psycopg2.connect."""
    with tempfile.TemporaryDirectory(prefix="cdc-", dir="/tmp") as folder:
        tools = _reachable(servers(), Path(folder))
        variables = {"LD_LIBRARY_PATH": tools.libraries}
        settings = ["wal_level=logical", f"dynamic_library_path=$libdir:{tools.wal2json}"]
        # The minor releases of late 2026 let only listed plugins decode; the ones before refuse the setting.
        if _has_setting(tools.postgres / "postgres", "output_plugin_libraries", variables):
            settings.append("output_plugin_libraries=wal2json")
        with running_postgres(*settings, tools=tools.postgres, variables=variables) as arguments:
            yield arguments


def _has_setting(program: Path, name: str, variables: dict[str, str]) -> bool:
    described = subprocess.run(
        [program, "--describe-config"],
        capture_output=True, text=True, check=True, env={**os.environ, **variables}, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    return any(line.split("\t")[0] == name for line in described.stdout.splitlines())


def _reachable(tools: Tools, folder: Path) -> Tools:
    """Return the tools where `nobody`, as whom PostgreSQL runs under root, can read them."""
    if os.geteuid() != 0 or backend._passable(tools.root):
        return tools
    folder.chmod(0o755)
    return Tools(shutil.copytree(tools.root, folder / "debian", symlinks=True))


@dataclass(frozen=True)
class MariaDb:
    """A running server and the client that talks to it."""

    port: int
    client: tuple[str, ...]
    variables: dict[str, str]

    def run(self, sql: str) -> str:
        """Run statements as the administrator; return what the client prints."""
        command = [*self.client, "--default-character-set=utf8mb4", "--batch", "--raw", "--skip-column-names"]
        done = subprocess.run(
            command, input=sql.encode(), capture_output=True, check=False, env=self.variables, timeout=PATIENCE_SECONDS
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Run MariaDB with a binary log of whole rows."""
    tools = servers()
    variables = {**os.environ, "LD_LIBRARY_PATH": tools.libraries}
    folder = Path(tempfile.mkdtemp(prefix="my-", dir="/tmp"))
    me = ["--user=root"] if os.geteuid() == 0 else []
    server = _start(tools, folder, me, variables)
    try:
        yield _wait(server, tools, folder, variables)
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _start(tools: Tools, folder: Path, me: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
    # The programs look for their files below the folder that theirs is in.
    install, program = tools.program("usr/bin/mariadb-install-db"), tools.program("usr/sbin/mariadbd")
    data = f"--datadir={folder / 'data'}"
    made = subprocess.run(
        [install, "--no-defaults", f"--basedir={install.parent.parent}", data, *me, "--skip-test-db",
         "--auth-root-authentication-method=normal", "--skip-name-resolve"],
        capture_output=True, check=False, env=variables, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout.decode() + made.stderr.decode()
    return subprocess.Popen(
        [program, "--no-defaults", f"--basedir={program.parent.parent}", data, *me, f"--port={free_port()}",
         "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}",
         "--skip-name-resolve", "--server-id=1", "--log-bin=log", "--binlog-format=ROW", "--binlog-row-image=FULL",
         "--binlog-row-metadata=FULL", "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables,
    )  # fmt: skip


def _wait(server: subprocess.Popen[bytes], tools: Tools, folder: Path, variables: dict[str, str]) -> MariaDb:
    """Ask until the server answers."""
    (port,) = [int(word.partition("=")[2]) for word in map(str, server.args) if word.startswith("--port=")]
    client = (str(tools.program("usr/bin/mariadb")), "--no-defaults", "--user=root", f"--socket={folder / 'socket'}")
    running = MariaDb(port, client, variables)
    for _ in range(_ATTEMPTS):
        try:
            running.run("SELECT 1")
            return running
        except AssertionError:
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise
    raise TimeoutError("MariaDB does not answer")
