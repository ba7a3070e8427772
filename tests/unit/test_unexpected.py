"""An error that nobody has foreseen reaches a user as one of ours: where it came up, and what to do."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from singer_bulk.errors import BulkError, Interrupted, MessageError
from singer_bulk.errors.unexpected import raise_unexpected
from singer_bulk.messages import BLOCK_BYTES, read_blocks
from target_snowflake_stage.address_space import demand_address_space, demand_room

from tests.conftest import BIN
from tests.fakes import Bench, lines, record, schema, state


class BrokenMapper:
    """A mapper with a mistake, which shows at the named message."""

    def __init__(self, where: str, error: Exception) -> None:
        self._where, self._error = where, error

    def schemas(self, message: Any) -> list[Any]:
        if self._where == "schemas":
            raise self._error
        return [message]

    def records(self, records: Any) -> list[Any]:
        raise self._error


@pytest.mark.parametrize(
    ("where", "error", "told", "code"),
    [
        ("schemas", KeyError("x"), "stream 'orders', SCHEMA: KeyError: \"'x'\": nobody has foreseen", "RUN-UNEXPECTED"),
        ("records", ValueError("a\nb" * 99), "stream 'orders', lines 2 to 3: ValueError: 'a ba b", "RUN-UNEXPECTED"),
        ("records", MemoryError(), "stream 'orders', lines 2 to 3: there is no memory left", "RUN-MEMORY"),
    ],
)
def test_error_of_a_run_says_where_it_came_up(where: str, error: Exception, told: str, code: str) -> None:
    """The stream and the lines are named, the error is cut, its traceback kept; nothing is committed."""
    bench = Bench()
    with pytest.raises(BulkError) as raised:
        bench.run(lines(schema(), record(id=1), record(id=2), state(1)), mapper=BrokenMapper(where, error))
    assert str(raised.value).startswith(told)
    assert raised.value.code == code
    assert len(str(raised.value)) < 400
    assert raised.value.__cause__ is error
    assert bench.emitted == []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        ImportError("/x/_core.abi3.so: failed to map segment from shared object"),
        ImportError("/x/_internal.so: cannot allocate memory in static TLS block"),
    ],
)
def test_memory_that_is_not_to_be_had(error: Exception) -> None:
    """Whoever asked for it, a library as it is loaded or a thread as it is started: it is told as what it is."""
    with pytest.raises(BulkError, match="there is no memory left; give the process more") as told:
        raise_unexpected(error, "x")
    assert told.value.code == "RUN-MEMORY"
    for other in (OSError(errno.EIO, "I/O error"), RuntimeError("no"), ImportError("no module")):
        with pytest.raises(BulkError, match="nobody has foreseen this"):
            raise_unexpected(other, "x")


def test_address_space_that_the_connector_of_snowflake_lacks() -> None:
    """It would hang as it is imported, which nothing can end: what is missing is told before."""
    demand_address_space()
    demand_room(200 << 20, cores=2)
    for room, cores in ((60 << 20, 2), (-1, 1), (200 << 20, 32)):
        with pytest.raises(
            BulkError, match=rf"leaves this process {max(room, 0) >> 20} MB .* on {cores} cores"
        ) as told:
            demand_room(room, cores)
        assert told.value.code == "RUN-MEMORY"


def test_what_is_foreseen_stays_what_it_is() -> None:
    """Errors of ours, signals and the end of the process are no matter of the door."""
    for error in (Interrupted(15), SystemExit(0), KeyboardInterrupt()):
        raise_unexpected(error, "x")


@pytest.mark.parametrize("told", ["closed", "not to be read: Bad file descriptor"])
def test_standard_input_that_cannot_be_read(told: str, tmp_path: Path) -> None:
    """It is named, with what belongs there."""
    with open(tmp_path / "file", "wb") as written:
        source = None if told == "closed" else written
        with pytest.raises(BulkError, match=f"standard input is {told}; pipe"):
            list(read_blocks(source, 0))


def test_a_line_that_is_too_long_is_refused_when_it_is_too_long() -> None:
    """Its number and its beginning are named, and the rest of it is not read; one that just fits is yielded whole."""
    few = 10 * BLOCK_BYTES
    (block,) = read_blocks(io.BytesIO(b"x" * few), max_line_bytes=few)
    assert block is not None
    assert len(block.text) == few + 1
    source: Any = Endless(b'{"type": "STATE"}\n{"type": "RECORD", "stream": "orders", ')
    with pytest.raises(
        MessageError, match=r'^line 2: longer than \d+ bytes.*: \{"type": "RECORD", "stream": "ord'
    ) as told:
        list(read_blocks(source, max_line_bytes=few))
    assert told.value.code == "IN-LONG"
    assert source.given <= few + 2 * BLOCK_BYTES


class Endless:
    """A line that begins, and never ends."""

    def __init__(self, begin: bytes) -> None:
        self.begin, self.given = begin, 0

    def read(self, size: int) -> bytes:
        """Return as much as was asked for."""
        part = self.begin if not self.given else b" " * size
        self.given += len(part)
        return part


def test_state_comes_out_in_utf_8_whatever_the_terminal_is(tmp_path: Path) -> None:
    """A STATE beyond ASCII is written behind its COMMIT: it may not fail there for an encoding of the environment."""
    config = tmp_path / "config.json"
    needed = {"host": "h", "user": "u", "password": "p", "database": "d", "s3_bucket": "b"}
    config.write_text(json.dumps({**needed, "aws_access_key_id": "key", "aws_secret_access_key": "none"}))
    done = subprocess.run(  # of its own, because Python reads the variable when it starts
        [BIN / "target-redshift-copy", "--config", config],
        input='{"type": "STATE", "value": "é😀"}\n'.encode(),
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.stdout == '"é😀"\n'.encode(), done.stderr.decode()[-2000:]
    assert done.returncode == 0
