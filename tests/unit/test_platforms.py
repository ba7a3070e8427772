"""What only Linux has is not needed: with all of it taken away everything is imported, and records become loads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from singer_bulk import messages
from singer_bulk.errors import BulkError

from tests.house import TOP

# What Windows has not, nor, for a part, macOS. The libraries of others are imported before: they see the system that is
# here, and what they do on another one is their own tests' matter.
TAKEN_AWAY = """
import os, select, signal, sys
import boto3, botocore.httpsession, psycopg2, pyarrow.csv, singer_sdk.testing, snowflake.connector, jsonschema_rs
import tests.fakes
ours = ("singer_bulk", "target_redshift_copy", "target_snowflake_stage", "tap_csv_extract", "tests.")
for name in [name for name in sys.modules if name.startswith(ours)]:
    del sys.modules[name]
for module, names in {
    os: "fork forkpty register_at_fork killpg setsid getpgid getuid geteuid getgid chown fchmod fchown mkfifo "
        "sched_getaffinity pipe2 posix_fadvise sendfile sysconf getpriority uname",
    signal: "SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGCHLD SIGPIPE SIGKILL SIGSTOP pthread_sigmask pthread_kill "
            "sigpending sigwait siginterrupt setitimer alarm pause",
    select: "poll epoll",
}.items():
    for name in names.split():
        module.__dict__.pop(name, None)
# Windows asks for no descriptor that does not block, and before Python 3.12 cannot make a pipe one; this system asks.
able = os.set_blocking
def set_blocking(descriptor, blocking):
    able(descriptor, blocking)
    raise OSError("not to be had")
os.set_blocking = set_blocking
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
"""
IMPORTS = (
    TAKEN_AWAY
    + """
import importlib, pkgutil
import singer_bulk, tap_csv_extract, target_redshift_copy, target_snowflake_stage
count = 0
for package in (singer_bulk, tap_csv_extract, target_redshift_copy, target_snowflake_stage):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("._rows"):  # the native library is none of Python's
            importlib.import_module(found.name)
            count += 1
print(count)
"""
)
LOADS = (
    TAKEN_AWAY
    + """
from singer_bulk.signals import signals
from tests.fakes import Bench, lines, record, schema, state
signals.watch()
reader, writer = os.pipe()
os.write(writer, lines(schema(), *(record(id=number) for number in range(500)), state(1)).encode())
os.close(writer)
bench = Bench()
bench.run(os.fdopen(reader), batch_wait_seconds=1)
print(bench.emitted[-1], len(bench.warehouse.rows("analytics.orders")))
"""
)
READS = (
    TAKEN_AWAY
    + """
import json
from pathlib import Path
from tap_csv_extract.cli import TapCsvExtract
Path("in.csv").write_bytes(b"id|name\\r\\n1|a\\r\\n2|b\\r\\n")
TapCsvExtract(config={"files": [{"path": "in.csv", "stream": "s"}]}).sync_all()
"""
)


def run(program: str, folder: Path) -> str:
    """Run a program in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(TOP)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_module_is_imported_without_what_only_linux_has(tmp_path: Path) -> None:
    """No module of the library, of the targets or of the tap needs a part of Python that Windows has not."""
    assert int(run(IMPORTS, tmp_path)) > 150


def test_records_become_a_load_without_what_only_linux_has(tmp_path: Path) -> None:
    """Input is read from a pipe, encoded, staged and committed, and signals are taken."""
    assert run(LOADS, tmp_path) == "1 500\n"


def test_files_become_records_without_what_only_linux_has(tmp_path: Path) -> None:
    """The tap reads a file with the line ends of Windows."""
    told = run(READS, tmp_path)
    assert told.count('"type":"RECORD"') == 2
    assert "\\r" not in told


def test_input_is_read_by_a_thread_where_a_pipe_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is the same, silence is noticed, and the end as well."""
    monkeypatch.setattr(messages, "_CAN_ASK", False)
    reader, writer = os.pipe()
    with os.fdopen(reader) as source:
        chunks = messages.read_blocks(source, 0.01)
        assert next(chunks) is None
        threading.Thread(target=lambda: (os.write(writer, b"a\nb\n"), os.write(writer, b"c"), os.close(writer))).start()
        assert b"".join(block.text for block in chunks if block) == b"a\nb\nc\n"


def test_input_that_cannot_be_read_is_an_error_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the thread is one of whoever waits for it."""
    monkeypatch.setattr(messages, "_CAN_ASK", False)
    with open(os.devnull, "wb") as nothing, pytest.raises(BulkError, match="standard input is not to be read"):
        list(messages.read_blocks(nothing, 1))
