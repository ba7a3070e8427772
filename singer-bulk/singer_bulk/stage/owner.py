"""The stage of one run: it knows each file that the run has begun, and leaves none that no load has committed.

A file is opened, then closed; it has arrived when `wait` says so. A load that is committed releases its files, or has
them removed. Whatever is neither when the run ends is removed: `remove_rest` is the only place that cleans up after an
error, whichever step has failed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from singer_bulk.errors import BulkError
from singer_bulk.stage.base import Stage, StageWriter
from singer_bulk.stage.keys import leftovers

logger = logging.getLogger(__name__)


class OwnedWriter:
    """A file that is being written; its owner hears when it is closed."""

    def __init__(self, writer: StageWriter) -> None:
        self._writer = writer
        self.is_closed = False

    @property
    def byte_count(self) -> int:
        """The bytes that were written."""
        return self._writer.byte_count

    def write(self, content: bytes) -> None:
        """Append the bytes."""
        self._writer.write(content)

    def close(self) -> None:
        """Send the rest."""
        self.is_closed = True  # set first: if the next line fails, the file may have arrived all the same
        self._writer.close()

    def abort(self) -> None:
        """Give up the file: nothing of it stays in the stage."""
        self._writer.abort()


class RunStage:
    """A stage, and the keys of the run in it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._opened: dict[str, OwnedWriter] = {}  # closed ones too, until it is known whether they have arrived
        self._arrived: set[str] = set()
        self.url = stage.url
        self.read = stage.read
        self.has_room = stage.has_room

    def open(self, key: str) -> StageWriter:
        """Begin a file."""
        self._opened[key] = writer = OwnedWriter(self._stage.open(key))
        return writer

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Write small files; if that fails, remove what may have arrived."""
        self._arrived.update(contents)
        try:
            self._stage.put_all(contents)
        except BaseException:
            self._arrived.difference_update(contents)
            self._remove_quietly([*contents])
            raise

    def wait(self, keys: Iterable[str]) -> None:
        """Wait until the closed files have arrived; raises StageError if one has not."""
        for key in keys:
            self._stage.wait([key])
            del self._opened[key]
            self._arrived.add(key)

    def release(self, keys: Iterable[str]) -> None:
        """Let the files stay: a load that was committed keeps them."""
        self._arrived.difference_update(keys)

    def remove(self, keys: Collection[str]) -> None:
        """Remove files that have arrived; a failure to remove one is logged and does not fail the run."""
        self.release(keys)
        self._remove(keys)

    def remove_rest(self) -> None:
        """Remove every file that was neither released nor removed: open, closed or arrived."""
        doubtful = []
        for key, writer in self._opened.items():
            if not writer.is_closed:
                writer.abort()
            elif self._has_arrived(key):
                self._arrived.add(key)
            else:
                doubtful.append(key)
        self._opened = {}
        self._remove_quietly(doubtful)
        self.remove(list(self._arrived))

    def sweep(self, prefix: str, now: datetime, older_than: timedelta, kept_runs: Collection[str]) -> None:
        """Remove what dead runs left under the prefix; a failure is logged and does not fail the run."""
        try:
            found = leftovers(self._stage.written(prefix), now, older_than, kept_runs)
            self._stage.remove(found)
        except BulkError as error:
            logger.warning("what dead runs left in the stage could not be removed: %s", error)
            return
        if found:
            logger.info("%d staged files of dead runs removed", len(found))

    def _has_arrived(self, key: str) -> bool:
        try:
            self._stage.wait([key])
        except Exception as error:  # of whatever kind: the run has its own error already
            logger.debug("%s was not staged: %s", key, error)
            return False
        return True

    def _remove_quietly(self, keys: Collection[str]) -> None:
        """Remove files that exist only if an answer of S3 was lost; a failure is logged at DEBUG."""
        self._remove(keys, logging.DEBUG)

    def _remove(self, keys: Collection[str], level: int = logging.WARNING) -> None:
        if not keys:
            return
        try:
            self._stage.remove(keys)
        except Exception as error:
            logger.log(level, "a staged file stays: %s", error)
