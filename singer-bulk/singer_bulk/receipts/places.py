"""Work lists, receipts and sources are files: paths of this machine, or objects, `s3://bucket/key`."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from msgspec import structs

from singer_bulk.errors import BulkError, ConfigError, StageError
from singer_bulk.stage.s3 import S3Settings, S3Stage

READ_BYTES = 1 << 18
_S3, _FILE = "s3://", "file://"


class Input:
    """Bytes as `Run.read` takes them, and which version of their source they are, when they are read to their end."""

    def __init__(self, chunks: Iterator[bytes], etag: str | None = None) -> None:
        self._chunks, self._etag = chunks, etag
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Return the next bytes, however many; none at the end."""
        chunk = next(self._chunks, b"")
        if self._etag is None:
            self._digest.update(chunk)
        return chunk

    @property
    def version(self) -> str:
        """The version as receipts say it."""
        return f"sha256:{self._digest.hexdigest()}" if self._etag is None else f"etag:{self._etag}"

    @property
    def is_known(self) -> bool:
        """Whether the version is known before the bytes are read."""
        return self._etag is not None


@dataclass
class Places:
    """Reads and writes them. settings: those of the bucket, whose identity and endpoint all buckets are reached by."""

    settings: S3Settings
    _buckets: dict[str, S3Stage] = field(default_factory=dict)

    def read(self, address: str) -> bytes:
        """Return a whole file; raises FileNotFoundError where there is none, else BulkError."""
        if not address.startswith(_S3):
            return _of_disk(address).read_bytes()
        stage, key = self._at(address)
        try:
            return b"".join(stage.read(key))
        except StageError as error:
            if error.code == "STAGE-MISSING":
                raise FileNotFoundError(address) from error
            raise

    def write(self, address: str, content: bytes) -> None:
        """Write a whole file, or nothing: it appears when it is complete."""
        if address.startswith(_S3):
            stage, key = self._at(address)
            stage.put(key, content)
            return
        path = _of_disk(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def open(self, address: str) -> Input:
        """Begin to read a source."""
        if address.startswith(_S3):
            stage, key = self._at(address)
            etag, chunks = stage.source(key)
            return Input(chunks, etag)
        try:
            return input_of(open(_of_disk(address), "rb"))
        except OSError as error:
            raise BulkError(f"{address}: {error.strerror}", code="RUN-INPUT") from error

    def reach(self, address: str) -> None:
        """Make what reaches an address before threads ask for it."""
        if address.startswith(_S3):
            self._at(address)[0].reach()

    def _at(self, address: str) -> tuple[S3Stage, str]:
        bucket, _, key = address.removeprefix(_S3).partition("/")
        if not bucket or not key:
            raise ConfigError(f"{address} is no address of an object, s3://bucket/key", code="LOAD-WORK-LIST")
        if bucket not in self._buckets:
            self._buckets[bucket] = S3Stage(structs.replace(self.settings, bucket=bucket), 0)
        return self._buckets[bucket], key


def is_address(source: str) -> bool:
    """Return whether a source says where its bytes are; another one is a name, and they come on the input."""
    return source.startswith((_S3, _FILE))


def input_of(source: IO[Any]) -> Input:
    """Return the bytes of an open file, or of standard input."""
    binary = getattr(source, "buffer", source)

    def chunks() -> Iterator[bytes]:
        read = getattr(binary, "read1", binary.read)
        while chunk := read(READ_BYTES):
            yield chunk.encode() if isinstance(chunk, str) else chunk

    return Input(chunks())


def _of_disk(address: str) -> Path:
    return Path(address.removeprefix(_FILE))
