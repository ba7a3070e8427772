"""The command local-warehouse: it starts, stops, passes everything through and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.environments import PATIENCE_SECONDS

COMMAND = [sys.executable, "-m", "local_warehouse"]
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


@pytest.fixture
def private_tmp() -> Iterator[Path]:
    """A short directory for TMPDIR (Unix socket paths are limited), so that every file left behind is seen."""
    path = Path(tempfile.mkdtemp(prefix="lw", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def environment(tmp: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "LOCAL_WAREHOUSE_DIR"}
    return {**kept, "TMPDIR": str(tmp)}


def local_warehouse(tmp: Path, *arguments: str | Path, **more) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(tmp), capture_output=True, timeout=PATIENCE_SECONDS, check=False, **more
    )


@contextmanager
def up(tmp: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """`local-warehouse up`, serving; stopped by SIGTERM unless the test has ended it."""
    process = subprocess.Popen([*COMMAND, "up", *arguments], env=environment(tmp), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "it ended during its start"
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def processes_of(tmp: Path) -> set[int]:
    """Every process that works in, or was started with, this TMPDIR (this one aside)."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            works_in = os.readlink(entry / "cwd")
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if works_in.startswith(f"{tmp}/") or f"TMPDIR={tmp}".encode() in variables:
            found.add(int(entry.name))
    return found


def shared_memory_of(pids: set[int]) -> list[str]:
    """System V segments that these processes made and nobody uses (others may bear their numbers by now)."""
    lines = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
    creator, attached = lines[0].index("cpid"), lines[0].index("nattch")
    return [" ".join(line) for line in lines[1:] if int(line[creator]) in pids and line[attached] == "0"]


def assert_nothing_left(tmp: Path, pids: set[int] = frozenset()) -> None:
    assert processes_of(tmp) == set()
    assert sorted(tmp.rglob("*")) == []
    assert shared_memory_of(pids) == []


def test_exec_hands_stdin_and_stdout_to_the_command(private_tmp):
    """`cat x | local-warehouse exec -- COMMAND > y` moves bytes as if local-warehouse were not there."""
    sent = bytes(range(256)) * 1000
    done = local_warehouse(private_tmp, "exec", "--only", "s3", "--", "cat", input=sent)
    assert (done.returncode, done.stdout, done.stderr) == (0, sent, b"")
    assert_nothing_left(private_tmp)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], 137),
        (["no-such-command"], 127),
        (["/etc/passwd"], 126),
    ],
)
def test_exec_exits_with_the_commands_status(private_tmp, command, status):
    """The exit status is COMMAND's, or what a shell would say."""
    assert local_warehouse(private_tmp, "exec", "--only", "s3", "--", *command).returncode == status
    assert_nothing_left(private_tmp)


def test_exec_passes_signals_on(private_tmp):
    """SIGTERM reaches COMMAND, which may end in its own way; its status still comes out."""
    script = "trap 'echo got it; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [*COMMAND, "exec", "--only", "s3", "--", "sh", "-c", script],
        env=environment(private_tmp),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        assert stdout.readline() == b"ready\n"
        process.terminate()
        assert stdout.read() == b"got it\n"
    assert process.wait(PATIENCE_SECONDS) == 5
    assert_nothing_left(private_tmp)


