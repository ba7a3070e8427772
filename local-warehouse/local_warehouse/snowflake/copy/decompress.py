"""Compressed files: what COMPRESSION names, or AUTO by the first bytes and the name."""

from __future__ import annotations

import bz2
import gzip
import zlib

from local_warehouse.snowflake.errors import SqlError


def _detect(data: bytes, name: str) -> str:
    if data.startswith(b"\x1f\x8b"):
        return "GZIP"
    if data.startswith(b"BZh"):
        return "BZ2"
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return "ZSTD"
    return "DEFLATE" if name.endswith(".deflate") else "RAW_DEFLATE" if name.endswith(".raw_deflate") else "NONE"


def _gunzip(data: bytes) -> bytes:
    return gzip.decompress(data)


def _unzstd(data: bytes) -> bytes:
    import zstandard

    out = b""
    while data:  # frames may follow one another
        one = zstandard.ZstdDecompressor().decompressobj()
        out += one.decompress(data)
        if not one.eof:
            raise ValueError("the data ends inside a frame")
        data = one.unused_data
    return out


def decompress(data: bytes, compression: str, name: str) -> bytes:
    """The file's bytes; SqlError if they are not what COMPRESSION says."""
    how = _detect(data, name) if compression == "AUTO" else compression
    try:
        if how == "GZIP":
            return _gunzip(data)
        if how == "BZ2":
            return bz2.decompress(data)
        if how == "ZSTD":
            return _unzstd(data)
        if how == "DEFLATE":
            return zlib.decompress(data)
        if how == "RAW_DEFLATE":
            return zlib.decompress(data, -15)
    except Exception:  # every library has errors of its own for damaged data
        message = f"Invalid data encountered during decompression for file: '{name}', compression type used: '{how}'"
        raise SqlError(message, 100085, "22000") from None
    return data
