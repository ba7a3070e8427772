"""What does a load need of a place for files?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol


class StageWriter(Protocol):
    """One file being written; it does not exist until `Stage.wait` for its key has returned."""

    @property
    def byte_count(self) -> int:
        """The bytes that were written."""

    def write(self, content: bytes) -> None:
        """Append the bytes."""

    def close(self) -> None:
        """Send the rest: the file will be visible, whole."""

    def abort(self) -> None:
        """Leave nothing behind; raises nothing."""


class Stage(Protocol):
    """What a load needs of a place for files."""

    def url(self, key: str) -> str:
        """Return the address that a warehouse reads the key at."""

    def open(self, key: str) -> StageWriter:
        """Begin a file."""

    def has_room(self) -> bool:
        """Return whether more may be written; waits for what is being sent if that may help."""

    def wait(self, keys: Iterable[str]) -> None:
        """Wait until the closed files have arrived; raises StageError if one has not."""

    def put(self, key: str, content: bytes) -> None:
        """Write a small file at once."""

    def put_in(self, bucket: str, key: str, content: bytes) -> None:
        """Write a small file into another bucket."""

    def get_from(self, bucket: str, key: str) -> bytes:
        """Return the content of a file of any bucket; raises StageError."""

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Write small files by key, side by side; when it raises, no call is under way any more."""

    def read(self, key: str) -> Iterator[bytes]:
        """Return the bytes of a file, in parts; raises StageError, STAGE-MISSING if there is none."""

    def read_object(self, bucket: str, key: str) -> Iterator[bytes]:
        """Return the bytes of a file that is not ours, of one version, in parts; raises StageError."""

    def end_of(self, key: str, byte_count: int) -> tuple[int, bytes]:
        """Return the size of a file and its last bytes; raises StageError, STAGE-MISSING if there is none."""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove files, those that are still being sent too."""

    def written(self, prefix: str) -> dict[str, datetime]:
        """Return the keys of all files under the prefix, and when each was written."""
