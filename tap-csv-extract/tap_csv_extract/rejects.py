"""What happens to a row that is not what the settings promise: it stops the run, or it goes to the reject file.

The reject file has one JSON object per row: stream, file, line (physical, of the row's first byte), lines, column,
reason and the row's original bytes, as text in `raw` if they are UTF-8, else in `raw_base64`. It is on disk before a
STATE says that the rows are done; after a crash rows behind the last STATE may stand in it twice, with the same file
and line.
"""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import msgspec

from tap_csv_extract.errors import ConfigError, RowRejected

ERROR, REJECT, PAD = "error", "reject", "pad"


class BadRows:
    """The policy `on_bad_row` of one stream."""

    def __init__(self, stream: str, policy: str, reject_path: str | None) -> None:
        """With `pad` a row too short is filled with NULL; what cannot be is rejected if there is a file for it."""
        if policy == REJECT and not reject_path:
            raise ConfigError(
                f"stream {stream!r}: on_bad_row 'reject' needs a file for the rows; set 'reject_path'",
                code="CSV-CFG-REJECT-PATH",
            )
        self._stream = stream
        self._path = reject_path if policy != ERROR else None
        self._file: IO[bytes] | None = None
        self.pads = policy == PAD
        self.rejected = 0
        self.padded = 0

    def refuse(self, error: RowRejected, raw: bytes, lines: int) -> None:
        """Write the row to the reject file, or raise `error`. `raw` are the row's bytes as they stand in the file."""
        if self._path is None:
            raise error
        entry: dict[str, Any] = {"stream": self._stream, "file": error.file, "line": error.line, "lines": lines}
        if error.column is not None:
            entry["column"] = error.column
        entry["reason"] = f"{error.reason} [{error.code}]"
        try:
            entry["raw"] = raw.decode()
        except UnicodeDecodeError:
            entry["raw_base64"] = base64.b64encode(raw).decode()
        self._write(entry)
        self.rejected += 1

    def quarantine(self, file: str, reason: str) -> None:
        """Note a file that is left unread."""
        if self._path is not None:
            self._write({"stream": self._stream, "file": file, "reason": reason})

    def force_to_disk(self) -> None:
        """Have everything on disk: called before a STATE."""
        if self._file is not None:
            with self._said_clearly():
                self._file.flush()
                if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):  # a device or pipe keeps nothing
                    os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the reject file."""
        if self._file is not None:
            try:
                self.force_to_disk()
            finally:
                with suppress(OSError):  # what cannot be written has been said
                    self._file.close()
                self._file = None

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            assert self._path is not None
            with self._said_clearly():
                self._file = open(self._path, "ab", opener=_for_owner)  # noqa: SIM115 - it stays open for the stream
        with self._said_clearly():
            self._file.write(msgspec.json.encode(entry) + b"\n")

    @contextmanager
    def _said_clearly(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # a ValueError is a NUL in the name
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(
                f"reject_path {self._path!r}: cannot be written: {reason}; make room, or name another file",
                code="CSV-CFG-REJECT-PATH",
            ) from error


def _for_owner(path: str, flags: int) -> int:
    """Open a file that, if it is made, nobody else can read: it has rows as they were."""
    return os.open(path, flags, 0o600)
