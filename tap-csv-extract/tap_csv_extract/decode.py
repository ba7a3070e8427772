"""Raw bytes of a file -> its text as UTF-8 bytes: unpacked, decoded, without byte order mark, in constant memory."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, TypeVar, cast

import zstandard

from tap_csv_extract.errors import ConfigError, SourceError
from tap_csv_extract.sources import SourceFile

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SKIP_BYTES = 1 << 20
PACKED_BYTES = 1 << 12  # what may be a thousandth of its text, and more
HEAD_BYTES = 16

T = TypeVar("T")


class Reader(Protocol):
    """The one method of a stream that is used here."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class TextStream:
    """The text of one file as UTF-8 bytes.

    `offset` counts the bytes of that text, the byte order mark included, from the start of the file: in a plain
    UTF-8 file it is the position in the file. Bytes that the encoding does not know come out as bytes that
    are no UTF-8, so the row that holds them is refused and its original bytes can be had back (`original`).
    """

    def __init__(self, file: SourceFile, encoding: str) -> None:
        self._file = file
        self._encoding = _canonical(encoding)
        self._raw = file.open()
        self.name = file.name
        self.offset = 0
        self._pushed = b""
        try:
            unpacked = self._clearly(lambda: _unpack(self._raw, self._peek()))
            self.plain = unpacked is self._raw and self._is_utf8()
            self._reader: Reader = unpacked if self._is_utf8() else _Transcoder(unpacked, self._encoding)
            self._skip_mark()
        except BaseException:
            self._raw.close()
            raise

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes of text; b"" at the end of the file."""
        if self._pushed:
            data, self._pushed = self._pushed[:size], self._pushed[size:]
        else:
            data = self._clearly(lambda: self._reader.read(size))
        self.offset += len(data)
        return data

    def read_exactly(self, size: int) -> bytes:
        """Read `size` bytes, fewer only at the end of the file."""
        parts = []
        while size > 0 and (data := self.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def skip_to(self, offset: int) -> None:
        """Continue at `offset`; a file that is not plain is unpacked up to there again."""
        if self.plain and self._raw.seekable():
            self._pushed = b""
            self._raw.seek(offset)
            self.offset = offset
        while self.offset < offset:
            if not self.read(min(SKIP_BYTES, offset - self.offset)):
                raise SourceError(f"{self.name}: ends after {self.offset} bytes of text, expected {offset} or more")

    def original(self, text: bytes) -> bytes:
        """Give the bytes of the file that became `text`."""
        if self._is_utf8():
            return text
        encoding = self._encoding
        if encoding in ("utf-16", "utf-32"):
            # Without a byte order mark of its own, in the order of the file's.
            assert isinstance(self._reader, _Transcoder)
            encoding += "-be" if self._reader.head[:1] in (b"\xfe", b"\x00") else "-le"
        return text.decode("utf-8", "surrogatepass").encode(encoding, _errors(encoding))

    def status(self) -> os.stat_result | None:
        """What the file system says about the open file; None if it is in no file system."""
        try:
            return os.fstat(self._raw.fileno())
        except io.UnsupportedOperation:
            return None

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def _clearly(self, step: Callable[[], T]) -> T:
        """Do a step of reading; what goes wrong is told with the file's name."""
        place = f"{self.name}, after {self.offset} bytes of text"
        try:
            return step()
        except UnicodeError as error:
            reason = error.reason if isinstance(error, UnicodeDecodeError) else error
            raise SourceError(f"{place}: is not {self._encoding}: {reason}; set 'encoding'") from error
        except (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile) as error:
            raise SourceError(f"{place}: cannot be read: {error}") from error

    def _is_utf8(self) -> bool:
        return self._encoding in ("utf-8", "utf-8-sig")

    def _peek(self) -> bytes:
        """The first bytes, left in place: standard input cannot be sought in."""
        return cast("io.BufferedReader", self._raw).peek(HEAD_BYTES)[:HEAD_BYTES]

    def _skip_mark(self) -> None:
        head = self._clearly(lambda: _read_first(self._reader, len(BYTE_ORDER_MARK)))
        if head.startswith(BYTE_ORDER_MARK):
            self.offset = len(BYTE_ORDER_MARK)
            head = head[len(BYTE_ORDER_MARK) :]
        self._pushed = head


