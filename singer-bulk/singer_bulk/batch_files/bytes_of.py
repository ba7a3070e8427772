"""A file by its address: its bytes as they come, decompressed, in constant memory.

A file in S3 is one answer to one request, so that all of it is of one version, whatever is written there meanwhile.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from singer_bulk.errors import BulkError, ConfigError

# Pieces of what is compressed, at most 16 KiB at once: gzip makes at most a thousand times as much of them.
PIECE_BYTES = 1 << 14
READ_BYTES = 1 << 18
_GZIP = 31  # zlib's window bits with gzip's header and trailer

OpenObject = Callable[[str, str], Iterator[bytes]]


def bytes_of(address: str, open_object: OpenObject) -> Iterator[bytes]:
    """Return the bytes of the file in parts; raises BulkError. `open_object`: bucket and key -> parts of an object."""
    parts = urlsplit(address)
    if parts.scheme == "s3":
        # Whatever comes behind the bucket is the key: "?" and "#" too.
        bucket, _, key = address.partition("://")[2].partition("/")
        if not bucket or not key:
            raise refused(address, "is no address of a file", "s3://bucket/key is one")
        return open_object(bucket, key)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise refused(address, f"is on another machine, {parts.netloc!r}", "file:///path is one of this machine")
        from urllib.request import url2pathname  # with it comes a client of HTTP

        return _of_path(url2pathname(parts.path), address)
    if "://" in address:
        raise refused(address, "is of a kind that is not read", "s3://, file:// and paths are")
    return _of_path(address, address)


def refused(address: str, problem: str, remedy: str) -> BulkError:
    """Return the error of a file as a whole."""
    return BulkError(f"file {address!r} of a BATCH {problem}; {remedy}", code="IN-BATCH-FILE")


def _of_path(path: str, address: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            before = _version(file.fileno())
            while part := file.read(READ_BYTES):
                yield part
            if _version(file.fileno()) != before:
                raise refused(address, "was changed while it was read", "the tap must have written it before its BATCH")
    except OSError as error:
        raise refused(address, f"cannot be read: {error.strerror}", "it must be there until the load ends") from error


def _version(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns


def decompressed(address: str, parts: Iterator[bytes], compression: str | None) -> Iterator[bytes]:
    """Return the bytes before compression, of one member or frame after another; raises BulkError if the last is cut
    off or none begins."""
    if compression in (None, "none"):
        return parts
    if compression == "gzip":
        from isal import isal_zlib

        errors: tuple[Any, ...] = (zlib.error, isal_zlib.error)
        return _decompressed(address, parts, "gzip", lambda: isal_zlib.decompressobj(_GZIP), errors)
    new, error = _zstd()
    return _decompressed(address, parts, "zstd", new, (error,))


def _decompressed(
    address: str, parts: Iterator[bytes], name: str, new: Callable[[], Any], errors: tuple[type[Exception], ...]
) -> Iterator[bytes]:
    member, begun = None, False
    for part in parts:
        for start in range(0, len(part), PIECE_BYTES):
            piece = part[start : start + PIECE_BYTES]
            while piece:
                member, begun = member or new(), True
                try:
                    made = member.decompress(piece)
                except errors as error:
                    raise refused(address, f"is no {name}, or is damaged: {error}", "write it again") from error
                if made:
                    yield made
                piece = member.unused_data if member.eof else b""
                member = None if member.eof else member
    if member is not None or not begun:
        raise refused(address, f"ends before its {name} does", "it is cut off; write it again")


def _zstd() -> tuple[Callable[[], Any], type[Exception]]:
    """Return what makes a decompressor of one frame, and what it raises: of the standard library from 3.14 on."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        pass
    else:
        return zstd.ZstdDecompressor, zstd.ZstdError
    try:
        import zstandard
    except ImportError as error:
        raise ConfigError(
            "files in zstd need zstandard, which is not installed; install the extra `batch`", code="CFG-BATCH"
        ) from error
    return lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError
