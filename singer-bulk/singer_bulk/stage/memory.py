"""The stage that is a dictionary: for tests of what is behind a stage, and for measures without S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from singer_bulk.errors import StageError
from singer_bulk.stage.base import StageWriter


@dataclass
class MemoryStage:
    """Files by key. `keeps`: what is written can be read; without it only the bytes are counted."""

    files: dict[str, bytes] = field(default_factory=dict)
    keeps: bool = True
    written_at: datetime = datetime(2020, 5, 1, tzinfo=timezone.utc)  # all of them

    def url(self, key: str) -> str:
        """Return an address as S3 has them."""
        return f"s3://bucket/{key}"

    def open(self, key: str) -> StageWriter:
        """Begin a file."""
        return MemoryWriter(self, key)

    def has_room(self) -> bool:
        """Return that more may be written."""
        return True

    def wait(self, keys: Iterable[str]) -> None:
        """Files arrive when they are closed."""

    def put(self, key: str, content: bytes) -> None:
        """Write a file at once."""
        if self.keeps:
            self.files[key] = content

    def put_in(self, bucket: str, key: str, content: bytes) -> None:
        """Keep the content of the other bucket beside that of this one."""
        self.put(f"{bucket}/{key}", content)

    def get_from(self, bucket: str, key: str) -> bytes:
        """Return what `put_in` has kept."""
        return self.files[f"{bucket}/{key}"]

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Write files one after the other."""
        for key, content in contents.items():
            self.put(key, content)

    def read(self, key: str) -> Iterator[bytes]:
        """Return the bytes of a file."""
        if key not in self.files:
            raise StageError(f"{self.url(key)}: there is no such file", code="STAGE-MISSING")
        return iter([self.files[key]])

    def read_object(self, bucket: str, key: str) -> Iterator[bytes]:
        """Return the bytes of a file by the whole of its address."""
        for own, content in self.files.items():
            if self.url(own) == f"s3://{bucket}/{key}":
                return iter([content])
        raise StageError(f"s3://{bucket}/{key}: there is no such file", code="STAGE-MISSING")

    def end_of(self, key: str, byte_count: int) -> tuple[int, bytes]:
        """Return the size of a file and its last bytes."""
        content = b"".join(self.read(key))
        return len(content), content[-byte_count:]

    def remove(self, keys: Iterable[str]) -> None:
        """Remove files."""
        for key in keys:
            self.files.pop(key, None)

    def written(self, prefix: str) -> dict[str, datetime]:
        """Return the keys under the prefix with their times."""
        return {key: self.written_at for key in self.files if key.startswith(prefix)}


class MemoryWriter:
    """One file; it appears when it is closed."""

    def __init__(self, stage: MemoryStage, key: str) -> None:
        self.byte_count = 0
        self._stage, self._key, self._content = stage, key, bytearray()

    def write(self, content: bytes) -> None:
        """Append the bytes."""
        self.byte_count += len(content)
        if self._stage.keeps:
            self._content += content

    def close(self) -> None:
        """Let the file appear."""
        self._stage.put(self._key, bytes(self._content))

    def abort(self) -> None:
        """Forget what was written."""
        self._content = bytearray()
