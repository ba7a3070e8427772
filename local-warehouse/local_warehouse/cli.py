"""The command `local-warehouse`: run the stand-ins, run a command beside them, query them, order a fault."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from local_warehouse.directory import SERVERS, DirectoryInUse, admin_socket, running
from local_warehouse.faults import FaultError, send
from local_warehouse.settings import environment
from local_warehouse.supervisor import StandIns, StartError

# As a shell has it: 126 cannot be run, 127 not found, 128 + n ended by signal n.
CANNOT_RUN, NOT_FOUND, ENDED_BY_SIGNAL = 126, 127, 128
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Ended(BaseException):
    """A signal asked this process to end; a BaseException so that nothing swallows it on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    for number in _ENDING:
        signal.signal(number, _end)
    try:
        return int(arguments.run(arguments))
    except Ended as end:
        return ENDED_BY_SIGNAL + end.number
    except (StartError, DirectoryInUse) as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _end(number: int, frame: FrameType | None) -> NoReturn:
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)  # the way out must not be cut short
    raise Ended(number)


def _complain(text: str) -> int:
    sys.stderr.write(f"local-warehouse: {text}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local-warehouse", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start the stand-ins and run until SIGINT or SIGTERM")
    up.set_defaults(run=_up)
    execute = commands.add_parser("exec", help="start the stand-ins, run a command, stop them")
    execute.set_defaults(run=_exec)
    for command in (up, execute):
        command.add_argument("--only", type=_names, default=SERVERS, metavar="s3,redshift,snowflake")
        command.add_argument("--s3", choices=["moto", "rclone"], default="moto", help="whose S3 (default: moto)")
        command.add_argument("--redshift", choices=["provisioned", "serverless"], default="provisioned")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")

    query = commands.add_parser("sql", help="query a running stand-in")
    query.set_defaults(run=_sql)
    query.add_argument("warehouse", choices=["redshift", "snowflake"])
    query.add_argument("statement")
    query.add_argument("--format", choices=["table", "jsonl", "csv"], default="table")

    fault = commands.add_parser("fault", help="make a running stand-in fail at a call to come")
    fault.set_defaults(run=_fault)
    fault.add_argument("server", choices=SERVERS)
    fault.add_argument("do", help="fault, clear, list, or a command of that server (s3: expire)")
    fault.add_argument("field", nargs="*", type=_field, help="action=slowdown at=3 when=after match=PUT ...")

    for command in (up, execute):
        command.add_argument("--dir", type=Path, help="directory of the set's files (default: a new one)")
    for command in (query, fault):
        command.add_argument("--dir", type=Path, help="directory of the set (default: the one that runs)")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(SERVERS):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)}: the servers are {', '.join(SERVERS)}")
    return names


def _up(arguments: argparse.Namespace) -> int:
    with StandIns(arguments.dir, arguments.only, arguments.s3, arguments.redshift) as stand_ins:
        try:
            sys.stdout.write(_how_to_connect(stand_ins) + "\n")
            sys.stdout.flush()
            while (failure := stand_ins.failure()) is None:
                time.sleep(0.5)  # a signal ends it at once
        except Ended:
            return 0
        return _complain(failure)


def _how_to_connect(stand_ins: StandIns) -> str:
    """What `up` prints: places and files, no secret."""
    path, s3 = stand_ins.path, stand_ins.s3
    lines = [f"S3         {s3['endpoint_url']}  bucket {s3['bucket']}  keys in {path / 's3.json'}"]
    for name, config in stand_ins.configs.items():
        place = f"{config['host']}:{config['port']}  database {config['database']}  user {config['user']}"
        lines.append(f"{name.capitalize():10} {place}  configuration in {path / name}.json")
        lines.append(f"           local-warehouse sql {name} --dir {path} 'SELECT 1'")
    return "\n".join([*lines, "Ctrl-C stops them and removes their files."])


def _exec(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        return _complain("exec needs a command: local-warehouse exec -- COMMAND ...")
    with StandIns(arguments.dir, arguments.only, arguments.s3, arguments.redshift) as stand_ins:
        status = _run(command, environment(stand_ins.path, stand_ins.s3))
        if failure := stand_ins.failure():
            _complain(failure)
    return status


def _run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run COMMAND with our stdin, stdout and stderr; pass signals on; return its status."""
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if process is None:
            early.append(number)
        # The terminal sends Ctrl-C to COMMAND as well; once is enough.
        elif number not in (signal.SIGINT, signal.SIGQUIT) or not _in_foreground():
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        process = subprocess.Popen(command, env=variables)
        for number in early:
            process.send_signal(number)
        status = process.wait()
    except OSError as error:
        _complain(f"{command[0]}: {error.strerror}")
        return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else ENDED_BY_SIGNAL - status


def _in_foreground() -> bool:
    """Whether this process belongs to the terminal's foreground group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _sql(arguments: argparse.Namespace) -> int:
    from local_warehouse import sql

    path = _find(arguments.dir)
    try:
        config = json.loads((path / f"{arguments.warehouse}.json").read_text())
    except FileNotFoundError:
        return _complain(f"no {arguments.warehouse} runs in {path}")
    try:
        sql.run(arguments.warehouse, config, arguments.statement, arguments.format, sys.stdout)
    except sql.StatementError as error:
        return _complain(str(error))
    return 0


def _fault(arguments: argparse.Namespace) -> int:
    request = {"do": arguments.do, **dict(arguments.field)}
    try:
        answer = send(admin_socket(_find(arguments.dir), arguments.server), request)
    except FaultError as error:
        return _complain(str(error))
    if len(answer) > 1:
        sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _field(text: str) -> tuple[str, str | int | float]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected name=value, got {text!r}")
    if name == "seconds":
        try:
            return name, float(value)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a number of seconds, got {value!r}") from None
    return name, int(value) if value.isdecimal() else value


def _find(path: Path | None) -> Path:
    """The directory of the set that is meant; raises FileNotFoundError with what to do."""
    if path is None and (named := os.environ.get("LOCAL_WAREHOUSE_DIR")):
        path = Path(named)
    if path is not None:
        return path
    found = running()
    if len(found) == 1:
        return found[0]
    which = f"one of {', '.join(map(str, found))}" if found else "none runs; start one with `local-warehouse up`"
    raise FileNotFoundError(f"say which stand-ins are meant with --dir: {which}")
