"""How far each file has been read, and whether the file found today is the one that was read.

STATE holds for each file its size and times, how many rows and bytes are done, the physical line reached, a hash of the
first and the last bytes done and a checksum of all of them. From that:

    nothing changed                              the file is left out
    the bytes done are the same, more follow     reading goes on where it ended
    the bytes done are not the same              the file was replaced: it is read again
    an unknown name with the bytes of a file     the file was renamed: it is what it was under its old name
    that is gone
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_csv_extract.decode import TextStream
from tap_csv_extract.source_file import SourceFile

logger = logging.getLogger("tap-csv-extract")

EDGE_BYTES = 4096
READ_BYTES = 1 << 20


def edge_hash(data: bytes) -> str:
    """Hash of the first or last bytes: 16 hexadecimal digits are enough to tell two files apart."""
    return hashlib.sha256(data).hexdigest()[:16]


@dataclass
class Mark:
    """How far one file has been read. `offset` and `line` are where the next row begins."""

    stamp: dict[str, int | str]
    offset: int = 0
    line: int = 1
    rows: int = 0
    head: bytes = b""
    tail: bytes = b""
    checksum: int = 0
    done: bool = False
    # The last row if no line end stood behind it: it may not have been complete.
    open_row: dict[str, int] | None = field(default=None)

    def add(self, data: bytes) -> None:
        """Take note of the next bytes of the text."""
        if len(self.head) < EDGE_BYTES:
            self.head += data[: EDGE_BYTES - len(self.head)]
        self.tail = data[-EDGE_BYTES:] if len(data) >= EDGE_BYTES else (self.tail + data)[-EDGE_BYTES:]
        self.checksum = zlib.crc32(data, self.checksum)
        self.offset += len(data)

    def restart(self) -> None:
        """Forget what was read: the next run begins at the start of the file."""
        self.offset, self.line, self.rows, self.head, self.tail, self.checksum = 0, 1, 0, b"", b"", 0

    def add_header(self, data: bytes, offset: int, line: int) -> None:
        """Take note of what stands before the rows; `offset` and `line` are where they begin."""
        self.offset = offset - len(data)
        self.add(data)
        self.line = line

    def as_state(self) -> dict[str, Any]:
        """What STATE keeps."""
        state: dict[str, Any] = {
            **self.stamp,
            "offset": self.offset,
            "line": self.line,
            "rows": self.rows,
            "head": edge_hash(self.head),
            "tail": edge_hash(self.tail),
            "crc32": self.checksum,
            "done": self.done,
        }
        if self.open_row is not None:
            state["open_row"] = self.open_row
        return state


def same_stamp(known: Mapping[str, Any], stamp: Mapping[str, Any]) -> bool:
    """Whether size, times and whatever else the source tells are those of the file that was read."""
    return all(known.get(name) == value for name, value in stamp.items())


def resume(known: Mapping[str, Any], file: SourceFile, encoding: str) -> Mark | None:
    """Return the mark at which reading of a known file goes on; None if it is another file by now.

    A plain file that grew is compared by the first and last bytes done; a file that did not grow, or is packed or in
    another encoding than UTF-8, by the checksum of all of them.
    """
    text = TextStream(file, encoding)
    try:
        stamp = file.stamp()
        if not known["offset"]:
            return Mark(stamp)
        mark = Mark(stamp, offset=text.offset, line=known["line"], rows=known["rows"])
        if not _same(known, text, mark):
            return None
        mark.done = bool(known["done"]) and not text.read(1)
        if not mark.done and known.get("open_row"):
            return _reopen(known, file, encoding)
        mark.open_row = known.get("open_row")
        return mark
    finally:
        text.close()


def still_there(mark: Mark, file: SourceFile, encoding: str) -> bool:
    """Whether what was read up to `mark` is what the file begins with now; compared as `resume` does."""
    if not mark.offset:
        return True
    text = TextStream(file, encoding)
    try:
        return _same(mark.as_state(), text, Mark(file.stamp(), offset=text.offset))
    finally:
        text.close()


def _same(known: Mapping[str, Any], text: TextStream, mark: Mark) -> bool:
    grown = int(mark.stamp.get("size", 0)) > known["offset"]
    return _same_edges(known, text, mark) if text.plain and grown else _same_bytes(known, text, mark)


def _same_edges(known: Mapping[str, Any], text: TextStream, mark: Mark) -> bool:
    start, end = text.offset, int(known["offset"])
    head = text.read_exactly(min(EDGE_BYTES, end - start))
    text.skip_to(max(start, end - EDGE_BYTES))
    tail = text.read_exactly(end - text.offset)
    mark.head, mark.tail, mark.checksum, mark.offset = head, tail, known["crc32"], end
    return bool(edge_hash(head) == known["head"] and edge_hash(tail) == known["tail"])


def _same_bytes(known: Mapping[str, Any], text: TextStream, mark: Mark) -> bool:
    while mark.offset < known["offset"]:
        data = text.read(min(READ_BYTES, known["offset"] - mark.offset))
        if not data:
            return False
        mark.add(data)
    return bool(mark.checksum == known["crc32"] and edge_hash(mark.tail) == known["tail"])


def _reopen(known: Mapping[str, Any], file: SourceFile, encoding: str) -> Mark:
    """Go back to the beginning of a last row that had no line end when it was read.

    If what follows it now is its line end, the row was complete and stays as it was sent; else its rest has come and
    the whole row is sent again.
    """
    row = known["open_row"]
    text = TextStream(file, encoding)
    try:
        mark = Mark(file.stamp(), offset=text.offset, line=row["line"], rows=row["rows"])
        while mark.offset < row["offset"]:
            mark.add(text.read(min(READ_BYTES, row["offset"] - mark.offset)))
        sent = text.read_exactly(known["offset"] - row["offset"])
        following = text.read_exactly(2)
        ending = following[: 2 if following == b"\r\n" else 1]
        if ending in (b"\n", b"\r", b"\r\n"):
            mark.add(sent + ending)
            mark.rows, mark.line = known["rows"], known["line"]
        else:
            logger.warning(
                "%s, line %d: the row had no line end when it was sent and has grown; it is sent again",
                file.name, mark.line,
            )  # fmt: skip
        return mark
    finally:
        text.close()
