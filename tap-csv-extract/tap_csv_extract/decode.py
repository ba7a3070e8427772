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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol, TypeVar, cast

import zstandard

from tap_csv_extract.errors import ConfigError, SourceError
from tap_csv_extract.source_file import SourceFile

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SKIP_BYTES = 1 << 20
PACKED_BYTES = 1 << 12  # what may be a thousandth of its text, and more
HEAD_BYTES = 80

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
        try:
            self._begin()
        except BaseException:
            self._raw.close()
            raise

    def _begin(self) -> None:
        """Unpack and decode from the first byte of the file."""
        self.offset = 0
        self._pushed = b""
        unpacked = self._clearly(lambda: _unpack(self._raw, self._peek()))
        self.plain = unpacked is self._raw and self._is_utf8()
        self._reader: Reader = unpacked if self._is_utf8() else _Transcoder(unpacked, self._encoding)
        self._skip_mark()

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
        if self.offset > offset:
            self._raw.seek(0)
            self._begin()
        while self.offset < offset:
            if not self.read(min(SKIP_BYTES, offset - self.offset)):
                raise SourceError(
                    f"{self.name}: ends after {self.offset} bytes of text, expected {offset} or more",
                    code="CSV-SRC-CHANGED",
                )

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
            with said_clearly(place):
                return step()
        except UnicodeError as error:
            reason = error.reason if isinstance(error, UnicodeDecodeError) else error
            raise SourceError(
                f"{place}: is not {self._encoding}: {reason}; set 'encoding'", code="CSV-SRC-ENCODING"
            ) from error

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


class _OtherFormat(Exception):
    """The file is no text, or packed as this module does not unpack it."""


@contextmanager
def said_clearly(place: str) -> Iterator[None]:
    """Say what cannot be read or unpacked, and where."""
    try:
        yield
    except _OtherFormat as error:
        raise SourceError(f"{place}: cannot be read: {error}", code="CSV-SRC-FORMAT") from error
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile) as error:
        # gzip and bz2 have OSErrors of their own, which are none of the system's and have no number.
        is_of_system = isinstance(error, OSError) and error.errno is not None
        raise SourceError(
            f"{place}: cannot be read: {error}", code="CSV-SRC-READ" if is_of_system else "CSV-SRC-BROKEN"
        ) from error


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


def wrong_byte(text: bytes, encoding: str) -> str | None:
    """Name the first byte that the encoding does not know, as it stands in the file; None if there is none."""
    try:
        text.decode()
        return None
    except UnicodeDecodeError as error:
        place, byte = len(text[: error.start].decode()), error.object[error.start]
    if not encoding_is_utf8(encoding):
        code = ord(text.decode(errors="surrogatepass")[place])
        if not 0xDC80 <= code <= 0xDCFF or _errors(_canonical(encoding)) == "surrogatepass":
            return f"character {place + 1} is half a surrogate pair ({code:#06x}), so it is not {encoding}"
        byte = code - 0xDC00
    return f"byte {byte:#04x} at character {place + 1} is not {encoding}"


def encoding_is_utf8(encoding: str) -> bool:
    """Whether text in this encoding is read as it stands."""
    return _canonical(encoding) in ("utf-8", "utf-8-sig")


def _errors(encoding: str) -> str:
    """How Python is told to let bytes through that the encoding does not know, so that their row can be refused."""
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _unpack(raw: BinaryIO, head: bytes) -> Reader:
    """Recognise compression by the first bytes, whatever the file is called."""
    for other, what in _OTHER_FORMATS:
        if other.match(head):
            raise _OtherFormat(what)
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
_WORKBOOK = "it is an Excel workbook or another Office document; export it as CSV"
_NO_CSV = "and no CSV; correct 'path'"
# What begins so is no text, or packed as nobody unpacks it here.
# https://en.wikipedia.org/wiki/List_of_file_signatures
_OTHER_FORMATS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|docProps/|xl/)", re.DOTALL), _WORKBOOK),
    (re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", re.DOTALL),
     "it is an OpenDocument file; export it as CSV"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "it is a zip archive; give it a name that ends with .zip"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), _WORKBOOK),
    (re.compile(rb"\xfd7zXZ\x00"), "it is packed with xz; pack it with gzip, zstd or bz2"),
    (re.compile(rb"\x04\x22\x4d\x18"), "it is packed with lz4; pack it with gzip, zstd or bz2"),
    (re.compile(rb"\xff\x06\x00\x00sNaPpY"), "it is packed with snappy; pack it with gzip, zstd or bz2"),
    (re.compile(rb"\x1f[\x9d\xa0]"), "it is packed with compress; pack it with gzip, zstd or bz2"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "it is packed with 7-Zip; pack it with gzip, zstd or bz2"),
    (re.compile(rb"Rar!\x1a\x07"), "it is packed with RAR; pack it with gzip, zstd or bz2"),
    (re.compile(rb"PAR1[\x15\x00]"), f"it is a Parquet file {_NO_CSV}"),
    (re.compile(rb"Obj\x01"), f"it is an Avro file {_NO_CSV}"),
    (re.compile(rb"ORC[\x00-\x1f]"), f"it is an ORC file {_NO_CSV}"),
    (re.compile(rb"ARROW1\x00\x00"), f"it is an Arrow file {_NO_CSV}"),
    (re.compile(rb"SQLite format 3\x00"), f"it is a SQLite database {_NO_CSV}"),
    (re.compile(rb"%PDF-"), f"it is a PDF {_NO_CSV}"),
    (re.compile(rb"\x89(?:PNG|HDF)\r\n|\xff\xd8\xff|GIF8[79]a|\x7fELF"), f"it is a picture or a program {_NO_CSV}"),
)  # fmt: skip


def head_of(file: SourceFile, size: int) -> tuple[bytes, bool]:
    """The first bytes of a file, unpacked and not decoded, and whether they are all it has."""
    parts: list[bytes] = []
    with file.open() as raw, said_clearly(file.name):
        reader = _unpack(raw, cast("io.BufferedReader", raw).peek(HEAD_BYTES)[:HEAD_BYTES])
        while sum(map(len, parts)) <= size and (data := reader.read(size)):
            parts.append(data)
    head = b"".join(parts)
    return head[:size], len(head) <= size


def _canonical(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)  # a LookupError where it is no encoding of text, such as base64
    except (LookupError, UnicodeError) as error:
        raise ConfigError(
            f"encoding {encoding!r} is unknown; use a name such as utf-8, cp1252 or utf-16", code="CSV-CFG-VALUE"
        ) from error
    return name
