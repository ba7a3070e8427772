"""Is a file still what it was when it was opened?

Half of a file that is cut, written over or replaced while it is read would look like the whole of it. So its size and
times are looked at after each block, before the block's rows are sent, and again at the end. What that finds:

                            full extract       incremental, change files
    nothing                 goes on            goes on
    times, the same bytes   goes on            goes on
    more bytes at its end   is broken off      goes on: the next run reads what came
    fewer or other bytes    is broken off      stops with an error; the next run reads the file again
    replaced by another     is broken off      goes on in the old one; the next run reads the new one

Objects in S3 need no watch: each range is asked for with the ETag of the listing. Pipes cannot be changed.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from tap_csv_extract.decode import TextStream
from tap_csv_extract.errors import SourceError
from tap_csv_extract.progress import Mark, still_there
from tap_csv_extract.source_file import SourceFile


class Status(NamedTuple):
    """What the file system says about an open file."""

    size: int
    modified: int
    changed: int
    identity: tuple[int, int]


class Watch:
    """Watches one file from its opening on."""

    def __init__(self, file: SourceFile, text: TextStream, encoding: str, whole: bool) -> None:
        """`whole`: the file must not change at all, because a full extract has no next run for what is missing."""
        self._file, self._text, self._encoding, self._whole = file, text, encoding, whole
        self._known = _status(text)

    def look(self, mark: Mark, ended: bool = False) -> None:
        """Raise SourceError unless the bytes up to `mark`, all that was read, are still those of the file."""
        known, now = self._known, _status(self._text)
        if known is None or now is None:
            return
        if now != known:
            self._compare(known, now, mark, ended)
        if ended and self._whole and self._replaced(now):
            raise self._changed("was replaced or removed", known, now)

    def _compare(self, known: Status, now: Status, mark: Mark, ended: bool) -> None:
        if now.size < known.size:
            raise self._changed("was cut", known, now)
        if self._whole and now.size > known.size:
            raise self._changed("grew", known, now)
        if now[:2] == known[:2] and self._replaced(now):
            return  # only its name has changed, or gone
        if not self._text.plain and now.size > known.size and not ended:
            return  # it would be unpacked from its beginning for each block
        if self._replaced(now) or not still_there(mark, self._file, self._encoding):
            raise self._changed("was written over", known, now)
        self._known = now

    def _replaced(self, now: Status) -> bool:
        try:
            status = os.stat(self._file.path)
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != now.identity

    def _changed(self, what: str, known: Status, now: Status) -> SourceError:
        return SourceError(
            f"{self._file.name}: {what} while it was read ({known.size} bytes when it was opened, {now.size} now); "
            "run again when it is whole, and have it written under another name that 'path' does not name and renamed",
            code="CSV-SRC-CHANGED",
        )


def _status(text: TextStream) -> Status | None:
    status = text.status()
    if status is None:
        return None
    return Status(status.st_size, status.st_mtime_ns, status.st_ctime_ns, (status.st_dev, status.st_ino))