def test_exec_sets_the_variables_that_a_command_needs(private_tmp):
    """The AWS SDK and the connectors find the stand-ins without any argument."""
    script = (
        "import os, json, boto3\n"
        "from pathlib import Path\n"
        "boto3.client('s3').put_object(Bucket='local-stage', Key='a', Body=b'1')\n"
        "assert Path(os.environ['LOCAL_WAREHOUSE_DIR'], 's3.json').is_file()\n"
        "print(os.environ['REDSHIFT_CONFIG'], os.environ['SNOWFLAKE_CONFIG'])\n"
    )
    done = local_warehouse(private_tmp, "exec", "--only", "s3", "--", sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    redshift, snowflake = done.stdout.split()
    assert (Path(redshift.decode()).name, Path(snowflake.decode()).name) == ("redshift.json", "snowflake.json")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_ends_cleanly_by_a_signal(private_tmp, number):
    """`up` ends with status 0 at SIGINT and SIGTERM, and nothing is left: no process, file, shared memory."""
    with up(private_tmp) as process:
        pids = processes_of(private_tmp)
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert_nothing_left(private_tmp, pids)


def test_a_directory_of_the_users_keeps_what_is_his(private_tmp):
    """--dir may hold other files: they stay, ours go."""
    home = private_tmp / "mine"
    home.mkdir()
    (home / "notes.txt").write_text("keep")
    with up(private_tmp, "--dir", home, "--only", "s3"):
        assert (home / "s3.json").is_file()
    assert sorted(path.name for path in private_tmp.rglob("*")) == ["mine", "notes.txt"]


def test_a_long_directory_name_is_no_obstacle(private_tmp):
    """A Unix socket's path is limited to about 100 bytes; a directory's is not."""
    home = private_tmp / ("d" * 120)
    with up(private_tmp, "--dir", home):
        done = local_warehouse(private_tmp, "fault", "--dir", home, "s3", "list")
        assert json.loads(done.stdout) == {"ok": True, "faults": []}
    assert_nothing_left(private_tmp)


@pytest.mark.long
def test_two_sets_run_side_by_side(private_tmp):
    """Two sets share no port and no file; one directory is not used twice."""
    first, second = private_tmp / "a", private_tmp / "b"
    with up(private_tmp, "--dir", first), up(private_tmp, "--dir", second):
        for name in ("s3.json", "redshift.json", "snowflake.json"):
            one, other = json.loads((first / name).read_text()), json.loads((second / name).read_text())
            assert one["port"] != other["port"]
        refused = local_warehouse(private_tmp, "up", "--dir", first)
        assert refused.returncode == 1
        assert b"already run" in refused.stderr
    assert_nothing_left(private_tmp)


def test_secrets_are_in_no_argument_and_no_log_and_files_are_private(private_tmp):
    """Keys and passwords stand in files of mode 0600 and nowhere else: not in `ps`, not in a log, not on stdout."""
    home = private_tmp / "set"
    with up(private_tmp, "--dir", home) as process:
        secrets = [keys["secret_access_key"] for keys in json.loads((home / "s3.json").read_text())["keys"].values()]
        secrets += [json.loads((home / f"{name}.json").read_text())["password"] for name in ("redshift", "snowflake")]
        for name in ("redshift", "snowflake"):
            assert local_warehouse(private_tmp, "sql", name, "SELECT 1", "--dir", home).returncode == 0
        arguments = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(private_tmp))
        assert b"local_warehouse" in arguments
        logs = b"".join(path.read_bytes() for path in (home / "log").iterdir())
        assert logs
        for secret in secrets:
            assert secret.encode() not in arguments + logs
        for path in [*home.glob("*.json"), *(home / "log").iterdir(), *home.glob("*/admin.sock")]:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert os.waitpid(process.pid, os.WNOHANG) == (0, 0)


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_sql_queries_a_running_warehouse(warehouses, warehouse):
    """`local-warehouse sql` writes rows; a refused statement is a message and status 1."""
    path = warehouses.start(warehouse).path
    ask = [*COMMAND, "sql", warehouse, "--dir", path, "--format", "jsonl"]
    statement = 'SELECT 1 AS "n", \'a|b\' AS "t", NULL AS "x", CAST(\'2020-06-01\' AS DATE) AS "d"'
    done = subprocess.run([*ask, statement], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ('{"n": 1, "t": "a|b", "x": null, "d": "2020-06-01"}\n', "")
    refused = subprocess.run([*ask, "SELEKT 1"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "SELEKT" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_a_fault_is_ordered_from_a_shell(warehouses, fault, warehouse):
    """`local-warehouse fault` makes the statement that matches fail once, and says what it cannot do."""
    path = warehouses.start(warehouse).path
    fault(warehouse, action="hang", at=1000)  # cleared after the test, with whatever it leaves
    order = [*COMMAND, "fault", "--dir", path, warehouse, "fault"]
    subprocess.run([*order, "action=error", "match=SELECT 7", "message=on demand"], check=True)
    ask = [*COMMAND, "sql", warehouse, "--dir", path, "--format", "csv"]
    failed = subprocess.run([*ask, "SELECT 7 AS n"], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout, "on demand" in failed.stderr) == (1, "", True), failed.stderr
    again = subprocess.run([*ask, "SELECT 7 AS n"], capture_output=True, text=True, check=True)
    assert again.stdout.lower() == "n\n7\n"
    refused = subprocess.run([*order, "action=slowdown"], capture_output=True, text=True, check=False)
    assert (refused.returncode, "action is one of" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["exec"], "exec needs a command"),
        (["up", "--only", "s4"], "the servers are s3, redshift, snowflake"),
        (["up", "--dir", "/proc/none"], "/proc/none"),
        (["sql", "redshift", "SELECT 1", "--dir", "/none"], "no redshift runs in /none"),
        (["fault", "s3", "list", "--dir", "/none"], "no stand-in listens"),
        (["fault", "s3", "fault", "action"], "expected name=value"),
    ],
)
def test_mistakes_are_told_in_a_line(private_tmp, arguments, said):
    """A wrong argument or a directory where nothing runs: what is wrong, no traceback, status not 0."""
    done = local_warehouse(private_tmp, *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert_nothing_left(private_tmp)


def test_the_only_set_that_runs_needs_no_name(private_tmp):
    """Without --dir, `sql` and `fault` take the set that runs; with two or none they ask for --dir."""
    ask = ("fault", "s3", "list")
    assert b"none runs" in local_warehouse(private_tmp, *ask).stderr
    with up(private_tmp, "--only", "s3"):
        assert local_warehouse(private_tmp, *ask).returncode == 0
        with up(private_tmp, "--only", "s3"):
            assert b"--dir" in local_warehouse(private_tmp, *ask).stderr
        assert local_warehouse(private_tmp, *ask).returncode == 0
    assert_nothing_left(private_tmp)


VICTIMS = {
    "supervisor": "local_warehouse up",
    "s3": "local_warehouse.s3",
    "redshift": "local_warehouse.redshift",
    "snowflake": "local_warehouse.snowflake",
    "postgres": "^[^ ]*bin/postgres -D",
    "keeper of postgres": "keeper.py",
}


@pytest.mark.long
def test_the_next_start_survives_kill_9(private_tmp):
    """Whichever process is killed: `up` ends, the next start in the same directory works, nothing is left."""
    home = private_tmp / "set"
    home.mkdir()
    seen: set[int] = set()
    for victim, pattern in VICTIMS.items():
        with up(private_tmp, "--dir", home) as process:
            before = processes_of(private_tmp)
            seen |= before
            os.kill(next(pid for pid in before if re.search(pattern, arguments_of(pid))), signal.SIGKILL)
            assert process.wait(PATIENCE_SECONDS) == (-signal.SIGKILL if victim == "supervisor" else 1), victim
    done = local_warehouse(private_tmp, "exec", "--dir", home, "--", "true")
    assert done.returncode == 0, done.stderr
    home.rmdir()
    assert_nothing_left(private_tmp, seen)


def arguments_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")


def test_servers_end_with_a_killed_supervisor(private_tmp):
    """kill -9 of the supervisor orphans no server: each ends by itself when its stdin ends."""
    with up(private_tmp) as process:
        before = processes_of(private_tmp)
        process.kill()
        process.wait()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while processes_of(private_tmp) and time.monotonic() < deadline:
            os.sched_yield()
    assert processes_of(private_tmp) == set()
    assert shared_memory_of(before) == []


@pytest.mark.long
def test_repeated_starts_leave_nothing(private_tmp, request):
    """Start and stop everything several times (3; --starts 200 for the long form): nothing accumulates."""
    for _ in range(request.config.getoption("--starts")):
        with up(private_tmp):
            pids = processes_of(private_tmp)
        assert_nothing_left(private_tmp, pids)


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")
def test_an_ordinary_user_without_a_home_can_run_them(private_tmp):
    """The stand-ins need no root and no writable HOME."""
    private_tmp.chmod(0o777)
    # The interpreter may lie below root's home: reading it is all that the capability is for.
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    query = '"$0" -m local_warehouse sql $w --format csv "SELECT 1 AS n"'
    script = f"id -u; for w in redshift snowflake; do {query}; done"
    done = subprocess.run(
        [*become, *COMMAND, "exec", "--", "sh", "-c", script, sys.executable],
        env={**environment(private_tmp), "HOME": "/nonexistent"},
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        cwd="/",
    )
    assert done.stdout == b"65534\nn\n1\nN\n1\n", done.stderr
    assert_nothing_left(private_tmp)


def test_a_server_that_cannot_start_is_reported_with_its_log(private_tmp):
    """A failed start names the server and shows the end of its log, no traceback of ours; nothing is left."""
    broken = private_tmp / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\nif 'local_warehouse.s3' in sys.orig_argv: sys.exit('no room')\n"
    )
    done = subprocess.run(
        [*COMMAND, "up"],
        env={**environment(private_tmp), "PYTHONPATH": str(broken)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "s3 ended during its start" in done.stderr
    assert "no room" in done.stderr
    shutil.rmtree(broken)
    assert_nothing_left(private_tmp)