class _Transcoder:
    """Reads another encoding as UTF-8."""

    def __init__(self, raw: Reader, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_errors(encoding))
        self._ready = b""
        self._ended = False
        self.head = b""

    def read(self, size: int, /) -> bytes:
        while not self._ready and not self._ended:
            data = self._raw.read(size)
            self.head = self.head or data[:4]
            self._ended = not data
            text = self._decoder.decode(data, final=self._ended)
            # What the encoding does not know is a lone surrogate here; written so it is no valid UTF-8.
            self._ready = text.encode("utf-8", "surrogatepass")
        data, self._ready = self._ready[:size], self._ready[size:]
        return data


def _errors(encoding: str) -> str:
    """How Python is told to let bytes through that the encoding does not know, so that their row can be refused."""
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _unpack(raw: BinaryIO, head: bytes) -> Reader:
    """Recognise compression by the first bytes, whatever the file is called."""
    for beginning, what in _OTHER_FORMATS.items():
        if head.startswith(beginning):
            raise OSError(what)
    for begins_so, unpack in _PACKED:
        if begins_so.match(head):
            return unpack(raw)
    return raw


def _read_first(reader: Reader, size: int) -> bytes:
    head = b""
    while len(head) < size and (more := reader.read(size - len(head))):
        head += more
    return head


class _Frames:
    """Reads frames one behind the other; unlike the libraries' own readers it notices that the last one breaks off.

    bz2's also takes what follows a frame and is none for the end of the file.
    """

    def __init__(self, raw: Reader, new_frame: Callable[[], Any]) -> None:
        self._raw, self._new_frame = raw, new_frame
        self._frame = new_frame()
        self._begun = False
        self._packed = b""
        self._ready = b""

    def read(self, size: int, /) -> bytes:
        ready = bytearray(self._ready)
        while len(ready) < size and (packed := self._packed or self._raw.read(PACKED_BYTES)):
            ready += self._frame.decompress(packed)
            self._begun, self._packed = True, b""
            if self._frame.eof:
                self._begun, self._packed = False, self._frame.unused_data
                self._frame = self._new_frame()
        if not ready and self._begun:
            raise EOFError("the compressed file ends before the end of its last frame")
        data, self._ready = bytes(ready[:size]), bytes(ready[size:])
        return data


# The first bytes of what is packed, and how to unpack it. pzstd begins a file with a frame to skip.
_PACKED: tuple[tuple[re.Pattern[bytes], Callable[[BinaryIO], Reader]], ...] = (
    (re.compile(rb"\x1f\x8b"), lambda raw: gzip.GzipFile(fileobj=raw)),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), lambda raw: _Frames(raw, bz2.BZ2Decompressor)),
    (
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
        lambda raw: _Frames(raw, lambda: zstandard.ZstdDecompressor().decompressobj()),
    ),
)
_OTHER_FORMATS = {
    b"PK\x03\x04": "it is a zip archive; give it a name that ends with .zip",
    b"\xfd7zXZ\x00": "it is packed with xz; pack it with gzip, zstd or bz2",
    b"\x04\x22\x4d\x18": "it is packed with lz4; pack it with gzip, zstd or bz2",
    b"PAR1\x15": "it is a Parquet file, not CSV",
}


def head_of(file: SourceFile, size: int) -> tuple[bytes, bool]:
    """The first bytes of a file, unpacked and not decoded, and whether they are all it has."""
    with file.open() as raw:
        reader = _unpack(raw, cast("io.BufferedReader", raw).peek(HEAD_BYTES)[:HEAD_BYTES])
        parts: list[bytes] = []
        while sum(map(len, parts)) <= size and (data := reader.read(size)):
            parts.append(data)
    head = b"".join(parts)
    return head[:size], len(head) <= size


def _canonical(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)  # a LookupError where it is no encoding of text, such as base64
    except (LookupError, UnicodeError) as error:
        raise ConfigError(f"encoding {encoding!r} is unknown; use a name such as utf-8, cp1252 or utf-16") from error
    return name
