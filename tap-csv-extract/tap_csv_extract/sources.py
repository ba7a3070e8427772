"""Where the files are: paths, globs, directories and archives become a list of files in order of name.

A file is opened as raw bytes; `decode.py` unpacks and decodes them. Order is the order of names, so change files
that carry a date or a number in their name are read in the order in which they happened.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO, ClassVar, Protocol, cast

from tap_csv_extract.errors import ConfigError, SourceError
from tap_csv_extract.globs import files_of, find, is_glob, matches


class SourceFile(Protocol):
    """One file that can be opened, more than once if it is not standard input."""

    @property
    def name(self) -> str:
        """What STATE, errors and `_sdc_source_file` call it."""

    @property
    def path(self) -> str:
        """Where its bytes are: an archive, if it is a member of one."""

    @property
    def tracked(self) -> bool:
        """Whether STATE can say how far it was read."""

    def stamp(self) -> dict[str, int | str]:
        """Size and times, or what else tells cheaply that the file is the one it was."""

    def open(self) -> BinaryIO:
        """Open the raw bytes; seekable unless it is standard input."""


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    name: str
    tracked: ClassVar[bool] = True

    @property
    def path(self) -> str:
        return self.name

    def stamp(self) -> dict[str, int | str]:
        try:
            status = os.stat(self.name)
        except OSError as error:
            raise SourceError(f"{self.name}: was listed and cannot be read: {error.strerror}; run again") from error
        return {"size": status.st_size, "modified": status.st_mtime_ns, "changed": status.st_ctime_ns}

    def open(self) -> BinaryIO:
        try:
            return open(self.name, "rb")
        except OSError as error:
            raise SourceError(f"{self.name}: cannot be opened: {error.strerror}") from error


@dataclass(frozen=True)
class ZipMember:
    """One file inside a zip archive; its name is `archive!member`."""

    archive: SourceFile
    member: str
    tracked: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"{self.archive.name}!{self.member}"

    @property
    def path(self) -> str:
        return self.archive.path

    def stamp(self) -> dict[str, int | str]:
        with self.archive.open() as raw, zipfile.ZipFile(raw) as archive:
            info = archive.getinfo(self.member)
        return {"size": info.file_size, "zip_crc32": info.CRC}

    def open(self) -> BinaryIO:
        raw = self.archive.open()
        try:
            return cast("BinaryIO", io.BufferedReader(_MemberReader(raw, self.member)))
        except (RuntimeError, zipfile.BadZipFile) as error:  # encrypted, or a method that Python does not know
            raw.close()
            raise SourceError(f"{self.name}: cannot be unpacked: {error}") from error


class _MemberReader(io.RawIOBase):
    """Reads one member and closes its archive with itself."""

    def __init__(self, raw: BinaryIO, member: str) -> None:
        self._raw = raw
        self._archive = zipfile.ZipFile(raw)
        self._member = self._archive.open(member)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int:
        data = self._member.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._member.seek(offset, whence)

    def tell(self) -> int:
        return self._member.tell()

    def close(self) -> None:
        if not self.closed:
            self._member.close()
            self._archive.close()
            self._raw.close()
        super().close()


class ReadOnce:
    """Standard input or a named pipe, which can be read once: what discovery reads of it is kept for the sync."""

    tracked = False

    def __init__(self, name: str, open_raw: Callable[[], int]) -> None:
        self.name = self.path = name
        self._open_raw = cache(open_raw)
        self._seen: list[bytes] = []
        self._keeps = True

    def stamp(self) -> dict[str, int | str]:
        return {}

    def open(self) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Replay(self._open_raw(), self._seen, self._keeps), 1 << 16))

    def read_last(self) -> None:
        """Say that the next reading is the last: nothing is kept any more."""
        self._keeps = False


class _Replay(io.RawIOBase):
    """Gives the bytes that were kept, then those that follow."""

    def __init__(self, raw: int, seen: list[bytes], keeps: bool) -> None:
        self._raw, self._seen, self._keeps, self._next = raw, seen, keeps, 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            if self._next < len(self._seen):
                self._rest = self._seen[self._next]
                self._next += 1
                if not self._keeps:
                    self._seen[self._next - 1] = b""
            else:
                self._rest = os.read(self._raw, len(buffer))
                if self._keeps:
                    self._seen.append(self._rest)
                    self._next += 1
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


_STANDARD_INPUT = ReadOnce("-", lambda: sys.stdin.fileno())


@cache
def _pipe(path: str) -> ReadOnce:
    return ReadOnce(path, lambda: os.open(path, os.O_RDONLY))


def list_files(paths: Iterable[str], s3: S3 | None = None) -> list[SourceFile]:
    """List the files of one stream, each once however its path is spelt, in order of name.

    Where symbolic links lead to a file that is named without them too, it keeps that name: a link may lead elsewhere
    tomorrow. Raises ConfigError for a path without a file, because a stream that is empty by a misspelt path would go
    unseen. A glob or a directory may be empty: files may come later.
    """
    found: dict[str, list[SourceFile]] = {}
    for path in paths:
        for file in _expand(path, s3):
            found.setdefault(_place(file), []).append(file)
    files = [min(names, key=_by_own_name) for names in found.values()]
    return sorted(files, key=lambda file: file.name)


def names_rejects(paths: Iterable[str], files: Iterable[SourceFile], rejects: str) -> bool:
    """Whether a reject file is one of these files, by whatever name or link, or would be once it is written."""
    if os.path.exists(rejects):
        return any(os.path.exists(path) and os.path.samefile(path, rejects) for path in {file.path for file in files})
    return any(matches(path.removeprefix("file://"), rejects) for path in paths if not path.startswith("s3://"))


def _by_own_name(file: SourceFile) -> tuple[bool, bool, str]:
    return _place(file) != os.path.abspath(file.name), os.path.islink(file.path), file.name


def _place(file: SourceFile) -> str:
    """Where a file or a member of an archive is, whatever links lead to it."""
    if file.name.startswith("s3://"):
        return file.name
    return os.path.realpath(file.path) + file.name[len(file.path) :]


def _expand(path: str, s3: S3 | None) -> list[SourceFile]:
    if path == "-":
        return [_STANDARD_INPUT]
    if path.startswith("s3://"):
        assert s3 is not None
        return [member for file in s3.list_files(path) for member in _members(file)]
    path = path.removeprefix("file://")
    if is_glob(path) and not os.path.exists(path):
        names = list(find(path))
    elif os.path.isdir(path):
        names = list(files_of(path))
    elif os.path.isfile(path):
        names = [path]
    elif os.path.exists(path):
        return [_pipe(path)]
    else:
        raise ConfigError(f"path {path!r}: no such file or directory; correct 'path' or write a glob")
    for name in names:
        if not _is_text(name):
            raise SourceError(f"{os.fsencode(name)!r}: the name is no UTF-8, so STATE cannot hold it; rename the file")
    return [member for name in names for member in _members(LocalFile(name))]


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _members(file: SourceFile) -> list[SourceFile]:
    """The members of a zip archive, or the file itself."""
    if not file.name.lower().endswith(".zip"):
        return [file]
    with file.open() as raw:
        try:
            with zipfile.ZipFile(raw) as archive:
                names = [info.filename for info in archive.infolist() if not info.is_dir()]
        except zipfile.BadZipFile as error:
            raise SourceError(f"{file.name}: is called a zip archive and is none: {error}") from error
    if "[Content_Types].xml" in names:
        raise SourceError(f"{file.name}: is an Excel workbook or another Office document; export it as CSV")
    for name, count in Counter(names).items():
        if count > 1:
            raise SourceError(f"{file.name}: has {count} members called {name!r}; pack them under names of their own")
    return [ZipMember(file, name) for name in names if not _is_hidden(name)]


def _is_hidden(member: str) -> bool:
    """Whether a member is none of the data: what macOS adds, and names that begin with a dot."""
    return member.startswith("__MACOSX/") or any(part[:1] == "." for part in member.split("/") if part != "..")


class S3(Protocol):
    """Lists objects; `s3.py` has the real one."""

    def list_files(self, path: str) -> list[SourceFile]:
        """List the objects of `s3://bucket/key`, a glob, or a prefix that ends with a slash."""
